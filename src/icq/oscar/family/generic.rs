//! Family 0x01: services, versions, rates, one's own status (`oscar.md` §2.5, §2.6, §3.1).

use super::login::LoginTlv;
use crate::icq::oscar::parts::{All, Bytes, Counted, Octets, ScreenName, Text, parts};
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::oscar::user::{BartItem, DcInfo, UserInfo};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Rest, Value, Writer, commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// From now on the client is visible, and gets messages.
        0x0002 "CLIENT_READY" Ready(Ready),
        /// Asks for the address of a service.
        0x0004 "SERVICE_REQUEST" ServiceRequest(ServiceRequest<'a>),
        /// Asks for the rate classes.
        0x0006 "RATE_REQUEST" RateRequest,
        /// Wants to be told of these rate classes: all of 01/07, in its order.
        0x0008 "RATE_ACK" RateAck(RateClasses),
        /// Does not want to be told of these rate classes.
        0x0009 "RATE_REMOVE" RateRemove(RateClasses),
        /// Stopped sending, as asked.
        0x000C "PAUSE_ACK" PauseAck(Families),
        /// Asks about oneself.
        0x000E "OWN_INFO_REQUEST" OwnInfoRequest,
        /// Idle, or no longer.
        0x0011 "SET_IDLE" SetIdle(SetIdle),
        /// What others may know.
        0x0014 "SET_PRIVACY" SetPrivacy(SetPrivacy),
        /// Still there.
        0x0016 "NOOP" NoOperation,
        /// Asks for versions of families.
        0x0017 "VERSIONS_REQUEST" VersionsRequest(Versions),
        /// Shows a status.
        0x001E "SET_STATUS" SetStatus(SetStatus<'a>),
        /// The answer to a check of the client.
        0x0020 "CLIENT_CHECK_REPLY" ClientCheckReply(ClientCheckReply),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// The families of this connection.
        0x0003 "FAMILIES" Families(Families),
        /// Where a service is.
        0x0005 "SERVICE" Service(Service<'a>),
        /// The rate classes.
        0x0007 "RATES" Rates(Rates),
        /// A rate class changed, or its limit is near.
        0x000A "RATE_CHANGE" RateChange(RateChange),
        /// The client should stop sending.
        0x000B "PAUSE" Pause(Families),
        /// The client may send again.
        0x000D "RESUME" Resume(Families),
        /// About oneself: also after changes.
        0x000F "OWN_INFO" OwnInfo(Users<'a>),
        /// Others complained.
        0x0010 "WARNED" Warned(Warned<'a>),
        /// The client should connect elsewhere.
        0x0012 "MIGRATE" Migrate(Migrate<'a>),
        /// What the service has to say.
        0x0013 "MOTD" Motd(Motd<'a>),
        /// Addresses of web pages.
        0x0015 "WELL_KNOWN_URLS" WellKnownUrls(Raw<'a>),
        /// Still there.
        0x0016 "NOOP" NoOperation,
        /// The versions of families.
        0x0018 "VERSIONS" Versions(Versions),
        /// Wants a digest of a part of the client's program.
        0x001F "CLIENT_CHECK" ClientCheck(ClientCheck),
        /// Icon, status text and mood, as the server knows them.
        0x0021 "OWN_BART" OwnBart(OwnBart<'a>),
    }
}

layout! {
    /// Families, and what tools speak them: 01/02.
    ///
    /// | bytes | field      | meaning                                                     |
    /// |-------|------------|-------------------------------------------------------------|
    /// | 8 × n | `families` | `u16` family, version, tool, version of the tool            |
    pub struct Ready {
        /// Family, version, tool and its version each.
        families: All<FamilyTool>,
    }

    /// A family, its version, and the tool that speaks it.
    pub struct FamilyTool {
        /// The family.
        family: u16,
        /// Its version.
        version: u16,
        /// The tool.
        tool: u16,
        /// The version of the tool.
        tool_version: u16,
    }

    /// Families: 01/03, 01/0B, 01/0C, 01/0D.
    ///
    /// | bytes | field      | meaning                          |
    /// |-------|------------|----------------------------------|
    /// | 2 × n | `families` | none in a pause or its end: all  |
    pub struct Families {
        /// Which.
        families: All<u16>,
    }

    /// Asks for a service: 01/04.
    ///
    /// | bytes | field     | meaning                   |
    /// |-------|-----------|---------------------------|
    /// | 2     | `service` | a family                  |
    /// | TLVs  | `tlvs`    | [`ServiceTlv`]            |
    pub struct ServiceRequest<'a> {
        /// The family.
        service: u16,
        /// What about it.
        tlvs: Chain<ServiceTlv<'a>>,
    }

    /// A chat room, as requests and invitations name it (§3.8).
    ///
    /// | bytes | field      | meaning                             |
    /// |-------|------------|-------------------------------------|
    /// | 2     | `exchange` | 4 private, 5 public                 |
    /// | 1, n  | `cookie`   | which                               |
    /// | 2     | `instance` |                                     |
    pub struct Room<'a> {
        /// 4 private, 5 public.
        exchange: u16,
        /// Which.
        cookie: ScreenName<'a>,
        /// Which of them.
        instance: u16,
    }

    /// Where a service is: 01/05, TLVs.
    pub struct Service<'a> {
        /// Family, address, cookie.
        tlvs: Chain<LoginTlv<'a>>,
    }

    /// Rate classes by their numbers: 01/08, 01/09.
    ///
    /// | bytes | field     |
    /// |-------|-----------|
    /// | 2 × n | `classes` |
    pub struct RateClasses {
        /// Which.
        classes: All<u16>,
    }

    /// How fast SNACs of a class may follow each other (§2.6).
    ///
    /// | bytes | field        | meaning                                                    |
    /// |-------|--------------|------------------------------------------------------------|
    /// | 2     | `id`         |                                                            |
    /// | 4     | `window`     | over how many SNACs the average runs                       |
    /// | 4     | `clear`      | above it nothing is limited any more                       |
    /// | 4     | `alert`      | below it the server warns                                  |
    /// | 4     | `limit`      | below it the server drops                                  |
    /// | 4     | `disconnect` | below it the server closes                                 |
    /// | 4     | `current`    | the average now, milliseconds                              |
    /// | 4     | `max`        | as high as it gets                                         |
    /// | 4     | `last_ms`    | from version 2 of the family on: since the last SNAC       |
    /// | 1     | `state`      | the same; some servers send garbage                        |
    pub struct RateClass {
        /// Its number.
        id: u16,
        /// Over how many SNACs the average runs.
        window: u32,
        /// Above it nothing is limited any more.
        clear: u32,
        /// Below it the server warns.
        alert: u32,
        /// Below it the server drops.
        limit: u32,
        /// Below it the server closes.
        disconnect: u32,
        /// The average now, milliseconds.
        current: u32,
        /// As high as it gets.
        max: u32,
        /// How long ago the last SNAC was, milliseconds.
        last_ms: Option<u32>,
        /// Whether the server drops now; some send garbage.
        state: Option<u8>,
    }

    /// The SNACs of a rate class (§2.6).
    ///
    /// | bytes    | field   | meaning                       |
    /// |----------|---------|-------------------------------|
    /// | 2        | `id`    | of the class                  |
    /// | 2, 4 × n | `pairs` | number, then family and subtype |
    pub struct RateGroup {
        /// The number of the class.
        id: u16,
        /// Its SNACs.
        pairs: Counted<Pair>,
    }

    /// A rate class changed: 01/0A.
    ///
    /// | bytes | field  | meaning                                       |
    /// |-------|--------|-----------------------------------------------|
    /// | 2     | `code` | 1 changed, 2 warning, 3 limited, 4 not any more |
    /// | 30/35 | `rate` | [`RateClass`]                                 |
    pub struct RateChange {
        /// What happened.
        code: u16,
        /// The class now.
        rate: RateClass,
    }

    /// Accounts: 01/0F, the first is oneself, then one for each session.
    pub struct Users<'a> {
        /// Who.
        users: All<UserInfo<'a>>,
    }

    /// Others complained: 01/10.
    ///
    /// | bytes | field    | meaning                                  |
    /// |-------|----------|------------------------------------------|
    /// | 2     | `level`  | tenths of a percent                      |
    /// | n     | `warner` | who, unless that is not told             |
    pub struct Warned<'a> {
        /// How much, tenths of a percent.
        level: u16,
        /// Who complained.
        warner: Option<UserInfo<'a>>,
    }

    /// Idle, or no longer: 01/11. Once for each change; the server goes on counting.
    ///
    /// | bytes | field       | meaning                          |
    /// |-------|-------------|----------------------------------|
    /// | 4     | `idle_secs` | for so long already; 0 no longer |
    pub struct SetIdle {
        /// For so long already; 0 no longer.
        idle_secs: u32,
    }

    /// The client should connect elsewhere: 01/12.
    ///
    /// | bytes    | field      | meaning                             |
    /// |----------|------------|-------------------------------------|
    /// | 2, 2 × n | `families` | for these; none: for all            |
    /// | TLVs     | `tlvs`     | address, cookie                     |
    pub struct Migrate<'a> {
        /// For these families; none: for all.
        families: Counted<u16>,
        /// Address and cookie.
        tlvs: Chain<LoginTlv<'a>>,
    }

    /// What the service has to say: 01/13.
    ///
    /// | bytes | field       | meaning                                              |
    /// |-------|-------------|------------------------------------------------------|
    /// | 2     | `motd_type` | 1, 2 upgrade, 3 bulletin, 4 normal, 5 ICQ, 6 news    |
    /// | TLVs  | `tlvs`      | [`MotdTlv`]                                          |
    pub struct Motd<'a> {
        /// What kind of news it is.
        motd_type: u16,
        /// The news.
        tlvs: Chain<MotdTlv<'a>>,
    }

    /// What others may know: 01/14.
    ///
    /// | bytes | field     | meaning                                |
    /// |-------|-----------|----------------------------------------|
    /// | 4     | `privacy` | 1 show idle, 2 show member since       |
    pub struct SetPrivacy {
        /// 1 show idle, 2 show member since.
        privacy: u32,
    }

    /// Versions of families: 01/17, 01/18.
    ///
    /// | bytes | field      | meaning               |
    /// |-------|------------|-----------------------|
    /// | 4 × n | `versions` | `u16` family, version |
    pub struct Versions {
        /// Family and version each.
        versions: All<FamilyVersion>,
    }

    /// A family and its version.
    pub struct FamilyVersion {
        /// The family.
        family: u16,
        /// Its version.
        version: u16,
    }

    /// Shows a status: 01/1E, TLVs. `IServerd` refuses it without [`StatusTlv::Status`].
    pub struct SetStatus<'a> {
        /// The status, and what goes with it.
        tlvs: Chain<StatusTlv<'a>>,
    }

    /// Wants a digest of the client's program: 01/1F.
    ///
    /// | bytes | field    |
    /// |-------|----------|
    /// | 4     | `offset` |
    /// | 4     | `length` |
    pub struct ClientCheck {
        /// From where on.
        offset: u32,
        /// Of how many bytes.
        length: u32,
    }

    /// The digest: 01/20.
    ///
    /// | bytes | field |
    /// |-------|-------|
    /// | 16    | `md5` |
    pub struct ClientCheckReply {
        /// The digest.
        md5: Octets<16>,
    }

    /// Icon, status text and mood: 01/21.
    pub struct OwnBart<'a> {
        /// What the server knows, and with flag 0x40 wants.
        bart: All<BartItem<'a>>,
    }

    /// A body nobody needs to read.
    pub struct Raw<'a> {
        /// All of it.
        rest: Rest<'a>,
    }
}

