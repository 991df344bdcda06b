//! Stanzas that the gateway sends to itself, to learn something from their coming back.
//!
//! They go to the component's own domain with a resource: with ejabberd's mod_privilege loaded an iq
//! to a bare domain may vanish (xmpp-gateway.md §10.6).

use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Id, Message};
use xmpp_parsers::ping::Ping;

use crate::xmpp::Stanza;

/// Makes and recognises the stanzas of one stream to itself.
#[derive(Debug)]
pub struct RoundTrips {
    domain: Jid,
    ping_to: Jid,
    twin_to: Jid,
    /// Tells this stream's probes from those of another instance, or of an earlier stream.
    token: String,
}

/// A stanza that came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Probe {
    /// The ping of that number.
    Ping(u64),
    /// The message of that number that looks for a second instance.
    Twin(u64),
    /// One that another stream sent.
    Foreign,
}

impl RoundTrips {
    /// The probes of the component `domain` on a new stream; `token` is chosen at random. `None` if
    /// `domain` is none.
    pub fn new(domain: &str, token: u64) -> Option<Self> {
        let with = |resource| Jid::new(&format!("{domain}/{resource}")).ok();
        Some(Self {
            domain: Jid::new(domain).ok()?,
            ping_to: with("ping")?,
            twin_to: with("twin")?,
            token: format!("{token:016x}-"),
        })
    }

    /// The ping of that number.
    pub fn ping(&self, number: u64) -> Stanza {
        let id = format!("{PING}{}{number}", self.token);
        Stanza::Iq(Box::new(Iq::Get {
            from: Some(self.domain.clone()),
            to: Some(self.ping_to.clone()),
            id,
            payload: Ping.into(),
        }))
    }

    /// The message of that number that looks for a second instance.
    pub fn twin(&self, number: u64) -> Stanza {
        let mut message = Message::new(self.twin_to.clone());
        message.from = Some(self.domain.clone());
        message.id = Some(Id(format!("{TWIN}{}{number}", self.token)));
        Stanza::Message(Box::new(message))
    }

    /// Which of them `stanza` is, if it is one. The server vouches for `from`.
    pub fn recognise(&self, stanza: &Stanza) -> Option<Probe> {
        let (from, id) = match stanza {
            Stanza::Iq(iq) => (iq.from()?, iq.id()),
            Stanza::Message(message) => (message.from.as_ref()?, message.id.as_ref()?.0.as_str()),
            Stanza::Presence(_) => return None,
        };
        if from.node().is_some() || from.domain() != self.domain.domain() {
            return None;
        }
        let (make, rest): (fn(u64) -> Probe, _) = match id.strip_prefix(PING) {
            Some(rest) => (Probe::Ping, rest),
            None => (Probe::Twin, id.strip_prefix(TWIN)?),
        };
        let number = rest.strip_prefix(&self.token).and_then(|n| n.parse().ok());
        Some(number.map_or(Probe::Foreign, make))
    }
}

const PING: &str = "own-ping-";
const TWIN: &str = "own-twin-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_recognised_by_number() {
        let own = RoundTrips::new("icq.example.org", 7).unwrap();

        assert_eq!(own.recognise(&own.ping(12)), Some(Probe::Ping(12)));
        assert_eq!(own.recognise(&own.twin(13)), Some(Probe::Twin(13)));
    }

    #[test]
    fn probes_of_another_instance_are_told_apart() {
        let own = RoundTrips::new("icq.example.org", 7).unwrap();
        let other = RoundTrips::new("icq.example.org", 8).unwrap();

        assert_eq!(own.recognise(&other.ping(1)), Some(Probe::Foreign));
    }

    #[test]
    fn nobody_else_can_send_them() {
        let own = RoundTrips::new("icq.example.org", 7).unwrap();
        for forger in ["romeo@example.org/pc", "1@icq.example.org", "example.org"] {
            let Stanza::Message(mut message) = own.twin(1) else {
                panic!("a twin is a message");
            };
            message.from = Some(Jid::new(forger).unwrap());

            assert_eq!(own.recognise(&Stanza::Message(message)), None, "{forger}");
        }
    }
}
