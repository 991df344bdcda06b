//! What happened to each message, and whether that is allowed: "exactly one ending".
//!
//! One checker for the seeded world on virtual time and for the live runs with `kill -9`. Every
//! message carries a text that no other message has; that text is its name here.
//!
//! | direction | endings that are allowed |
//! |---|---|
//! | XMPP → ICQ | delivered once; or one error; or delivered once and one error that says "it may have arrived", where an acknowledgement was lost or the gateway crashed |
//! | ICQ → XMPP | shown once; or shown again under the same stanza id, where the link was cut or the gateway crashed |
//!
//! And in both directions: what one person says to another arrives in the order it was said.

use std::collections::{BTreeMap, BTreeSet};

/// One thing that was seen at the edge of the gateway, in the order it was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seen {
    /// A client's message was taken by the XMPP server, for the gateway.
    SaidToIcq {
        /// From whom to whom.
        pair: String,
        /// Its text.
        text: String,
    },
    /// The ICQ server accepted it from the gateway, or the ICQ client got it.
    Delivered {
        /// Its text.
        text: String,
    },
    /// The sender's client got an error for it.
    Error {
        /// The text of the message it is about.
        text: String,
        /// The error says that the message may have arrived all the same.
        may_have_arrived: bool,
    },
    /// The ICQ server accepted a message for a user of the gateway.
    SaidToXmpp {
        /// From whom to whom.
        pair: String,
        /// Its text.
        text: String,
    },
    /// The user's client got it.
    Shown {
        /// Its text.
        text: String,
        /// The stanza's id.
        stanza_id: String,
    },
    /// A fault that allows one repetition or one doubt more for what is on its way: the gateway was
    /// killed, the link to the XMPP server was cut, or all acknowledgements of a packet were lost.
    Fault,
}

/// Everything that was seen in one run.
#[derive(Clone, Debug, Default)]
pub struct History {
    seen: Vec<Seen>,
}

/// How a run went.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Endings {
    /// Messages to ICQ that were delivered and nothing else.
    pub delivered: usize,
    /// Messages to ICQ that came back and did not arrive.
    pub refused: usize,
    /// Messages to ICQ that arrived and of which their sender was told that they may have.
    pub doubtful: usize,
    /// Messages to XMPP that were shown once.
    pub shown: usize,
    /// Messages to XMPP that were shown again under the same id.
    pub repeated: usize,
}

