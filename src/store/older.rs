//! Records as older versions of this program wrote them, and what becomes of them.
//!
//! A struct in here is frozen: it says what bytes that are on disk mean. Each upgrade is tried with such
//! bytes below.

use serde::{Deserialize, Serialize};

use super::encoding::Unreadable;
use super::{LoginRecord, Mode, Registration, SessionTrace};
use crate::model::{Secret, Uin, UnixTime};

/// A registration of an older layout.
pub(super) fn registration(version: u8, body: &[u8]) -> Result<Registration, Unreadable> {
    let old: RegistrationV1 = read(version, body)?;
    Ok(Registration {
        uin: old.uin,
        password: Secret::new(old.password),
        mode: old.mode,
        charset: old.charset,
        import_contacts: old.import_contacts,
        registered: old.registered,
        network: ONLY_NETWORK.to_owned(),
        version: None,
    })
}

/// A login record of an older layout.
pub(super) fn login(version: u8, body: &[u8]) -> Result<LoginRecord, Unreadable> {
    let old: LoginRecordV1 = read(version, body)?;
    let session = |session: SessionTraceV1| SessionTrace {
        session_id: session.session_id,
        local_port: session.local_port,
        version: ONLY_VERSION,
    };
    Ok(LoginRecord {
        paused: old.paused,
        summoned: old.summoned,
        suspended: old.suspended,
        barred: old.barred,
        sessions: old.sessions.into_iter().map(session).collect(),
        welcomed: old.welcomed,
        asked_for_presence: old.asked_for_presence,
        notices: old.notices,
        version: Some(ONLY_VERSION),
        strays: Vec::new(),
    })
}

/// When there was one network only, it was the one of the section `icq`.
const ONLY_NETWORK: &str = "icq";

/// When there was one version only, it was V5.
const ONLY_VERSION: u16 = 5;

#[derive(Serialize, Deserialize)]
struct RegistrationV1 {
    uin: Uin,
    password: String,
    mode: Mode,
    charset: String,
    import_contacts: bool,
    registered: UnixTime,
}

#[derive(Serialize, Deserialize)]
struct LoginRecordV1 {
    paused: bool,
    summoned: bool,
    suspended: Option<UnixTime>,
    barred: Option<String>,
    sessions: Vec<SessionTraceV1>,
    welcomed: bool,
    asked_for_presence: bool,
    notices: Vec<(String, UnixTime)>,
}

#[derive(Serialize, Deserialize)]
struct SessionTraceV1 {
    session_id: u32,
    local_port: u16,
}

/// Reads a body of the first version.
fn read<'a, T: Deserialize<'a>>(version: u8, body: &'a [u8]) -> Result<T, Unreadable> {
    match postcard::take_from_bytes(body) {
        Ok((record, [])) if version == 1 => Ok(record),
        _ => Err(Unreadable::Layout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::Tree;
    use crate::store::encoding::{self, Record};
    use crate::store::key::Key;
    use crate::store::{UserRecord, samples};

    /// What a record of version 1 with these bytes becomes, by way of the disk.
    fn upgraded<R: Record>(tree: Tree, body: &[u8]) -> R {
        let key = Key::random();
        let jid = b"romeo@example.org";
        let old = encoding::seal(&key, tree, jid, 1, body);
        encoding::decode(&key, jid, &old)
            .map_err(|_| "unreadable")
            .unwrap()
    }

    fn today() -> UserRecord {
        let changes = samples::everything();
        let record = changes.into_iter().fold(None, UserRecord::apply);
        record.unwrap()
    }

    #[test]
    fn a_registration_of_the_first_version_is_one_with_the_only_network() {
        let read: Registration = upgraded(Tree::Registration, REGISTRATION_V1);

        let expected = Registration {
            network: "icq".into(),
            version: None,
            ..today().registration
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_login_of_the_first_version_was_one_in_v5() {
        let read: LoginRecord = upgraded(Tree::Login, LOGIN_V1);

        let expected = LoginRecord {
            version: Some(5),
            strays: Vec::new(),
            sessions: vec![SessionTrace {
                session_id: 0x1234_5678,
                local_port: 40_000,
                version: 5,
            }],
            ..today().login
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn bytes_that_are_no_record_stay_unreadable() {
        for body in [&b""[..], b"\xff", &[REGISTRATION_V1, b"\0"].concat()] {
            assert_eq!(registration(1, body), Err(Unreadable::Layout));
        }
        assert_eq!(registration(0, REGISTRATION_V1), Err(Unreadable::Layout));
    }

    const REGISTRATION_V1: &[u8] = b"\
        \x91N\x10hunter2-montague\x01\x0cwindows-1251\x01\x80\xd0\x95\xff\xbc1";
    const LOGIN_V1: &[u8] = b"\
        \x01\x01\x01\x01\x01\x06kicked\x01\xf8\xac\xd1\x91\x01\xc0\xb8\x02\x01\x01\x01\x06kicked\
        \x02";
}
