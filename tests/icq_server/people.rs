//! Profiles, changes to them, and searches, old and new.

use icq_transport::icq::udp::to_server::{
    ChangePassword, SearchUser, SetAuthorisation, UpdateBasic, UpdateExtended,
};
use icq_transport::icq::udp::{FromServer, ToServer};
use icq_transport::icq::wire::meta::{
    About, Affiliations, General, Homepage, HomepageCategory, Interests, MetaForm, MetaInfo,
    MetaReply, MetaRequest, More, NewPassword, Person, SearchEmail, SearchName, Security,
    ShortYear, Unregister, WhitePages, Work,
};
use icq_transport::icq::wire::{Password, Rest};
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour, Setup};

use crate::stage::*;

#[test]
fn the_old_short_profile_names_everything_it_has() {
    let mut stage = logged_in(Behaviour::reference());

    let request = stage.send(CAROL, &ToServer::InfoRequest(target(ALICE)));
    stage.send(CAROL, &ToServer::InfoRequest(target(BOB)));

    let heard = stage.hears(CAROL);
    assert_eq!(heard[0].header.seq2, request.seq2);
    let FromServer::InfoReply(alice) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(alice.target_uin, ALICE);
    assert_eq!(
        (alice.nick, alice.first, alice.last),
        (&b"alice"[..], &b"Alice"[..], &b"Anders"[..])
    );
    assert_eq!(alice.email, b"alice@example.test");
    assert_eq!(alice.auth_byte, Some(1), "anybody may add her");
    let FromServer::InfoReply(bob) = heard[1].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(bob.auth_byte, Some(0), "he has to be asked");
}

#[test]
fn servers_differ_in_what_they_say_of_nobody_and_of_authorisation() {
    let mut stage = logged_in(Behaviour::open_oscar());
    stage.send(CAROL, &ToServer::InfoRequest(target(ALICE)));
    stage.send(CAROL, &ToServer::InfoRequest(target(NOBODY)));
    let heard = stage.hears(CAROL);
    for (heard, uin) in heard.iter().zip([ALICE, NOBODY]) {
        let FromServer::InfoReply(info) = heard.packet() else {
            panic!("{heard:?}");
        };
        assert_eq!((info.target_uin, info.auth_byte), (uin, Some(0)));
        assert_eq!(heard.header.seq2, 0);
    }

    let mut stage = logged_in(Behaviour::reference());
    stage.send(CAROL, &ToServer::InfoRequest(target(NOBODY)));
    let heard = stage.hears(CAROL);
    let FromServer::InvalidUin(nobody) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(nobody.target_uin, NOBODY);
}

#[test]
fn iserverd_shows_the_second_address_in_short_profiles() {
    let mut stage = logged_in(Behaviour::iserverd());
    let mut account = Account::new(ALICE, "x").named("alice", "", "");
    account.emails = [b"first@x.test".to_vec(), b"second@x.test".to_vec(), vec![]];
    stage.server.set_account(account);

    stage.send(CAROL, &ToServer::InfoRequest(target(ALICE)));

    let heard = stage.hears(CAROL);
    let FromServer::InfoReply(info) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(info.email, b"second@x.test");
}

#[test]
fn the_old_longer_profile_is_told() {
    let mut stage = logged_in(Behaviour::reference());
    stage.server.set_account(full_account(ALICE));

    stage.send(CAROL, &ToServer::ExtInfoRequest(target(ALICE)));
    stage.send(CAROL, &ToServer::ExtInfoRequest(target(NOBODY)));

    let heard = stage.hears(CAROL);
    let FromServer::ExtendedInfo(info) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(
        (info.target_uin, info.city, info.country),
        (ALICE, &b"Riga"[..], 371)
    );
    assert_eq!((info.age, info.gender, info.timezone), (31, 1, 0xFC));
    assert_eq!((info.about, info.zip), (&b"about me"[..], Some(1000)));
    assert_eq!(heard[1].header.command, 0x012C);
}

#[test]
fn an_old_search_by_number_finds_one_or_nobody() {
    let mut stage = logged_in(Behaviour::reference());

    let request = stage.send(CAROL, &ToServer::SearchUin(target(ALICE)));
    let heard = stage.hears(CAROL);
    assert!(heard.iter().all(|heard| heard.header.seq2 == request.seq2));
    let FromServer::UserFound(found) = heard[0].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!((found.target_uin, found.status_byte), (ALICE, Some(0)));
    let FromServer::EndOfSearch(end) = heard[1].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(end.more, Some(0));

    stage.send(CAROL, &ToServer::SearchUin(target(NOBODY)));
    assert_eq!(stage.commands(CAROL), [0x00A0]);
}

