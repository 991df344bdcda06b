//! Whom to look for: the form that asks, and what its fields come to (xmpp-gateway.md §20.2). Shared by
//! XEP-0055, the command and the chat window.

use super::commands::{Filled, Form};
use super::words;
use crate::icq::Ability;
use crate::icq::wire::Version;
use crate::model::codes::{COUNTRIES, LANGUAGES};
use crate::model::{Gender, Search, Uin, WhitePages};
use crate::xmpp::{Condition, Refusal};

/// The form; what the version cannot ask for is not in it.
pub(super) fn form(version: Version) -> Form {
    let form = Form::new(words::FIND_TITLE, words::FIND_INSTRUCTIONS)
        .text("uin", words::FIELD_UIN, "")
        .text("nick", words::NICK, "")
        .text("first", words::FIRST, "")
        .text("last", words::LAST, "")
        .text("email", words::EMAIL, "");
    if !version.can(Ability::WhitePages) {
        return form;
    }
    form.text("city", words::CITY, "")
        .code("country", words::COUNTRY, COUNTRIES, 0)
        .choice("gender", words::GENDER, genders(), "0")
        .text("age_min", words::AGE_MIN, "")
        .text("age_max", words::AGE_MAX, "")
        .code("language", words::LANGUAGE, LANGUAGES, 0)
        .text("keyword", words::KEYWORD, "")
        .flag("online", words::ONLINE_ONLY, false)
}

/// Choices of a gender, by ICQ's codes.
pub(super) fn genders() -> [(String, String); 3] {
    [("0", "—"), ("1", words::FEMALE), ("2", words::MALE)]
        .map(|(value, label)| (value.to_owned(), label.to_owned()))
}

/// The gender with that code.
pub(super) const fn gender(code: u16) -> Option<Gender> {
    match code {
        1 => Some(Gender::Female),
        2 => Some(Gender::Male),
        _ => None,
    }
}

/// What the fields of the form ask for.
pub(super) fn search(filled: &Filled, lowest: Uin, version: Version) -> Result<Search, Refusal> {
    let bad = |label, why| Refusal::new(Condition::NotAcceptable, words::bad_field(label, why));
    let number = filled.text("uin");
    if !number.is_empty() {
        let uin = Uin::from_person(number, lowest)
            .map_err(|_| bad(words::FIELD_UIN, words::NOT_A_NUMBER))?;
        return Ok(Search::Number(uin));
    }
    let code = |var, label| {
        filled
            .code(var)
            .ok_or_else(|| bad(label, words::NOT_A_CHOICE))
    };
    let age = |var, label| {
        filled
            .code(var)
            .ok_or_else(|| bad(label, words::NOT_AN_AGE))
    };
    let text = |var| filled.text(var).chars().take(MAX_CHARS).collect::<String>();
    let pages = WhitePages {
        nick: text("nick"),
        first: text("first"),
        last: text("last"),
        email: text("email"),
        min_age: age("age_min", words::AGE_MIN)?,
        max_age: age("age_max", words::AGE_MAX)?,
        gender: gender(code("gender", words::GENDER)?),
        language: u8::try_from(code("language", words::LANGUAGE)?)
            .map_err(|_| bad(words::LANGUAGE, words::NOT_A_CHOICE))?,
        city: text("city"),
        country: code("country", words::COUNTRY)?,
        keyword: text("keyword"),
        ..WhitePages::default()
    };
    if pages == WhitePages::default() {
        return Err(Refusal::new(Condition::NotAcceptable, words::NO_CRITERIA));
    }
    let online_only = filled.flag("online").unwrap_or_default();
    Ok(simplest(
        WhitePages {
            online_only,
            ..pages
        },
        version,
    ))
}

