//! What is seen while the world goes on: datagrams, stanzas, writes.

use std::time::Instant;

use icq_transport::gateway::UserState;
use icq_transport::icq::udp::{Dialect, FromServer, Side, ToServer, V5, Version};
use icq_transport::icq::wire::Reader;
use icq_transport::icq::wire::meta::MetaForm;
use icq_transport::icq::wire::text::Charset;
use icq_transport::model::{Message as IcqMessage, Uin};
use icq_transport::server::LetterNumber;
use icq_transport::store::{Change, Entry, UserRecord};
use icq_transport::xmpp::Stanza;
use minidom::Element;
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::stanza_error::DefinedCondition;

use super::{Question, Reach, Witness, name_of_letter};
use crate::history::Seen;
use crate::host::brief;
use crate::plan::{DOMAIN, HOME};
use crate::tally::Rare;
use crate::world::World;

/// A packet with a part of a message, and what became of its copies.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    tag: String,
    part: usize,
    run: u32,
    sends: u32,
    arrivals: u32,
    acknowledged: bool,
}

const ACK: u16 = 0x000A;
const NOT_CONNECTED: u16 = 0x00F0;
const TRY_AGAIN: u16 = 0x00FA;

// --- datagrams -------------------------------------------------------------------------------------------

impl Witness {
    /// The session of a living user gets this datagram.
    pub(crate) fn heard(&mut self, at: Instant, datagram: &[u8], port: u16, run: u32) {
        let Ok(opened) = V5.read(Side::Server, &mut Reader::new(datagram)) else {
            return;
        };
        let header = opened.header;
        if header.command == ACK
            && let Some(packet) = self.packets.get_mut(&(header.session_id, header.seq1))
        {
            packet.acknowledged = true;
        }
        let decoded =
            FromServer::decode(Version::V5, header.command, opened.body, MetaForm::Unknown);
        let Ok(decoded) = decoded else {
            return;
        };
        // What overtakes the word on the login is left to the server to repeat.
        let is_accepted = self.accepted.contains(&port);
        let text = match decoded.packet {
            FromServer::LoginReply(_) => {
                self.accepted.insert(port);
                return;
            }
            _ if !is_accepted => return,
            FromServer::Message(message) => message.text,
            FromServer::OfflineMessage(message) => message.text,
            FromServer::Multi(multi) => {
                for packet in multi.packets {
                    self.heard(at, packet, port, run);
                }
                return;
            }
            _ => return,
        };
        if let Some(name) = name_of_letter(&Charset::WINDOWS_1251.decode(text)) {
            let step = self.step();
            let reach = Reach {
                step,
                at,
                port,
                run,
            };
            self.reached.entry(name).or_default().push(reach);
        }
    }
}

impl World {
    /// A datagram reaches the gateway's machine.
    pub(crate) fn note_datagram(&mut self, port: u16, datagram: &[u8]) {
        let Ok(opened) = V5.read(Side::Server, &mut Reader::new(datagram)) else {
            return;
        };
        let header = opened.header;
        match header.command {
            ACK => return,
            NOT_CONNECTED => {
                let mut packets = self
                    .witness
                    .packets
                    .range((header.session_id, 0)..=(header.session_id, u16::MAX));
                if packets.any(|(_, packet)| !packet.acknowledged) {
                    self.tally.note(Rare::SessionForgotten);
                }
            }
            TRY_AGAIN => self.tally.note(Rare::BusyServer),
            0x0212 => self.tally.note(Rare::Multi),
            0x00DC => self.note_stored(opened.body),
            _ => {}
        }
        if header.seq1 > 0 && !self.witness.heard_numbers.insert((port, header.seq1)) {
            self.tally.note(Rare::RepeatedToGateway);
        }
    }

    fn note_stored(&mut self, body: &[u8]) {
        let decoded = FromServer::decode(Version::V5, 0x00DC, body, MetaForm::Unknown);
        let Ok(FromServer::OfflineMessage(message)) = decoded.map(|it| it.packet) else {
            return;
        };
        let name = name_of_letter(&Charset::WINDOWS_1251.decode(message.text));
        if name.is_some_and(|name| self.witness.taken.contains_key(&name)) {
            self.tally.note(Rare::OfferedAgain);
        }
    }

