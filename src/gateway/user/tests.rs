//! One user's conversations with both networks; the ICQ session is played by the test.

use std::collections::VecDeque;

use minidom::Element;

use super::*;
use crate::gateway::testkit::{expected, now, seconds, settings, shown, stanza};
use crate::gateway::{Mark, Settings};
use crate::icq::{Command, Event, QuestionId};
use crate::model::{Answer, Availability, NoAnswer, Question, Secret, Status, Uin, UnixTime};
use crate::store::{Change, LoginRecord, Mode, Registration, SessionTrace};

mod anything;
mod charset;
mod chat;
mod commands;
mod login;
mod logs;
mod moods;
mod new_number;
mod people;
mod presence;
mod registering;
mod versions;
mod words;

/// A user, the moment, and what the user has wanted so far.
struct World {
    now: Now,
    user: User,
    sent: VecDeque<String>,
    other: VecDeque<UserOutput>,
    /// Questions to Romeo's clients, with their ids.
    asked: VecDeque<String>,
    /// Everything that was written down.
    changes: Vec<Change>,
    /// Stanzas that were not to leave before the changes were on disk.
    barriers: usize,
}

impl World {
    /// Romeo, registered, with the link up and no resource online.
    fn registered() -> Self {
        Self::with(Mode::Follow, LoginRecord::default(), settings())
    }

    fn with(mode: Mode, login: LoginRecord, settings: Settings) -> Self {
        let mut world = Self::loaded(mode, login, settings);
        world.input(UserInput::LinkUp(Arc::default()));
        world.sees("<presence type='probe' from='icq.example.org' to='romeo@example.org'/>");
        world
    }

    fn loaded(mode: Mode, login: LoginRecord, settings: Settings) -> Self {
        let now = now();
        let registration = Registration {
            mode,
            ..romeos_registration()
        };
        let record = UserRecord {
            login,
            ..UserRecord::new(registration)
        };
        Self::new(now, User::load(now, seat(now, settings), record))
    }

    fn new(now: Now, user: User) -> Self {
        let mut world = Self {
            now,
            user,
            sent: VecDeque::new(),
            other: VecDeque::new(),
            asked: VecDeque::new(),
            changes: Vec::new(),
            barriers: 0,
        };
        world.drain();
        world
    }

    /// Romeo on one resource, logged in to ICQ.
    fn online() -> Self {
        let mut world = Self::registered();
        world.comes_online("pc");
        world.logs_in();
        world.sent.clear();
        world
    }

    fn comes_online(&mut self, resource: &str) {
        self.says(&format!(
            "<presence from='romeo@example.org/{resource}' to='icq.example.org'/>"
        ));
    }

    /// ICQ takes the login and the list.
    fn logs_in(&mut self) {
        self.connects();
        self.icq(Event::LoggedIn { seen_as: None });
        self.icq(Event::ListLoaded);
        assert_eq!(self.user.facts.state, UserState::Online);
    }

    /// A turn and a socket for the login that was asked for.
    fn connects(&mut self) {
        self.wants(|it| matches!(it, UserOutput::WantLogin));
        self.input(UserInput::LoginGranted);
        self.wants(|it| matches!(it, UserOutput::Connect { .. }));
        self.input(UserInput::Connected { local_port: 4001 });
        assert!(self.user.session.is_some());
    }

    fn says(&mut self, xml: &str) {
        self.input(UserInput::Stanza(stanza(xml)));
    }

    /// Romeo writes to the gateway.
    fn chats(&mut self, words: &str) {
        self.says(&format!(
            "<message type='chat' id='m1' from='romeo@example.org/pc' to='icq.example.org'>\
             <body>{words}</body></message>"
        ));
    }

    /// Romeo's client asks something; the answer comes now or later.
    fn asks(&mut self, to: &str, type_: &str, payload: &str) {
        self.says(&format!(
            "<iq type='{type_}' id='q' from='romeo@example.org/pc' to='{to}'>{payload}</iq>"
        ));
    }

    /// The next answer to what was asked: its payload, or its error.
    fn answer(&mut self) -> Element {
        let at = self.sent.iter().position(|it| it.starts_with("<iq"));
        let xml = at.and_then(|at| self.sent.remove(at)).expect("an answer");
        let answer: Element = xml
            .replacen("<iq", "<iq xmlns='jabber:component:accept'", 1)
            .parse()
            .unwrap();
        assert_eq!(answer.name(), "iq", "{xml}");
        answer.children().next().unwrap().clone()
    }

