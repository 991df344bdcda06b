//! What people do: on XMPP, and on ICQ.

use std::time::Duration;

use icq_transport::gateway::UserState;
use icq_transport::icq::LogoutReason;
use icq_transport::model::Uin;
use icq_transport::store::Mode;
use icq_transport::xmpp::Stanza;
use minidom::Element;
use rand::RngExt;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{BareJid, Jid};
use xmpp_parsers::message::{Id, Lang, Message};
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Show, Type};

use crate::host::{full, gateway};
use crate::icq::{ADDED, REQUEST};
use crate::plan::{DOMAIN, HOME, Plan};
use crate::witness::Question;
use crate::world::World;

/// Somebody with an account on the XMPP server and numbers on ICQ.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) jid: BareJid,
    pub(crate) uins: [Uin; 2],
    /// What the ICQ server takes.
    pub(crate) passwords: [String; 2],
    /// Which number is used.
    pub(crate) number: usize,
    /// Has registered once.
    pub(crate) was_registered: bool,
}

/// Something somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// A person does something, and goes on.
    Act(usize),
    /// A contact on ICQ does something, and goes on.
    PuppetActs(Uin),
    /// A person lets somebody see them, or does not.
    Decide(usize, BareJid),
    /// A contact answers a request for authorisation.
    AnswerRequest(Uin, Uin, bool),
    /// A person sees to it that all is well.
    Settle(usize),
}

impl Deed {
    pub(crate) const fn begins_something(&self) -> bool {
        matches!(self, Self::Act(_) | Self::PuppetActs(_))
    }
}

impl Person {
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let names = ["alice", "bob", "carol"];
        let people = names.iter().zip(0..plan.people);
        people
            .map(|(name, n)| Self {
                jid: BareJid::new(&format!("{name}@{HOME}")).expect("an address"),
                uins: [Uin(200_001 + n), Uin(210_001 + n)],
                passwords: [format!("Sesame{n}0"), format!("Sesame{n}1")],
                number: 0,
                was_registered: false,
            })
            .collect()
    }

    pub(crate) fn uin(&self) -> Uin {
        self.uins[self.number]
    }

    fn password(&self) -> &str {
        &self.passwords[self.number]
    }
}

pub(crate) fn contact(uin: Uin) -> BareJid {
    BareJid::new(&format!("{uin}@{DOMAIN}")).expect("an address")
}

