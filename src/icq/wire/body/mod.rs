//! Message bodies: a type and a text, whose parts stand between separators (`icq-udp.md` §7.3).

mod read;
mod write;

pub use read::{announcement, decode, sender};
pub use write::{Body, encode};

/// One message to many (bit 15 of the type).
const MASS: u16 = 0x8000;

const TEXT: u16 = 0x01;
const URL: u16 = 0x04;
const AUTHORISATION_REQUEST: u16 = 0x06;
const AUTHORISATION_DENIED: u16 = 0x07;
const AUTHORISATION_GRANTED: u16 = 0x08;
const SERVER: u16 = 0x09;
const ADDED: u16 = 0x0C;
const WEB_PAGER: u16 = 0x0D;
const EMAIL_EXPRESS: u16 = 0x0E;
const CONTACTS: u16 = 0x13;
const PLUGIN: u16 = 0x1A;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::icq::wire::text::{Charset, MESSAGE_LIMIT, SEPARATOR};
    use crate::model::{Introduction, Message, Uin};

    const RUSSIAN: Charset = Charset::WINDOWS_1251;

    #[test]
    fn the_high_byte_and_the_mass_flag_do_not_change_the_kind() {
        for msg_type in [0x0001, 0x8001, 0x0101, 0xFF01] {
            assert_eq!(
                decode(msg_type, b"hi", RUSSIAN),
                Message::Text("hi".into()),
                "{msg_type:#x}"
            );
        }
    }

    #[test]
    fn an_announcement_has_its_parts_on_lines() {
        for (body, text) in [
            (&b"Down at noon"[..], "Down at noon"),
            (b"News\xfehttp://example.org/", "News\nhttp://example.org/"),
            (b"", ""),
        ] {
            let expected = Message::Server(text.into());
            assert_eq!(announcement(body, RUSSIAN), expected);
        }
    }

    #[test]
    fn the_separator_is_a_letter_in_plain_text() {
        let love = RUSSIAN.encode("люблю").bytes;
        assert_eq!(decode(1, &love, RUSSIAN), Message::Text("люблю".into()));
    }

    #[test]
    fn a_url_is_found_on_either_side_and_alone() {
        let url = |description: &str, url: &str| Message::Url {
            description: description.into(),
            url: url.into(),
        };
        for (body, expected) in [
            (
                &b"A site\xfehttp://example.org/"[..],
                url("A site", "http://example.org/"),
            ),
            (
                b"http://example.org/\xfeA site",
                url("A site", "http://example.org/"),
            ),
            (
                b"WWW.example.org\xfeA site",
                url("A site", "WWW.example.org"),
            ),
            (b"ftp://a\xfehttp://b", url("ftp://a", "http://b")),
            (b"http://example.org/", url("", "http://example.org/")),
            (b"\xfehttp://example.org/", url("", "http://example.org/")),
            (b"http://example.org/\xfe", url("", "http://example.org/")),
            (b"just words", url("just words", "")),
            (b"words\xfeexample.org", url("words", "example.org")),
            (b"\xebfe\xfehttp://b", url("лfe", "http://b")),
            (b"\xeb\xfe\xe1\xfehttp://b", url("люб", "http://b")),
            (b"", url("", "")),
            (b"\xfe", url("", "")),
        ] {
            assert_eq!(
                decode(4, body, RUSSIAN),
                expected,
                "{}",
                body.escape_ascii()
            );
        }
    }

    #[test]
    fn an_authorisation_request_may_lack_its_flag() {
        let ann = Introduction {
            nick: "Ann".into(),
            first: "Ann".into(),
            last: "Other".into(),
            email: "ann@example.org".into(),
        };
        for (body, reason) in [
            (
                &b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfe1\xfePlease"[..],
                "Please",
            ),
            (
                b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfePlease",
                "Please",
            ),
            (b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfe1\xfe", ""),
            (b"Ann\xfeAnn\xfeOther\xfeann@example.org", ""),
            (
                b"Ann\xfeAnn\xfeOther\xfeann@example.org\xfe0\xfe\xeb\xfe",
                "лю",
            ),
        ] {
            assert_eq!(
                decode(6, body, RUSSIAN),
                Message::AuthorisationRequest {
                    from: ann.clone(),
                    reason: reason.into()
                },
                "{}",
                body.escape_ascii()
            );
        }
        assert_eq!(
            decode(6, b"let me in", RUSSIAN),
            Message::AuthorisationRequest {
                from: Introduction::default(),
                reason: "let me in".into()
            }
        );
    }

    #[test]
    fn an_added_notice_may_have_any_number_of_parts() {
        for (body, email) in [
            (&b"zed\xfeZed\xfeZ\xfez@example.net"[..], "z@example.net"),
            (
                b"zed\xfeZed\xfeZ\xfez@example.net\xfe0\xfe",
                "z@example.net",
            ),
            (b"zed\xfeZed\xfeZ", ""),
        ] {
            let Message::Added(from) = decode(0x0C, body, RUSSIAN) else {
                panic!("{}", body.escape_ascii());
            };
            assert_eq!((from.nick.as_str(), from.email.as_str()), ("zed", email));
        }
    }

    #[test]
    fn contacts_are_read_whatever_the_count_says() {
        let two = vec![
            (Uin(7_397_853), "Flunki".to_owned()),
            (Uin(7_357_219), "Uhu".to_owned()),
        ];
        for body in [
            &b"2\xfe7397853\xfeFlunki\xfe7357219\xfeUhu\xfe"[..],
            b"2\xfe7397853\xfeFlunki\xfe7357219\xfeUhu",
            b"9\xfe7397853\xfeFlunki\xfe7357219\xfeUhu\xfe",
            b"\xfe7397853\xfeFlunki\xfe7357219\xfeUhu\xfe",
        ] {
            assert_eq!(decode(0x13, body, RUSSIAN), Message::Contacts(two.clone()));
        }
        assert_eq!(
            decode(
                0x13,
                b"2\xfe12345\xfe\xc8\xfe\xeb\xfe777\xfe42\xfe",
                RUSSIAN
            ),
            Message::Contacts(vec![(Uin(12345), "Июл".into()), (Uin(777), "42".into())])
        );
        assert_eq!(decode(0x13, b"", RUSSIAN), Message::Contacts(Vec::new()));
        assert_eq!(
            decode(0x13, b"1\xfenobody", RUSSIAN),
            Message::Contacts(Vec::new())
        );
    }

    #[test]
    fn a_web_pager_message_is_taken_apart() {
        assert_eq!(
            decode(
                0x0D,
                b"Joe\xfe\xfe\xfejoe@example.org\xfe3\xfehello\xfe!",
                RUSSIAN
            ),
            Message::WebPager {
                name: "Joe".into(),
                email: "joe@example.org".into(),
                text: "helloю!".into()
            }
        );
        assert_eq!(
            decode(0x0E, b"hello", RUSSIAN),
            Message::EmailExpress {
                name: String::new(),
                email: String::new(),
                text: "hello".into()
            }
        );
    }

    #[test]
    fn an_unknown_kind_shows_its_text_line_by_line() {
        assert_eq!(
            decode(0x03, b"photo.jpg\xfe1234", RUSSIAN),
            Message::Other {
                kind: 3,
                text: "photo.jpg\n1234".into()
            }
        );
        assert_eq!(
            decode(0x1A, b"\x01\x02", RUSSIAN),
            Message::Other {
                kind: 0x1A,
                text: String::new()
            }
        );
    }

    #[test]
    fn a_sender_is_swapped_back_only_with_noise_in_the_type() {
        assert_eq!(sender(Uin(0x3930_0000), 0x0401), Uin(12_345));
        assert_eq!(sender(Uin(0x3930_0000), 0x0001), Uin(0x3930_0000));
        assert_eq!(sender(Uin(0x3930_0000), 0x8001), Uin(0x3930_0000));
        assert_eq!(sender(Uin(12_345), 0x0401), Uin(12_345));
    }

    #[test]
    fn a_granted_request_is_an_empty_body() {
        let bodies = encode(&Message::AuthorisationGranted, RUSSIAN);
        assert_eq!(
            bodies,
            [Body {
                msg_type: 8,
                text: Vec::new(),
                replaced: 0
            }]
        );
        assert_eq!(decode(8, b"\x03", RUSSIAN), Message::AuthorisationGranted);
    }

    #[test]
    fn a_long_text_becomes_several_messages() {
        let text = "слово ".repeat(200);
        let bodies = encode(&Message::Text(text.clone()), RUSSIAN);
        assert_eq!(bodies.len(), 3);
        assert!(bodies.iter().all(|body| body.text.len() <= 450));
        let joined: Vec<u8> = bodies.into_iter().flat_map(|body| body.text).collect();
        assert_eq!(RUSSIAN.decode(&joined), text);
    }

    #[test]
    fn an_address_is_never_cut() {
        let url = format!("http://example.org/{}", "a".repeat(425));
        let message = Message::Url {
            description: "long words".into(),
            url: url.clone(),
        };
        let [body] = encode(&message, RUSSIAN).try_into().unwrap();
        assert_eq!(
            decode(body.msg_type, &body.text, RUSSIAN),
            Message::Url {
                description: "long ".into(),
                url
            }
        );

        let message = Message::Url {
            description: String::new(),
            url: "a".repeat(460),
        };
        let bodies = encode(&message, RUSSIAN);
        assert!(
            bodies
                .iter()
                .all(|body| body.msg_type == 1 && body.text.len() <= 450)
        );
    }

    #[test]
    fn many_contacts_become_several_messages() {
        let contacts: Vec<(Uin, String)> = (0..60)
            .map(|n| (Uin(100_000_000 + n), format!("contact {n}")))
            .collect();
        let bodies = encode(&Message::Contacts(contacts.clone()), RUSSIAN);
        assert!(bodies.len() > 1 && bodies.iter().all(|body| body.text.len() <= 450));
        let read: Vec<(Uin, String)> = bodies
            .iter()
            .flat_map(|body| match decode(body.msg_type, &body.text, RUSSIAN) {
                Message::Contacts(contacts) => contacts,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(read, contacts);
    }

    fn messages() -> impl Strategy<Value = Message> {
        let text = || "[a-z юя\n]{0,80}";
        let introduction = || {
            (
                "[a-zю]{0,40}",
                "[a-z]{0,40}",
                "[a-z]{0,40}",
                "[a-z@.]{0,40}",
            )
                .prop_map(|(nick, first, last, email)| Introduction {
                    nick,
                    first,
                    last,
                    email,
                })
        };
        prop_oneof![
            text().prop_map(Message::Text),
            text().prop_map(Message::Server),
            (text(), "http://[a-z]{1,20}")
                .prop_map(|(description, url)| Message::Url { description, url }),
            (introduction(), text())
                .prop_map(|(from, reason)| Message::AuthorisationRequest { from, reason }),
            text().prop_map(|reason| Message::AuthorisationDenied { reason }),
            Just(Message::AuthorisationGranted),
            introduction().prop_map(Message::Added),
            ("[a-z]{1,20}", "[a-z]@[a-z]{1,20}", text())
                .prop_map(|(name, email, text)| Message::WebPager { name, email, text }),
            proptest::collection::vec((1_u32.., "[a-zю]{1,30}"), 0..8).prop_map(|contacts| {
                Message::Contacts(
                    contacts
                        .into_iter()
                        .map(|(uin, nick)| (Uin(uin), nick))
                        .collect(),
                )
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(message in messages()) {
            let bodies = encode(&message, RUSSIAN);
            prop_assume!(bodies.len() == 1);
            let read = decode(bodies[0].msg_type, &bodies[0].text, RUSSIAN);
            // The letter that is the separator changes its case inside parts.
            prop_assert_eq!(format!("{read:?}").to_lowercase(), format!("{message:?}").to_lowercase());
        }

        #[test]
        fn any_body_is_read(
            kind in 0_u16..0x20,
            noise in prop_oneof![Just(0), Just(MASS), any::<u16>()],
            text in proptest::collection::vec(
                prop_oneof![Just(SEPARATOR), b'0'..=b'9', Just(b'/'), Just(b':'), any::<u8>()],
                0..60,
            ),
        ) {
            for message in [decode(kind, &text, RUSSIAN), decode(kind | noise, &text, RUSSIAN)] {
                for body in encode(&message, RUSSIAN) {
                    prop_assert!(body.text.len() <= MESSAGE_LIMIT && !body.text.contains(&0));
                }
            }
        }
    }
}
