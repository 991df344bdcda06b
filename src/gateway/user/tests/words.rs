//! Words in the chat window that do what the commands do (xmpp-gateway.md §24).

use super::*;
use crate::gateway::card;
use crate::icq::{LogoutReason, VisibilityList};
use crate::model::{Found, Introduction, Message, Profile, RandomGroup, Search};

impl World {
    /// ICQ has to be asked first.
    fn sees_composing(&mut self) {
        self.sees(
            "<message type='chat' from='icq.example.org' to='romeo@example.org'>\
             <composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        );
    }

    fn hears_from(&mut self, from: u32, message: Message) {
        self.icq(Event::Message {
            from: Uin(from),
            message,
            sent: None,
            receipt: crate::icq::Receipt(1),
        });
        self.sent.clear();
        self.commands();
    }

    fn asks_for_authorisation(&mut self, from: u32, nick: &str, reason: &str) {
        let from_whom = Introduction {
            nick: nick.into(),
            ..Introduction::default()
        };
        let reason = reason.into();
        self.hears_from(
            from,
            Message::AuthorisationRequest {
                from: from_whom,
                reason,
            },
        );
    }
}

#[test]
fn people_are_found_by_a_word() {
    let mut world = World::online();

    world.chats("find Ben Montague");
    let (id, question) = world.question();
    let names = Search::Names {
        nick: String::new(),
        first: "Ben".into(),
        last: "Montague".into(),
    };
    assert_eq!(question, Question::Search(names));
    world.sees_composing();
    let people = vec![Found {
        uin: Uin(123_456),
        profile: Profile {
            nick: "Ben".into(),
            first: "Benvolio".into(),
            email: "ben@verona.example".into(),
            ..Profile::default()
        },
        online: Some(true),
    }];
    world.icq_answers(
        id,
        Ok(Answer::Found {
            people,
            more: false,
        }),
    );
    world.is_told(
        "ICQ found one person:\n123456 Ben (Benvolio) &lt;ben@verona.example&gt; (online)",
    );

    world.chats("find ben@verona.example");
    world.is_told("You search too often. Wait five seconds.");
    world.chats("find");
    world.is_told("Whom do you look for? Tell a name, an e-mail address or an ICQ number.");
}

#[test]
fn information_about_a_number_is_told_in_lines() {
    let mut world = World::online();

    world.chats("info 123-456");
    world.sees_composing();
    let (id, _) = world.question();
    world.icq_answers(id, Ok(Answer::Details(Box::new(card::tests::benvolio()))));

    let told = world.sent.pop_front().unwrap();
    assert!(
        told.contains("<body>Ben\nICQ number: 123456\nNickname: Ben\n"),
        "{told}"
    );
    world.chats("info Ben");
    world.is_told("This is not an ICQ number. Numbers have five to ten digits.");
}

#[test]
fn somebody_is_added_with_a_reason() {
    let mut world = World::online();

    world.chats("add 123456 Hello, it is Romeo");
    world.is_told("One contact is being added.");
    assert_eq!(world.commands(), [Command::RequestProfile(Uin(123_456))]);
    world.icq(Event::Profile {
        uin: Uin(123_456),
        profile: Ok(Profile {
            nick: "Ben".into(),
            authorisation_required: true,
            ..Profile::default()
        }),
    });
    let commands = world.commands();
    let [Command::Send { message, .. }] = &commands[..] else {
        panic!("{commands:?}");
    };
    let Message::AuthorisationRequest { reason, .. } = message else {
        panic!("{message:?}");
    };
    assert_eq!(reason, "Hello, it is Romeo");
    world.sees_nothing();

    world.chats("contacts");
    world.is_told("123456 Ben: has not authorised you");
    world.chats("add 123456");
    world.is_told("This contact is on your list already.");
    world.chats("ask 123456 Please!");
    world.is_told("Asked again.");
    world.chats("ask 999999");
    world.is_told("You are not waiting for this contact's authorisation.");
}

#[test]
fn a_contact_that_is_added_by_a_word_asks_for_the_roster() {
    let mut world = World::online();
    world.chats("add 123456");
    world.sent.clear();

    let profile = Ok(Profile::default());
    let uin = Uin(123_456);
    world.icq(Event::Profile { uin, profile });

    world.sees(
        "<presence type='subscribe' from='123456@icq.example.org' to='romeo@example.org'>\
         <status>Already on your ICQ list.</status></presence>",
    );
    assert!(world.commands().contains(&Command::AddContact(uin)));
}

#[test]
fn requests_are_answered_by_place_or_number() {
    let mut world = World::online();
    world.chats("waiting");
    world.is_told("Nobody waits for your authorisation.");
    world.asks_for_authorisation(123_456, "Ben", "let me in");
    world.asks_for_authorisation(123_457, "", "");

    world.chats("waiting");
    world.is_told(
        "These people ask to be allowed to add you. Send *grant 1* or *refuse 1 because …*.\n\
         1. 123456 Ben: let me in\n2. 123457",
    );
    world.chats("status");
    let status = world.sent.pop_front().unwrap();
    assert!(
        status.contains("2 people wait for your authorisation"),
        "{status}"
    );
    world.chats("refuse 1 Who are you?");
    world.is_told("Refused.");
    world.chats("grant 123457");
    world.is_told("Granted.");
    world.chats("grant 1");
    world.is_told("Nobody of that number asks for your authorisation.");

    let sent = world
        .commands()
        .into_iter()
        .filter_map(|command| match command {
            Command::Send { to, message, .. } => Some((to, message)),
            _ => None,
        });
    let denied = Message::AuthorisationDenied {
        reason: "Who are you?".into(),
    };
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [
            (Uin(123_456), denied),
            (Uin(123_457), Message::AuthorisationGranted)
        ]
    );
}

