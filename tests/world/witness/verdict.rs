//! What was wrong, said when everything has had its ending.

use std::collections::BTreeSet;
use std::time::Duration;

use icq_transport::gateway::UserState;
use icq_transport::model::{Listing, Uin};
use icq_transport::store::{Entry, Stage, UserRecord};
use xmpp_parsers::presence::Show;

use super::{Letter, Reach, Witness};
use crate::history::{Endings, History, Seen};
use crate::people::contact;
use crate::plan::Preset;
use crate::world::World;

impl World {
    /// Looks at everything once more.
    pub(crate) fn examine(&mut self) {
        self.examine_logins();
        self.examine_outboxes();
        self.examine_letters();
        self.examine_presence();
        self.witness.examine_answers();
    }

    /// What was wrong, or how the run went.
    pub(crate) fn verdict(&self) -> Result<Endings, Vec<String>> {
        let mut complaints = self.witness.complaints.clone();
        let mut history = History::default();
        let unheard = self.unheard();
        for seen in &self.witness.timeline {
            match seen {
                Seen::SaidToXmpp { text, .. } if unheard.contains(text) => {}
                seen => history.note(seen.clone()),
            }
        }
        match history.check() {
            Ok(endings) if complaints.is_empty() => Ok(endings),
            Ok(_) => Err(complaints),
            Err(broken) => {
                complaints.extend(broken);
                Err(complaints)
            }
        }
    }

    /// Letters that were not shown and need not be: their receiver does not use that number here.
    fn unheard(&self) -> BTreeSet<String> {
        let letters = self.witness.letters.values();
        let unheard = letters.filter(|letter| letter.shown == 0 && !self.is_served(letter));
        unheard.map(|letter| letter.name.clone()).collect()
    }

    fn is_served(&self, letter: &Letter) -> bool {
        let record = self.machine.disk.get(&letter.user);
        record.is_some_and(|record| record.registration.uin == letter.to)
    }

    fn examine_logins(&mut self) {
        let online: Vec<Uin> = self
            .icq
            .server
            .online()
            .into_iter()
            .map(|it| it.0)
            .collect();
        let mut complaints = Vec::new();
        for (jid, record) in &self.machine.disk {
            let state = self.machine.task(jid).map(|task| task.state.clone());
            let uin = record.registration.uin;
            if state != Some(UserState::Online) || !online.contains(&uin) {
                complaints.push(format!("{jid} with {uin} is {state:?} at the end"));
            }
            // A server that sends once has forgotten a message as soon as it has sent it.
            let sends_once = self.plan.behaviour.retransmission.is_none();
            let letters = self.witness.letters.values();
            let left = letters.filter(|it| it.to == uin && !it.told && !it.lost);
            let left = left.filter(|letter| letter.stored || !sends_once);
            let left: Vec<&str> = left.map(|letter| letter.name.as_str()).collect();
            let undelivered = self.icq.server.undelivered(uin);
            if !left.is_empty() || (undelivered > 0 && !sends_once) {
                complaints.push(format!(
                    "{undelivered} messages for {jid} are still on ICQ, among them {left:?}"
                ));
            }
        }
        self.witness.complaints.extend(complaints);
    }

    /// Nothing is left to be done with any message to ICQ.
    fn examine_outboxes(&mut self) {
        let mut complaints = Vec::new();
        for (jid, record) in &self.machine.disk {
            for id in open(record) {
                complaints.push(format!("message {id} of {jid} is open at the end"));
            }
        }
        for (tag, outgoing) in &self.witness.outgoing {
            let is_swallowed = outgoing.given == Some(self.witness.cuts)
                && outgoing.written.is_none()
                && outgoing.errors_left == 0;
            if is_swallowed {
                complaints.push(format!("{tag} was given to the gateway and swallowed"));
            }
            if outgoing.refused == Some(self.machine.run) && outgoing.errors_arrived == 0 {
                complaints.push(format!("{tag} was refused, and its sender never told"));
            }
        }
        self.witness.complaints.extend(complaints);
    }

