//! Logins, registrations and their refusals.

use std::net::Ipv4Addr;

use icq_transport::icq::udp::from_server::LoginReply;
use icq_transport::icq::udp::to_server::{PreLogin, Register};
use icq_transport::icq::udp::{FromServer, Header, ToServer, Version};
use icq_transport::icq::wire::{Password, Rest};
use icq_transport::model::Uin;
use icq_transport::server::{Behaviour, ECHO, LoginAnswer, Setup};

use crate::stage::*;

#[test]
fn the_right_password_is_acknowledged_and_answered_by_the_login_reply() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE).acknowledges = false;

    let request = stage.send(ALICE, &login(b"pass0001", 0));

    assert_eq!(stage.all_commands(ALICE), [0x000A, 0x005A]);
    assert!(stage.is_online(ALICE));
    stage.pass(secs(10));
    let heard = stage.hears(ALICE);
    let reply = &heard[0];
    assert_eq!(reply.header.seq1, 0);
    assert_eq!(reply.header.seq2, request.seq2);
    assert_eq!(reply.header.session_id, request.session_id);
    let FromServer::LoginReply(LoginReply::V5(reply)) = reply.packet() else {
        panic!("no login reply: {reply:?}");
    };
    assert_eq!(reply.ip, Some(Ipv4Addr::LOCALHOST));
    assert_eq!((reply.ping, reply.timeout, reply.retries), (110, 10, 5));
    assert_eq!(
        reply.server_id,
        Some(u32::from_le_bytes([0x9B, 0xC1, 0xCD, 0x80]))
    );
}

#[test]
fn a_login_that_ends_after_the_tcp_version_is_taken() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);
    let ToServer::Login(mut short) = login(b"pass0001", 0) else {
        unreachable!();
    };
    short.rest_hex = Rest(&[]);

    stage.send(ALICE, &ToServer::Login(short));

    assert_eq!(stage.commands(ALICE), [0x005A]);
}

#[test]
fn a_wrong_password_and_an_unknown_number_get_the_same_answer() {
    for (behaviour, version, body) in [
        (Behaviour::reference(), Version::V5, &[][..]),
        (Behaviour::iserverd(), Version::V3, &[0, 0]),
        (Behaviour::open_oscar(), Version::V5, &[]),
    ] {
        for uin in [ALICE, NOBODY] {
            let mut stage = Stage::new(behaviour.clone());
            stage.connect(uin);

            let request = stage.send(uin, &login(b"wrong", 0));

            let heard = stage.hears(uin);
            assert_eq!(heard.len(), 1);
            assert_eq!(heard[0].header.command, 0x0064);
            assert_eq!(heard[0].header.version, version);
            assert_eq!(heard[0].header.seq2, request.seq2);
            assert_eq!(heard[0].header.uin, uin);
            assert_eq!(heard[0].body, body);
            assert!(!stage.is_online(uin));
        }
    }
}

#[test]
fn after_three_wrong_passwords_even_the_right_one_has_to_wait_a_minute() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);
    for _ in 0..3 {
        stage.send(ALICE, &login(b"wrong", 0));
        assert_eq!(stage.commands(ALICE), [0x0064]);
    }

    stage.send(ALICE, &login(b"pass0001", 0));
    assert_eq!(stage.commands(ALICE), [0x00FA]);

    stage.pass(secs(61));
    stage.send(ALICE, &login(b"pass0001", 0));
    assert_eq!(stage.commands(ALICE), [0x005A]);
}

#[test]
fn a_wrong_login_that_is_sent_again_counts_once() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);
    let address = stage.client(ALICE).address;
    let header = stage.send(ALICE, &login(b"wrong", 0));

    for _ in 0..5 {
        stage.send_as(address, &header, &login(b"wrong", 0));
    }

    assert_eq!(stage.commands(ALICE), [0x0064; 6]);
    stage.send(ALICE, &login(b"pass0001", 0));
    assert_eq!(stage.commands(ALICE), [0x005A]);
}

#[test]
fn somebody_else_at_the_same_address_may_still_log_in() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(ALICE);
    for _ in 0..4 {
        stage.send(ALICE, &login(b"wrong", 0));
    }

    stage.log_in(BOB);

    assert!(stage.is_online(BOB));
}

