//! What is true about one user at this moment.

use std::sync::Arc;

use xmpp_parsers::jid::BareJid;

use super::{Env, Privileges, Resources, Shared, UserState};
use crate::icq::wire::Version;
use crate::store::{Preferences, Registration};

/// What is true about one user at this moment, in one place: the parts are shown it as [`Env`].
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) shared: Arc<Shared>,
    pub(super) jid: BareJid,
    /// What the next login uses; while a registration is being tried, the one that is tried.
    pub(super) registration: Registration,
    /// What the user decided.
    pub(super) preferences: Preferences,
    /// The registration is written down and acknowledged.
    pub(super) registered: bool,
    pub(super) resources: Resources,
    pub(super) privileges: Arc<Privileges>,
    pub(super) link_up: bool,
    pub(super) icq_online: bool,
    pub(super) state: UserState,
}

impl Facts {
    /// The version of ICQ's protocol this user speaks: what it cannot carry is not offered.
    pub(super) const fn version(&self) -> Version {
        Version::V5
    }

    pub(super) fn env(&self) -> Env<'_> {
        Env {
            settings: &self.shared.settings,
            caps: &self.shared.caps,
            jid: &self.jid,
            uin: self.registration.uin,
            version: self.version(),
            preferences: &self.preferences,
            import_contacts: self.registration.import_contacts,
            resources: &self.resources,
            privileges: &self.privileges,
            link_up: self.link_up,
            icq_online: self.icq_online,
            state: &self.state,
        }
    }
}
