//! What a client asks for inside its session (icq-udp.md §5.1, §6.4, §7).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::deliver::seconds;
use super::door::{Arrival, first_login, pre_login};
use super::manners::{self, Deletion};
use super::reply::{acknowledge, not_connected, reply};
use super::{PATIENCE, Service};
use crate::icq::udp::from_server::{ListDone, ReverseTcp};
use crate::icq::udp::groupware::Fragment;
use crate::icq::udp::to_server::{
    AckMessages, ReverseTcpRequest, SendMessage, Target, TextCode, UinList, UpdateList,
};
use crate::icq::udp::{FromServer, Header, Side, ToServer};
use crate::model::{Now, Uin};
use crate::server::Base;
use crate::server::behaviour::{OfflineMessages, TooMuch};
use crate::server::journal::{Ending, JournalEvent, Loss};
use crate::server::network::ExceptionList;

impl Service {
    /// Does what a packet of a session asks. It has been acknowledged already.
    pub(super) fn handle_request(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        packet: ToServer<'_>,
        rest: &[u8],
        base: &mut Base,
    ) {
        let uin = header.uin;
        if let Some(arrival) = Arrival::of(from, header.version, &packet) {
            self.log_in(now, from, header, &arrival, base);
            return;
        }
        match packet {
            ToServer::Register(register) => self.register(now, from, header, &register, base),
            ToServer::PreLogin(_) if manners::refuses_late_pre_login(header.version) => {
                reply(from, header, &FromServer::TryAgain, base);
            }
            ToServer::PreLogin(_) => pre_login(from, header, base),
            ToServer::FirstLogin => first_login(from, header, rest, base),
            ToServer::TextCode(text)
                if text.text == TextCode::LOGOUT || base.behaviour.probe_ends_session =>
            {
                self.end(now, uin, Ending::LoggedOff, base);
            }

            ToServer::ContactList(UinList { uins }) => {
                self.take_list(now, from, header, &uins, base);
            }
            ToServer::VisibleList(_) | ToServer::InvisibleList(_)
                if !manners::has_exceptions(header.version, &base.behaviour) => {}
            ToServer::VisibleList(UinList { uins }) => {
                base.network
                    .add_exceptions(uin, ExceptionList::Visible, &uins);
            }
            ToServer::InvisibleList(UinList { uins }) => {
                base.network
                    .add_exceptions(uin, ExceptionList::Invisible, &uins);
            }
            ToServer::UpdateList(change) => update_list(uin, &change, base),
            ToServer::AddToList(Target { target_uin }) => self.add(now, uin, target_uin, base),
            ToServer::SetStatus(status) => {
                let mask = if base.behaviour.status_flags {
                    u32::MAX
                } else {
                    0xFFFF
                };
                base.network.set_status(uin, status.status & mask);
            }

            ToServer::SendMessage(message) | ToServer::Authorize(message) => {
                self.take_message(now, from, header, &message, base);
            }
            ToServer::TcpRequest(request) => self.ask_to_connect(uin, &request),
            ToServer::RequestOffline => {
                let when = manners::offline_messages(header.version, &base.behaviour);
                if when != OfflineMessages::AfterEachList {
                    let again = base.behaviour.offline_messages == OfflineMessages::AfterEachList;
                    self.offer(uin, header.seq2, again, base);
                }
            }
            ToServer::AckMessages(wish) => self.delete(now, header, &wish, base),
            ToServer::Fragment(fragment) => self.take_fragment(now, from, header, &fragment, base),

            ToServer::SearchUin(Target { target_uin }) => self.search_uin(header, target_uin, base),
            ToServer::SearchUser(search) => self.search_user(header, &search, base),
            ToServer::InfoRequest(Target { target_uin }) => self.info(header, target_uin, base),
            ToServer::ExtInfoRequest(Target { target_uin }) => {
                self.extended_info(header, target_uin, base);
            }
            ToServer::UpdateBasic(update) => {
                self.update_basic(header, &update, &FromServer::BasicUpdated, base);
            }
            ToServer::UpdateBasicOld(update) => {
                self.update_basic(header, &update, &FromServer::BasicUpdatedOld, base);
            }
            ToServer::UpdateExtended(update) => self.update_extended(header, &update, base),
            ToServer::SetAuthorisation(update) => self.set_authorisation(header, &update, base),
            ToServer::ChangePassword(change) => self.change_password(header, &change, base),
            ToServer::Meta(request) => self.meta(now, header, &request, base),

            ToServer::RandomSet(group) => self.join_group(header, &group, base),
            ToServer::RandomSearch(group) => self.meet_somebody(header, &group, base),

            ToServer::Search(search) => self.search_groupware(header, &search, base),
            ToServer::UserInfoRequest(Target { target_uin }) => {
                self.groupware_info(header, target_uin, base);
            }
            ToServer::NotesRequest(Target { target_uin }) => self.notes(header, target_uin, base),
            ToServer::SetHome(home) => self.set_home(header, &home, base),
            ToServer::SetHomeWeb(page) => self.set_home_web(header, &page, base),
            ToServer::SetWork(work) => self.set_work(header, &work, base),
            ToServer::SetWorkWeb(page) => self.set_work_web(header, &page, base),
            ToServer::SetNotes(notes) => self.set_notes(now, header, &notes, base),
            ToServer::DepartmentsRequest => self.answer(header, &FromServer::QueryReply),
            ToServer::RegistrationRequest => self.tell_registration(now, from, header, base),
            ToServer::RegistrationForm(form) => {
                self.register_by_form(now, from, header, form.form.0, base);
            }

            // Acknowledged, and that is all they want or get (icq-udp.md §5.1, §8.6); logins are above.
            ToServer::Login(_)
            | ToServer::Ack
            | ToServer::KeepAlive
            | ToServer::KeepAlive2
            | ToServer::TextCode(_)
            | ToServer::QueryServers
            | ToServer::QueryAddons
            | ToServer::LoginInfo(_)
            | ToServer::ClientState(_)
            | ToServer::Usage
            | ToServer::BroadcastAll
            | ToServer::BroadcastOnline
            | ToServer::WebMessage
            | ToServer::Unknown { .. } => {}
        }
    }