    /// What ICQ was asked last.
    fn question(&mut self) -> (QuestionId, Question) {
        let commands = self.commands();
        let mut asked = commands.into_iter().filter_map(|command| match command {
            Command::Ask { id, question } => Some((id, question)),
            _ => None,
        });
        asked.next_back().expect("a question")
    }

    fn icq_answers(&mut self, id: QuestionId, answer: Result<Answer, NoAnswer>) {
        self.icq(Event::Answer { id, answer });
    }

    fn input(&mut self, input: UserInput) {
        self.user.handle_input(self.now, input);
        self.drain();
    }

    fn icq(&mut self, event: Event) {
        let session = self.user.session.as_mut().expect("there is a session");
        session.outputs.push_back(Output::Event(event));
        self.user.handle_datagram(self.now, &[]);
        self.drain();
    }

    /// Lets time pass, doing what falls due on the way.
    fn pass(&mut self, time: std::time::Duration) {
        let end = self.now.after(time);
        for _ in 0..10_000 {
            let Some(due) = self.user.poll_timeout().filter(|due| *due <= end.instant) else {
                self.now = end;
                return;
            };
            let wait = due.saturating_duration_since(self.now.instant);
            self.now = self.now.after(wait);
            self.user.handle_timeout(self.now);
            self.drain();
        }
        panic!("the same thing falls due again and again");
    }

    fn drain(&mut self) {
        if let Some(changes) = self.user.poll_changes() {
            self.barriers += usize::from(changes.barrier);
            self.changes.extend(changes.list);
        }
        while let Some(output) = self.user.poll_output() {
            match output {
                UserOutput::Stanza(stanza) => {
                    if let Stanza::Iq(iq) = &stanza
                        && matches!(**iq, xmpp_parsers::iq::Iq::Get { .. })
                    {
                        let xml = xso::transform::<Element, _>(&stanza).unwrap();
                        self.asked.push_back(String::from(&xml));
                    }
                    self.sent.push_back(shown(&stanza));
                }
                UserOutput::Mark(mark) => self.arrives(mark),
                other => self.other.push_back(other),
            }
        }
    }

    /// The XMPP server has everything at once.
    fn arrives(&mut self, mark: Mark) {
        self.user.handle_input(self.now, UserInput::Confirmed(mark));
    }

    /// The next stanza is this one.
    fn sees(&mut self, xml: &str) {
        assert_eq!(self.sent.pop_front(), Some(expected(xml)));
    }

    fn sees_nothing(&self) {
        assert_eq!(self.sent, [""; 0]);
    }

    /// The gateway's presence for one resource is this.
    fn sees_gateway(&mut self, resource: &str, attributes: &str, content: &str) {
        self.sees(&format!(
            "<presence from='icq.example.org' to='romeo@example.org/{resource}' {attributes}>\
             {content}</presence>"
        ));
    }

    /// The gateway writes this.
    fn is_told(&mut self, text: &str) {
        self.sees(&format!(
            "<message type='chat' from='icq.example.org' to='romeo@example.org'>\
             <body>{text}</body></message>"
        ));
    }

    /// The first output that is one of these; what came before it is forgotten.
    fn wants(&mut self, which: impl Fn(&UserOutput) -> bool) -> UserOutput {
        while let Some(output) = self.other.pop_front() {
            if which(&output) {
                return output;
            }
        }
        panic!("not wanted");
    }

    fn wants_no_login(&mut self) {
        let wanted = self
            .other
            .iter()
            .any(|it| matches!(it, UserOutput::WantLogin));
        assert!(!wanted, "a login was wanted");
    }

    fn state(&self) -> &'static str {
        self.user.facts.state.code()
    }

    /// What the session was asked since the last time.
    fn commands(&mut self) -> Vec<Command> {
        let session = self.user.session.as_mut().expect("there is a session");
        std::mem::take(&mut session.commands)
    }

    /// What would be loaded after a crash.
    fn record(&self) -> Option<UserRecord> {
        let start = Some(UserRecord::new(romeos_registration()));
        let changes = self.changes.iter().cloned();
        changes.fold(start, UserRecord::apply)
    }
}

fn seat(now: Now, settings: Settings) -> Seat {
    Seat {
        shared: Arc::new(Shared::new(settings, now)),
        jid: "romeo@example.org".parse().unwrap(),
        run: 0xab,
        task: 1,
        seed: 1,
    }
}

fn romeos_registration() -> Registration {
    Registration {
        uin: Uin(100_001),
        password: Secret::new("old"),
        mode: Mode::Follow,
        charset: "windows-1252".into(),
        import_contacts: true,
        registered: UnixTime::from_secs(1),
        network: "icq".to_owned(),
        version: None,
    }
}
