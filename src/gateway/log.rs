//! What the operator reads about users: who came, who went, who could not, one line each. JID and number,
//! a code for programs and the sentence the user is told; never a word of anybody's messages.

use xmpp_parsers::stanza_error::DefinedCondition;

use super::UserState;
use super::facts::Facts;
use crate::icq::LogoutReason;

/// The login has come from `before` to where it is now.
pub(super) fn state_changed(facts: &Facts, before: &UserState) {
    let (jid, uin, state) = (&facts.jid, facts.registration.uin, &facts.state);
    let (code, sentence) = (state.code(), state.sentence());
    match state {
        UserState::Online => tracing::info!(%jid, %uin, code, "logged in to ICQ"),
        UserState::Retrying(why) | UserState::Barred(why) => {
            let (reason, detail) = (why.code(), why.detail());
            tracing::warn!(%jid, %uin, code, reason, detail, "no ICQ login: {sentence}");
        }
        UserState::Offline | UserState::Paused | UserState::Suspended if before.is_logged_in() => {
            tracing::info!(%jid, %uin, code, "logged out of ICQ: {sentence}");
        }
        UserState::Suspended => tracing::info!(%jid, %uin, code, "{sentence}"),
        UserState::Offline
        | UserState::Queued
        | UserState::Connecting
        | UserState::Loading
        | UserState::Paused => tracing::debug!(%jid, %uin, code, "{sentence}"),
    }
}

/// A message of ours came back, for a reason nothing follows from.
pub(super) fn message_error(facts: &Facts, condition: &DefinedCondition) {
    tracing::debug!(jid = %facts.jid, ?condition, "a message came back");
}

/// Somebody is registered, for the first time or differently.
pub(super) fn registered(facts: &Facts, first: bool) {
    let (jid, uin) = (&facts.jid, facts.registration.uin);
    match first {
        true => tracing::info!(%jid, %uin, "registered"),
        false => tracing::info!(%jid, %uin, "changed the registration"),
    }
}

/// A registration was tried and does not work.
pub(super) fn registration_failed(facts: &Facts, why: &LogoutReason) {
    let (jid, uin) = (&facts.jid, facts.registration.uin);
    let (reason, detail) = (why.code(), why.detail());
    tracing::warn!(%jid, %uin, reason, detail, "a registration failed");
}

/// Somebody is no longer registered.
pub(super) fn unregistered(facts: &Facts) {
    let (jid, uin) = (&facts.jid, facts.registration.uin);
    tracing::info!(%jid, %uin, "unregistered");
}
