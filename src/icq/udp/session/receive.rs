//! What a session does with packets from the server.
//!
//! Nobody proves that they are the server, so what may come is narrow (`icq-udp.md` §12): the own
//! session id and UIN, an answer only to what was asked, a login's answer only to the login.
//!
//! Versions before V5 have no session ids, and V1 and V2 no UIN either. There the driver's word that a
//! datagram came from the server's address is worth most, and the number of the packet, which has to be
//! near the last one. Whoever sends from the server's address and guesses that is believed: a message
//! can be forged in about 32 tries, an end of the session (0x0028) in one. Over V5 both take the session
//! id, which travels in clear, so only those on the path have it.

use std::time::Instant;

use super::loading::{Loading, Stored, time_of};
use super::login::{Acceptance, Answer};
use super::questions::Taken;
use super::window::{Purpose, Renumbered};
use super::{Phase, Session};
use crate::icq::udp::fragments::Assembly;
use crate::icq::udp::from_server::{Multi, OfflineMessage, Reason, ReceiveMessage};
use crate::icq::udp::groupware::Fragment;
use crate::icq::udp::{FromServer, Header, Side};
use crate::icq::wire::meta::{MetaInfo, MetaReply};
use crate::icq::wire::text::Charset;
use crate::icq::wire::{Reader, body};
use crate::icq::{Event, LogoutReason, NoProfile};
use crate::model::{Message, Profile, Uin};

