//! What clients ask and set: type 0x07D0 (`oscar.md` §3.15.3 to §3.15.7).

use super::{Basic, Detail, Email, HomepageCategory, More, Security, Sms, WhitePages, Work};
use crate::icq::oscar::parts::FewCounted;
use crate::icq::oscar::tlv::Chain;
use crate::icq::wire::meta::{
    About, Affiliations, Interests, NewPassword, Person, SearchEmail, SearchName, Unregister,
};
use crate::icq::wire::{DecodeError, Layout, Reader, Writer, commands, layout};

commands! {
    /// A request.
    pub enum MetaRequest else "raw" {
        /// Changes names and the address at home.
        0x03EA "SET_BASIC" SetBasic(Basic<'a, ()>),
        /// Changes what is known about work.
        0x03F3 "SET_WORK" SetWork(Work<'a>),
        /// Changes age, homepage, languages.
        0x03FD "SET_MORE" SetMore(More<'a>),
        /// Changes what the person says about themselves.
        0x0406 "SET_ABOUT" SetAbout(About<'a>),
        /// Changes e-mail addresses.
        0x040B "SET_EMAILS" SetEmails(Emails<'a>),
        /// Changes interests.
        0x0410 "SET_INTERESTS" SetInterests(Interests<'a>),
        /// Changes affiliations.
        0x041A "SET_AFFILIATIONS" SetAffiliations(Affiliations<'a>),
        /// Changes who may add the person, and who sees them.
        0x0424 "SET_SECURITY" SetSecurity(SetSecurity),
        /// Changes the password. Not on open-oscar-server.
        0x042E "SET_PASSWORD" SetPassword(NewPassword<'a>),
        /// Changes the category of the homepage.
        0x0442 "SET_HOMEPAGE_CATEGORY" SetHomepageCategory(HomepageCategory<'a>),
        /// Asks for all of a profile. open-oscar-server closes if there is none.
        0x04B2 "FULL_INFO" FullInfo(Person),
        /// Asks for the short form of a profile.
        0x04BA "SHORT_INFO" ShortInfo(Person),
        /// Gives a UIN back.
        0x04C4 "UNREGISTER" Unregister(Unregister<'a>),
        /// Asks for all of one's own profile.
        0x04D0 "OWN_INFO" OwnInfo(Person),
        /// Searches a name.
        0x0515 "SEARCH_NAME" SearchName(SearchName<'a>),
        /// Searches a UIN.
        0x051F "SEARCH_UIN" SearchUin(Person),
        /// Searches an e-mail address.
        0x0529 "SEARCH_EMAIL" SearchEmail(SearchEmail<'a>),
        /// Searches everything.
        0x0533 "WHITE_PAGES" WhitePages(WhitePages<'a>),
        /// Searches parts of a name.
        0x053D "SEARCH_NAME_WILD" SearchNameWild(SearchName<'a>),
        /// Searches a part of an e-mail address.
        0x0547 "SEARCH_EMAIL_WILD" SearchEmailWild(SearchEmail<'a>),
        /// Searches parts of everything.
        0x0551 "WHITE_PAGES_WILD" WhitePagesWild(WhitePages<'a>),
        /// Searches details.
        0x055F "SEARCH_DETAILS" SearchDetails(Details<'a>),
        /// Searches a UIN.
        0x0569 "SEARCH_UIN_DETAIL" SearchUinDetail(Details<'a>),
        /// Searches an e-mail address.
        0x0573 "SEARCH_EMAIL_DETAIL" SearchEmailDetail(Details<'a>),
        /// Asks for somebody of a random chat group.
        0x074E "RANDOM_SEARCH" RandomSearch(RandomGroup),
        /// Joins a random chat group.
        0x0758 "RANDOM_SET" RandomSet(RandomGroup),
        /// Asks for a setting of the service.
        0x0898 "XML_REQUEST" Xml(Xml<'a>),
        /// Changes details.
        0x0C3A "SET_DETAILS" SetDetails(Details<'a>),
        /// A message for a telephone.
        0x1482 "SMS" Sms(Sms<'a>),
    }
}

impl<'a> Layout<'a> for MetaRequest<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let command = reader.code("sub")?;
        Self::read_body(command, reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.command());
        self.write_body(writer);
    }
}

layout! {
    /// E-mail addresses: 0x040B.
    ///
    /// | bytes | field    | meaning             |
    /// |-------|----------|---------------------|
    /// | 1, n  | `emails` | number, [`Email`]s  |
    pub struct Emails<'a> {
        /// Which.
        emails: FewCounted<Email<'a>>,
    }

    /// Who may add the person, and who sees them: 0x0424.
    ///
    /// | bytes | field     | meaning        |
    /// |-------|-----------|----------------|
    /// | 3     | `flags`   | [`Security`]   |
    /// | 1     | `unknown` | 0              |
    pub struct SetSecurity {
        /// Who.
        flags: Security,
        /// 0.
        unknown: u8,
    }

    /// Details: 0x055F, 0x0569, 0x0573, 0x0C3A, TLVs. Changes leave alone what they do not name.
    pub struct Details<'a> {
        /// Which.
        tlvs: Chain<Detail<'a>>,
    }

    /// A random chat group: 0x074E, 0x0758.
    ///
    /// | bytes | field   |
    /// |-------|---------|
    /// | 2     | `group` |
    pub struct RandomGroup {
        /// Which.
        group: u16,
    }

    /// A setting: 0x0898, and its answer 0x08A2.
    ///
    /// | bytes | field |
    /// |-------|-------|
    /// | lstr  | `xml` |
    pub struct Xml<'a> {
        /// Its name, or its value.
        xml: &'a [u8],
    }
}
