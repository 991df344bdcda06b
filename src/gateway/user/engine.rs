//! The ICQ session a user holds: V5 over UDP. Another protocol makes this an enum.
//!
//! Tests of [`User`](super::User) play the session themselves.

#[cfg(not(test))]
pub(super) use crate::icq::udp::Session as Engine;
#[cfg(test)]
pub(super) use scripted::Engine;

#[cfg(test)]
mod scripted {
    use std::collections::VecDeque;
    use std::time::Instant;

    use crate::icq::udp::Start;
    use crate::icq::{Command, Event, LogoutReason, Output};

    /// A session that does what a test says, and remembers what it was asked.
    pub(in crate::gateway::user) struct Engine {
        pub(in crate::gateway::user) start: Start,
        pub(in crate::gateway::user) commands: Vec<Command>,
        pub(in crate::gateway::user) outputs: VecDeque<Output>,
    }

    impl Engine {
        pub(in crate::gateway::user) const fn new(_now: Instant, start: Start) -> Self {
            Self {
                start,
                commands: Vec::new(),
                outputs: VecDeque::new(),
            }
        }

        pub(in crate::gateway::user) fn open_sessions(&self) -> Vec<u32> {
            vec![self.session_id()]
        }

        pub(in crate::gateway::user) const fn session_id(&self) -> u32 {
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
