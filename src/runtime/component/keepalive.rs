//! Notices that the server is gone although the connection is not (xmpp-gateway.md §3.3).

use std::time::{Duration, Instant};

/// Watches for silence.
#[derive(Debug)]
pub struct KeepAlive {
    heard: Instant,
    pinged: Option<Instant>,
}

/// What silence asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Life {
    /// Nothing yet.
    Quiet,
    /// A ping that comes back through the server.
    Ping,
    /// A new connection.
    GiveUp,
}

impl KeepAlive {
    /// A stream that is up since `now`.
    pub const fn new(now: Instant) -> Self {
        Self {
            heard: now,
            pinged: None,
        }
    }

    /// Bytes came.
    pub const fn handle_bytes(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
    }

    /// What to do now.
    pub fn handle_timeout(&mut self, now: Instant) -> Life {
        match self.pinged {
            None if now - self.heard >= PING_AFTER => {
                self.pinged = Some(now);
                Life::Ping
            }
            Some(pinged) if now - pinged >= GIVE_UP_AFTER => Life::GiveUp,
            None | Some(_) => Life::Quiet,
        }
    }

    /// When to ask again what to do.
    pub fn poll_timeout(&self) -> Instant {
        match self.pinged {
            None => self.heard + PING_AFTER,
            Some(pinged) => pinged + GIVE_UP_AFTER,
        }
    }
}

const PING_AFTER: Duration = Duration::from_secs(60);
const GIVE_UP_AFTER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_pinged_after_a_minute_and_given_up_half_a_minute_later() {
        let start = Instant::now();
        let mut watch = KeepAlive::new(start);

        assert_eq!(watch.handle_timeout(after(start, 59)), Life::Quiet);
        assert_eq!(watch.poll_timeout(), after(start, 60));
        assert_eq!(watch.handle_timeout(after(start, 60)), Life::Ping);
        assert_eq!(watch.handle_timeout(after(start, 61)), Life::Quiet);
        assert_eq!(watch.poll_timeout(), after(start, 90));
        assert_eq!(watch.handle_timeout(after(start, 90)), Life::GiveUp);
    }

    #[test]
    fn any_byte_is_a_sign_of_life() {
        let start = Instant::now();
        let mut watch = KeepAlive::new(start);
        watch.handle_timeout(after(start, 60));

        watch.handle_bytes(after(start, 75));

        assert_eq!(watch.handle_timeout(after(start, 100)), Life::Quiet);
        assert_eq!(watch.handle_timeout(after(start, 135)), Life::Ping);
    }

    fn after(start: Instant, secs: u64) -> Instant {
        start + Duration::from_secs(secs)
    }
}
