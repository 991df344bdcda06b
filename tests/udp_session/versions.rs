//! What sessions of all versions do alike, and what each does in its own way (icq-udp.md §2, §4, §6, §7).

use icq_transport::icq::udp::from_server::{
    Date, InfoReply, OfflineMessage, Reason, ReceiveMessage, Sent, StatusUpdate,
};
use icq_transport::icq::udp::to_server::{Login, PreLogin, SendMessage, Target, TextCode, UinList};
use icq_transport::icq::udp::{FromServer, Header, ToServer, Version, fragments};
use icq_transport::icq::wire::Password;
use icq_transport::icq::{Command, Event, LogoutReason, MessageId, VisibilityList};
use icq_transport::model::{Availability, Message, Status, Uin, UnixTime};

use super::messages::every_kind;
use super::scene::*;

const BEFORE_V5: [Version; 4] = [Version::V1, Version::V2, Version::V3, Version::V4];
const WITHOUT_REQUEST_NUMBERS: [Version; 2] = [Version::V1, Version::V2];

fn logging_in(version: Version) -> (Scene, Heard) {
    let mut scene = Scene::new(start_in(version));
    let login = scene.next_sent();
    (scene, login)
}

fn end(scene: &mut Scene) -> Option<LogoutReason> {
    match scene.take_events().pop() {
        Some(Event::LoggedOut(reason)) => Some(reason),
        _ => None,
    }
}

fn presence(uin: Uin, status: impl Into<Option<Status>>) -> Event {
    Event::Presence {
        uin,
        status: status.into(),
    }
}

#[test]
fn every_version_logs_in_with_its_own_packet_and_its_own_numbers() {
    for version in Version::ALL {
        let (scene, login) = logging_in(version);

        assert_eq!(login.header.version, version);
        assert_eq!(login.header.uin, ROMEO, "{version:?}");
        let password = Password(b"balcony");
        match (version, login.packet()) {
            (Version::V1, packet) => assert_eq!(
                packet,
                ToServer::PreLogin(PreLogin {
                    login_uin: Uin(0),
                    password,
                    status: 0,
                    client_version: None,
                })
            ),
            (_, ToServer::Login(packet)) => {
                assert_eq!(packet.password, password);
                assert_eq!(packet.dc_mode, Login::NO_DIRECT_CONNECTIONS);
                assert_eq!(packet.status & 0xFFFF, 0);
                let has_time = matches!(version, Version::V4 | Version::V5);
                assert_eq!(packet.time, if has_time { 1_000_000_000 } else { 0 });
            }
            (_, other) => panic!("{version:?}: {other:?}"),
        }
        let begins_at_one = matches!(version, Version::V1 | Version::V2 | Version::V3);
        assert_eq!(login.header.seq1 == 1, begins_at_one, "{version:?}");
        assert_eq!(login.header.seq2, 1);
        let has_id = version == Version::V5;
        assert_eq!(scene.session.session_id() != 0, has_id, "{version:?}");
    }
}

