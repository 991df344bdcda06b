//! What only groupware has: fragments, profiles, notes, searches, registration (icq-udp.md §4.7, §6.6, §9).

use icq_transport::icq::udp::groupware::{HomeInfo, Search, SetNotes, Wanted, WebPage, WorkInfo};
use icq_transport::icq::udp::to_server::SetAuthorisation;
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour};

use crate::stage::*;

#[test]
fn a_long_message_reaches_groupware_in_fragments_and_others_whole() {
    let text = vec![b'x'; 1200];
    for version in Version::ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, ALICE, 0, &[]);
        stage.log_in_as(version, BOB, 0, &[]);

        stage.send_text(ALICE, BOB, &text);
        stage.send_text(ALICE, BOB, b"after it");

        let heard = stage.hears(BOB);
        if version != Version::V3 {
            assert_eq!(heard.len(), 2, "{version:?}");
            continue;
        }
        let [fragments @ .., after] = &heard[..] else {
            panic!("{heard:?}");
        };
        assert_eq!(after.header.command, 0x0104);
        let whole = joined(fragments);
        let first = &fragments[0].header;
        let message = open_in(Version::V3, &whole);
        assert_eq!(
            (message.header.seq1, message.header.seq2),
            (first.seq1, first.seq2)
        );
        for (fragment, count) in fragments.iter().zip(0..) {
            assert_eq!(fragment.header.seq1, first.seq1 + count);
            assert_eq!(fragment.header.seq2, first.seq2 + count);
        }
        let FromServer::Message(message) = message.packet() else {
            panic!("{message:?}");
        };
        assert_eq!((message.from_uin, message.text), (ALICE, &text[..]));
    }
}

#[test]
fn a_fragmented_message_that_nobody_acknowledges_whole_is_stored() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_as(Version::V5, ALICE, 0, &[]);
    stage.log_in_as(Version::V3, BOB, 0, &[]);
    stage.client(BOB).acknowledges = false;
    stage.send_text(ALICE, BOB, &[b'x'; 1200]);
    let heard = stage.hears(BOB);
    for fragment in &heard[..2] {
        stage.acknowledge(BOB, fragment.header.seq1);
    }

    stage.pass(secs(60));

    assert!(!stage.is_online(BOB));
    assert_eq!(stage.server.undelivered(BOB), 1);
}

#[test]
fn a_message_in_fragments_is_one_message_whatever_their_order() {
    let text = vec![b'y'; 1500];
    for order in [[0, 1, 2, 3], [3, 1, 0, 2], [0, 0, 1, 2]] {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(Version::V5, BOB, 0, &[]);
        stage.log_in_as(Version::V3, ALICE, 0, &[]);
        let slices = cut(&mut stage, ALICE, BOB, &text);
        assert_eq!(slices.len(), 4);

        for index in order {
            send_slice(&mut stage, ALICE, &slices, index);
            assert_eq!(stage.all_commands(ALICE), [0x000A], "each on its own");
        }

        let texts = stage.texts(BOB);
        let is_complete = order[1] != 0;
        assert_eq!(texts.len(), usize::from(is_complete), "{order:?}");
        if is_complete {
            assert_eq!(texts[0], (ALICE, 1, text.clone()));
        }
    }
}

#[test]
fn fragments_of_somebody_elses_packet_do_nothing() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_as(Version::V5, BOB, 0, &[]);
    stage.log_in_as(Version::V3, ALICE, 0, &[]);
    stage.connect_in(Version::V3, CAROL);
    let mut body = BOB.0.to_le_bytes().to_vec();
    body.extend(b"\x01\0\x03\0hi\0");
    let forged = seal(&stage.client(CAROL).header(0x010E), &body);

    stage.send_body(ALICE, 0x05D2, &[&[0, 1], &forged[..]].concat());

    assert!(stage.texts(BOB).is_empty());
    let own = seal(&stage.client(ALICE).header(0x010E), &body);
    stage.send_body(ALICE, 0x05D2, &[&[0, 1], &own[..]].concat());
    assert_eq!(stage.texts(BOB), [(ALICE, 1, b"hi".to_vec())]);
}

