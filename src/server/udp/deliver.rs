//! What goes to a client: notices of the network, messages, answers (icq-udp.md §7).

use std::net::Ipv4Addr;

use crate::icq::udp::from_server::{
    Date, OfflineMessage, ReceiveMessage, Sent, StatusUpdate, UserOnline,
};
use crate::icq::udp::to_server::Target;
use crate::icq::udp::{FromServer, Header, Version};
use crate::model::{Now, Uin, UnixTime};

use super::calendar::UtcMinute;
use super::link::{Cargo, Lane};
use super::{Service, manners};
use crate::server::Base;
use crate::server::behaviour::Behaviour;
use crate::server::journal::JournalEvent;
use crate::server::letters::{Letter, Offer};
use crate::server::network::{Notice, Presence};

impl Service {
    /// Tells a session what the network has to tell it.
    pub(in crate::server) fn handle_notice(
        &mut self,
        now: Now,
        uin: Uin,
        notice: Notice,
        base: &mut Base,
    ) {
        match notice {
            Notice::Online(who, presence) => self.tell_online(uin, who, presence, &base.behaviour),
            Notice::Offline(target_uin) => {
                let packet = FromServer::UserOffline(Target { target_uin });
                self.tell_about(uin, target_uin, &packet);
            }
            Notice::Status(target_uin, status) => {
                let packet = FromServer::StatusUpdate(StatusUpdate { target_uin, status });
                self.tell_about(uin, target_uin, &packet);
            }
            Notice::Message(letter) => self.relay(now, uin, letter, base),
            // There is no packet for it: the client of whoever did it says so (icq-udp.md §6.4).
            Notice::Watched(_) => {}
        }
    }

    /// Hands out stored messages whose time has come although nobody asked.
    pub(super) fn offer_unasked(&mut self, now: Now, uin: Uin, base: &mut Base) {
        let due = self
            .sessions
            .get(&uin)
            .and_then(|session| session.offer_due);
        if due.is_some_and(|due| due <= now.instant) {
            self.offer(uin, 0, false, base);
        }
    }

    pub(super) fn tell_online(
        &mut self,
        uin: Uin,
        who: Uin,
        presence: Presence,
        behaviour: &Behaviour,
    ) {
        let Some(version) = self.version_of(uin) else {
            return;
        };
        let mut presence = presence;
        if behaviour.conceals_across_versions && self.version_of(who) != Some(version) {
            presence = Presence {
                ip: Ipv4Addr::UNSPECIFIED,
                port: 0,
                real_ip: Ipv4Addr::UNSPECIFIED,
                mode: 0,
                web_port: 0,
                features: 0,
                ..presence
            };
        }
        let packet = FromServer::UserOnline(UserOnline {
            uin: who,
            ip: presence.ip,
            tcp_port: presence.port,
            real_ip: presence.real_ip,
            dc_mode: presence.mode,
            status: presence.status,
            tcp_version: Some(manners::tcp_version(version, presence.tcp_version)),
            dc_cookie: Some(0),
            web_port: Some(presence.web_port),
            futures: Some(presence.features),
            info_time: Some(0),
            more_time: Some(0),
            stat_time: Some(0),
        });
        self.tell_about(uin, who, &packet);
    }

    /// Sends a message on, or puts it behind those stored before it that are not delivered yet.
    fn relay(&mut self, now: Now, uin: Uin, letter: Letter, base: &mut Base) {
        let stored = base.network.letters.stored(uin);
        let in_order = base.behaviour.retransmission.is_some_and(|r| r.in_order);
        let has = |offer| in_order && stored.iter().any(|stored| stored.offer == offer);
        let is_on_the_way = has(Offer::OnTheWay) || has(Offer::Unwanted);
        if has(Offer::Waiting) && self.offers_soon(uin) {
            base.network.keep(now, letter);
            return;
        }
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        let is_queued = in_order && session.link.has_letter_behind_stored(letter.from);
        let lane = if is_on_the_way || is_queued {
            Lane::Stored
        } else {
            Lane::Contact(letter.from)
        };
        let version = session.link.version;
        let seq2 = manners::relayed_number(version, &base.behaviour, letter.senders_seq2);
        let pieces = manners::pieces(version, &base.behaviour, &letter.body);
        let last = pieces.len().saturating_sub(1);
        for (index, text) in pieces.into_iter().enumerate() {
            let packet = FromServer::Message(ReceiveMessage {
                from_uin: letter.from,
                msg_type: manners::message_type(version, letter.kind),
                text,
            });
            let cargo = if index == last {
                Cargo::Letter(letter.clone())
            } else {
                Cargo::Nothing
            };
            let parcel = session.link.parcel(&packet, seq2, Some(lane), cargo);
            session.link.queue(parcel);
        }
        self.touched.insert(uin);
    }

