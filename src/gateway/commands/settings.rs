//! How the gateway behaves (xmpp-gateway.md §23.4): on the first page towards ICQ, on the second in XMPP.

use super::{Command, Filled, Form, Page, Place, Turn, View, always};
use crate::gateway::action::{Action, Setting};
use crate::gateway::{charsets, register, words};
use crate::icq::wire::text::Charset;
use crate::store::OnAdded;

pub(super) const SETTINGS: Command = Command {
    node: "settings",
    name: words::SETTINGS,
    place: Place::Gateway,
    needs: None,
    offered: always,
    start: |view| Turn::page(first_page(view), first),
};

fn first_page(view: &View<'_>) -> Form {
    let registration = view.registration;
    let preferences = view.env.preferences;
    let modes = register::MODES.map(|(_, value, label)| (value.to_owned(), label.to_owned()));
    let charsets = charsets::ALL.iter();
    let charsets = charsets.map(|(label, name)| ((*label).to_owned(), (*name).to_owned()));
    Form::new(words::SETTINGS, "")
        .choice(
            "mode",
            words::FIELD_MODE,
            modes,
            register::mode_name(registration.mode),
        )
        .choice(
            "charset",
            words::FIELD_CHARSET,
            charsets,
            &registration.charset,
        )
        .flag("invisible", words::BE_INVISIBLE, preferences.invisible)
        .flag("web-aware", words::WEB_AWARE, preferences.web_aware)
}

fn first(view: &View<'_>, filled: &Filled) -> Turn {
    let mut settings = Vec::new();
    for name in ["mode", "charset", "invisible", "web-aware"] {
        match changed(name, filled) {
            Ok(setting) => settings.extend(setting),
            Err(again) => return again,
        }
    }
    Turn::Page(Page {
        form: second_page(view),
        last: true,
        then: Box::new(move |_, filled| {
            let mut settings = settings.clone();
            for name in ["import", "on-added"] {
                match changed(name, filled) {
                    Ok(setting) => settings.extend(setting),
                    Err(again) => return again,
                }
            }
            Turn::act(Action::Set(settings))
        }),
    })
}

fn second_page(view: &View<'_>) -> Form {
    let on_added = ON_ADDED.map(|(_, value, label)| (value.to_owned(), label.to_owned()));
    let current = view.env.preferences.on_added;
    let mut current_name = ON_ADDED.iter().filter(|(it, ..)| *it == current);
    let current = current_name.next().map_or("", |(_, value, _)| value);
    Form::new(words::SETTINGS, "")
        .flag(
            "import",
            words::FIELD_IMPORT,
            view.registration.import_contacts,
        )
        .choice("on-added", words::ON_ADDED, on_added, current)
}

/// What a field says, if it is there.
fn changed(name: &str, filled: &Filled) -> Result<Option<Setting>, Turn> {
    match filled.text(name) {
        "" => Ok(None),
        value => setting(name, value)
            .map(Some)
            .map_err(|text| Turn::Again(text.into())),
    }
}

/// A setting by its name and value, as forms and the chat window write them.
pub(in crate::gateway) fn setting(name: &str, value: &str) -> Result<Setting, String> {
    let not_a_choice = |label| words::bad_field(label, words::NOT_A_CHOICE);
    let flag = |label| match value {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(not_a_choice(label)),
    };
    Ok(match name {
        "mode" => {
            Setting::Mode(register::mode_of(value).ok_or_else(|| not_a_choice(words::FIELD_MODE))?)
        }
        "charset" if Charset::from_label(value).is_some() => Setting::Charset(value.to_owned()),
        "charset" => return Err(not_a_choice(words::FIELD_CHARSET)),
        "import" => Setting::Import(flag(words::FIELD_IMPORT)?),
        "invisible" => Setting::Invisible(flag(words::BE_INVISIBLE)?),
        "web-aware" => Setting::WebAware(flag(words::WEB_AWARE)?),
        "on-added" => {
            let mut known = ON_ADDED.iter().filter(|(_, name, _)| *name == value);
            let known = known.next().map(|(on_added, ..)| *on_added);
            Setting::OnAdded(known.ok_or_else(|| not_a_choice(words::ON_ADDED))?)
        }
        _ => return Err(words::NO_SUCH_SETTING.to_owned()),
    })
}

/// With their names for programs and for people.
pub(in crate::gateway) const ON_ADDED: [(OnAdded, &str, &str); 3] = [
    (OnAdded::Ask, "ask", words::ON_ADDED_ASK),
    (OnAdded::Note, "note", words::ON_ADDED_NOTE),
    (OnAdded::Ignore, "ignore", words::ON_ADDED_IGNORE),
];