/// The whole of an evening, in every version the same but for the envelopes.
#[test]
fn an_evening_goes_the_same_way_in_every_version() {
    for version in Version::ALL {
        let mut scene = Scene::logged_in_with(start_in(version));
        assert_eq!(
            scene.take_events(),
            [Event::LoggedIn {
                seen_as: Some([192, 0, 2, 7].into())
            }],
            "{version:?}"
        );
        let list = scene.sent_as(CONTACT_LIST);
        assert_eq!(
            list.packet(),
            ToServer::ContactList(UinList {
                uins: vec![BEN, TYBALT]
            })
        );
        scene.acknowledges(&list);
        scene.says(&status_of(BEN, 0));
        scene.says(&list_done());
        assert_eq!(
            scene.take_events(),
            [presence(BEN, Status::default()), Event::ListLoaded]
        );
        let mut sent = commands(&scene.acknowledges_all());
        sent.retain(|command| *command != ACK);
        // In V4 the status is said again: open-oscar-server misreads it in the login.
        let expected: &[u16] = match version {
            Version::V4 => &[SET_STATUS, REQUEST_OFFLINE],
            _ => &[REQUEST_OFFLINE],
        };
        assert_eq!(sent, expected);
        scene.says(&FromServer::EndOfflineMessages);
        assert_eq!(
            scene.take_events(),
            [Event::OfflineMessagesEnd, Event::OfflineMessagesGone]
        );
        assert_eq!(scene.sent_commands(), [ACK]);

        scene.sends(7, BEN, "hi");
        let sent = scene.next_sent();
        scene.acknowledges(&sent);
        assert_eq!(scene.take_events(), [Event::Sent(MessageId(7))]);

        let seq1 = scene.says(&text_from(BEN, "hello"));
        let events = scene.take_events();
        let [
            Event::Message {
                message, receipt, ..
            },
        ] = events.as_slice()
        else {
            panic!("{version:?}: {events:?}");
        };
        assert_eq!(message, &Message::Text("hello".into()));
        assert!(scene.sent_commands().is_empty(), "not safe yet");
        scene.is_safe(*receipt);
        let acknowledgement = scene.next_sent();
        assert_eq!(acknowledgement.header.command, ACK);
        assert_eq!(acknowledgement.header.seq1, seq1);

        scene.asks(Command::SetStatus(Availability::Away.into()));
        let status = scene.sent_as(SET_STATUS);
        scene.acknowledges(&status);
        scene.waits_secs(50);
        let keep_alive = scene.sent_as(KEEP_ALIVE);
        scene.acknowledges(&keep_alive);

        scene.says(&FromServer::UserOffline(Target { target_uin: BEN }));
        assert_eq!(scene.take_events(), [presence(BEN, None)]);

        scene.take_sent();
        scene.asks(Command::LogOut);
        let goodbye = scene.next_sent();
        assert_eq!(
            goodbye.packet(),
            ToServer::TextCode(TextCode {
                text: TextCode::LOGOUT,
                code: TextCode::CODE
            })
        );
        assert_eq!(end(&mut scene), Some(LogoutReason::Asked));
        assert_eq!(scene.session.dropped(), Default::default(), "{version:?}");
    }
}

fn status_of(uin: Uin, status: u32) -> FromServer<'static> {
    FromServer::StatusUpdate(StatusUpdate {
        target_uin: uin,
        status,
    })
}

#[test]
fn every_kind_of_message_goes_both_ways_in_every_version() {
    for version in Version::ALL {
        let mut scene = Scene::online_in(version);
        for (id, message) in every_kind().into_iter().enumerate() {
            scene.asks(Command::Send {
                id: MessageId(id as u64),
                to: BEN,
                message: message.clone(),
            });
            let sent = scene.next_sent();
            scene.acknowledges(&sent);
            assert_eq!(scene.take_events(), [Event::Sent(MessageId(id as u64))]);
            let ToServer::SendMessage(SendMessage { msg_type, text, .. }) = sent.packet() else {
                panic!("not a message");
            };

            scene.says(&FromServer::Message(ReceiveMessage {
                from_uin: BEN,
                msg_type,
                text,
            }));
            let events = scene.take_events();
            let [Event::Message { message: heard, .. }] = events.as_slice() else {
                panic!("{version:?}: {events:?}");
            };
            assert_eq!(heard, &message, "{version:?}");
            scene.take_sent();
        }
    }
}

#[test]
fn a_wrong_password_is_understood_in_every_form() {
    for version in Version::ALL {
        // V2 servers repeat the number of the login, or none; groupware was recorded without one.
        for (seq1, names_request) in [(0, true), (1, true), (10, false)] {
            let (mut scene, login) = logging_in(version);
            if version == Version::V5 && !names_request {
                continue;
            }
            let seq2 = if names_request { login.header.seq2 } else { 0 };
            let header = scene.header(&FromServer::BadPassword, seq1, seq2);
            scene.delivers(&header, &FromServer::BadPassword);

            assert_eq!(
                end(&mut scene),
                Some(LogoutReason::WrongPassword),
                "{version:?}"
            );
            assert_eq!(scene.sent_commands(), [ACK]);
        }
    }
}

#[test]
fn a_wrong_password_after_the_login_is_a_forgery_in_every_version() {
    for version in Version::ALL {
        let mut scene = Scene::online_in(version);
        for (seq1, seq2) in [(0, 0), (1, 1), (0, 1)] {
            let header = scene.header(&FromServer::BadPassword, seq1, seq2);
            scene.delivers(&header, &FromServer::BadPassword);
        }

        assert_eq!(scene.take_events(), [], "{version:?}");
        assert_eq!(scene.session.dropped().unexpected, 3);
    }
}

