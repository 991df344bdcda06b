//! `jabber:iq:gateway` (XEP-0100 §6.3, xmpp-gateway.md §20.1): from what a person types to a JID. A number
//! needs no network, an e-mail address one search.

use minidom::Element;

use super::{Answer, Extension, Place, Question, Respond, Task, malformed, wrong_place};
use crate::gateway::action::{Action, Done, Outcome};
use crate::gateway::{Settings, words};
use crate::icq::Ability;
use crate::model::{NotAUin, Search, Uin};
use crate::xmpp::payload::gateway::{Gateway, NS};
use crate::xmpp::{Condition, Refusal, address};

pub(super) const GATEWAY: Extension = Extension {
    namespace: NS,
    places: &[Place::Gateway],
    needs: None,
    respond: Respond::By(prompt),
};

fn prompt(question: &Question<'_>) -> Result<Task, Refusal> {
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
        return Ok(Task::Answer(Some(form.into())));
    }
    let typed = asked.prompt.ok_or_else(malformed)?;
    let settings = &question.shared.settings;
    let lowest = settings.lowest_uin;
    match Uin::from_person(&typed, lowest) {
        Ok(uin) => Ok(Task::Answer(Some(address(settings, uin)))),
        Err(NotAUin) if typed.contains('@') && can_search(question) => {
            let search = Search::Email(typed.trim().to_owned());
            Ok(Task::Act(Action::Find(search), write))
        }
        Err(NotAUin) => Err(Refusal::new(Condition::NotAcceptable, words::NOT_A_NUMBER)),
    }
}

/// Whoever is not registered has no login to ask with.
fn can_search(question: &Question<'_>) -> bool {
    let version = question.version;
    version.is_some_and(|version| version.can(Ability::Search))
}

fn address(settings: &Settings, uin: Uin) -> Element {
    let result = Gateway {
        jid: Some(address::contact(uin, &settings.domain).into()),
        ..Gateway::default()
    };
    result.into()
}

/// One person has this address, or it names nobody.
fn write(settings: &Settings, done: Done) -> Answer {
    let refuse = |text| Err(Refusal::new(Condition::ItemNotFound, text));
    match done? {
        Outcome::People { people, .. } => match &people[..] {
            [person] => Ok(Some(address(settings, person.uin))),
            [] => refuse(words::NOBODY_FOUND),
            [..] => refuse(words::SEVERAL_PEOPLE),
        },
        Outcome::Said(_) | Outcome::Card(_) => refuse(words::NOBODY_FOUND),
    }
}
