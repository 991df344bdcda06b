//! The calendar of 0x00DC (icq-udp.md §7.5).

/// A moment as 0x00DC tells it: UTC, to the minute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct UtcMinute {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
}

impl UtcMinute {
    /// The minute in which `secs` seconds after 1970 began lie.
    ///
    /// The calendar is counted in years that begin in March, so that the leap day is a year's last,
    /// and in cycles of 400 such years, which all have equally many days.
    pub(super) fn of(secs: u64) -> Self {
        let days = secs / 86_400 + DAYS_FROM_YEAR_0_TO_1970;
        let cycle = days / DAYS_OF_400_YEARS;
        let day_of_cycle = days % DAYS_OF_400_YEARS;
        let year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524
            - day_of_cycle / 146_096)
            / 365;
        let day_of_year =
            day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = cycle * 400 + year_of_cycle + u64::from(month <= 2);
        let narrow = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
        Self {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: narrow(month),
            day: narrow(day),
            hour: narrow(secs / 3600 % 24),
            minute: narrow(secs / 60 % 60),
        }
    }
}

const DAYS_FROM_YEAR_0_TO_1970: u64 = 719_468;
const DAYS_OF_400_YEARS: u64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_date_and_its_minute() {
        for (secs, expected) in [
            (0, (1970, 1, 1, 0, 0)),
            (951_782_399, (2000, 2, 28, 23, 59)),
            (951_782_400, (2000, 2, 29, 0, 0)),
            (951_868_800, (2000, 3, 1, 0, 0)),
            (1_000_000_000, (2001, 9, 9, 1, 46)),
            (1_735_689_599, (2024, 12, 31, 23, 59)),
            (4_107_542_400, (2100, 3, 1, 0, 0)),
        ] {
            let moment = UtcMinute::of(secs);
            let UtcMinute {
                year,
                month,
                day,
                hour,
                minute,
            } = moment;
            assert_eq!((year, month, day, hour, minute), expected, "{secs}");
        }
    }

    #[test]
    fn the_end_of_time_is_some_date() {
        let moment = UtcMinute::of(u64::MAX / 1000);

        assert_eq!(moment.year, u16::MAX);
    }
}
