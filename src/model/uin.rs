//! The number that names somebody on ICQ.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A UIN: the number that names somebody on ICQ, 32 bits on every wire.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
pub struct Uin(pub u32);

impl Uin {
    /// Reads what a person types: spaces, `-` and `.` between the digits, `icq:` or `uin:` before
    /// them and zeros at their start are forgiven (xmpp-gateway.md §2.2).
    ///
    /// `lowest` is the smallest number that counts: ICQ's own began at 10 000, private servers hand
    /// out smaller ones.
    pub fn from_person(text: &str, lowest: Self) -> Result<Self, NotAUin> {
        let text = text.trim();
        let text = strip_prefix_ignoring_case(text, "icq:")
            .or_else(|| strip_prefix_ignoring_case(text, "uin:"))
            .unwrap_or(text);
        let digits: String = text
            .chars()
            .filter(|&c| !(c.is_whitespace() || c == '-' || c == '.'))
            .collect();
        Self::from_digits(&digits)
            .filter(|&uin| uin >= lowest)
            .ok_or(NotAUin)
    }

    /// Reads the decimal form that [`Display`](fmt::Display) writes; zeros at its start are dropped.
    pub fn from_digits(digits: &str) -> Option<Self> {
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().filter(|&n| n != 0).map(Self)
    }
}

impl fmt::Display for Uin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The text is not an ICQ number.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not an ICQ number")]
pub struct NotAUin;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_a_number() {
        for typed in [
            "123456789",
            "123-456-789",
            " 123 456 789 ",
            "icq:123456789",
            "UIN: 0123.456.789",
        ] {
            assert_eq!(
                Uin::from_person(typed, Uin(10_000)),
                Ok(Uin(123_456_789)),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_refused() {
        for typed in [
            "",
            "icq:",
            "12a45",
            "9999",
            "4294967296",
            "-",
            "１２３４５６",
            "+123456",
        ] {
            assert_eq!(
                Uin::from_person(typed, Uin(10_000)),
                Err(NotAUin),
                "{typed:?}"
            );
        }
        assert_eq!(Uin::from_person("1001", Uin(1)), Ok(Uin(1001)));
        assert_eq!(Uin::from_digits("0"), None);
    }
}
