//! The people who have a number.

use crate::model::{Secret, Uin};

/// Somebody who has a number, and what they tell about themselves.
///
/// Texts are bytes in whatever code page their owner writes: the server passes them on unread, as
/// servers of the time did.
#[derive(Clone, Debug)]
pub struct Account {
    /// Their number.
    pub uin: Uin,
    /// Their password, byte for byte a character (see [`Account::new`]).
    pub password: Secret,
    /// Nickname.
    pub nick: Vec<u8>,
    /// First name.
    pub first: Vec<u8>,
    /// Last name.
    pub last: Vec<u8>,
    /// E-mail addresses: primary, secondary, old.
    pub emails: [Vec<u8>; 3],
    /// Whoever wants to put them on a list has to ask.
    pub authorisation_required: bool,
    /// The status may be shown on the web.
    pub web_aware: u8,
    /// The third byte of META 0x0424, which nobody interprets the same way.
    pub direct_connections: u8,
    /// What META 0x03E9 says about publishing the primary e-mail address.
    pub publish_email: u8,
    /// Where they live: META 0x00C8.
    pub home: Home,
    /// Where they work: META 0x00D2.
    pub work: Work,
    /// Age and such: META 0x00DC.
    pub more: More,
    /// What they say about themselves: META 0x00E6.
    pub about: Vec<u8>,
    /// What interests them: META 0x00F0.
    pub interests: Vec<(u16, Vec<u8>)>,
    /// Where they were: META 0x00FA.
    pub past: Vec<(u16, Vec<u8>)>,
    /// Where they belong: META 0x00FA.
    pub affiliations: Vec<(u16, Vec<u8>)>,
    /// The category of their home page: META 0x010E.
    pub homepage_category: HomepageCategory,
    /// What only groupware knows.
    pub groupware: Groupware,
}

/// What only groupware knows of somebody (icq-udp.md §9).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Groupware {
    /// The department, a number of the departments list.
    pub department: u32,
    /// Pager.
    pub pager: Vec<u8>,
    /// Notes about oneself.
    pub notes: Vec<u8>,
    /// When the notes changed: unix time.
    pub notes_time: u32,
}

/// Where somebody lives.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Home {
    /// City.
    pub city: Vec<u8>,
    /// State.
    pub state: Vec<u8>,
    /// Telephone.
    pub phone: Vec<u8>,
    /// Fax.
    pub fax: Vec<u8>,
    /// Street.
    pub street: Vec<u8>,
    /// Mobile telephone.
    pub cellular: Vec<u8>,
    /// Postal code.
    pub zip: Vec<u8>,
    /// Country, a calling code (icq-udp.md §10.4).
    pub country: u16,
    /// Half hours west of Greenwich (icq-udp.md §10.4).
    pub timezone: u8,
}

/// Where somebody works.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Work {
    /// City.
    pub city: Vec<u8>,
    /// State.
    pub state: Vec<u8>,
    /// Telephone.
    pub phone: Vec<u8>,
    /// Fax.
    pub fax: Vec<u8>,
    /// Street.
    pub street: Vec<u8>,
    /// Postal code.
    pub zip: Vec<u8>,
    /// Country, a calling code.
    pub country: u16,
    /// Company.
    pub company: Vec<u8>,
    /// Department.
    pub department: Vec<u8>,
    /// Position.
    pub position: Vec<u8>,
    /// Occupation, a code.
    pub occupation: u16,
    /// The company's page.
    pub homepage: Vec<u8>,
}

/// Age and such.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct More {
    /// Age in years; 0 unspecified.
    pub age: u16,
    /// 0 unspecified, 1 female, 2 male.
    pub gender: u8,
    /// Personal page.
    pub homepage: Vec<u8>,
    /// Year of birth; 0 unspecified.
    pub birth_year: u16,
    /// Month of birth.
    pub birth_month: u8,
    /// Day of birth.
    pub birth_day: u8,
    /// Languages spoken, codes.
    pub languages: [u8; 3],
}

/// The category of somebody's home page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HomepageCategory {
    /// Whether they have chosen one.
    pub enabled: u8,
    /// Which.
    pub index: u16,
    /// Its description.
    pub text: Vec<u8>,
}

impl Account {
    /// Somebody with a number, a password and nothing to tell. A password outside ASCII is written
    /// with one character, U+0000 to U+00FF, for each of its bytes.
    pub fn new(uin: Uin, password: impl Into<String>) -> Self {
        Self {
            uin,
            password: Secret::new(password),
            nick: Vec::new(),
            first: Vec::new(),
            last: Vec::new(),
            emails: Default::default(),
            authorisation_required: false,
            web_aware: 0,
            direct_connections: 0,
            publish_email: 0,
            home: Home::default(),
            work: Work::default(),
            more: More::default(),
            about: Vec::new(),
            interests: Vec::new(),
            past: Vec::new(),
            affiliations: Vec::new(),
            homepage_category: HomepageCategory::default(),
            groupware: Groupware::default(),
        }
    }

    /// With these names.
    #[must_use]
    pub fn named(
        mut self,
        nick: impl Into<Vec<u8>>,
        first: impl Into<Vec<u8>>,
        last: impl Into<Vec<u8>>,
    ) -> Self {
        self.nick = nick.into();
        self.first = first.into();
        self.last = last.into();
        self
    }

    /// With this primary e-mail address.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<Vec<u8>>) -> Self {
        self.emails[0] = email.into();
        self
    }

    /// Whoever wants to put them on a list has to ask.
    #[must_use]
    pub const fn requiring_authorisation(mut self) -> Self {
        self.authorisation_required = true;
        self
    }

    /// Whether this is the password, in a time that says nothing about where it is wrong.
    pub(super) fn has_password(&self, tried: &[u8]) -> bool {
        let right = self.password.reveal();
        let mut difference = usize::from(right.chars().count() != tried.len());
        for (index, byte) in tried.iter().enumerate() {
            let expected = right.chars().nth(index).map_or(0, u32::from);
            difference |= usize::from(expected != u32::from(*byte));
        }
        difference == 0
    }

    /// Changes the password.
    pub(super) fn set_password(&mut self, password: &[u8]) {
        self.password = secret(password);
    }
}

/// A password as it came in a packet.
pub(super) fn secret(password: &[u8]) -> Secret {
    Secret::new(
        password
            .iter()
            .map(|&byte| char::from(byte))
            .collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_password_is_right() {
        let account = Account::new(Uin(1), "pass0001");

        assert!(account.has_password(b"pass0001"));
        for wrong in [&b""[..], b"pass000", b"pass00011", b"Pass0001", b"pass0002"] {
            assert!(!account.has_password(wrong));
        }
    }

    #[test]
    fn a_password_may_hold_any_byte() {
        let mut account = Account::new(Uin(1), "");

        account.set_password(b"\xEF\xE0\xF0\xEE\xEB\xFC");

        assert!(account.has_password(b"\xEF\xE0\xF0\xEE\xEB\xFC"));
        assert!(!account.has_password("пароль".as_bytes()));
    }
}
