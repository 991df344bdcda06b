//! One thing about a person, to search for or to set: TLVs, little-endian (`oscar.md` §3.15.6).

use super::Category;
use crate::icq::oscar::parts::parts;
use crate::icq::oscar::tlv::tlvs;
use crate::icq::wire::layout;
use crate::model::Uin;

tlvs! {
    /// The TLVs of 0x055F, 0x0569, 0x0573 and 0x0C3A.
    pub enum Detail {
        /// UIN.
        0x0136 uin Uin(Uin),
        /// First name.
        0x0140 first First(&'a [u8]),
        /// Last name.
        0x014A last Last(&'a [u8]),
        /// Nickname.
        0x0154 nick Nick(&'a [u8]),
        /// E-mail address.
        0x015E email Email(EmailDetail<'a>),
        /// Youngest and oldest.
        0x0168 age_range AgeRange(AgeRange),
        /// Age.
        0x0172 age Age(u16),
        /// 1 female, 2 male.
        0x017C gender Gender(u8),
        /// Language (appendix A).
        0x0186 language Language(u16),
        /// City at home.
        0x0190 home_city HomeCity(&'a [u8]),
        /// State or province at home.
        0x019A home_state HomeState(&'a [u8]),
        /// Country (appendix A).
        0x01A4 home_country HomeCountry(u16),
        /// Company.
        0x01AE company Company(&'a [u8]),
        /// Department.
        0x01B8 department Department(&'a [u8]),
        /// Position.
        0x01C2 position Position(&'a [u8]),
        /// Occupation.
        0x01CC occupation Occupation(u16),
        /// Where the person was. In IServerd where they are.
        0x01D6 past Past(Category<'a>),
        /// What interests them.
        0x01EA interests Interests(Category<'a>),
        /// Where the person is. In IServerd where they were.
        0x01FE affiliations Affiliations(Category<'a>),
        /// What the homepage is about.
        0x0212 homepage_cat HomepageCategory(Category<'a>),
        /// Homepage.
        0x0213 homepage Homepage(&'a [u8]),
        /// Words, wherever they stand.
        0x0226 keywords Keywords(&'a [u8]),
        /// 1: only who is online.
        0x0230 online_only OnlineOnly(u8),
        /// Birthday.
        0x023A birth Birth(BirthDetail),
        /// What the person says about themselves.
        0x0258 about About(&'a [u8]),
        /// Street at home.
        0x0262 home_street HomeStreet(&'a [u8]),
        /// Postal code at home.
        0x026C home_zip HomeZip(u32),
        /// Postal code at home, as IServerd keeps it.
        0x026D home_zip_text HomeZipText(&'a [u8]),
        /// Telephone at home.
        0x0276 home_phone HomePhone(&'a [u8]),
        /// Fax at home.
        0x0280 home_fax HomeFax(&'a [u8]),
        /// Mobile number.
        0x028A cell Cell(&'a [u8]),
        /// Street at work.
        0x0294 work_street WorkStreet(&'a [u8]),
        /// City at work.
        0x029E work_city WorkCity(&'a [u8]),
        /// State or province at work.
        0x02A8 work_state WorkState(&'a [u8]),
        /// Country at work.
        0x02B2 work_country WorkCountry(u16),
        /// Postal code at work.
        0x02BC work_zip WorkZip(u32),
        /// Telephone at work.
        0x02C6 work_phone WorkPhone(&'a [u8]),
        /// Fax at work.
        0x02D0 work_fax WorkFax(&'a [u8]),
        /// Homepage of the company.
        0x02DA work_web WorkWeb(&'a [u8]),
        /// 0: wants to be asked. In IServerd this is `WebAware`: there 0x0424 is better.
        0x02F8 auth_flag Authorisation(u8),
        /// 1: the status may be shown on the web.
        0x030C webaware WebAware(u8),
        /// Half hours west of Greenwich.
        0x0316 gmt_offset GmtOffset(u8),
        /// Where the person is from: city.
        0x0320 orig_city OriginCity(&'a [u8]),
        /// Where the person is from: state or province.
        0x032A orig_state OriginState(&'a [u8]),
        /// Where the person is from: country.
        0x0334 orig_country OriginCountry(u16),
        /// Married or not.
        0x033E marital Marital(u16),
    }
}

layout! {
    /// An e-mail address, and in changes whether it is hidden.
    ///
    /// | bytes | field   | meaning                    |
    /// |-------|---------|----------------------------|
    /// | lstr  | `email` |                            |
    /// | 1     | `hide`  | 1: hidden; not in searches |
    pub struct EmailDetail<'a> {
        /// The address.
        email: &'a [u8],
        /// 1: hidden; not in searches.
        hide: Option<u8>,
    }

    /// Youngest and oldest.
    pub struct AgeRange {
        /// Not younger.
        min: u16,
        /// Not older.
        max: u16,
    }

    /// A birthday: year, month, day, of two bytes each.
    pub struct BirthDetail {
        /// The year.
        year: u16,
        /// The month.
        month: u16,
        /// The day.
        day: u16,
    }
}

parts! {
    list AgeRange, 4;
    list BirthDetail, 6;
}

/// Flat, unlike other parts: its fields are the list's.
impl<'a> crate::icq::wire::Part<'a> for EmailDetail<'a> {
    fn read(
        reader: &mut crate::icq::wire::Reader<'a>,
        _name: &'static str,
    ) -> Result<Self, crate::icq::wire::DecodeError> {
        crate::icq::wire::Layout::read(reader)
    }

    fn write(&self, writer: &mut crate::icq::wire::Writer<'_>) {
        crate::icq::wire::Layout::write(self, writer);
    }

    fn fits(reader: &crate::icq::wire::Reader<'a>) -> bool {
        reader.lstr_fits()
    }
}
