//! What a person tells about themselves, in lines with labels: for the chat window and for commands. vCards
//! are in [`xep::vcard`](super::xep).

use super::action::Card;
use super::words;
use crate::model::codes::{self, COUNTRIES, LANGUAGES};
use crate::model::{Birthday, Details, Gender, Place};
use crate::xmpp::text;

/// One thing that is known.
pub(super) struct Line {
    /// Its name for programs.
    pub(super) var: &'static str,
    /// Its name for people.
    pub(super) label: &'static str,
    /// On one line or several.
    pub(super) value: String,
}

/// The name of the person: never empty.
pub(super) fn title(card: &Card) -> String {
    let told = card.details.profile.name().map(|it| line(&it));
    let told = told.filter(|name| !name.is_empty());
    let own = (!card.name.is_empty()).then(|| card.name.clone());
    told.or(own).unwrap_or_else(|| card.uin.to_string())
}

/// First and last name.
pub(super) fn full_name(details: &Details) -> String {
    let profile = &details.profile;
    line(&format!("{} {}", profile.first.trim(), profile.last.trim()))
}

/// All e-mail addresses, each once.
pub(super) fn emails(details: &Details) -> Vec<String> {
    let mut emails: Vec<String> = Vec::new();
    let told = std::iter::once(&details.profile.email).chain(&details.emails);
    for email in told.map(|it| line(it)) {
        if !email.is_empty() && !emails.contains(&email) {
            emails.push(email);
        }
    }
    emails
}

/// `1980-05-01`, if the person tells the year.
pub(super) fn birthday(details: &Details) -> Option<String> {
    let Birthday { year, month, day } = details.birthday?;
    let is_told = year != 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_told.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// What has no place of its own in a vCard (xmpp-gateway.md §18.1).
pub(super) fn remarks(details: &Details) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |var, label, value: String| {
        if !value.is_empty() {
            lines.push(Line { var, label, value });
        }
    };
    let gender = match details.gender {
        Some(Gender::Female) => words::FEMALE,
        Some(Gender::Male) => words::MALE,
        None => "",
    };
    add("gender", words::GENDER, gender.to_owned());
    let age = details.age.filter(|age| *age != 0);
    add(
        "age",
        words::AGE,
        age.map(|it| it.to_string()).unwrap_or_default(),
    );
    let languages = details.languages.iter().map(|it| u16::from(*it));
    let languages = languages.filter_map(|code| codes::name(LANGUAGES, code));
    let languages: Vec<&str> = languages.collect();
    add("languages", words::LANGUAGES, languages.join(", "));
    let occupation = codes::name(codes::OCCUPATIONS, details.occupation);
    add(
        "occupation",
        words::OCCUPATION,
        occupation.unwrap_or_default().to_owned(),
    );
    for (var, label, table, told) in [
        (
            "interests",
            words::INTERESTS,
            codes::INTERESTS,
            &details.interests,
        ),
        (
            "affiliations",
            words::AFFILIATIONS,
            codes::ORGANISATIONS,
            &details.affiliations,
        ),
        ("past", words::PAST, codes::PASTS, &details.past),
    ] {
        add(var, label, categories(table, told));
    }
    let offset = details.utc_offset.map(|minutes| {
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
        format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    });
    add("timezone", words::TIME_ZONE, offset.unwrap_or_default());
    lines
}