#[test]
fn busy_refused_and_kicked_are_told_apart_in_every_version() {
    for version in Version::ALL {
        let (mut scene, login) = logging_in(version);
        scene.answers_login(&login, &FromServer::TryAgain);
        scene.waits_secs(1);
        assert_eq!(end(&mut scene), Some(LogoutReason::TryAgainLater));

        let text = Some(&b"User 1 already connected.\r\nTry again later."[..]);
        let (mut scene, login) = logging_in(version);
        scene.answers_login(&login, &FromServer::LoginError(Reason { text }));
        scene.waits_secs(1);
        assert_eq!(end(&mut scene), Some(LogoutReason::AlreadyOnline));

        let mut scene = Scene::online_in(version);
        let text = Some(&b"Second login"[..]);
        scene.says(&FromServer::GoAway(Reason { text }));
        let reason = LogoutReason::Kicked("Second login".into());
        assert_eq!(end(&mut scene), Some(reason), "{version:?}");
    }
}

#[test]
fn a_login_reply_for_somebody_else_is_none() {
    for version in BEFORE_V5 {
        let (mut scene, login) = logging_in(version);
        let reply = login_reply_in(version);
        let mut header = scene.header(&reply, 0, login.header.seq2);
        header.uin = BEN;
        let mut datagram = seal_in(version.dialect(), &header, &reply);
        if WITHOUT_REQUEST_NUMBERS.contains(&version) {
            datagram[6..10].copy_from_slice(&BEN.0.to_le_bytes());
        }

        scene.delivers_bytes(&datagram);

        assert_eq!(scene.take_events(), [], "{version:?}");
        assert_eq!(scene.session.dropped().wrong_uin, 1);
    }
}

#[test]
fn a_disowning_has_to_be_about_something_in_every_version() {
    let not_connected = FromServer::NotConnected;
    for version in Version::ALL {
        let mut scene = Scene::online_in(version);
        scene.waits_secs(10);
        scene.take_sent();
        let header = scene.header(&not_connected, 0, 0);
        scene.delivers(&header, &not_connected);
        assert_eq!(scene.take_events(), [], "{version:?}");

        scene.sends(1, BEN, "hi");
        let sent = scene.sent_as(SEND_MESSAGE);
        let about_another = scene.header(&not_connected, 99, sent.header.seq2 + 1);
        scene.delivers(&about_another, &not_connected);
        assert_eq!(scene.take_events(), [], "{version:?}");

        // The number of the request, where there is one, and of the packet.
        let header = scene.header(&not_connected, sent.header.seq1, sent.header.seq2);
        scene.delivers(&header, &not_connected);
        assert_eq!(end(&mut scene), Some(LogoutReason::SessionLost));
    }
}

#[test]
fn a_busy_server_gets_the_request_again_later_in_every_version() {
    let busy = FromServer::TryAgain;
    for version in Version::ALL {
        let mut scene = Scene::online_in(version);
        scene.sends(1, BEN, "hi");
        let sent = scene.next_sent();

        let header = scene.header(&busy, sent.header.seq1, sent.header.seq2);
        scene.delivers(&header, &busy);
        scene.take_sent();
        scene.waits_secs(5);

        let again = scene.next_sent();
        assert_eq!(again.body, sent.body);
        assert_ne!(again.header.seq1, sent.header.seq1, "{version:?}");
        scene.acknowledges(&again);
        assert_eq!(scene.take_events(), [Event::Sent(MessageId(1))]);
    }
}

#[test]
fn a_keep_alive_is_no_request_but_a_packet() {
    for version in Version::ALL {
        let interval = if version == Version::V3 { 45 } else { 50 };
        let mut scene = Scene::online_in(version);
        scene.waits_secs(interval);
        let first = scene.sent_as(KEEP_ALIVE);
        scene.acknowledges(&first);
        scene.waits_secs(interval);
        let second = scene.sent_as(KEEP_ALIVE);

        assert_eq!(second.header.seq1, first.header.seq1 + 1);
        if !WITHOUT_REQUEST_NUMBERS.contains(&version) {
            assert_eq!(first.header.seq2, 0, "{version:?}");
        }
    }
}

