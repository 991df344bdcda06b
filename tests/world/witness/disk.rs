//! What is seen of the disk: what is safe, what is lost, what is forgotten.

use icq_transport::gateway::UserState;
use icq_transport::model::{Message as IcqMessage, Uin};
use icq_transport::store::{Change, Entry, UserRecord};
use xmpp_parsers::jid::BareJid;

use super::name_of_letter;
use crate::history::Seen;
use crate::tally::Rare;
use crate::world::World;

impl World {
    /// A change is on disk.
    pub(crate) fn note_written(
        &mut self,
        jid: &BareJid,
        before: Option<&UserRecord>,
        change: &Change,
    ) {
        if self.tells_changes {
            self.say(|| format!("      disk {jid} {change:?}"));
        }
        match change {
            Change::Registration(registration) => {
                let person = self.people.iter_mut().find(|person| person.jid == *jid);
                let again =
                    person.is_some_and(|it| std::mem::replace(&mut it.was_registered, true));
                match before {
                    None if again => self.tally.note(Rare::RegisteredAgain),
                    Some(record) if record.registration.uin != registration.uin => {
                        self.tally.note(Rare::NumberChanged);
                    }
                    None | Some(_) => {}
                }
            }
            Change::AddBatch { entries, .. } if before.is_some() => {
                for entry in entries {
                    self.note_entry(jid, entry);
                }
            }
            Change::Cursor(cursor) => {
                for (uin, count) in &cursor.lost {
                    let known = before.and_then(|record| {
                        let mut lost = record.cursor.lost.iter();
                        lost.find(|(known, _)| known == uin)
                            .map(|(_, count)| *count)
                    });
                    let more = count.saturating_sub(known.unwrap_or_default());
                    if more > 0 {
                        self.tally.note(Rare::InboxFull);
                        self.witness.owed_words.insert(jid.clone());
                        let key = (jid.clone(), *uin);
                        *self.witness.no_room.entry(key).or_default() += more;
                    }
                }
            }
            Change::Contacts(contacts) => {
                let was_hidden = |uin: Uin| {
                    let mut known = before.into_iter().flat_map(|record| &record.contacts);
                    known.any(|it| it.contact.uin == uin && it.hidden)
                };
                let mut hidden = contacts.iter().filter(|it| it.hidden);
                if hidden.any(|it| !was_hidden(it.contact.uin)) {
                    self.tally.note(Rare::MassRemoval);
                }
            }
            Change::Forget if before.is_some() => self.note_forgotten(jid),
            Change::AddBatch { .. } | Change::Forget => {}
            Change::Login(_) | Change::Preferences(_) | Change::DropBatch(_) => {}
        }
    }

    fn note_entry(&mut self, jid: &BareJid, entry: &Entry) {
        let run = self.machine.run;
        match entry {
            Entry::ToIcq(outgoing) => {
                let Some(tag) = outgoing.stanza_id.clone().filter(|_| !outgoing.own) else {
                    return;
                };
                let state = self.machine.task(jid).map(|task| task.state.clone());
                if let Some(known) = self.witness.outgoing.get_mut(&tag) {
                    known.written = Some(run);
                    known.was_held = state != Some(UserState::Online);
                }
                self.witness.said(&tag);
            }
            Entry::FromIcq(incoming) => {
                let IcqMessage::Text(text) = &incoming.message else {
                    return;
                };
                let Some(name) = name_of_letter(text) else {
                    return;
                };
                if !self.host.link.is_up {
                    self.tally.note(Rare::TakenWithoutLink);
                }
                let step = self.witness.step();
                let at = self.now.instant;
                self.witness.taken.entry(name).or_insert((step, at));
            }
        }
    }

    /// Everything about somebody is deleted: what was on its way need have no ending.
    fn note_forgotten(&mut self, jid: &BareJid) {
        let witness = &mut self.witness;
        let mut forgotten = Vec::new();
        for (tag, outgoing) in &mut witness.outgoing {
            if outgoing.user == *jid {
                outgoing.refused = None;
            }
            let has_ending = outgoing.errors_arrived > 0
                || outgoing.accepted.last().is_some_and(|times| *times > 0);
            if outgoing.user == *jid && outgoing.written.is_some() && !has_ending {
                forgotten.push(tag.clone());
            }
        }
        if !forgotten.is_empty() {
            self.tally.note(Rare::UnregisteredInFlight);
        }
        let letters = witness.letters.values();
        let letters = letters.filter(|it| it.user == *jid && (!it.told || it.shown == 0));
        forgotten.extend(letters.map(|letter| letter.name.clone()));
        let copies = witness.copies.values();
        let copied = copies.filter_map(|first| witness.letters.get(first));
        let copied = copied.filter(|letter| letter.user == *jid);
        forgotten.extend(copied.map(|letter| letter.name.clone()));
        for text in forgotten {
            witness.timeline.push(Seen::Forgotten { text });
        }
        witness.owed_words.remove(jid);
        witness.no_room.retain(|(user, _), _| user != jid);
        let step = witness.step();
        witness.forgotten.insert(jid.clone(), step);
    }
}