#[test]
fn a_second_login_replaces_the_first_and_tells_it() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_with(BOB, 0, &[ALICE]);
    stage.log_in(ALICE);
    stage.hears(BOB);
    let first = stage.client(ALICE).clone();

    stage.connect_at(ALICE, 9);
    stage.send_login(ALICE, 0);

    assert_eq!(stage.commands(ALICE), [0x005A]);
    assert_eq!(stage.commands(BOB), [0x0078, 0x006E]);
    let [(to, datagram)] = &stage.elsewhere[..] else {
        panic!("the first session heard {:?}", stage.elsewhere);
    };
    let heard = open(datagram);
    assert_eq!(*to, first.address);
    assert_eq!(heard.header.command, 0x0028);
    assert_eq!(heard.header.session_id, first.session_id);
    // 0 was the answer to the login: clients that know repetitions by their number would not hear it.
    assert_ne!(heard.header.seq1, 0);
}

#[test]
fn open_oscar_server_replaces_silently_and_the_old_session_learns_it_by_speaking() {
    let mut stage = Stage::new(Behaviour::open_oscar());
    stage.log_in(ALICE);
    let first = stage.client(ALICE).clone();
    stage.connect_at(ALICE, 9);
    stage.send_login(ALICE, 0);
    assert!(stage.elsewhere.is_empty());

    let header = header_of(&first, 0x042E);
    stage.send_as(first.address, &header, &ToServer::KeepAlive);

    assert_eq!(open(&stage.elsewhere[0].1).header.command, 0x00F0);
    assert!(stage.is_online(ALICE));
}

#[test]
fn iserverd_refuses_a_second_login_and_keeps_the_first() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in(ALICE);
    let first = stage.client(ALICE).clone();

    stage.connect_at(ALICE, 9);
    let request = stage.send(ALICE, &login(b"pass0001", 0));

    let heard = stage.hears(ALICE);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].header.command, 0x00FA);
    assert_eq!(
        (heard[0].header.seq1, heard[0].header.seq2),
        (0, request.seq2)
    );
    let header = header_of(&first, 0x042E);
    stage.send_as(first.address, &header, &ToServer::KeepAlive);
    assert_eq!(open(&stage.elsewhere[0].1).header.command, 0x000A);
}

#[test]
fn iserverd_answers_a_login_that_was_merely_sent_twice_with_both() {
    let mut stage = Stage::new(Behaviour::iserverd());
    let address = stage.connect(ALICE).address;
    let header = stage.send(ALICE, &login(b"pass0001", 0));

    stage.send_as(address, &header, &login(b"pass0001", 0));

    let heard = stage.hears(ALICE);
    let answers: Vec<(u16, u16)> = heard
        .iter()
        .map(|heard| (heard.header.command, heard.header.seq2))
        .collect();
    assert_eq!(answers, [(0x005A, header.seq2), (0x00FA, header.seq2)]);
}

#[test]
fn a_repeated_login_is_acknowledged_and_the_reply_comes_again_on_its_own_time() {
    let mut stage = Stage::new(Behaviour::reference());
    let client = stage.connect(ALICE);
    client.acknowledges = false;
    let address = client.address;
    let header = stage.send(ALICE, &login(b"pass0001", 0));
    stage.hears(ALICE);

    stage.send_as(address, &header, &login(b"pass0001", 0));
    assert_eq!(stage.all_commands(ALICE), [0x000A]);

    stage.client(ALICE).acknowledges = true;
    stage.pass(secs(9));
    assert!(stage.all_commands(ALICE).is_empty());
    stage.pass(secs(1));
    let heard = stage.all_commands(ALICE);
    assert_eq!(heard, [0x005A, 0x00E6], "and stored messages end, unasked");
    stage.pass(secs(30));
    assert!(stage.all_commands(ALICE).is_empty());
}

