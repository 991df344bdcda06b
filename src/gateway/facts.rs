//! What is true about one user at this moment.

use std::sync::Arc;

use xmpp_parsers::jid::BareJid;

use super::{Env, Network, Privileges, Resources, Shared, UserState};
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
    /// The version of the ICQ protocol that is being spoken, or was last.
    pub(super) speaks: Version,
}

impl Facts {
    /// The version of the ICQ protocol this user has, which says what can be done:
    /// [`Version::can`]. It may differ from login to login.
    pub(super) const fn version(&self) -> Version {
        self.speaks
    }

    /// The network of the registration, if it is offered.
    pub(super) fn network(&self) -> Option<&Network> {
        self.shared.settings.network(&self.registration.network)
    }

    pub(super) fn env(&self) -> Env<'_> {
        Env {
            settings: &self.shared.settings,
            caps: &self.shared.caps,
            jid: &self.jid,
            uin: self.registration.uin,
            preferences: &self.preferences,
            import_contacts: self.registration.import_contacts,
            resources: &self.resources,
            privileges: &self.privileges,
            link_up: self.link_up,
            icq_online: self.icq_online,
            state: &self.state,
            version: self.version(),
        }
    }
}
