//! Messages on their way from the server.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Part, Reader, Version, Writer, layout};
use crate::model::Uin;

layout! {
    /// `SYS_MESSAGE` (0x0104): a message, just written (`icq-udp.md` §7.2).
    ///
    /// | bytes | field      | meaning                     |
    /// |-------|------------|-----------------------------|
    /// | 4     | `from_uin` | who wrote                   |
    /// | 2     | `msg_type` | 1 text, 4 URL, … (§7.3)     |
    /// | lstr  | `text`     | in the sender's code page   |
    pub struct ReceiveMessage<'a> {
        /// Who wrote.
        from_uin: Uin,
        /// What the text means: 1 text, 4 URL, …
        msg_type: u16,
        /// The text in the sender's code page, parts separated by 0xFE.
        text: &'a [u8] => lstr_clamped,
    }

    /// `OFFLINE_MESSAGE` (0x00DC): a message that waited (§7.5).
    ///
    /// | bytes  | field      | meaning                     |
    /// |--------|------------|-----------------------------|
    /// | 4      | `from_uin` | who wrote                   |
    /// | 6 or 4 |            | [`Sent`]                    |
    /// | 2      | `msg_type` | 1 text, 4 URL, … (§7.3)     |
    /// | lstr   | `text`     | in the sender's code page   |
    pub struct OfflineMessage<'a> {
        /// Who wrote.
        from_uin: Uin,
        /// When.
        sent: Sent,
        /// What the text means: 1 text, 4 URL, …
        msg_type: u16,
        /// The text in the sender's code page, parts separated by 0xFE.
        text: &'a [u8] => lstr_clamped,
    }

    /// A time in UTC, to the minute.
    ///
    /// | bytes | field    | meaning |
    /// |-------|----------|---------|
    /// | 2     | `year`   |         |
    /// | 1     | `month`  | 1 to 12 |
    /// | 1     | `day`    | 1 to 31 |
    /// | 1     | `hour`   |         |
    /// | 1     | `minute` |         |
    #[derive(Copy, Hash)]
    pub struct Date {
        /// The year.
        year: u16,
        /// The month, 1 to 12.
        month: u8,
        /// The day, 1 to 31.
        day: u8,
        /// The hour.
        hour: u8,
        /// The minute.
        minute: u8,
    }

    /// `REVERSE_TCP` (0x015E), from a server: somebody asks to be connected to (§7.7).
    ///
    /// | bytes | field         | meaning                        |
    /// |-------|---------------|--------------------------------|
    /// | 4     | `target_uin`  | who asks                       |
    /// | 4     | `ip`          | their address                  |
    /// | 4     | `tcp_port`    | their port                     |
    /// | 1     | `dc_mode`     | as in `LOGIN`                  |
    /// | 4     | `peer_port`   | the port they tried            |
    /// | 4     | `own_port`    | their port, again              |
    /// | 2     | `tcp_version` | version of the direct protocol |
    pub struct ReverseTcp {
        /// Who asks.
        target_uin: Uin,
        /// Their address.
        ip: Ipv4Addr,
        /// Their port.
        tcp_port: u32,
        /// Whether others may connect to them, as in the login.
        dc_mode: u8,
        /// The port they tried.
        peer_port: u32,
        /// Their port, again.
        own_port: u32,
        /// Version of the direct protocol.
        tcp_version: u16,
    }
}

/// When a message that waited was sent.
///
/// | bytes | field            | meaning                                         |
/// |-------|------------------|-------------------------------------------------|
/// | 6     | `year` …         | [`Date`]                                        |
/// | 4     | `time`           | unix time; V3, though some servers have a date  |
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Sent {
    /// As a date.
    Date(Date),
    /// As unix time.
    Unix(u32),
}

impl<'a> Part<'a> for Sent {
    fn read(reader: &mut Reader<'a>, _name: &'static str) -> Result<Self, DecodeError> {
        if reader.version() == Version::V3 && !begins_with_date(reader) {
            return reader.u32_le("time").map(Self::Unix);
        }
        Date::read(reader).map(Self::Date)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Date(date) => date.write(writer),
            Self::Unix(time) => writer.u32_le(*time),
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 4
    }
}

/// Whether a date stands here. No unix time since 1987 looks like one: its high byte is no day.
fn begins_with_date(reader: &Reader<'_>) -> bool {
    Date::read(&mut Reader::new(reader.peek())).is_ok_and(|date| {
        (1990..=2100).contains(&date.year)
            && (1..=12).contains(&date.month)
            && (1..=31).contains(&date.day)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::FromServer;
    use crate::icq::udp::golden::{assert_from_server, assert_from_server_in};
    use crate::icq::wire::meta::MetaForm;

    #[test]
    fn a_message_that_waited_carries_its_time() {
        assert_from_server(
            &FromServer::OfflineMessage(OfflineMessage {
                from_uin: Uin(12_345),
                sent: Sent::Date(Date {
                    year: 1999,
                    month: 12,
                    day: 31,
                    hour: 23,
                    minute: 59,
                }),
                msg_type: 1,
                text: b"hi",
            }),
            MetaForm::Unknown,
            b"\x39\x30\0\0\xcf\x07\x0c\x1f\x17\x3b\x01\0\x03\0hi\0",
        );
    }

    #[test]
    fn a_v3_server_counts_seconds_or_gives_a_date() {
        let message = |sent| {
            FromServer::OfflineMessage(OfflineMessage {
                from_uin: Uin(12_345),
                sent,
                msg_type: 1,
                text: b"hi",
            })
        };
        // The first two look like the year 1999, but not like a date.
        for time in [0x386D_07CF, 0x3805_07CF, 0, u32::MAX] {
            let body = [
                &b"\x39\x30\0\0"[..],
                &time.to_le_bytes(),
                b"\x01\0\x03\0hi\0",
            ]
            .concat();
            let packet = message(Sent::Unix(time));
            assert_from_server_in(Version::V3, &packet, MetaForm::Unknown, &body);
        }
        let date = Date {
            year: 1999,
            month: 12,
            day: 31,
            hour: 23,
            minute: 59,
        };
        assert_from_server_in(
            Version::V3,
            &message(Sent::Date(date)),
            MetaForm::Unknown,
            b"\x39\x30\0\0\xcf\x07\x0c\x1f\x17\x3b\x01\0\x03\0hi\0",
        );
    }

    #[test]
    fn a_request_to_connect_is_laid_out_as_the_reference_says() {
        assert_from_server(
            &FromServer::ReverseTcp(ReverseTcp {
                target_uin: Uin(12_345),
                ip: Ipv4Addr::new(10, 0, 0, 7),
                tcp_port: 4000,
                dc_mode: 4,
                peer_port: 5000,
                own_port: 4000,
                tcp_version: 6,
            }),
            MetaForm::Unknown,
            b"\x39\x30\0\0\x0a\0\0\x07\xa0\x0f\0\0\x04\x88\x13\0\0\xa0\x0f\0\0\x06\0",
        );
    }
}
