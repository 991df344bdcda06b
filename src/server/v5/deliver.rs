//! What goes to a client: notices of the network, messages, answers (icq-udp.md §7).

use crate::icq::udp::from_server::{
    Date, OfflineMessage, ReceiveMessage, Sent, StatusUpdate, UserOnline,
};
use crate::icq::udp::to_server::Target;
use crate::icq::udp::{FromServer, Version};
use crate::model::{Now, Uin};

use super::Service;
use super::calendar::UtcMinute;
use super::link::{Cargo, Lane, Parcel};
use crate::server::Base;
use crate::server::behaviour::{Behaviour, NumberedReplies};
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
            Notice::Online(who, presence) => self.tell_online(uin, who, presence),
            Notice::Offline(target_uin) => {
                let packet = FromServer::UserOffline(Target { target_uin });
                self.tell_about(uin, target_uin, &packet);
            }
            Notice::Status(target_uin, status) => {
                let packet = FromServer::StatusUpdate(StatusUpdate { target_uin, status });
                self.tell_about(uin, target_uin, &packet);
            }
            Notice::Message(letter) => self.relay(now, uin, letter, base),
            // V5 has no packet for it: the client of whoever did it says so (icq-udp.md §6.4).
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

    pub(super) fn tell_online(&mut self, uin: Uin, who: Uin, presence: Presence) {
        let packet = FromServer::UserOnline(UserOnline {
            uin: who,
            ip: presence.ip,
            tcp_port: presence.port,
            real_ip: presence.real_ip,
            dc_mode: presence.mode,
            status: presence.status,
            tcp_version: Some(presence.tcp_version),
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
        let is_queued = in_order
            && self
                .sessions
                .get(&uin)
                .is_some_and(|session| session.link.has_letter_behind_stored(letter.from));
        let lane = if is_on_the_way || is_queued {
            Lane::Stored
        } else {
            Lane::Contact(letter.from)
        };
        let packet = FromServer::Message(ReceiveMessage {
            from_uin: letter.from,
            msg_type: letter.kind,
            text: &letter.body,
        });
        let mut parcel = parcel(&packet, 0, Some(lane));
        parcel.cargo = Cargo::Letter(letter);
        self.queue(uin, parcel);
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
        let (message_seq2, end_seq2) = match base.behaviour.numbered_replies {
            NumberedReplies::All => (seq2, seq2),
            NumberedReplies::Lists => (0, seq2),
            NumberedReplies::None => (0, 0),
        };
        let lane = Some(Lane::Stored);
        for letter in base.network.letters.offer(uin, again) {
            let packet = stored_message(&letter, &base.behaviour);
            let mut parcel = parcel(&packet, message_seq2, lane);
            parcel.cargo = Cargo::Copy(letter.number);
            self.queue(uin, parcel);
        }
        let end = parcel(&FromServer::EndOfflineMessages, end_seq2, lane);
        self.queue(uin, end);
    }

    /// Sends an answer to a request.
    pub(super) fn answer(&mut self, uin: Uin, seq2: u16, packet: &FromServer<'_>) {
        self.queue(uin, parcel(packet, seq2, Some(Lane::Answer(seq2))));
    }

    pub(super) fn tell_about(&mut self, uin: Uin, who: Uin, packet: &FromServer<'_>) {
        self.queue(uin, parcel(packet, 0, Some(Lane::Contact(who))));
    }

    pub(super) fn queue(&mut self, uin: Uin, parcel: Parcel) {
        if let Some(session) = self.sessions.get_mut(&uin) {
            session.link.queue(parcel);
            self.touched.insert(uin);
        }
    }
}

/// A packet for a session's queue.
pub(super) fn parcel(packet: &FromServer<'_>, seq2: u16, lane: Option<Lane>) -> Parcel {
    let mut body = Vec::new();
    packet.encode(Version::V5, &mut body);
    Parcel {
        command: packet.command(),
        seq2,
        body,
        lane,
        cargo: Cargo::Nothing,
    }
}

fn stored_message<'a>(letter: &'a Letter, behaviour: &Behaviour) -> FromServer<'a> {
    let sent = UtcMinute::of(letter.sent.secs());
    let (msg_type, text) = if behaviour.empties_stored_texts {
        (0, &b""[..])
    } else {
        (letter.kind, letter.body.as_slice())
    };
    FromServer::OfflineMessage(OfflineMessage {
        from_uin: letter.from,
        sent: Sent::Date(Date {
            year: sent.year,
            month: sent.month,
            day: sent.day,
            hour: sent.hour,
            minute: sent.minute,
        }),
        msg_type,
        text,
    })
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
