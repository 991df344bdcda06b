//! The link to the XMPP server: what it grants, and who is told that it is up (xmpp-gateway.md §3.4).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::jid::{BareJid, Jid};

use super::Gateway;
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
    /// Forgeries that were logged.
    forgeries: Pace,
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

    /// Takes what a server that is believed says it grants. `true` if those who were told before were
    /// told something else.
    fn advertised(&mut self, from: &Jid, payload: &Element, believed: &[String]) -> bool {
        let Some(advertised) = Advertised::read(payload) else {
            return false;
        };
        let privileges = Privileges {
            roster_get: advertised.roster_get,
            roster_set: advertised.roster_set,
            message: advertised.message.then_some(advertised.namespace),
        };
        let domain = from.domain().as_str().to_owned();
        let before = self.privileges.get(&domain).unwrap_or(&self.nothing);
        let is_news = **before != privileges;
        self.privileges.insert(domain, Arc::new(privileges));
        let is_early = matches!(self.stage, Stage::Waiting { .. });
        let mut believed = believed.iter();
        if is_early && believed.all(|domain| self.privileges.contains_key(domain)) {
            self.tell();
        }
        is_news && !is_early && self.is_up()
    }

    fn forged(&mut self, now: Instant, from: &Jid) {
        if self.forgeries.take(now, FORGERIES_LOGGED).is_ok() {
            tracing::warn!(%from, "pretends to be a server that grants privileges");
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

    /// Whom to tell next that the link is up, so many `per_second`. `after` finds the next user behind one, or the first.
    pub(super) fn next(
        &mut self,
        now: Instant,
        per_second: u32,
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
        match pace.take(now, Rate::every(Rate::per(SECOND, per_second).interval)) {
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

impl Gateway {
    /// A server says what it grants; from anybody else it is an attempt at fraud (xmpp-gateway.md §10.1).
    /// Late or changed grants are passed on at the pace of a new link.
    pub(super) fn handle_privilege(&mut self, now: Instant, from: &Jid, payload: &Element) {
        let is_server = from.node().is_none() && from.is_bare() && self.shared.is_local(from);
        if !is_server {
            return self.link.forged(now, from);
        }
        let believed = &self.shared.settings.local_domains;
        if !self.link.advertised(from, payload, believed) {
            return;
        }
        for (user, known) in &mut self.users {
            known.outdated |= known.linked && user.domain() == from.domain();
        }
        self.link.tell();
    }
}

/// How long the server may take to say what it grants. It takes 3 ms (measured).
const GRANTS_TAKE: Duration = Duration::from_secs(2);

const FORGERIES_LOGGED: Rate = Rate::every(Duration::from_secs(60));

const SECOND: Duration = Duration::from_secs(1);
