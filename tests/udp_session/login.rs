//! Every answer a server can give to a login (icq-udp.md §11).

use icq_transport::icq::udp::from_server::Reason;
use icq_transport::icq::udp::to_server::{Login, TextCode};
use icq_transport::icq::udp::{FromServer, Header, ToServer, Version};
use icq_transport::icq::{Command, Event, LogoutReason, MessageId, NotSent};
use icq_transport::model::{Availability, Status};

use super::scene::*;

fn logged_out(reason: LogoutReason) -> Vec<Event> {
    vec![Event::LoggedOut(reason)]
}

fn refusal(text: &str) -> FromServer<'_> {
    FromServer::LoginError(Reason {
        text: Some(text.as_bytes()),
    })
}

/// In the form of V3, as IServerd sends it.
fn in_v3_form(scene: &Scene, login: &Heard, packet: &FromServer<'_>) -> Header {
    Header {
        version: Version::V3,
        session_id: 0,
        ..scene.header(packet, 0, login.header.seq2)
    }
}

#[test]
fn a_login_says_who_and_how_and_is_request_one() {
    let mut scene = Scene::new(start());

    let login = scene.next_sent();

    assert_eq!(login.header.uin, ROMEO);
    assert_eq!(login.header.seq2, 1);
    assert_eq!(login.header.session_id, scene.session.session_id());
    assert_ne!(login.header.session_id, 0);
    let ToServer::Login(packet) = login.packet() else {
        panic!("not a login");
    };
    assert_eq!(packet.password.0, b"balcony");
    assert_eq!(packet.time, 1_000_000_000);
    assert_eq!(packet.tcp_port, 0);
    assert_eq!(packet.dc_mode, Login::NO_DIRECT_CONNECTIONS);
    assert_eq!(packet.status & 0xFFFF, 0);
}

#[test]
fn of_a_long_password_eight_bytes_are_sent() {
    let mut start = start();
    start.password = icq_transport::model::Secret::new("rosencrantz");
    let mut scene = Scene::new(start);

    let login = scene.next_sent();

    let ToServer::Login(packet) = login.packet() else {
        panic!("not a login");
    };
    assert_eq!(packet.password.0, b"rosencra");
}

#[test]
fn an_acknowledgement_alone_is_not_the_acceptance() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.acknowledges(&login);
    scene.waits_secs(29);
    assert_eq!(scene.take_events(), []);
    assert!(
        scene.sent_commands().is_empty(),
        "an acknowledged login is not repeated"
    );

    scene.waits_secs(1);
    assert_eq!(scene.take_events(), logged_out(LogoutReason::NoAnswer));
    // The server may have opened a session and its word be lost.
    assert_eq!(scene.sent_commands(), [TEXT_CODE]);
}

#[test]
fn the_reply_is_the_acceptance_and_is_acknowledged() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.answers_login(&login, &login_reply());

    assert_eq!(
        scene.take_events(),
        [Event::LoggedIn {
            seen_as: Some([192, 0, 2, 7].into())
        }]
    );
    let sent = scene.take_sent();
    assert_eq!(commands(&sent), [ACK, CONTACT_LIST]);
    assert_eq!(sent[0].header.seq2, login.header.seq2);
}

#[test]
fn a_repeated_reply_is_acknowledged_and_nothing_more() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();
    scene.answers_login(&login, &login_reply());
    scene.take_events();
    scene.take_sent();

    scene.answers_login(&login, &login_reply());

    assert_eq!(scene.sent_commands(), [ACK]);
    assert_eq!(scene.take_events(), []);
}

#[test]
fn a_reply_to_another_request_is_no_acceptance() {
    let mut scene = Scene::new(start());
    scene.next_sent();
    let mut header = scene.header(&login_reply(), 0, 7);

    scene.delivers(&header, &login_reply());
    header.session_id ^= 1;
    header.seq2 = 1;
    scene.delivers(&header, &login_reply());

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.session.dropped().unexpected, 1);
    assert_eq!(scene.session.dropped().foreign_session, 1);
}