#[test]
fn an_old_search_by_words_finds_parts_of_them() {
    let mut stage = logged_in(Behaviour::reference());
    let mut search = |nick, first, last, email| {
        stage.send(
            CAROL,
            &ToServer::SearchUser(SearchUser {
                nick,
                first,
                last,
                email,
            }),
        );
        let heard = stage.hears(CAROL);
        heard
            .iter()
            .filter_map(|heard| match heard.packet() {
                FromServer::UserFound(found) => Some(found.target_uin),
                _ => None,
            })
            .collect::<Vec<Uin>>()
    };

    assert_eq!(search(b"LIC", b"", b"", b""), [ALICE]);
    assert_eq!(search(b"", b"Bob", b"Brown", b""), [BOB]);
    assert_eq!(search(b"", b"Bob", b"Anders", b""), []);
    assert_eq!(search(b"", b"", b"", b"alice@"), [ALICE]);
    assert_eq!(
        search(b"", b"", b"", b""),
        [],
        "who asks nothing finds nobody"
    );
}

#[test]
fn a_search_tells_forty_and_that_there_are_more() {
    let accounts = (0..60).map(|n| Account::new(Uin(300_000 + n), "x").named("many", "", ""));
    let mut stage = Stage::with(Setup {
        accounts: self::accounts().into_iter().chain(accounts).collect(),
        bots: false,
        ..Setup::default()
    });
    stage.log_in(CAROL);

    stage.send(
        CAROL,
        &ToServer::SearchUser(SearchUser {
            nick: b"many",
            first: b"",
            last: b"",
            email: b"",
        }),
    );
    let heard = stage.hears(CAROL);
    assert_eq!(heard.len(), 41);
    let FromServer::EndOfSearch(end) = heard[40].packet() else {
        panic!("{heard:?}");
    };
    assert_eq!(end.more, Some(1));

    let replies = ask(
        &mut stage,
        &MetaRequest::SearchName(name(b"", b"", b"many")),
    );
    assert_eq!(replies.len(), 40);
    let MetaInfo::Found(last) = &replies[39].info else {
        panic!("{replies:?}");
    };
    assert_eq!(replies[39].subcmd, 0x019A);
    assert_eq!(last.person.rest_hex, Rest(&[0, 20, 0, 0, 0]));
}

#[test]
fn a_full_profile_comes_in_seven_parts_in_the_form_of_the_request() {
    let mut stage = logged_in(Behaviour::reference());
    stage.server.set_account(full_account(ALICE));
    let parts = [0x00C8, 0x00DC, 0x010E, 0x00D2, 0x00E6, 0x00F0, 0x00FA];

    let new = ask(&mut stage, &MetaRequest::FullInfo(Person { uin: ALICE }));
    assert_eq!(subcommands(&new), parts);
    let MetaInfo::General(general) = &new[0].info else {
        panic!("{new:?}");
    };
    assert_eq!(
        (general.nick, general.email1, general.zip),
        (&b"alice"[..], &b"a@x.test"[..], &b"1000"[..])
    );
    assert_eq!((general.country, general.timezone), (371, 0xFC));
    assert_eq!(general.rest_hex, Rest(&[1, 1, 0, 0]));
    let MetaInfo::More(more) = &new[1].info else {
        panic!("{new:?}");
    };
    assert_eq!((more.birth_year, more.age, more.gender), (1970, 31, 1));
    let MetaInfo::Work(work) = &new[3].info else {
        panic!("{new:?}");
    };
    assert_eq!((work.company, work.zip), (&b"Acme"[..], &b"LV-1001"[..]));
    let MetaInfo::Interests(interests) = &new[5].info else {
        panic!("{new:?}");
    };
    assert_eq!(interests.interests, [(100, &b"painting"[..])]);

    let old = ask(&mut stage, &MetaRequest::FullInfoOld(Person { uin: ALICE }));
    assert_eq!(subcommands(&old), parts);
    let MetaInfo::GeneralOld(general) = &old[0].info else {
        panic!("{old:?}");
    };
    assert_eq!(general.zip, 1000);
    let MetaInfo::MoreOld(more) = &old[1].info else {
        panic!("{old:?}");
    };
    assert_eq!(more.birth_year, ShortYear(70));
}