    /// Answers a contact list that is all there.
    pub(super) fn finish_list(&mut self, now: Now, uin: Uin, seq2: u16, base: &mut Base) {
        self.answer_list(now, uin, seq2, base);
        let when = self
            .sessions
            .get(&uin)
            .map(|session| manners::offline_messages(session.link.version, &base.behaviour));
        if when == Some(OfflineMessages::AfterEachList) {
            self.offer(uin, seq2, true, base);
        }
    }

    /// Deletes stored messages, each version in its way (icq-udp.md §7.5).
    fn delete(&mut self, now: Now, header: &Header, wish: &AckMessages, base: &mut Base) {
        let uin = header.uin;
        let ended = self
            .sessions
            .get(&uin)
            .is_some_and(|session| session.link.ended_stored_with(header.seq1));
        let up_to = wish.timestamp.unwrap_or(0);
        let letters = &mut base.network.letters;
        let deleted = match manners::deletion(header.version) {
            Deletion::All => letters.delete_arrived(uin, |_| true),
            Deletion::ByEnd => letters.delete_arrived(uin, |_| ended),
            Deletion::ByTime => letters.delete_arrived(uin, |letter| seconds(letter.sent) <= up_to),
        };
        for number in deleted {
            base.network
                .journal
                .note(now.unix, || JournalEvent::Deleted(number));
        }
    }

    /// Takes a part of a packet, and the packet if it was the last part (icq-udp.md §4.7). It is
    /// acknowledged part by part and no repetition of its first.
    fn take_fragment(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        fragment: &Fragment<'_>,
        base: &mut Base,
    ) {
        let Some(session) = self.sessions.get_mut(&header.uin) else {
            return;
        };
        let assembly = &mut session.assembly;
        let Some(mut whole) = assembly.take(now.instant, header.seq2, fragment) else {
            return;
        };
        let dialect = header.version.dialect();
        let Ok(opened) = dialect.open(Side::Client, &mut whole) else {
            base.counters.undecodable += 1;
            return;
        };
        let inner = opened.header;
        if inner.uin != header.uin || !manners::knows(inner.version, inner.command) {
            base.counters.unknown += 1;
            return;
        }
        if base.behaviour.acknowledges_assembled {
            acknowledge(from, &inner, &[], base);
        }
        match ToServer::decode(inner.version, inner.command, opened.body) {
            Ok(decoded) if !matches!(decoded.packet, ToServer::Fragment(_)) => {
                self.handle_request(now, from, &inner, decoded.packet, decoded.rest, base);
            }
            Ok(_) | Err(_) => base.counters.undecodable += 1,
        }
    }