    /// The gateway sends a datagram.
    pub(crate) fn witness_transmit(&mut self, user: &BareJid, datagram: &[u8]) {
        let mut bytes = datagram.to_vec();
        let Ok(opened) = V5.open(Side::Client, &mut bytes) else {
            self.witness
                .complain(format!("{user} sends what cannot be read"));
            return;
        };
        let header = opened.header;
        let run = self.machine.run;
        let Ok(decoded) = ToServer::decode(Version::V5, header.command, opened.body) else {
            self.witness
                .complain(format!("{user} sends a body that cannot be read"));
            return;
        };
        match decoded.packet {
            ToServer::Login(_) => {
                self.witness.sessions.insert(header.uin, header.session_id);
            }
            ToServer::TextCode(_) => {
                let present = self.witness.sessions.get(&header.uin);
                if present.is_some_and(|present| *present != header.session_id) {
                    self.tally.note(Rare::GhostDismissed);
                }
            }
            ToServer::SendMessage(message) => {
                let key = (header.session_id, header.seq1);
                let text = message.text.to_vec();
                self.note_part_leaves(key, &text, run);
            }
            _ => {}
        }
    }

    fn note_part_leaves(&mut self, key: (u32, u16), text: &[u8], run: u32) {
        let Some((tag, part)) = self.witness.bodies.get(text).cloned() else {
            return;
        };
        if let Some(packet) = self.witness.packets.get_mut(&key) {
            packet.sends += 1;
            if packet.acknowledged {
                self.witness
                    .complain(format!("{tag} was sent again although it was acknowledged"));
            }
            return;
        }
        let mut others = self.witness.packets.values();
        if others.any(|it| it.tag == tag && it.part == part && it.run == run) {
            self.tally.note(Rare::LeftAgain);
        }
        let packet = Packet {
            tag,
            part,
            run,
            sends: 1,
            arrivals: 0,
            acknowledged: false,
        };
        self.witness.packets.insert(key, packet);
    }

    /// A datagram reaches the ICQ server.
    pub(crate) fn note_reaches_server(&mut self, datagram: &[u8]) {
        let mut bytes = datagram.to_vec();
        let Ok(opened) = V5.open(Side::Client, &mut bytes) else {
            return;
        };
        let key = (opened.header.session_id, opened.header.seq1);
        if let Some(packet) = self.witness.packets.get_mut(&key) {
            packet.arrivals += 1;
            if packet.arrivals == 2 && packet.sends > 1 {
                self.tally.note(Rare::RepeatedToServer);
            }
        }
    }

    /// The ICQ server has a text from a user.
    pub(crate) fn note_delivered(&mut self, body: &[u8]) {
        let Some((tag, part)) = self.witness.bodies.get(body).cloned() else {
            let body = body.escape_ascii();
            self.witness
                .complain(format!("the ICQ server got what nobody wrote: {body}"));
            return;
        };
        let looks_for_repetitions = self.plan.behaviour.suppress_duplicates;
        let mut packets = self.witness.packets.values();
        let came_twice = packets.any(|it| it.tag == tag && it.part == part && it.arrivals > 1);
        let Some(outgoing) = self.witness.outgoing.get_mut(&tag) else {
            return;
        };
        let is_last = part + 1 == outgoing.parts;
        let is_repeated = outgoing.accepted[part] > 0;
        let is_in_order = outgoing.accepted[..part].iter().all(|times| *times > 0);
        outgoing.accepted[part] += 1;
        let (was_held, waited) = (outgoing.was_held, outgoing.waited_over_restart);
        if !is_in_order {
            self.witness.complain(format!(
                "part {part} of {tag} arrived before those before it"
            ));
        }
        if is_repeated && came_twice && !looks_for_repetitions {
            self.tally.note(Rare::ExecutedAgain);
            if is_last {
                let text = tag.clone();
                self.witness.timeline.push(Seen::ExecutedAgain { text });
            }
        } else if is_repeated && !is_last {
            self.witness
                .complain(format!("part {part} of {tag} arrived twice"));
        }
        if !is_last {
            return;
        }
        if was_held {
            self.tally.note(Rare::HeldForLogin);
        }
        if waited {
            self.tally.note(Rare::SentAfterCrash);
        }
        self.witness.timeline.push(Seen::Delivered { text: tag });
    }

