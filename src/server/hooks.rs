//! What tests may do to the server and learn of it that no client could. Nothing else uses this.

use crate::model::{Now, Uin};

use super::behaviour::Behaviour;
use super::journal::{Ending, Entry, LetterNumber};
use super::{Account, Server};

/// What the server did not process, counted. A test hook.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Datagrams in no form the server knows.
    pub undecodable: u64,
    /// Datagrams of versions that the server does not speak.
    pub unspoken: u64,
    /// Requests that the session's version does not have: only acknowledged.
    pub unknown: u64,
    /// Packets that were repeats and only acknowledged.
    pub repeated: u64,
    /// Packets beyond a limit on how many a source may send.
    pub limited: u64,
    /// Packets whose session the server does not know, or that came from elsewhere than it.
    pub strangers: u64,
    /// Datagrams sent again because nobody acknowledged them.
    pub retransmitted: u64,
}

/// Test hooks. No client can do any of this.
impl Server {
    /// Lets somebody write to somebody as though a client had sent it, online or not, with or
    /// without an account. The journal knows the message by the number returned.
    pub fn write(&mut self, now: Now, from: Uin, to: Uin, kind: u16, body: &[u8]) -> LetterNumber {
        self.bots.start(now, &mut self.base.network);
        let letter = self.base.network.send(now, from, to, kind, body);
        self.settle(now);
        letter
    }

    /// Gives somebody a status word, or takes them offline. A client's session changes status as
    /// though its client had asked, and does not end. Whoever has none becomes a puppet: it lives in
    /// the server from now on, no client can log in as it, and it reads every message at once. A
    /// contact living in the server no longer comes and goes by itself.
    pub fn set_status(&mut self, now: Now, uin: Uin, status: Option<u32>) {
        self.bots.start(now, &mut self.base.network);
        match (self.udp.serves(uin), status) {
            (true, Some(status)) => self.base.network.set_status(uin, status),
            (true, None) => {}
            (false, status) => self
                .bots
                .set_status(now, uin, status, &mut self.base.network),
        }
        self.settle(now);
    }

    /// Ends somebody's session with 0x0028. False if they have none.
    pub fn kick(&mut self, now: Now, uin: Uin) -> bool {
        let kicked = self.udp.kick(now, uin, Ending::Kicked, &mut self.base);
        self.settle(now);
        kicked
    }

    /// Goes down as a server does that has the time for it: every session ends with 0x0028, and is
    /// forgotten like after [`restart`](Self::restart), which is how the server comes back.
    pub fn shut_down(&mut self, now: Now) {
        for (uin, _) in self.online() {
            self.udp.kick(now, uin, Ending::ShutDown, &mut self.base);
        }
        let farewells = std::mem::take(&mut self.base.outputs);
        self.restart(now);
        self.base.outputs.extend(farewells);
    }

    /// Says something to everybody online whose version has 0x01C2 for it: V3 to V5.
    pub fn announce(&mut self, now: Now, text: &[u8]) {
        self.udp.announce(text);
        self.settle(now);
    }

    /// Forgets all sessions and tells nobody, as a crash and a new start do. Accounts and stored
    /// messages stay, and messages not yet acknowledged join the stored ones. Puppets are offline
    /// until their status is set again.
    pub fn restart(&mut self, now: Now) {
        self.udp.forget_sessions(now, &mut self.base);
        self.base.network.forget_sessions(now);
        self.bots.stop();
        self.base.outputs.clear();
        self.bots.start(now, &mut self.base.network);
        self.settle(now);
    }

    /// Changes how the server behaves from now on.
    pub fn set_behaviour(&mut self, behaviour: Behaviour) {
        self.base.behaviour = behaviour;
    }

    /// Who is online, the contacts living in the server among them, with their status words.
    pub fn online(&self) -> Vec<(Uin, u32)> {
        self.base.network.online().collect()
    }

    /// The account with this number.
    pub fn account(&self, uin: Uin) -> Option<&Account> {
        self.base.network.accounts.get(&uin)
    }

    /// Makes or replaces an account.
    pub fn set_account(&mut self, account: Account) {
        self.base.network.accounts.insert(account.uin, account);
    }

    /// How many messages for somebody were neither acknowledged nor deleted: those on their way and
    /// those stored.
    pub fn undelivered(&self, uin: Uin) -> usize {
        self.udp.unacknowledged_letters(uin) + self.base.network.letters.stored(uin).len()
    }

    /// Takes the lines out of the journal, oldest first.
    pub fn take_journal(&mut self) -> Vec<Entry> {
        self.base.network.journal.take()
    }

    /// What the server did not process so far.
    pub const fn counters(&self) -> Counters {
        self.base.counters
    }
}
