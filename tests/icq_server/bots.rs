//! The contacts living in the server.

use icq_transport::icq::udp::ToServer;
use icq_transport::server::{BOTS, Behaviour, COMET, ECHO, GATE, GREETER, HERMIT, SIESTA, Setup};

use crate::stage::*;

#[test]
fn they_are_seen_like_anybody() {
    let mut stage = stage();

    stage.connect(ALICE);
    stage.send_login(ALICE, 0);
    stage.hears(ALICE);
    stage.send_list(ALICE, &BOTS);

    assert_eq!(
        stage.commands(ALICE),
        [0x006E, 0x006E, 0x006E, 0x006E, 0x006E, 0x021C]
    );
    let statuses = stage.server.online();
    assert!(statuses.contains(&(ECHO, 0)));
    assert!(statuses.contains(&(SIESTA, 1)));
    assert!(!stage.is_online(COMET));
}

#[test]
fn echo_answers_texts_and_urls_with_the_same() {
    let mut stage = stage();
    stage.log_in(ALICE);

    stage.send_message(ALICE, ECHO, 1, b"hello\xEF");
    stage.send_message(ALICE, ECHO, 4, b"x\xFEhttp://x.test/");
    stage.send_message(ALICE, ECHO, 0x0C, b"alice\xFE\xFE\xFE\xFE1");

    assert_eq!(
        stage.texts(ALICE),
        [
            (ECHO, 1, b"hello\xEF".to_vec()),
            (ECHO, 4, b"x\xFEhttp://x.test/".to_vec()),
        ]
    );
}

#[test]
fn they_do_not_answer_each_other() {
    let mut stage = stage();

    stage.server.write(stage.now, ECHO, ECHO, 1, b"hello");
    stage.server.write(stage.now, GREETER, ECHO, 1, b"hello");
    stage.pass(secs(30));
}

#[test]
fn comet_comes_and_goes_by_the_minute_and_answers_what_waited() {
    let mut stage = stage();
    stage.log_in_with(ALICE, 0, &[COMET]);
    stage.send_text(ALICE, COMET, b"are you there?");
    stage.pass(secs(10));
    stage.hears(ALICE);

    stage.pass(secs(50));
    assert!(stage.is_online(COMET));
    let commands = stage.commands(ALICE);
    assert_eq!(commands, [0x006E, 0x0104]);
    stage.send(ALICE, &ToServer::KeepAlive);
    stage.pass(secs(60));
    assert!(!stage.is_online(COMET));
    assert_eq!(stage.commands(ALICE), [0x0078]);
    stage.send(ALICE, &ToServer::KeepAlive);
    stage.pass(secs(60));
    assert_eq!(
        stage.commands(ALICE),
        [0x006E],
        "and it has nothing more to answer"
    );
}

#[test]
fn gate_grants_and_hermit_refuses_after_some_seconds() {
    let mut stage = stage();
    stage.log_in(ALICE);
    let request = b"alice\xFEAlice\xFEAnders\xFE\xFE1\xFEplease";
    stage.send_message(ALICE, GATE, 6, request);
    stage.send_message(ALICE, HERMIT, 6, request);

    stage.pass(secs(4));
    assert!(stage.texts(ALICE).is_empty());
    stage.pass(secs(1));

    let texts = stage.texts(ALICE);
    assert_eq!(texts[0], (GATE, 8, vec![]));
    assert_eq!((texts[1].0, texts[1].1), (HERMIT, 7));
    assert!(stage.server.account(GATE).unwrap().authorisation_required);
    assert!(stage.server.account(HERMIT).unwrap().authorisation_required);
}

#[test]
fn greeter_writes_once_to_whoever_adds_it_however_they_do() {
    let mut stage = stage();
    stage.log_in(ALICE);
    stage.log_in_with(BOB, 0, &[GREETER]);

    stage.send(ALICE, &ToServer::AddToList(target(GREETER)));
    stage.send_message(ALICE, GREETER, 0x0C, b"alice\xFE\xFE\xFE\xFE1");
    stage.pass(secs(5));

    for uin in [ALICE, BOB] {
        let texts = stage.texts(uin);
        assert_eq!(texts.len(), 1, "{uin}");
        assert_eq!((texts[0].0, texts[0].1), (GREETER, 1));
    }

    stage.log_off(BOB);
    stage.log_in_with(BOB, 0, &[GREETER]);
    stage.pass(secs(5));
    assert!(stage.texts(BOB).is_empty(), "a list is sent at every login");
}

#[test]
fn siesta_sleeps() {
    let mut stage = stage();
    stage.log_in(ALICE);

    stage.send_text(ALICE, SIESTA, b"hello");
    stage.pass(secs(60));

    assert!(stage.texts(ALICE).is_empty());
    assert_eq!(stage.server.undelivered(SIESTA), 0);
}

#[test]
fn a_test_may_set_their_status_and_send_them_away() {
    let mut stage = stage();
    stage.log_in_with(ALICE, 0, &[ECHO, COMET]);
    stage.pass(secs(2));
    stage.hears(ALICE);

    for (bot, status) in [(ECHO, Some(0x13)), (ECHO, None), (COMET, Some(0x05))] {
        stage.server.set_status(stage.now, bot, status);
        stage.deliver();
    }
    assert_eq!(stage.commands(ALICE), [0x01A4, 0x0078, 0x006E]);

    for _ in 0..5 {
        stage.pass(secs(60));
        stage.send(ALICE, &ToServer::KeepAlive);
    }
    assert!(stage.is_online(COMET), "it no longer goes by itself");
    assert!(stage.commands(ALICE).is_empty());
}

#[test]
fn they_are_back_after_a_restart() {
    let mut stage = stage();

    stage.server.restart(stage.now);

    assert!(stage.is_online(ECHO));
    assert!(!stage.is_online(COMET));
    stage.pass(secs(60));
    assert!(stage.is_online(COMET));
}

#[test]
fn a_test_may_make_a_puppet_of_anybody_who_is_not_logged_in() {
    let mut stage = stage();
    stage.log_in_with(ALICE, 0, &[BOB]);
    stage.send_text(ALICE, BOB, b"first");

    stage.server.set_status(stage.now, BOB, Some(1));
    stage.deliver();
    stage.send_text(ALICE, BOB, b"second");
    assert_eq!(stage.commands(ALICE), [0x006E]);
    assert_eq!(
        stage.server.undelivered(BOB),
        0,
        "it reads what waited and what comes"
    );
    stage.connect(BOB);
    stage.send_login(BOB, 0);
    assert_eq!(stage.commands(BOB), [0x0064]);

    stage.server.set_status(stage.now, ALICE, Some(0x20));
    assert!(stage.server.online().contains(&(ALICE, 0x20)));
    stage.server.set_status(stage.now, BOB, None);
    stage.deliver();
    assert_eq!(stage.commands(ALICE), [0x0078]);
}

#[test]
fn a_server_can_do_without_them() {
    let stage = Stage::new(Behaviour::reference());

    assert!(stage.server.account(ECHO).is_none());
}

fn stage() -> Stage {
    let mut stage = Stage::with(Setup {
        accounts: accounts(),
        ..Setup::default()
    });
    stage.server.handle_timeout(stage.now);
    stage
}