#[test]
fn an_echo_of_an_earlier_login_does_not_end_the_present_session() {
    let mut stage = Stage::new(Behaviour::reference());
    let address = stage.connect(ALICE).address;
    let earlier = stage.send(ALICE, &login(b"pass0001", 0));
    stage.connect(ALICE).session_id = 77;
    stage.send_login(ALICE, 0);
    stage.hears(ALICE);

    stage.send_as(address, &earlier, &login(b"pass0001", 0));

    assert_eq!(stage.commands(ALICE), [0x00F0]);
    stage.send(ALICE, &ToServer::KeepAlive);
    assert_eq!(stage.all_commands(ALICE), [0x000A]);
}

#[test]
fn a_server_can_be_made_to_answer_logins_with_anything() {
    for (answer, commands) in [
        (LoginAnswer::TryAgain, &[0x000A, 0x00FA][..]),
        (LoginAnswer::NotConnected, &[0x000A, 0x00F0]),
        (
            LoginAnswer::Refused("closed today".into()),
            &[0x000A, 0x0370],
        ),
        (LoginAnswer::AcknowledgedOnly, &[0x000A]),
        (LoginAnswer::Silence, &[]),
    ] {
        let mut behaviour = Behaviour::reference();
        behaviour.login_answer = answer;
        let mut stage = Stage::new(behaviour);
        stage.connect(ALICE);

        stage.send_login(ALICE, 0);

        assert_eq!(stage.all_commands(ALICE), commands);
    }
}

#[test]
fn nobody_logs_in_as_a_contact_living_in_the_server() {
    let mut stage = Stage::with(Setup::default());
    stage.connect(ECHO);

    stage.send(ECHO, &login(b"", 0));

    assert_eq!(stage.commands(ECHO), [0x0064]);
}

#[test]
fn a_registration_gives_a_number_and_the_same_one_if_asked_again() {
    let mut stage = Stage::new(Behaviour::reference());
    let address = stage.connect(Uin(0)).address;

    let header = stage.send(Uin(0), &register(b"secret12"));
    stage.send_as(address, &header, &register(b"secret12"));

    let heard = stage.hears(Uin(0));
    let uin = heard[0].header.uin;
    assert_eq!(heard.len(), 2);
    for heard in &heard {
        assert_eq!(heard.header.command, 0x0046);
        assert_eq!(heard.header.version, Version::V3);
        assert_eq!(heard.header.uin, uin);
        assert_eq!(heard.body.len(), 4);
    }
    assert!(stage.server.account(uin).is_some());
    stage.connect(uin);
    stage.send(uin, &login(b"secret12", 0));
    assert_eq!(stage.commands(uin), [0x005A]);
}

#[test]
fn registrations_from_one_address_are_few() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.connect(Uin(0));

    for _ in 0..20 {
        stage.send(Uin(0), &register(b"secret12"));
    }

    assert_eq!(stage.commands(Uin(0)), [0x0046; 4]);
}

#[test]
fn iserverd_is_silent_about_registrations() {
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.connect(Uin(0));

    stage.send(Uin(0), &register(b"secret12"));

    assert!(stage.all_commands(Uin(0)).is_empty());
}

#[test]
fn what_old_clients_ask_before_a_login_is_answered() {
    let mut stage = Stage::new(Behaviour::reference());
    let client = stage.connect(ALICE).clone();

    stage.send(
        ALICE,
        &ToServer::PreLogin(PreLogin {
            login_uin: ALICE,
            password: Password(b"pass0001"),
            status: 0,
            client_version: None,
        }),
    );
    let heard = stage.hears(ALICE);
    assert_eq!(heard[0].header.command, 0x0032);
    assert_eq!(heard[0].header.version, Version::V3);

    let header = header_of(&client, 0x04EC);
    stage.send_datagram(client.address, &seal(&header, &[0x44, 0x33, 0x22, 0x11]));
    let inbox = stage.client(ALICE).take_inbox();
    assert_eq!(inbox[0].header.command, 0x000A);
    assert_eq!(inbox[0].body, [0x0A, 0x44, 0x33, 0x22, 0x11, 1, 0]);
}

fn register(password: &[u8]) -> ToServer<'_> {
    ToServer::Register(Register::new(Password(password)))
}

fn header_of(client: &Client, command: u16) -> Header {
    Header {
        version: Version::V5,
        command,
        seq1: 30_000,
        seq2: 0,
        uin: client.uin,
        session_id: client.session_id,
    }
}
