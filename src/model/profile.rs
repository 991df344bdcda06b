//! What somebody tells about themselves.

use serde::{Deserialize, Serialize};

use super::Introduction;

/// The short form of a person's profile. A field the person left out is empty.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Profile {
    /// Nickname.
    pub nick: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// E-mail address.
    pub email: String,
    /// Whoever wants this person on a contact list has to ask.
    pub authorisation_required: bool,
}

impl Profile {
    /// The name to show: nickname, else first and last name, else nothing.
    pub fn name(&self) -> Option<String> {
        let nick = self.nick.trim();
        if !nick.is_empty() {
            return Some(nick.to_owned());
        }
        let full = format!("{} {}", self.first.trim(), self.last.trim());
        let full = full.trim();
        (!full.is_empty()).then(|| full.to_owned())
    }
}

impl From<&Introduction> for Profile {
    fn from(from: &Introduction) -> Self {
        Self {
            nick: from.nick.clone(),
            first: from.first.clone(),
            last: from.last.clone(),
            email: from.email.clone(),
            authorisation_required: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_shown_by_nickname_else_by_full_name() {
        let benvolio = Profile {
            nick: "Ben".into(),
            first: "Benvolio".into(),
            ..Profile::default()
        };
        assert_eq!(benvolio.name().as_deref(), Some("Ben"));

        let nameless = Profile {
            first: "Benvolio".into(),
            nick: " ".into(),
            ..Profile::default()
        };
        assert_eq!(nameless.name().as_deref(), Some("Benvolio"));
        assert_eq!(Profile::default().name(), None);
    }
}
