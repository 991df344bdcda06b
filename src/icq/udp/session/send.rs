//! What a session sends of its own accord, and what becomes of it.

use std::time::Instant;

use super::profiles;
use super::questions::{Asker, Taken};
use super::requests::Request;
use super::window::{MAX_SENDS, Purpose, REPEAT_AFTER};
use super::{Phase, Session, no_profile};
use crate::icq::udp::to_server::{SendMessage, Target};
use crate::icq::udp::{Directory, ToServer};
use crate::icq::wire::meta::{MetaRequest, Person};
use crate::icq::{Event, LogoutReason};

/// What leaves.
impl Session {
    pub(super) fn send_requests(&mut self, now: Instant) {
        let manner = self.manner();
        while let Some(request) = self.requests.next() {
            let (packet, number) = (request.packet(manner), request.number(manner));
            let purpose = request.purpose();
            // Nothing waits for these: IServerd never acknowledges the one, open-oscar-server not
            // always the other, so their silence means nothing (§7.5).
            if purpose != Purpose::Request {
                self.requests.ended();
                self.window.forget(purpose);
            }
            let (datagram, _) = match number {
                Some(seq1) => self.window.send_as(now, purpose, seq1, &packet),
                None => self.window.send(now, purpose, &packet),
            };
            self.transmit(datagram);
        }
    }

    pub(super) fn ask_profiles(&mut self, now: Instant) {
        while let Some(uin) = self.profiles.next() {
            let has_meta = self.manner().directory == Directory::Meta;
            let packet = match has_meta {
                true => ToServer::Meta(MetaRequest::ShortInfo(Person { uin })),
                false => ToServer::InfoRequest(Target { target_uin: uin }),
            };
            let (datagram, seq2) = self.window.send(now, Purpose::Profile(uin), &packet);
            match has_meta {
                true => self.profiles.asked(now, uin, seq2),
                false => self.profiles.asked_the_old_way(now, uin, seq2),
            }
            self.transmit(datagram);
        }
    }

    pub(super) fn ask_questions(&mut self, now: Instant) {
        let asker = Asker {
            version: self.dialect().version(),
            directory: self.manner().directory,
            charset: self.charsets.own(),
            web_aware: self.status.web_aware,
        };
        while let Some((command, body)) = self.questions.next(asker) {
            let (datagram, seq2) = self
                .window
                .send_written(now, Purpose::Question, command, body);
            self.questions.asked(now, seq2);
            self.transmit(datagram);
        }
    }

    /// What a packet, or the lack of one, was to the open question.
    pub(super) fn take_answer(&mut self, taken: Taken) {
        let Taken::RequestEnded(ending) = taken else {
            return;
        };
        self.window.forget(Purpose::Question);
        if let Some((id, answer)) = ending {
            self.tell(Event::Answer { id, answer });
        }
    }

    pub(super) fn send_messages(&mut self, now: Instant) {
        while self.window.len() < MAX_UNANSWERED
            && self.window.span() < MAX_AHEAD
            && let Some(part) = self.outgoing.next()
        {
            let packet = ToServer::SendMessage(SendMessage {
                to_uin: part.to,
                msg_type: part.body.msg_type,
                text: &part.body.text,
            });
            let (datagram, _) = self.window.send(now, Purpose::Message(part.id), &packet);
            self.transmit(datagram);
        }
    }

    pub(super) fn keep_alive(&mut self, now: Instant) {
        let Phase::Online { next_keep_alive } = &mut self.phase else {
            return;
        };
        if now < *next_keep_alive {
            return;
        }
        *next_keep_alive = now + self.keep_alive;
        self.received.forget_the_first();
        if self.window.awaits_keep_alive() {
            return;
        }
        let (datagram, _) = self
            .window
            .send(now, Purpose::KeepAlive, &ToServer::KeepAlive);
        self.transmit(datagram);
    }