    /// The gateway told the ICQ server that it may forget a letter.
    pub(crate) fn server_was_told(&mut self, letter: LetterNumber, deleted: bool) {
        let Some(known) = self.witness.letters.get_mut(&letter) else {
            return;
        };
        // That the copy of a stored letter arrived does not let the server forget it.
        let was_told = known.told;
        known.told |= deleted || !known.stored;
        let letter = known.clone();
        if was_told || !letter.told || self.witness.taken.contains_key(&letter.name) {
            return;
        }
        if self.plan.behaviour.empties_stored_texts && letter.stored {
            return;
        }
        let key = (letter.user.clone(), letter.from);
        if let Some(budget) = self.witness.no_room.get_mut(&key).filter(|n| **n > 0) {
            *budget -= 1;
            let text = letter.name;
            self.witness.timeline.push(Seen::NoRoom { text });
            return;
        }
        let told = if deleted { "deleted" } else { "acknowledged" };
        self.witness
            .complain(format!("{} was {told} before it was safe", letter.name));
    }
}

// --- the disk --------------------------------------------------------------------------------------------

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
    }
}

// --- stanzas ---------------------------------------------------------------------------------------------

impl World {
    /// A stanza is given to the gateway.
    pub(crate) fn note_reaches_gateway(&mut self, stanza: &Stanza) {
        let Stanza::Message(message) = stanza else {
            return;
        };
        let cuts = self.witness.cuts;
        let is_alive = self.machine.process.is_some();
        if let Some(id) = &message.id
            && message.type_ != MessageType::Error
            && let Some(outgoing) = self.witness.outgoing.get_mut(&id.0)
            && is_alive
        {
            outgoing.given = Some(cuts);
        }
    }

    /// A stanza leaves the gateway: whatever it is, it obeys the rules of xmpp-gateway.md §3.7.
    pub(crate) fn inspect(&mut self, stanza: &Stanza) {
        let text = brief(stanza);
        let is_ours = |jid: &Jid| jid.domain().as_str() == DOMAIN;
        if !stanza.sender().is_some_and(is_ours) {
            self.witness.complain(format!("no sender of ours: {text}"));
        }
        let is_home = |jid: &Jid| jid.domain().as_str() == HOME || is_ours(jid);
        let Some(to) = stanza.recipient().filter(|to| is_home(to)) else {
            self.witness.complain(format!("no receiver: {text}"));
            return;
        };
        let mut passwords = self.witness.passwords.iter();
        if passwords.any(|password| text.contains(password)) {
            self.witness.complain(format!("a password in {text}"));
        }
        let user = to.to_bare();
        let (id, is_answer) = match stanza {
            Stanza::Iq(iq) => {
                use xmpp_parsers::iq::Iq;
                let is_answer = matches!(**iq, Iq::Result { .. } | Iq::Error { .. });
                if matches!(**iq, Iq::Result { .. }) {
                    self.check_promise(&user, iq.id());
                }
                (Some(iq.id().to_owned()), is_answer)
            }
            Stanza::Message(message) => {
                let is_answer = message.type_ == MessageType::Error;
                (message.id.as_ref().map(|id| id.0.clone()), is_answer)
            }
            Stanza::Presence(presence) => {
                let is_answer = presence.type_ == xmpp_parsers::presence::Type::Error;
                (presence.id.clone(), is_answer)
            }
        };
        let Some(id) = id else {
            self.witness.complain(format!("no id: {text}"));
            return;
        };
        if is_answer {
            if let Stanza::Message(message) = stanza {
                self.note_error_leaves(&id, message);
            }
            return;
        }
        let name = match stanza {
            // A letter may come again with its id, and with its text.
            Stanza::Message(message) if stanza.sender().is_some_and(|it| it.node().is_some()) => {
                let body = message.get_best_body(Vec::new());
                body.map(|(_, body)| body.clone()).unwrap_or_default()
            }
            Stanza::Message(_) | Stanza::Iq(_) | Stanza::Presence(_) => String::new(),
        };
        let key = (user, id);
        let known = self.witness.ids.insert(key, name.clone());
        if known.is_some_and(|known| known.is_empty() || known != name) {
            self.witness.complain(format!("an id used twice: {text}"));
        }
    }

