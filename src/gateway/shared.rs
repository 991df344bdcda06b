//! What the gateway and all its users have in common.

use super::xep::Caps;
use super::{AccessRule, Settings, Who};
use crate::model::Now;
use crate::xmpp::{Condition, Refusal};
use xmpp_parsers::jid::{BareJid, Jid};

use super::words;

/// What the gateway and all its users have in common: made once, at the start.
#[derive(Debug)]
pub struct Shared {
    /// What the operator decided.
    pub settings: Settings,
    /// What the gateway and its contacts say they can do, as presences carry it.
    pub caps: Caps,
    /// When the program started.
    pub started: Now,
}

impl Shared {
    /// Prepares what follows from `settings`.
    pub fn new(settings: Settings, started: Now) -> Self {
        Self {
            caps: Caps::new(&settings),
            settings,
            started,
        }
    }

    /// Whether this is a domain whose privileges are believed.
    pub(super) fn is_local(&self, jid: &Jid) -> bool {
        let domain = jid.domain().as_str();
        self.settings.local_domains.iter().any(|it| it == domain)
    }

    /// Whether somebody may register and use the gateway (xmpp-gateway.md §5.1, §28.2).
    pub(super) fn may_use(&self, jid: &BareJid) -> Result<(), Refusal> {
        let refuse = |why| Err(Refusal::new(Condition::NotAllowed, why));
        if jid.node().is_none() {
            return refuse(words::NO_PERSON);
        }
        if jid.domain() == &*self.settings.domain {
            return refuse(words::NO_LOOP);
        }
        let rule = self
            .settings
            .access
            .iter()
            .find(|rule| self.matches(rule, jid));
        if rule.is_some_and(|rule| rule.allowed) {
            return Ok(());
        }
        refuse(words::NO_ACCESS)
    }

    fn matches(&self, rule: &AccessRule, jid: &BareJid) -> bool {
        match &rule.who {
            Who::Local => self.is_local(jid),
            Who::Domain(domain) => jid.domain().as_str() == domain,
            Who::Jid(known) => jid.as_str() == known,
            Who::Anybody => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::model::UnixTime;

    fn may_use(access: &[(Who, bool)], jid: &str) -> Result<(), &'static str> {
        let mut settings = Settings::new("icq.example.org".parse().unwrap());
        settings.access = access
            .iter()
            .cloned()
            .map(|(who, allowed)| AccessRule { who, allowed })
            .collect();
        let now = Now {
            instant: Instant::now(),
            unix: UnixTime::default(),
        };
        let shared = Shared::new(settings, now);
        shared
            .may_use(&BareJid::new(jid).unwrap())
            .map_err(|refusal| {
                assert_eq!(refusal.condition, Condition::NotAllowed);
                match refusal.text {
                    std::borrow::Cow::Borrowed(text) => text,
                    std::borrow::Cow::Owned(_) => panic!("a fixed sentence"),
                }
            })
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = [
            (Who::Jid("tybalt@example.org".into()), false),
            (Who::Local, true),
            (Who::Domain("example.net".into()), true),
        ];
        assert_eq!(may_use(&rules, "romeo@example.org"), Ok(()));
        assert_eq!(may_use(&rules, "juliet@example.net"), Ok(()));
        assert_eq!(may_use(&rules, "tybalt@example.org"), Err(words::NO_ACCESS));
        assert_eq!(may_use(&rules, "paris@example.com"), Err(words::NO_ACCESS));
        assert_eq!(may_use(&[], "romeo@example.org"), Err(words::NO_ACCESS));
    }

    #[test]
    fn domains_and_the_gateways_own_addresses_never_may() {
        let anybody = [(Who::Anybody, true)];
        assert_eq!(may_use(&anybody, "example.org"), Err(words::NO_PERSON));
        assert_eq!(
            may_use(&anybody, "123456@icq.example.org"),
            Err(words::NO_LOOP)
        );
    }
}
