//! A small world around the parts of one user: conversations in XML, ICQ in words, a disk, a clock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{BareJid, FullJid, Jid};
use xmpp_parsers::message::Message as MessageStanza;
use xmpp_parsers::presence::{Presence, Type};

use super::facts::Facts;
use super::{
    Changes, Effects, Inbox, Journal, Mark, Outbox, Privileges, Resources, Roster, Settings,
    Shared, UserOutput, UserState,
};
use crate::icq::wire::Version;
use crate::icq::{Command, MessageId, NoProfile, NotSent, Receipt};
use crate::model::{Message, Now, Profile, Secret, Status, Uin, UnixTime};
use crate::store::{Mode, Preferences, Registration, UserRecord};
use crate::xmpp::{Address, Stanza};

/// Everything of one user but the login.
pub(super) struct World {
    pub(super) now: Now,
    pub(super) facts: Facts,
    pub(super) fx: Effects,
    pub(super) roster: Roster,
    pub(super) outbox: Outbox,
    pub(super) inbox: Inbox,
    pub(super) journal: Journal,
    /// What is on disk.
    pub(super) record: UserRecord,
    /// What reached the XMPP server and was not looked at.
    stanzas: VecDeque<Element>,
    /// What ICQ was asked and was not looked at.
    commands: VecDeque<Command>,
    /// Not come back yet.
    pub(super) marks: Vec<Mark>,
    pub(super) writes: usize,
    receipts: u64,
    runs: u32,
}

impl World {
    /// Romeo, registered with 111111, with the link up, one resource `pc`, and online on ICQ.
    pub(super) fn online() -> Self {
        let mut world = Self::offline();
        world.link_up();
        world.resource("pc");
        world.icq_online();
        world
    }

    /// Romeo, registered, and nothing else.
    pub(super) fn offline() -> Self {
        let now = Now {
            instant: Instant::now(),
            unix: UnixTime::from_secs(1_700_000_000),
        };
        let mut settings = Settings::new("icq.example.org".parse().unwrap());
        settings.message_hold = Duration::from_secs(30);
        let registration = Registration {
            uin: Uin(111_111),
            password: Secret::new("secret"),
            mode: Mode::Follow,
            charset: "windows-1252".into(),
            import_contacts: true,
            registered: now.unix,
            network: "icq".to_owned(),
            version: None,
        };
        Self {
            now,
            facts: Facts {
                shared: Arc::new(Shared::new(settings, now)),
                jid: BareJid::new("romeo@example.org").unwrap(),
                registration: registration.clone(),
                preferences: Preferences::default(),
                registered: true,
                resources: Resources::default(),
                privileges: Arc::default(),
                link_up: false,
                icq_online: false,
                state: UserState::Offline,
                speaks: Version::V5,
            },
            fx: Effects::new(0, 0),
            roster: Roster::default(),
            outbox: Outbox::default(),
            inbox: Inbox::default(),
            journal: Journal::default(),
            record: UserRecord::new(registration),
            stanzas: VecDeque::new(),
            commands: VecDeque::new(),
            marks: Vec::new(),
            writes: 0,
            receipts: 0,
            runs: 0,
        }
    }

    pub(super) fn settings(&mut self) -> &mut Settings {
        &mut Arc::get_mut(&mut self.facts.shared).unwrap().settings
    }

    // --- what happens ---------------------------------------------------------------------------

    pub(super) fn link_up(&mut self) {
        self.facts.link_up = true;
        let env = self.facts.env();
        self.roster.link_up(self.now, &env, &mut self.fx);
        self.outbox.link_up(&env, &mut self.fx);
        self.inbox
            .link_up(self.now, &env, &mut self.fx, &mut self.journal);
        self.settle();
    }

    pub(super) fn link_down(&mut self) {
        self.facts.link_up = false;
        self.facts.resources.clear();
        self.roster.link_down();
        self.marks.clear();
        self.settle();
    }

    /// The server lets the gateway read and write rosters.
    pub(super) fn grant_roster(&mut self) {
        self.facts.privileges = Arc::new(Privileges {
            roster_get: true,
            roster_set: true,
            ..Privileges::default()
        });
    }

