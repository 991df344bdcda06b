//! What servers say about an account: the user info block (`oscar.md` §1.4, §4.4, §4.5).

use std::net::Ipv4Addr;

use super::parts::{All, Bytes, Data8, Guid, Number, ScreenName, ShortGuid, parts};
use super::tlv::{CountedChain, tlvs};
use crate::icq::wire::layout;

layout! {
    /// An account, as servers describe it: in 01/0F, 01/10, 02/06, 03/0B, 03/0C, 04/07, 04/0A, 0E/03,
    /// 0E/04, 0E/06.
    ///
    /// | bytes  | field         | meaning                                |
    /// |--------|---------------|----------------------------------------|
    /// | 1, n   | `screen_name` |                                        |
    /// | 2      | `warning`     | tenths of a percent                    |
    /// | 2, TLVs | `tlvs`       | their number, then [`UserTlv`]s        |
    pub struct UserInfo<'a> {
        /// Who.
        screen_name: ScreenName<'a>,
        /// How much others complained, in tenths of a percent.
        warning: u16,
        /// The rest.
        tlvs: CountedChain<UserTlv<'a>>,
    }

    /// Where and how to connect directly: TLV 0x0C, 37 bytes. Servers close on a shorter one.
    ///
    /// | bytes | field             | meaning                                              |
    /// |-------|-------------------|------------------------------------------------------|
    /// | 4     | `internal_ip`     | the address the client believes in                   |
    /// | 4     | `port`            | where it listens                                     |
    /// | 1     | `dc_type`         | 0 no, 1 firewall, 2 SOCKS, 4 yes, 6 web client       |
    /// | 2     | `version`         | of direct connections: 7, 8, 9, 10                   |
    /// | 4     | `cookie`          | to be said when connecting                           |
    /// | 4     | `web_port`        | 0x50                                                 |
    /// | 4     | `futures`         | client features: 3                                   |
    /// | 4 × 3 | `info_time` `ext_info_time` `ext_status_time` | when these changed       |
    /// | 2     | `unknown`         | 0                                                    |
    pub struct DcInfo {
        /// The address the client believes in.
        internal_ip: Ipv4Addr,
        /// Where it listens.
        port: u32,
        /// Whether it can be connected to.
        dc_type: u8,
        /// The version of direct connections.
        version: u16,
        /// To be said when connecting.
        cookie: u32,
        /// 0x50.
        web_port: u32,
        /// Client features: 3.
        futures: u32,
        /// When the profile changed.
        info_time: u32,
        /// When the rest of the profile changed.
        ext_info_time: u32,
        /// When the extended status changed.
        ext_status_time: u32,
        /// 0.
        unknown: u16,
    }

    /// A thing that BART keeps: an icon, a status text, a mood (§4.5).
    ///
    /// | bytes | field   | meaning                                                      |
    /// |-------|---------|--------------------------------------------------------------|
    /// | 2     | `type`  | 0 small icon, 1 icon, 2 status text, 0x0E mood, …            |
    /// | 1     | `flags` | 1 custom, 4 has data, 0x40 unknown to the server: upload it  |
    /// | 1, n  | `data`  | a hash of what it is, or what it is                          |
    pub struct BartItem<'a> {
        /// What it is.
        r#type: BartType,
        /// What there is to do about it.
        flags: u8,
        /// A hash of it, or the thing itself.
        data: Data8<'a>,
    }
}

parts! {
    group UserInfo<'a>, 5;
    group DcInfo, 37;
    group BartItem<'a>, 4;
}

tlvs! {
    /// The TLVs of an account (§1.4). Servers differ in what their times mean: see there.
    pub enum UserTlv {
        /// Flags: [`Class`].
        0x0001 class Class(Number),
        /// When the account was made.
        0x0002 created Created(u32),
        /// When the user came.
        0x0003 signon_time SignedOn(u32),
        /// For how many minutes nobody has touched the keyboard.
        0x0004 idle_min IdleMinutes(u16),
        /// When the account was made.
        0x0005 member_since MemberSince(u32),
        /// Status of ICQ: flags in the high word (§4.1).
        0x0006 status Status(u32),
        /// The address the server sees.
        0x000A external_ip ExternalAddress(Ipv4Addr),
        /// Where and how to connect directly.
        0x000C dc_info DirectConnection(DcInfo),
        /// Capabilities. IServerd tells them once, when somebody comes.
        0x000D caps Capabilities(All<Guid>),
        /// For how many seconds the user has been here.
        0x000F online_secs OnlineSeconds(u32),
        /// The same on AOL.
        0x0010 online_secs_aol OnlineSecondsAol(u32),
        /// When parts of the profile changed.
        0x0011 times Times(Bytes<'a>),
        /// Which of the account's sessions this is.
        0x0014 instance Instance(u8),
        /// Capabilities in two bytes each.
        0x0019 short_caps ShortCapabilities(All<ShortGuid>),
        /// A hash of a certificate.
        0x001B certificate Certificate(Bytes<'a>),
        /// Icon, status text, mood.
        0x001D bart Bart(All<BartItem<'a>>),
        /// Nothing of use.
        0x001E subscriptions Subscriptions(u32),
        /// More flags.
        0x001F class2 Class2(u32),
        /// When the profile changed.
        0x0026 profile_time ProfileTime(u32),
        /// Which of the account's sessions is the first.
        0x0028 primary_instance PrimaryInstance(u8),
    }
}

/// The type of a BART item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BartType(pub u16);

impl BartType {
    /// A picture of somebody; the data is its MD5.
    pub const ICON: Self = Self(1);
    /// A text that goes with a status.
    pub const STATUS_TEXT: Self = Self(2);
    /// A mood: `icqmood` and a number.
    pub const MOOD: Self = Self(0x0E);
}

/// The field's name is a word of the language, so it says its name itself.
impl<'a> crate::icq::wire::Part<'a> for BartType {
    fn read(
        reader: &mut crate::icq::wire::Reader<'a>,
        _name: &'static str,
    ) -> Result<Self, crate::icq::wire::DecodeError> {
        reader.u16("type").map(Self)
    }

    fn write(&self, writer: &mut crate::icq::wire::Writer<'_>) {
        writer.u16(self.0);
    }

    fn fits(reader: &crate::icq::wire::Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// The flags of [`UserTlv::Class`].
pub struct Class;

impl Class {
    /// Away, or something like it.
    pub const AWAY: u32 = 0x0020;
    /// On ICQ.
    pub const ICQ: u32 = 0x0040;
    /// On a telephone.
    pub const MOBILE: u32 = 0x0080;
}