#[test]
fn a_groupware_server_hears_from_an_idle_session_before_it_forgets_it() {
    let mut scene = Scene::online_in(Version::V3);
    scene.waits_secs(44);
    assert!(scene.sent_commands().is_empty());

    scene.waits_secs(1);

    assert_eq!(scene.sent_commands(), [KEEP_ALIVE]);
}

#[test]
fn without_session_ids_a_number_far_from_the_last_one_is_not_the_servers() {
    for version in BEFORE_V5 {
        let mut scene = Scene::online_in(version);

        scene.says_as(40_000, &text_from(BEN, "I am the server, believe me"));

        assert_eq!(scene.take_events(), [], "{version:?}");
        assert!(scene.sent_commands().is_empty());
        assert_eq!(scene.session.dropped().unexpected, 1);
        scene.says(&text_from(BEN, "hi"));
        assert_eq!(scene.take_events().len(), 1);
    }
}

#[test]
fn a_packet_for_another_number_or_of_another_version_is_dropped() {
    for version in Version::ALL {
        let mut scene = Scene::online_in(version);
        let packet = text_from(BEN, "hi");
        let header = Header {
            uin: TYBALT,
            ..scene.header(&packet, scene.seq1, 0)
        };
        // V1 and V2 do not say for whom a packet is.
        let names_nobody = WITHOUT_REQUEST_NUMBERS.contains(&version);
        if !names_nobody {
            scene.delivers(&header, &packet);
            assert_eq!(scene.session.dropped().wrong_uin, 1, "{version:?}");
        }

        for other in Version::ALL {
            let form = |version| match version {
                Version::V4 => Version::V3,
                version => version,
            };
            if form(other) == form(version) {
                continue;
            }
            let header = scene.header(&packet, scene.seq1, 0);
            let header = Header {
                version: other,
                ..header
            };
            let datagram = seal_in(other.dialect(), &header, &packet);
            scene.delivers_bytes(&datagram);
        }
        assert_eq!(scene.take_events(), [], "{version:?}");
        assert!(scene.sent_commands().is_empty());
    }
}

#[test]
fn a_ghost_is_said_goodbye_to_also_where_sessions_have_no_ids() {
    for version in BEFORE_V5 {
        let mut start = start_in(version);
        start.ghosts = vec![0];
        let mut scene = Scene::new(start);
        let login = scene.next_sent();
        let own = scene.session.open_sessions();
        assert_eq!(own, [0], "{version:?}");

        scene.answers_login(&login, &FromServer::TryAgain);
        scene.take_sent();
        scene.waits_secs(1);
        assert_eq!(scene.next_sent().header.command, TEXT_CODE);
        scene.waits_secs(5);

        let second = scene.next_sent();
        assert_eq!(second.header.command, login.header.command);
        assert_ne!(second.header.seq1, login.header.seq1);
        scene.answers_login(&second, &login_reply_in(version));
        assert!(matches!(
            scene.take_events().as_slice(),
            [Event::LoggedIn { .. }]
        ));
    }
}

#[test]
fn early_versions_show_the_nearest_status_they_have_and_no_flags() {
    for version in Version::ALL {
        let is_early = WITHOUT_REQUEST_NUMBERS.contains(&version);
        let mut scene = Scene::online_in(version);
        for (status, early, later) in [
            (Availability::Online, 0, 0),
            (Availability::FreeForChat, 0, 0x20),
            (Availability::Away, 1, 1),
            (Availability::NotAvailable, 1, 5),
            (Availability::Occupied, 0x11, 0x11),
            (Availability::DoNotDisturb, 0x11, 0x13),
        ] {
            scene.asks(Command::SetStatus(Status {
                availability: status,
                invisible: true,
                web_aware: true,
                birthday: true,
            }));
            let sent = scene.sent_as(SET_STATUS);
            scene.acknowledges(&sent);
            let ToServer::SetStatus(packet) = sent.packet() else {
                panic!("not a status");
            };
            let expected = match is_early {
                true => early | 0x100,
                false => later | 0x1009_0100,
            };
            assert_eq!(packet.status, expected, "{version:?} {status:?}");
        }

        scene.says(&status_of(BEN, 0x11));
        let heard = match is_early {
            true => Availability::DoNotDisturb,
            false => Availability::Occupied,
        };
        assert_eq!(scene.take_events(), [presence(BEN, Status::from(heard))]);
    }
}