parts! {
    list FamilyTool, 8;
    list FamilyVersion, 4;
    group Room<'a>, 5;
    group RateClass, 30;
    group RateGroup, 4;
}

tlvs! {
    /// The TLVs of 01/04.
    pub enum ServiceTlv {
        /// The chat room to join.
        0x0001 room Room(Room<'a>),
        /// The connection should be encrypted.
        0x008C use_tls UseTls,
    }

    /// The TLVs of 01/13.
    pub enum MotdTlv {
        /// From ICQ servers, meaning unknown.
        0x0002 unk2 Unknown2(u16),
        /// From ICQ servers, meaning unknown.
        0x0003 unk3 Unknown3(u16),
        /// What it says.
        0x000B text Text(Text<'a>),
    }

    /// The TLVs of 01/1E, any of them.
    pub enum StatusTlv {
        /// Status: flags in the high word (§4.1).
        0x0006 status Status(u32),
        /// Zeros.
        0x0008 unk8 Unknown8(Bytes<'a>),
        /// Where and how to connect directly: all 37 bytes, or the server closes.
        0x000C dc_info DirectConnection(DcInfo),
        /// When parts of the profile changed.
        0x0011 times Times(Bytes<'a>),
        /// 0.
        0x0012 unk12 Unknown12(u16),
        /// Status text and mood.
        0x001D bart Bart(All<BartItem<'a>>),
        /// Meaning unknown.
        0x001F unk1f Unknown1F(u16),
    }
}

/// A family and a subtype.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Pair {
    /// The family.
    pub family: u16,
    /// The subtype.
    pub subtype: u16,
}

impl<'a> Part<'a> for Pair {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.compound(
            name,
            |reader| {
                Ok(Self {
                    family: reader.u16(name)?,
                    subtype: reader.u16(name)?,
                })
            },
            |pair| Value::Snac(pair.family, pair.subtype),
        )
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.family);
        writer.u16(self.subtype);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 4
    }
}

/// The rate classes: 01/07.
///
/// | bytes          | field     | meaning                                                 |
/// |----------------|-----------|---------------------------------------------------------|
/// | 2, 30/35 × n   | `classes` | number, then [`RateClass`]es, all of the same length    |
/// | n × …          | `groups`  | [`RateGroup`]s                                          |
///
/// How long the classes are is up to the version of the family, says the version; servers do not
/// keep to it, so the length of the packet decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rates {
    /// The classes.
    pub classes: Vec<RateClass>,
    /// What belongs to them.
    pub groups: All<RateGroup>,
}

impl<'a> Layout<'a> for Rates {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let ends = |length| {
            Self::read_as(
                length,
                &mut Reader::new(reader.peek()).in_order(reader.order()),
            )
        };
        let length = match ends(LONG_CLASS) {
            Ok(_) => LONG_CLASS,
            Err(_) => SHORT_CLASS,
        };
        Self::read_as(length, reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(u16::try_from(self.classes.len()).unwrap_or(u16::MAX));
        for class in &self.classes {
            Layout::write(class, writer);
        }
        self.groups.write(writer);
    }
}

impl Rates {
    fn read_as(length: usize, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.constant_u16("class_count")?;
        let classes = reader.list("classes", |reader| {
            (0..count)
                .map(|_| reader.within("class", length, |area| Part::read(area, "class")))
                .collect()
        })?;
        Ok(Self {
            classes,
            groups: Part::read(reader, "groups")?,
        })
    }
}

/// A class with its last two fields.
const LONG_CLASS: usize = 35;
/// A class without them.
const SHORT_CLASS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::ByteOrder;

    fn rates(last: Option<(u32, u8)>) -> Rates {
        let class = |id| RateClass {
            id,
            window: 80,
            clear: 2500,
            alert: 2000,
            limit: 1500,
            disconnect: 800,
            current: 6000,
            max: 6000,
            last_ms: last.map(|(last_ms, _)| last_ms),
            state: last.map(|(_, state)| state),
        };
        let group = |id| RateGroup {
            id,
            pairs: Counted(vec![Pair {
                family: 4,
                subtype: 6,
            }]),
        };
        Rates {
            classes: vec![class(1), class(2)],
            groups: All(vec![group(1), group(2)]),
        }
    }

    #[test]
    fn the_length_of_the_packet_says_how_long_its_classes_are() {
        for rates in [rates(None), rates(Some((7, 0x72)))] {
            let mut out = Vec::new();
            Layout::write(&rates, &mut Writer::new(&mut out).in_order(ByteOrder::Big));
            let mut reader = Reader::new(&out).in_order(ByteOrder::Big);
            assert_eq!(Rates::read(&mut reader), Ok(rates));
            assert_eq!(reader.left(), 0);
        }
    }

    #[test]
    fn a_count_of_classes_that_are_not_there_is_refused() {
        let mut reader = Reader::new(b"\xff\xff\0\x01").in_order(ByteOrder::Big);
        assert!(Rates::read(&mut reader).is_err());
    }
}
