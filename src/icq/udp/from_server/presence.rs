//! Who is online, and how (`icq-udp.md` §7.6).

use std::net::Ipv4Addr;

use crate::icq::wire::layout;
use crate::model::Uin;

layout! {
    /// `USER_ONLINE` (0x006E).
    ///
    /// | bytes | field         | meaning                                        |
    /// |-------|---------------|------------------------------------------------|
    /// | 4     | `uin`         | who                                            |
    /// | 4     | `ip`          | their address as the server sees it, 0 hidden  |
    /// | 4     | `tcp_port`    | their listening port                           |
    /// | 4     | `real_ip`     | their own address                              |
    /// | 1     | `dc_mode`     | as in `LOGIN`                                  |
    /// | 4     | `status`      | low word status, high word flags               |
    /// | 4     | `tcp_version` | version of the direct protocol; V3, V4: 2, and 2 of 0 |
    /// | 4     | `dc_cookie`   | from here on V5, and any of it may be missing  |
    /// | 4     | `web_port`    |                                                |
    /// | 4     | `futures`     | features                                       |
    /// | 4     | `info_time`   | when the profile changed                       |
    /// | 4     | `more_time`   |                                                |
    /// | 4     | `stat_time`   | when the status text changed                   |
    pub struct UserOnline {
        /// Who is online.
        uin: Uin,
        /// Their address as the server sees it; 0 if they hide it.
        ip: Ipv4Addr,
        /// Their listening port.
        tcp_port: u32,
        /// Their own address.
        real_ip: Ipv4Addr,
        /// Whether others may connect to them, as in the login.
        dc_mode: u8,
        /// Their status word (§10.2, §10.3).
        status: u32,
        /// Version of the direct protocol.
        tcp_version: Option<u32>,
        /// Proves a direct connection.
        dc_cookie: Option<u32> where V5,
        /// Port of the web page they serve.
        web_port: Option<u32> where V5,
        /// What their client can do.
        futures: Option<u32> where V5,
        /// When their profile changed.
        info_time: Option<u32> where V5,
        /// When more of it changed.
        more_time: Option<u32> where V5,
        /// When their status text changed.
        stat_time: Option<u32> where V5,
    }

    /// `STATUS_UPDATE` (0x01A4).
    ///
    /// | bytes | field        | meaning                                                   |
    /// |-------|--------------|-----------------------------------------------------------|
    /// | 4     | `target_uin` | whose                                                     |
    /// | 4     | `status`     | the low word; some servers leave the flags out of it      |
    pub struct StatusUpdate {
        /// Whose status changed.
        target_uin: Uin,
        /// Their status word.
        status: u32,
    }

    /// `USER_LIST_DONE` (0x021C).
    ///
    /// | bytes | field     | meaning                                  |
    /// |-------|-----------|------------------------------------------|
    /// | 4     | `own_uin` | whose list; V3 and some servers leave it out |
    pub struct ListDone {
        /// Whose list was told.
        own_uin: Option<Uin>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::{FromServer, Version};
    use crate::icq::wire::Decoded;
    use crate::icq::wire::meta::MetaForm;

    /// From a recording of IServerd.
    const BODY: &[u8] = b"\x44\x0d\x03\0\x7f\0\0\x01\0\0\0\0\x7f\0\0\x01\x04\0\0\0\0\x06\0\0\0\
        \0\0\0\0\x50\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    #[test]
    fn any_of_the_tail_of_a_presence_may_be_missing() {
        let read = |body| match FromServer::decode(Version::V5, 0x006E, body, MetaForm::Unknown) {
            Ok(decoded) => match decoded.packet {
                FromServer::UserOnline(online) => Some((online, decoded.rest)),
                other => panic!("{other:?}"),
            },
            Err(_) => None,
        };
        let (whole, rest) = read(BODY).unwrap();
        assert_eq!(
            (whole.uin, whole.web_port, whole.stat_time),
            (Uin(200_004), Some(80), Some(0))
        );
        assert!(rest.is_empty());

        let (short, rest) = read(&BODY[..27]).unwrap();
        assert_eq!((short.tcp_version, short.dc_cookie), (Some(6), None));
        assert_eq!(rest, b"\0\0");
        assert!((0..21).all(|length| read(&BODY[..length]).is_none()));
        assert!((21..49).all(|length| read(&BODY[..length]).is_some()));
    }

    #[test]
    fn only_v5_has_the_tail_of_a_presence() {
        let read =
            |version, body| match FromServer::decode(version, 0x006E, body, MetaForm::Unknown) {
                Ok(Decoded {
                    packet: FromServer::UserOnline(online),
                    rest,
                    ..
                }) => (online, rest),
                other => panic!("{other:?}"),
            };
        for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
            let (online, rest) = read(version, BODY);
            assert_eq!((online.tcp_version, online.dc_cookie), (Some(6), None));
            assert_eq!(rest.len(), 24);

            let (whole, _) = read(Version::V5, BODY);
            let mut written = Vec::new();
            FromServer::UserOnline(whole).encode(version, &mut written);
            assert_eq!(written, BODY[..25]);
        }
    }
}
