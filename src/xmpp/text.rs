//! What XML may carry, and what people see of it (xmpp-gateway.md §29.5).

use std::borrow::Cow;

/// Makes text from ICQ fit for a stanza: line ends are line feeds, what XML forbids becomes U+FFFD, a
/// byte order mark at the start goes, and what exceeds `MAX_TEXT_BYTES` is cut off and marked.
pub fn clean(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.len() <= MAX_TEXT_BYTES && !text.chars().any(must_change) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len().min(MAX_TEXT_BYTES));
    let mut previous = '\0';
    for c in text.chars() {
        if cleaned.len() + c.len_utf8() > MAX_TEXT_BYTES {
            cleaned.push_str(CUT);
            break;
        }
        match c {
            '\n' if previous == '\r' => {}
            '\r' => cleaned.push('\n'),
            c if is_forbidden(c) => cleaned.push(char::REPLACEMENT_CHARACTER),
            c => cleaned.push(c),
        }
        previous = c;
    }
    Cow::Owned(cleaned)
}

/// Makes a name or a status text from ICQ fit for display: as [`clean`], on one line, without
/// characters that turn the text around it, and of at most `max_chars` characters.
pub fn clean_line(text: &str, max_chars: usize) -> String {
    let line: String = text
        .chars()
        .filter(|&c| !turns_text_around(c) && c != '\u{FEFF}')
        .map(|c| match c {
            '\r' | '\n' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if is_forbidden(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect();
    line.trim().chars().take(max_chars).collect()
}

/// Makes text from a stanza fit for ICQ: line ends are line feeds, other control characters go.
pub fn clean_for_icq(text: &str) -> Cow<'_, str> {
    let unwanted = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.chars().any(unwanted) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(text.chars().filter(|&c| !unwanted(c)).collect())
}

fn must_change(c: char) -> bool {
    c == '\r' || is_forbidden(c)
}

/// XML 1.0 §2.2, `Char`.
const fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Overrides and isolates of the writing direction: in a name they would reach what stands beside it.
const fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// xmpp-gateway.md §28.1, "body from ICQ".
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Says that there was more.
const CUT: &str = " [cut]";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_ends_become_line_feeds_and_what_xml_forbids_is_replaced() {
        assert_eq!(clean("a\r\nb\rc\nd\te"), "a\nb\nc\nd\te");
        assert_eq!(
            clean("\u{FEFF}a\0b\x08\x1F\u{FFFE}"),
            "a\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}"
        );
        assert!(matches!(clean("привет"), Cow::Borrowed("привет")));
    }

    #[test]
    fn a_text_beyond_the_limit_is_cut_between_characters_and_says_so() {
        let cleaned = clean(&"é".repeat(40_000)).into_owned();

        let (kept, mark) = cleaned.split_at(MAX_TEXT_BYTES);
        assert!(kept.chars().all(|c| c == 'é'));
        assert_eq!(mark, " [cut]");
    }

    #[test]
    fn a_name_stays_on_its_line_and_in_its_direction() {
        assert_eq!(
            clean_line(" Ben\r\nvolio\u{202E}\u{2066}\0 ", 100),
            "Ben  volio\u{FFFD}"
        );
        assert_eq!(clean_line("Benvolio", 3), "Ben");
        assert_eq!(clean_line("\u{202E}\n", 100), "");
    }

    #[test]
    fn control_characters_do_not_reach_icq() {
        assert_eq!(clean_for_icq("a\r\nb\rc\u{85}\td\x7F"), "a\nb\nc\td");
    }

    proptest! {
        #[test]
        fn whatever_icq_sends_xml_can_carry(text in any::<String>()) {
            let allowed = |c: char| !is_forbidden(c) && c != '\r';
            prop_assert!(clean(&text).chars().all(allowed));
            let line = clean_line(&text, 20);
            prop_assert!(line.chars().all(|c| allowed(c) && c != '\n'));
            prop_assert!(line.chars().count() <= 20);
        }
    }
}
