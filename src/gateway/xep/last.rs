//! Last activity (XEP-0012): of the gateway, since when it runs. ICQ of this age tells neither how long a
//! contact has been idle nor when it was last seen.

use super::{Answer, Extension, Place, Question};
use crate::gateway::words;
use crate::xmpp::payload::last::{Last, NS};
use crate::xmpp::{Condition, Refusal};

pub(super) const LAST: Extension = Extension {
    namespace: NS,
    places: &[Place::Gateway],
    answer: Some(last),
};

fn last(question: &Question<'_>) -> Answer {
    question.expect_get("query")?;
    match question.place {
        Place::Gateway => {
            let up = question.now.instant - question.shared.started.instant;
            let result = Last {
                seconds: Some(up.as_secs()),
            };
            Ok(Some(result.into()))
        }
        Place::Account | Place::Client => Err(Refusal::new(
            Condition::ServiceUnavailable,
            words::WRONG_PLACE,
        )),
    }
}
