//! The check word of V3 to V5: 16 bits of redundancy, no proof of anything (`icq-udp.md` §3.1).

use std::ops::Range;

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

/// Puts a check word in its place.
pub(super) fn put(packet: &mut [u8], at: usize, check: u32) {
    packet[at..at + 4].copy_from_slice(&check.to_le_bytes());
}

/// Moves `r1` into `covered`, unless it is there already.
pub(super) fn within(r1: u8, covered: Range<usize>) -> u8 {
    let r1 = usize::from(r1);
    let moved = if covered.contains(&r1) {
        r1
    } else {
        covered.start + r1 % covered.len().max(1)
    };
    u8::try_from(moved).unwrap_or(u8::MAX)
}

/// Moves `r1` to a byte before the check word at `field`, unless it is one of the packet's other
/// bytes already.
pub(super) fn beside(r1: u8, length: usize, field: usize) -> u8 {
    if (field + 4..length).contains(&r1.into()) {
        return r1;
    }
    within(r1, 0..field)
}

/// The half that depends on the header.
fn check1(packet: &[u8]) -> u32 {
    let byte = |at: usize| packet.get(at).copied().unwrap_or_default();
    u32::from_be_bytes([byte(8), byte(4), byte(2), byte(6)])
}
