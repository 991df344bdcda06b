//! The ICQ server of this tree, and the contacts that live in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use icq_transport::model::Uin;
use icq_transport::server::{
    Account, Ending, JournalEvent, LetterNumber, LoginAnswer, Server, Setup,
};
use rand::RngExt;

use crate::people::{Deed, Person};
use crate::plan::{Plan, Preset};
use crate::tally::Rare;
use crate::world::World;

/// The ICQ side.
pub(crate) struct Icq {
    pub(crate) server: Server,
    /// Contacts who act, and their status; `None` is offline.
    pub(crate) puppets: BTreeMap<Uin, Option<u32>>,
    /// Contacts who only have a number.
    pub(crate) sleepers: Vec<Uin>,
    /// Who wants to be asked before they are put on a list.
    pub(crate) shy: Vec<Uin>,
}

impl Icq {
    pub(crate) fn new(plan: &Plan, people: &[Person]) -> Self {
        let puppets: Vec<Uin> = (0..plan.puppets).map(|n| Uin(300_001 + n)).collect();
        let shy: Vec<Uin> = puppets.iter().copied().skip(1).step_by(2).collect();
        let sleepers: Vec<Uin> = (0..SLEEPERS).map(|n| Uin(400_001 + n)).collect();
        let mut accounts = Vec::new();
        for person in people {
            for (uin, password) in person.uins.iter().zip(&person.passwords) {
                accounts.push(Account::new(*uin, password.clone()));
            }
        }
        for uin in puppets.iter().chain(&sleepers) {
            let mut account = Account::new(*uin, "nobody");
            account.nick = format!("Nick{uin}").into_bytes();
            account.authorisation_required = shy.contains(uin);
            accounts.push(account);
        }
        Self {
            server: Server::new(Setup {
                accounts,
                behaviour: plan.behaviour.clone(),
                seed: plan.seed,
                bots: false,
                journal: 10_000,
            }),
            puppets: puppets.into_iter().map(|uin| (uin, None)).collect(),
            sleepers,
            shy,
        }
    }
}

impl World {
    pub(crate) fn open_icq(&mut self) {
        let puppets: Vec<Uin> = self.icq.puppets.keys().copied().collect();
        for uin in puppets {
            let status = self.chance(0.7).then_some(0);
            self.set_puppet(uin, status);
        }
    }

    pub(crate) fn set_puppet(&mut self, uin: Uin, status: Option<u32>) {
        self.say(|| format!("puppet {uin} is {status:?}"));
        self.icq.puppets.insert(uin, status);
        self.icq.server.set_status(self.now, uin, status);
        self.drain_icq();
    }

    /// Somebody on ICQ writes a text that nobody else ever writes.
    pub(crate) fn write_from_icq(&mut self, from: Uin, to: Uin) {
        let tag = self.witness.new_tag('f');
        let words = self.one_of(&[
            "",
            " hi",
            " how are you?",
            " \u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}",
        ]);
        let text = format!("{tag}{}", words.unwrap_or_default());
        let body = icq_transport::icq::wire::text::Charset::WINDOWS_1251.encode(&text);
        self.say(|| format!("{from} writes {text} to {to}"));
        self.icq.server.write(self.now, from, to, TEXT, &body.bytes);
        self.drain_icq();
    }

    /// Somebody on ICQ says something of another kind.
    pub(crate) fn say_from_icq(&mut self, from: Uin, to: Uin, kind: u16, body: &[u8]) {
        self.say(|| format!("{from} says {kind} to {to}"));
        self.icq.server.write(self.now, from, to, kind, body);
        self.drain_icq();
    }

    pub(crate) fn reach_server(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.note_reaches_server(from.port(), datagram);
        self.icq.server.handle_datagram(self.now, from, datagram);
        self.drain_icq();
    }

    /// Sends what the server sends, and reads in its journal what it did.
    pub(crate) fn drain_icq(&mut self) {
        while let Some((to, datagram)) = self.icq.server.poll_output() {
            self.carry_to_gateway(to, datagram);
        }
        for entry in self.icq.server.take_journal() {
            self.read_journal(entry.event);
        }
    }