/// How a packet came.
#[derive(Clone, Copy, Debug)]
enum Way<'a> {
    /// As a datagram of its own.
    Alone,
    /// Inside MULTI, whose header this is. Only that is acknowledged (§4.6).
    Inside(&'a Header),
    /// In parts, of which the last to arrive has this header. Each is acknowledged by itself, and the
    /// number of the whole is that of the first of them: no repetition (§4.7).
    Assembled(&'a Header),
}

impl<'a> Way<'a> {
    /// The header that counts among the server's packets.
    const fn outer(self, own: &'a Header) -> &'a Header {
        match self {
            Self::Alone => own,
            Self::Inside(outer) | Self::Assembled(outer) => outer,
        }
    }
}

/// Why a packet is dropped, as [`Dropped`](super::Dropped) counts it.
#[derive(Clone, Copy, Debug)]
enum Why {
    ForeignSession,
    WrongUin,
    Undecodable,
    Duplicate,
    Unexpected,
    OverRate,
    OverLimit,
}

impl Session {
    pub(super) fn receive(&mut self, now: Instant, datagram: &[u8]) {
        self.trace(Side::Server, datagram);
        // No server enciphers (§1), so the datagram can be read as it is.
        let Ok(opened) = self
            .dialect()
            .read(Side::Server, &mut Reader::new(datagram))
        else {
            return self.drop_packet(None, Why::Undecodable);
        };
        if let Err(why) = self.admits(&opened.header) {
            return self.drop_packet(Some(&opened.header), why);
        }
        if !self.budget.take(now) {
            return self.drop_packet(Some(&opened.header), Why::OverRate);
        }
        self.heard = now;
        self.handle_packet(now, &opened.header, opened.body, Way::Alone);
    }

    /// Whether a packet may be from our server, as far as its header can tell.
    fn admits(&self, header: &Header) -> Result<(), Why> {
        let manner = self.manner();
        let names_session = manner.session_ids && header.version == self.dialect().version();
        if names_session && header.session_id != self.session_id() {
            return Err(Why::ForeignSession);
        }
        if manner.addressed && header.uin != self.uin {
            return Err(Why::WrongUin);
        }
        let is_admitted = if manner.session_ids {
            names_session || self.admits_without_session_id(header)
        } else {
            !is_counted(header.command) || self.received.is_near(header.seq1)
        };
        is_admitted.then_some(()).ok_or(Why::Unexpected)
    }

    /// In the form of V3 servers send a few packets to V5 clients (§2.5). Anybody could: only what
    /// answers something is taken.
    fn admits_without_session_id(&self, header: &Header) -> bool {
        let answers_login = self.answers_login(header);
        match header.command {
            ACK => self.window.awaits(header.seq1, header.seq2),
            BAD_PASSWORD => answers_login,
            NOT_CONNECTED | TRY_AGAIN => answers_login || self.window.awaits_word(header),
            GO_AWAY => true,
            _ => false,
        }
    }

    /// Whether this is the server's word on the login under way. Where requests have no numbers every
    /// such word is, for a login is all that was asked. Groupware servers were recorded with 0 for the
    /// number, which proves as little as the 1 that every login there has.
    fn answers_login(&self, header: &Header) -> bool {
        let Phase::LoggingIn(login) = &self.phase else {
            return false;
        };
        let manner = self.manner();
        let names_none = header.seq2 == 0 && !manner.session_ids;
        login.is(header.seq2) || (login.is_on_its_way() && (names_none || !manner.request_numbers))
    }

    fn handle_packet(&mut self, now: Instant, header: &Header, body: &[u8], way: Way<'_>) {
        let version = self.dialect().version();
        let form = self.questions.form(header.seq2);
        let Ok(decoded) = FromServer::decode(version, header.command, body, form) else {
            self.acknowledge(header, way);
            return self.drop_packet(Some(header), Why::Undecodable);
        };
        if let Some(field) = decoded.clamped {
            let (uin, command) = (self.uin, header.command);
            tracing::debug!(%uin, command, field, "a text is shorter than its length says");
        }
        match decoded.packet {
            FromServer::Ack => self.handle_ack(now, header),
            FromServer::LoginReply(reply) => {
                self.acknowledge(header, way);
                if reply.own_uin().is_some_and(|uin| uin != self.uin) {
                    return self.drop_packet(Some(header), Why::WrongUin);
                }
                let answer = Answer::Accepted(Acceptance {
                    seen_as: reply.ip().filter(|ip| !ip.is_unspecified()),
                    seq1: header.seq1,
                });
                self.handle_login_answer(now, header, answer);
            }
            FromServer::BadPassword => {
                self.acknowledge(header, way);
                self.handle_login_answer(now, header, Answer::WrongPassword);
            }
            FromServer::LoginError(reason) => {
                self.acknowledge(header, way);
                let answer =
                    Answer::Refused(self.charsets.own().decode(reason.text.unwrap_or_default()));
                self.handle_login_answer(now, header, answer);
            }
            FromServer::TryAgain => {
                self.acknowledge(header, way);
                self.handle_try_again(now, header);
            }
            FromServer::NotConnected => {
                self.acknowledge(header, way);
                self.handle_not_connected(now, header);
            }
            FromServer::GoAway(reason) => {
                self.acknowledge(header, way);
                let text = self.charsets.own().decode(reason.text.unwrap_or_default());
                self.end(LogoutReason::Kicked(text));
            }
            _ if self.begins_anew(header, body, way) => self.leave(LogoutReason::SessionLost),
            packet if self.is_online() => self.handle_online(now, header, packet, way),
            // It overtook the answer to the login. The server repeats it.
            _ => self.drop_packet(Some(header), Why::Unexpected),
        }
    }

    fn handle_ack(&mut self, now: Instant, header: &Header) {
        let Some(answered) = self.window.acknowledged(now, header.seq1) else {
            return;
        };
        self.succeeded(now, answered.purpose);
        let session_id = self.session_id();
        if let (Purpose::Login, Phase::LoggingIn(login)) = (answered.purpose, &mut self.phase) {
            login.acknowledged(now);
            if !answered.sent_once {
                login.may_have_been_accepted(session_id);
            }
        }
    }

    fn handle_login_answer(&mut self, now: Instant, header: &Header, answer: Answer) {
        if !self.answers_login(header) {
            return self.drop_packet(Some(header), Why::Unexpected);
        }
        let was_sent_once = self
            .window
            .login_answered(now)
            .is_none_or(|answered| answered.sent_once);
        let session_id = self.session_id();
        if let Phase::LoggingIn(login) = &mut self.phase {
            if !was_sent_once {
                login.may_have_been_accepted(session_id);
            }
            let step = login.handle_answer(now, answer);
            self.take_login_step(now, step);
        }
    }

    /// 0x00FA: the server is busy. To a login it means, too, that the number is online (§4.8).
    fn handle_try_again(&mut self, now: Instant, header: &Header) {
        if self.answers_login(header) {
            self.handle_login_answer(now, header, Answer::TryAgain);
            return;
        }
        match self.window.postpone(now, header) {
            Some(Renumbered {
                purpose: Purpose::Profile(_),
                was,
                is,
            }) => self.profiles.renumbered(was, is),
            Some(Renumbered {
                purpose: Purpose::Question,
                is,
                ..
            }) => self.questions.renumbered(now, is),
            Some(_) => {}
            None => self.drop_packet(Some(header), Why::Unexpected),
        }
    }

    /// 0x00F0: the server does not know this session. One packet of an enemy would end it, so it has
    /// to answer something (§12).
    fn handle_not_connected(&mut self, now: Instant, header: &Header) {
        if self.answers_login(header) {
            return self.handle_login_answer(now, header, Answer::NotConnected);
        }
        let is_answer = self.window.awaits_word(header) || self.window.answered_lately(now, header);
        if !is_answer || !self.is_online() {
            return self.drop_packet(Some(header), Why::Unexpected);
        }
        if let Some(answered) = self.window.disowned(now, header)
            && let Purpose::Message(id) = answered.purpose
            && answered.sent_once
        {
            self.outgoing.refused(id);
        }
        self.end(LogoutReason::SessionLost);
    }

    /// Whether the server has begun this session once more. What it has said before cannot be told from
    /// what it says now, so only another session is of use.
    fn begins_anew(&mut self, header: &Header, body: &[u8], way: Way<'_>) -> bool {
        matches!(way, Way::Alone)
            && self.is_online()
            && self.received.contradicts(header.seq1, header.command, body)
    }

    fn handle_online(
        &mut self,
        now: Instant,
        header: &Header,
        packet: FromServer<'_>,
        way: Way<'_>,
    ) {
        match packet {
            FromServer::Message(ReceiveMessage {
                from_uin,
                msg_type,
                text,
            }) => {
                let from = body::sender(from_uin, msg_type);
                self.learn_charset(from, text);
                let decode = |charset| body::decode(msg_type, text, charset);
                return self.handle_message(header, from, decode, way);
            }
            FromServer::SystemMessage(Reason { text }) => {
                let decode = |charset| body::announcement(text.unwrap_or_default(), charset);
                return self.handle_message(header, SERVICE, decode, way);
            }
            FromServer::Multi(multi) => return self.handle_multi(now, header, &multi, way),
            FromServer::Fragment(fragment) => {
                return self.handle_fragment(now, header, &fragment, way);
            }
            _ => {}
        }
        self.acknowledge(header, way);
        if !self.is_news(header, way) {
            return;
        }
        match packet {
            FromServer::UserOnline(online) => {
                self.presence.online(online.uin, online.status);
                self.tell_status(online.uin, Some(online.status));
            }
            FromServer::StatusUpdate(update) => {
                let word = self.presence.changed(update.target_uin, update.status);
                self.tell_status(update.target_uin, Some(word));
            }
            FromServer::UserOffline(target) => {
                self.presence.offline(target.target_uin);
                self.tell_status(target.target_uin, None);
            }
            FromServer::OfflineMessage(message) => {
                self.handle_offline_message(now, way.outer(header).seq1, &message);
            }
            answer => self.handle_answer(now, header, answer, way),
        }
    }

    /// What may answer a request, and so ends its repetition.
    fn handle_answer(
        &mut self,
        now: Instant,
        header: &Header,
        packet: FromServer<'_>,
        way: Way<'_>,
    ) {
        if let Some(answered) = self.window.answered(now, header.seq2) {
            self.succeeded(now, answered.purpose);
        }
        let taken = self
            .questions
            .take(now, header.seq2, &packet, self.charsets.own());
        if taken != Taken::NotMine {
            return self.take_answer(taken);
        }
        match packet {
            FromServer::ListDone(_) => self.handle_list_done(now, way.outer(header).seq1),
            FromServer::EndOfflineMessages => {
                self.window.forget(Purpose::OfflineMessages);
                if let Some(loading) = &mut self.loading {
                    loading.offline_end(way.outer(header).seq1);
                }
            }
            FromServer::Meta(reply) => self.handle_meta(now, header, &reply),
            FromServer::InfoReply(reply) => {
                // Groupware servers leave out whom they describe.
                let uin = match reply.target_uin {
                    Uin(0) => self.profiles.asked_as(header.seq2).unwrap_or_default(),
                    uin => uin,
                };
                let profile = self.profile(
                    uin,
                    [reply.nick, reply.first, reply.last, reply.email],
                    reply.auth_byte,
                );
                self.handle_profile(header, uin, Ok(profile));
            }
            FromServer::InvalidUin(target) | FromServer::InvalidUser(target) => {
                let profile = Err(NoProfile::NoSuchUser);
                self.handle_profile(header, target.target_uin, profile);
            }
            // Answers to what is not asked, and the service's own announcements.
            _ => {}
        }
    }

    fn handle_message(
        &mut self,
        header: &Header,
        from: Uin,
        decode: impl FnOnce(Charset) -> Message,
        way: Way<'_>,
    ) {
        let outer = way.outer(header);
        let is_held = matches!(way, Way::Alone) && self.incoming.is_held(header.seq1);
        if is_held {
            return self.drop_packet(Some(header), Why::Duplicate);
        }
        if !self.incoming.has_room_for(1) {
            return self.drop_packet(Some(header), Why::OverLimit);
        }
        if !self.is_news(header, way) {
            return self.acknowledge(header, way);
        }
        // Loops of one's own words do not come from the server (§12).
        if from == self.uin {
            self.drop_packet(Some(header), Why::Unexpected);
            return self.acknowledge(header, way);
        }
        let receipt = self.incoming.hold(outer.seq1, outer.seq2);
        self.tell(Event::Message {
            from,
            message: decode(self.charsets.of(from)),
            sent: None,
            receipt,
        });
    }

    fn handle_multi(&mut self, now: Instant, header: &Header, multi: &Multi<'_>, way: Way<'_>) {
        if !matches!(way, Way::Alone) {
            return self.drop_packet(Some(header), Why::Unexpected);
        }
        if self.incoming.is_held(header.seq1) {
            return self.drop_packet(Some(header), Why::Duplicate);
        }
        if !self.incoming.has_room_for(multi.packets.len()) {
            return self.drop_packet(Some(header), Why::OverLimit);
        }
        if !self.is_news(header, way) {
            return self.acknowledge(header, way);
        }
        // At most 255, as their number is a byte.
        for packet in &multi.packets {
            self.handle_inner(now, header, packet);
        }
        if !self.incoming.is_held(header.seq1) && !self.is_over() {
            self.acknowledge(header, way);
        }
    }

    fn handle_inner(&mut self, now: Instant, outer: &Header, packet: &[u8]) {
        if self.is_over() {
            return;
        }
        // It is work like any other, but refused it would be lost: the outer packet is acknowledged.
        self.budget.take(now);
        let Ok(opened) = self.dialect().read(Side::Server, &mut Reader::new(packet)) else {
            return self.drop_packet(None, Why::Undecodable);
        };
        match self.admits(&opened.header) {
            Ok(()) => self.handle_packet(now, &opened.header, opened.body, Way::Inside(outer)),
            Err(why) => self.drop_packet(Some(&opened.header), why),
        }
    }

    /// The last part to arrive is acknowledged when what the whole brought is safe.
    fn handle_fragment(
        &mut self,
        now: Instant,
        header: &Header,
        fragment: &Fragment<'_>,
        way: Way<'_>,
    ) {
        if !matches!(way, Way::Alone) {
            return self.drop_packet(Some(header), Why::Unexpected);
        }
        if self.incoming.is_held(header.seq1) {
            return self.drop_packet(Some(header), Why::Duplicate);
        }
        if !self.incoming.has_room_for(1) {
            return self.drop_packet(Some(header), Why::OverLimit);
        }
        if !self.is_news(header, way) {
            return self.acknowledge(header, way);
        }
        let assembly = self.assembly.get_or_insert_with(Box::<Assembly>::default);
        // From servers the numbers of the parts tell nothing about which belong together (§4.7).
        if let Some(packet) = assembly.take(now, 0, fragment) {
            self.assembly = None;
            self.handle_assembled(now, header, &packet);
        }
        if !self.incoming.is_held(header.seq1) && !self.is_over() {
            self.acknowledge(header, way);
        }
    }

    fn handle_assembled(&mut self, now: Instant, last: &Header, packet: &[u8]) {
        let Ok(opened) = self.dialect().read(Side::Server, &mut Reader::new(packet)) else {
            return self.drop_packet(None, Why::Undecodable);
        };
        match self.admits(&opened.header) {
            Ok(()) => self.handle_packet(now, &opened.header, opened.body, Way::Assembled(last)),
            Err(why) => self.drop_packet(Some(&opened.header), why),
        }
    }

    fn handle_offline_message(&mut self, now: Instant, seq1: u16, packet: &OfflineMessage<'_>) {
        let from = body::sender(packet.from_uin, packet.msg_type);
        self.learn_charset(from, packet.text);
        let charset = self.charsets.of(from);
        let loading = self
            .loading
            .get_or_insert_with(|| Box::new(Loading::unexpected()));
        loading.offline_message(now, seq1, packet, || Stored {
            from,
            sent: time_of(packet),
            message: body::decode(packet.msg_type, packet.text, charset),
        });
    }

    fn learn_charset(&mut self, from: Uin, text: &[u8]) {
        if from == self.uin {
            return;
        }
        if let Some(charset) = self.charsets.learn(from, text) {
            self.tell(Event::WritesIn { uin: from, charset });
        }
    }

    /// 0x021C does not say which list it answers. Once there are as many as lists, the last one has
    /// arrived even if its acknowledgement was lost.
    fn handle_list_done(&mut self, now: Instant, seq1: u16) {
        let Some(loading) = &mut self.loading else {
            return;
        };
        if loading.list_done(seq1) && self.requests.is_sending_contacts() {
            self.window.forget(Purpose::Request);
            self.succeeded(now, Purpose::Request);
        }
    }

    fn handle_meta(&mut self, now: Instant, header: &Header, reply: &MetaReply<'_>) {
        let Some(uin) = self.profiles.asked_as(header.seq2) else {
            return;
        };
        match &reply.info {
            MetaInfo::Short(short) => {
                let profile = self.profile(
                    uin,
                    [short.nick, short.first, short.last, short.email],
                    short.auth_byte,
                );
                self.handle_profile(header, uin, Ok(profile));
            }
            _ if reply.result == MetaReply::FAILED => {
                self.handle_profile(header, uin, Err(NoProfile::NoSuchUser));
            }
            _ => {
                self.profiles.meta_failed(now, uin);
                while let Some(step) = self.profiles.overdue(now) {
                    self.take_profile_step(now, step);
                }
            }
        }
    }

    fn handle_profile(&mut self, header: &Header, uin: Uin, profile: Result<Profile, NoProfile>) {
        if !self.profiles.answered(uin) {
            return self.drop_packet(Some(header), Why::Unexpected);
        }
        self.window.forget(Purpose::Profile(uin));
        self.tell(Event::Profile { uin, profile });
    }

    /// Tells the status that a word says; `None` is offline.
    fn tell_status(&mut self, uin: Uin, word: Option<u32>) {
        if self.presence.is_wanted(uin) {
            let status = word.and_then(|word| self.manner().statuses.read(word));
            self.tell(Event::Presence { uin, status });
        }
    }

    fn profile(
        &self,
        uin: Uin,
        [nick, first, last, email]: [&[u8]; 4],
        auth_byte: Option<u8>,
    ) -> Profile {
        let charset = self.charsets.of(uin);
        Profile {
            nick: charset.decode(nick),
            first: charset.decode(first),
            last: charset.decode(last),
            email: charset.decode(email),
            authorisation_required: auth_byte == Some(AUTHORISATION_REQUIRED),
        }
    }

    fn acknowledge(&mut self, header: &Header, way: Way<'_>) {
        match way {
            Way::Alone => {
                let datagram = self.window.acknowledge(header.seq1, header.seq2);
                self.transmit(datagram);
            }
            Way::Inside(_) | Way::Assembled(_) => {}
        }
    }

    /// Notes a packet; `false` for one that was seen before.
    fn is_news(&mut self, header: &Header, way: Way<'_>) -> bool {
        let is_news = match way {
            Way::Alone => self.received.insert(header.seq1),
            Way::Inside(_) => self.received.insert_inside(header.seq1),
            Way::Assembled(_) => true,
        };
        if !is_news {
            self.drop_packet(Some(header), Why::Duplicate);
        }
        is_news
    }

    /// Counts what is dropped. It is logged without a byte of it: it may be anything.
    fn drop_packet(&mut self, header: Option<&Header>, why: Why) {
        let command = header.map(|header| header.command);
        tracing::debug!(uin = %self.uin, command, ?why, "packet dropped");
        let count = match why {
            Why::ForeignSession => &mut self.dropped.foreign_session,
            Why::WrongUin => &mut self.dropped.wrong_uin,
            Why::Undecodable => &mut self.dropped.undecodable,
            Why::Duplicate => &mut self.dropped.duplicates,
            Why::Unexpected => &mut self.dropped.unexpected,
            Why::OverRate => &mut self.dropped.over_rate,
            Why::OverLimit => &mut self.dropped.over_limit,
        };
        *count += 1;
    }
}

/// Whether servers count these among their packets: words on a login or a session that does not exist
/// have a number of their own (§4.3).
const fn is_counted(command: u16) -> bool {
    !matches!(
        command,
        ACK | GO_AWAY | LOGIN_REPLY | BAD_PASSWORD | NOT_CONNECTED | TRY_AGAIN | LOGIN_ERROR
    )
}

// The commands that a session without ids takes under any number, and but for two in the form of V3.
const ACK: u16 = 0x000A;
const LOGIN_REPLY: u16 = 0x005A;
const LOGIN_ERROR: u16 = 0x0370;
const GO_AWAY: u16 = 0x0028;
const BAD_PASSWORD: u16 = 0x0064;
const NOT_CONNECTED: u16 = 0x00F0;
const TRY_AGAIN: u16 = 0x00FA;

/// Nobody; the service itself (xmpp-gateway.md §13.2).
const SERVICE: Uin = Uin(1);

/// The auth byte of whoever wants to be asked (§8.1).
const AUTHORISATION_REQUIRED: u8 = 0;