#[test]
fn the_profile_of_nobody_is_a_failure_in_its_first_part() {
    let mut stage = logged_in(Behaviour::reference());

    let full = ask(&mut stage, &MetaRequest::OwnInfo(Person { uin: NOBODY }));
    let short = ask(&mut stage, &MetaRequest::ShortInfo(Person { uin: NOBODY }));

    let nothing = |subcmd| MetaReply {
        subcmd,
        result: MetaReply::FAILED,
        info: MetaInfo::Nothing,
    };
    assert_eq!(full, [nothing(0x00C8)]);
    assert_eq!(short, [nothing(0x0104)]);
}

#[test]
fn a_short_profile_tells_authorisation_and_gender() {
    let mut stage = logged_in(Behaviour::reference());
    let mut account = full_account(BOB);
    account.authorisation_required = true;
    stage.server.set_account(account);

    let replies = ask(&mut stage, &MetaRequest::ShortInfo(Person { uin: BOB }));

    let MetaInfo::Short(short) = &replies[0].info else {
        panic!("{replies:?}");
    };
    assert_eq!((short.nick, short.email), (&b"alice"[..], &b"a@x.test"[..]));
    assert_eq!(
        (short.auth_byte, short.gender_or_unknown),
        (Some(0), Some(1))
    );
}

#[test]
fn the_end_of_the_general_part_is_each_servers_own() {
    let cases: [(Behaviour, &[u8], &[u8]); 3] = [
        (Behaviour::reference(), &[0, 1, 0, 0], &[0, 1, 0, 0]),
        (
            Behaviour::open_oscar(),
            &[0, 1, 0, 0, 0, 0],
            &[0, 1, 0, 0, 0, 0],
        ),
        (
            Behaviour::iserverd(),
            &[0xFF, 0, 1, 0, 0, 0],
            &[0xFF, 1, 1, 0, 0, 0],
        ),
    ];
    for (behaviour, old_end, new_end) in cases {
        let mut stage = logged_in(behaviour);
        let mut account = full_account(BOB);
        account.authorisation_required = true;
        stage.server.set_account(account);

        let old = ask(&mut stage, &MetaRequest::FullInfoOld(Person { uin: BOB }));
        let MetaInfo::GeneralOld(general) = &old[0].info else {
            panic!("{old:?}");
        };
        assert_eq!(general.rest_hex, Rest(old_end));
        let new = ask(&mut stage, &MetaRequest::FullInfo(Person { uin: BOB }));
        let MetaInfo::General(general) = &new[0].info else {
            panic!("{new:?}");
        };
        assert_eq!(general.rest_hex, Rest(new_end));
    }
}

#[test]
fn what_somebody_says_about_themselves_is_told_to_others() {
    let mut stage = logged_in(Behaviour::reference());
    stage.log_in(ALICE);
    stage.pass(secs(3));
    stage.hears(ALICE);
    let changes = [
        (MetaRequest::SetGeneral(general(b"LV-1000")), 0x0064),
        (MetaRequest::SetWork(work(b"LV-1001")), 0x006E),
        (MetaRequest::SetMore(more(1970)), 0x0078),
        (MetaRequest::SetAbout(About { about: b"about me" }), 0x0082),
        (
            MetaRequest::SetInterests(Interests {
                interests: vec![(100, b"painting")],
            }),
            0x008C,
        ),
        (
            MetaRequest::SetAffiliations(Affiliations {
                past: vec![(300, b"school"), (0, b""), (0, b"")],
                affiliations: vec![(200, b"club"), (0, b""), (0, b"")],
            }),
            0x0096,
        ),
        (
            MetaRequest::SetSecurity(Security {
                auth_byte: 0,
                webaware: 1,
                rest_hex: Rest(&[2]),
            }),
            0x00A0,
        ),
        (
            MetaRequest::SetHomepageCategory(HomepageCategory {
                enabled: 1,
                category: 5,
                text: b"art",
                end: None,
            }),
            0x00BE,
        ),
    ];
    for (change, subcmd) in &changes {
        let request = stage.send(ALICE, &ToServer::Meta(change.clone()));
        let heard = stage.hears(ALICE);
        assert_eq!(heard.len(), 1, "{change:?}");
        assert_eq!(heard[0].header.seq2, request.seq2);
        let expected = FromServer::Meta(MetaReply {
            subcmd: *subcmd,
            result: MetaReply::OK,
            info: MetaInfo::Nothing,
        });
        assert_eq!(heard[0].packet(), expected);
    }

    let account = stage.server.account(ALICE).unwrap().clone();
    assert!(account.authorisation_required);
    assert_eq!(account.nick, b"zed");
    assert_eq!(account.home.zip, b"LV-1000");
    assert_eq!(account.work.company, b"Acme");
    assert_eq!(account.more.birth_year, 1970);
    assert_eq!(account.about, b"about me");
    assert_eq!(account.interests, [(100, b"painting".to_vec())]);
    assert_eq!(account.past[0], (300, b"school".to_vec()));
    assert_eq!(account.affiliations.len(), 3);
    assert_eq!((account.web_aware, account.direct_connections), (1, 2));
    assert_eq!(account.homepage_category.text, b"art");
}

