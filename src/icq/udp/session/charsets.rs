//! What people write in: the user, and contacts who differ from the user (`icq-udp.md` §10.1).

use crate::icq::wire::text::{Charset, SEPARATOR};
use crate::model::Uin;

/// The code pages of a session.
#[derive(Debug)]
pub(super) struct Charsets {
    own: Charset,
    others: Vec<(Uin, Charset)>,
}

impl Charsets {
    pub(super) fn new(own: Charset, mut others: Vec<(Uin, Charset)>) -> Self {
        others.truncate(MOST_OTHERS);
        others.shrink_to_fit();
        Self { own, others }
    }

    /// The user's own, and of everybody who has no other.
    pub(super) const fn own(&self) -> Charset {
        self.own
    }

    /// What somebody writes in, and is written to in.
    pub(super) fn of(&self, uin: Uin) -> Charset {
        let other = self.others.iter().find(|(known, _)| *known == uin);
        other.map_or(self.own, |(_, charset)| *charset)
    }

    /// From now on somebody writes in this; without a number, the user.
    pub(super) fn set(&mut self, of: Option<Uin>, charset: Charset) {
        let Some(uin) = of else {
            self.own = charset;
            return;
        };
        self.others.retain(|(known, _)| *known != uin);
        if charset != self.own && self.others.len() < MOST_OTHERS {
            self.others.push((uin, charset));
        }
    }

    /// Learns from what somebody wrote, if that leaves no doubt: the code page, if it is another one than
    /// was thought.
    ///
    /// Programs of our time write UTF-8 into packets of that time, and their text is hardly ever anything
    /// else by accident. Who writes something that is no UTF-8 has another program again.
    pub(super) fn learn(&mut self, from: Uin, text: &[u8]) -> Option<Charset> {
        let known = self.of(from);
        let learnt = match (known == Charset::UTF_8, is_utf8(text)) {
            (false, true) if known.takes_for_utf8(text) => Charset::UTF_8,
            (true, false) if self.own != Charset::UTF_8 => self.own,
            _ => return None,
        };
        self.set(Some(from), learnt);
        Some(learnt)
    }
}

/// All parts of a body are UTF-8. The end may be cut off in the middle of a character.
fn is_utf8(text: &[u8]) -> bool {
    let mut parts = text.split(|&byte| byte == SEPARATOR);
    parts.all(|part| match std::str::from_utf8(part) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    })
}

const MOST_OTHERS: usize = 5000;

#[cfg(test)]
mod tests {
    use super::*;

    const BEN: Uin = Uin(10_001);

    #[test]
    fn somebody_writes_in_the_users_code_page_unless_another_is_known() {
        let mut charsets = Charsets::new(Charset::WINDOWS_1251, vec![(BEN, Charset::WINDOWS_1252)]);
        assert_eq!(charsets.of(BEN), Charset::WINDOWS_1252);
        assert_eq!(charsets.of(Uin(10_002)), Charset::WINDOWS_1251);

        charsets.set(Some(BEN), Charset::WINDOWS_1251);
        charsets.set(None, Charset::WINDOWS_1252);

        assert_eq!(charsets.of(BEN), Charset::WINDOWS_1252);
    }

    #[test]
    fn utf8_is_learnt_from_one_text_and_unlearnt_from_another() {
        let mut charsets = Charsets::new(Charset::WINDOWS_1251, vec![]);

        assert_eq!(charsets.learn(BEN, b"hello"), None);
        assert_eq!(charsets.learn(BEN, b"\xcf\xf0\xe8\xe2\xe5\xf2"), None);
        assert_eq!(
            charsets.learn(BEN, "Привет".as_bytes()),
            Some(Charset::UTF_8)
        );
        assert_eq!(charsets.learn(BEN, "Привет".as_bytes()), None);
        assert_eq!(charsets.of(BEN), Charset::UTF_8);

        // A body of several parts, the last of them cut.
        let cut = ["Привет".as_bytes(), b"\xfe\xd0\xbf\xd1"].concat();
        assert_eq!(charsets.learn(BEN, &cut), None);

        let back = charsets.learn(BEN, b"\xcf\xf0\xe8\xe2\xe5\xf2");
        assert_eq!(back, Some(Charset::WINDOWS_1251));
        assert_eq!(charsets.of(BEN), Charset::WINDOWS_1251);
    }

    #[test]
    fn what_may_be_an_accident_teaches_nothing() {
        let gbk = Charset::from_label("gbk").unwrap();
        let mut charsets = Charsets::new(gbk, vec![]);
        // Two characters of GBK that happen to be UTF-8, a famous accident.
        assert_eq!(charsets.learn(BEN, b"\xc1\xaa\xcd\xa8"), None);

        let mut charsets = Charsets::new(Charset::WINDOWS_1252, vec![]);
        assert_eq!(charsets.learn(BEN, "é".as_bytes()), None);
        assert_eq!(charsets.learn(BEN, "é, ö".as_bytes()), Some(Charset::UTF_8));
    }
}
