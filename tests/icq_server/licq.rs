//! Packets that licq and a groupware client wrote, as they left them, in the order of a session. They
//! come from the test vectors; the server never saw the code that made them.

use std::path::Path;
use std::{env, fs};

use icq_transport::icq::udp::{FromServer, Version};
use icq_transport::icq::wire::meta::MetaForm;
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour, Setup};
use serde_json::Value;

use crate::stage::*;

const LICQ: Uin = Uin(2_127_503);
/// Whom licq writes to.
const FRIEND: Uin = Uin(12_345);
/// Whom it authorises.
const ASKER: Uin = Uin(54_321);
const GROUPWARE: Uin = Uin(6_218_895);

#[test]
fn licq_has_a_v2_session() {
    play(
        Version::V2,
        LICQ,
        &[
            ("licq-login", &[0x000A, 0x005A]),
            ("licq-contact-list", &[0x000A, 0x006E, 0x021C]),
            ("licq-contact-list-one", &[0x000A, 0x021C]),
            ("licq-visible-list", &[0x000A]),
            ("licq-invisible-list", &[0x000A]),
            ("licq-sysmsg-req", &[0x000A, 0x00E6]),
            ("licq-sysmsg-done-ack", &[0x000A]),
            ("licq-keepalive", &[0x000A]),
            ("licq-set-status-away", &[0x000A]),
            ("licq-msg-text", &[0x000A]),
            ("licq-msg-text-crlf", &[0x000A]),
            ("licq-msg-url", &[0x000A]),
            ("licq-msg-auth-grant", &[0x000A]),
            ("licq-msg-auth-deny", &[0x000A]),
            ("licq-msg-you-were-added", &[0x000A]),
            ("licq-msg-contacts", &[0x000A]),
            ("licq-msg-mass-text", &[0x000A]),
            ("licq-add-user", &[0x000A, 0x006E]),
            ("licq-info-req", &[0x000A, 0x0118]),
            ("licq-ext-info-req", &[0x000A, 0x0122]),
            ("licq-search-uin", &[0x000A, 0x008C, 0x00A0]),
            ("licq-update-basic", &[0x000A, 0x00B4]),
            ("licq-update-ext", &[0x000A, 0x00C8]),
            ("licq-logoff", &[0x000A]),
        ],
    );
}

#[test]
fn licq_has_a_v4_session() {
    play(
        Version::V4,
        LICQ,
        &[
            ("licq-login", &[0x000A, 0x005A]),
            ("licq-contact-list", &[0x000A, 0x006E, 0x021C]),
            ("licq-contact-list-one", &[0x000A, 0x021C]),
            ("licq-visible-list", &[0x000A]),
            ("licq-invisible-list", &[0x000A]),
            ("licq-sysmsg-req", &[0x000A, 0x00E6]),
            ("licq-sysmsg-done-ack", &[0x000A]),
            ("licq-keepalive", &[0x000A]),
            ("licq-set-status-away", &[0x000A]),
            ("licq-msg-text", &[0x000A]),
            ("licq-msg-text-crlf", &[0x000A]),
            ("licq-msg-url", &[0x000A]),
            ("licq-msg-auth-request", &[0x000A]),
            ("licq-msg-auth-grant", &[0x000A]),
            ("licq-msg-auth-deny", &[0x000A]),
            ("licq-msg-you-were-added", &[0x000A]),
            ("licq-msg-mass-text", &[0x000A]),
            ("licq-add-user", &[0x000A, 0x006E]),
            ("licq-info-req", &[0x000A, 0x0118]),
            ("licq-ext-info-req", &[0x000A, 0x0122]),
            ("licq-search-uin", &[0x000A, 0x008C, 0x00A0]),
            ("licq-search-user", &[0x000A, 0x008C, 0x00A0]),
            ("licq-update-basic", &[0x000A, 0x01E0]),
        ],
    );
}

#[test]
fn a_groupware_client_has_a_session() {
    play(
        Version::V3,
        GROUPWARE,
        &[
            ("cap-03f2", &[0x000A, 0x0032]),
            ("cap-03e8", &[0x000A, 0x005A]),
            ("cap-0406", &[0x000A, 0x021C]),
            ("cap-04c4", &[0x000A]),
            ("cap-05f0", &[0x000A, 0x0082]),
            ("cap-042e", &[0x000A]),
            ("cap-0460", &[0x000A, 0x02EE]),
            ("cap-053c", &[0x000A]),
            ("cap-0514", &[0x000A, 0x01F4]),
            ("cap-05be", &[0x000A, 0x0258]),
            ("cap-04d8", &[0x000A]),
            ("cap-010e", &[0x000A]),
            ("cap-0438", &[0x000A]),
        ],
    );
}

