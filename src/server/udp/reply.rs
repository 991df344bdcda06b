//! Packets outside a session's numbering: acknowledgements, and answers to those who have no session.
//! They bear seq1 0 or that of the packet they acknowledge. With them the last word to a session, which
//! has its number; none of them is ever repeated.

use std::net::SocketAddr;

use crate::icq::udp::{FromServer, Header, Side, Version};

use super::{ACK, manners};
use crate::server::Base;

/// Acknowledges a client's packet, at once and before anything else (icq-udp.md §4.1).
pub(super) fn acknowledge(to: SocketAddr, header: &Header, body: &[u8], base: &mut Base) {
    let header = Header {
        command: ACK,
        seq2: manners::acknowledged_number(header, &base.behaviour),
        ..*header
    };
    let dialect = header.version.dialect();
    let datagram = dialect.seal(Side::Server, &header, base.noise(), body);
    base.transmit(to, datagram);
}

/// Says that the server does not know this session.
pub(super) fn not_connected(to: SocketAddr, header: &Header, base: &mut Base) {
    let seq2 = manners::unconnected_number(header);
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
    say(to, request.version, &header, packet, base);
}

/// The same in the form of V3, which V5 clients have to take for a few packets (icq-udp.md §2.5). Other
/// versions have one form only.
pub(super) fn reply_as_v3(
    to: SocketAddr,
    request: &Header,
    packet: &FromServer<'_>,
    base: &mut Base,
) {
    let header = Header {
        version: manners::lent_form(request.version),
        command: packet.command(),
        seq1: 0,
        ..*request
    };
    say(to, request.version, &header, packet, base);
}

/// Sends a packet once. `version` is the client's, and the header says in which form.
pub(super) fn say(
    to: SocketAddr,
    version: Version,
    header: &Header,
    packet: &FromServer<'_>,
    base: &mut Base,
) {
    let body = manners::body(version, header, packet);
    let datagram = version
        .dialect()
        .seal(Side::Server, header, base.noise(), &body);
    base.transmit(to, datagram);
}