#[test]
fn a_wrong_password_ends_it_in_either_form() {
    for v3 in [false, true] {
        let mut scene = Scene::new(start());
        let login = scene.next_sent();

        if v3 {
            let header = in_v3_form(&scene, &login, &FromServer::BadPassword);
            scene.delivers(&header, &FromServer::BadPassword);
        } else {
            scene.answers_login(&login, &FromServer::BadPassword);
        }

        assert_eq!(scene.take_events(), logged_out(LogoutReason::WrongPassword));
        assert_eq!(scene.sent_commands(), [ACK]);
        assert_eq!(scene.session.poll_timeout(), None);
    }
}

#[test]
fn a_wrong_password_that_answers_something_else_is_a_forgery() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();
    for version in [Version::V3, Version::V5] {
        let header = Header {
            version,
            seq2: login.header.seq2 + 1,
            ..scene.header(&FromServer::BadPassword, 0, 0)
        };
        scene.delivers(&header, &FromServer::BadPassword);
    }

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.session.dropped().unexpected, 2);
}

#[test]
fn a_wrong_password_after_the_login_is_ignored() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();
    scene.answers_login(&login, &login_reply());
    scene.take_events();

    scene.answers_login(&login, &FromServer::BadPassword);
    let header = in_v3_form(&scene, &login, &FromServer::BadPassword);
    scene.delivers(&header, &FromServer::BadPassword);

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.session.dropped().unexpected, 2);
}

#[test]
fn a_refusal_with_a_text_ends_it_with_that_text() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.answers_login(&login, &refusal("Go home"));

    assert_eq!(
        scene.take_events(),
        logged_out(LogoutReason::Refused("Go home".into()))
    );
}

#[test]
fn a_number_that_is_online_already_is_told_apart_after_a_second() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.answers_login(
        &login,
        &refusal("User 12345678 already connected.\r\nTry again later."),
    );
    assert_eq!(scene.take_events(), []);
    scene.waits_secs(1);

    assert_eq!(scene.take_events(), logged_out(LogoutReason::AlreadyOnline));
}

#[test]
fn a_busy_server_ends_it_after_a_second() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.acknowledges(&login);
    scene.answers_login(&login, &FromServer::TryAgain);
    scene.waits_secs(1);

    assert_eq!(scene.take_events(), logged_out(LogoutReason::TryAgainLater));
}

#[test]
fn a_refusal_of_the_second_copy_that_overtakes_the_acceptance_of_the_first_does_no_harm() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.answers_login(&login, &FromServer::TryAgain);
    scene.answers_login(&login, &login_reply());
    scene.waits_secs(2);

    assert!(matches!(
        scene.take_events().as_slice(),
        [Event::LoggedIn { .. }]
    ));
}

#[test]
fn a_refusal_of_the_second_copy_after_the_acceptance_does_no_harm() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();
    scene.answers_login(&login, &login_reply());
    scene.take_events();

    scene.answers_login(&login, &FromServer::TryAgain);
    scene.waits_secs(5);

    assert_eq!(scene.take_events(), []);
}

#[test]
fn a_ghost_is_sent_away_under_its_own_id_and_the_login_repeated_under_a_new_one() {
    let mut start = start();
    start.ghosts = vec![0x1234];
    let mut scene = Scene::new(start);
    let first = scene.next_sent();

    scene.answers_login(&first, &FromServer::TryAgain);
    assert_eq!(scene.sent_commands(), [ACK]);
    scene.waits_secs(1);

    let goodbye = scene.next_sent();
    assert_eq!(goodbye.header.session_id, 0x1234);
    assert_eq!(
        goodbye.packet(),
        ToServer::TextCode(TextCode {
            text: TextCode::LOGOUT,
            code: 5
        })
    );

    scene.waits_secs(4);
    assert!(scene.sent_commands().is_empty());
    scene.waits_secs(1);
    let second = scene.next_sent();
    assert_eq!(second.header.command, LOGIN);
    assert_ne!(second.header.session_id, first.header.session_id);
    assert_eq!(second.header.session_id, scene.session.session_id());

    scene.answers_login(&second, &login_reply());
    assert!(matches!(
        scene.take_events().as_slice(),
        [Event::LoggedIn { .. }]
    ));
}

