//! What is about to happen, in the order of time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use xmpp_parsers::jid::BareJid;

use crate::people::Deed;
use crate::trouble::Trouble;

/// Something that happens at a moment known before.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A datagram reaches the ICQ server.
    ReachesServer { from: SocketAddr, datagram: Vec<u8> },
    /// A datagram reaches the gateway's machine, whoever listens there.
    ReachesGateway { port: u16, datagram: Vec<u8> },
    /// A socket that was asked for is there, or cannot be.
    SocketOpens {
        run: u32,
        user: BareJid,
        wish: u32,
        port: Option<u16>,
    },
    /// What a user waits for is on disk.
    DiskIsDone { run: u32, user: BareJid },
    /// Notes that nobody waits for go to disk.
    NotesAreWritten { run: u32 },
    /// Somebody does something.
    Deed(Deed),
    /// Something breaks, or is mended.
    Trouble(Trouble),
}

/// What is about to happen. Things of one moment happen in the order they were planned.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(Instant, u64), Event>,
    planned: u64,
}

impl Agenda {
    pub(crate) fn plan(&mut self, at: Instant, event: Event) {
        self.planned += 1;
        self.entries.insert((at, self.planned), event);
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Event> {
        let entry = self.entries.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Takes everything out that `unwanted` names.
    pub(crate) fn cancel(&mut self, unwanted: impl Fn(&Event) -> bool) {
        self.entries.retain(|_, event| !unwanted(event));
    }
}
