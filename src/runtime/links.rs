//! The sockets to the ICQ servers: one connected UDP socket for each user.
//!
//! A connected socket takes datagrams of the server only, and tells when the server's port is closed.
//! Servers know a session by its address and port, so each user needs one of their own.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::gateway::Network;
use crate::icq::LogoutReason;

/// Where the ICQ servers are.
#[derive(Debug)]
pub(super) struct Networks {
    links: BTreeMap<String, Links>,
}

impl Networks {
    /// Sockets to the servers of all these networks, from the same `sources`.
    pub(super) fn new(networks: &[Network], sources: &[IpAddr]) -> Self {
        let links = |network: &Network| {
            let links = Links::new(network.host.clone(), network.port, sources.to_vec());
            (network.name.clone(), links)
        };
        Self {
            links: networks.iter().map(links).collect(),
        }
    }

    /// Opens a socket to the server of a network, on this local port if that is wished and possible.
    pub(super) async fn open(
        &self,
        network: &str,
        port: Option<u16>,
    ) -> Result<Link, LogoutReason> {
        match self.links.get(network) {
            Some(links) => links.open(port).await,
            None => Err(LogoutReason::Unreachable(format!(
                "{network} is not configured"
            ))),
        }
    }
}

/// Where an ICQ server is, and where its users come from.
#[derive(Debug)]
pub struct Links {
    server: String,
    port: u16,
    sources: Vec<IpAddr>,
    next_source: AtomicUsize,
}

/// A socket to the ICQ server.
#[derive(Debug)]
pub struct Link {
    /// The socket, connected.
    pub socket: UdpSocket,
    /// The local port.
    pub local_port: u16,
}

impl Links {
    /// Sockets to `server`, by name or address. They take turns in coming from `sources`; if there
    /// are none, the system chooses.
    pub const fn new(server: String, port: u16, sources: Vec<IpAddr>) -> Self {
        Self {
            server,
            port,
            sources,
            next_source: AtomicUsize::new(0),
        }
    }

    /// Opens a socket, on this local port if that is wished and free. The server's name is resolved anew
    /// each time: servers move.
    pub async fn open(&self, port: Option<u16>) -> Result<Link, LogoutReason> {
        let server = (self.server.as_str(), self.port);
        let resolved = tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host(server)).await;
        let addresses = match resolved {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => return Err(self.unreachable(&error)),
            Err(_) => return Err(self.unreachable("its name is not resolved in time")),
        };
        let mut why = "its name has no address".to_owned();
        for address in addresses {
            // The wished port first, then any.
            for port in port.into_iter().chain([0]) {
                match self.open_to(address, port).await {
                    Ok(link) => return Ok(link),
                    Err(error) => why = error.to_string(),
                }
            }
        }
        Err(self.unreachable(why))
    }

    async fn open_to(&self, server: SocketAddr, port: u16) -> io::Result<Link> {
        let socket = UdpSocket::bind((self.source_for(server)?, port)).await?;
        socket.connect(server).await?;
        let local_port = socket.local_addr()?.port();
        Ok(Link { socket, local_port })
    }

    /// The next source address of the family of `server`.
    fn source_for(&self, server: SocketAddr) -> io::Result<IpAddr> {
        if self.sources.is_empty() {
            return Ok(match server {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            });
        }
        let fits = |source: &&IpAddr| source.is_ipv4() == server.is_ipv4();
        let fitting = self.sources.iter().filter(fits).count();
        let turn = self.next_source.fetch_add(1, Ordering::Relaxed);
        let index = turn.checked_rem(fitting);
        index
            .and_then(|index| self.sources.iter().filter(fits).nth(index).copied())
            .ok_or_else(|| {
                let family = if server.is_ipv4() { "IPv4" } else { "IPv6" };
                io::Error::other(format!("no source address is configured for {family}"))
            })
    }

    fn unreachable(&self, why: impl std::fmt::Display) -> LogoutReason {
        LogoutReason::Unreachable(format!("{}: {why}", self.server))
    }
}

