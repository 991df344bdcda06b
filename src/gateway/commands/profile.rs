//! What the user shows of themselves on ICQ: prefilled with what ICQ shows now, edited, and published.

use super::{Command, Filled, Form, Place, Turn, View, always};
use crate::gateway::action::{Action, Done, Outcome};
use crate::gateway::{criteria, words};
use crate::icq::Ability;
use crate::model::codes::{COUNTRIES, LANGUAGES, OCCUPATIONS};
use crate::model::{Birthday, Details, Gender, Profile};

pub(super) const PROFILE: Command = Command {
    node: "profile",
    name: words::PROFILE,
    place: Place::Gateway,
    needs: Some(Ability::Publish),
    offered: always,
    start: |view| Turn::Act(Action::LookUp(view.env.uin), Some(Box::new(edit))),
};

/// What is not in the form stays as ICQ shows it.
fn edit(view: &View<'_>, done: Done) -> Turn {
    let known = match done {
        Ok(Outcome::Card(card)) => card.details,
        Ok(Outcome::Said(_) | Outcome::People { .. }) => Details::default(),
        Err(refusal) => return Turn::End(Err(refusal)),
    };
    Turn::last(form(view, &known), move |view, filled| {
        match read(view, filled, &known) {
            Ok(details) => Turn::act(Action::Publish(Box::new(details))),
            Err(again) => Turn::Again(again.into()),
        }
    })
}

fn form(view: &View<'_>, known: &Details) -> Form {
    let profile = &known.profile;
    let gender = match known.gender {
        None => "0",
        Some(Gender::Female) => "1",
        Some(Gender::Male) => "2",
    };
    let age = known.age.filter(|age| *age != 0);
    let birthday = known.birthday.filter(|it| it.month != 0);
    let birthday = birthday.map(|it| format!("{:04}-{:02}-{:02}", it.year, it.month, it.day));
    let mut form = Form::new(words::PROFILE, words::PROFILE_INSTRUCTIONS)
        .text("nick", words::NICK, &profile.nick)
        .text("first", words::FIRST, &profile.first)
        .text("last", words::LAST, &profile.last)
        .text("email", words::EMAIL, &profile.email)
        .text("city", words::CITY, &known.home.city)
        .text("state", words::STATE, &known.home.state)
        .code("country", words::COUNTRY, COUNTRIES, known.home.country)
        .text("phone", words::PHONE, &known.home.phone)
        .text("homepage", words::HOMEPAGE, &known.homepage)
        .choice("gender", words::GENDER, criteria::genders(), gender)
        .text(
            "age",
            words::AGE,
            &age.map(|it| it.to_string()).unwrap_or_default(),
        )
        .lines("about", words::ABOUT, &known.about);
    // The older protocols have no more than that (icq-udp.md §8.3).
    if view.can(Ability::WhitePages) {
        form = form
            .text(
                "birthday",
                words::BIRTHDAY_FORM,
                &birthday.unwrap_or_default(),
            )
            .text("cellular", words::CELLULAR, &known.cellular)
            .text("company", words::COMPANY, &known.company)
            .text("position", words::POSITION, &known.position)
            .code(
                "occupation",
                words::OCCUPATION,
                OCCUPATIONS,
                known.occupation,
            );
        for (at, var) in LANGUAGE_FIELDS.into_iter().enumerate() {
            let language = known.languages.get(at).copied().unwrap_or_default();
            form = form.code(var, words::LANGUAGE, LANGUAGES, language.into());
        }
    }
    match view.can(Ability::RequireAuthorisation) {
        true => form.flag(
            "auth",
            words::REQUIRE_AUTHORISATION,
            profile.authorisation_required,
        ),
        false => form,
    }
}