#[test]
fn old_changes_carry_numbers_where_new_ones_carry_texts() {
    let mut stage = logged_in(Behaviour::reference());

    ask(&mut stage, &MetaRequest::SetGeneralOld(general(1000)));
    ask(&mut stage, &MetaRequest::SetWorkOld(work(0)));
    ask(&mut stage, &MetaRequest::SetMoreOld(more(ShortYear(70))));

    let account = stage.server.account(CAROL).unwrap();
    assert_eq!(account.home.zip, b"1000");
    assert_eq!(account.work.zip, b"");
    assert_eq!(account.more.birth_year, 1970);
}

#[test]
fn a_changed_password_counts_from_the_next_login_on() {
    let mut stage = logged_in(Behaviour::reference());

    let replies = ask(
        &mut stage,
        &MetaRequest::SetPassword(NewPassword {
            password: Password(b"newpass"),
        }),
    );
    assert_eq!(subcommands(&replies), [0x00AA]);

    stage.log_off(CAROL);
    stage.connect(CAROL);
    stage.send_login(CAROL, 0);
    assert_eq!(stage.commands(CAROL), [0x0064]);
    stage.send(CAROL, &login(b"newpass", 0));
    assert_eq!(stage.commands(CAROL), [0x005A]);
}

#[test]
fn meta_searches_find_by_number_name_address_and_everything() {
    let mut stage = logged_in(Behaviour::reference());
    stage.server.set_account(full_account(ALICE));
    let found = |replies: &[MetaReply<'_>]| -> Vec<(u16, Uin)> {
        replies
            .iter()
            .filter_map(|reply| match &reply.info {
                MetaInfo::Found(found) => Some((reply.subcmd, found.person.target_uin)),
                _ => None,
            })
            .collect()
    };

    for request in [
        MetaRequest::SearchUin(Person { uin: ALICE }),
        MetaRequest::SearchUinOld(Person { uin: ALICE }),
        MetaRequest::SearchEmail(SearchEmail { email: b"a@x" }),
        MetaRequest::SearchEmailOld(SearchEmail { email: b"a@x" }),
        MetaRequest::SearchName(name(b"Ali", b"", b"")),
        MetaRequest::SearchNameOld(name(b"Ali", b"", b"")),
    ] {
        let replies = ask(&mut stage, &request);
        assert_eq!(found(&replies), [(0x019A, ALICE)], "{request:?}");
    }
    let replies = ask(&mut stage, &MetaRequest::SearchName(name(b"", b"", b"a")));
    assert_eq!(
        found(&replies),
        [(0x0190, ALICE), (0x0190, CAROL), (0x019A, DAVE)]
    );

    let replies = ask(
        &mut stage,
        &MetaRequest::WhitePages(white_pages(Homepage::default())),
    );
    assert_eq!(found(&replies), [(0x01AE, ALICE)]);
    let replies = ask(&mut stage, &MetaRequest::WhitePagesOld(white_pages(())));
    assert_eq!(found(&replies), [(0x01AE, ALICE)]);
    let mut nobody = white_pages(Homepage::default());
    nobody.online_only = 1;
    let replies = ask(&mut stage, &MetaRequest::WhitePages(nobody));
    assert_eq!(found(&replies), []);
    assert_eq!((replies[0].subcmd, replies[0].result), (0x01AE, 0x32));
}

