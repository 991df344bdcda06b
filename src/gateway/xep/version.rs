//! Software version (XEP-0092).

use xmpp_parsers::ns;
use xmpp_parsers::version::VersionResult;

use super::{Answer, Extension, Place, Question, Respond};
use crate::gateway::words;
use crate::xmpp::{Condition, Refusal};

pub(super) const VERSION: Extension = Extension {
    namespace: ns::VERSION,
    places: &[Place::Gateway, Place::Client],
    needs: None,
    respond: Respond::With(version),
};

fn version(question: &Question<'_>) -> Answer {
    question.expect_get("query")?;
    let (name, version) = match question.place {
        Place::Gateway => (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        Place::Client => {
            question.expect_online()?;
            ("ICQ client", "unknown")
        }
        Place::Account => {
            return Err(Refusal::new(
                Condition::ServiceUnavailable,
                words::WRONG_PLACE,
            ));
        }
    };
    let result = VersionResult {
        name: name.to_owned(),
        version: version.to_owned(),
        os: None,
    };
    Ok(Some(result.into()))
}
