//! `jabber:iq:gateway` (XEP-0100 §6.3, xmpp-gateway.md §20.1): from what a person types to a JID, without
//! asking the network.

use super::{Answer, Extension, Place, Question, malformed, wrong_place};
use crate::gateway::words;
use crate::model::{NotAUin, Uin};
use crate::xmpp::payload::gateway::{Gateway, NS};
use crate::xmpp::{Condition, Refusal, address};

pub(super) const GATEWAY: Extension = Extension {
    namespace: NS,
    places: &[Place::Gateway],
    answer: Some(prompt),
};

fn prompt(question: &Question<'_>) -> Answer {
    match question.place {
        Place::Gateway => {}
        Place::Account | Place::Client => return Err(wrong_place()),
    }
    let payload = question.request.payload.clone();
    let asked = Gateway::try_from(payload).map_err(|_| malformed())?;
    if !question.request.set {
        let form = Gateway {
            desc: Some(words::PROMPT.to_owned()),
            prompt: Some(words::PROMPT_FIELD.to_owned()),
            jid: None,
        };
        return Ok(Some(form.into()));
    }
    let typed = asked.prompt.ok_or_else(malformed)?;
    let settings = &question.shared.settings;
    let uin = Uin::from_person(&typed, settings.lowest_uin)
        .map_err(|NotAUin| Refusal::new(Condition::NotAcceptable, words::NOT_A_NUMBER))?;
    let result = Gateway {
        jid: Some(address::contact(uin, &settings.domain).into()),
        ..Gateway::default()
    };
    Ok(Some(result.into()))
}