#[test]
fn iserverd_cuts_a_long_message_of_groupware_from_its_end_for_others() {
    let text: Vec<u8> = (0..1000_u16).map(|at| b'a' + (at / 100) as u8).collect();
    let mut stage = Stage::new(Behaviour::iserverd());
    stage.log_in_as(Version::V3, ALICE, 0, &[]);
    stage.log_in_as(Version::V5, BOB, 0, &[]);

    stage.send_text(ALICE, BOB, &text);

    let pieces: Vec<Vec<u8>> = stage.texts(BOB).into_iter().map(|(_, _, t)| t).collect();
    assert_eq!(pieces, [&text[550..], &text[100..550], &text[..100]]);
    for (length, may) in [(2025, true), (2026, false)] {
        let slices = cut(&mut stage, ALICE, BOB, &vec![b'x'; length]);
        for index in 0..slices.len() {
            send_slice(&mut stage, ALICE, &slices, index);
        }
        assert_eq!(stage.is_online(ALICE), may, "{length}");
    }
}

#[test]
fn a_profile_is_told_in_five_packets_as_it_was_set() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_as(Version::V3, ALICE, 0, &[]);
    let home = HomeInfo {
        street: b"Main 1",
        city: b"Riga",
        state: b"LV",
        country: 371,
        phone: b"1",
        fax: b"2",
        cellular: b"3",
        zip: 1000,
        gender: 1,
        age: 31,
        birth_day: 20,
        birth_month: 7,
        birth_year_minus_1900: 70,
        x: Some(0),
    };
    let work = WorkInfo {
        street: b"Main 2",
        city: b"Oslo",
        state: b"",
        country: 47,
        company: b"Acme",
        position: b"Boss",
        department_id: 7,
        phone: b"4",
        fax: b"5",
        pager: b"6",
        zip: 2000,
    };
    let (home_web, work_web) = (WebPage { homepage: b"h" }, WebPage { homepage: b"w" });
    for (packet, done) in [
        (ToServer::SetHome(home.clone()), 0x0280),
        (ToServer::SetHomeWeb(home_web.clone()), 0x0294),
        (ToServer::SetWork(work.clone()), 0x026C),
        (ToServer::SetWorkWeb(work_web.clone()), 0x0258),
    ] {
        let request = stage.send(ALICE, &packet);
        let heard = stage.hears(ALICE);
        assert_eq!(
            (heard[0].header.command, heard[0].header.seq2),
            (done, request.seq2)
        );
        assert!(heard[0].body.is_empty());
    }
    let set = ToServer::SetAuthorisation(SetAuthorisation {
        x: 0x1124,
        auth_byte: 0,
    });
    stage.send(ALICE, &set);
    assert_eq!(stage.commands(ALICE), [0x01F4]);

    stage.log_in_as(Version::V3, BOB, 0, &[]);
    let request = stage.send(BOB, &ToServer::UserInfoRequest(target(ALICE)));
    let heard = stage.hears(BOB);
    assert!(heard.iter().all(|heard| heard.header.seq2 == request.seq2));
    let numbers: Vec<u16> = heard.iter().map(|heard| heard.header.seq1).collect();
    assert_eq!(numbers, [2, 3, 4, 5, 6], "each has its own");
    let [basic, rest @ ..] = &heard[..] else {
        panic!("{heard:?}");
    };
    let FromServer::BasicInfo(basic) = basic.packet() else {
        panic!("{basic:?}");
    };
    assert_eq!((basic.nick, basic.auth_byte), (&b"alice"[..], Some(0)));
    let told: Vec<FromServer<'_>> = rest.iter().map(Heard::packet).collect();
    assert_eq!(
        told,
        [
            FromServer::HomeInfo(home),
            FromServer::HomeWeb(home_web),
            FromServer::WorkInfo(work),
            FromServer::WorkWeb(work_web),
        ]
    );
    stage.send(BOB, &ToServer::UserInfoRequest(target(NOBODY)));
    assert_eq!(stage.commands(BOB), [0x02EE]);
}

