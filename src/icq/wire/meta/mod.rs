//! META: profiles and searches from V5 on, the same blocks later inside OSCAR family 0x15
//! (`icq-udp.md` §8.4, §8.5).
//!
//! Requests come in an old (even) and a new (odd) variant: a postal code is a number or a text, a
//! birth year one byte or two, a search result bare or behind its length. Replies bear the same
//! number either way, so who reads one should know the [`MetaForm`] of the request; without it the
//! form that fits is taken.

mod blocks;
mod reply;
mod request;

pub use blocks::{
    About, Affiliations, General, HomepageCategory, Interests, More, ShortYear, Work,
};
pub use reply::{Found, FoundPerson, MetaInfo, MetaReply, NobodyFound, Short};
pub use request::{
    Homepage, MetaRequest, NewPassword, Person, SearchEmail, SearchName, Security, Unregister,
    WhitePages,
};

/// Which variant of a request a reply answers.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MetaForm {
    /// Not known: take what fits.
    #[default]
    Unknown,
    /// Even requests: postal code a number, birth year one byte, results bare.
    Old,
    /// Odd requests: postal code a text, birth year two bytes, results behind their length.
    New,
}

impl MetaForm {
    /// The form of the replies to request `subcmd`.
    pub const fn of(subcmd: u16) -> Self {
        if subcmd.is_multiple_of(2) {
            Self::Old
        } else {
            Self::New
        }
    }
}
