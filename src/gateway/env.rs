//! What the parts of a user may know of the rest of it.

use xmpp_parsers::jid::BareJid;

use super::{Caps, Privileges, Resources, Settings, UserState};
use crate::icq::wire::Version;
use crate::model::Uin;
use crate::store::Preferences;

/// What every part of a [`User`](super::User) is shown when something happens: read only, and true
/// at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Env<'a> {
    /// What the operator decided.
    pub settings: &'a Settings,
    /// What presences say about what their senders can do.
    pub caps: &'a Caps,
    /// The user.
    pub jid: &'a BareJid,
    /// The user's own number.
    pub uin: Uin,
    /// What the user decided.
    pub preferences: &'a Preferences,
    /// The user wants contacts offered to the roster without asking for it.
    pub import_contacts: bool,
    /// Where the user is online in XMPP.
    pub resources: &'a Resources,
    /// What the user's XMPP server lets the gateway do.
    pub privileges: &'a Privileges,
    /// The link to the XMPP server is up.
    pub link_up: bool,
    /// The ICQ session is logged in and its contact list is loaded.
    pub icq_online: bool,
    /// How the ICQ login stands, with a [sentence](UserState::sentence) for people.
    pub state: &'a UserState,
    /// The version of the ICQ protocol the user has, which says what can be done.
    pub version: Version,
}
