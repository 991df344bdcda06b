//! An ICQ server, for tests and the demo only.
//!
//! It exists so that the gateway can be shown and tested without anybody else's server: it keeps
//! everything in memory, knows no encryption and trusts whoever runs it. Do not put it on a network.
//!
//! Like everything outside `runtime` it does no I/O: a driver hands it datagrams and the time, sends
//! what it gives out, and sleeps until it wants to be woken.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Instant;
//!
//! use icq_transport::model::{Now, Uin};
//! use icq_transport::server::{Account, Server, Setup};
//!
//! let mut server = Server::new(Setup {
//!     accounts: vec![Account::new(Uin(200_001), "secret").named("alice", "Alice", "Anders")],
//!     ..Setup::default()
//! });
//!
//! /// What a driver does when a datagram came, or when it was woken without one.
//! fn turn(server: &mut Server, now: Now, datagram: Option<(SocketAddr, &[u8])>) -> Option<Instant> {
//!     match datagram {
//!         Some((from, datagram)) => server.handle_datagram(now, from, datagram),
//!         None => server.handle_timeout(now),
//!     }
//!     while let Some((to, datagram)) = server.poll_output() {
//!         // The socket sends `datagram` to `to`.
//!         # drop((to, datagram));
//!     }
//!     server.poll_timeout()
//! }
//! # let _ = turn;
//! ```
//!
//! It follows icq-udp.md, above all §4, §6 to §8, the server's part of §11, and §12; where real
//! servers differ from what that recommends, [`Behaviour`] chooses. Six contacts live in the server
//! and answer ([`BOTS`]).
//!
//! It speaks V1 to V5, and users of all versions meet: `network` knows accounts, presence and messages
//! and no packet, `udp` turns both into packets and back, and `udp::manners` knows what sets the
//! versions apart. What only tests need is in `hooks`, and documented as such.

mod account;
mod behaviour;
mod bots;
mod hooks;
mod journal;
mod letters;
mod limits;
mod network;
mod udp;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub use account::{Account, Groupware, Home, HomepageCategory, More, Work};
pub use behaviour::{
    Acknowledgements, AuthorisationByte, BadPassword, Behaviour, GeneralEnd, LoginAnswer,
    MetaAnswer, NumberedReplies, OfflineMessages, Retransmission, SecondLogin, Strangers, TooMuch,
};
pub use bots::{BOTS, COMET, ECHO, GATE, GREETER, HERMIT, SIESTA};
pub use hooks::Counters;
pub use journal::{Ending, Entry, JournalEvent, LetterNumber, Loss};

use crate::icq::udp::Noise;
use crate::model::Now;

use bots::Bots;
use network::{Network, Notice, Rules};

/// What a server starts with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Who has a number, beside the contacts living in the server.
    pub accounts: Vec<Account>,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// What its chance is drawn from.
    pub seed: u64,
    /// Whether the contacts living in the server ([`BOTS`]) are there.
    pub bots: bool,
    /// How many lines the journal keeps; 0 keeps none. A test hook.
    pub journal: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            behaviour: Behaviour::reference(),
            seed: 0,
            bots: true,
            journal: 0,
        }
    }
}

/// The server.
///
/// Call a `handle_*` method when something happens, then [`poll_output`](Self::poll_output) until
/// it returns `None`, then sleep until [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Server {
    base: Base,
    bots: Bots,
    udp: udp::Service,
}

/// What the protocols share: the users, and the way out.
#[derive(Debug)]
struct Base {
    behaviour: Behaviour,
    network: Network,
    random: StdRng,
    outputs: VecDeque<(SocketAddr, Vec<u8>)>,
    counters: Counters,
}

impl Server {
    /// A server with these accounts, and nobody online.
    pub fn new(setup: Setup) -> Self {
        let accounts = setup
            .accounts
            .into_iter()
            .map(|account| (account.uin, account))
            .collect();
        let rules = Rules {
            stored_messages: setup.behaviour.stored_messages,
            invisible_blinks: setup.behaviour.invisible_blinks,
        };
        let mut network = Network::new(accounts, setup.journal, rules);
        let bots = Bots::new(setup.bots);
        bots.move_in(&mut network);
        Self {
            base: Base {
                network,
                behaviour: setup.behaviour,
                random: StdRng::seed_from_u64(setup.seed),
                outputs: VecDeque::new(),
                counters: Counters::default(),
            },
            bots,
            udp: udp::Service::new(),
        }
    }

    /// Takes a datagram that came from `from`.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        self.bots.start(now, &mut self.base.network);
        self.udp
            .handle_datagram(now, from, datagram, &mut self.base);
        self.settle(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.bots.start(now, &mut self.base.network);
        self.udp.handle_timeout(now, &mut self.base);
        self.settle(now);
    }

    /// The next datagram to send, and where to.
    pub fn poll_output(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.base.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.udp.poll_timeout(), self.bots.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Tells everybody what concerns them, until there is nothing left to tell, and sends.
    fn settle(&mut self, now: Now) {
        loop {
            self.bots.handle_timeout(now, &mut self.base.network);
            let Some((uin, notice)) = self.base.network.poll_notice() else {
                if self.udp.flush(now, &mut self.base) {
                    return;
                }
                continue;
            };
            if self.base.network.residents.contains(&uin) {
                self.bots
                    .handle_notice(now, uin, notice, &mut self.base.network);
            } else if self.udp.serves(uin) {
                self.udp.handle_notice(now, uin, notice, &mut self.base);
            } else if let Notice::Message(letter) = notice {
                self.base.network.keep(now, letter);
            }
        }
    }
}

impl Base {
    /// Puts a datagram among those to send.
    fn transmit(&mut self, to: SocketAddr, datagram: Vec<u8>) {
        self.outputs.push_back((to, datagram));
    }

    /// Randomness for one packet.
    fn noise(&mut self) -> Noise {
        noise(&mut self.random)
    }
}

fn noise(random: &mut StdRng) -> Noise {
    Noise::from(random.next_u64())
}