impl History {
    /// Notes what was seen.
    pub fn note(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    /// The endings of all messages, or every rule that was broken.
    ///
    /// # Errors
    ///
    /// One line for each message that has no ending, two, or one out of order.
    pub fn check(&self) -> Result<Endings, Vec<String>> {
        let mut endings = Endings::default();
        let mut broken = Vec::new();
        self.check_to_icq(&mut endings, &mut broken);
        self.check_to_xmpp(&mut endings, &mut broken);
        if broken.is_empty() {
            Ok(endings)
        } else {
            Err(broken)
        }
    }

    fn check_to_icq(&self, endings: &mut Endings, broken: &mut Vec<String>) {
        let faults = self.seen.contains(&Seen::Fault);
        let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut delivered: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut errors: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
        for (place, seen) in self.seen.iter().enumerate() {
            match seen {
                Seen::SaidToIcq { pair, text } => said.entry(pair).or_default().push(text),
                Seen::Delivered { text } => delivered.entry(text).or_default().push(place),
                Seen::Error {
                    text,
                    may_have_arrived,
                } => {
                    errors.entry(text).or_default().push(*may_have_arrived);
                }
                Seen::SaidToXmpp { .. } | Seen::Shown { .. } | Seen::Fault => {}
            }
        }
        for (pair, texts) in &said {
            let mut last = 0;
            for text in texts {
                let arrived = delivered.get(text).map_or(&[][..], Vec::as_slice);
                let refused = errors.get(text).map_or(&[][..], Vec::as_slice);
                match (arrived, refused) {
                    ([_], []) => endings.delivered += 1,
                    ([], [_]) => endings.refused += 1,
                    ([_], [true]) if faults => endings.doubtful += 1,
                    ([_], [_]) => broken.push(format!("{pair}: {text:?} arrived and came back")),
                    ([], []) => broken.push(format!("{pair}: {text:?} has no ending")),
                    _ => broken.push(format!(
                        "{pair}: {text:?} arrived {} times and came back {} times",
                        arrived.len(),
                        refused.len()
                    )),
                }
                if let Some(&place) = arrived.first() {
                    if place < last {
                        broken.push(format!("{pair}: {text:?} arrived before its predecessor"));
                    }
                    last = last.max(place);
                }
            }
        }
        let known: BTreeSet<&str> = said.into_values().flatten().collect();
        for text in delivered.keys().chain(errors.keys()) {
            if !known.contains(text) {
                broken.push(format!("{text:?} was never said to ICQ, and has an ending"));
            }
        }
    }

    fn check_to_xmpp(&self, endings: &mut Endings, broken: &mut Vec<String>) {
        let faults = self.seen.contains(&Seen::Fault);
        let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut shown: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        for (place, seen) in self.seen.iter().enumerate() {
            match seen {
                Seen::SaidToXmpp { pair, text } => said.entry(pair).or_default().push(text),
                Seen::Shown { text, stanza_id } => {
                    shown.entry(text).or_default().push((place, stanza_id));
                }
                Seen::SaidToIcq { .. }
                | Seen::Delivered { .. }
                | Seen::Error { .. }
                | Seen::Fault => {}
            }
        }
        for (pair, texts) in &said {
            let mut last = 0;
            for text in texts {
                let times = shown.get(text).map_or(&[][..], Vec::as_slice);
                let ids: BTreeSet<&str> = times.iter().map(|&(_, id)| id).collect();
                match (times, ids.len()) {
                    ([], _) => broken.push(format!("{pair}: {text:?} was never shown")),
                    ([_], _) => endings.shown += 1,
                    (_, 1) if faults => endings.repeated += 1,
                    (_, 1) => {
                        broken.push(format!("{pair}: {text:?} was shown twice, with no fault"))
                    }
                    _ => broken.push(format!(
                        "{pair}: {text:?} was shown under {} ids",
                        ids.len()
                    )),
                }
                if let Some(&(place, _)) = times.first() {
                    if place < last {
                        broken.push(format!("{pair}: {text:?} was shown before its predecessor"));
                    }
                    last = last.max(place);
                }
            }
        }
        let known: BTreeSet<&str> = said.into_values().flatten().collect();
        for text in shown.keys().filter(|text| !known.contains(*text)) {
            broken.push(format!("{text:?} was shown, and never said to XMPP"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(seen: &[Seen]) -> History {
        let mut history = History::default();
        seen.iter().cloned().for_each(|seen| history.note(seen));
        history
    }

    fn said(text: &str) -> Seen {
        Seen::SaidToIcq {
            pair: "alice to 1".into(),
            text: text.into(),
        }
    }

    fn delivered(text: &str) -> Seen {
        Seen::Delivered { text: text.into() }
    }

    fn error(text: &str, may_have_arrived: bool) -> Seen {
        Seen::Error {
            text: text.into(),
            may_have_arrived,
        }
    }

    fn received(text: &str) -> Seen {
        Seen::SaidToXmpp {
            pair: "1 to alice".into(),
            text: text.into(),
        }
    }

    fn shown(text: &str, id: &str) -> Seen {
        Seen::Shown {
            text: text.into(),
            stanza_id: id.into(),
        }
    }

    #[test]
    fn one_ending_each_is_fine() {
        let fine = history(&[
            said("a"),
            said("b"),
            delivered("a"),
            error("b", false),
            received("c"),
            shown("c", "1"),
        ]);
        let endings = Endings {
            delivered: 1,
            refused: 1,
            shown: 1,
            ..Endings::default()
        };
        assert_eq!(fine.check(), Ok(endings));
    }

    #[test]
    fn what_the_checker_exists_to_find_is_found() {
        let faults: &[(&str, &[Seen])] = &[
            ("no ending", &[said("a")]),
            (
                "arrived 2 times",
                &[said("a"), delivered("a"), delivered("a")],
            ),
            (
                "came back 2 times",
                &[said("a"), error("a", true), error("a", true), Seen::Fault],
            ),
            (
                "arrived and came back",
                &[said("a"), delivered("a"), error("a", true)],
            ),
            (
                "arrived and came back",
                &[said("a"), delivered("a"), error("a", false), Seen::Fault],
            ),
            (
                "before its predecessor",
                &[said("a"), said("b"), delivered("b"), delivered("a")],
            ),
            ("never said to ICQ", &[delivered("a")]),
            ("never shown", &[received("a")]),
            (
                "twice, with no fault",
                &[received("a"), shown("a", "1"), shown("a", "1")],
            ),
            (
                "under 2 ids",
                &[received("a"), Seen::Fault, shown("a", "1"), shown("a", "2")],
            ),
            (
                "before its predecessor",
                &[
                    received("a"),
                    received("b"),
                    shown("b", "2"),
                    shown("a", "1"),
                ],
            ),
            ("never said to XMPP", &[shown("a", "1")]),
        ];
        for (complaint, seen) in faults {
            let broken = history(seen).check().expect_err(complaint);
            assert!(
                broken.iter().any(|line| line.contains(complaint)),
                "{complaint}: {broken:?}"
            );
        }
    }

    #[test]
    fn a_fault_allows_a_doubt_and_a_repetition_under_the_same_id() {
        let fine = history(&[
            said("a"),
            Seen::Fault,
            delivered("a"),
            error("a", true),
            received("b"),
            shown("b", "1"),
            shown("b", "1"),
        ]);
        let endings = Endings {
            doubtful: 1,
            repeated: 1,
            ..Endings::default()
        };
        assert_eq!(fine.check(), Ok(endings));
    }
}
