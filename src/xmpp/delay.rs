//! XEP-0203: when something was really said.

use minidom::Element;
use minidom::rxml::xml_ncname;
use xmpp_parsers::jid::DomainRef;
use xmpp_parsers::ns;

use crate::model::UnixTime;

/// `<delay/>`: the gateway at `domain` has it since `stamp`.
pub fn delay(domain: &DomainRef, stamp: UnixTime) -> Element {
    Element::builder("delay", ns::DELAY)
        .attr(xml_ncname!("from").to_owned(), domain.as_str())
        .attr(xml_ncname!("stamp").to_owned(), date_time(stamp))
        .build()
}

/// A moment as XEP-0082 writes it, in whole seconds.
pub fn date_time(time: UnixTime) -> String {
    let (days, second) = (time.secs() / DAY, time.secs() % DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of the day that is `days` after 1970-01-01.
///
/// Counts in years that begin on 1 March, so that the leap day is the last of its year, and in eras of
/// 400 years, which all have the same number of days.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_FROM_0000_03_01_TO_1970;
    let (era, day) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

const DAY: u64 = 24 * 3600;
const DAYS_PER_ERA: u64 = 146_097;
const DAYS_FROM_0000_03_01_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        for (secs, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_763_985_600, "2025-11-24T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(date_time(UnixTime::from_secs(secs)), written);
        }
        // Whatever a clock says, nothing overflows.
        assert!(date_time(UnixTime(u64::MAX)).ends_with('Z'));
    }

    #[test]
    fn a_delay_names_the_gateway() {
        let domain = "icq.example.org".parse::<xmpp_parsers::jid::DomainPart>();

        let element = delay(&domain.unwrap(), UnixTime::from_secs(1_031_612_905));

        let expected = "<delay xmlns='urn:xmpp:delay' from='icq.example.org' \
                        stamp='2002-09-09T23:08:25Z'/>";
        assert_eq!(element, expected.parse().unwrap());
    }
}