    /// The gateway has done everything it will do with this message for now: it is written down or refused.
    /// Where there is no link, the error has to wait for one.
    pub(crate) fn note_examined(&mut self, user: &BareJid, tag: &str) {
        let run = self.machine.run;
        let is_registered = self.machine.disk.contains_key(user);
        let has_link = self.host.link.is_up && self.is_on_present_link(user);
        let Some(outgoing) = self.witness.outgoing.get_mut(tag) else {
            return;
        };
        if outgoing.written.is_some() {
            return;
        }
        if is_registered {
            outgoing.refused = Some(run);
        }
        if has_link && outgoing.errors_left == 0 {
            self.witness
                .complain(format!("{tag} was neither written down nor refused"));
        }
    }

    /// An error about a message leaves.
    fn note_error_leaves(&mut self, tag: &str, message: &Message) {
        let run = self.machine.run;
        let words = error_text(message);
        let witness = &mut self.witness;
        // A word to the gateway has no name.
        let Some(outgoing) = witness.outgoing.get_mut(tag) else {
            return;
        };
        outgoing.errors_left += 1;
        let written = outgoing.written;
        let parts = outgoing.parts;
        if words.contains("Too many messages wait") {
            self.tally.note(Rare::OutboxFull);
        }
        if words.contains("Not connected") && written.is_some() {
            self.tally.note(Rare::HoldExpired);
        }
        if !may_have_arrived(&words) {
            return;
        }
        let acknowledged = |part: usize| {
            let mut packets = witness.packets.values();
            packets.any(|it| it.tag == tag && it.part == part && it.run == run && it.acknowledged)
        };
        if (0..parts).all(acknowledged) {
            witness.complaints.push(format!(
                "{tag} came back although all of it was acknowledged"
            ));
        } else {
            let text = tag.to_owned();
            witness.timeline.push(Seen::Doubt { text });
        }
        self.tally.note(match written == Some(run) {
            true => Rare::Unconfirmed,
            false => Rare::DoubtAfterCrash,
        });
        if words.contains("parts were confirmed") && !words.contains(" 0 of") {
            self.tally.note(Rare::PartlyConfirmed);
        }
    }

    /// An error about a message reaches the XMPP server.
    pub(crate) fn note_error(&mut self, user: &BareJid, message: &Message) {
        let Some(tag) = message.id.as_ref().map(|id| id.0.clone()) else {
            return;
        };
        let may_have_arrived = may_have_arrived(&error_text(message));
        self.witness.said(&tag);
        let Some(outgoing) = self.witness.outgoing.get_mut(&tag) else {
            return;
        };
        outgoing.errors_arrived += 1;
        if outgoing.errors_arrived == 2 {
            self.tally.note(Rare::ErrorAgain);
        }
        let from = message.from.as_ref().and_then(|from| from.node());
        let is_from_contact = from.is_some_and(|node| node.as_str() == outgoing.to.to_string());
        if outgoing.user != *user || !is_from_contact {
            self.witness
                .complain(format!("the error about {tag} went to {user}"));
        }
        self.witness.timeline.push(Seen::Error {
            text: tag,
            may_have_arrived,
        });
    }

    /// A message has a place on the XMPP server.
    pub(crate) fn note_shown(&mut self, user: &BareJid, message: &Message) {
        let body = message.get_best_body(Vec::new());
        if body.is_some_and(|(_, body)| body.contains("found no room")) {
            self.witness.owed_words.remove(user);
        }
        let Some(name) = name_of_message(message) else {
            return;
        };
        let stanza_id = message.id.as_ref().map(|id| id.0.clone());
        let Some(letter) = self.witness.letter_named(&name) else {
            self.witness.complain(format!("{name} was never written"));
            return;
        };
        letter.shown += 1;
        let (shown, returned) = (letter.shown, letter.returned);
        let from = message.from.as_ref().and_then(|from| from.node());
        let is_from_sender = from.is_some_and(|node| node.as_str() == letter.from.to_string());
        if letter.user != *user || !is_from_sender {
            self.witness
                .complain(format!("{name} was shown to {user} from {from:?}"));
        }
        if shown > 1 {
            self.tally.note(Rare::ShownAgain);
        }
        if let Some(returned) = self.witness.returned.get_mut(user) {
            returned.retain(|known| *known != name);
        }
        if returned > 0 {
            self.tally.note(Rare::ReturnedThenShown);
        }
        self.witness.timeline.push(Seen::Shown {
            text: name,
            stanza_id: stanza_id.unwrap_or_default(),
        });
    }

