//! Bodies laid out by hand from the reference, for the tests of packets that no vector shows.

use super::{FromServer, ToServer, Version};
use crate::icq::wire::meta::MetaForm;

/// `packet` is written as `body`, `body` is read as `packet`, and no beginning of it is. In V5.
pub(super) fn assert_to_server(packet: &ToServer<'_>, body: &[u8]) {
    assert_to_server_in(Version::V5, packet, body);
}

/// As [`assert_to_server`], in any version.
pub(super) fn assert_to_server_in(version: Version, packet: &ToServer<'_>, body: &[u8]) {
    let mut written = Vec::new();
    packet.encode(version, &mut written);
    assert_eq!(
        written.escape_ascii().to_string(),
        body.escape_ascii().to_string()
    );

    let read = |body| ToServer::decode(version, packet.command(), body);
    let decoded = read(body).unwrap();
    assert_eq!((&decoded.packet, decoded.rest), (packet, &[][..]));
    for length in 0..body.len() {
        let shorter = read(&body[..length]);
        assert!(shorter.is_err(), "{length} bytes were enough: {shorter:?}");
    }
}

/// As [`assert_to_server`], for servers; a beginning may be a packet of its own, as fields at the
/// end of a server's packet may be missing.
pub(super) fn assert_from_server(packet: &FromServer<'_>, form: MetaForm, body: &[u8]) {
    assert_from_server_in(Version::V5, packet, form, body);
}

/// As [`assert_from_server`], in any version.
pub(super) fn assert_from_server_in(
    version: Version,
    packet: &FromServer<'_>,
    form: MetaForm,
    body: &[u8],
) {
    let mut written = Vec::new();
    packet.encode(version, &mut written);
    assert_eq!(
        written.escape_ascii().to_string(),
        body.escape_ascii().to_string()
    );

    let read = |body| FromServer::decode(version, packet.command(), body, form);
    let decoded = read(body).unwrap();
    assert_eq!((&decoded.packet, decoded.rest), (packet, &[][..]));
    for length in 0..body.len() {
        if let Ok(shorter) = read(&body[..length])
            && shorter.clamped.is_none()
        {
            assert_ne!(&shorter.packet, packet, "{length} bytes were enough");
        }
    }
}
