//! A person's details in ICQ's numbers (`icq-udp.md` §10.4).

use crate::icq::wire::text::Charset;
use crate::model::{Birthday, Gender};

/// The gender that a byte says.
pub(super) const fn gender(byte: u8) -> Option<Gender> {
    match byte {
        1 => Some(Gender::Female),
        2 => Some(Gender::Male),
        _ => None,
    }
}

/// The byte for a gender.
pub(super) const fn gender_byte(gender: Option<Gender>) -> u8 {
    match gender {
        None => 0,
        Some(Gender::Female) => 1,
        Some(Gender::Male) => 2,
    }
}

/// The age that a number says.
pub(super) fn age(number: u16) -> Option<u16> {
    (number != 0 && number != UNSPECIFIED).then_some(number)
}

/// The country that a number says, 0 for none.
pub(super) const fn country(number: u16) -> u16 {
    match number {
        UNSPECIFIED => 0,
        number => number,
    }
}

/// Minutes east of Greenwich, of half hours west of it.
pub(super) fn utc_offset(byte: u8) -> Option<i16> {
    let west = byte.cast_signed();
    (-24..=28).contains(&west).then(|| -i16::from(west) * 30)
}

/// Half hours west of Greenwich, of minutes east of it.
pub(super) fn timezone_byte(utc_offset: Option<i16>) -> u8 {
    let west = utc_offset.and_then(|east| i8::try_from(-(i32::from(east) / 30)).ok());
    west.map_or(NO_TIMEZONE, i8::cast_unsigned)
}

/// A day of birth, if it is one.
pub(super) fn birthday(year: u16, month: u8, day: u8) -> Option<Birthday> {
    let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then_some(Birthday { year, month, day })
}

/// A postal code, of a number; 0 is none.
pub(super) fn zip(number: u32) -> String {
    match number {
        0 => String::new(),
        number => number.to_string(),
    }
}

/// The number of a postal code; 0 if it is none.
pub(super) fn zip_number(zip: &str) -> u32 {
    zip.trim().parse().unwrap_or_default()
}

/// Categories with their texts.
pub(super) fn decoded(entries: &[(u16, &[u8])], charset: Charset) -> Vec<(u16, String)> {
    entries
        .iter()
        .filter(|(category, text)| *category != 0 || !text.is_empty())
        .map(|(category, text)| (*category, charset.decode(text)))
        .collect()
}

/// Says nothing, of countries and ages.
pub(super) const UNSPECIFIED: u16 = 0xFFFF;

/// Says nothing, of time zones.
const NO_TIMEZONE: u8 = 0x9C;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_counts_half_hours_to_the_west() {
        for (byte, minutes) in [
            (0xFE, Some(60)),
            (0, Some(0)),
            (8, Some(-240)),
            (0xF5, Some(330)),
            (0x9C, None),
        ] {
            assert_eq!(utc_offset(byte), minutes, "{byte:#x}");
            assert_eq!(timezone_byte(minutes), byte, "{minutes:?}");
        }
        assert_eq!(utc_offset(0x7F), None);
        assert_eq!(timezone_byte(Some(i16::MAX)), NO_TIMEZONE);
        assert_eq!(timezone_byte(Some(i16::MIN)), NO_TIMEZONE);
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        assert_eq!((age(0), age(0xFFFF), age(31)), (None, None, Some(31)));
        assert_eq!((country(0xFFFF), country(49)), (0, 49));
        assert_eq!(birthday(1969, 0, 20), None);
        assert_eq!(birthday(1969, 7, 32), None);
        assert_eq!(
            (zip(0), zip_number("10115"), zip_number("AB1")),
            (String::new(), 10_115, 0)
        );
        assert_eq!(gender(3), None);
    }
}