    fn read_journal(&mut self, event: JournalEvent) {
        match event {
            JournalEvent::Accepted {
                letter,
                from,
                to,
                kind,
                body,
            } => self.accepted(letter, from, to, kind, &body),
            JournalEvent::Sent(letter) => self.witness.letter(letter, |it| it.sent += 1),
            JournalEvent::Stored(letter) => self.witness.stored(letter),
            JournalEvent::Acknowledged(letter) => self.server_was_told(letter, false),
            JournalEvent::Deleted(letter) => self.server_was_told(letter, true),
            JournalEvent::Lost(letter, why) => {
                self.say(|| format!("letter {letter:?} is lost: {why:?}"));
                self.witness.letter(letter, |it| it.lost = true);
            }
            JournalEvent::LoggedOn(uin) => self.say(|| format!("{uin} is logged on")),
            JournalEvent::LoggedOff(uin, ending) => {
                self.say(|| format!("{uin} is logged off: {ending:?}"));
                if ending == Ending::Replaced {
                    self.tally.note(Rare::GhostMet);
                }
            }
        }
    }

    fn accepted(&mut self, letter: LetterNumber, from: Uin, to: Uin, kind: u16, body: &[u8]) {
        self.say(|| {
            format!(
                "accepted {letter:?}: {from} to {to}, {kind}, {}",
                body.escape_ascii()
            )
        });
        let owner = |uin: Uin| self.people.iter().find(|person| person.uins.contains(&uin));
        let text_to_user = (kind == TEXT).then(|| owner(to)).flatten();
        if let Some(user) = text_to_user.map(|person| person.jid.clone()) {
            self.witness.letter_accepted(letter, from, to, &user, body);
        }
        if owner(from).is_none() {
            return;
        }
        match kind {
            TEXT => self.note_delivered(body),
            REQUEST if self.icq.shy.contains(&to) => {
                let delay = self.between(Duration::from_millis(100), Duration::from_secs(30));
                let yes = self.rng.random_bool(0.6);
                self.do_later(delay, Deed::AnswerRequest(to, from, yes));
            }
            GRANTED => self.tally.note(Rare::Authorised),
            _ => {}
        }
    }

    /// A contact answers a request for authorisation.
    pub(crate) fn answer_request(&mut self, puppet: Uin, to: Uin, yes: bool) {
        match yes {
            true => {
                self.tally.note(Rare::GrantedByContact);
                self.say_from_icq(puppet, to, GRANTED, b"");
            }
            false => {
                self.tally.note(Rare::DeniedByContact);
                self.say_from_icq(puppet, to, DENIED, b"no");
            }
        }
    }

    pub(crate) fn restart_server(&mut self) {
        self.say(|| "ICQ server restarts".to_owned());
        self.icq.server.restart(self.now);
        let puppets: Vec<_> = self.icq.puppets.clone().into_iter().collect();
        for (uin, status) in puppets {
            self.icq.server.set_status(self.now, uin, status);
        }
        self.drain_icq();
    }

    pub(crate) fn set_login_answer(&mut self, answer: LoginAnswer) {
        let mut behaviour = self.plan.behaviour.clone();
        behaviour.login_answer = answer;
        self.icq.server.set_behaviour(behaviour);
    }

    /// The server delivers in the order it accepted, whatever the network does.
    pub(crate) fn server_keeps_order(&self) -> bool {
        let unasked = icq_transport::server::OfflineMessages::OnRequestOrSoon;
        self.plan.preset == Preset::Reference && self.plan.behaviour.offline_messages == unasked
    }
}

/// Enough for more removals at once than a person makes.
const SLEEPERS: u32 = 14;

/// icq-udp.md §7.3.
const TEXT: u16 = 1;
pub(crate) const REQUEST: u16 = 6;
const DENIED: u16 = 7;
pub(crate) const GRANTED: u16 = 8;
pub(crate) const ADDED: u16 = 12;