    /// Tells the presence of everybody on the list, and that this is all.
    fn answer_list(&mut self, now: Now, uin: Uin, seq2: u16, base: &mut Base) {
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        session.list_due = None;
        let version = session.link.version;
        if let Some(due) = &mut session.offer_due {
            *due = (*due).min(now.instant + PATIENCE);
        }
        let contacts: BTreeSet<Uin> = std::mem::take(&mut session.list).into_iter().collect();
        for contact in contacts {
            if let Some(presence) = base.network.presence_for(uin, contact)
                && contact != uin
            {
                self.tell_online(uin, contact, presence, &base.behaviour);
            }
        }
        let own_uin = manners::ends_list_with_uin(version).then_some(uin);
        let packet = FromServer::ListDone(ListDone { own_uin });
        let seq2 = manners::reply_number(version, &base.behaviour, packet.command(), seq2);
        self.queue(uin, &packet, seq2, None);
    }

    fn take_list(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        uins: &[Uin],
        base: &mut Base,
    ) {
        let uin = header.uin;
        if uins.len() > base.behaviour.list_limit {
            self.too_much(now, from, header, base.behaviour.over_list_limit, base);
            return;
        }
        for contact in uins {
            base.network.watch(uin, *contact);
        }
        let Some(session) = self.sessions.get_mut(&uin) else {
            return;
        };
        if session.list.len() < MAX_LIST {
            session.list.extend(uins);
        }
        let more_follows = uins.len() == UinList::MOST;
        match (more_follows, base.behaviour.answers_full_lists) {
            (false, _) => self.finish_list(now, uin, header.seq2, base),
            (true, true) => self.answer_list(now, uin, header.seq2, base),
            (true, false) => session.list_due = Some((now.instant + PATIENCE, header.seq2)),
        }
    }

    fn add(&mut self, now: Now, uin: Uin, target: Uin, base: &mut Base) {
        base.network.watch(uin, target);
        if let Some(presence) = base.network.presence_for(uin, target)
            && target != uin
        {
            self.tell_online(uin, target, presence, &base.behaviour);
        }
        if base.behaviour.announces_added
            && let Some(account) = base.network.accounts.get(&uin)
        {
            let flag: &[u8] = if account.authorisation_required {
                b"0"
            } else {
                b"1"
            };
            let [email, _, _] = &account.emails;
            let parts = [
                &account.nick[..],
                &account.first,
                &account.last,
                email,
                flag,
            ];
            let body = parts.join(&SEPARATOR[..]);
            base.network.send(now, uin, target, ADDED, &body);
        }
    }

    fn take_message(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        message: &SendMessage<'_>,
        base: &mut Base,
    ) {
        let (to, mut kind) = (message.to_uin, message.msg_type);
        if !base.behaviour.keeps_mass_flag {
            kind &= !MASS_FLAG;
        }
        if message.text.len() > manners::message_limit(header.version, &base.behaviour) {
            base.network
                .swallow(now, header.uin, to, kind, message.text, Loss::TooLong);
            self.too_much(now, from, header, base.behaviour.over_message_limit, base);
            return;
        }
        base.network
            .send_as(now, header.seq2, header.uin, to, kind, message.text);
    }

    fn too_much(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        cost: TooMuch,
        base: &mut Base,
    ) {
        match cost {
            TooMuch::Ignored => base.counters.limited += 1,
            TooMuch::EndsSession => {
                not_connected(from, header, base);
                self.end(now, header.uin, Ending::OverLimit, base);
            }
        }
    }

    /// Tells somebody online that somebody else wants them to connect (icq-udp.md §7.7).
    fn ask_to_connect(&mut self, uin: Uin, request: &ReverseTcpRequest) {
        let packet = FromServer::ReverseTcp(ReverseTcp {
            target_uin: uin,
            ip: request.ip,
            tcp_port: request.tcp_port,
            dc_mode: request.dc_mode,
            peer_port: request.peer_port,
            own_port: request.own_port,
            tcp_version: request.tcp_version,
        });
        self.tell_about(request.target_uin, uin, &packet);
    }
}

/// Makes one change to the lists of exceptions (icq-udp.md §6.4; 0 is how licq spells 1).
fn update_list(uin: Uin, change: &UpdateList, base: &mut Base) {
    let list = match change.list {
        0 | UpdateList::INVISIBLE => ExceptionList::Invisible,
        UpdateList::VISIBLE => ExceptionList::Visible,
        _ => return,
    };
    base.network
        .set_exception(uin, list, change.target_uin, change.add != 0);
}

const ADDED: u16 = 0x000C;
const MASS_FLAG: u16 = 0x8000;
const SEPARATOR: [u8; 1] = [0xFE];
/// Contacts of one list: as many as the network keeps.
const MAX_LIST: usize = 2048;