#[test]
fn before_v5_a_change_to_the_exceptions_is_a_whole_list() {
    for version in BEFORE_V5 {
        let mut start = start_in(version);
        start.invisible = vec![TYBALT];
        let mut scene = Scene::online_with(start);
        let mut change = |uin, list, on| {
            scene.asks(Command::SetVisibility { uin, list, on });
            let sent = scene.next_sent();
            scene.acknowledges(&sent);
            match sent.packet() {
                ToServer::InvisibleList(list) => (false, list.uins),
                ToServer::VisibleList(list) => (true, list.uins),
                other => panic!("{other:?}"),
            }
        };

        let list = VisibilityList::Invisible;
        assert_eq!(change(BEN, list, true), (false, vec![TYBALT, BEN]));
        assert_eq!(change(TYBALT, list, false), (false, vec![BEN]));
        assert_eq!(change(BEN, list, false), (false, vec![]));
        let list = VisibilityList::Visible;
        assert_eq!(change(BEN, list, true), (true, vec![BEN]), "{version:?}");
    }
}

#[test]
fn before_v5_only_so_many_exceptions_reach_the_server() {
    let mut start = start_in(Version::V2);
    start.invisible = (0..120).map(|n| Uin(5000 + n)).collect();
    let mut scene = Scene::logged_in_with(start);

    let sent = scene.acknowledges_all();

    let sizes: Vec<_> = sent
        .iter()
        .filter_map(|heard| match heard.packet() {
            ToServer::InvisibleList(list) => Some(list.uins.len()),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [99]);
    assert!(scene.session.dropped().over_limit > 0);
}

fn stored(version: Version, minute: u8, text: &str) -> FromServer<'_> {
    FromServer::OfflineMessage(OfflineMessage {
        from_uin: BEN,
        sent: match version {
            Version::V3 => Sent::Unix(1_000_000_000 + u32::from(minute) * 60),
            _ => Sent::Date(Date {
                year: 2001,
                month: 9,
                day: 9,
                hour: 1,
                minute,
            }),
        },
        msg_type: 1,
        text: text.as_bytes(),
    })
}

#[test]
fn stored_messages_are_deleted_in_each_version_s_own_way() {
    for version in Version::ALL {
        let mut scene = Scene::logged_in_with(start_in(version));
        scene.acknowledges_all();
        scene.says(&list_done());
        scene.acknowledges_all();
        scene.take_events();

        scene.says(&stored(version, 50, "later"));
        scene.says(&stored(version, 46, "earlier"));
        let end = scene.says(&FromServer::EndOfflineMessages);
        scene.take_sent();
        let events = scene.take_events();
        let told: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Message {
                    message: Message::Text(text),
                    sent: Some(UnixTime(_)),
                    receipt,
                    ..
                } => Some((text.as_str(), *receipt)),
                _ => None,
            })
            .collect();
        let texts: Vec<_> = told.iter().map(|(text, _)| *text).collect();
        assert_eq!(texts, ["earlier", "later"], "{version:?}");
        for (_, receipt) in told {
            scene.is_safe(receipt);
        }

        let deletion = scene.next_sent();
        assert_eq!(deletion.header.command, ACK_MESSAGES);
        let ToServer::AckMessages(packet) = deletion.packet() else {
            panic!("not a deletion");
        };
        // Groupware servers keep what is later than this, V2 servers want the number of the end.
        let timestamp = (version == Version::V3).then_some(1_000_003_000);
        assert_eq!(packet.timestamp, timestamp, "{version:?}");
        if WITHOUT_REQUEST_NUMBERS.contains(&version) {
            assert_eq!(deletion.header.seq1, end, "{version:?}");
        }
        scene.acknowledges(&deletion);
        scene.waits_secs(15);
        assert!(scene.sent_commands().is_empty(), "{version:?}");
    }
}

/// A deletion that bears the server's number takes none of the client's.
#[test]
fn the_packet_after_a_deletion_has_the_next_number() {
    let mut scene = Scene::online_in(Version::V2);
    scene.seq1 = 500;
    scene.says(&stored(Version::V2, 46, "late"));
    scene.says(&FromServer::EndOfflineMessages);
    scene.sends(1, BEN, "one");
    let before = scene.sent_as(SEND_MESSAGE);
    scene.acknowledges(&before);
    let receipt = scene.take_events().iter().find_map(|event| match event {
        Event::Message { receipt, .. } => Some(*receipt),
        _ => None,
    });
    scene.is_safe(receipt.unwrap());
    let deletion = scene.sent_as(ACK_MESSAGES);
    assert_eq!(deletion.header.seq1, 501);
    scene.acknowledges(&deletion);

    scene.sends(2, BEN, "two");

    let after = scene.next_sent();
    assert_eq!(after.header.seq1, before.header.seq1 + 1);
}