impl World {
    pub(crate) fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Act(person) => {
                self.act_as(person);
                let pause = self.plan.habits.pause;
                let pause = self.between(pause / 5, pause * 2);
                self.do_later(pause, Deed::Act(person));
            }
            Deed::PuppetActs(uin) => {
                self.act_as_puppet(uin);
                let pause = self.between(Duration::from_secs(5), Duration::from_secs(120));
                self.do_later(pause, Deed::PuppetActs(uin));
            }
            Deed::Decide(person, contact) => {
                let user = self.people[person].jid.clone();
                let yes = self.is_quiet || contact == gateway() || self.chance(0.85);
                if self.resources(&user).is_empty() {
                    return;
                }
                self.answer_subscription(&user, &contact, yes);
            }
            Deed::AnswerRequest(puppet, to, yes) => self.answer_request(puppet, to, yes),
            Deed::Settle(person) => self.settle_person(person),
        }
        self.settle();
    }

    pub(crate) fn wake_puppets(&mut self) {
        let puppets: Vec<Uin> = self.icq.puppets.keys().copied().collect();
        for uin in puppets {
            let pause = self.between(Duration::from_secs(5), Duration::from_secs(120));
            self.do_later(pause, Deed::PuppetActs(uin));
        }
    }

    fn act_as_puppet(&mut self, uin: Uin) {
        let person = self.rng.random_range(0..self.people.len());
        let to = self.people[person].uin();
        match self.rng.random_range(0..10) {
            0..3 => {
                let status = self.one_of(&[None, Some(0), Some(1), Some(4), Some(0x20)]);
                self.set_puppet(uin, status.flatten());
            }
            3 => {
                let body = format!("Nick{uin}\u{fe}First\u{fe}Last\u{fe}\u{fe}1\u{fe}please");
                self.say_from_icq(uin, to, REQUEST, &latin(&body));
            }
            4 => {
                let body = format!("Nick{uin}\u{fe}First\u{fe}Last\u{fe}");
                self.say_from_icq(uin, to, ADDED, &latin(&body));
            }
            _ => self.write_from_icq(uin, to),
        }
    }

    // --- one person ----------------------------------------------------------------------------------

    fn act_as(&mut self, person: usize) {
        let user = self.people[person].jid.clone();
        let Some(resource) = self.any_resource(&user) else {
            return match self.chance(0.4) {
                true => self.come(person),
                false => self.hear(person),
            };
        };
        let is_registered = self.machine.disk.contains_key(&user);
        if !is_registered && self.chance(0.5) {
            return self.register(person, &resource);
        }
        let habits = self.plan.habits;
        let choices: [(u32, Choice); 9] = [
            (habits.writing, Choice::Write),
            (habits.hearing, Choice::Hear),
            (habits.coming_and_going, Choice::ComeOrGo),
            (habits.contacts, Choice::Contacts),
            (habits.commands, Choice::Command),
            (habits.registration, Choice::Register),
            (habits.leaving_the_gateway, Choice::LeaveGateway),
            (habits.questions, Choice::Ask),
            (u32::from(habits.mass_removal), Choice::RemoveAll),
        ];
        let all: u32 = choices.iter().map(|(part, _)| part).sum();
        let mut at = self.rng.random_range(0..all.max(1));
        for (part, choice) in choices {
            if at < part {
                return self.choose(person, &resource, choice);
            }
            at -= part;
        }
    }

    fn choose(&mut self, person: usize, resource: &str, choice: Choice) {
        let user = self.people[person].jid.clone();
        match choice {
            Choice::Write => self.write_to_somebody(person, resource),
            Choice::Hear => self.hear(person),
            Choice::ComeOrGo => self.come_or_go(person, resource),
            Choice::Contacts => self.change_contacts(person),
            Choice::Command => {
                let words = ["status", "help", "login", "login", "logout", "what?"];
                let word = self.one_of(&words).unwrap_or("help");
                self.command(&user, resource, word);
            }
            Choice::Register => self.change_registration(person, resource),
            Choice::LeaveGateway => self.leave_gateway(&user, resource),
            Choice::Ask => self.ask(&user, resource),
            Choice::RemoveAll => self.remove_everybody(person),
        }
    }

    fn come(&mut self, person: usize) {
        let user = self.people[person].jid.clone();
        let resource = self.one_of(&["pc", "phone", "tablet"]).unwrap_or("pc");
        let presence = self.some_presence();
        self.come_online(&user, resource, presence);
    }

    fn some_presence(&mut self) -> Presence {
        let mut presence = Presence::new(Type::None);
        presence.show = match self.rng.random_range(0..6) {
            0 => Some(Show::Away),
            1 => Some(Show::Dnd),
            2 => Some(Show::Xa),
            _ => None,
        };
        if self.chance(0.1) {
            presence = presence.with_priority(-1);
        }
        presence
    }

    fn come_or_go(&mut self, person: usize, resource: &str) {
        let user = self.people[person].jid.clone();
        match self.rng.random_range(0..5) {
            0 => self.come(person),
            1 | 2 => {
                let presence = self.some_presence();
                self.change_presence(&user, resource, presence);
            }
            _ => self.go_offline(&user, resource),
        }
    }

    /// Somebody on ICQ writes to this person.
    fn hear(&mut self, person: usize) {
        let to = self.people[person].uin();
        let puppets: Vec<Uin> = self.icq.puppets.keys().copied().collect();
        let Some(from) = self.one_of(&puppets) else {
            return;
        };
        let burst = self.rng.random_range(1..=self.plan.habits.burst);
        for _ in 0..burst {
            self.write_from_icq(from, to);
        }
    }

    fn write_to_somebody(&mut self, person: usize, resource: &str) {
        let user = self.people[person].jid.clone();
        let own = self.people[person].uin();
        let puppets = self.icq.puppets.keys().copied();
        let others = self.people.iter().map(Person::uin);
        let receivers: Vec<Uin> = puppets.chain(others).filter(|uin| *uin != own).collect();
        let Some(to) = self.one_of(&receivers) else {
            return;
        };
        let burst = self.rng.random_range(1..=self.plan.habits.burst);
        for _ in 0..burst {
            let is_long = self.chance(self.plan.habits.long_messages);
            self.write_to_icq(&user, resource, to, is_long);
        }
    }

    /// Writes a text that nobody else ever writes.
    pub(crate) fn write_to_icq(&mut self, user: &BareJid, resource: &str, to: Uin, is_long: bool) {
        let tag = self.witness.new_tag('t');
        let text = match is_long {
            true => (0..200).map(|n| format!("{tag}.{n} ")).collect(),
            false => format!("{tag} hello \u{43c}\u{438}\u{440}"),
        };
        self.witness.will_say(&tag, &text, user, to);
        let mut message = Message::chat(Jid::from(contact(to)));
        message.from = Some(Jid::from(full(user, resource)));
        message.id = Some(Id(tag));
        let message = message.with_body(Lang::new(), text);
        self.host_sends(Stanza::from(message));
    }

    pub(crate) fn command(&mut self, user: &BareJid, resource: &str, word: &str) {
        self.say(|| format!("{user} says *{word}*"));
        let mut message = Message::chat(Jid::from(gateway()));
        message.from = Some(Jid::from(full(user, resource)));
        let message = message.with_body(Lang::new(), word.to_owned());
        self.host_sends(Stanza::from(message));
    }

    // --- contacts ------------------------------------------------------------------------------------

    fn change_contacts(&mut self, person: usize) {
        let user = self.people[person].jid.clone();
        let puppets = self.icq.puppets.keys().copied();
        let others: Vec<Uin> = self.people.iter().map(Person::uin).collect();
        let everybody: Vec<Uin> = match self.plan.habits.mass_removal {
            true => puppets.chain(self.icq.sleepers.clone()).collect(),
            false => puppets.chain(others).collect(),
        };
        let Some(uin) = self.one_of(&everybody) else {
            return;
        };
        let contact = contact(uin);
        let account = &self.host.accounts[&user];
        let is_known = account
            .roster
            .get(&contact)
            .is_some_and(|it| it.to || it.ask);
        match is_known && self.chance(0.4) {
            true => self.remove_from_roster(&user, &contact),
            false => self.subscribe(&user, &contact),
        }
        if self.plan.habits.mass_removal {
            for uin in self.icq.sleepers.clone() {
                if self.chance(0.3) {
                    self.subscribe(&user, &crate::people::contact(uin));
                }
            }
        }
    }

    fn remove_everybody(&mut self, person: usize) {
        let user = self.people[person].jid.clone();
        let account = &self.host.accounts[&user];
        let contacts = account.roster.keys().filter(|jid| jid.node().is_some());
        let contacts: Vec<BareJid> = contacts.cloned().collect();
        if contacts.len() < 8 && self.chance(0.8) {
            return self.change_contacts(person);
        }
        for contact in contacts {
            self.remove_from_roster(&user, &contact);
        }
    }

    fn leave_gateway(&mut self, user: &BareJid, resource: &str) {
        let gateway = gateway();
        match self.rng.random_range(0..4) {
            0 => self.remove_from_roster(user, &gateway),
            1 => self.send_directed(user, resource, &gateway, Type::Unavailable),
            2 => self.send_directed(user, resource, &gateway, Type::None),
            _ => self.subscribe(user, &gateway),
        }
    }

    // --- registration --------------------------------------------------------------------------------

    fn register(&mut self, person: usize, resource: &str) {
        let password = match self.chance(0.2) {
            true => "Wrong123".to_owned(),
            false => self.people[person].password().to_owned(),
        };
        self.register_with(person, resource, &password);
    }

    pub(crate) fn register_with(&mut self, person: usize, resource: &str, password: &str) {
        let user = self.people[person].jid.clone();
        let uin = self.people[person].uin();
        let fields = [
            ("username", uin.to_string()),
            ("password", password.to_owned()),
        ];
        let mut query = Element::builder("query", ns::REGISTER);
        for (name, value) in fields {
            query = query.append(Element::builder(name, ns::REGISTER).append(value).build());
        }
        let question = Question::Register;
        self.send_iq(
            &user,
            resource,
            &Jid::from(gateway()),
            true,
            query.build(),
            question,
        );
    }

    fn change_registration(&mut self, person: usize, resource: &str) {
        let user = self.people[person].jid.clone();
        if !self.machine.disk.contains_key(&user) {
            return self.register(person, resource);
        }
        match self.rng.random_range(0..6) {
            0 | 1 => {
                let remove = Element::bare("remove", ns::REGISTER);
                let query = Element::builder("query", ns::REGISTER)
                    .append(remove)
                    .build();
                let question = Question::Unregister;
                self.send_iq(
                    &user,
                    resource,
                    &Jid::from(gateway()),
                    true,
                    query,
                    question,
                );
            }
            2 => self.command(&user, resource, "unregister yes"),
            3 => {
                let other = 1 - self.people[person].number;
                self.people[person].number = other;
                self.register(person, resource);
            }
            _ => self.register(person, resource),
        }
    }

    fn ask(&mut self, user: &BareJid, resource: &str) {
        let payloads = [
            Element::bare("ping", ns::PING),
            Element::bare("query", ns::VERSION),
            Element::bare("query", ns::DISCO_INFO),
            Element::bare("query", ns::DISCO_ITEMS),
            Element::bare("query", "jabber:iq:last"),
            Element::bare("query", ns::REGISTER),
            Element::bare("query", "jabber:iq:gateway"),
            Element::bare("nonsense", "urn:example:nonsense"),
        ];
        let at = self.rng.random_range(0..payloads.len());
        let payload = payloads.into_iter().nth(at).expect("one of them");
        let to = match self.chance(0.6) {
            true => Jid::from(gateway()),
            false => Jid::from(contact(Uin(300_001))),
        };
        self.send_iq(user, resource, &to, false, payload, Question::Other);
    }

    fn send_iq(
        &mut self,
        user: &BareJid,
        resource: &str,
        to: &Jid,
        is_set: bool,
        payload: Element,
        question: Question,
    ) {
        let id = self.witness.new_tag('q');
        self.say(|| format!("{user} asks {id}: {question:?}"));
        self.witness.asks(user, &id, question);
        let (from, to) = (Some(Jid::from(full(user, resource))), Some(to.clone()));
        let iq = match is_set {
            true => Iq::Set {
                from,
                to,
                id,
                payload,
            },
            false => Iq::Get {
                from,
                to,
                id,
                payload,
            },
        };
        self.host_sends(Stanza::from(iq));
    }

    // --- the quiet -----------------------------------------------------------------------------------

    /// Does what a person does who wants to be online on ICQ and is not.
    fn settle_person(&mut self, person: usize) {
        let user = self.people[person].jid.clone();
        let resource = "home";
        if !self.resources(&user).iter().any(|it| it == resource) {
            self.come_online(&user, resource, Presence::new(Type::None));
        }
        let Some(record) = self.machine.disk.get(&user) else {
            return;
        };
        let password = self.people[person].passwords.clone();
        let uins = self.people[person].uins;
        let at = uins.iter().position(|uin| *uin == record.registration.uin);
        let at = at.expect("a person registers own numbers only");
        self.people[person].number = at;
        let is_stale = record.registration.password.reveal() != password[at];
        let is_manual = record.registration.mode == Mode::Manual;
        let entry = self.host.accounts[&user].roster.get(&gateway());
        let is_seen = entry.is_some_and(|entry| entry.from);
        let is_added = entry.is_some_and(|entry| entry.to || entry.ask);
        let state = self.machine.task(&user).map(|task| task.state.clone());
        match state {
            None => {}
            Some(UserState::Suspended) => self.subscribe(&user, &gateway()),
            Some(UserState::Online) if is_added => {}
            Some(UserState::Online) => self.subscribe(&user, &gateway()),
            Some(UserState::Barred(LogoutReason::WrongPassword)) if is_stale => {
                self.register_with(person, resource, &password[at]);
            }
            Some(_) => {
                if !is_added {
                    self.subscribe(&user, &gateway());
                }
                self.command(&user, resource, "login");
            }
        }
        if !is_seen || is_manual {
            self.send_directed(&user, resource, &gateway(), Type::None);
        }
    }

    // --- what there is -------------------------------------------------------------------------------

    pub(crate) fn resources(&self, user: &BareJid) -> Vec<String> {
        let account = self.host.accounts.get(user);
        account
            .map(|account| account.clients.keys().cloned().collect())
            .unwrap_or_default()
    }

    fn any_resource(&mut self, user: &BareJid) -> Option<String> {
        let resources = self.resources(user);
        if resources.is_empty() {
            return None;
        }
        let at = self.rng.random_range(0..resources.len());
        resources.into_iter().nth(at)
    }
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Write,
    Hear,
    ComeOrGo,
    Contacts,
    Command,
    Register,
    LeaveGateway,
    Ask,
    RemoveAll,
}

/// A body as bytes, one for each character.
fn latin(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}
