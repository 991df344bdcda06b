//! Sees everything and says at the end what was wrong.
//!
//! What a message went through is told to the checker of histories, with exact excuses: which message
//! nobody can know the fate of, which one a server lost, which one was overtaken on its way. What the
//! checker cannot know is complained about here, at the moment it happens.

mod datagrams;
mod disk;
mod stanzas;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use icq_transport::gateway::Settings;
use icq_transport::icq::wire::Version;
use icq_transport::icq::wire::body;
use icq_transport::icq::wire::text::Charset;
use icq_transport::model::{Message as IcqMessage, Uin};
use icq_transport::server::LetterNumber;
use icq_transport::store::{Entry, Stage, UserRecord};
use xmpp_parsers::jid::BareJid;

use crate::history::Seen;
use crate::people::Person;
use datagrams::Packet;
pub(crate) use verdict::open;

/// Everything that was seen.
#[derive(Default)]
pub(crate) struct Witness {
    timeline: Vec<Seen>,
    complaints: Vec<String>,
    tags: u64,
    /// Counts what is worth an order.
    steps: u64,
    outgoing: BTreeMap<String, Outgoing>,
    /// Which message, and which part of it, has this body.
    bodies: BTreeMap<Vec<u8>, (String, usize)>,
    packets: BTreeMap<(u32, u16), Packet>,
    letters: BTreeMap<LetterNumber, Letter>,
    by_name: BTreeMap<String, LetterNumber>,
    /// Letters that a server made of a packet it executed again, and the first of their kind.
    copies: BTreeMap<LetterNumber, LetterNumber>,
    /// When letters reached the gateway, and where.
    reached: BTreeMap<String, Vec<Reach>>,
    /// When letters were on disk.
    taken: BTreeMap<String, (u64, Instant)>,
    /// From when to when each socket was there.
    sockets: BTreeMap<u16, (Instant, Option<Instant>)>,
    /// Letters for which there was no room, and no letter found yet that it was.
    no_room: BTreeMap<(BareJid, Uin), u32>,
    /// When everything about somebody was last deleted.
    forgotten: BTreeMap<BareJid, u64>,
    owed_words: BTreeSet<BareJid>,
    questions: BTreeMap<String, Asked>,
    cuts: u32,
    ids: BTreeMap<(BareJid, String), String>,
    /// The present session of each number, as the gateway named it.
    sessions: BTreeMap<Uin, u32>,
    /// The version of the last login from each port.
    spoken: BTreeMap<u16, Version>,
    /// How many logins left each port.
    logins: BTreeMap<u16, u16>,
    /// Sockets whose login the gateway knows to have been accepted.
    accepted: BTreeSet<u16>,
    /// Messages that the XMPP server sent back and that were not shown since, the oldest first.
    returned: BTreeMap<BareJid, Vec<String>>,
    heard_numbers: BTreeSet<(u16, u16)>,
    /// None of these may ever be in a stanza.
    pub(crate) passwords: Vec<String>,
}

/// A message to ICQ.
#[derive(Clone, Debug)]
struct Outgoing {
    user: BareJid,
    to: Uin,
    parts: usize,
    /// How often each part was accepted.
    accepted: Vec<u32>,
    /// When it was given to the gateway: how many cuts there had been.
    given: Option<u32>,
    /// In which run it was written down.
    written: Option<u32>,
    /// Its errors that left, and those that arrived.
    errors_left: u32,
    errors_arrived: u32,
    /// The run in which it was refused without being written down. Who refuses it keeps the error until
    /// it has arrived, over any cut, but not over the end of the program.
    refused: Option<u32>,
    /// It was taken without a login.
    was_held: bool,
    /// It had surely not left when a run began.
    waited_over_restart: bool,
    is_said: bool,
}

/// A message from ICQ.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    name: String,
    from: Uin,
    to: Uin,
    user: BareJid,
    pub(crate) sent: u32,
    stored: bool,
    /// It, or a copy of it, waited on the server.
    waited: bool,
    pub(crate) lost: bool,
    /// The server may forget it.
    told: bool,
    shown: u32,
    returned: u32,
}

/// A letter reached the gateway.
#[derive(Clone, Copy, Debug)]
struct Reach {
    step: u64,
    port: u16,
    run: u32,
}

/// What a person asked by iq.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Question {
    Register,
    Unregister,
    Other,
}

#[derive(Clone, Debug)]
struct Asked {
    user: BareJid,
    question: Question,
    cuts: u32,
    answers: u32,
}