    fn examine_letters(&mut self) {
        let behaviour = &self.plan.behaviour;
        let sends_once = behaviour.retransmission.is_none();
        let mut excuses = Vec::new();
        let mut lost = BTreeSet::new();
        for letter in self.witness.letters.values() {
            let is_emptied = behaviour.empties_stored_texts && letter.stored;
            let was_lost_on_the_way = sends_once && !letter.stored && !self.was_heard(letter);
            if letter.lost || (letter.shown == 0 && (is_emptied || was_lost_on_the_way)) {
                lost.insert(letter.name.clone());
                let text = letter.name.clone();
                excuses.push(Seen::LostByServer { text });
            }
        }
        excuses.extend(self.witness.without_room(&lost));
        if self.tells_changes {
            for (name, reached) in &self.witness.reached {
                let taken = self.witness.taken.get(name);
                self.say(|| format!("letter {name} reached {reached:?} taken {taken:?}"));
            }
        }
        excuses.extend(self.witness.overtaken(self.server_keeps_order()));
        self.witness.timeline.extend(excuses);
        for user in std::mem::take(&mut self.witness.owed_words) {
            self.witness
                .complain(format!("{user} was not told that there was no room"));
        }
    }

    /// Whether a letter reached the gateway in a run that could write it down. One that a server sends
    /// once is lost with the run that heard it, if that was killed before.
    fn was_heard(&self, letter: &Letter) -> bool {
        if self.witness.taken.contains_key(&letter.name) {
            return true;
        }
        let reached = self.witness.reached.get(&letter.name);
        let run = self.machine.run;
        reached.is_some_and(|reached| reached.iter().any(|reach| reach.run == run))
    }

    /// Every client sees who of its contacts is online, and how.
    fn examine_presence(&mut self) {
        // A server that sends once loses presence as it loses messages.
        if self.plan.preset == Preset::Iserverd {
            return;
        }
        let online = self.icq.server.online();
        let mut complaints = Vec::new();
        for (jid, record) in &self.machine.disk {
            let account = &self.host.accounts[jid];
            let Some(client) = account.clients.get("home") else {
                continue;
            };
            for item in &record.contacts {
                let uin = item.contact.uin;
                let entry = account.roster.get(&contact(uin));
                let is_seen = item.contact.listing == Listing::Authorised
                    && !item.hidden
                    && entry.is_some_and(|entry| entry.to);
                if !is_seen {
                    continue;
                }
                let word = online
                    .iter()
                    .find(|(it, _)| *it == uin)
                    .map(|(_, word)| *word);
                let expected = word.map(show);
                let view = client.view.get(&contact(uin)).cloned().flatten();
                if view != expected {
                    complaints.push(format!("{jid} sees {uin} as {view:?}, not {expected:?}"));
                }
            }
        }
        self.witness.complaints.extend(complaints);
    }
}

impl Witness {
    /// Letters that were counted as lost for want of room (xmpp-gateway.md §3.5) although the server was
    /// never told: the acknowledgement was lost, or the word that it may delete them. One that is offered
    /// again may find room then, behind later ones. Each count is good for one letter, and only for one
    /// that came and was not taken, and that no server has `lost`. Whoever unregisters takes the counts
    /// along: what came before is none of those that are left.
    fn without_room(&self, lost: &BTreeSet<String>) -> Vec<Seen> {
        let mut left = self.no_room.clone();
        let mut is_counted = |letter: &Letter| {
            let key = (letter.user.clone(), letter.from);
            let left = left.get_mut(&key).filter(|left| **left > 0);
            left.map(|left| *left -= 1).is_some()
        };
        let mut excuses = Vec::new();
        for letter in self.letters.values() {
            let has_come = self.reached_since_forgotten(letter).next().is_some();
            let is_missing = letter.shown == 0 && !letter.told && !lost.contains(&letter.name);
            if has_come && is_missing && is_counted(letter) {
                let text = letter.name.clone();
                excuses.push(Seen::NoRoom { text });
            }
        }
        for letter in self.letters.values() {
            if self.came_in_vain(letter) && is_counted(letter) {
                let text = letter.name.clone();
                excuses.push(Seen::Overtaken { text });
            }
        }
        excuses
    }

    /// Whether a letter that was taken had come in an earlier session.
    fn came_in_vain(&self, letter: &Letter) -> bool {
        let Some(counted) = self.reach_that_counted(&letter.name) else {
            return false;
        };
        let is_earlier = |reach: &Reach| reach.port != counted.port && reach.step < counted.step;
        self.taken.contains_key(&letter.name)
            && self.reached_since_forgotten(letter).any(is_earlier)
    }

    /// When a letter came since its user, if ever, unregistered.
    fn reached_since_forgotten(&self, letter: &Letter) -> impl Iterator<Item = &Reach> {
        let forgotten = self
            .forgotten
            .get(&letter.user)
            .copied()
            .unwrap_or_default();
        let reached = self.reached.get(&letter.name).into_iter().flatten();
        reached.filter(move |reach| reach.step > forgotten)
    }

