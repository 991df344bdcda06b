//! Ping (XEP-0199).

use xmpp_parsers::ns;

use super::{Answer, Extension, Place, Question, Respond};

pub(super) const PING: Extension = Extension {
    namespace: ns::PING,
    places: &[Place::Gateway, Place::Account, Place::Client],
    needs: None,
    respond: Respond::With(ping),
};

fn ping(question: &Question<'_>) -> Answer {
    question.expect_get("ping")?;
    match question.place {
        Place::Gateway | Place::Account => Ok(None),
        Place::Client => question.expect_online().map(|()| None),
    }
}
