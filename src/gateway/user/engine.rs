//! The ICQ session a user holds: V5 over UDP. Another protocol becomes a variant here.
//!
//! Tests of [`User`](super::User) play the session themselves.

use crate::gateway::Settings;
use crate::model::{Status, Uin};
use crate::store::{Registration, SessionTrace};

/// What a session begins with.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub(super) settings: &'a Settings,
    pub(super) registration: &'a Registration,
    pub(super) status: Status,
    pub(super) contacts: Vec<Uin>,
    /// A session that may still be open on the server.
    pub(super) ghost: Option<SessionTrace>,
    /// All chance derives from it.
    pub(super) seed: u64,
}

#[cfg(not(test))]
pub(super) use real::Engine;
#[cfg(test)]
pub(super) use scripted::Engine;

#[cfg(not(test))]
mod real {
    use std::time::Instant;

    use super::Opening;
    use crate::icq::{Command, Output};
    use crate::model::Now;

    #[derive(Debug)]
    pub(in crate::gateway::user) struct Engine {}

    #[expect(unused_variables, reason = "the session comes from another branch")]
    impl Engine {
        pub(in crate::gateway::user) fn open(now: Now, opening: Opening<'_>) -> Self {
            Self {}
        }
        pub(in crate::gateway::user) fn session_id(&self) -> u32 {
            0
        }
        pub(in crate::gateway::user) fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {}
        pub(in crate::gateway::user) fn handle_command(&mut self, now: Instant, command: Command) {}
        pub(in crate::gateway::user) fn handle_timeout(&mut self, now: Instant) {}
        pub(in crate::gateway::user) fn poll_output(&mut self) -> Option<Output> {
            None
        }
        pub(in crate::gateway::user) fn poll_timeout(&self) -> Option<Instant> {
            None
        }
    }
}

#[cfg(test)]
mod scripted {
    use std::collections::VecDeque;
    use std::time::Instant;

    use super::Opening;
    use crate::icq::{Command, Event, LogoutReason, Output};
    use crate::model::{Now, Secret, Status, Uin};
    use crate::store::SessionTrace;

    /// A session that does what a test says, and remembers what it was asked.
    #[derive(Debug)]
    pub(in crate::gateway::user) struct Engine {
        pub(in crate::gateway::user) uin: Uin,
        pub(in crate::gateway::user) password: Secret,
        pub(in crate::gateway::user) status: Status,
        pub(in crate::gateway::user) contacts: Vec<Uin>,
        pub(in crate::gateway::user) ghost: Option<SessionTrace>,
        pub(in crate::gateway::user) commands: Vec<Command>,
        pub(in crate::gateway::user) outputs: VecDeque<Output>,
    }

    impl Engine {
        pub(in crate::gateway::user) fn open(_now: Now, opening: Opening<'_>) -> Self {
            Self {
                uin: opening.registration.uin,
                password: opening.registration.password.clone(),
                status: opening.status,
                contacts: opening.contacts,
                ghost: opening.ghost,
                commands: Vec::new(),
                outputs: VecDeque::new(),
            }
        }

        pub(in crate::gateway::user) fn session_id(&self) -> u32 {
            7
        }

        pub(in crate::gateway::user) fn handle_datagram(&mut self, _now: Instant, _: &[u8]) {}

        pub(in crate::gateway::user) fn handle_command(&mut self, _now: Instant, command: Command) {
            if command == Command::LogOut {
                let event = Event::LoggedOut(LogoutReason::Asked);
                self.outputs.push_back(Output::Event(event));
            }
            self.commands.push(command);
        }

        pub(in crate::gateway::user) fn handle_timeout(&mut self, _now: Instant) {}

        pub(in crate::gateway::user) fn poll_output(&mut self) -> Option<Output> {
            self.outputs.pop_front()
        }

        pub(in crate::gateway::user) fn poll_timeout(&self) -> Option<Instant> {
            None
        }
    }
}
