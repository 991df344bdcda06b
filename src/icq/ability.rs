//! What a protocol can carry beyond messages and presence. What it cannot is not offered to its users.

use super::wire::Version;
use crate::model::{Question, Search};

/// Something that not every protocol can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ability {
    /// [`Question::Details`].
    Details,
    /// [`Search::Number`], [`Search::Email`] and [`Search::Names`].
    Search,
    /// [`Search::WhitePages`].
    WhitePages,
    /// [`Question::Publish`].
    Publish,
    /// [`Question::RequireAuthorisation`].
    RequireAuthorisation,
    /// [`Question::ChangePassword`].
    ChangePassword,
    /// [`Question::JoinRandom`] and [`Question::MeetRandom`].
    MeetRandom,
    /// A new number can be had from the server.
    NewNumber,
}

impl Ability {
    /// What a question needs.
    pub const fn of(question: &Question) -> Self {
        match question {
            Question::Details(_) => Self::Details,
            Question::Search(Search::WhitePages(_)) => Self::WhitePages,
            Question::Search(_) => Self::Search,
            Question::Publish(_) => Self::Publish,
            Question::RequireAuthorisation(_) => Self::RequireAuthorisation,
            Question::ChangePassword(_) => Self::ChangePassword,
            Question::JoinRandom(_) | Question::MeetRandom(_) => Self::MeetRandom,
        }
    }
}

impl Version {
    /// Whether this version can do that (`icq-udp.md` §5, §8).
    pub const fn can(self, ability: Ability) -> bool {
        match ability {
            Ability::Details | Ability::Search => !matches!(self, Self::V1),
            Ability::WhitePages | Ability::MeetRandom => matches!(self, Self::V5),
            Ability::Publish => !matches!(self, Self::V1),
            Ability::RequireAuthorisation => matches!(self, Self::V3 | Self::V5),
            Ability::ChangePassword => matches!(self, Self::V2 | Self::V3 | Self::V5),
            Ability::NewNumber => matches!(self, Self::V2 | Self::V4 | Self::V5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Uin, WhitePages};

    #[test]
    fn the_white_pages_are_for_those_whose_protocol_has_them() {
        let white_pages = Question::Search(Search::WhitePages(Box::<WhitePages>::default()));
        let number = Question::Search(Search::Number(Uin(1001)));

        assert!(Version::V5.can(Ability::of(&white_pages)));
        assert!(!Version::V2.can(Ability::of(&white_pages)));
        assert!(Version::V2.can(Ability::of(&number)));
    }
}