    pub(super) fn take_profile_step(&mut self, now: Instant, step: profiles::Step) {
        match step {
            profiles::Step::AskTheOldWay(uin) => {
                self.window.forget(Purpose::Profile(uin));
                let packet = ToServer::InfoRequest(Target { target_uin: uin });
                let (datagram, _) = self.window.send(now, Purpose::Profile(uin), &packet);
                self.transmit(datagram);
            }
            profiles::Step::GiveUp(uin) => {
                self.window.forget(Purpose::Profile(uin));
                self.tell(no_profile(uin));
            }
        }
    }
}

/// What became of what left.
impl Session {
    /// The server has the packet.
    pub(super) fn succeeded(&mut self, now: Instant, purpose: Purpose) {
        self.failures = 0;
        match purpose {
            // The caller knows more about the login.
            Purpose::Login
            | Purpose::KeepAlive
            | Purpose::OfflineMessages
            | Purpose::Profile(_) => {}
            Purpose::Question => {
                if let Some(ending) = self.questions.acknowledged() {
                    self.take_answer(Taken::RequestEnded(Some(ending)));
                }
            }
            Purpose::Request => self.request_ended(now),
            Purpose::Deletion => self.deletion_ended(now, true),
            Purpose::Message(id) => {
                if self.outgoing.acknowledged(id) {
                    self.tell(Event::Sent(id));
                }
            }
        }
    }

    pub(super) fn failed(&mut self, now: Instant, purpose: Purpose) {
        // Some servers answer neither, whatever their health.
        match purpose {
            Purpose::OfflineMessages | Purpose::Question => return,
            Purpose::Deletion => return self.deletion_ended(now, false),
            Purpose::Login
            | Purpose::KeepAlive
            | Purpose::Request
            | Purpose::Message(_)
            | Purpose::Profile(_) => {}
        }
        self.failures += 1;
        match purpose {
            Purpose::Login => return self.leave(LogoutReason::NoAnswer),
            Purpose::KeepAlive => {}
            Purpose::Request => self.request_ended(now),
            Purpose::Message(id) => {
                if let Some(why) = self.outgoing.failed(id) {
                    self.tell(Event::NotSent { id, why });
                }
            }
            Purpose::OfflineMessages
            | Purpose::Deletion
            | Purpose::Question
            | Purpose::Profile(_) => {}
        }
        // On a bad line packets fail although the server is there: then it is heard.
        let silence = now.saturating_duration_since(self.heard);
        let is_silent = silence >= REPEAT_AFTER * u32::from(MAX_SENDS);
        let is_lost = match self.failures {
            0..MAX_FAILURES => is_silent && purpose == Purpose::KeepAlive,
            MAX_FAILURES..MOST_FAILURES => is_silent,
            MOST_FAILURES.. => true,
        };
        if is_lost {
            self.leave(LogoutReason::ConnectionLost);
        }
    }

    fn deletion_ended(&mut self, now: Instant, has_heard: bool) {
        if let Some(loading) = &mut self.loading {
            loading.deletion_ended(now, has_heard);
        }
    }

    fn request_ended(&mut self, now: Instant) {
        let (Some(request), Some(loading)) = (self.requests.ended(), &mut self.loading) else {
            return;
        };
        match request {
            Request::Contacts(_) => loading.chunk_ended(now),
            Request::DeleteOfflineMessages(_)
            | Request::Invisible(_)
            | Request::Visible(_)
            | Request::OfflineMessages
            | Request::Status(_)
            | Request::Contact(_)
            | Request::Visibility { .. } => {}
        }
    }
}

/// Packets without an answer, after which no message leaves. Requests, questions and the keep-alive
/// are few, and leave all the same.
const MAX_UNANSWERED: usize = 16;

/// How far the numbers run ahead of a packet without an answer before no message leaves. A server
/// remembers 20 numbers, some a few more (§4.3): it would take the repetition of an older one for a
/// new packet, and execute it again.
const MAX_AHEAD: u16 = 16;

/// So many packets in a row without an answer mean that nobody is there (§4.2).
const MAX_FAILURES: u8 = 3;

/// So many mean that the server does not hear us, whatever is heard of it.
const MOST_FAILURES: u8 = 12;
