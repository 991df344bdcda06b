//! Rare branches, counted from the outside: a run over all seeds has to reach every one of them.

use std::collections::BTreeMap;

macro_rules! rare {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Something that happens seldom and has to happen somewhere.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub(crate) enum Rare {
            $($(#[$doc])* $name,)+
        }

        impl Rare {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

rare! {
    /// The ICQ server got a packet again, because its acknowledgement was lost.
    RepeatedToServer,
    /// A server that does not look for repetitions executed one.
    ExecutedAgain,
    /// The gateway got a packet of the ICQ server again.
    RepeatedToGateway,
    /// A message from ICQ that had been taken was offered again as a stored one.
    OfferedAgain,
    /// Several packets came in one.
    Multi,
    /// The ICQ server closed a login that was under way.
    KickedInLogin,
    /// The ICQ server had forgotten a session with a message on its way.
    SessionForgotten,
    /// A message that a server refused unread left again in another session.
    LeftAgain,
    /// A login found an older session in its place.
    GhostMet,
    /// A session was said goodbye to that is not the present one.
    GhostDismissed,
    /// The ICQ server was too busy for a login.
    BusyServer,
    /// The outbox was full.
    OutboxFull,
    /// A message waited for a login, and was delivered.
    HeldForLogin,
    /// A message waited for a login that did not come.
    HoldExpired,
    /// A message may have arrived: ICQ was silent.
    Unconfirmed,
    /// A long message came back with some of its parts delivered.
    PartlyConfirmed,
    /// A message may have arrived: the gateway had crashed.
    DoubtAfterCrash,
    /// A message that was taken before a crash and surely had not left was delivered after it.
    SentAfterCrash,
    /// A stanza from ICQ was sent again with its id.
    ShownAgain,
    /// An error was sent again.
    ErrorAgain,
    /// A message came from ICQ while the link was down.
    TakenWithoutLink,
    /// The inbox was full.
    InboxFull,
    /// The XMPP server had no place for a message and it was delivered later.
    ReturnedThenShown,
    /// The process was killed with changes not yet written.
    KilledBeforeChanges,
    /// The process was killed with changes written and outputs not yet done.
    KilledAfterChanges,
    /// The process was killed between two outputs.
    KilledBetweenOutputs,
    /// The process was killed while the disk was waited for.
    KilledWaitingForDisk,
    /// A kill lost notes that nobody had waited for.
    NotesLost,
    /// The program was asked to end, and ended in time.
    ShutDown,
    /// Stanzas to the gateway were lost with the link.
    LostToGateway,
    /// Stanzas from the gateway were lost with the link.
    LostFromGateway,
    /// A registration was refused for its password.
    WrongPassword,
    /// A registration got no answer from ICQ in time.
    RegistrationTimedOut,
    /// Somebody unregistered with messages on their way.
    UnregisteredInFlight,
    /// Somebody registered again.
    RegisteredAgain,
    /// Somebody changed to another number.
    NumberChanged,
    /// A login is not tried again by itself.
    Barred,
    /// A login is on the clock.
    Retrying,
    /// Somebody logged out until further notice.
    Paused,
    /// Somebody took the gateway off the roster.
    Suspended,
    /// Somebody came back after that.
    Revived,
    /// ICQ logins ended because the link stayed away.
    LinkGraceExpired,
    /// More contacts were removed at once than a person removes.
    MassRemoval,
    /// A contact asked to be authorised, and was.
    Authorised,
    /// A contact was asked for authorisation, and granted it.
    GrantedByContact,
    /// A contact was asked for authorisation, and refused it.
    DeniedByContact,
    /// A socket could not be opened.
    NoSocket,
    /// A socket was lost with a session on it.
    SocketLost,
}

/// How often each was seen.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    seen: BTreeMap<Rare, u64>,
}

impl Tally {
    pub(crate) fn note(&mut self, rare: Rare) {
        *self.seen.entry(rare).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (rare, times) in &other.seen {
            *self.seen.entry(*rare).or_default() += times;
        }
    }

    pub(crate) fn times(&self, rare: Rare) -> u64 {
        self.seen.get(&rare).copied().unwrap_or_default()
    }

    /// Those never seen.
    pub(crate) fn missing(&self) -> Vec<Rare> {
        let all = Rare::ALL.iter().copied();
        all.filter(|rare| self.times(*rare) == 0).collect()
    }
}
