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
//!
//! Whatever else may happen to a message has to be excused, and there are two kinds of excuses. A run
//! on real servers sees little: it notes [`Seen::Fault`], which excuses a doubt about any message to ICQ
//! and a repetition of any message to XMPP, but no second error. The world sees everything: it notes which message may be in doubt, and why, and where
//! exactly a link was cut; there, nothing else is excused.
//!
//! An error counts like a stanza from ICQ: where the link was cut, nobody knows whether it arrived, so
//! it may come again, with the same id.

use std::collections::{BTreeMap, BTreeSet};

/// One thing that was seen at the edge of the gateway, in the order it was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
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
    /// Exactly here the link to the XMPP server was cut, or the gateway was killed or ended: what it
    /// sent before and does not know to have arrived comes again.
    Cut,
    /// The gateway could not know whether this message arrived: no acknowledgement of it had reached it,
    /// or a crash fell between.
    Doubt {
        /// Its text.
        text: String,
    },
    /// The ICQ server executed a repeated packet once more: it does not look for repetitions, and for it
    /// that is another message.
    ExecutedAgain {
        /// The text of the message in it.
        text: String,
    },
    /// The ICQ server, or the network behind a server that sends once, lost this message.
    LostByServer {
        /// Its text.
        text: String,
    },
    /// The gateway had no room for this message from ICQ, and told the user; or it came back from the XMPP
    /// server behind so many others that it was not kept for another try.
    NoRoom {
        /// Its text.
        text: String,
    },
    /// The user unregistered while this message, to or from ICQ, was on its way: it needs no ending, and
    /// if the user registers again, ICQ may tell it to somebody who does not know it any more.
    Forgotten {
        /// Its text.
        text: String,
    },
    /// The XMPP server had no place for this message from ICQ and sent it back.
    Returned {
        /// Its text.
        text: String,
    },
    /// A later message overtook this one before it reached the gateway, or behind it.
    Overtaken {
        /// Its text.
        text: String,
    },
}

/// Everything that was seen in one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    seen: Vec<Seen>,
}

/// How a run went.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Endings {
    /// Messages to ICQ that were delivered and nothing else.
    pub(crate) delivered: usize,
    /// Messages to ICQ that came back and did not arrive.
    pub(crate) refused: usize,
    /// Messages to ICQ that arrived and of which their sender was told that they may have.
    pub(crate) doubtful: usize,
    /// Messages to XMPP that were shown once.
    pub(crate) shown: usize,
    /// Messages to XMPP that were shown again under the same id.
    pub(crate) repeated: usize,
    /// Messages in either direction that have no ending, and need none.
    pub(crate) excused: usize,
}

impl History {
    /// Notes what was seen.
    pub(crate) fn note(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    /// The endings of all messages, or every rule that was broken.
    ///
    /// # Errors
    ///
    /// One line for each message that has no ending, two, or one out of order.
    pub(crate) fn check(&self) -> Result<Endings, Vec<String>> {
        let facts = Facts::of(&self.seen);
        let mut endings = Endings::default();
        let mut broken = Vec::new();
        facts.check_to_icq(&mut endings, &mut broken);
        facts.check_to_xmpp(&mut endings, &mut broken);
        if broken.is_empty() {
            Ok(endings)
        } else {
            Err(broken)
        }
    }
}

/// The same by message.
#[derive(Debug, Default)]
struct Facts<'a> {
    to_icq: BTreeMap<&'a str, Vec<&'a str>>,
    to_xmpp: BTreeMap<&'a str, Vec<&'a str>>,
    messages: BTreeMap<&'a str, Message<'a>>,
    /// Places of faults that excuse anything after them.
    faults: Vec<usize>,
    cuts: Vec<usize>,
}

/// What happened to the message, or the two messages in two directions, with one text.
#[derive(Debug, Default)]
struct Message<'a> {
    /// Places.
    delivered: Vec<usize>,
    /// Places, and whether it may have arrived.
    errors: Vec<(usize, bool)>,
    /// Places and ids.
    shown: Vec<(usize, &'a str)>,
    returned: Vec<usize>,
    executed_again: usize,
    doubt: bool,
    lost: bool,
    forgotten: usize,
    overtaken: bool,
}

impl<'a> Facts<'a> {
    fn of(seen: &'a [Seen]) -> Self {
        let mut facts = Self::default();
        for (place, seen) in seen.iter().enumerate() {
            facts.take(place, seen);
        }
        facts
    }