/// The plainest search that asks for all of it: servers know those best.
fn simplest(pages: WhitePages, version: Version) -> Search {
    let WhitePages {
        nick,
        first,
        last,
        email,
        ..
    } = pages.clone();
    let names = WhitePages {
        nick: nick.clone(),
        first: first.clone(),
        last: last.clone(),
        ..WhitePages::default()
    };
    let address = WhitePages {
        email: email.clone(),
        ..WhitePages::default()
    };
    let has_white_pages = version.can(Ability::WhitePages);
    if pages == address || (!has_white_pages && !email.is_empty()) {
        return Search::Email(email);
    }
    if pages == names || !has_white_pages {
        return Search::Names { nick, first, last };
    }
    Search::WhitePages(Box::new(pages))
}

/// What somebody means who types one line: a number, an e-mail address, or a name.
pub(super) fn typed(text: &str, lowest: Uin) -> Option<Search> {
    let text: String = text.trim().chars().take(MAX_CHARS).collect();
    if text.is_empty() {
        return None;
    }
    if let Ok(uin) = Uin::from_person(&text, lowest) {
        return Some(Search::Number(uin));
    }
    if text.contains('@') {
        return Some(Search::Email(text));
    }
    let names = |nick: &str, first: &str, last: &str| Search::Names {
        nick: nick.to_owned(),
        first: first.to_owned(),
        last: last.trim().to_owned(),
    };
    Some(match text.split_once(char::is_whitespace) {
        Some((first, last)) => names("", first, last),
        None => names(&text, "", ""),
    })
}

/// No server keeps longer ones.
const MAX_CHARS: usize = 60;

#[cfg(test)]
mod tests {
    use minidom::Element;

    use super::*;

    fn asked(fields: &[(&str, &str)], version: Version) -> Result<Search, Condition> {
        let fields: String = fields
            .iter()
            .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
            .collect();
        let form = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
        let form: Element = form.parse().unwrap();
        search(&Filled::read(&form), Uin(10_000), version).map_err(|refusal| refusal.condition)
    }

    fn names(nick: &str, first: &str, last: &str) -> Search {
        Search::Names {
            nick: nick.into(),
            first: first.into(),
            last: last.into(),
        }
    }

    #[test]
    fn the_plainest_search_that_fits_is_made() {
        let v5 = Version::V5;
        assert_eq!(
            asked(&[("uin", "123-456")], v5),
            Ok(Search::Number(Uin(123_456)))
        );
        assert_eq!(
            asked(&[("email", "a@b.example"), ("nick", "")], v5),
            Ok(Search::Email("a@b.example".into()))
        );
        assert_eq!(
            asked(&[("nick", "Ben"), ("gender", "0")], v5),
            Ok(names("Ben", "", ""))
        );
        let pages = WhitePages {
            nick: "Ben".into(),
            gender: Some(Gender::Male),
            country: 39,
            online_only: true,
            ..WhitePages::default()
        };
        let fields = [
            ("nick", "Ben"),
            ("gender", "2"),
            ("country", "39"),
            ("online", "1"),
        ];
        assert_eq!(asked(&fields, v5), Ok(Search::WhitePages(Box::new(pages))));
        // An older protocol asks for what it can.
        assert_eq!(asked(&fields, Version::V2), Ok(names("Ben", "", "")));
    }

    #[test]
    fn nothing_is_not_looked_for() {
        for fields in [
            &[][..],
            &[("nick", " "), ("country", "0")],
            &[("online", "1")],
            &[("uin", "Ben")],
            &[("nick", "Ben"), ("country", "Italy")],
            &[("nick", "Ben"), ("language", "300")],
        ] {
            assert_eq!(
                asked(fields, Version::V5),
                Err(Condition::NotAcceptable),
                "{fields:?}"
            );
        }
    }

    #[test]
    fn a_typed_line_is_a_number_an_address_or_a_name() {
        let lowest = Uin(10_000);
        assert_eq!(
            typed(" 123456 ", lowest),
            Some(Search::Number(Uin(123_456)))
        );
        assert_eq!(
            typed("a@b.example", lowest),
            Some(Search::Email("a@b.example".into()))
        );
        assert_eq!(typed("Ben", lowest), Some(names("Ben", "", "")));
        assert_eq!(
            typed("Ben  Montague", lowest),
            Some(names("", "Ben", "Montague"))
        );
        assert_eq!(typed("  ", lowest), None);
    }
}