#[test]
fn people_are_ignored_and_heard_again() {
    let mut world = World::online();

    world.chats("ignore 123456");
    world.is_told("123456 is on your ignore list.");
    world.chats("lists");
    world.is_told("Ignored: 123456.\nAlways visible: nobody.\nAlways invisible: nobody.");
    world.chats("normal 123456");
    world.is_told("123456 is on none of your lists.");
    world.chats("ignore 100001");
    world.is_told("This is your own ICQ number.");

    let set = |on| Command::SetVisibility {
        uin: Uin(123_456),
        list: VisibilityList::Invisible,
        on,
    };
    assert_eq!(world.commands(), [set(true), set(false)]);
    assert!(world.record().unwrap().preferences.people.is_empty());
}

#[test]
fn the_word_behind_password_is_the_next_message() {
    let mut world = World::online();

    world.chats("password");
    assert!(
        world
            .sent
            .pop_front()
            .unwrap()
            .contains("Your next message is taken as the password.")
    );
    world.chats("help");
    world.is_told("The password is stored, and is used at your next login.");
    assert_eq!(
        world.record().unwrap().registration.password,
        Secret::new("help")
    );

    world.chats("password icq");
    world.sent.clear();
    world.chats("secret2");
    let (id, question) = world.question();
    assert_eq!(question, Question::ChangePassword(Secret::new("secret2")));
    world.sees_composing();
    world.icq_answers(id, Err(NoAnswer::Refused));
    world.is_told("ICQ refuses.");
    assert_eq!(
        world.record().unwrap().registration.password,
        Secret::new("help")
    );

    // Whoever waits too long has changed their mind.
    world.chats("password");
    world.sent.clear();
    world.pass(seconds(301));
    world.chats("waiting");
    world.is_told("Nobody waits for your authorisation.");
}