impl Witness {
    pub(crate) fn new(people: &[Person]) -> Self {
        let passwords = people.iter().flat_map(|person| person.passwords.clone());
        Self {
            passwords: passwords.chain(["Wrong123".to_owned()]).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// A name that nothing else has.
    pub(crate) fn new_tag(&mut self, kind: char) -> String {
        self.tags += 1;
        format!("{kind}{}", self.tags)
    }

    fn step(&mut self) -> u64 {
        self.steps += 1;
        self.steps
    }

    /// The link is cut, or the program dies.
    pub(crate) fn cut(&mut self) {
        self.cuts += 1;
        self.timeline.push(Seen::Cut);
    }

    /// Somebody's task learns that the link is another one: only now it sends again what it has to.
    pub(crate) fn begins_anew(&mut self) {
        self.timeline.push(Seen::Cut);
    }

    pub(crate) fn socket_opened(&mut self, port: u16, at: Instant) {
        self.sockets.insert(port, (at, None));
        self.accepted.remove(&port);
    }

    pub(crate) fn socket_closed(&mut self, port: u16, at: Instant) {
        if let Some((_, closed)) = self.sockets.get_mut(&port) {
            *closed = Some(at);
        }
    }

    // --- to ICQ --------------------------------------------------------------------------------------

    /// A person is about to write this.
    pub(crate) fn will_say(&mut self, tag: &str, text: &str, user: &BareJid, to: Uin) {
        let bodies = body::encode(&IcqMessage::Text(text.to_owned()), Charset::WINDOWS_1251);
        let outgoing = Outgoing {
            user: user.clone(),
            to,
            parts: bodies.len(),
            accepted: vec![0; bodies.len()],
            given: None,
            written: None,
            errors_left: 0,
            errors_arrived: 0,
            refused: None,
            was_held: false,
            waited_over_restart: false,
            is_said: false,
        };
        self.outgoing.insert(tag.to_owned(), outgoing);
        for (part, body) in bodies.into_iter().enumerate() {
            self.bodies.insert(body.text, (tag.to_owned(), part));
        }
    }

    fn said(&mut self, tag: &str) {
        let Some(outgoing) = self.outgoing.get_mut(tag) else {
            return;
        };
        if !std::mem::replace(&mut outgoing.is_said, true) {
            self.timeline.push(Seen::SaidToIcq {
                pair: format!("{} to {}", outgoing.user, outgoing.to),
                text: tag.to_owned(),
            });
        }
    }

    // --- from ICQ ------------------------------------------------------------------------------------

    pub(crate) fn letter_accepted(
        &mut self,
        letter: LetterNumber,
        from: Uin,
        to: Uin,
        user: &BareJid,
        body: &[u8],
    ) {
        let text = Charset::WINDOWS_1251.decode(body);
        let Some(name) = name_of_letter(&text) else {
            return;
        };
        if let Some(first) = self.by_name.get(&name) {
            self.copies.insert(letter, *first);
            return self.timeline.push(Seen::ExecutedAgain { text: name });
        }
        self.timeline.push(Seen::SaidToXmpp {
            pair: format!("{from} to {user} as {to}"),
            text: name.clone(),
        });
        self.by_name.insert(name.clone(), letter);
        let known = Letter {
            name,
            from,
            to,
            user: user.clone(),
            sent: 0,
            stored: false,
            waited: false,
            lost: false,
            told: false,
            shown: 0,
            returned: 0,
        };
        self.letters.insert(letter, known);
    }

    pub(crate) fn letter(&mut self, letter: LetterNumber, change: impl FnOnce(&mut Letter)) {
        if let Some(letter) = self.letters.get_mut(&letter) {
            change(letter);
        }
    }

    pub(crate) fn stored(&mut self, letter: LetterNumber) {
        self.letter(letter, |letter| letter.stored = true);
        let first = self.copies.get(&letter).copied().unwrap_or(letter);
        self.letter(first, |letter| letter.waited = true);
    }

    fn letter_named(&mut self, name: &str) -> Option<&mut Letter> {
        let number = self.by_name.get(name)?;
        self.letters.get_mut(number)
    }

    // --- questions -----------------------------------------------------------------------------------

    pub(crate) fn asks(&mut self, user: &BareJid, id: &str, question: Question) {
        let asked = Asked {
            user: user.clone(),
            question,
            cuts: self.cuts,
            answers: 0,
        };
        self.questions.insert(id.to_owned(), asked);
    }

    // --- the disk ------------------------------------------------------------------------------------

    /// A run begins with this.
    pub(crate) fn loaded(&mut self, _jid: &BareJid, record: &UserRecord, _run: u32) {
        for entry in record.journal.values().flatten() {
            let Entry::ToIcq(outgoing) = entry else {
                continue;
            };
            let stage = record.cursor.stages.iter();
            let mut stage = stage
                .filter(|(id, _)| *id == outgoing.id)
                .map(|(_, stage)| *stage);
            let stage = stage.next_back().unwrap_or(match outgoing.left {
                true => Stage::Left,
                false => Stage::Waiting,
            });
            let tag = outgoing.stanza_id.as_deref().unwrap_or_default();
            if stage == Stage::Waiting
                && let Some(known) = self.outgoing.get_mut(tag)
            {
                known.waited_over_restart = true;
            }
        }
    }

    /// Nothing that is kept grows without end.
    pub(crate) fn bounded(&mut self, jid: &BareJid, record: &UserRecord, settings: &Settings) {
        let limits = &settings.limits;
        let entries = record.journal.values().map(Vec::len).sum::<usize>();
        // Waiting, failed and not confirmed, held, shown lately.
        let most = limits.queued_messages + limits.held_messages * 10 + 2000;
        let stages = record.cursor.stages.len();
        if entries > most || stages > most || record.contacts.len() > limits.contacts + 200 {
            self.complain(format!(
                "{jid} keeps {entries} messages, {stages} stages, {} contacts",
                record.contacts.len()
            ));
        }
    }
}

/// The name a text gives its letter in the direction from ICQ.
fn name_of_letter(text: &str) -> Option<String> {
    let tag = text.split_whitespace().next()?;
    let digits = tag.strip_prefix(['f', 't'])?;
    let is_tag = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_tag.then(|| format!("<{tag}"))
}
