//! Who fits (icq-udp.md §8.1, §8.4, §8.5, §9).

use icq_transport::icq::udp::from_server::EndOfSearch;
use icq_transport::icq::udp::groupware::{Search as GroupwareSearch, Wanted};
use icq_transport::icq::udp::to_server::{SearchUser, Target};
use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::Rest;
use icq_transport::icq::wire::meta::{
    Found as MetaFound, FoundPerson, MetaInfo, MetaReply, MetaRequest, NobodyFound, Person,
};
use icq_transport::model::{Answer, Found, Question, Search, Uin};

use super::super::scene::*;
use super::*;

fn person(uin: Uin, online: Option<bool>) -> Found {
    Found {
        uin,
        profile: ben(),
        online,
    }
}

#[test]
fn whom_an_old_search_finds_is_told_at_its_end() {
    for version in OLD {
        for (end, more) in [(END, false), (MORE, true)] {
            let (mut scene, request) = asking(version, by_names());
            assert_eq!(
                request.packet(),
                ToServer::SearchUser(SearchUser {
                    nick: b"Ben",
                    first: b"Benvolio",
                    last: b"",
                    email: b"",
                })
            );
            scene.acknowledges(&request);
            scene.answers(&request, &user_found(BEN, b"Benvolio", None));
            scene.answers(&request, &user_found(TYBALT, b"Benvolio", None));
            assert_eq!(scene.take_events(), []);
            scene.answers(&request, &end);

            let people = vec![person(BEN, None), person(TYBALT, None)];
            assert_eq!(found(&mut scene), (people, more), "{version:?}");
        }
    }
}

#[test]
fn number_and_address_are_searched_in_every_version() {
    let number = || Question::Search(Search::Number(BEN));
    let email = || Question::Search(Search::Email("ben@example.org".into()));
    let address = || &b"ben@example.org"[..];
    for version in Version::ALL {
        let (_, by_number) = asking(version, number());
        let (_, by_email) = asking(version, email());
        match version {
            Version::V5 => {
                let person = Person { uin: BEN };
                assert_eq!(
                    by_number.packet(),
                    ToServer::Meta(MetaRequest::SearchUin(person))
                );
                assert!(matches!(
                    by_email.packet(),
                    ToServer::Meta(MetaRequest::SearchEmail(search)) if search.email == address()
                ));
            }
            Version::V3 => {
                for (request, kind, text) in [
                    (by_number, GroupwareSearch::UIN, &b"1001"[..]),
                    (by_email, GroupwareSearch::EMAIL, address()),
                ] {
                    assert_eq!(
                        request.packet(),
                        ToServer::Search(GroupwareSearch {
                            x_ff: 0xFF,
                            kind,
                            x: 0,
                            comparison: GroupwareSearch::IS,
                            wanted: Wanted::Text(text),
                        })
                    );
                }
            }
            Version::V1 | Version::V2 | Version::V4 => {
                let target = Target { target_uin: BEN };
                assert_eq!(by_number.packet(), ToServer::SearchUin(target));
                assert!(matches!(
                    by_email.packet(),
                    ToServer::SearchUser(search)
                        if search.email == address() && search.nick.is_empty()
                ));
            }
        }
    }
}

#[test]
fn groupware_searches_one_name_and_the_others_are_looked_for_among_those_found() {
    let (mut scene, request) = asking(Version::V3, by_names());
    let ToServer::Search(search) = request.packet() else {
        panic!("not a search");
    };
    assert_eq!(search.kind, GroupwareSearch::NICK);
    assert_eq!(search.wanted, Wanted::Text(b"Ben"));
    scene.answers(&request, &user_found(TYBALT, b"Tybalt", None));
    scene.answers(&request, &user_found(BEN, b"Benvolio", None));
    scene.answers(
        &request,
        &FromServer::EndOfSearch(EndOfSearch { more: None }),
    );

    assert_eq!(found(&mut scene), (vec![person(BEN, None)], false));
}

fn meta_found(subcmd: u16, uin: Uin, rest: &'static [u8]) -> FromServer<'static> {
    let names = 4 + 6 + 11 + 11 + 18;
    meta(
        subcmd,
        MetaInfo::Found(MetaFound {
            entry_length: Some(names + 3),
            person: FoundPerson {
                target_uin: uin,
                nick: b"Ben",
                first: b"Benvolio",
                last: b"Montague",
                email: b"ben@example.org",
                auth_byte: Some(0),
                webaware: Some(0x43),
                rest_hex: Rest(rest),
            },
        }),
    )
}

#[test]
fn whom_a_search_by_meta_finds_is_told_with_the_last_of_them() {
    for (question, each, last) in [
        (by_names(), 0x0190, 0x019A),
        (white_pages(), 0x01A4, 0x01AE),
    ] {
        for (rest, more) in [(b"\0\0\0\0\0", false), (b"\0\x05\0\0\0", true)] {
            let (mut scene, request) = asking(Version::V5, question.clone());
            scene.acknowledges(&request);
            scene.answers(&request, &meta_found(each, BEN, b"\0"));
            assert_eq!(scene.take_events(), []);
            scene.answers(&request, &meta_found(last, TYBALT, rest));

            let people = vec![person(BEN, None), person(TYBALT, None)];
            assert_eq!(found(&mut scene), (people, more));
        }
    }
}

#[test]
fn a_search_that_finds_nobody_is_answered() {
    for result in [MetaReply::FAILED, MetaReply::NOT_FOUND] {
        let (mut scene, request) = asking(Version::V5, by_names());
        let nobody = FromServer::Meta(MetaReply {
            subcmd: 0x019A,
            result,
            info: MetaInfo::NobodyFound(NobodyFound { users_left: None }),
        });
        scene.answers(&request, &nobody);
        assert_eq!(found(&mut scene), (vec![], false));
    }
    for version in OLD {
        let (mut scene, request) = asking(version, by_names());
        scene.answers(&request, &END);
        assert_eq!(found(&mut scene), (vec![], false));
    }
}

#[test]
fn a_search_that_never_ends_is_answered_with_whom_it_found() {
    let (mut scene, request) = asking(Version::V4, by_names());
    scene.acknowledges(&request);
    for _ in 0..200 {
        scene.answers(&request, &user_found(BEN, b"Benvolio", None));
    }
    scene.waits_secs(15);

    let (people, more) = found(&mut scene);
    assert_eq!((people.len(), more), (Answer::MOST_FOUND, true));
}