#[test]
fn notes_come_with_the_time_and_place_of_the_last_login() {
    let mut stage = Stage::new(Behaviour::reference());
    stage.log_in_as(Version::V3, ALICE, 0, &[]);
    stage.pass(secs(30));
    stage.send(ALICE, &ToServer::SetNotes(SetNotes { notes: b"in Riga" }));
    assert_eq!(stage.commands(ALICE), [0x02A8]);

    stage.send(ALICE, &ToServer::NotesRequest(target(ALICE)));
    stage.send(ALICE, &ToServer::NotesRequest(target(BOB)));
    stage.send(ALICE, &ToServer::NotesRequest(target(NOBODY)));

    let heard = stage.hears(ALICE);
    let FromServer::Notes(notes) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(notes.notes, b"in Riga");
    assert_eq!(
        (notes.update_time, notes.last_login),
        (1_000_000_030, 1_000_000_000)
    );
    assert_eq!(notes.last_ip.octets(), [127, 0, 0, 1]);
    let FromServer::Notes(notes) = heard[1].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!((notes.notes, notes.last_login), (&b""[..], 0));
    assert_eq!(heard[2].header.command, 0x02EE);
}

#[test]
fn a_search_compares_one_property_in_six_ways() {
    let mut stage = Stage::new(Behaviour::reference());
    for (uin, nick, city, country) in [
        (ALICE, "alice", "Riga", 371),
        (BOB, "Bob", "Oslo", 47),
        (DAVE, "dave", "Malice", 47),
    ] {
        let mut account = Account::new(uin, "x").named(nick, "", "");
        account.home.city = city.into();
        account.work.country = country;
        account.home.country = country + 1;
        account.more.age = 31;
        account.groupware.department = 7;
        stage.server.set_account(account);
    }
    stage.log_in_as(Version::V3, CAROL, 0, &[]);
    let mut search = |kind, comparison, wanted| -> Vec<Uin> {
        let search = Search {
            x_ff: 0xFF,
            kind,
            x: 0,
            comparison,
            wanted,
        };
        let request = stage.send(CAROL, &ToServer::Search(search));
        let heard = stage.hears(CAROL);
        assert!(heard.iter().all(|heard| heard.header.seq2 == request.seq2));
        let found = heard.iter().filter_map(|heard| match heard.packet() {
            FromServer::UserFound(user) => Some(user.target_uin),
            _ => None,
        });
        let found = found.filter(|uin| *uin != CAROL).collect();
        assert_eq!(heard.last().map(|heard| heard.header.command), Some(0x00A0));
        found
    };
    let text = |text: &'static [u8]| Wanted::Text(text);

    assert_eq!(search(0x01, 0, text(b"LI")), [ALICE]);
    assert_eq!(search(0x01, 1, text(b"li")), [BOB, DAVE]);
    assert_eq!(search(0x01, 2, text(b"bob")), [BOB]);
    assert_eq!(search(0x01, 3, text(b"bob")), [ALICE, DAVE]);
    assert_eq!(search(0x01, 4, text(b"da")), [DAVE]);
    assert_eq!(search(0x01, 5, text(b"e")), [ALICE, DAVE]);
    assert_eq!(search(0x01, 6, text(b"e")), []);
    assert_eq!(search(0x00, 2, text(b"200002")), [BOB]);
    assert_eq!(search(0x05, 2, text(b"31")), [ALICE, BOB, DAVE]);
    assert_eq!(search(0x0C, 0, text(b"oslo")), [BOB]);
    assert_eq!(search(0x08, 2, Wanted::Number(47)), [BOB, DAVE]);
    assert_eq!(search(0x0E, 3, Wanted::Number(48)), [ALICE]);
    assert_eq!(search(0x0B, 2, Wanted::Number(7)), [ALICE, BOB, DAVE]);
    assert_eq!(search(0x77, 0, text(b"a")), []);
    assert_eq!(
        search(0x01, 0, text(b"")),
        [],
        "who asks nothing finds nobody"
    );
}