#[test]
fn what_licq_said_has_effect() {
    for version in [Version::V2, Version::V4] {
        let Some(mut stage) = stage(version) else {
            return;
        };
        let address = stage.connect_in(version, LICQ).address;
        let say = |stage: &mut Stage, name: &str| {
            let packet = vector(version, name).expect("the vectors are there");
            stage.send_datagram(address, &packet);
        };
        say(&mut stage, "licq-login");
        say(&mut stage, "licq-set-status-away");
        assert_eq!(stage.commands(FRIEND), [0x006E, 0x01A4], "{version:?}");
        for name in ["licq-msg-text", "licq-msg-text-crlf", "licq-msg-url"] {
            say(&mut stage, name);
        }
        assert_eq!(
            stage.texts(FRIEND),
            [
                (LICQ, 1, b"Hello world".to_vec()),
                (LICQ, 1, b"line one\r\nline two".to_vec()),
                (LICQ, 4, b"A site\xFEhttp://example.org/".to_vec()),
            ]
        );
        say(&mut stage, "licq-update-basic");
        let account = stage.server.account(LICQ).expect("it has an account");
        assert_eq!(
            (&account.nick[..], &account.last[..]),
            (&b"Ann"[..], &b"Other"[..])
        );
        assert!(account.authorisation_required);
    }
}

#[test]
fn licq_registers_a_number() {
    for version in [Version::V2, Version::V4] {
        let Some(mut stage) = stage(version) else {
            return;
        };
        // V4's bears a number although it has none: that of licq's configuration.
        let asks_as = match version {
            Version::V2 => Uin(0),
            _ => LICQ,
        };
        let address = stage.connect_in(version, asks_as).address;
        let packet = vector(version, "licq-register").expect("the vectors are there");

        stage.send_datagram(address, &packet);

        let heard = stage.hears(asks_as);
        assert_eq!(heard[0].header.command, 0x0046, "{version:?}");
        let uin = heard[0].header.uin;
        let account = stage.server.account(uin).expect("the number is given");
        assert_eq!(account.password.reveal(), "efg");
    }
}

/// Plays packets one after the other, and compares what is answered to each.
fn play(version: Version, uin: Uin, session: &[(&str, &[u16])]) {
    let Some(mut stage) = stage(version) else {
        return;
    };
    let address = stage.connect_in(version, uin).address;
    for (name, expected) in session {
        let packet = vector(version, name).expect("the vectors are there");
        stage.send_datagram(address, &packet);

        let heard = stage.client(uin).take_inbox();
        let commands: Vec<u16> = heard.iter().map(|heard| heard.header.command).collect();
        assert_eq!(commands, *expected, "{version:?} {name}");
        for heard in &heard {
            let (command, body) = (heard.header.command, &heard.body);
            let decoded = FromServer::decode(version, command, body, MetaForm::Unknown);
            assert!(decoded.is_ok(), "{version:?} {name}: {decoded:?}");
        }
    }
    assert_eq!(stage.server.counters().repeated, 0, "{version:?}");
    assert_eq!(stage.server.counters().unknown, 0, "{version:?}");
    assert_eq!(stage.server.counters().undecodable, 0, "{version:?}");
}

/// A server with the people of the vectors, one of them there; none if the vectors are elsewhere.
fn stage(version: Version) -> Option<Stage> {
    vector(
        version,
        match version {
            Version::V3 => "cap-03e8",
            _ => "licq-login",
        },
    )?;
    let friend = Account::new(FRIEND, password(FRIEND)).named("Apotheosis", "Graham", "Roff");
    let mut stage = Stage::with(Setup {
        accounts: vec![
            Account::new(LICQ, "[cePabC"),
            Account::new(GROUPWARE, "..."),
            Account::new(ASKER, ""),
            friend,
        ],
        behaviour: Behaviour::reference(),
        bots: false,
        ..Setup::default()
    });
    stage.log_in_as(Version::V5, FRIEND, 0, &[LICQ]);
    Some(stage)
}

/// The datagram of a client's vector.
fn vector(version: Version, name: &str) -> Option<Vec<u8>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let folder = env::var_os("ICQ_TEST_DATA").map_or(own, Into::into);
    let text = fs::read_to_string(folder.join("vectors/icq-udp.json")).ok()?;
    let json: Value = serde_json::from_str(&text).expect("vectors are JSON");
    let id = format!("v{}-c2s-{name}", version.word());
    let vectors = json.as_array().expect("an array of vectors");
    let vector = vectors.iter().find(|vector| vector["id"] == id.as_str())?;
    Some(bytes(vector["wire_hex"].as_str()?))
}
