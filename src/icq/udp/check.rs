//! The check word of V3 to V5: 16 bits of redundancy, no proof of anything (`icq-udp.md` §3.1).

/// Makes the check word of `packet`: it covers the packet's byte `r1` and the table's byte `r2`.
///
/// `packet` is in clear; its check field is not among the bytes that count, whatever it holds.
pub(super) fn make(packet: &[u8], r1: u8, r2: u8, table: &[u8; 256]) -> u32 {
    let covered = packet.get(usize::from(r1)).copied().unwrap_or_default();
    check1(packet) ^ u32::from_be_bytes([r1, !covered, r2, !table[usize::from(r2)]])
}

/// Whether `check` is a check word of `packet`.
pub(super) fn verify(packet: &[u8], check: u32, table: &[u8; 256]) -> bool {
    let (r1, r2) = noise(packet, check);
    usize::from(r1) < packet.len() && make(packet, r1, r2, table) == check
}

/// The `r1` and `r2` that `check` was made with.
pub(super) fn noise(packet: &[u8], check: u32) -> (u8, u8) {
    let [r1, _, r2, _] = (check ^ check1(packet)).to_be_bytes();
    (r1, r2)
}

/// The half that depends on the header.
fn check1(packet: &[u8]) -> u32 {
    let byte = |at: usize| packet.get(at).copied().unwrap_or_default();
    u32::from_be_bytes([byte(8), byte(4), byte(2), byte(6)])
}
