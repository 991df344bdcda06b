//! People who are not registered (xmpp-gateway.md §8, §11.8, §11.9, §24).

use super::*;

/// What a stranger's presence of this type to that address is answered with, freshly met.
fn answers(type_: &str, to: &str) -> Vec<String> {
    let mut world = World::up();
    let type_ = match type_ {
        "" => String::new(),
        type_ => format!("type='{type_}'"),
    };
    world.hears(&format!(
        "<presence {type_} id='p' from='tybalt@example.org/x' to='{to}'/>"
    ));
    assert_eq!(world.deliveries(), []);
    world.sent.into()
}

fn presence(type_: &str, from: &str, to: &str) -> String {
    expected(&format!(
        "<presence type='{type_}' from='{from}' to='{to}'/>"
    ))
}

#[test]
fn a_contact_is_not_there_for_strangers() {
    let contact = "123456@icq.example.org";
    let unavailable = presence("unavailable", contact, "tybalt@example.org/x");

    for type_ in ["probe", "unavailable"] {
        assert_eq!(answers(type_, contact), std::slice::from_ref(&unavailable));
    }
    for type_ in ["", "subscribed", "unsubscribe", "unsubscribed"] {
        assert_eq!(answers(type_, contact), [""; 0], "{type_}");
    }
    let error = expected(
        "<presence type='error' id='p' from='123456@icq.example.org' to='tybalt@example.org/x'>\
         <error type='auth' code='407'>\
         <registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>\
         You are not registered with this ICQ gateway.</text></error></presence>",
    );
    assert_eq!(
        answers("subscribe", contact),
        [
            error,
            presence("unsubscribed", contact, "tybalt@example.org")
        ]
    );
}

#[test]
fn the_gateway_tells_a_stranger_to_register() {
    let gateway = "icq.example.org";
    let tybalt = "tybalt@example.org";

    let answered = answers("subscribe", gateway);
    assert_eq!(answered[0], presence("subscribed", gateway, tybalt));
    assert_eq!(answered[1], presence("unavailable", gateway, tybalt));
    assert!(answered[2].starts_with("<message from='icq.example.org' to='tybalt@example.org'"));
    assert!(answered[2].contains("Register with icq.example.org"));
    assert_eq!(answered.len(), 3);

    assert_eq!(
        answers("unsubscribe", gateway),
        [presence("unsubscribed", gateway, tybalt)]
    );
    for type_ in ["", "subscribed", "unsubscribed", "unavailable"] {
        assert_eq!(answers(type_, gateway), [""; 0], "{type_}");
    }
}

#[test]
fn a_probe_of_the_gateway_ends_a_stale_subscription_once_a_day() {
    let mut world = World::up();
    let probe = "<presence type='probe' from='tybalt@example.org' to='icq.example.org'/>";
    let ends = presence("unsubscribed", "icq.example.org", "tybalt@example.org");
    let absent = presence("unavailable", "icq.example.org", "tybalt@example.org");

    world.hears(probe);
    world.hears(probe);
    world.pass(seconds(24 * 3600));
    world.hears(probe);

    assert_eq!(world.sent, [ends.clone(), absent, ends]);
}

#[test]
fn the_gateway_is_no_reflector() {
    let mut world = World::up();

    for n in 0..100 {
        world.hears(&format!(
            "<presence type='probe' from='tybalt@example.org' to='{}@icq.example.org'/>",
            200_000 + n
        ));
    }
    assert_eq!(world.sent.len(), 5);

    world.hears("<presence type='probe' from='paris@example.org' to='123456@icq.example.org'/>");
    assert_eq!(world.sent.len(), 6, "others are answered");
    world.sent.clear();

    world.pass(seconds(3600));
    world.hears("<presence type='probe' from='tybalt@example.org' to='123456@icq.example.org'/>");
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_message_to_a_contact_needs_a_registration() {
    let mut world = World::up();
    let to = "from='tybalt@example.org/x' to='123456@icq.example.org'";

    world.hears(&format!("<message id='m' {to}><body>x</body></message>"));
    world.sees(
        "<message type='error' id='m' from='123456@icq.example.org' to='tybalt@example.org/x'>\
         <error type='auth' code='407'>\
         <registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>\
         You are not registered with this ICQ gateway.</text></error></message>",
    );
    world.hears(&format!(
        "<message id='f' {to}><x xmlns='jabber:x:oob'><url>https://a.example/1</url></x></message>"
    ));
    world.sees_error("f", "registration-required");
    world.hears(&format!(
        "<message {to}><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    ));
    world.hears(&format!(
        "<message type='error' {to}><body>x</body></message>"
    ));
    world.sees_nothing();
}

#[test]
fn a_stranger_who_chats_gets_one_line_an_hour() {
    let mut world = World::up();
    let help = "<message type='chat' from='tybalt@example.org/x' to='icq.example.org'>\
        <body>help</body></message>";

    world.hears(help);
    world.hears(help);
    assert_eq!(world.sent.len(), 1);
    assert!(world.sent[0].contains("You are not registered"));

    world.pass(seconds(3600));
    world.hears(help);
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn a_contact_answers_no_stranger() {
    let mut world = World::up();

    for to in ["123456@icq.example.org", "123456@icq.example.org/ICQ"] {
        world.hears(&format!(
            "<iq type='get' id='d' from='tybalt@example.org/x' to='{to}'>\
             <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        ));
        world.sees_error("d", "registration-required");
    }
}

/// A step of the command `register`, and what came of it.
fn step(world: &mut World, attributes: &str, fields: &str) -> String {
    world.hears(&format!(
        "<iq type='set' id='c' from='tybalt@example.org/x' to='icq.example.org'>\
         <command xmlns='http://jabber.org/protocol/commands' node='register' {attributes}>\
         <x xmlns='jabber:x:data' type='submit'>{fields}</x></command></iq>"
    ));
    world.sent.pop_front().unwrap_or_default()
}

fn session_of(answer: &str) -> &str {
    let (_, rest) = answer.split_once("sessionid='").unwrap();
    rest.split('\'').next().unwrap()
}

#[test]
fn somebody_registers_by_a_command() {
    let mut world = World::up();
    let page = step(&mut world, "", "");
    assert!(page.contains("status='executing'"), "{page}");
    assert!(page.contains("var='username'"), "{page}");
    let session = format!("sessionid='{}'", session_of(&page));

    let again = step(&mut world, &session, "");
    assert!(
        again.contains("ICQ number: Please fill this in."),
        "{again}"
    );
    let fields = "<field var='username'><value>100001</value></field>\
                  <field var='password'><value>secret</value></field>";
    assert_eq!(step(&mut world, &session, fields), "");
    assert_eq!(world.started.len(), 1);

    // The form is filled in once.
    world.started.clear();
    let late = step(&mut world, &session, fields);
    assert!(late.contains("<bad-sessionid "), "{late}");
    assert!(world.started.is_empty());
}

#[test]
fn a_command_of_a_stranger_is_canceled_or_expires() {
    let mut world = World::up();
    let page = step(&mut world, "", "");
    let session = format!("sessionid='{}'", session_of(&page));
    let canceled = step(&mut world, &format!("{session} action='cancel'"), "");
    assert!(canceled.contains("status='canceled'"), "{canceled}");

    let page = step(&mut world, "", "");
    let session = format!("sessionid='{}'", session_of(&page));
    world.pass(seconds(601));
    let late = step(&mut world, &session, "");
    assert!(late.contains("<session-expired "), "{late}");
}