    /// The XMPP server sends a message back.
    pub(crate) fn note_returned(&mut self, message: &Message) {
        let body = message.get_best_body(Vec::new());
        if body.is_some_and(|(_, body)| body.contains("found no room")) {
            // It was said, and nobody was there to hear.
            let user = message.to.as_ref().map(Jid::to_bare);
            self.witness
                .owed_words
                .retain(|owed| Some(owed) != user.as_ref());
        }
        let (Some(to), Some(id)) = (&message.to, &message.id) else {
            return;
        };
        if message
            .from
            .as_ref()
            .is_none_or(|from| from.node().is_none())
        {
            return;
        }
        let name = name_of_message(message);
        if let Some(name) = &name
            && let Some(letter) = self.witness.letter_named(name)
        {
            letter.returned += 1;
            let text = name.clone();
            self.witness.timeline.push(Seen::Returned { text });
        }
        let returned = self.witness.returned.entry(to.to_bare()).or_default();
        returned.push(name.unwrap_or_else(|| id.0.clone()));
        // Only so many are kept for another try (xmpp-gateway.md §15.3).
        if returned.len() > MOST_RETURNED {
            let text = returned.remove(0);
            self.witness.timeline.push(Seen::NoRoom { text });
        }
    }

    /// An iq of a person's is answered.
    pub(crate) fn note_answer(
        &mut self,
        user: &BareJid,
        id: &str,
        error: Option<DefinedCondition>,
    ) {
        let Some(asked) = self.witness.questions.get_mut(id) else {
            self.witness
                .complain(format!("{user} got an answer to nothing: {id}"));
            return;
        };
        asked.answers += 1;
        let question = asked.question;
        if asked.answers > 1 || asked.user != *user {
            self.witness
                .complain(format!("{id} was answered twice, or to {user}"));
        }
        match (question, error) {
            (Question::Register, Some(DefinedCondition::NotAuthorized)) => {
                self.tally.note(Rare::WrongPassword);
            }
            (Question::Register, Some(DefinedCondition::RemoteServerTimeout)) => {
                self.tally.note(Rare::RegistrationTimedOut);
            }
            (Question::Register | Question::Unregister | Question::Other, _) => {}
        }
    }

    /// What is said to be registered is on disk by then, and what is said to be deleted is not.
    fn check_promise(&mut self, user: &BareJid, id: &str) {
        let asked = self.witness.questions.get(id).map(|asked| asked.question);
        let is_on_disk = self.machine.disk.contains_key(user);
        let is_kept = match asked {
            Some(Question::Register) => is_on_disk,
            Some(Question::Unregister) => !is_on_disk,
            Some(Question::Other) | None => true,
        };
        if !is_kept {
            self.witness
                .complain(format!("{id} of {user} promises what is not so: {asked:?}"));
        }
    }

    /// The XMPP server itself answers an iq: there is no gateway.
    pub(crate) fn drop_question(&mut self, _user: &BareJid, id: &str) {
        self.witness.questions.remove(id);
    }

    /// Somebody's login stands differently.
    pub(crate) fn note_state(&mut self, user: &BareJid, state: &UserState) {
        let before = self.machine.task(user).map(|task| task.state.clone());
        match state {
            UserState::Barred(_) => self.tally.note(Rare::Barred),
            UserState::Retrying(_) => self.tally.note(Rare::Retrying),
            UserState::Paused => self.tally.note(Rare::Paused),
            UserState::Suspended => self.tally.note(Rare::Suspended),
            UserState::Offline if !self.host.link.is_up && before == Some(UserState::Online) => {
                self.tally.note(Rare::LinkGraceExpired);
            }
            UserState::Offline
            | UserState::Queued
            | UserState::Connecting
            | UserState::Loading
            | UserState::Online => {}
        }
        if before == Some(UserState::Suspended) && *state != UserState::Suspended {
            self.tally.note(Rare::Revived);
        }
    }
}

/// How many messages that came back are kept for another try.
const MOST_RETURNED: usize = 50;

fn name_of_message(message: &Message) -> Option<String> {
    let (_, body) = message.get_best_body(Vec::new())?;
    name_of_letter(body)
}

fn error_text(message: &Message) -> String {
    let error = message.payloads.iter().find(|it| it.name() == "error");
    let text = error.and_then(|error| error.children().find(|it| it.name() == "text"));
    text.map(Element::text).unwrap_or_default()
}

fn may_have_arrived(words: &str) -> bool {
    words.contains("may have arrived")
}
