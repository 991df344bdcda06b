//! What can be asked about people, and what a person tells about themselves beyond the short profile.

use serde::{Deserialize, Serialize};

use super::{Profile, Secret, Uin};

/// Everything a person tells about themselves. A field left out is empty or `None`.
///
/// Codes are ICQ's own (`icq-udp.md` §10.4): countries, languages, occupations, interests.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Details {
    /// The short form.
    pub profile: Profile,
    /// Further e-mail addresses, the first of them the one that the short form may not show.
    pub emails: Vec<String>,
    /// Where the person lives.
    pub home: Place,
    /// Mobile telephone.
    pub cellular: String,
    /// Where the person works.
    pub work: Place,
    /// Company.
    pub company: String,
    /// Department.
    pub department: String,
    /// Position.
    pub position: String,
    /// Occupation code, 0 unspecified.
    pub occupation: u16,
    /// The company's homepage.
    pub work_homepage: String,
    /// The person's homepage.
    pub homepage: String,
    /// Age in years.
    pub age: Option<u16>,
    /// Gender.
    pub gender: Option<Gender>,
    /// Birthday.
    pub birthday: Option<Birthday>,
    /// Language codes, at most three.
    pub languages: Vec<u8>,
    /// Minutes east of Greenwich.
    pub utc_offset: Option<i16>,
    /// What the person says about themselves.
    pub about: String,
    /// Interests: category and text.
    pub interests: Vec<(u16, String)>,
    /// Where the person belongs: category and text.
    pub affiliations: Vec<(u16, String)>,
    /// Where the person used to belong: category and text.
    pub past: Vec<(u16, String)>,
}

/// An address.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Place {
    /// Street.
    pub street: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Postal code.
    pub zip: String,
    /// Country code, 0 unspecified.
    pub country: u16,
    /// Telephone.
    pub phone: String,
    /// Fax.
    pub fax: String,
}

/// A person's gender, as far as ICQ knows any.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// A day of birth.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Birthday {
    /// Year, 0 if the person does not tell.
    pub year: u16,
    /// Month from 1.
    pub month: u8,
    /// Day from 1.
    pub day: u8,
}

/// Whom to look for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Search {
    /// The owner of this number.
    Number(Uin),
    /// Everybody with this e-mail address.
    Email(String),
    /// Everybody with these names; an empty one does not matter.
    Names {
        /// Nickname.
        nick: String,
        /// First name.
        first: String,
        /// Last name.
        last: String,
    },
    /// Everybody to whom all of this applies.
    WhitePages(Box<WhitePages>),
}

/// The criteria of the white pages; what is empty, 0 or `None` does not matter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WhitePages {
    /// Nickname.
    pub nick: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// E-mail address.
    pub email: String,
    /// Not younger.
    pub min_age: u16,
    /// Not older.
    pub max_age: u16,
    /// Gender.
    pub gender: Option<Gender>,
    /// Language code.
    pub language: u8,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country code.
    pub country: u16,
    /// Company.
    pub company: String,
    /// A word of the interests.
    pub keyword: String,
    /// Only who is online.
    pub online_only: bool,
}

/// Somebody a search found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Who.
    pub uin: Uin,
    /// Their short profile.
    pub profile: Profile,
    /// Whether they are online, where the server tells.
    pub online: Option<bool>,
}

/// A group of people who want to meet somebody (`icq-udp.md` §8.6).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RandomGroup(pub u16);

/// What a user asks an ICQ server beyond messages, presence and lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// Everything somebody tells about themselves. Answer: [`Answer::Details`].
    Details(Uin),
    /// Who fits. Answer: [`Answer::Found`].
    Search(Search),
    /// To show this of oneself from now on. Answer: [`Answer::Done`].
    Publish(Box<Details>),
    /// To require authorisation from whoever wants to add the user, or not. Answer: [`Answer::Done`].
    RequireAuthorisation(bool),
    /// To take this password from now on. Answer: [`Answer::Done`].
    ChangePassword(Secret),
    /// To be found in this group by others, or in none. Answer: [`Answer::Done`].
    JoinRandom(Option<RandomGroup>),
    /// For anybody of this group. Answer: [`Answer::Found`] with one person, or nobody.
    MeetRandom(RandomGroup),
}

/// What the server says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// What somebody tells; parts the server did not send are empty.
    Details(Box<Details>),
    /// Whom the search found, at most [`MOST_FOUND`](Answer::MOST_FOUND).
    Found {
        /// They.
        people: Vec<Found>,
        /// There are more than the server tells.
        more: bool,
    },
    /// It is done.
    Done,
}

impl Answer {
    /// The longest list of people in an answer; servers of record tell 40.
    pub const MOST_FOUND: usize = 100;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoAnswer {
    /// The user's version of the protocol cannot ask this.
    Unsupported,
    /// The server refuses, or says that nobody has this number.
    Refused,
    /// The server did not answer in time: some acknowledge what they do not know and stay silent.
    Silent,
    /// Too many questions are open.
    Busy,
    /// The session ended first.
    SessionEnded,
}