    pub(super) fn resource(&mut self, name: &str) {
        let jid = FullJid::new(&format!("romeo@example.org/{name}")).unwrap();
        self.facts.resources.announce(self.now, &jid, None);
        let env = self.facts.env();
        self.roster
            .resource_online(self.now, &env, &mut self.fx, &jid);
        self.inbox.resource_online(self.now, &env, &mut self.fx);
        self.settle();
    }

    pub(super) fn icq_online(&mut self) {
        self.facts.icq_online = true;
        let env = self.facts.env();
        self.roster.list_loaded(self.now, &env, &mut self.fx);
        self.outbox.icq_online();
        self.inbox.icq_online(self.now);
        self.settle();
    }

    pub(super) fn icq_offline(&mut self) {
        self.facts.icq_online = false;
        let env = self.facts.env();
        self.roster.icq_offline(self.now, &env, &mut self.fx);
        self.outbox
            .icq_offline(self.now, &env, &mut self.fx, &mut self.journal);
        self.inbox
            .icq_offline(self.now, &env, &mut self.fx, &mut self.journal);
        self.settle();
    }

    /// The user's client or server sends something.
    pub(super) fn says(&mut self, xml: &str) {
        self.hears(xml);
        self.settle();
    }

    /// The same, with more to come before the driver takes anything.
    pub(super) fn hears(&mut self, xml: &str) {
        let element = parse(xml);
        let env = self.facts.env();
        let address = |to: &Option<Jid>| match Address::read(to.as_ref().unwrap(), Uin(1)) {
            Address::Contact(uin) => uin,
            Address::Gateway | Address::Invalid => Uin(0),
        };
        match element.name() {
            "presence" => {
                let presence = Presence::try_from(element).unwrap();
                let uin = address(&presence.to);
                if presence.type_ == Type::Probe {
                    let from = presence.from.unwrap();
                    self.roster
                        .handle_probe(self.now, &env, &mut self.fx, uin, &from);
                } else {
                    self.roster
                        .handle_subscription(self.now, &env, &mut self.fx, uin, &presence);
                }
            }
            "message" => {
                let message = MessageStanza::try_from(element).unwrap();
                if message.type_ == xmpp_parsers::message::MessageType::Error {
                    self.inbox.bounced(self.now, &mut self.journal, &message);
                    return;
                }
                let uin = address(&message.to);
                let known = self.roster.is_listed(uin) || self.inbox.heard_from(uin);
                let will_connect = self.facts.state.is_coming();
                self.outbox.take(
                    self.now,
                    &env,
                    &mut self.fx,
                    &mut self.journal,
                    uin,
                    &message,
                    will_connect,
                    known,
                );
            }
            _ => {
                let iq = Iq::try_from(element).unwrap();
                self.roster
                    .handle_iq_answer(self.now, &env, &mut self.fx, &iq);
            }
        }
    }

    /// A message of the user's, in a chat with a contact.
    pub(super) fn writes_to(&mut self, uin: u32, id: &str, body: &str) {
        self.says(&format!(
            "<message type='chat' id='{id}' from='romeo@example.org/pc' \
             to='{uin}@icq.example.org'><body>{body}</body></message>"
        ));
    }

    pub(super) fn icq_says(&mut self, from: u32, message: Message) {
        self.icq_reports(from, message, None);
        self.settle();
    }

    /// A message that waited on the ICQ server.
    pub(super) fn icq_said(&mut self, from: u32, text: &str, sent: UnixTime) {
        self.icq_reports(from, Message::Text(text.into()), Some(sent));
        self.settle();
    }

    pub(super) fn icq_reports(&mut self, from: u32, message: Message, sent: Option<UnixTime>) {
        self.receipts += 1;
        let env = self.facts.env();
        let (from, receipt) = (Uin(from), Receipt(self.receipts));
        match message {
            Message::AuthorisationRequest { .. }
            | Message::AuthorisationDenied { .. }
            | Message::AuthorisationGranted
            | Message::Added(_) => {
                self.roster
                    .authorisation(self.now, &env, &mut self.fx, from, &message);
                self.fx.command(Command::Safe(receipt));
            }
            message => self.inbox.receive(
                self.now,
                &env,
                &mut self.fx,
                &mut self.journal,
                from,
                self.roster.sender(from),
                message,
                sent,
                receipt,
            ),
        }
    }

