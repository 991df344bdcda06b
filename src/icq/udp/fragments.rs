//! Packets of V3 that are too long for one datagram (`icq-udp.md` §4.7).
//!
//! A fragment is acknowledged like any packet. All of them, one after the other, are a packet with a
//! header of its own, whose sequence numbers are those of the first: it is no duplicate of that.

use std::time::{Duration, Instant};

use super::groupware::Fragment;
use crate::icq::wire::SecretRest;

/// Cuts a packet, header included, into what goes behind the headers of `FRAGMENT` packets.
///
/// What needs more than [`MOST`] of them is not to be sent, and comes out empty.
pub fn cut(packet: &[u8]) -> Vec<Fragment<'_>> {
    let slices = packet.chunks(LONGEST_SLICE);
    let Ok(count @ 1..=MOST) = u8::try_from(slices.len()) else {
        return Vec::new();
    };
    (0..)
        .zip(slices)
        .map(|(index, slice)| Fragment {
            index,
            count,
            slice: SecretRest(slice),
        })
        .collect()
}

/// Puts fragments together again: those of one packet at a time.
#[derive(Debug, Default)]
pub struct Assembly {
    run: Option<Run>,
}

/// Fragments of the same packet.
struct Run {
    key: u16,
    begun: Instant,
    slices: Vec<Option<Box<[u8]>>>,
}

impl Assembly {
    /// Takes a fragment, and gives the packet if it was the last one missing.
    ///
    /// `key` tells one packet's fragments from another's: a server takes their `seq2`, which they
    /// share; from servers it comes both shared and counting, so a client takes a constant. A
    /// fragment that is there already begins another packet.
    pub fn take(&mut self, now: Instant, key: u16, fragment: &Fragment<'_>) -> Option<Vec<u8>> {
        let Fragment {
            index,
            count: 1..=MOST,
            slice,
        } = *fragment
        else {
            return None;
        };
        let (index, count) = (usize::from(index), usize::from(fragment.count));
        if index >= count {
            return None;
        }
        let run = match self.run.take() {
            Some(run) if run.misses(now, key, index, count) => run,
            _ => Run {
                key,
                begun: now,
                slices: vec![None; count],
            },
        };
        let run = self.run.insert(run);
        run.slices[index] = Some(slice.0.into());
        if run.slices.iter().any(Option::is_none) {
            return None;
        }
        let run = self.run.take()?;
        Some(run.slices.into_iter().flatten().flatten().collect())
    }
}

impl Run {
    fn misses(&self, now: Instant, key: u16, index: usize, count: usize) -> bool {
        self.key == key
            && now < self.begun + PATIENCE
            && self.slices.len() == count
            && self.slices[index].is_none()
    }
}

/// There may be a password in the slices.
impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("key", &self.key)
            .field("count", &self.slices.len())
            .finish_non_exhaustive()
    }
}

/// The most fragments of a packet.
pub const MOST: u8 = 20;

/// What servers put into one datagram, less headers.
const LONGEST_SLICE: usize = 482;

/// After this the rest will not come any more.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_packet_is_cut_and_put_together_in_any_order() {
        let packet: Vec<u8> = (0..1000_u16).map(|at| (at % 251) as u8).collect();
        let fragments = cut(&packet);
        let sizes: Vec<_> = fragments
            .iter()
            .map(|f| (f.index, f.count, f.slice.0.len()))
            .collect();
        assert_eq!(sizes, [(0, 3, 482), (1, 3, 482), (2, 3, 36)]);

        let now = Instant::now();
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let mut assembly = Assembly::default();
            assert_eq!(assembly.take(now, 7, &fragments[order[0]]), None);
            assert_eq!(assembly.take(now, 7, &fragments[order[1]]), None);
            let whole = assembly.take(now, 7, &fragments[order[2]]);
            assert_eq!(whole.as_ref(), Some(&packet), "{order:?}");
            assert_eq!(assembly.take(now, 7, &fragments[0]), None);
        }
    }

    #[test]
    fn a_packet_of_one_fragment_is_whole_at_once() {
        let mut assembly = Assembly::default();
        let fragments = cut(b"short");
        let whole = assembly.take(Instant::now(), 0, &fragments[0]);
        assert_eq!(whole.as_deref(), Some(&b"short"[..]));
    }

    #[test]
    fn what_belongs_to_another_packet_begins_anew() {
        let now = Instant::now();
        let late = now + PATIENCE;
        let (first, second) = (cut(&[1; 900]), cut(&[2; 900]));
        let longer = cut(&[3; 1200]);
        for (when, key, fragment) in [
            (now, 0, &second[0]),
            (now, 1, &second[1]),
            (late, 0, &second[1]),
            (now, 0, &longer[1]),
        ] {
            let mut assembly = Assembly::default();
            assert_eq!(assembly.take(now, 0, &first[0]), None);
            assert_eq!(assembly.take(when, key, fragment), None);
            let rest = assembly.take(when, 0, &first[1]);
            let mixed = [[2; 482].as_slice(), &[1; 418]].concat();
            let expected = (fragment.slice.0 == [2; 482]).then_some(mixed);
            assert_eq!(rest, expected);
        }
    }

    #[test]
    fn nonsense_and_too_much_are_refused() {
        let fragment = |index, count| Fragment {
            index,
            count,
            slice: SecretRest(b"x"),
        };
        let now = Instant::now();
        let mut assembly = Assembly::default();
        for (index, count) in [(0, 0), (1, 1), (0, MOST + 1), (255, 255)] {
            assert_eq!(assembly.take(now, 0, &fragment(index, count)), None);
        }
        assert!(assembly.run.is_none());
        assert_eq!(cut(&[0; 482 * 20]).len(), 20);
        assert!(cut(&[0; 482 * 20 + 1]).is_empty());
        assert!(cut(b"").is_empty());
    }

    proptest! {
        #[test]
        fn any_fragments_are_taken(
            fragments in proptest::collection::vec((0_u16..2, 0_u8..5, 0_u8..5, any::<[u8; 3]>()), 0..40),
        ) {
            let now = Instant::now();
            let mut assembly = Assembly::default();
            for (key, index, count, slice) in &fragments {
                let fragment = Fragment { index: *index, count: *count, slice: SecretRest(slice) };
                if let Some(whole) = assembly.take(now, *key, &fragment) {
                    prop_assert_eq!(whole.len(), usize::from(*count) * 3);
                }
            }
        }
    }
}