/// A reason to worry about the number of users at start, if there is one (rust-stack.md §6).
///
/// `limits` is the content of `/proc/self/limits`, `ports` that of
/// `/proc/sys/net/ipv4/ip_local_port_range`.
pub(super) fn too_small(users: usize, sources: usize, limits: &str, ports: &str) -> Vec<String> {
    let mut worries = Vec::new();
    let files_wanted = users * FILES_PER_USER + FILES_BESIDE;
    if let Some(files) = open_files(limits).filter(|&files| files < files_wanted) {
        worries.push(format!(
            "this process may open {files} files; {users} users want {files_wanted}: raise \
             LimitNOFILE= of the service or `ulimit -n`"
        ));
    }
    let sources = sources.max(1);
    if let Some(ports) = local_ports(ports).filter(|&ports| ports * sources < users) {
        worries.push(format!(
            "the system has {ports} local ports for each of {sources} source addresses; {users} \
             users want one each: widen net.ipv4.ip_local_port_range or configure more sources"
        ));
    }
    worries
}

/// The soft limit on open files.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

fn local_ports(range: &str) -> Option<usize> {
    let mut ends = range.split_whitespace().map(str::parse::<usize>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (last + 1).checked_sub(first)
}

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
const FILES_PER_USER: usize = 2;
const FILES_BESIDE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_addresses_take_turns_within_their_family() {
        let first: IpAddr = "127.0.0.1".parse().unwrap();
        let second: IpAddr = "127.0.0.2".parse().unwrap();
        let sixth: IpAddr = "::1".parse().unwrap();
        let links = Links::new("icq.example".into(), 4000, vec![first, sixth, second]);
        let v4: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let v6: SocketAddr = "[2001:db8::1]:4000".parse().unwrap();

        let sources: Vec<IpAddr> = (0..3).map(|_| links.source_for(v4).unwrap()).collect();

        assert_eq!(sources, [first, second, first]);
        assert_eq!(links.source_for(v6).unwrap(), sixth);
        let only_v4 = Links::new("icq.example".into(), 4000, vec![first]);
        assert!(only_v4.source_for(v6).is_err());
    }

    #[test]
    fn without_configured_sources_the_system_chooses() {
        let links = Links::new("icq.example".into(), 4000, Vec::new());

        let source = links.source_for("[2001:db8::1]:4000".parse().unwrap());

        assert_eq!(source.unwrap(), IpAddr::from(Ipv6Addr::UNSPECIFIED));
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_a_port_is_bound() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();

        let link = Links::new("localhost".into(), port, vec![Ipv4Addr::LOCALHOST.into()])
            .open(None)
            .await
            .unwrap();
        link.socket.send(b"hello").await.unwrap();

        let (_, from) = server.recv_from(&mut [0; 10]).await.unwrap();
        assert_eq!(from.port(), link.local_port);
    }

    #[tokio::test]
    async fn a_port_that_is_wished_is_had_if_it_is_free() {
        let networks = [Network::new("icq")];
        let networks = Networks::new(&networks, &[Ipv4Addr::LOCALHOST.into()]);

        let first = networks.open("icq", None).await.unwrap();
        let second = networks.open("icq", Some(first.local_port)).await.unwrap();
        assert_ne!(second.local_port, first.local_port);
        let port = first.local_port;
        drop(first);
        let third = networks.open("icq", Some(port)).await.unwrap();

        assert_eq!(third.local_port, port);
        assert_eq!(
            networks.open("gone", None).await.err().unwrap().code(),
            "unreachable"
        );
    }

    #[tokio::test]
    async fn a_name_that_means_nothing_is_an_unreachable_server() {
        let links = Links::new("no such name".into(), 4000, Vec::new());

        let error = links.open(None).await.err().unwrap();

        assert_eq!(error.code(), "unreachable");
    }

    #[test]
    fn limits_that_are_too_small_are_told() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max processes             100                  100                  processes\n\
                      Max open files            1024                 524288               files\n";
        let ports = "32768\t60999\n";

        assert!(too_small(10, 0, limits, ports).is_empty());
        let worries = too_small(30_000, 0, limits, ports);
        assert_eq!(worries.len(), 2, "{worries:?}");
        assert!(worries[0].contains("1024 files"), "{worries:?}");
        assert!(worries[1].contains("28232 local ports"), "{worries:?}");
        assert_eq!(too_small(30_000, 2, limits, ports).len(), 1);
        assert!(too_small(30_000, 0, "", "").is_empty());
    }
}