    /// How many messages ICQ has reported.
    pub(super) const fn receipts(&self) -> u64 {
        self.receipts
    }

    pub(super) fn offline_messages_end(&mut self) {
        let env = self.facts.env();
        self.inbox
            .offline_messages_end(self.now, &env, &mut self.fx, &mut self.journal);
        self.settle();
    }

    pub(super) fn icq_shows(&mut self, uin: u32, status: Option<Status>) {
        let env = self.facts.env();
        self.roster
            .presence(self.now, &env, &mut self.fx, Uin(uin), status);
        self.settle();
    }

    pub(super) fn icq_knows(&mut self, uin: u32, profile: Result<Profile, NoProfile>) {
        let env = self.facts.env();
        self.roster
            .profile(self.now, &env, &mut self.fx, Uin(uin), profile);
        self.settle();
    }

    pub(super) fn icq_acknowledges(&mut self, id: MessageId) {
        self.outbox.sent(self.now, &mut self.journal, id);
        self.settle();
    }

    pub(super) fn icq_fails(&mut self, id: MessageId, why: NotSent) {
        let env = self.facts.env();
        self.outbox
            .not_sent(self.now, &env, &mut self.fx, &mut self.journal, id, why);
        self.settle();
    }

    /// All stanzas so far have reached the server.
    pub(super) fn confirm(&mut self) {
        for mark in std::mem::take(&mut self.marks) {
            let env = self.facts.env();
            self.roster.confirmed(self.now, mark);
            self.outbox.confirmed(&mut self.journal, mark);
            self.inbox
                .confirmed(self.now, &env, &mut self.fx, &mut self.journal, mark);
        }
        self.settle();
    }

    /// Time passes, and whatever is due on the way is done.
    pub(super) fn wait(&mut self, secs: u64) {
        let end = self.now.after(Duration::from_secs(secs));
        for _ in 0..10_000 {
            let due = self.poll_timeout().filter(|due| *due <= end.instant);
            let Some(due) = due else {
                self.now = end;
                return;
            };
            self.now = self
                .now
                .after(due.saturating_duration_since(self.now.instant));
            let env = self.facts.env();
            self.roster.handle_timeout(self.now, &env, &mut self.fx);
            self.outbox
                .handle_timeout(self.now, &env, &mut self.fx, &mut self.journal);
            self.inbox
                .handle_timeout(self.now, &env, &mut self.fx, &mut self.journal);
            self.settle();
        }
        panic!("something is due again and again");
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let parts = [
            self.roster.poll_timeout(),
            self.outbox.poll_timeout(),
            self.inbox.poll_timeout(),
        ];
        parts.into_iter().flatten().min()
    }

    // --- the driver -----------------------------------------------------------------------------

    /// Writes what is to be written, then does what is to be done.
    pub(super) fn settle(&mut self) {
        if let Some(changes) = self.poll_changes() {
            self.write(changes);
        }
        self.act();
    }

    pub(super) fn poll_changes(&mut self) -> Option<Changes> {
        let env = self.facts.env();
        self.outbox
            .pump(self.now, &env, &mut self.fx, &mut self.journal);
        self.roster.flush(&mut self.fx);
        self.journal.flush(&mut self.fx);
        self.fx.take_changes()
    }

    pub(super) fn write(&mut self, changes: Changes) {
        self.writes += changes.list.len();
        for change in changes.list {
            // Only what the parts of this world write.
            self.record = UserRecord::apply(Some(self.record.clone()), change).unwrap();
        }
    }

    pub(super) fn act(&mut self) {
        while let Some(output) = self.fx.next_output() {
            match output {
                UserOutput::Stanza(stanza) if self.facts.link_up => {
                    self.stanzas.push_back(normal(&stanza));
                }
                UserOutput::Mark(mark) if self.facts.link_up => self.marks.push(mark),
                _ => {}
            }
        }
        while let Some(command) = self.fx.next_command() {
            if self.facts.icq_online {
                self.commands.push_back(command);
            }
        }
    }