#[test]
fn what_may_be_left_open_on_the_server_is_known_at_the_end() {
    let goodbye = |scene: &mut Scene| scene.asks(Command::LogOut);
    let kick = |scene: &mut Scene| {
        let reason = Reason { text: None };
        scene.says(&FromServer::GoAway(reason));
    };

    // The goodbye may be lost.
    let mut left = Scene::online();
    let own = left.session.session_id();
    goodbye(&mut left);
    assert_eq!(left.session.open_sessions(), [own]);

    let mut kicked = Scene::online();
    kick(&mut kicked);
    assert!(kicked.session.open_sessions().is_empty());

    let mut start = start();
    start.ghosts = vec![0x1234];
    let mut unheard = Scene::new(start);
    let own = unheard.session.session_id();
    assert_eq!(unheard.session.open_sessions(), [0x1234, own]);
    goodbye(&mut unheard);
    assert_eq!(unheard.session.open_sessions(), [0x1234, own]);
}

#[test]
fn a_login_that_was_refused_leaves_no_session_but_the_older_one() {
    let mut start = start();
    start.ghosts = vec![0x1234];
    let mut scene = Scene::new(start);
    let login = scene.next_sent();

    scene.answers_login(&login, &FromServer::BadPassword);

    assert_eq!(scene.session.open_sessions(), [0x1234]);
}

/// The network made a copy of it, and the acceptance of the first was lost: nobody but the session itself
/// keeps the next login out.
#[test]
fn a_login_that_was_told_to_try_again_may_have_been_accepted() {
    for answer in [
        FromServer::TryAgain,
        refusal("User 12345678 already connected."),
    ] {
        let mut scene = Scene::new(start());
        let login = scene.next_sent();

        scene.answers_login(&login, &answer);
        scene.waits_secs(1);

        assert!(matches!(
            scene.take_events().as_slice(),
            [Event::LoggedOut(_)]
        ));
        let own = login.header.session_id;
        assert_eq!(scene.session.open_sessions(), [own], "{answer:?}");
    }
}

/// The network may have made a copy of it.
#[test]
fn a_login_that_a_ghost_kept_out_may_have_been_accepted_when_the_ghost_had_gone() {
    let mut start = start();
    start.ghosts = vec![0x1234];
    let mut scene = Scene::new(start);
    let refused = scene.next_sent();
    scene.answers_login(&refused, &FromServer::TryAgain);
    scene.waits_secs(10);
    let second = scene.sent_as(LOGIN);
    assert_ne!(second.header.session_id, refused.header.session_id);
    scene.take_sent();

    scene.answers_login(&second, &FromServer::TryAgain);
    scene.waits_secs(1);

    let dismissed: Vec<u32> = scene
        .take_sent()
        .iter()
        .filter(|heard| heard.header.command == TEXT_CODE)
        .map(|heard| heard.header.session_id)
        .collect();
    assert!(
        dismissed.contains(&refused.header.session_id),
        "{dismissed:x?}"
    );
}

#[test]
fn a_ghost_that_stays_ends_it_after_three_logins() {
    let mut start = start();
    start.ghosts = vec![0x1234];
    let mut scene = Scene::new(start);
    let mut logins = 0;

    for _ in 0..60 {
        for heard in scene.take_sent() {
            if heard.header.command == LOGIN {
                logins += 1;
                scene.answers_login(&heard, &FromServer::TryAgain);
            }
        }
        scene.waits_secs(1);
    }

    assert_eq!(logins, 3);
    assert_eq!(scene.take_events(), logged_out(LogoutReason::TryAgainLater));
}

/// All answers to the first copy were lost, so the session that keeps us out is our own.
#[test]
fn a_login_whose_acceptance_was_lost_sends_itself_away() {
    let mut scene = Scene::new(start());
    let first = scene.next_sent();
    scene.waits_secs(10);
    let second = scene.next_sent();
    assert_eq!(second.header.seq1, first.header.seq1);

    scene.acknowledges(&second);
    scene.answers_login(&second, &FromServer::TryAgain);
    scene.take_sent();
    scene.waits_secs(1);

    let goodbye = scene.next_sent();
    assert_eq!(goodbye.header.command, TEXT_CODE);
    assert_eq!(goodbye.header.session_id, first.header.session_id);
    scene.waits_secs(5);
    assert_eq!(scene.next_sent().header.command, LOGIN);
}