    /// Whether stored messages will be handed out without the client's doing.
    fn offers_soon(&self, uin: Uin) -> bool {
        self.sessions
            .get(&uin)
            .is_some_and(|session| session.offer_due.is_some())
    }

    /// Hands out stored messages, and says that this is all.
    pub(super) fn offer(&mut self, uin: Uin, seq2: u16, again: bool, base: &mut Base) {
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        session.offer_due = None;
        let version = session.link.version;
        let behaviour = &base.behaviour;
        let number = |packet: &FromServer<'_>| {
            manners::reply_number(version, behaviour, packet.command(), seq2)
        };
        let lane = Some(Lane::Stored);
        for letter in base.network.letters.offer(uin, again) {
            let pieces = manners::pieces(version, behaviour, &letter.body);
            let last = pieces.len().saturating_sub(1);
            for (index, text) in pieces.into_iter().enumerate() {
                let packet = stored_message(version, &letter, text, behaviour);
                let cargo = if index == last {
                    Cargo::Copy(letter.number)
                } else {
                    Cargo::Nothing
                };
                let parcel = session.link.parcel(&packet, number(&packet), lane, cargo);
                session.link.queue(parcel);
            }
        }
        let end = FromServer::EndOfflineMessages;
        let end = session
            .link
            .parcel(&end, number(&end), lane, Cargo::Nothing);
        session.link.queue(end);
        self.touched.insert(uin);
    }

    /// Sends an answer to a request.
    pub(super) fn answer(&mut self, request: &Header, packet: &FromServer<'_>) {
        let lane = Some(Lane::Answer(request.seq2));
        self.queue(request.uin, packet, request.seq2, lane);
    }

    /// Sends an answer whose header may not bear the number of the request.
    pub(super) fn answer_alone(
        &mut self,
        request: &Header,
        packet: &FromServer<'_>,
        behaviour: &Behaviour,
    ) {
        let (version, seq2) = (request.version, request.seq2);
        let seq2 = manners::reply_number(version, behaviour, packet.command(), seq2);
        self.queue(request.uin, packet, seq2, None);
    }

    /// Sends what concerns a contact.
    pub(super) fn tell_about(&mut self, uin: Uin, who: Uin, packet: &FromServer<'_>) {
        self.queue(uin, packet, 0, Some(Lane::Contact(who)));
    }

    /// Sends a packet, unless the version of its receiver has none like it.
    pub(super) fn queue(
        &mut self,
        uin: Uin,
        packet: &FromServer<'_>,
        seq2: u16,
        lane: Option<Lane>,
    ) {
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        if !manners::tells(session.link.version, packet.command()) {
            return;
        }
        let parcel = session.link.parcel(packet, seq2, lane, Cargo::Nothing);
        session.link.queue(parcel);
        self.touched.insert(uin);
    }

    /// The version somebody is online with.
    fn version_of(&self, uin: Uin) -> Option<Version> {
        self.sessions.get(&uin).map(|session| session.link.version)
    }
}

fn stored_message<'a>(
    version: Version,
    letter: &Letter,
    text: &'a [u8],
    behaviour: &Behaviour,
) -> FromServer<'a> {
    let sent = UtcMinute::of(letter.sent.secs());
    let (msg_type, text) = if behaviour.empties_stored_texts {
        (0, &b""[..])
    } else {
        (manners::message_type(version, letter.kind), text)
    };
    let sent = if manners::counts_seconds(version) {
        Sent::Unix(seconds(letter.sent))
    } else {
        Sent::Date(Date {
            year: sent.year,
            month: sent.month,
            day: sent.day,
            hour: sent.hour,
            minute: sent.minute,
        })
    };
    FromServer::OfflineMessage(OfflineMessage {
        from_uin: letter.from,
        sent,
        msg_type,
        text,
    })
}

/// A time as groupware has it.
pub(super) fn seconds(time: UnixTime) -> u32 {
    u32::try_from(time.secs()).unwrap_or(u32::MAX)
}

/// Notes what left for a client for the first time.
pub(super) fn note_sent(now: Now, uin: Uin, cargo: &Cargo, base: &mut Base) {
    let Some(number) = cargo.number() else {
        return;
    };
    base.network
        .journal
        .note(now.unix, || JournalEvent::Sent(number));
    // A server that sends once believes that what it sent arrived.
    if base.behaviour.retransmission.is_none() && matches!(cargo, Cargo::Copy(_)) {
        base.network.letters.arrived(uin, number);
    }
}

/// Notes what a client acknowledged.
pub(super) fn note_arrived(now: Now, uin: Uin, cargo: &Cargo, base: &mut Base) {
    let Some(number) = cargo.number() else {
        return;
    };
    base.network
        .journal
        .note(now.unix, || JournalEvent::Acknowledged(number));
    if matches!(cargo, Cargo::Copy(_)) && base.network.letters.arrived(uin, number) {
        base.network
            .journal
            .note(now.unix, || JournalEvent::Deleted(number));
    }
}