#[test]
fn a_packet_in_parts_is_put_together_and_its_last_part_acknowledged_when_it_is_safe() {
    let text = "x".repeat(1000);
    for order in [[0, 1, 2], [2, 0, 1]] {
        let mut scene = Scene::online_in(Version::V3);
        let first = scene.seq1;
        let packet = text_from(BEN, &text);
        let whole = seal_in(
            Version::V3.dialect(),
            &scene.header(&packet, first, 77),
            &packet,
        );
        let parts = fragments::cut(&whole);
        let mut seq1s = Vec::new();
        for index in order {
            let part = FromServer::Fragment(parts[index].clone());
            let seq1 = first + index as u16;
            let header = scene.header(&part, seq1, 77 + index as u16);
            scene.delivers(&header, &part);
            seq1s.push(seq1);
        }

        let acknowledged: Vec<_> = scene
            .take_sent()
            .iter()
            .map(|heard| heard.header.seq1)
            .collect();
        assert_eq!(acknowledged, seq1s[..2]);
        let events = scene.take_events();
        let [
            Event::Message {
                message, receipt, ..
            },
        ] = events.as_slice()
        else {
            panic!("{events:?}");
        };
        assert_eq!(message, &Message::Text(text.clone()));
        scene.is_safe(*receipt);
        assert_eq!(scene.next_sent().header.seq1, seq1s[2]);

        // The repetition of a part is no part of another packet.
        let part = FromServer::Fragment(parts[0].clone());
        let header = scene.header(&part, first, 77);
        scene.delivers(&header, &part);
        assert_eq!(scene.sent_commands(), [ACK]);
        assert_eq!(scene.session.dropped().duplicates, 1);
    }
}

#[test]
fn what_is_put_together_is_no_way_around_the_door() {
    let mut scene = Scene::online_in(Version::V3);
    let packet = text_from(BEN, "hi");
    let mut header = scene.header(&packet, scene.seq1, 0);
    header.uin = TYBALT;
    let for_another = seal_in(Version::V3.dialect(), &header, &packet);
    for whole in [&for_another[..], b"no packet", &[]] {
        for part in fragments::cut(whole) {
            scene.says(&FromServer::Fragment(part));
        }
    }

    assert_eq!(scene.take_events(), []);
    assert_eq!(scene.session.dropped().wrong_uin, 1);
    assert_eq!(scene.session.dropped().undecodable, 1);
}

fn info(uin: Uin) -> FromServer<'static> {
    FromServer::InfoReply(InfoReply {
        target_uin: uin,
        nick: b"Ben",
        first: b"Benvolio",
        last: b"Montague",
        email: b"ben@example.org",
        status_byte: None,
        auth_byte: Some(0),
    })
}

#[test]
fn before_v5_a_short_profile_is_asked_for_the_old_way() {
    for version in BEFORE_V5 {
        let mut scene = Scene::online_in(version);
        scene.asks(Command::RequestProfile(BEN));
        scene.asks(Command::RequestProfile(TYBALT));
        let questions = scene.take_sent();
        assert_eq!(commands(&questions), [INFO_REQ, INFO_REQ], "{version:?}");

        // Groupware servers leave out whom they describe.
        let uin = match version {
            Version::V3 => Uin(0),
            _ => BEN,
        };
        scene.answers(&questions[0], &info(uin));
        let nobody = Target { target_uin: TYBALT };
        let nobody = match version {
            Version::V3 => FromServer::InvalidUser(nobody),
            _ => FromServer::InvalidUin(nobody),
        };
        scene.answers(&questions[1], &nobody);

        let events = scene.take_events();
        let [
            Event::Profile {
                uin: BEN,
                profile: Ok(ben),
            },
            Event::Profile {
                uin: TYBALT,
                profile: Err(_),
            },
        ] = events.as_slice()
        else {
            panic!("{version:?}: {events:?}");
        };
        assert_eq!(ben.nick, "Ben");
        assert!(ben.authorisation_required);
    }
}