fn read(view: &View<'_>, filled: &Filled, known: &Details) -> Result<Details, String> {
    let bad = |label| words::bad_field(label, words::NOT_A_CHOICE);
    // A field that a client does not send is one it does not show: it stays.
    let text = |var: &str, known: &str| match filled.has(var) {
        true => filled.text(var).chars().take(MAX_CHARS).collect(),
        false => known.to_owned(),
    };
    let code = |var: &str, label, known: u16| match filled.has(var) {
        true => filled.code(var).ok_or_else(|| bad(label)),
        false => Ok(known),
    };
    let mut details = known.clone();
    details.profile = Profile {
        nick: text("nick", &known.profile.nick),
        first: text("first", &known.profile.first),
        last: text("last", &known.profile.last),
        email: text("email", &known.profile.email),
        authorisation_required: match view.can(Ability::RequireAuthorisation) {
            true => filled
                .flag("auth")
                .unwrap_or(known.profile.authorisation_required),
            false => known.profile.authorisation_required,
        },
    };
    details.home.city = text("city", &known.home.city);
    details.home.state = text("state", &known.home.state);
    details.home.phone = text("phone", &known.home.phone);
    details.home.country = code("country", words::COUNTRY, known.home.country)?;
    details.homepage = text("homepage", &known.homepage);
    details.cellular = text("cellular", &known.cellular);
    details.company = text("company", &known.company);
    details.position = text("position", &known.position);
    details.occupation = code("occupation", words::OCCUPATION, known.occupation)?;
    if filled.has("gender") {
        details.gender = criteria::gender(code("gender", words::GENDER, 0)?);
    }
    if filled.has("age") {
        let age = filled.code("age").filter(|age| *age < 150);
        details.age = age
            .map(Some)
            .ok_or_else(|| bad(words::AGE))?
            .filter(|it| *it != 0);
    }
    if filled.has("birthday") {
        details.birthday = birthday(filled.text("birthday"))?;
    }
    let mut languages = Vec::new();
    for (at, var) in LANGUAGE_FIELDS.into_iter().enumerate() {
        let known = known.languages.get(at).copied().unwrap_or_default();
        let chosen = code(var, words::LANGUAGE, known.into())?;
        languages.push(u8::try_from(chosen).map_err(|_| bad(words::LANGUAGE))?);
    }
    languages.retain(|language| *language != 0);
    details.languages = languages;
    if filled.has("about") {
        let about = filled.lines("about");
        details.about = about.chars().take(MAX_ABOUT_CHARS).collect();
    }
    Ok(details)
}

/// `1980-05-01`; year 0 is not told.
fn birthday(text: &str) -> Result<Option<Birthday>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || words::bad_field(words::BIRTHDAY, words::NOT_A_DATE);
    let mut parts = text.split('-').map(str::parse::<u16>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad());
    };
    let is_date = (year == 0 || (1900..2100).contains(&year))
        && (1..=12).contains(&month)
        && (1..=31).contains(&day);
    let (Ok(month), Ok(day), true) = (u8::try_from(month), u8::try_from(day), is_date) else {
        return Err(bad());
    };
    Ok(Some(Birthday { year, month, day }))
}

/// A person tells up to three.
const LANGUAGE_FIELDS: [&str; 3] = ["language1", "language2", "language3"];

/// What servers keep of a field (icq-udp.md §8.3).
const MAX_CHARS: usize = 60;

/// What fits into a packet (icq-udp.md §10.1).
const MAX_ABOUT_CHARS: usize = 440;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_a_date_whose_year_may_be_left_open() {
        let day = |year, month, day| Ok(Some(Birthday { year, month, day }));
        assert_eq!(birthday("1980-05-01"), day(1980, 5, 1));
        assert_eq!(birthday("0000-12-31"), day(0, 12, 31));
        assert_eq!(birthday(""), Ok(None));
        for text in [
            "1980",
            "1980-13-01",
            "1980-00-01",
            "80-05-01",
            "1980-05-01-1",
            "x-y-z",
        ] {
            assert!(birthday(text).is_err(), "{text}");
        }
    }
}