#[test]
fn a_number_is_asked_for_by_a_form_and_told_to_a_person() {
    for version in [Version::V3, Version::V4] {
        let mut stage = Stage::new(Behaviour::reference());
        stage.connect_in(version, Uin(0));

        let request = stage.send_body(Uin(0), 0x05DC, b"");
        let heard = stage.hears(Uin(0));
        let info = match version {
            Version::V3 => {
                let shared = heard.iter().all(|heard| heard.header.seq2 == request.seq2);
                assert!(heard.len() == 3 && shared);
                open_in(version, &joined(&heard))
            }
            _ => heard[0].clone(),
        };
        assert_eq!(info.header.command, 0x037A);

        let mut form = vec![0x7A, 0];
        for name in [&b"zed"[..], b"Zed", b"Zett", b"z@x.test"] {
            form.extend(u16::try_from(name.len() + 1).unwrap().to_le_bytes());
            form.extend(name);
            form.push(0);
        }
        let request = stage.send_body(Uin(0), 0x05E6, &form);
        let address = stage.client(Uin(0)).address;
        stage.send_datagram(address, &seal(&request, &form));

        let heard = stage.hears(Uin(0));
        let FromServer::RegistrationOk(reason) = heard[0].packet() else {
            panic!("{heard:?}");
        };
        let said = String::from_utf8(reason.text.unwrap().to_vec()).unwrap();
        assert!(said.starts_with("Registration OK"), "{said}");
        let uin = heard[0].header.uin;
        let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
        let once: &[u16] = match version {
            Version::V3 => &[0x0384],
            _ => &[0x0384, 0x0046],
        };
        assert_eq!(commands, once.repeat(2));
        assert!(heard.iter().all(|heard| heard.header.uin == uin));
        assert!(said.contains(&uin.0.to_string()));
        let account = stage.server.account(uin).unwrap();
        assert_eq!(
            (&account.nick[..], &account.first[..]),
            (&b"zed"[..], &b"Zed"[..])
        );
        let password = account.password.reveal().to_owned();
        assert!(said.contains(&password));

        stage.connect_in(version, uin);
        stage.send(uin, &login_in(version, password.as_bytes(), 0));
        assert_eq!(stage.commands(uin), [0x005A]);
    }
}

#[test]
fn a_farewell_and_an_announcement_have_their_words_where_there_is_room() {
    for version in Version::ALL {
        let mut stage = Stage::new(Behaviour::reference());
        stage.log_in_as(version, ALICE, 0, &[]);

        stage.server.announce(stage.now, b"Down at noon");
        stage.deliver();
        let heard = stage.hears(ALICE);
        match heard.first().map(Heard::packet) {
            None => assert!(version < Version::V3),
            Some(FromServer::SystemMessage(said)) => {
                assert_eq!(said.text, Some(&b"Down at noon"[..]));
            }
            other => panic!("{version:?}: {other:?}"),
        }

        stage.send_text(ALICE, BOB, b"for later");
        stage.hears(ALICE);
        stage.server.shut_down(stage.now);
        stage.deliver();
        let heard = stage.hears(ALICE);
        assert_eq!(heard[0].header.command, 0x0028, "{version:?}");
        assert_eq!(heard[0].body.is_empty(), version != Version::V3);
        assert!(stage.server.online().is_empty());
        assert_eq!(stage.server.undelivered(BOB), 1);
        stage.send(ALICE, &ToServer::KeepAlive);
        assert_eq!(stage.commands(ALICE), [0x00F0]);
    }
}

/// A message as the slices of its fragments.
fn cut(stage: &mut Stage, from: Uin, to: Uin, text: &[u8]) -> Vec<Vec<u8>> {
    let mut body = to.0.to_le_bytes().to_vec();
    body.extend([1, 0]);
    body.extend(
        u16::try_from(text.len() + 1)
            .expect("a short text")
            .to_le_bytes(),
    );
    body.extend(text);
    body.push(0);
    let client = stage.client(from);
    // The fragments of one packet share this, and no two packets do.
    client.seq2 += 1;
    let whole = seal(&client.header(0x010E), &body);
    whole.chunks(482).map(<[u8]>::to_vec).collect()
}

fn send_slice(stage: &mut Stage, from: Uin, slices: &[Vec<u8>], index: usize) {
    let mut fragment = [index, slices.len()]
        .map(|n| u8::try_from(n).expect("few fragments"))
        .to_vec();
    fragment.extend(&slices[index]);
    let client = stage.client(from);
    client.seq1 += 1;
    let header = client.header(0x05D2);
    let address = client.address;
    stage.send_datagram(address, &seal(&header, &fragment));
}

/// What fragments hold together, in the order of their numbers.
fn joined(fragments: &[Heard]) -> Vec<u8> {
    let mut whole = Vec::new();
    for (fragment, index) in fragments.iter().zip(0_u8..) {
        assert_eq!(fragment.header.command, 0x0366);
        let [at, count, slice @ ..] = &fragment.body[..] else {
            panic!("{fragment:?}");
        };
        assert_eq!((*at, usize::from(*count)), (index, fragments.len()));
        assert!(16 + fragment.body.len() <= 500);
        whole.extend(slice);
    }
    whole
}