#[test]
fn a_found_person_of_the_new_form_stands_behind_its_length() {
    let mut stage = logged_in(Behaviour::reference());
    let request = MetaRequest::SearchUin(Person { uin: BOB });
    stage.send(CAROL, &ToServer::Meta(request));

    let heard = stage.hears(CAROL);

    // Number, result; length; UIN, four texts, two flags, a zero; nobody left.
    let entry = 4 + (2 + 4) + (2 + 4) + (2 + 6) + (2 + 1) + 2 + 1;
    let body = &heard[0].body;
    assert_eq!(body.len(), 3 + 2 + entry + 4);
    assert_eq!(usize::from(u16::from_le_bytes([body[3], body[4]])), entry);
    assert_eq!(body[body.len() - 4..], [0; 4]);
}

#[test]
fn a_search_that_finds_nobody_says_so_in_one_packet() {
    let mut stage = logged_in(Behaviour::reference());

    stage.send(
        CAROL,
        &ToServer::Meta(MetaRequest::SearchUinOld(Person { uin: NOBODY })),
    );
    let old = stage.hears(CAROL);
    stage.send(
        CAROL,
        &ToServer::Meta(MetaRequest::SearchUin(Person { uin: NOBODY })),
    );
    let new = stage.hears(CAROL);

    assert_eq!(old[0].body, [0x9A, 0x01, 0x32, 0, 0, 0, 0]);
    assert_eq!(new[0].body, [0x9A, 0x01, 0x32]);
}

#[test]
fn a_number_is_given_back_with_its_password_only() {
    let mut stage = logged_in(Behaviour::reference());
    let wrong = MetaRequest::Unregister(Unregister {
        uin: CAROL,
        password: Password(b"wrong"),
    });
    let foreign = MetaRequest::Unregister(Unregister {
        uin: ALICE,
        password: Password(b"pass0001"),
    });
    for request in [wrong, foreign] {
        let replies = ask(&mut stage, &request);
        assert_eq!((replies[0].subcmd, replies[0].result), (0x00B4, 0x32));
    }

    let replies = ask(
        &mut stage,
        &MetaRequest::Unregister(Unregister {
            uin: CAROL,
            password: Password(b"pass0003"),
        }),
    );

    assert_eq!((replies[0].subcmd, replies[0].result), (0x00B4, 0x0A));
    assert!(!stage.is_online(CAROL));
    assert!(stage.server.account(CAROL).is_none());
    assert!(stage.server.account(ALICE).is_some());
}

#[test]
fn what_meta_does_not_know_is_acknowledged_only() {
    let mut stage = logged_in(Behaviour::reference());

    stage.send(CAROL, &ToServer::Meta(MetaRequest::Usage));
    stage.send(
        CAROL,
        &ToServer::Meta(MetaRequest::Unknown {
            command: 0x0999,
            body: b"?",
        }),
    );
    assert_eq!(stage.all_commands(CAROL), [0x000A, 0x000A]);

    stage.send(CAROL, &ToServer::Meta(MetaRequest::Login));
    let heard = stage.hears(CAROL);
    assert_eq!(heard[0].header.command, 0x001E);
    assert_eq!(heard[0].body, [0xD0, 0x07, 0, 0, 0x46, 0]);
}

#[test]
fn the_old_changes_are_done_and_answered_or_just_acknowledged() {
    let basic = UpdateBasic {
        nick: b"zed",
        first: b"Zed",
        last: b"Zett",
        email: b"z@x.test",
        auth_byte: Some(0),
    };
    let extended = UpdateExtended {
        city: b"Riga",
        country: 371,
        timezone: 0xFC,
        state: b"",
        age: 31,
        gender: 2,
        phone: b"+371 1",
        homepage: b"http://x.test/",
        about: b"about me",
        zip: Some(1000),
    };
    let packets = [
        (ToServer::UpdateBasic(basic.clone()), 0x01E0),
        (ToServer::UpdateBasicOld(basic), 0x00B4),
        (ToServer::UpdateExtended(extended), 0x00C8),
        (
            ToServer::SetAuthorisation(SetAuthorisation {
                x: 0x1124,
                auth_byte: 1,
            }),
            0x01FE,
        ),
        (
            ToServer::ChangePassword(ChangePassword {
                x: None,
                password: Password(b"newpass"),
            }),
            0x0140,
        ),
    ];

    let mut stage = logged_in(Behaviour::reference());
    for (packet, answer) in &packets {
        stage.send(CAROL, packet);
        assert_eq!(stage.commands(CAROL), [*answer]);
    }
    let account = stage.server.account(CAROL).unwrap();
    assert_eq!(
        (&account.nick[..], &account.home.city[..]),
        (&b"zed"[..], &b"Riga"[..])
    );
    assert!(!account.authorisation_required);
    assert_eq!(account.password.reveal(), "newpass");

    let mut stage = logged_in(Behaviour::iserverd());
    for (packet, _) in &packets {
        stage.send(CAROL, packet);
        assert_eq!(stage.all_commands(CAROL), [0x000A]);
    }
    assert_eq!(stage.server.account(CAROL).unwrap().nick, b"carol");
}

