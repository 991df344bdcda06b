//! Packets outside a session's numbering: acknowledgements, and answers to those who have no session.
//! They bear seq1 0 or that of the packet they acknowledge. With them the last word to a session, which
//! has its number; none of them is ever repeated.

use std::net::SocketAddr;

use crate::icq::udp::{Dialect, FromServer, Header, Side, V5, Version};

use super::{ACK, KEEP_ALIVE};
use crate::server::Base;

/// Acknowledges a client's packet, at once and before anything else (icq-udp.md §4.1).
pub(super) fn acknowledge(to: SocketAddr, header: &Header, body: &[u8], base: &mut Base) {
    let header = Header {
        command: ACK,
        ..*header
    };
    let datagram = V5.seal(Side::Server, &header, base.noise(), body);
    base.transmit(to, datagram);
}

/// Says that the server does not know this session.
pub(super) fn not_connected(to: SocketAddr, header: &Header, base: &mut Base) {
    let seq2 = match header.command {
        KEEP_ALIVE => 0,
        _ => header.seq2,
    };
    let header = Header { seq2, ..*header };
    reply(to, &header, &FromServer::NotConnected, base);
}

/// Answers a request outside any session: seq1 0, the request's seq2.
pub(super) fn reply(to: SocketAddr, request: &Header, packet: &FromServer<'_>, base: &mut Base) {
    let header = Header {
        command: packet.command(),
        seq1: 0,
        ..*request
    };
    say(to, &header, packet, base);
}

/// Sends a packet once.
pub(super) fn say(to: SocketAddr, header: &Header, packet: &FromServer<'_>, base: &mut Base) {
    let mut body = Vec::new();
    packet.encode(Version::V5, &mut body);
    // What stands behind the fields that clients know (icq-udp.md §2.5, §4.8, §6.6).
    match (packet, header.version) {
        (FromServer::BadPassword, Version::V3) => body.extend([0; 2]),
        (FromServer::LoginError(_), Version::V5) | (FromServer::NewUin, _) => body.extend([0; 4]),
        _ => {}
    }
    let datagram = V5.seal(Side::Server, header, base.noise(), &body);
    base.transmit(to, datagram);
}

/// The same as [`reply`] in the form of V3, which V5 clients have to take for a few packets (icq-udp.md §2.5).
pub(super) fn reply_as_v3(
    to: SocketAddr,
    request: &Header,
    packet: &FromServer<'_>,
    base: &mut Base,
) {
    let request = Header {
        version: Version::V3,
        ..*request
    };
    reply(to, &request, packet, base);
}
