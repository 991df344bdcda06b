//! Who is online, as far as the next packet needs it (`icq-udp.md` §7.6).

use crate::model::Uin;

/// The flags contacts came online with, and whom nobody wants to hear of any more.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Sorted by number; only those with flags.
    flags: Vec<(Uin, u16)>,
    /// Sorted. The protocol has no packet that ends watching somebody, so the server goes on.
    unwatched: Vec<Uin>,
}

impl Presence {
    /// Somebody is online, with the status word of 0x006E.
    pub(super) fn online(&mut self, uin: Uin, word: u32) {
        self.keep_flags(uin, word);
    }

    /// Somebody's status changed, to the word of 0x01A4; returns the whole one. Where that has no flags, the last ones hold:
    /// some servers leave them out.
    pub(super) fn changed(&mut self, uin: Uin, word: u32) -> u32 {
        if word > LOW_WORD {
            self.online(uin, word);
            return word;
        }
        let flags = self
            .position(uin)
            .map_or(0, |index| u32::from(self.flags[index].1));
        word | flags << 16
    }

    /// Somebody is offline.
    pub(super) fn offline(&mut self, uin: Uin) {
        self.keep_flags(uin, 0);
    }

    /// Whether anybody wants to hear of this one.
    pub(super) fn is_wanted(&self, uin: Uin) -> bool {
        self.unwatched.binary_search(&uin).is_err()
    }

    /// Somebody is wanted, again.
    pub(super) fn watch(&mut self, uin: Uin) {
        if let Ok(index) = self.unwatched.binary_search(&uin) {
            self.unwatched.remove(index);
        }
    }

    /// Nobody wants to hear of this one any more.
    pub(super) fn unwatch(&mut self, uin: Uin) {
        if let Err(index) = self.unwatched.binary_search(&uin)
            && self.unwatched.len() < MOST_UNWATCHED
        {
            self.unwatched.insert(index, uin);
        }
    }

    fn position(&self, uin: Uin) -> Option<usize> {
        self.flags.binary_search_by_key(&uin, |&(uin, _)| uin).ok()
    }

    fn keep_flags(&mut self, uin: Uin, word: u32) {
        let flags = (word >> 16) as u16 & KEPT_FLAGS;
        match self.flags.binary_search_by_key(&uin, |&(uin, _)| uin) {
            Ok(index) if flags == 0 => {
                self.flags.remove(index);
            }
            Ok(index) => self.flags[index].1 = flags,
            Err(index) if flags != 0 && self.flags.len() < MOST_FLAGGED => {
                self.flags.insert(index, (uin, flags));
            }
            Err(_) => {}
        }
    }
}

const LOW_WORD: u32 = 0xFFFF;

/// Web aware and birthday, the flags a [`Status`](crate::model::Status) knows (§10.3).
const KEPT_FLAGS: u16 = 0x0009;

const MOST_FLAGGED: usize = 2000;
const MOST_UNWATCHED: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const BEN: Uin = Uin(1001);
    const WEB_AWARE: u32 = 0x0001_0000;

    #[test]
    fn a_change_without_flags_keeps_those_of_the_last_online_notice() {
        let mut presence = Presence::default();
        presence.online(BEN, WEB_AWARE);

        assert_eq!(presence.changed(BEN, 0x0001), WEB_AWARE | 0x0001);
    }

    #[test]
    fn whoever_went_offline_comes_back_without_the_old_flags() {
        let mut presence = Presence::default();
        presence.online(BEN, WEB_AWARE);

        presence.offline(BEN);

        assert_eq!(presence.changed(BEN, 0), 0);
    }

    #[test]
    fn a_contact_who_was_removed_is_not_heard_of_until_added_again() {
        let mut presence = Presence::default();
        presence.unwatch(BEN);
        assert!(!presence.is_wanted(BEN));

        presence.watch(BEN);
        assert!(presence.is_wanted(BEN));
    }
}