    fn take(&mut self, place: usize, seen: &'a Seen) {
        match seen {
            Seen::SaidToIcq { pair, text } => self.to_icq.entry(pair).or_default().push(text),
            Seen::SaidToXmpp { pair, text } => self.to_xmpp.entry(pair).or_default().push(text),
            Seen::Delivered { text } => self.message(text).delivered.push(place),
            Seen::Error {
                text,
                may_have_arrived,
            } => self.message(text).errors.push((place, *may_have_arrived)),
            Seen::Shown { text, stanza_id } => self.message(text).shown.push((place, stanza_id)),
            Seen::Fault => self.faults.push(place),
            Seen::Cut => self.cuts.push(place),
            Seen::Doubt { text } => self.message(text).doubt = true,
            Seen::ExecutedAgain { text } => self.message(text).executed_again += 1,
            Seen::LostByServer { text } | Seen::NoRoom { text } => self.message(text).lost = true,
            Seen::Forgotten { text } => self.message(text).forgotten += 1,
            Seen::Returned { text } => self.message(text).returned.push(place),
            Seen::Overtaken { text } => self.message(text).overtaken = true,
        }
    }

    fn message(&mut self, text: &'a str) -> &mut Message<'a> {
        self.messages.entry(text).or_default()
    }

    fn check_to_icq(&self, endings: &mut Endings, broken: &mut Vec<String>) {
        let nothing = Message::default();
        for (pair, texts) in &self.to_icq {
            let mut last = (0, "");
            for text in texts {
                let message = self.messages.get(text).unwrap_or(&nothing);
                self.check_ending_on_icq(pair, text, message, endings, broken);
                let place = message.delivered.first();
                if let Some(&place) = place.filter(|_| !message.overtaken) {
                    if place < last.0 {
                        let before = last.1;
                        broken.push(format!(
                            "{pair}: {text:?} arrived before its predecessor {before:?}"
                        ));
                    }
                    last = last.max((place, *text));
                }
            }
        }
        let known: BTreeSet<&str> = self.to_icq.values().flatten().copied().collect();
        for (text, message) in &self.messages {
            let has_ending = !message.delivered.is_empty() || !message.errors.is_empty();
            if has_ending && !known.contains(text) {
                broken.push(format!("{text:?} was never said to ICQ, and has an ending"));
            }
        }
    }

    fn check_ending_on_icq(
        &self,
        pair: &str,
        text: &str,
        message: &Message<'_>,
        endings: &mut Endings,
        broken: &mut Vec<String>,
    ) {
        let arrived = message.delivered.len();
        let errors = message.errors.as_slice();
        let may_be_in_doubt = message.doubt || !self.faults.is_empty();
        let all_doubt = errors.iter().all(|(_, may_have_arrived)| *may_have_arrived);
        if arrived > 1 + message.executed_again
            || !is_apart(errors.iter().map(|it| it.0), |first, second| {
                self.is_cut(first, second)
            })
        {
            broken.push(format!(
                "{pair}: {text:?} arrived {arrived} times and came back {} times",
                errors.len()
            ));
            return;
        }
        match (arrived > 0, errors.is_empty()) {
            (true, true) => endings.delivered += 1,
            (false, false) => endings.refused += 1,
            (true, false) if may_be_in_doubt && all_doubt => endings.doubtful += 1,
            (true, false) => broken.push(format!("{pair}: {text:?} arrived and came back")),
            (false, true) if message.forgotten > 0 => endings.excused += 1,
            (false, true) => broken.push(format!("{pair}: {text:?} has no ending")),
        }
    }

    fn check_to_xmpp(&self, endings: &mut Endings, broken: &mut Vec<String>) {
        let nothing = Message::default();
        for (pair, texts) in &self.to_xmpp {
            let mut last = (0, "");
            for text in texts {
                let message = self.messages.get(text).unwrap_or(&nothing);
                self.check_ending_on_xmpp(pair, text, message, endings, broken);
                let may_be_late = message.overtaken || !message.returned.is_empty();
                if let Some(&(place, _)) = message.shown.first().filter(|_| !may_be_late) {
                    if place < last.0 {
                        let before = last.1;
                        broken.push(format!(
                            "{pair}: {text:?} was shown before its predecessor {before:?}"
                        ));
                    }
                    last = last.max((place, *text));
                }
            }
        }
        let known: BTreeSet<&str> = self.to_xmpp.values().flatten().copied().collect();
        for (text, message) in &self.messages {
            if !message.shown.is_empty() && !known.contains(text) {
                broken.push(format!("{text:?} was shown, and never said to XMPP"));
            }
        }
    }

    fn check_ending_on_xmpp(
        &self,
        pair: &str,
        text: &str,
        message: &Message<'_>,
        endings: &mut Endings,
        broken: &mut Vec<String>,
    ) {
        let ids: BTreeSet<&str> = message.shown.iter().map(|&(_, id)| id).collect();
        let more_ids = message.forgotten + message.executed_again;
        let may_repeat = is_apart(message.shown.iter().map(|it| it.0), |first, second| {
            self.is_cut(first, second) || self.faults.iter().any(|&fault| fault < second)
        });
        match (message.shown.len(), ids.len()) {
            (0, _) if message.lost || message.forgotten > 0 => endings.excused += 1,
            (0, _) if self.may_stay_away(message) => endings.excused += 1,
            (0, _) => broken.push(format!("{pair}: {text:?} was never shown")),
            (1, _) => endings.shown += 1,
            (_, 1) if may_repeat => endings.repeated += 1,
            (_, ids) if (2..=1 + more_ids).contains(&ids) => endings.repeated += 1,
            (_, 1) => broken.push(format!("{pair}: {text:?} was shown twice, with no fault")),
            (_, ids) => broken.push(format!("{pair}: {text:?} was shown under {ids} ids")),
        }
    }

    /// Whether a link is known to have been cut between two places.
    fn is_cut(&self, first: usize, second: usize) -> bool {
        self.cuts.iter().any(|&cut| first < cut && cut < second)
    }

    /// What the XMPP server sends back is tried once more, and remembered as well as a crash lets it be.
    fn may_stay_away(&self, message: &Message<'_>) -> bool {
        let Some(first) = message.returned.first() else {
            return false;
        };
        message.returned.len() > 1 || self.cuts.iter().any(|cut| cut > first)
    }
}

/// Whether each place may follow the one before it.
fn is_apart(
    places: impl Iterator<Item = usize>,
    may_follow: impl Fn(usize, usize) -> bool,
) -> bool {
    let places: Vec<usize> = places.collect();
    places.windows(2).all(|pair| may_follow(pair[0], pair[1]))
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
                "came back 2 times",
                &[said("a"), error("a", true), Seen::Fault, error("a", true)],
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

    fn about(text: &str, seen: fn(String) -> Seen) -> Seen {
        seen(text.into())
    }

    #[test]
    fn an_exact_excuse_excuses_its_own_message_and_no_other() {
        let doubt = |text| Seen::Doubt { text };
        let again = |text| Seen::ExecutedAgain { text };
        let lost = |text| Seen::LostByServer { text };
        let no_room = |text| Seen::NoRoom { text };
        let forgotten = |text| Seen::Forgotten { text };
        let overtaken = |text| Seen::Overtaken { text };
        let returned = |text| Seen::Returned { text };
        let excuses: &[(&[Seen], &[Seen])] = &[
            (
                &[said("a"), delivered("a"), error("a", true)],
                &[about("a", doubt)],
            ),
            (
                &[said("a"), delivered("a"), delivered("a")],
                &[about("a", again)],
            ),
            (&[received("a")], &[about("a", lost)]),
            (&[received("a")], &[about("a", no_room)]),
            (&[received("a")], &[about("a", forgotten)]),
            (&[said("a")], &[about("a", forgotten)]),
            (
                &[received("a"), shown("a", "1"), shown("a", "2")],
                &[about("a", forgotten)],
            ),
            (
                &[said("a"), said("b"), delivered("b"), delivered("a")],
                &[about("a", overtaken)],
            ),
            (
                &[received("a")],
                &[about("a", returned), about("a", returned)],
            ),
            (&[received("a")], &[about("a", returned), Seen::Cut]),
        ];
        for (story, excuse) in excuses {
            let excused = history(&[story, *excuse].concat());
            assert!(excused.check().is_ok(), "{excuse:?}: {:?}", excused.check());

            let others = excuse.iter().cloned().map(|seen| match seen {
                Seen::Doubt { .. } => about("z", doubt),
                Seen::ExecutedAgain { .. } => about("z", again),
                Seen::LostByServer { .. } => about("z", lost),
                Seen::NoRoom { .. } => about("z", no_room),
                Seen::Forgotten { .. } => about("z", forgotten),
                Seen::Overtaken { .. } => about("z", overtaken),
                Seen::Returned { .. } => about("z", returned),
                other => other,
            });
            let others: Vec<Seen> = others.collect();
            let unexcused = history(&[story, others.as_slice()].concat());
            assert!(unexcused.check().is_err(), "{excuse:?}");
        }
    }

    #[test]
    fn no_excuse_makes_an_error_true_that_says_it_did_not_arrive() {
        let broken = history(&[
            said("a"),
            Seen::Doubt { text: "a".into() },
            delivered("a"),
            error("a", false),
        ]);
        assert!(broken.check().is_err());
    }

    #[test]
    fn a_cut_allows_a_repetition_across_it_and_no_other() {
        let across = [error("a", false), Seen::Cut, error("a", false)];
        let behind = [Seen::Cut, error("a", false), error("a", false)];
        let shown_across = [shown("b", "1"), Seen::Cut, shown("b", "1")];
        let shown_behind = [Seen::Cut, shown("b", "1"), shown("b", "1")];

        let check = |seen: &[Seen], said: Seen| history(&[&[said], seen].concat()).check();

        assert!(check(&across, said("a")).is_ok());
        assert!(check(&behind, said("a")).is_err());
        assert!(check(&shown_across, received("b")).is_ok());
        assert!(check(&shown_behind, received("b")).is_err());
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
