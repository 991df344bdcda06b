//! Family 0x13: the contact list on the server (`oscar.md` §3.13).

use crate::icq::oscar::parts::{All, Data8, Number, ScreenName, Str16, Text, parts};
use crate::icq::oscar::tlv::{Chain, SizedChain, tlvs};
use crate::icq::oscar::user::BartType;
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Rest, Writer, commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks for limits.
        0x0002 "RIGHTS_REQUEST" RightsRequest(Rights<'a>),
        /// Asks for the list.
        0x0004 "LIST_REQUEST" ListRequest,
        /// Asks for the list unless it is as it was.
        0x0005 "LIST_CHECK" ListCheck(Version),
        /// Presence may come now.
        0x0007 "ACTIVATE" Activate,
        /// Adds items.
        0x0008 "ADD" Add(Items<'a>),
        /// Changes items.
        0x0009 "UPDATE" Update(Items<'a>),
        /// Removes items.
        0x000A "REMOVE" Remove(Items<'a>),
        /// Begins a transaction.
        0x0011 "BEGIN" Begin(Begin<'a>),
        /// Ends it.
        0x0012 "END" End,
        /// Lets somebody add one without asking.
        0x0014 "GRANT_AHEAD" GrantAhead(Reason<'a>),
        /// Takes oneself off somebody's list.
        0x0016 "REMOVE_ME" RemoveMe(Whom<'a>),
        /// Asks to be allowed to add somebody.
        0x0018 "ASK" Ask(Reason<'a>),
        /// Answers who asked.
        0x001A "ANSWER" Answer(Answer<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Limits.
        0x0003 "RIGHTS" Rights(Rights<'a>),
        /// The list, or a part of it.
        0x0006 "LIST" List(List<'a>),
        /// Another session or the server added items.
        0x0008 "ADDED" Added(Items<'a>),
        /// Another session or the server changed items.
        0x0009 "UPDATED" Updated(Items<'a>),
        /// Another session or the server removed items.
        0x000A "REMOVED" Removed(Items<'a>),
        /// How it went.
        0x000E "RESULTS" Results(Results),
        /// The list is as it was.
        0x000F "NOT_MODIFIED" NotModified(Version),
        /// A transaction of another begins.
        0x0011 "BEGIN" Begin(Begin<'a>),
        /// It ends.
        0x0012 "END" End,
        /// Somebody may be added without being asked.
        0x0015 "GRANTED_AHEAD" GrantedAhead(Reason<'a>),
        /// Somebody took themselves off the list.
        0x0016 "REMOVED_ME" RemovedMe(Whom<'a>),
        /// Somebody asks to be allowed to add one.
        0x0019 "ASKED" Asked(Reason<'a>),
        /// The answer of somebody who was asked.
        0x001B "ANSWERED" Answered(Answer<'a>),
        /// Somebody added one.
        0x001C "YOU_WERE_ADDED" YouWereAdded(YouWereAdded<'a>),
    }
}

layout! {
    /// Limits: 13/02, 13/03, TLVs.
    pub struct Rights<'a> {
        /// The limits; in requests often none.
        tlvs: Chain<RightsTlv<'a>>,
    }

    /// Items: 13/08, 13/09, 13/0A.
    pub struct Items<'a> {
        /// One or more.
        items: All<Item<'a>>,
    }

    /// An item of the list: somebody, a group, a setting.
    ///
    /// | bytes   | field  | meaning                                              |
    /// |---------|--------|------------------------------------------------------|
    /// | 2, n    | `name` | account, group; empty for the master group           |
    /// | 2       | `gid`  | number of the group                                  |
    /// | 2       | `iid`  | number in the group; 0 for a group                   |
    /// | 2       | `type` | [`ItemType`]                                         |
    /// | 2, TLVs | `data` | number of bytes, [`ItemTlv`]s                        |
    pub struct Item<'a> {
        /// Account or group.
        name: Str16<'a>,
        /// The number of the group.
        gid: u16,
        /// The number in the group; 0 for a group.
        iid: u16,
        /// What it is.
        r#type: ItemType,
        /// What there is to say about it. Unknown TLVs stay when an item is written again.
        data: SizedChain<'a, ItemTlv<'a>>,
    }

    /// Begins a transaction: 13/11.
    ///
    /// | bytes  | field  | meaning                                            |
    /// |--------|--------|----------------------------------------------------|
    /// | 0 or 4 | `mode` | 0x00010000: import, nobody is asked on `IServerd`  |
    pub struct Begin<'a> {
        /// [`Begin::IMPORT`], or nothing.
        mode: Option<u32>,
        /// Nothing.
        rest: Rest<'a>,
    }

    /// A name and a reason: 13/14, 13/15, 13/18, 13/19.
    ///
    /// | bytes | field         | meaning                                                  |
    /// |-------|---------------|----------------------------------------------------------|
    /// | 1, n  | `screen_name` |                                                          |
    /// | 2, n  | `reason`      | in UTF-8, unless `charset` says otherwise                |
    /// | 2     | `has_charset` | open-oscar-server closes without it                      |
    /// | 2, n  | `charset`     | if `has_charset` is 1                                    |
    pub struct Reason<'a> {
        /// Who or whom.
        screen_name: ScreenName<'a>,
        /// Why.
        reason: Str16<'a>,
        /// In which charset.
        charset: ReasonCharset<'a>,
    }

    /// A name: 13/16.
    pub struct Whom<'a> {
        /// Whose list it is.
        screen_name: ScreenName<'a>,
    }

    /// An answer: 13/1A, 13/1B.
    ///
    /// | bytes | field         | meaning            |
    /// |-------|---------------|--------------------|
    /// | 1, n  | `screen_name` | who asked, answers |
    /// | 1     | `accepted`    | 1 yes, 0 no        |
    /// | 2, n  | `reason`      |                    |
    /// | n     | `charset`     | as in [`Reason`]   |
    pub struct Answer<'a> {
        /// Who asked, or who answers.
        screen_name: ScreenName<'a>,
        /// 1 yes, 0 no.
        accepted: u8,
        /// Why.
        reason: Str16<'a>,
        /// In which charset.
        charset: ReasonCharset<'a>,
    }

    /// Somebody added one: 13/1C.
    ///
    /// | bytes | field         | meaning                      |
    /// |-------|---------------|------------------------------|
    /// | 1, n  | `screen_name` | who                          |
    /// | n     | `trailer`     | zeros from open-oscar-server |
    pub struct YouWereAdded<'a> {
        /// Who.
        screen_name: ScreenName<'a>,
        /// Zeros, or nothing.
        trailer: Rest<'a>,
    }

    /// How it went: 13/0E. `IServerd` gives one code for all of a request.
    ///
    /// | bytes | field     | meaning                             |
    /// |-------|-----------|-------------------------------------|
    /// | 2 × n | `results` | one for each item, see [`Results`]  |
    pub struct Results {
        /// A code for each item.
        results: All<u16>,
    }
}

parts! {
    group Item<'a>, 10;
}

tlvs! {
    /// The TLVs of 13/02 and 13/03.
    pub enum RightsTlv {
        /// Meaning unknown.
        0x0002 unk2 MaxClassAttributes(u16),
        /// Meaning unknown.
        0x0003 unk3 MaxItemAttributes(u16),
        /// How many items of each type, the type being the place.
        0x0004 limits Limits(All<u16>),
        /// How many items clients may make of their own.
        0x0005 unk5 MaxClientItems(u16),
        /// The longest name.
        0x0006 max_name MaxName(u16),
        /// Meaning unknown.
        0x0007 unk7 Unknown7(u16),
        /// From clients: what they understand.
        0x000B understood Understood(u16),
    }

    /// What there is to say about an item (§3.13.1).
    pub enum ItemTlv {
        /// The contact has not allowed it yet: no presence comes.
        0x0066 awaiting_auth AwaitingAuthorisation,
        /// The members of a group in their order; of the master group, the groups.
        0x00C8 members Members(All<u16>),
        /// Preferences: 0x400 show idle, 0x00400000 tell that one types.
        0x00C9 preferences Preferences(u32),
        /// Who sees one: 1 all, 2 nobody, 3 the visible list, 4 all but the invisible list, 5 contacts.
        0x00CA pd_mode Privacy(u8),
        /// Who sees one, by class.
        0x00CB pd_mask PrivacyMask(u32),
        /// More preferences.
        0x00CC pd_flags PrivacyFlags(u32),
        /// A shortcut of a client.
        0x00CD shortcut Shortcut(Text<'a>),
        /// When the list was imported.
        0x00D4 import_time ImportTime(u32),
        /// One's own icon.
        0x00D5 bart Icon(Icon<'a>),
        /// Which preferences are meant.
        0x00D6 preferences_mask PreferencesMask(u32),
        /// What the user calls the contact.
        0x0131 nick Nick(Text<'a>),
        /// The contact's e-mail address.
        0x0137 email Email(Text<'a>),
        /// The contact's telephone number.
        0x013A sms Sms(Text<'a>),
        /// What the user noted about the contact.
        0x013C comment Comment(Text<'a>),
        /// When to alert the user.
        0x013D alerts Alerts(u16),
        /// With what sound.
        0x013E sound Sound(Text<'a>),
        /// When the contact was last here, or wrote first.
        0x0145 last_access LastAccess(u32),
    }
}

layout! {
    /// One's own icon, as an item has it.
    ///
    /// | bytes | field   | meaning        |
    /// |-------|---------|----------------|
    /// | 1     | `flags` | 1              |
    /// | 1, n  | `hash`  | MD5            |
    pub struct Icon<'a> {
        /// 1.
        flags: u8,
        /// The MD5 of the picture.
        hash: Data8<'a>,
    }
}

parts! {
    group Icon<'a>, 2;
}

impl Begin<'_> {
    /// `mode`: contacts who want to be asked are taken without asking.
    pub const IMPORT: u32 = 0x0001_0000;
}

impl Results {
    /// Done.
    pub const OK: u16 = 0x0000;
    /// No such item.
    pub const NOT_FOUND: u16 = 0x0002;
    /// There is one already.
    pub const EXISTS: u16 = 0x0003;
    /// A wrong number or wrong data.
    pub const INVALID: u16 = 0x000A;
    /// Too many; on `IServerd` also: no items of this type.
    pub const TOO_MANY: u16 = 0x000C;
    /// The contact wants to be asked. `IServerd` says so of much else (§3.13.2).
    pub const AUTHORISATION_REQUIRED: u16 = 0x000E;

    /// How it went with the item at `index`: a list that is too short says it of all that follow.
    pub fn of(&self, index: usize) -> Option<u16> {
        self.results
            .0
            .get(index)
            .or_else(|| self.results.0.last())
            .copied()
    }
}

/// What an item is (§3.13.1).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ItemType(pub u16);

impl ItemType {
    /// A contact.
    pub const CONTACT: Self = Self(0x0000);
    /// A group; number 0 is the master group.
    pub const GROUP: Self = Self(0x0001);
    /// On the visible list.
    pub const VISIBLE: Self = Self(0x0002);
    /// On the invisible list.
    pub const INVISIBLE: Self = Self(0x0003);
    /// Who sees one.
    pub const PRIVACY: Self = Self(0x0004);
    /// Preferences.
    pub const PREFERENCES: Self = Self(0x0005);
    /// On the ignore list.
    pub const IGNORED: Self = Self(0x000E);
    /// When the list was imported.
    pub const IMPORT_TIME: Self = Self(0x0013);
    /// One's own icon.
    pub const ICON: Self = Self(0x0014);
}

/// The field's name is a word of the language, so it says its name itself.
impl<'a> Part<'a> for ItemType {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        BartType::read(reader, name).map(|kind| Self(kind.0))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.0);
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 2
    }
}

/// Which list it is: 13/05, 13/0F.
///
/// | bytes  | field       | meaning                                        |
/// |--------|-------------|------------------------------------------------|
/// | 4      | `timestamp` | when it changed last                           |
/// | 1 or 2 | `count`     | of its items; open-oscar-server writes a byte  |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version {
    /// When it changed last.
    pub timestamp: u32,
    /// How many items it has.
    pub count: Number,
}

impl<'a> Layout<'a> for Version {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            timestamp: reader.u32("timestamp")?,
            count: Part::read(reader, "count")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.timestamp);
        self.count.write(writer);
    }
}

/// The list, or a part of it: 13/06. Further parts follow while the header says so.
///
/// | bytes | field       | meaning                                           |
/// |-------|-------------|---------------------------------------------------|
/// | 1     | `version`   | 0                                                 |
/// | 2, n  | `items`     | number, [`Item`]s                                 |
/// | 4     | `timestamp` | when it changed last; may be only in the last part |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List<'a> {
    /// 0.
    pub version: u8,
    /// The items of this part.
    pub items: Vec<Item<'a>>,
    /// When the list changed last.
    pub timestamp: Option<u32>,
}

impl<'a> Layout<'a> for List<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let version = reader.u8("version")?;
        let count = reader.constant_u16("item_count")?;
        let items = reader.list("items", |reader| {
            (0..count).map(|_| Part::read(reader, "item")).collect()
        })?;
        Ok(Self {
            version,
            items,
            timestamp: Part::read(reader, "timestamp")?,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u8(self.version);
        writer.u16(u16::try_from(self.items.len()).unwrap_or(u16::MAX));
        for item in &self.items {
            Part::write(item, writer);
        }
        self.timestamp.write(writer);
    }
}

/// The end of what has a reason: whether its charset is named, and if so, the charset. Some leave it
/// out, where others close.
///
/// | bytes | field         | meaning                   |
/// |-------|---------------|---------------------------|
/// | 2     | `has_charset` | may be missing            |
/// | 2, n  | `charset`     | if it is 1                |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReasonCharset<'a> {
    /// The packet ends before.
    Missing,
    /// None is named.
    Unnamed,
    /// This one.
    Named(Str16<'a>),
}

impl<'a> Part<'a> for ReasonCharset<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        if reader.left() < 2 {
            return Ok(Self::Missing);
        }
        match reader.u16("has_charset")? {
            0 => Ok(Self::Unnamed),
            _ => Part::read(reader, name).map(Self::Named),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Missing => {}
            Self::Unnamed => writer.u16(0),
            Self::Named(charset) => {
                writer.u16(1);
                charset.write(writer);
            }
        }
    }

    fn fits(_reader: &Reader<'a>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::ByteOrder;

    fn read<'a, L: Layout<'a>>(bytes: &'a [u8]) -> Result<L, DecodeError> {
        L::read(&mut Reader::new(bytes).in_order(ByteOrder::Big))
    }

    fn written<'a>(layout: &impl Layout<'a>) -> Vec<u8> {
        let mut out = Vec::new();
        layout.write(&mut Writer::new(&mut out).in_order(ByteOrder::Big));
        out
    }

    /// A list of one contact, without the time at its end.
    const LIST: &[u8] = b"\0\0\x01\0\x03123\0\x01\0\x02\0\0\0\x09\x12\x34\0\x01x\0\x66\0\0";

    #[test]
    fn a_part_of_a_list_may_end_with_a_time_or_not() {
        let part: List<'_> = read(LIST).unwrap();
        assert_eq!((part.items.len(), part.timestamp), (1, None));
        let last = [LIST, b"\0\0\0\x07"].concat();
        assert_eq!(read::<List<'_>>(&last).unwrap().timestamp, Some(7));
    }

    #[test]
    fn an_item_is_written_with_what_nobody_here_understands() {
        let list: List<'_> = read(LIST).unwrap();
        let item = &list.items[0];
        assert!(item.data.tlvs.awaiting_auth());
        assert_eq!(item.r#type, ItemType::CONTACT);
        assert_eq!(item.data.tlvs.0.len(), 2);
        assert_eq!(written(&list), LIST);
    }

    #[test]
    fn an_item_with_broken_data_does_not_spoil_the_list() {
        let bytes = [&LIST[..LIST.len() - 1], b"\x01"].concat();
        let list: List<'_> = read(&bytes).unwrap();
        let data = &list.items[0].data;
        assert_eq!((data.tlvs.0.len(), data.rest), (1, &b"\0\x66\0\x01"[..]));
        assert_eq!(written(&list), bytes);
    }

    #[test]
    fn more_items_than_there_are_are_refused() {
        let mut bytes = LIST.to_vec();
        bytes[2] = 2;
        assert!(read::<List<'_>>(&bytes).is_err());
    }

    #[test]
    fn one_result_counts_for_all_that_have_none() {
        let results: Results = read(b"\0\x0e").unwrap();
        assert_eq!(results.of(0), Some(Results::AUTHORISATION_REQUIRED));
        assert_eq!(results.of(5), Some(Results::AUTHORISATION_REQUIRED));
        assert_eq!(read::<Results>(b"").unwrap().of(0), None);
    }

    #[test]
    fn a_count_has_one_byte_or_two() {
        let short: Version = read(b"\0\0\0\x07\x09").unwrap();
        let long: Version = read(b"\0\0\0\x07\0\x09").unwrap();
        assert_eq!((short.count.get(), long.count.get()), (9, 9));
    }

    #[test]
    fn a_reason_may_name_its_charset_or_lack_the_word_for_it() {
        for (end, charset) in [
            (&b""[..], ReasonCharset::Missing),
            (b"\0\0", ReasonCharset::Unnamed),
            (b"\0\x01\0\x05utf-8", ReasonCharset::Named(Str16(b"utf-8"))),
        ] {
            let bytes = [b"\x03123\0\x02hi", end].concat();
            let reason: Reason<'_> = read(&bytes).unwrap();
            assert_eq!((reason.reason.0, reason.charset), (&b"hi"[..], charset));
            assert_eq!(written(&reason), bytes);
        }
    }
}
