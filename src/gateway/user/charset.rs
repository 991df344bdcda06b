//! What people write in: chosen with a word in the chat window, or learnt from what they write
//! (xmpp-gateway.md §12.2).

use super::User;
use crate::gateway::{charsets, words};
use crate::icq::Command;
use crate::icq::wire::text::Charset;
use crate::model::{Message, Now, Uin};
use crate::store::{Change, Treatment};

impl User {
    /// `charset NUMBER`, `charset NUMBER NAME`, or with `default` as the name.
    pub(super) fn choose_charset(&mut self, number: &str, name: &str) -> String {
        let lowest = self.facts.shared.settings.lowest_uin;
        let Ok(uin) = Uin::from_person(number, lowest) else {
            return words::CHARSET_HELP.into();
        };
        let charset = match name {
            "" => return words::charset_is(uin, self.charset_of(uin)),
            "default" => self.own_charset(),
            name => match Charset::from_label(name) {
                Some(charset) => charset,
                None => return words::no_charset(name, charsets::ALL.iter().map(|it| it.0)),
            },
        };
        if !self.set_charset(uin, charset) {
            return words::CHARSETS_TOO_MANY.into();
        }
        self.fx.command(Command::SetCharset {
            of: Some(uin),
            charset,
        });
        words::charset_is(uin, charset)
    }

    /// Writes down what somebody writes in. `false` if there is no room for another.
    pub(super) fn set_charset(&mut self, uin: Uin, charset: Charset) -> bool {
        let label = match charset == self.own_charset() {
            true => String::new(),
            false => charset.name().to_ascii_lowercase(),
        };
        let preferences = &mut self.facts.preferences;
        let limit = self.facts.shared.settings.limits.contacts;
        if preferences.people.len() >= limit && !preferences.people.contains_key(&uin) {
            return label.is_empty();
        }
        let treatment = preferences.people.entry(uin).or_default();
        treatment.charset = label;
        if *treatment == Treatment::default() {
            preferences.people.remove(&uin);
        }
        let change = Change::Preferences(Box::new(preferences.clone()));
        self.fx.note(change);
        true
    }

    /// The user's own code page, and of everybody who has no other.
    pub(super) fn own_charset(&self) -> Charset {
        let label = &self.facts.registration.charset;
        Charset::from_label(label).unwrap_or(Charset::WINDOWS_1252)
    }

    /// What somebody writes in.
    pub(super) fn charset_of(&self, uin: Uin) -> Charset {
        let treatment = self.facts.preferences.people.get(&uin);
        let charset = treatment.and_then(|it| Charset::from_label(&it.charset));
        charset.unwrap_or_else(|| self.own_charset())
    }

    /// Everybody who has a code page of their own.
    pub(super) fn charsets(&self) -> Vec<(Uin, Charset)> {
        let people = self.facts.preferences.people.iter();
        let own = self.own_charset();
        people
            .filter_map(|(uin, it)| Some((*uin, Charset::from_label(&it.charset)?)))
            .filter(|(_, charset)| *charset != own)
            .collect()
    }

    /// What somebody wrote could not all be read: said once a day.
    pub(super) fn note_unreadable(&mut self, now: Now, from: Uin, message: &Message) {
        let count = unreadable(message);
        if count > 0 {
            let charset = self.charset_of(from);
            self.login.characters_unreadable(
                now,
                &self.facts,
                &mut self.fx,
                from,
                count,
                charset.name(),
            );
        }
    }
}

/// How many characters of a message are no character in the code page it was read in.
fn unreadable(message: &Message) -> usize {
    let text = match message {
        Message::Text(text)
        | Message::Server(text)
        | Message::WebPager { text, .. }
        | Message::EmailExpress { text, .. }
        | Message::Other { text, .. } => text,
        Message::Url { description, .. } => description,
        Message::AuthorisationRequest { reason, .. } | Message::AuthorisationDenied { reason } => {
            reason
        }
        Message::AuthorisationGranted | Message::Added(_) | Message::Contacts(_) => return 0,
    };
    text.matches(char::REPLACEMENT_CHARACTER).count()
}