#[test]
fn the_same_where_not_even_an_acknowledgement_came() {
    let mut scene = Scene::new(start());
    scene.next_sent();
    scene.waits_secs(10);
    let second = scene.next_sent();

    scene.answers_login(&second, &FromServer::TryAgain);
    scene.take_sent();
    scene.waits_secs(1);

    assert_eq!(scene.sent_commands(), [TEXT_CODE]);
}

#[test]
fn an_unknown_session_is_answered_with_one_login_under_a_new_id() {
    let mut scene = Scene::new(start());
    let first = scene.next_sent();

    scene.answers_login(&first, &FromServer::NotConnected);
    let second = scene.sent_as(LOGIN);
    assert_ne!(second.header.session_id, first.header.session_id);
    assert_eq!(scene.take_events(), []);

    scene.answers_login(&second, &FromServer::NotConnected);
    assert_eq!(scene.take_events(), logged_out(LogoutReason::SessionLost));
}

#[test]
fn silence_is_answered_with_six_copies_ten_seconds_apart() {
    let mut scene = Scene::new(start());
    let first = scene.next_sent();

    for _ in 1..6 {
        scene.waits_secs(9);
        assert!(scene.sent_commands().is_empty());
        scene.waits_secs(1);
        let copy = scene.next_sent();
        assert_eq!(copy.header, first.header);
        assert_eq!(copy.body, first.body);
        assert_ne!(copy.datagram, first.datagram, "sealed anew");
    }
    assert_eq!(scene.take_events(), []);
    scene.waits_secs(10);

    assert_eq!(scene.take_events(), logged_out(LogoutReason::NoAnswer));
    // In case the server heard us and we did not hear it.
    let goodbye = scene.next_sent();
    assert_eq!(goodbye.header.command, TEXT_CODE);
}

#[test]
fn a_kick_during_the_login_ends_it() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();

    scene.answers_login(&login, &FromServer::GoAway(Reason { text: None }));

    assert_eq!(
        scene.take_events(),
        logged_out(LogoutReason::Kicked(String::new()))
    );
}

#[test]
fn what_was_asked_during_the_login_is_done_after_it() {
    let mut scene = Scene::new(start());
    let login = scene.next_sent();
    scene.sends(1, BEN, "hi");
    scene.asks(Command::SetStatus(Availability::Away.into()));
    scene.asks(Command::RemoveContact(TYBALT));
    assert!(scene.sent_commands().is_empty());

    scene.answers_login(&login, &login_reply());

    let sent: Vec<_> = scene
        .acknowledges_all()
        .into_iter()
        .filter(|heard| heard.header.command != ACK)
        .collect();
    assert_eq!(commands(&sent), [CONTACT_LIST, SEND_MESSAGE, SET_STATUS]);
    let ToServer::ContactList(list) = sent[0].packet() else {
        panic!("not a contact list");
    };
    assert_eq!(list.uins, [BEN]);
}

#[test]
fn a_logout_during_the_login_ends_it_at_once() {
    let mut scene = Scene::new(start());
    scene.next_sent();
    scene.sends(1, BEN, "hi");

    scene.asks(Command::LogOut);

    assert_eq!(
        scene.take_events(),
        [
            Event::NotSent {
                id: MessageId(1),
                why: NotSent::NeverLeft
            },
            Event::LoggedOut(LogoutReason::Asked)
        ]
    );
    assert_eq!(scene.sent_commands(), [TEXT_CODE]);
    assert_eq!(scene.session.poll_timeout(), None);
}

#[test]
fn a_status_with_flags_is_repeated_after_the_login() {
    let mut start = start();
    start.status = Status {
        web_aware: true,
        ..Status::default()
    };
    let mut scene = Scene::logged_in_with(start);

    let sent = scene.acknowledges_all();

    let ToServer::SetStatus(packet) = sent.last().unwrap().packet() else {
        panic!("not a status");
    };
    assert_eq!(packet.status & 0x0001_0000, 0x0001_0000);
}

#[test]
fn two_seeds_give_two_session_ids_and_one_gives_one() {
    let id_of = |seed| {
        let mut start = start();
        start.seed = seed;
        let mut scene = Scene::new(start);
        scene.next_sent().datagram
    };

    assert_eq!(id_of(1), id_of(1));
    assert_ne!(id_of(1), id_of(2));
}
