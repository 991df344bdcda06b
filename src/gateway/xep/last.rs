//! Last activity (XEP-0012): of the gateway, since when it runs; of a contact who is offline, since when.
//! How long one who is online has been idle, ICQ of this age does not tell.

use std::time::Duration;

use super::{Answer, Extension, Place, Question, Respond};
use crate::gateway::words;
use crate::xmpp::payload::last::{Last, NS};
use crate::xmpp::{Condition, Refusal};

pub(super) const LAST: Extension = Extension {
    namespace: NS,
    places: &[Place::Gateway, Place::Account],
    needs: None,
    respond: Respond::With(last),
};

fn last(question: &Question<'_>) -> Answer {
    question.expect_get("query")?;
    let last_seen = question.contact.and_then(|contact| contact.last_seen);
    let since: Option<Duration> = match question.place {
        Place::Gateway => Some(question.now.instant - question.shared.started.instant),
        Place::Account => last_seen.map(|seen| question.now.unix.since(seen)),
        Place::Client => None,
    };
    let since =
        since.ok_or_else(|| Refusal::new(Condition::ServiceUnavailable, words::NOT_KNOWN))?;
    let result = Last {
        seconds: Some(since.as_secs()),
    };
    Ok(Some(result.into()))
}