#[test]
fn a_wrong_password_is_replaced_and_tried() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
    world.sent.clear();

    world.chats("password");
    world.sent.clear();
    world.chats("right");

    assert!(
        world
            .sent
            .iter()
            .any(|it| it.contains("I log in with it now."))
    );
    world.connects();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.password, Secret::new("right"));
}

#[test]
fn the_operator_may_keep_passwords_out_of_the_chat() {
    let mut settings = settings();
    settings.chat_password = false;
    let mut world = World::with(Mode::Follow, LoginRecord::default(), settings);

    world.chats("password");

    assert!(world.sent.pop_front().unwrap().contains("Use the form"));
    world.chats("waiting");
    world.is_told("Nobody waits for your authorisation.");
}

#[test]
fn settings_are_told_and_set() {
    let mut world = World::online();

    world.chats("settings");
    let told = world.sent.pop_front().unwrap();
    assert!(
        told.contains("mode = follow   (follow, always, manual)"),
        "{told}"
    );
    world.chats("SET web-aware yes");
    world.is_told("Saved.");
    assert!(world.record().unwrap().preferences.web_aware);
    world.chats("set mode sometimes");
    world.is_told("When to be online on ICQ: This is none of the choices.");
    world.chats("set sandwich yes");
    world.is_told("There is no such setting. Send *settings*.");
}

#[test]
fn contacts_are_imported_from_a_message() {
    let mut world = World::online();
    world.chats("import");
    assert!(
        world
            .sent
            .pop_front()
            .unwrap()
            .contains("one contact a line")
    );

    world.chats("import\n123456;Benvolio;Verona\n123457");
    assert!(world.sent.pop_front().unwrap().contains("type='subscribe'"));
    world.is_told("2 contacts were added.");
    world.pass(seconds(2));
    world.sent.clear();
    world.chats("export");
    world.is_told("123456;Benvolio;Verona\n123457\n");

    world.chats("import received");
    world.is_told("Nobody has sent you contacts lately.");
    world.hears_from(
        123_456,
        Message::Contacts(vec![(Uin(123_458), "Mercutio".into())]),
    );
    world.chats("import");
    assert!(
        world
            .sent
            .pop_front()
            .unwrap()
            .contains("*import received* adds them")
    );
    world.chats("import received");
    assert!(world.sent.pop_front().unwrap().contains("123458@"));
    world.is_told("One contact was added.");
}

#[test]
fn many_imported_contacts_are_offered_by_a_sentence() {
    let mut world = World::online();
    let lines: String = (0..30).map(|n| format!("\n{}", 200_000 + n)).collect();

    world.chats(&format!("import{lines}"));

    let first = world.sent.pop_front().unwrap();
    assert!(first.contains("You have 30 ICQ contacts"), "{first}");
    world.is_told("30 contacts were added.");
    world.pass(seconds(60));
    world.sees_nothing();
}

#[test]
fn somebody_is_met_by_a_word() {
    let mut world = World::online();
    for (said, expected) in [
        ("meet 3", Question::MeetRandom(RandomGroup(3))),
        ("meet games", Question::MeetRandom(RandomGroup(3))),
        ("meet join 3", Question::JoinRandom(Some(RandomGroup(3)))),
        ("meet leave", Question::JoinRandom(None)),
    ] {
        world.chats(said);
        let (id, question) = world.question();
        assert_eq!(question, expected, "{said}");
        world.sees_composing();
        world.icq_answers(id, Err(NoAnswer::Silent));
        world.is_told("ICQ does not answer. It may be unable to do this.");
        world.pass(seconds(5));
    }
    world.chats("meet 5");
    assert!(
        world
            .sent
            .pop_front()
            .unwrap()
            .contains("The groups are: 1 General")
    );
    world.chats("meet 1");
    world.sees_composing();
    let (id, _) = world.question();
    let (people, more) = (Vec::new(), false);
    world.icq_answers(id, Ok(Answer::Found { people, more }));
    world.is_told("Nobody of this group wants to meet at the moment.");
}
