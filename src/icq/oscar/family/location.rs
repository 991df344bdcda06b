//! Family 0x02: what people say about themselves, and what their clients can (`oscar.md` §3.2).

use super::directory::DirectoryTlv;
use crate::icq::oscar::parts::{All, Guid, ScreenName, Text};
use crate::icq::oscar::tlv::{Chain, CountedChain, tlvs};
use crate::icq::oscar::user::UserInfo;
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Asks for limits.
        0x0002 "RIGHTS_REQUEST" RightsRequest,
        /// Sets profile, away text, capabilities.
        0x0004 "SET_INFO" SetInfo(SetInfo<'a>),
        /// Asks about somebody, the old way.
        0x0005 "INFO_REQUEST" InfoRequest(InfoRequest<'a>),
        /// Sets one's entry in the directory.
        0x0009 "SET_DIRECTORY" SetDirectory(Directory<'a>),
        /// Asks for somebody's entry in the directory.
        0x000B "DIRECTORY_REQUEST" DirectoryRequest(Whom<'a>),
        /// Sets one's interests.
        0x000F "SET_KEYWORDS" SetKeywords(Keywords<'a>),
        /// Asks about somebody.
        0x0015 "INFO_QUERY" InfoQuery(InfoQuery<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// Limits.
        0x0003 "RIGHTS" Rights(Rights<'a>),
        /// What somebody says.
        0x0006 "INFO" Info(Info<'a>),
        /// The directory has it.
        0x000A "DIRECTORY_SET" DirectorySet(Done),
        /// Somebody's entry in the directory.
        0x000C "DIRECTORY_INFO" DirectoryInfo(DirectoryInfo<'a>),
        /// The interests are set.
        0x0010 "KEYWORDS_SET" KeywordsSet(Done),
    }
}

layout! {
    /// Limits: 02/03, TLVs.
    pub struct Rights<'a> {
        /// The limits.
        tlvs: Chain<RightsTlv<'a>>,
    }

    /// What one says about oneself: 02/04, TLVs.
    pub struct SetInfo<'a> {
        /// What one says; what is left out stays.
        tlvs: Chain<InfoTlv<'a>>,
    }

    /// Asks about somebody: 02/05.
    ///
    /// | bytes | field         | meaning                                      |
    /// |-------|---------------|----------------------------------------------|
    /// | 2     | `info_type`   | 1 profile, 3 (IServerd) or 2 away, 4 capabilities |
    /// | 1, n  | `screen_name` |                                              |
    pub struct InfoRequest<'a> {
        /// What about: 3 is the away text everywhere.
        info_type: u16,
        /// Whom.
        screen_name: ScreenName<'a>,
    }

    /// Asks about somebody: 02/15.
    ///
    /// | bytes | field         | meaning                                      |
    /// |-------|---------------|----------------------------------------------|
    /// | 4     | `mask`        | 1 profile, 2 away, 4 capabilities            |
    /// | 1, n  | `screen_name` |                                              |
    pub struct InfoQuery<'a> {
        /// What about.
        mask: u32,
        /// Whom.
        screen_name: ScreenName<'a>,
    }

    /// What somebody says: 02/06.
    ///
    /// | bytes | field  | meaning                                  |
    /// |-------|--------|------------------------------------------|
    /// | n     | `user` | [`UserInfo`]                             |
    /// | TLVs  | `tlvs` | [`InfoTlv`]; no text may be one NUL      |
    pub struct Info<'a> {
        /// Who.
        user: UserInfo<'a>,
        /// What they say.
        tlvs: Chain<InfoTlv<'a>>,
    }

    /// An entry in the directory: 02/09, TLVs.
    pub struct Directory<'a> {
        /// The entry.
        tlvs: Chain<DirectoryTlv<'a>>,
    }

    /// Somebody: 02/0B.
    pub struct Whom<'a> {
        /// Who.
        screen_name: ScreenName<'a>,
    }

    /// Somebody's entry in the directory: 02/0C.
    ///
    /// | bytes   | field    | meaning                 |
    /// |---------|----------|-------------------------|
    /// | 2       | `status` | 1 found                 |
    /// | 2, TLVs | `tlvs`   | number, [`DirectoryTlv`] |
    pub struct DirectoryInfo<'a> {
        /// 1 found.
        status: u16,
        /// The entry.
        tlvs: CountedChain<DirectoryTlv<'a>>,
    }

    /// Interests: 02/0F, TLVs.
    pub struct Keywords<'a> {
        /// Up to five.
        tlvs: Chain<DirectoryTlv<'a>>,
    }

    /// Whether something was done: 02/0A, 02/10.
    ///
    /// | bytes | field    | meaning  |
    /// |-------|----------|----------|
    /// | 2     | `result` | 1 done   |
    pub struct Done {
        /// 1 done.
        result: u16,
    }
}

tlvs! {
    /// The TLVs of 02/03.
    pub enum RightsTlv {
        /// The longest profile.
        0x0001 max_profile MaxProfile(u16),
        /// How many capabilities.
        0x0002 max_caps MaxCapabilities(u16),
        /// How many e-mail addresses to look up at once.
        0x0003 unk3 MaxFindByMail(u16),
        /// The longest certificate.
        0x0004 unk4 MaxCertificate(u16),
        /// How many short capabilities.
        0x0005 max_short_caps MaxShortCapabilities(u16),
    }

    /// The TLVs of 02/04 and 02/06.
    pub enum InfoTlv {
        /// The MIME type of the profile.
        0x0001 profile_mime ProfileMime(Text<'a>),
        /// The profile.
        0x0002 profile Profile(Text<'a>),
        /// The MIME type of the away text: IServerd keeps no text without it.
        0x0003 away_mime AwayMime(Text<'a>),
        /// The away text; empty: not away.
        0x0004 away Away(Text<'a>),
        /// Capabilities: always whole ones, or open-oscar-server closes.
        0x0005 caps Capabilities(All<Guid>),
        /// The server should keep the profile.
        0x000C store Store,
        /// Capabilities, in some replies.
        0x000D reply_caps ReplyCapabilities(All<Guid>),
    }
}
