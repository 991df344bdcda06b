//! The network between the gateway and the ICQ server: datagrams get lost, come twice, come late.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use icq_transport::icq::udp::{FromServer, Side, ToServer, Version};
use rand::RngExt;

use crate::agenda::Event;
use crate::plan::Line;
use crate::world::World;

/// The network to the ICQ server.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) line: Line,
    /// Nothing gets through.
    pub(crate) is_cut: bool,
    /// How many datagrams arrive with some of their bytes changed.
    pub(crate) garbles: f64,
}

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    ToServer,
    ToGateway,
}

impl Wire {
    pub(crate) fn new(line: Line) -> Self {
        Self {
            line,
            is_cut: false,
            garbles: 0.0,
        }
    }
}

impl World {
    /// The gateway sends a datagram from one of its sockets.
    pub(crate) fn carry_to_server(&mut self, port: u16, datagram: Vec<u8>) {
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let fate = self.fate(Way::ToServer);
        self.say(|| {
            format!(
                "      udp {port} > {} {fate:?}",
                brief(Side::Client, &datagram)
            )
        });
        for delay in fate {
            let at = self.now.instant + delay;
            let datagram = self.as_it_arrives(&datagram);
            self.agenda
                .plan(at, Event::ReachesServer { from, datagram });
        }
    }

    /// The ICQ server sends a datagram.
    pub(crate) fn carry_to_gateway(&mut self, to: SocketAddr, datagram: Vec<u8>) {
        let port = to.port();
        let fate = self.fate(Way::ToGateway);
        self.say(|| {
            format!(
                "      udp {port} < {} {fate:?}",
                brief(Side::Server, &datagram)
            )
        });
        for delay in fate {
            let at = self.now.instant + delay;
            let datagram = self.as_it_arrives(&datagram);
            self.agenda
                .plan(at, Event::ReachesGateway { port, datagram });
        }
    }

    fn as_it_arrives(&mut self, datagram: &[u8]) -> Vec<u8> {
        let mut bytes = datagram.to_vec();
        if self.chance(self.wire.garbles) && !bytes.is_empty() {
            for _ in 0..self.rng.random_range(1..4) {
                let at = self.rng.random_range(0..bytes.len());
                bytes[at] = self.rng.random();
            }
        }
        bytes
    }

    /// The delays of all copies that arrive.
    fn fate(&mut self, way: Way) -> Vec<Duration> {
        let Line {
            loss_to_server,
            loss_to_gateway,
            repetition,
            lag,
            longest_lag,
        } = self.wire.line;
        let loss = match way {
            Way::ToServer => loss_to_server,
            Way::ToGateway => loss_to_gateway,
        };
        let copies = if self.chance(repetition) { 2 } else { 1 };
        let mut delays = Vec::new();
        for _ in 0..copies {
            if self.wire.is_cut || self.chance(loss) {
                continue;
            }
            let late = match self.chance(lag) {
                true => self.between(Duration::ZERO, longest_lag),
                false => Duration::ZERO,
            };
            delays.push(self.between(QUICKEST, SLOWEST) + late);
        }
        delays
    }
}

/// A datagram on one line, for those who look at one seed.
fn brief(side: Side, datagram: &[u8]) -> String {
    let mut bytes = datagram.to_vec();
    let version = Version::of(datagram).unwrap_or(Version::V5);
    let Ok(opened) = version.dialect().open(side, &mut bytes) else {
        return "unreadable".to_owned();
    };
    let header = opened.header;
    let name = match side {
        Side::Client => ToServer::name(header.command),
        Side::Server => FromServer::name(header.command),
    };
    format!(
        "{version} {} seq1 {} seq2 {} session {:x}",
        name.unwrap_or("?"),
        header.seq1,
        header.seq2,
        header.session_id
    )
}

const QUICKEST: Duration = Duration::from_millis(5);
const SLOWEST: Duration = Duration::from_millis(60);
