//! What a protocol can carry beyond messages and presence. What it cannot is not offered to its users.

use super::udp::ToServer;
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
    /// Whether this version can do that: whether it has one of the commands for it (`icq-udp.md` §5,
    /// §8). In versions without a command of its own for [`Ability::RequireAuthorisation`],
    /// [`Question::Publish`] says it, as in all.
    pub fn can(self, ability: Ability) -> bool {
        let has = |command| ToServer::exists_in(command, self);
        match ability {
            // Every version has some commands for these.
            Ability::Details | Ability::Search | Ability::Publish => true,
            Ability::WhitePages => has(META_USER),
            Ability::RequireAuthorisation => has(META_USER) || has(SET_AUTH),
            Ability::ChangePassword => has(META_USER) || has(CHANGE_PASSWORD),
            Ability::MeetRandom => has(RAND_SEARCH),
            Ability::NewNumber => has(NEW_USER),
        }
    }
}

const NEW_USER: u16 = 0x03FC;
const CHANGE_PASSWORD: u16 = 0x049C;
const SET_AUTH: u16 = 0x0514;
const RAND_SEARCH: u16 = 0x056E;
const META_USER: u16 = 0x064A;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Uin, WhitePages};

    #[test]
    fn every_version_can_what_it_has_commands_for() {
        let able = |ability| {
            let able = Version::ALL
                .into_iter()
                .filter(|version| version.can(ability));
            able.map(Version::word).collect::<Vec<_>>()
        };
        for (ability, versions) in [
            (Ability::Details, &[1, 2, 3, 4, 5][..]),
            (Ability::Search, &[1, 2, 3, 4, 5]),
            (Ability::Publish, &[1, 2, 3, 4, 5]),
            (Ability::WhitePages, &[5]),
            (Ability::RequireAuthorisation, &[3, 5]),
            (Ability::ChangePassword, &[1, 2, 3, 5]),
            (Ability::MeetRandom, &[5]),
            (Ability::NewNumber, &[1, 2, 4, 5]),
        ] {
            assert_eq!(able(ability), versions, "{ability:?}");
        }
    }

    #[test]
    fn the_white_pages_are_for_those_whose_protocol_has_them() {
        let white_pages = Question::Search(Search::WhitePages(Box::<WhitePages>::default()));
        let number = Question::Search(Search::Number(Uin(1001)));

        assert!(Version::V5.can(Ability::of(&white_pages)));
        assert!(!Version::V2.can(Ability::of(&white_pages)));
        assert!(Version::V2.can(Ability::of(&number)));
    }
}
