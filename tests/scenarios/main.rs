//! Stories: stanzas on one side, the ICQ server of this tree on the other, no sockets.

mod pairs;
mod people;
mod versions;
mod world;

use icq_transport::server::Behaviour;
use world::{ROMEO, World};

const REGISTER: &str = "<iq type='set' id='r1' from='romeo@example.org/pc' to='icq.example.org'>\
    <query xmlns='jabber:iq:register'><username>200001</username>\
    <password>secret</password></query></iq>";

const ECHO: &str = "10001@icq.example.org";

fn registered() -> World {
    let mut world = World::new();
    world.says(REGISTER);
    world.passes(2);
    world.sees(&["<iq ", "id='r1'", "type='result'"]);
    world
}

/// Romeo, registered and online, with Echo on his list.
fn with_echo() -> World {
    let mut world = registered();
    world.says("<presence from='romeo@example.org/pc' to='icq.example.org'/>");
    world.says(&format!(
        "<presence type='subscribe' from='romeo@example.org' to='{ECHO}'/>"
    ));
    world.passes(5);
    world.sees(&["<presence ", "type='subscribed'", &format!("from='{ECHO}'")]);
    world
}

/// IServerd keeps a session for ever, and others out as long (icq-udp.md §4.4).
#[test]
fn a_trial_whose_goodbye_was_lost_does_not_keep_the_next_one_out() {
    let mut world = World::new();
    world.server.set_behaviour(Behaviour::iserverd());
    world.loses_to_gateway = true;
    world.says(REGISTER);
    world.passes(15);
    world.loses_to_server = true;
    world.passes(10);
    world.sees(&["<iq ", "id='r1'", "type='error'"]);
    assert_eq!(world.tasks(), 0);
    assert!(world.server.online().iter().any(|it| it.0 == ROMEO));

    world.loses_to_server = false;
    world.loses_to_gateway = false;
    world.says(&REGISTER.replace("r1", "r2"));
    world.passes(15);

    world.sees(&["<iq ", "id='r2'", "type='result'"]);
}

#[test]
fn a_registration_is_a_login_that_works() {
    let mut world = registered();

    assert_eq!(
        world
            .server
            .online()
            .iter()
            .filter(|it| it.0 == ROMEO)
            .count(),
        1
    );
    world.says("<presence from='romeo@example.org/pc' to='icq.example.org'/>");
    world.passes(2);
    world.sees(&[
        "<presence ",
        "from='icq.example.org'",
        "romeo@example.org/pc",
    ]);

    // Everything is as it was after the program died at this moment.
    world.crashes();
    world.sees(&["<presence ", "type='probe'"]);
    world.says("<presence from='romeo@example.org/pc' to='icq.example.org'/>");
    world.passes(30);
    world.sees(&["<presence ", "<show>dnd</show>", "Loading contacts"]);
    assert_eq!(
        world
            .server
            .online()
            .iter()
            .filter(|it| it.0 == ROMEO)
            .count(),
        1
    );
}

#[test]
fn a_wrong_password_stores_nothing() {
    let mut world = World::new();

    world.says(&REGISTER.replace("secret", "wrong"));
    world.passes(2);

    let error = world.sees(&["<iq ", "id='r1'", "type='error'"]);
    assert!(error.contains("<not-authorized"), "{error}");
    assert!(!error.contains("wrong"), "{error}");
    assert!(world.disk.values().all(Option::is_none));
    assert_eq!(world.tasks(), 0);
}

#[test]
fn a_contact_appears_and_answers() {
    let mut world = with_echo();
    world.sees(&[
        "<presence ",
        &format!("from='{ECHO}/ICQ'"),
        "romeo@example.org/pc",
    ]);

    world.says(&format!(
        "<message type='chat' id='m1' from='romeo@example.org/pc' to='{ECHO}'>\
         <body>But soft!</body></message>"
    ));
    world.passes(5);

    world.sees(&[
        "<message ",
        &format!("from='{ECHO}/ICQ'"),
        "to='romeo@example.org'",
        "<body>But soft!</body>",
    ]);
    world.sees_no(&["type='error'"]);
}

#[test]
fn unregistering_leaves_nothing() {
    let mut world = with_echo();

    world.says(
        "<iq type='set' id='r2' from='romeo@example.org/pc' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'><remove/></query></iq>",
    );
    world.passes(30);

    world.sees(&[
        "<presence ",
        &format!("from='{ECHO}/ICQ'"),
        "type='unavailable'",
    ]);
    world.sees(&["<presence ", "from='icq.example.org'", "type='unavailable'"]);
    world.sees(&["<iq ", "id='r2'", "type='result'"]);
    world.sees(&[
        "<presence ",
        &format!("from='{ECHO}'"),
        "type='unsubscribed'",
    ]);
    world.sees(&[
        "<presence ",
        "from='icq.example.org'",
        "type='unsubscribed'",
    ]);
    assert!(world.disk.values().all(Option::is_none));
    assert_eq!(world.tasks(), 0);
    assert!(world.server.online().iter().all(|it| it.0 != ROMEO));
}
