//! Messages that came, until they are safe: their acknowledgements are held back, so that the server
//! repeats what a crash would lose.

use crate::icq::Receipt;

/// Acknowledgements that wait for [`Command::Safe`](crate::icq::Command::Safe).
#[derive(Debug, Default)]
pub(super) struct Incoming {
    receipts: u64,
    held: Vec<Held>,
}

/// The acknowledgement of one packet, held back for one of the messages in it.
#[derive(Debug)]
struct Held {
    receipt: Receipt,
    seq1: u16,
    seq2: u16,
}

impl Incoming {
    /// A number for a message that came.
    pub(super) const fn receipt(&mut self) -> Receipt {
        self.receipts += 1;
        Receipt(self.receipts)
    }

    /// Whether so many messages more may wait to be safe.
    pub(super) const fn has_room_for(&self, messages: usize) -> bool {
        self.held.len() + messages <= MOST_HELD
    }

    /// Holds back the acknowledgement of a packet for a message in it.
    pub(super) fn hold(&mut self, seq1: u16, seq2: u16) -> Receipt {
        let receipt = self.receipt();
        self.held.push(Held {
            receipt,
            seq1,
            seq2,
        });
        receipt
    }

    /// Whether the acknowledgement of a packet is held back.
    pub(super) fn is_held(&self, seq1: u16) -> bool {
        self.held.iter().any(|held| held.seq1 == seq1)
    }

    /// A message is safe. Returns `seq1` and `seq2` of the packet that may be acknowledged now:
    /// one that carried several messages waits for all of them.
    pub(super) fn safe(&mut self, receipt: Receipt) -> Option<(u16, u16)> {
        let index = self.held.iter().position(|held| held.receipt == receipt)?;
        let held = self.held.remove(index);
        if self.held.is_empty() {
            self.held = Vec::new();
        }
        (!self.is_held(held.seq1)).then_some((held.seq1, held.seq2))
    }
}

/// How many messages may wait to be safe: more than a single MULTI can bring.
const MOST_HELD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_is_given_out_once_its_message_is_safe() {
        let mut incoming = Incoming::default();
        let receipt = incoming.hold(7, 0);

        assert!(incoming.is_held(7));
        assert_eq!(incoming.safe(receipt), Some((7, 0)));
        assert_eq!(incoming.safe(receipt), None);
        assert!(!incoming.is_held(7));
    }

    #[test]
    fn a_packet_of_several_messages_waits_for_the_last_of_them() {
        let mut incoming = Incoming::default();
        let first = incoming.hold(7, 0);
        let second = incoming.hold(7, 0);

        assert_eq!(incoming.safe(second), None);
        assert_eq!(incoming.safe(first), Some((7, 0)));
    }

    #[test]
    fn only_so_many_messages_wait_to_be_safe() {
        let mut incoming = Incoming::default();
        for seq1 in 0..MOST_HELD as u16 {
            assert!(incoming.has_room_for(1));
            incoming.hold(seq1, 0);
        }

        assert!(!incoming.has_room_for(1));
    }
}
