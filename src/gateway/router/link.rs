//! The link to the XMPP server: what it grants, and who is told that it is up (xmpp-gateway.md §3.4).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::jid::{BareJid, Jid};

use crate::gateway::Privileges;
use crate::gateway::pace::{Pace, Rate};
use crate::xmpp::payload::privilege::Advertised;

/// The link to the XMPP server.
#[derive(Debug, Default)]
pub(super) struct Link {
    stage: Stage,
    /// What is granted, by domain.
    privileges: BTreeMap<String, Arc<Privileges>>,
    nothing: Arc<Privileges>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Down,
    /// Up; the server may still say what it grants.
    Waiting { until: Instant },
    /// Users are told, in the order of their addresses, at a pace the server can bear.
    Telling {
        told: Option<BareJid>,
        pace: Pace,
        next: Option<Instant>,
    },
    /// Everybody knows.
    Up,
}

impl Link {
    pub(super) fn up(&mut self, now: Instant) {
        self.privileges.clear();
        self.stage = Stage::Waiting {
            until: now + GRANTS_TAKE,
        };
    }

    pub(super) fn down(&mut self) {
        self.stage = Stage::Down;
    }

    pub(super) const fn is_up(&self) -> bool {
        !matches!(self.stage, Stage::Down)
    }

    /// Takes what a server says it grants, if it is one that is believed.
    pub(super) fn advertised(&mut self, from: &Jid, payload: &Element, believed: &[String]) {
        let Some(advertised) = Advertised::read(payload) else {
            return;
        };
        let privileges = Privileges {
            roster_get: advertised.roster_get,
            roster_set: advertised.roster_set,
            message: advertised.message.then_some(advertised.namespace),
        };
        let domain = from.domain().as_str().to_owned();
        self.privileges.insert(domain, Arc::new(privileges));
        let all = believed
            .iter()
            .all(|domain| self.privileges.contains_key(domain));
        if all && matches!(self.stage, Stage::Waiting { .. }) {
            self.tell();
        }
    }

    /// What is granted for this user.
    pub(super) fn privileges(&self, user: &BareJid) -> Arc<Privileges> {
        let granted = self.privileges.get(user.domain().as_str());
        Arc::clone(granted.unwrap_or(&self.nothing))
    }

    fn tell(&mut self) {
        self.stage = Stage::Telling {
            told: None,
            pace: Pace::default(),
            next: None,
        };
    }

    /// Whom to tell next that the link is up. `after` finds the next user behind one, or the first.
    pub(super) fn next(
        &mut self,
        now: Instant,
        after: impl Fn(Option<&BareJid>) -> Option<BareJid>,
    ) -> Option<BareJid> {
        if let Stage::Waiting { until } = self.stage
            && until <= now
        {
            self.tell();
        }
        let Stage::Telling { told, pace, next } = &mut self.stage else {
            return None;
        };
        let Some(user) = after(told.as_ref()) else {
            self.stage = Stage::Up;
            return None;
        };
        match pace.take(now, Rate::every(USER_EVERY)) {
            Ok(()) => {
                *told = Some(user.clone());
                *next = Some(now);
                Some(user)
            }
            Err(turn) => {
                *next = Some(turn);
                None
            }
        }
    }

    /// When to ask [`next`](Self::next) again, if ever.
    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Waiting { until } => Some(*until),
            Stage::Telling { next, .. } => *next,
            Stage::Down | Stage::Up => None,
        }
    }
}

/// How long the server may take to say what it grants. It takes 3 ms (measured).
const GRANTS_TAKE: Duration = Duration::from_secs(2);

/// 50 users per second.
const USER_EVERY: Duration = Duration::from_millis(20);