fn categories(table: &[(u16, &'static str)], told: &[(u16, String)]) -> String {
    let one = |(code, text): &(u16, String)| {
        let text = line(text);
        match (codes::name(table, *code), text.is_empty()) {
            (Some(category), true) => category.to_owned(),
            (Some(category), false) => format!("{category}: {text}"),
            (None, _) => text,
        }
    };
    let told: Vec<String> = told.iter().map(one).filter(|it| !it.is_empty()).collect();
    told.join("; ")
}

/// A country's name, or nothing.
pub(super) fn country(code: u16) -> &'static str {
    codes::name(COUNTRIES, code).unwrap_or_default()
}

/// A place on one line.
fn place(place: &Place) -> String {
    let town = line(&format!("{} {}", place.zip, place.city));
    let parts = [
        line(&place.street),
        town,
        line(&place.state),
        country(place.country).to_owned(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    parts.join(", ")
}

/// Everything, line by line.
pub(super) fn lines(card: &Card) -> Vec<Line> {
    let details = &card.details;
    let profile = &details.profile;
    let mut lines = Vec::new();
    let mut add = |var, label, value: String| {
        if !value.is_empty() {
            lines.push(Line { var, label, value });
        }
    };
    add("number", words::FIELD_UIN, card.uin.to_string());
    let own_name = (card.name != title(card)).then(|| card.name.clone());
    add("own-name", words::OWN_NAME, own_name.unwrap_or_default());
    add("nick", words::NICK, line(&profile.nick));
    add("name", words::FULL_NAME, full_name(details));
    add("email", words::EMAIL, emails(details).join(", "));
    let years = birthday(details).unwrap_or_default();
    add("birthday", words::BIRTHDAY, years);
    add("home", words::HOME, place(&details.home));
    add("phone", words::PHONE, line(&details.home.phone));
    add("fax", words::FAX, line(&details.home.fax));
    add("cellular", words::CELLULAR, line(&details.cellular));
    add("homepage", words::HOMEPAGE, line(&details.homepage));
    let company = [&details.position, &details.department, &details.company];
    let company: Vec<String> = company.iter().map(|it| line(it)).collect();
    let company: Vec<String> = company.into_iter().filter(|it| !it.is_empty()).collect();
    add("work", words::WORK, company.join(", "));
    add("work-place", words::WORK_PLACE, place(&details.work));
    add("work-phone", words::WORK_PHONE, line(&details.work.phone));
    add(
        "work-homepage",
        words::WORK_HOMEPAGE,
        line(&details.work_homepage),
    );
    lines.extend(remarks(details));
    let about = text::clean(&details.about).trim().to_owned();
    if !about.is_empty() {
        let (var, label, value) = ("about", words::ABOUT, about);
        lines.push(Line { var, label, value });
    }
    if !card.fresh {
        let (var, label) = ("note", words::REMARK);
        let value = words::ICQ_TOLD_NOTHING.to_owned();
        lines.push(Line { var, label, value });
    }
    lines
}

/// Everything as a message.
pub(super) fn text(card: &Card) -> String {
    let line = |line: Line| format!("{}: {}", line.label, line.value);
    let lines: Vec<String> = lines(card).into_iter().map(line).collect();
    format!("{}\n{}", title(card), lines.join("\n"))
}

/// Text from ICQ on a line.
pub(super) fn line(told: &str) -> String {
    text::clean_line(told, MAX_CHARS)
}

/// No honest field of a profile is longer.
const MAX_CHARS: usize = 200;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{Profile, Uin};

    /// Somebody with something in every field.
    pub(in crate::gateway) fn benvolio() -> Details {
        Details {
            profile: Profile {
                nick: "Ben".into(),
                first: "Benvolio".into(),
                last: "Montague".into(),
                email: "ben@verona.example".into(),
                authorisation_required: true,
            },
            emails: vec![
                "b.montague@work.example".into(),
                "ben@verona.example".into(),
            ],
            home: Place {
                street: "Via Cappello 23".into(),
                city: "Verona".into(),
                state: "Veneto".into(),
                zip: "37121".into(),
                country: 39,
                phone: "+39 045 1".into(),
                fax: "+39 045 2".into(),
            },
            cellular: "+39 333 1".into(),
            work: Place {
                city: "Mantua".into(),
                phone: "+39 0376 1".into(),
                ..Place::default()
            },
            company: "Montague and Sons".into(),
            department: "Peace".into(),
            position: "Cousin".into(),
            occupation: 18,
            work_homepage: "http://montague.example/".into(),
            homepage: "http://ben.example/".into(),
            age: Some(20),
            gender: Some(Gender::Male),
            birthday: Some(Birthday {
                year: 1980,
                month: 5,
                day: 1,
            }),
            languages: vec![26, 12],
            utc_offset: Some(60),
            about: "I do but\nkeep the peace".into(),
            interests: vec![(120, "fencing".into())],
            affiliations: vec![(206, String::new())],
            past: vec![(303, "Padua".into())],
        }
    }

    #[test]
    fn everything_known_is_told_in_lines() {
        let card = Card::of(Uin(123_456), "", benvolio(), true);

        assert_eq!(
            text(&card),
            "Ben\nICQ number: 123456\nNickname: Ben\nName: Benvolio Montague\n\
             E-mail: ben@verona.example, b.montague@work.example\nBirthday: 1980-05-01\n\
             Home: Via Cappello 23, 37121 Verona, Veneto, Italy\nTelephone: +39 045 1\nFax: +39 045 2\n\
             Mobile: +39 333 1\nHomepage: http://ben.example/\nWork: Cousin, Peace, Montague and Sons\n\
             Place of work: Mantua\nTelephone at work: +39 0376 1\n\
             Homepage of the company: http://montague.example/\nGender: male\nAge: 20\n\
             Languages: Italian, English\nOccupation: Military\nInterests: Sports: fencing\n\
             Organisations: Fraternity/Sorority\nPast: University: Padua\nTime zone: UTC+01:00\n\
             About: I do but\nkeep the peace"
        );
    }

    #[test]
    fn somebody_who_tells_nothing_still_has_a_name() {
        let nobody = Card::of(Uin(123_456), "", Details::default(), false);
        assert_eq!(title(&nobody), "123456");
        assert_eq!(
            title(&Card::of(Uin(123_456), "Ben", Details::default(), false)),
            "Ben"
        );
        let secretive = Details {
            birthday: Some(Birthday {
                year: 0,
                month: 5,
                day: 1,
            }),
            ..Details::default()
        };
        assert_eq!(birthday(&secretive), None);
    }
}
