//! Words to the gateway (xmpp-gateway.md §24), iqs, and messages to contacts without a login (§12.1).

use super::*;

#[test]
fn the_gateway_understands_a_few_words() {
    let mut world = World::online();

    world.chats("HELP");
    let help = world.sent.pop_front().unwrap();
    for word in [
        "*status*",
        "*find Benvolio*",
        "*meet 1*",
        "*refuse 1",
        "*unregister*",
    ] {
        assert!(help.contains(word), "{help}");
    }
    world.chats("status");
    world.is_told(
        "Connected to ICQ. Number 100001, 0 of 0 contacts online.\n\
         Protocol V5, online for 0:00 hours.",
    );
    world.chats("login");
    world.is_told("You are logged in to ICQ already.");
    world.chats("register");
    world.is_told("You are registered already.");
    world.chats("make me a sandwich");
    world.is_told("Unknown command. Send *help*.");
    world.sees_nothing();
}

#[test]
fn what_says_nothing_needs_no_answer() {
    let mut world = World::online();

    world.says(
        "<message type='chat' from='romeo@example.org/pc' to='icq.example.org'>\
         <composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );
    world.says(
        "<message type='error' from='romeo@example.org/pc' to='icq.example.org'>\
         <body>help</body><error type='cancel'><gone \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );

    world.sees_nothing();
}

#[test]
fn logout_lasts_until_login() {
    let mut world = World::online();

    world.chats("logout");

    let text = "Logged out of ICQ by your own wish. Send *login* to come back.";
    world.sees_gateway(
        "pc",
        "type='unavailable'",
        &format!("<status>{text}</status>"),
    );
    world.is_told(text);
    world.comes_online("phone");
    world.wants_no_login();
    assert!(world.record().unwrap().login.paused);

    world.chats("login");
    world.logs_in();
    assert!(!world.record().unwrap().login.paused);
}

#[test]
fn unregistering_by_chat_wants_to_be_confirmed() {
    let mut world = World::online();

    world.chats("unregister");
    assert!(world.sent.pop_front().unwrap().contains("unregister yes"));
    assert!(world.record().is_some());

    world.chats("Unregister yes");
    world.is_told("You are no longer registered. Everything stored was deleted.");
    assert_eq!(world.record(), None);
}

#[test]
fn a_message_that_cannot_be_sent_comes_back_with_the_state() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
    world.sent.clear();

    world.says(
        "<message type='chat' id='m42' from='romeo@example.org/pc' \
         to='123456@icq.example.org'><body>hello</body></message>",
    );

    let answer = world.sent.pop_front().unwrap();
    assert!(answer.contains("id='m42'"), "{answer}");
    assert!(answer.contains("type='wait'"), "{answer}");
    assert!(answer.contains("<service-unavailable"), "{answer}");
    let sentence = "ICQ rejected the number or password.";
    assert!(answer.contains(sentence), "{answer}");
    world.sees_nothing();
}

#[test]
fn characters_that_cannot_be_shown_are_told_once_a_day() {
    let mut world = World::online();
    let mut writes = |characters| {
        world.says(
            "<message type='chat' id='m42' from='romeo@example.org/pc' \
             to='123456@icq.example.org'><body>hello</body></message>",
        );
        let commands = world.commands();
        let [Command::Send { id, .. }] = commands[..] else {
            panic!("{commands:?}");
        };
        world.icq(Event::Replaced { id, characters });
        world.icq(Event::Sent(id));
        let lines = std::mem::take(&mut world.sent);
        world.pass(seconds(13 * 3600));
        lines
    };

    let first = writes(3);
    assert!(first[0].contains("3 characters of your message to 123456"));
    assert_eq!(first.len(), 1);
    assert_eq!(writes(1), [""; 0]);
    assert!(writes(1)[0].contains("One character of your message"));
}

#[test]
fn a_message_wakes_mode_manual() {
    let mut world = World::with(Mode::Manual, LoginRecord::default(), settings());
    world.comes_online("pc");
    world.sent.clear();

    world.says(
        "<message type='chat' id='m42' from='romeo@example.org/pc' \
         to='123456@icq.example.org'><body>hello</body></message>",
    );
    world.sees_nothing();
    world.logs_in();

    let sent = world.commands();
    assert!(
        matches!(
            &sent[..],
            [Command::Send {
                to: Uin(123_456),
                ..
            }]
        ),
        "{sent:?}"
    );
}

#[test]
fn every_request_has_one_answer() {
    let mut world = World::online();
    let service_unavailable = "<error type='cancel' code='503'><service-unavailable \
        xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text \
        xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>";
    for (to, payload, answer) in [
        ("icq.example.org", "<ping xmlns='urn:xmpp:ping'/>", None),
        (
            "123456@icq.example.org",
            "<ping xmlns='urn:xmpp:ping'/>",
            None,
        ),
        (
            "123456@icq.example.org/ICQ",
            "<ping xmlns='urn:xmpp:ping'/>",
            Some("This contact is offline."),
        ),
        (
            "icq.example.org/registered",
            "<query xmlns='jabber:iq:private'/>",
            Some("This is not offered here."),
        ),
    ] {
        world.says(&format!(
            "<iq type='get' id='q' from='romeo@example.org/pc' to='{to}'>{payload}</iq>"
        ));
        world.sees(&match answer {
            None => format!("<iq type='result' id='q' from='{to}' to='romeo@example.org/pc'/>"),
            Some(text) => format!(
                "<iq type='error' id='q' from='{to}' to='romeo@example.org/pc'>\
                 {service_unavailable}{text}</text></error></iq>"
            ),
        });
    }
    world.says("<iq type='result' id='x' from='romeo@example.org' to='icq.example.org'/>");
    world.sees_nothing();
}
