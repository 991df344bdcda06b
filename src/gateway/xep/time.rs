//! Entity time (XEP-0202): the gateway's own. ICQ of this age tells no time zone of a contact.

use minidom::Element;
use xmpp_parsers::ns;

use super::{Answer, Extension, Place, Question, Respond};
use crate::gateway::words;
use crate::xmpp::{Condition, Refusal, delay};

pub(super) const TIME: Extension = Extension {
    namespace: ns::TIME,
    places: &[Place::Gateway],
    needs: None,
    respond: Respond::With(time),
};

fn time(question: &Question<'_>) -> Answer {
    question.expect_get("time")?;
    match question.place {
        Place::Gateway => {
            let text = |name, text| Element::builder(name, ns::TIME).append(text).build();
            let utc = delay::date_time(question.now.unix);
            let time = Element::builder("time", ns::TIME)
                .append(text("tzo", "+00:00".to_owned()))
                .append(text("utc", utc));
            Ok(Some(time.build()))
        }
        Place::Account | Place::Client => Err(Refusal::new(
            Condition::ServiceUnavailable,
            words::WRONG_PLACE,
        )),
    }
}