    /// The program ends without a word and starts again; what was not written is gone.
    pub(super) fn crash(&mut self) {
        let record = self.record.clone();
        let (mut journal, unfinished) = Journal::load(record.journal, record.cursor);
        let domain = self.facts.shared.settings.domain.clone();
        self.roster = Roster::load(record.contacts);
        self.outbox = Outbox::load(self.now, unfinished.outgoing, &mut journal);
        self.inbox = Inbox::load(self.now, &domain, unfinished.incoming, &mut journal);
        self.journal = journal;
        self.runs += 1;
        self.fx = Effects::new(self.runs, 0);
        self.marks.clear();
        self.facts.link_up = false;
        self.facts.icq_online = false;
        self.facts.resources.clear();
    }

    // --- what came of it ------------------------------------------------------------------------

    /// The stanzas since the last look are these.
    #[track_caller]
    pub(super) fn sees(&mut self, expected: &[&str]) {
        let seen: Vec<Element> = self.stanzas.drain(..).collect();
        let expected: Vec<Element> = expected.iter().map(|xml| parse(xml)).collect();
        let text = |elements: &[Element]| {
            let lines: Vec<String> = elements.iter().map(String::from).collect();
            lines.join("\n")
        };
        assert!(
            seen == expected,
            "seen:\n{}\n\nexpected:\n{}\n",
            text(&seen),
            text(&expected)
        );
    }

    /// ICQ was asked for this since the last look.
    #[track_caller]
    pub(super) fn icq_sees(&mut self, expected: &[Command]) {
        let commands: Vec<Command> = self.commands.drain(..).collect();
        assert_eq!(commands, expected);
    }

    pub(super) fn take_stanzas(&mut self) -> Vec<Element> {
        self.stanzas.drain(..).collect()
    }

    pub(super) fn take_commands(&mut self) -> Vec<Command> {
        self.commands.drain(..).collect()
    }

    /// The messages ICQ was given since the last look.
    pub(super) fn take_sent(&mut self) -> Vec<(MessageId, Uin, Message)> {
        let sent = |command| match command {
            Command::Send { id, to, message } => Some((id, to, message)),
            _ => None,
        };
        self.take_commands().into_iter().filter_map(sent).collect()
    }

    /// ICQ acknowledges what it was given since the last look, and what follows from that.
    pub(super) fn icq_acknowledges_all(&mut self) {
        loop {
            let sent = self.take_sent();
            if sent.is_empty() {
                return;
            }
            for (id, ..) in sent {
                self.icq_acknowledges(id);
            }
        }
    }

    /// Nobody is interested in what was said so far.
    pub(super) fn look_away(&mut self) {
        self.stanzas.clear();
        self.commands.clear();
    }
}

/// Reads a stanza that does not say its namespace.
pub(super) fn parse(xml: &str) -> Element {
    let name = xml.find([' ', '>', '/']).unwrap_or(xml.len());
    let (start, rest) = xml.split_at(name);
    format!("{start} xmlns='jabber:component:accept'{rest}")
        .parse()
        .unwrap_or_else(|error| panic!("{error}: {xml}"))
}

/// A stanza without what differs from run to run (ids of its own), what is always the same
/// (capabilities) and what means nothing (a priority of zero).
fn normal(stanza: &Stanza) -> Element {
    let mut stanza = stanza.clone();
    match &mut stanza {
        Stanza::Presence(presence) => presence.id = presence.id.take().filter(|id| !is_own_id(id)),
        Stanza::Message(message) => message.id = message.id.take().filter(|id| !is_own_id(&id.0)),
        Stanza::Iq(_) => {}
    }
    let mut element: Element = xso::transform(&stanza).unwrap();
    element.remove_child("priority", "jabber:component:accept");
    element.remove_child("c", "http://jabber.org/protocol/caps");
    element
}

fn is_own_id(id: &str) -> bool {
    id.split_once('-')
        .is_some_and(|(run, _)| run.len() < 3 && u32::from_str_radix(run, 16).is_ok())
}
