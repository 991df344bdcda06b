//! Whatever happens, in whatever order: each request has one answer, nothing falls due for ever, and what
//! is written down can be loaded again.

use proptest::prelude::*;

use super::*;
use crate::model::{Found, Profile};

#[derive(Clone, Debug)]
enum Happening {
    Says(&'static str, &'static str, &'static str),
    Asks(&'static str, &'static str),
    Icq(u8),
    LinkUp,
    LinkDown,
    Granted,
    Connected,
    NotConnected,
    Time(u64),
    Crash,
}

fn happening() -> impl Strategy<Value = Happening> {
    let from = prop::sample::select(vec![
        "romeo@example.org",
        "romeo@example.org/pc",
        "romeo@example.org/phone",
    ]);
    let to = prop::sample::select(vec![
        "icq.example.org",
        "icq.example.org/registered",
        "123456@icq.example.org",
        "123456@icq.example.org/ICQ",
        "100001@icq.example.org",
    ]);
    let stanza = prop::sample::select(vec![
        "<presence F/>",
        "<presence F><show>away</show><status>x</status></presence>",
        "<presence F><priority>-1</priority></presence>",
        "<presence F type='unavailable'/>",
        "<presence F type='error'><error type='cancel'><item-not-found \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
        "<presence F type='probe'/>",
        "<presence F type='subscribe'/>",
        "<presence F type='subscribed'/>",
        "<presence F type='unsubscribe'/>",
        "<presence F type='unsubscribed'/>",
        "<message F id='m'><body>login</body></message>",
        "<message F id='m'><body>logout</body></message>",
        "<message F id='m'><body>status</body></message>",
        "<message F id='m'><body>unregister yes</body></message>",
        "<message F id='m'><body>find Ben</body></message>",
        "<message F id='m'><body>password</body></message>",
        "<message F id='m'><body>new number</body></message>",
        "<message F id='m'><body>ignore 123456</body></message>",
        "<message F id='m'><body>import 123456 Ben</body></message>",
        "<message F type='error' id='m'><body>x</body></message>",
    ]);
    let payload = prop::sample::select(vec![
        "get <ping xmlns='urn:xmpp:ping'/>",
        "get <query xmlns='jabber:iq:register'/>",
        "get <query xmlns='http://jabber.org/protocol/disco#info'/>",
        "set <query xmlns='jabber:iq:register'><username>100001</username>\
         <password>new</password></query>",
        "set <query xmlns='jabber:iq:register'><username>200002</username>\
         <password>new</password></query>",
        "set <query xmlns='jabber:iq:register'><remove/></query>",
        "set <query xmlns='jabber:iq:register'/>",
        "get <vCard xmlns='vcard-temp'/>",
        "get <vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
        "set <query xmlns='jabber:iq:search'><nick>Ben</nick></query>",
        "set <query xmlns='jabber:iq:gateway'><prompt>ben@verona.example</prompt></query>",
        "get <query xmlns='http://jabber.org/protocol/disco#items' \
         node='http://jabber.org/protocol/commands'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='login'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='logout'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='profile'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='find'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='information'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='new-number' sessionid='SESSION'>\
         <x xmlns='jabber:x:data' type='submit'><field var='password'><value>x</value></field>\
         <field var='repeat'><value>x</value></field></x></command>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='new-number'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='find' sessionid='SESSION'>\
         <x xmlns='jabber:x:data' type='submit'><field var='nick'><value>x</value></field></x></command>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='find' sessionid='SESSION' \
         action='prev'/>",
        "set <command xmlns='http://jabber.org/protocol/commands' node='find' sessionid='SESSION' \
         action='cancel'/>",
    ]);
    prop_oneof![
        6 => (stanza, from, to.clone()).prop_map(|(xml, from, to)| Happening::Says(xml, from, to)),
        2 => (payload, to).prop_map(|(payload, to)| Happening::Asks(payload, to)),
        6 => any::<u8>().prop_map(Happening::Icq),
        1 => Just(Happening::LinkUp),
        1 => Just(Happening::LinkDown),
        4 => Just(Happening::Granted),
        4 => Just(Happening::Connected),
        1 => Just(Happening::NotConnected),
        3 => (0..200_u64).prop_map(Happening::Time),
        1 => Just(Happening::Crash),
    ]
}

fn event(which: u8) -> Event {
    match which % 17 {
        13 | 16 => Event::Answer {
            id: QuestionId(u64::from(which / 16)),
            answer: Ok(Answer::Details(Box::default())),
        },
        14 => Event::Answer {
            id: QuestionId(u64::from(which / 16)),
            answer: Ok(Answer::Found {
                people: vec![Found {
                    uin: Uin(123_457),
                    profile: Profile::default(),
                    online: None,
                }],
                more: false,
            }),
        },
        15 => Event::Answer {
            id: QuestionId(u64::from(which / 16)),
            answer: Err(NoAnswer::Silent),
        },
        0 | 1 => Event::LoggedIn { seen_as: None },
        2 | 3 => Event::ListLoaded,
        4 => Event::Presence {
            uin: Uin(123_456),
            status: Some(Status::default()),
        },
        5 => Event::OfflineMessagesEnd,
        6 => Event::LoggedOut(LogoutReason::WrongPassword),
        7 => Event::LoggedOut(LogoutReason::Kicked(String::new())),
        8 => Event::LoggedOut(LogoutReason::ConnectionLost),
        9 => Event::LoggedOut(LogoutReason::AlreadyOnline),
        10 => Event::LoggedOut(LogoutReason::NoAnswer),
        11 => Event::OfflineMessagesGone,
        _ => Event::LoggedOut(LogoutReason::SessionLost),
    }
}

/// The world, and how many answers each request has had.
struct Watched {
    world: World,
    asked: Vec<String>,
    answered: Vec<String>,
    /// The command that was last begun or gone on with.
    session: String,
}

impl Watched {
    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Says(xml, from, to) => {
                let addressed = xml.replace('F', &format!("from='{from}' to='{to}'"));
                self.world.says(&addressed);
            }
            Happening::Asks(payload, to) => {
                let (type_, payload) = payload.split_once(' ').unwrap();
                let id = format!("q{}", self.asked.len());
                let payload = payload.replace("SESSION", &self.session);
                self.world.says(&format!(
                    "<iq type='{type_}' id='{id}' from='romeo@example.org/pc' to='{to}'>\
                     {payload}</iq>"
                ));
                self.asked.push(id);
            }
            Happening::Icq(which) => {
                if self.world.user.session.is_some() {
                    self.world.icq(event(which));
                }
            }
            Happening::LinkUp => self.world.input(UserInput::LinkUp(Arc::default())),
            Happening::LinkDown => self.world.input(UserInput::LinkDown),
            Happening::Granted => self.world.input(UserInput::LoginGranted),
            Happening::Connected => self.world.input(UserInput::Connected { local_port: 1 }),
            Happening::NotConnected => {
                let why = LogoutReason::Unreachable("x".into());
                self.world.input(UserInput::ConnectFailed(why));
            }
            Happening::Time(time) => self.world.pass(seconds(time)),
            Happening::Crash => self.crash(),
        }
        for stanza in self.world.sent.drain(..) {
            if let Some(session) = stanza.split("sessionid='").nth(1) {
                self.session = session.split('\'').next().unwrap().to_owned();
            }
            if let Some(id) = stanza.split("id='q").nth(1) {
                let id = id.split('\'').next().unwrap();
                self.answered.push(format!("q{id}"));
            }
        }
    }

    /// Nothing but what was written down is left; questions that were open get no answer any more.
    fn crash(&mut self) {
        let Some(record) = self.world.record() else {
            return;
        };
        self.asked.clone_from(&self.answered);
        let now = self.world.now;
        let user = User::load(now, seat(now, settings()), record);
        let changes = std::mem::take(&mut self.world.changes);
        self.world = World::new(now, user);
        self.world.changes = changes;
        self.world.input(UserInput::LinkUp(Arc::default()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_is_answered_once(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut watched = Watched {
            world: World::with(Mode::Follow, LoginRecord::default(), {
                let mut settings = settings();
                settings.new_numbers = true;
                settings
            }),
            asked: Vec::new(),
            answered: Vec::new(),
            session: String::new(),
        };
        for happening in happenings {
            watched.happens(happening);
        }
        // A registration that is being tried is answered within its deadline, a question to ICQ, too.
        watched.happens(Happening::Time(41));
        watched.happens(Happening::Time(41));

        watched.asked.sort();
        watched.answered.sort();
        prop_assert_eq!(&watched.asked, &watched.answered);
        let has_session = watched.world.user.session.is_some();
        prop_assert!(!has_session || watched.world.user.socket);
    }
}