/// Carol is logged in and heard everything that came of it.
fn logged_in(behaviour: Behaviour) -> Stage {
    let mut stage = Stage::new(behaviour);
    stage.log_in(CAROL);
    stage.pass(secs(3));
    stage.hears(CAROL);
    stage
}

/// Asks as Carol. The replies live as long as the program: tests are short.
fn ask(stage: &mut Stage, request: &MetaRequest<'_>) -> Vec<MetaReply<'static>> {
    let form = MetaForm::of(request.command());
    let header = stage.send(CAROL, &ToServer::Meta(request.clone()));
    let heard: &'static [Heard] = stage.hears(CAROL).leak();
    heard
        .iter()
        .map(|heard| {
            assert_eq!(heard.header.seq2, header.seq2);
            let FromServer::Meta(reply) = heard.packet_as(form) else {
                panic!("{heard:?}");
            };
            reply
        })
        .collect()
}

fn subcommands(replies: &[MetaReply<'_>]) -> Vec<u16> {
    replies.iter().map(|reply| reply.subcmd).collect()
}

fn name<'a>(first: &'a [u8], last: &'a [u8], nick: &'a [u8]) -> SearchName<'a> {
    SearchName { first, last, nick }
}

fn full_account(uin: Uin) -> Account {
    let mut account = Account::new(uin, password(uin))
        .named("alice", "Alice", "Anders")
        .with_email("a@x.test");
    account.web_aware = 1;
    account.publish_email = 1;
    account.home.city = b"Riga".to_vec();
    account.home.zip = b"1000".to_vec();
    account.home.country = 371;
    account.home.timezone = 0xFC;
    account.work.company = b"Acme".to_vec();
    account.work.zip = b"LV-1001".to_vec();
    account.more.age = 31;
    account.more.gender = 1;
    account.more.birth_year = 1970;
    account.more.languages = [12, 17, 0];
    account.about = b"about me".to_vec();
    account.interests = vec![(100, b"painting".to_vec())];
    account
}

fn general<Zip>(zip: Zip) -> General<'static, Zip> {
    General {
        nick: b"zed",
        first: b"Zed",
        last: b"Zett",
        email1: b"z@x.test",
        email2: b"",
        email3: b"",
        city: b"Riga",
        state: b"",
        phone: b"+371 1",
        fax: b"",
        street: b"Main 1",
        cellular: b"",
        zip,
        country: 371,
        timezone: 0xFC,
        rest_hex: Rest(&[1, 1, 0]),
    }
}

fn work<Zip>(zip: Zip) -> Work<'static, Zip> {
    Work {
        city: b"Riga",
        state: b"",
        phone: b"",
        fax: b"",
        street: b"Main 1",
        zip,
        country: 371,
        company: b"Acme",
        department: b"Dev",
        position: b"Boss",
        occupation: 4,
        homepage: b"http://w.example/",
    }
}

fn more<Year>(birth_year: Year) -> More<'static, Year> {
    More {
        age: 31,
        gender: 2,
        homepage: b"http://h.example/",
        birth_year,
        birth_month: 2,
        birth_day: 3,
        lang1: 12,
        lang2: 0,
        lang3: 0,
    }
}

fn white_pages<H>(homepage: H) -> WhitePages<'static, H> {
    WhitePages {
        first: b"",
        last: b"",
        nick: b"",
        email: b"",
        min_age: 30,
        max_age: 40,
        gender: 1,
        language: 17,
        city: b"riga",
        state: b"",
        country: 371,
        company: b"acme",
        department: b"",
        position: b"",
        occupation: 0,
        past_code: 0,
        past_key: b"",
        interest_code: 100,
        interest_key: b"paint",
        affil_code: 0,
        affil_key: b"",
        homepage,
        online_only: 0,
    }
}
