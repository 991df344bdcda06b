//! What the operator reads.

use super::*;
use crate::gateway::testkit::logged;

const ROMEO: &str = "jid=romeo@example.org uin=100001";

#[test]
fn logins_and_logouts_are_a_line_each() {
    let lines = logged(|| {
        let mut world = World::online();
        world.says(
            "<message type='chat' from='romeo@example.org/pc' to='123456@icq.example.org'>\
             <body>But soft!</body></message>",
        );
        world.says(
            "<message type='chat' from='romeo@example.org/pc' to='icq.example.org'>\
             <body>logout</body></message>",
        );
    });

    let sentence = "Logged out of ICQ by your own wish. Send *login* to come back.";
    assert_eq!(
        lines,
        [
            format!("INFO logged in to ICQ {ROMEO} code=\"online\""),
            format!("INFO logged out of ICQ: {sentence} {ROMEO} code=\"paused\""),
        ]
    );
}

#[test]
fn a_login_that_fails_is_a_warning_with_its_reason() {
    let lines = logged(|| {
        let mut world = World::registered();
        world.comes_online("pc");
        world.connects();
        world.icq(Event::LoggedOut(LogoutReason::Unreachable(
            "icq.example.net: no such\nname".into(),
        )));
    });

    assert_eq!(
        lines,
        [format!(
            "WARN no ICQ login: ICQ cannot be reached. {ROMEO} code=\"retrying\" \
             reason=\"unreachable\" detail=\"icq.example.net: no such\\nname\""
        )]
    );
}

#[test]
fn registrations_are_lines_without_passwords() {
    let register = |password: &str| {
        format!(
            "<iq type='set' id='r2' from='romeo@example.org/pc' to='icq.example.org'>\
             <query xmlns='jabber:iq:register'><username>200002</username>\
             <password>{password}</password></query></iq>"
        )
    };
    let lines = logged(|| {
        let mut world = World::registered();
        world.says(&register("hunter1"));
        world.connects();
        world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
        world.says(&register("hunter2"));
        world.connects();
        world.icq(Event::LoggedIn { seen_as: None });
        world.says(
            "<iq type='set' id='r3' from='romeo@example.org/pc' to='icq.example.org'>\
             <query xmlns='jabber:iq:register'><remove/></query></iq>",
        );
    });

    let romeo = "jid=romeo@example.org uin=200002";
    assert_eq!(
        lines,
        [
            format!("WARN a registration failed {romeo} reason=\"wrong-password\""),
            format!("INFO changed the registration {romeo}"),
            format!("INFO logged out of ICQ: Not connected to ICQ. {romeo} code=\"offline\""),
            format!("INFO unregistered {romeo}"),
        ]
    );
}
