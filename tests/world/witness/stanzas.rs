//! What is seen of stanzas, as they leave the gateway and as they reach the XMPP server.

use icq_transport::gateway::UserState;
use icq_transport::xmpp::Stanza;
use minidom::Element;
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::stanza_error::DefinedCondition;

use super::{Question, name_of_letter};
use crate::history::Seen;
use crate::host::brief;
use crate::plan::{DOMAIN, HOME};
use crate::tally::Rare;
use crate::world::World;

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
            packets.any(|packet| packet.has_brought(tag, part, run))
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
