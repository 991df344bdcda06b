//! One message from ICQ, from its arrival until nobody can repeat it any more.

use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::chatstates::ChatState;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Id, Lang, Message as Stanza};
use xmpp_parsers::nick::Nick;

use crate::gateway::{Effects, Env, Journal, Mark};
use crate::model::{Now, Uin, UnixTime};
use crate::xmpp::message::{Reading, Speaker};
use crate::xmpp::{address, delay};

/// A message from ICQ.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: u64,
    pub(super) from: Uin,
    /// Of what it says.
    pub(super) digest: u64,
    pub(super) sent: Option<UnixTime>,
    pub(super) arrived: UnixTime,
    /// In which session it came, or came again.
    pub(super) session: u32,
    /// The ICQ server may not know that it is safe.
    pub(super) doubtful: bool,
    pub(super) state: State,
    /// There until the letter was shown, and for a while after: the stanza may come back as an error.
    pub(super) content: Option<Box<Content>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// For the link.
    Waiting,
    /// For its mark.
    Sent(Mark),
    /// Since when.
    Shown(Instant),
    /// The server could not keep it; waits until the user is there.
    Bounced,
}

/// What a stanza is made of.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) stanza_id: String,
    pub(super) reading: Reading,
    pub(super) frame: Frame,
    /// It is tried for the second and last time.
    pub(super) again: bool,
}

/// What depends on the sender at the moment a message came.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) online: bool,
    pub(super) nick: Option<Box<str>>,
}

impl Letter {
    /// It waits for the link or for its mark.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Sent(_))
    }

    pub(super) const fn is_bounced(&self) -> bool {
        matches!(self.state, State::Bounced)
    }

    /// It came as it was written.
    pub(super) const fn came_live(&self) -> bool {
        self.sent.is_none()
    }

    /// It waited on the ICQ server.
    pub(super) const fn was_stored(&self) -> bool {
        self.sent.is_some()
    }

    pub(super) fn send(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        let Some(content) = &self.content else {
            return;
        };
        let since = self.sent.unwrap_or(self.arrived);
        fx.send(content.stanza(now, env, self.from, since));
        self.state = State::Sent(fx.next_mark());
    }

    /// `true` if the letter waited for this mark.
    pub(super) fn confirm(&mut self, now: Now, journal: &mut Journal, mark: Mark) -> bool {
        if !matches!(self.state, State::Sent(own) if own <= mark) {
            return false;
        }
        self.state = State::Shown(now.instant);
        journal.shown(self.id);
        if self.content.as_ref().is_some_and(|content| content.again) {
            journal.settled(self.id);
        }
        true
    }

    /// Its stanza came back. `true` if it is kept for another try.
    pub(super) fn bounce(&mut self, stanza_id: &str) -> bool {
        let may_bounce = matches!(self.state, State::Sent(_) | State::Shown(_));
        let is_it = |content: &Content| content.stanza_id == stanza_id && !content.again;
        let kept = may_bounce && self.content.as_deref().is_some_and(is_it);
        if kept {
            self.state = State::Bounced;
        }
        kept
    }

    /// Tries once more what had bounced. `false` if it had not.
    pub(super) fn try_again(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) -> bool {
        if !self.is_bounced() {
            return false;
        }
        if let Some(content) = &mut self.content {
            content.again = true;
        }
        self.send(now, env, fx);
        true
    }

    /// Nobody wanted it for too long.
    pub(super) fn give_up(&mut self, now: Now, journal: &mut Journal) {
        journal.settled(self.id);
        self.state = State::Shown(now.instant);
        self.content = None;
    }

    /// The session ended: the server may not have heard that the latest are safe.
    pub(super) fn doubt(&mut self, now: Now) {
        self.doubtful |= self.is_recent(now);
    }

    /// Whether the ICQ server may repeat it as a message sent at that time.
    ///
    /// A message that waited keeps its stamp. One that came live and was not acknowledged in time is
    /// stamped when the server took it or when it gave up, in whole minutes of the server's clock; on its
    /// way it may have stood behind others that had to be repeated.
    pub(super) fn may_come_again(&self, now: Now, sent: UnixTime) -> bool {
        match self.sent {
            Some(known) => known == sent && (self.doubtful || self.is_recent(now)),
            None => {
                let is_near = self.arrived.since(sent) <= LONGEST_WAY
                    && sent.since(self.arrived) <= STAMP_TOLERANCE;
                self.doubtful && is_near
            }
        }
    }

    fn is_recent(&self, now: Now) -> bool {
        now.unix.since(self.arrived) < DOUBTFUL_FOR
    }
}

impl Content {
    fn stanza(&self, now: Now, env: &Env<'_>, from: Uin, since: UnixTime) -> Stanza {
        let domain = &env.settings.domain;
        let by_service = self.reading.speaker == Speaker::Service || from < env.settings.lowest_uin;
        let from = match self.frame.online {
            _ if by_service => Jid::from(address::gateway(domain)),
            true => Jid::from(address::contact_client(from, domain)),
            false => Jid::from(address::contact(from, domain)),
        };
        let mut payloads = vec![
            Element::from(ChatState::Active),
            Element::bare("unstyled", STYLING),
        ];
        if let Some(nick) = self.frame.nick.as_ref().filter(|_| !by_service) {
            payloads.push(Nick(nick.to_string()).into());
        }
        if now.unix.since(since) > NO_DELAY {
            payloads.push(delay::delay(domain, since));
        }
        Stanza {
            from: Some(from),
            id: Some(Id(self.stanza_id.clone())),
            payloads,
            ..Stanza::chat(Jid::from(env.jid.clone()))
        }
        .with_body(Lang::new(), self.reading.body.clone())
    }
}

/// XEP-0393: old texts hold `*` and `_` that mean nothing.
const STYLING: &str = "urn:xmpp:styling:0";

/// xmpp-gateway.md §17: stamps younger than that are left out, and so are those in the future.
const NO_DELAY: Duration = Duration::from_secs(60);

/// How long it may take until a session that ended on the server has ended here: a server that hears no
/// acknowledgement gives up after some tries, and the next keep-alive is repeated before it is missed.
const DOUBTFUL_FOR: Duration = Duration::from_secs(600);

/// Cut to minutes, stored after some tries, by a clock that may be wrong.
const STAMP_TOLERANCE: Duration = Duration::from_secs(120);

/// How long a live message may have been on its way. What was said before another message arrived was
/// hardly said twice in the same words.
const LONGEST_WAY: Duration = Duration::from_secs(3600);