    /// Every iq has one answer, unless the link was cut or the gateway died.
    fn examine_answers(&mut self) {
        let mut complaints = Vec::new();
        for (id, asked) in &self.questions {
            if asked.answers == 0 && asked.cuts == self.cuts {
                complaints.push(format!("{id} of {} was never answered", asked.user));
            }
        }
        self.complaints.extend(complaints);
    }

    /// Letters that later ones may have overtaken. Where the server and the network keep the order, that is
    /// only what waited on the server while the gateway could not wait for it any longer.
    fn overtaken(&self, order_is_kept: bool) -> Vec<Seen> {
        let mut overtaken = Vec::new();
        let letters: Vec<&Letter> = self.letters.values().collect();
        for (at, letter) in letters.iter().enumerate() {
            let same_pair =
                |other: &&&Letter| other.from == letter.from && other.user == letter.user;
            let mut later = letters[at + 1..].iter().filter(same_pair);
            let Some(own) = self.reach_that_counted(&letter.name) else {
                continue;
            };
            let passed = later.any(|other| {
                let Some(reach) = self.reach_that_counted(&other.name) else {
                    return false;
                };
                let came_first = !order_is_kept && reach.step < own.step;
                came_first || (letter.waited && self.waited_no_longer(&other.name, reach))
            });
            if passed {
                let text = letter.name.clone();
                overtaken.push(Seen::Overtaken { text });
            }
        }
        overtaken
    }

    /// Whether a letter that came live was held back as long as it may be: until its session had been told
    /// nothing more for half a minute, or was over.
    fn waited_no_longer(&self, name: &str, reach: Reach) -> bool {
        let (Some((_, taken)), Some((opened, closed))) =
            (self.taken.get(name), self.sockets.get(&reach.port))
        else {
            return false;
        };
        *taken >= *opened + HOLD || closed.is_some_and(|closed| closed <= *taken + MOMENT)
    }

    /// The first time a letter came in the session in which it was taken, or, if it was only shown, in the
    /// last one.
    fn reach_that_counted(&self, name: &str) -> Option<Reach> {
        let taken = self.taken.get(name);
        let taken = taken.map_or(u64::MAX, |(step, _)| *step);
        let reached = self.reached.get(name)?;
        let last = reached.iter().rfind(|reach| reach.step < taken)?;
        reached
            .iter()
            .find(|reach| reach.port == last.port)
            .copied()
    }
}

/// How long live messages wait for those that waited on the server.
const HOLD: Duration = Duration::from_secs(30);
/// What a slow disk may take.
const MOMENT: Duration = Duration::from_millis(300);

/// Messages to ICQ without an ending.
pub(crate) fn open(record: &UserRecord) -> Vec<u64> {
    let entries = record.journal.values().flatten();
    let outgoing = entries.filter_map(|entry| match entry {
        Entry::ToIcq(outgoing) => Some(outgoing.id),
        Entry::FromIcq(_) => None,
    });
    let has_ended = |id: &u64| {
        let mut stages = record.cursor.stages.iter();
        stages.any(|(it, stage)| it == id && *stage == Stage::Ended)
    };
    outgoing.filter(|id| !has_ended(id)).collect()
}

/// What a status word looks like (xmpp-gateway.md §7.3).
const fn show(word: u32) -> Option<Show> {
    match word & 0xFF {
        0x20 => Some(Show::Chat),
        low if low & 0x02 != 0 || low & 0x10 != 0 => Some(Show::Dnd),
        low if low & 0x04 != 0 => Some(Show::Xa),
        low if low & 0x01 != 0 => Some(Show::Away),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use icq_transport::server::LetterNumber;
    use xmpp_parsers::jid::BareJid;

    use super::*;

    #[test]
    fn a_letter_of_a_former_registration_is_none_of_those_without_room() {
        let user = BareJid::new("alice@example.org").expect("an address");
        let (from, to) = (Uin(300_001), Uin(200_001));
        let mut witness = Witness::default();
        for (letter, body) in [(1, b"f1"), (2, b"f2")] {
            witness.letter_accepted(LetterNumber(letter), from, to, &user, body);
        }
        let reach = |witness: &mut Witness, name: &str, port| {
            let step = witness.step();
            let reach = Reach { step, port, run: 1 };
            witness.reached.insert(name.to_owned(), vec![reach]);
        };

        reach(&mut witness, "<f1", 10_001);
        let step = witness.step();
        witness.forgotten.insert(user.clone(), step);
        reach(&mut witness, "<f2", 10_002);
        witness.no_room.insert((user, from), 1);

        let excused = witness.without_room(&BTreeSet::new());
        assert!(
            matches!(excused.as_slice(), [Seen::NoRoom { text }] if text == "<f2"),
            "{excused:?}"
        );
    }
}
