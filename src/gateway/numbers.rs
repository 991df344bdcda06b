//! Contact lists as text: what people paste or type to import contacts, and what they are given to take
//! elsewhere. One line a contact, in the form that is written and in those that other programs write:
//!
//! ```text
//! 123456789;Benvolio;Verona
//! "Montague, Romeo",987654,Friends
//! 123-456-789 Benvolio
//! Benvolio — 123456789 — xmpp:123456789@icq.example.org?roster
//! ```

use std::collections::BTreeSet;

use crate::model::{NotAUin, Uin};
use crate::xmpp::text::clean_line;

/// One line of a contact list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Line {
    pub(super) uin: Uin,
    /// May be empty.
    pub(super) name: String,
    /// May be empty.
    pub(super) group: String,
}

/// A contact list that was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Reading {
    /// Everybody once, at most [`MAX_LINES`].
    pub(super) lines: Vec<Line>,
    /// How many lines say something and name no number, the heading of a table aside.
    pub(super) unread: usize,
}

/// Reads a contact list; `lowest` is the smallest number that counts.
pub(super) fn read(text: &str, lowest: Uin) -> Reading {
    let mut reading = Reading::default();
    let mut seen = BTreeSet::new();
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (at, line) in lines.enumerate() {
        match read_line(line, lowest) {
            Some(line) if reading.lines.len() < MAX_LINES => {
                if seen.insert(line.uin) {
                    reading.lines.push(line);
                }
            }
            // A table may say what its columns are.
            None if at == 0 && separator(line).is_some() => {}
            Some(_) | None => reading.unread += 1,
        }
    }
    reading
}

/// Writes a contact list in the form that [`read`] reads.
pub(super) fn write<'a>(lines: impl Iterator<Item = (Uin, &'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (uin, name, group) in lines {
        let line = match (name.is_empty(), group.is_empty()) {
            (true, true) => uin.to_string(),
            (false, true) => format!("{uin};{}", quoted(name)),
            (_, false) => format!("{uin};{};{}", quoted(name), quoted(group)),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn read_line(line: &str, lowest: Uin) -> Option<Line> {
    let number = |text: &str| match text.strip_prefix("xmpp:") {
        Some(address) => Uin::from_person(address.split('@').next()?, lowest).ok(),
        None => Uin::from_person(text, lowest).ok(),
    };
    let fields = match separator(line) {
        Some(separator) => split(line, separator),
        None if line.contains(DASH) => line.split(DASH).map(|it| it.trim().to_owned()).collect(),
        None => return read_typed(line, lowest),
    };
    let at = fields.iter().position(|field| number(field).is_some())?;
    let uin = number(fields.get(at)?)?;
    let rest = fields.iter().enumerate();
    let rest = rest.filter(|(other, field)| *other != at && !field.starts_with("xmpp:"));
    let mut rest = rest.map(|(_, field)| clean_line(field, MAX_CHARS));
    Some(Line {
        uin,
        name: rest.next().unwrap_or_default(),
        group: rest.next().unwrap_or_default(),
    })
}

/// A number and perhaps a name, with a space between them.
fn read_typed(line: &str, lowest: Uin) -> Option<Line> {
    let number = |text: &str| Uin::from_person(text, lowest);
    let (uin, name) = match number(line) {
        Ok(uin) => (uin, ""),
        Err(NotAUin) => {
            let first = line.split_once(char::is_whitespace);
            let last = line.rsplit_once(char::is_whitespace);
            let first = first.and_then(|(head, rest)| Some((number(head).ok()?, rest)));
            let last = last.and_then(|(rest, tail)| Some((number(tail).ok()?, rest)));
            first.or(last)?
        }
    };
    Some(Line {
        uin,
        name: clean_line(name, MAX_CHARS),
        group: String::new(),
    })
}

/// What stands between the fields of a line.
fn separator(line: &str) -> Option<char> {
    ['\t', ';', ','].into_iter().find(|it| line.contains(*it))
}

/// The fields of a line; one in quotation marks may hold anything, and these marks twice.
fn split(line: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted = true;
            }
            c if c == separator && !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

fn quoted(field: &str) -> String {
    let plain = !field.is_empty() && !field.contains(['"', ';', ',', '\t', '—']);
    match plain {
        true => field.to_owned(),
        false => format!("\"{}\"", field.replace('"', "\"\"")),
    }
}

/// Between the parts of a line that the gateway shows for a contact somebody passes on.
const DASH: &str = " — ";

/// Contacts of one list; the rest is not read.
pub(super) const MAX_LINES: usize = 1000;

/// Characters of a name or a group.
const MAX_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(uin: u32, name: &str, group: &str) -> Line {
        Line {
            uin: Uin(uin),
            name: name.into(),
            group: group.into(),
        }
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        for (text, expected) in [
            (
                "123456789;Benvolio;Verona",
                line(123_456_789, "Benvolio", "Verona"),
            ),
            (
                "\"Montague, Romeo\",987654,Friends",
                line(987_654, "Montague, Romeo", "Friends"),
            ),
            ("Ben\t123456", line(123_456, "Ben", "")),
            ("123-456-789 Ben Volio", line(123_456_789, "Ben Volio", "")),
            ("Ben Volio 123456", line(123_456, "Ben Volio", "")),
            ("123 456 789", line(123_456_789, "", "")),
            ("icq:123456", line(123_456, "", "")),
            (
                "Benvolio — 123456789 — xmpp:123456789@icq.example.org?roster",
                line(123_456_789, "Benvolio", ""),
            ),
            (
                "987654 — xmpp:987654@icq.example.org?roster",
                line(987_654, "", ""),
            ),
            ("123456;\"a \"\"b\"\"\"", line(123_456, "a \"b\"", "")),
        ] {
            let reading = read(text, Uin(10_000));
            assert_eq!(reading.lines, [expected], "{text:?}");
            assert_eq!(reading.unread, 0, "{text:?}");
        }
    }

    #[test]
    fn everybody_is_read_once_and_what_names_nobody_is_counted() {
        let reading = read(
            "number;name\n\n# mine\n123456;Ben\nno number\n123456;Other\n77",
            Uin(10_000),
        );

        assert_eq!(reading.lines, [line(123_456, "Ben", "")]);
        assert_eq!(reading.unread, 2);
    }

    #[test]
    fn a_list_too_long_is_cut_and_says_so() {
        let text: String = (0..1_500).map(|n| format!("{}\n", 10_000 + n)).collect();

        let reading = read(&text, Uin(10_000));

        assert_eq!((reading.lines.len(), reading.unread), (MAX_LINES, 500));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            uin in 10_000u32..,
            name in "[a-z\";,—\t#0-9]{0,8}x?",
            group in "[a-z\";, ]{0,6}",
        ) {
            let (name, group) = (clean_line(&name, 100), clean_line(&group, 100));
            let text = write([(Uin(uin), name.as_str(), group.as_str())].into_iter());
            prop_assert_eq!(read(&text, Uin(10_000)).lines, [line(uin, &name, &group)]);
        }

        #[test]
        fn no_text_breaks_anything(text in any::<String>()) {
            let _ = read(&text, Uin(1));
        }
    }
}
