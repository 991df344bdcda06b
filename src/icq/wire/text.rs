//! Texts: 8-bit code pages and CR LF on the wire, Unicode and line feeds inside (`icq-udp.md` §10.1).

use std::borrow::Cow;

use encoding_rs::Encoding;
use unicode_normalization::UnicodeNormalization;

/// A code page that old clients write in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Charset(&'static Encoding);

/// A text on its way to the wire.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Encoded {
    /// The bytes, without NUL.
    pub bytes: Vec<u8>,
    /// How many characters became `?`, or lost their marks, because the code page lacks them.
    pub replaced: usize,
}

/// The most bytes a message may have, its NUL not counted. A longer one costs the whole session
/// (`icq-udp.md` §7.1).
pub const MESSAGE_LIMIT: usize = 450;

/// Stands between the parts of a body (`icq-udp.md` §7.3).
pub const SEPARATOR: u8 = 0xFE;

impl Charset {
    /// What Western clients write in.
    pub const WINDOWS_1252: Self = Self(encoding_rs::WINDOWS_1252);

    /// What Russian clients write in.
    pub const WINDOWS_1251: Self = Self(encoding_rs::WINDOWS_1251);

    /// What programs of our time write in.
    pub const UTF_8: Self = Self(encoding_rs::UTF_8);

    /// Finds a code page by one of the names that web pages use: `windows-1251`, `cp1251`, ….
    ///
    /// Not UTF-16 and the like, which put NUL into every text.
    pub fn from_label(label: &str) -> Option<Self> {
        Encoding::for_label(label.as_bytes())
            .filter(|encoding| encoding.is_ascii_compatible())
            .map(Self)
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether these bytes, which are UTF-8, are meant to be: they would hardly be a text of this code page.
    pub fn takes_for_utf8(self, utf8: &[u8]) -> bool {
        // Of what a byte of its own is in one code page, two make a character in another.
        let least = if self.0.is_single_byte() { 2 } else { 4 };
        let first_bytes = utf8.iter().filter(|byte| matches!(byte, 0xC2..=0xF4));
        first_bytes.take(least).count() == least
    }

    /// Reads a text off the wire. Line ends become line feeds; control characters and bytes that
    /// are no character become U+FFFD. Never fails.
    pub fn decode(self, bytes: &[u8]) -> String {
        let (text, _) = self.0.decode_without_bom_handling(bytes);
        if !text.chars().any(|c| c.is_control() && c != '\n') {
            return text.into_owned();
        }
        let mut clean = String::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            clean.push(match character {
                '\r' => {
                    characters.next_if_eq(&'\n');
                    '\n'
                }
                '\n' | '\t' => character,
                control if control.is_control() => char::REPLACEMENT_CHARACTER,
                printable => printable,
            });
        }
        clean
    }

    /// Writes a text for the wire. Line feeds become CR LF, other control characters go, and what
    /// the code page lacks becomes `?`.
    pub fn encode(self, text: &str) -> Encoded {
        let text = with_crlf(text);
        let (bytes, _, lossy) = self.0.encode(&text);
        if !lossy {
            return Encoded {
                bytes: bytes.into_owned(),
                replaced: 0,
            };
        }
        let mut encoded = Encoded::default();
        for cluster in clusters(&text) {
            self.append(cluster, &mut encoded);
        }
        encoded
    }

    /// Writes a text as one of several parts of a body: no separator comes out of it, and at most
    /// `limit` bytes do; the rest of the text is cut off.
    ///
    /// A letter that happens to be the separator, `þ` in Western code pages and `ю` in
    /// windows-1251, changes its case.
    pub fn encode_part(self, text: &str, limit: usize) -> Encoded {
        let encoded = self.encode(text);
        if encoded.bytes.len() <= limit && !encoded.bytes.contains(&SEPARATOR) {
            return encoded;
        }
        let mut part = Encoded::default();
        for cluster in clusters(&with_crlf(text)) {
            let mut next = Encoded::default();
            self.append(cluster, &mut next);
            if next.bytes.contains(&SEPARATOR) {
                next = self.in_other_case(cluster);
            }
            if part.bytes.len() + next.bytes.len() > limit {
                break;
            }
            part.bytes.append(&mut next.bytes);
            part.replaced += next.replaced;
        }
        part
    }

    /// Writes a text in pieces of at most `limit` bytes. They are cut after a paragraph or a line
    /// where that leaves the piece at least half full, else after a word, else between characters,
    /// never inside a character or between a letter and its marks. One after the other they are
    /// the whole text. There is at least one.
    pub fn encode_split(self, text: &str, limit: usize) -> Vec<Encoded> {
        let whole = self.encode(text);
        if whole.bytes.len() <= limit {
            return vec![whole];
        }

        let mut whole = Encoded::default();
        let mut cuts = Vec::new();
        for cluster in clusters(&with_crlf(text)) {
            self.append(cluster, &mut whole);
            let after_line = matches!(
                cuts.last(),
                Some(Cut {
                    place: Place::Line | Place::Paragraph,
                    ..
                })
            );
            cuts.push(Cut {
                at: whole.bytes.len(),
                replaced: whole.replaced,
                place: match cluster {
                    CRLF if after_line => Place::Paragraph,
                    CRLF => Place::Line,
                    _ if cluster.chars().all(char::is_whitespace) => Place::Word,
                    _ => Place::Character,
                },
            });
        }

        let mut pieces = Vec::new();
        let (mut start, mut replaced) = (0, 0);
        while whole.bytes.len() - start > limit {
            let from = cuts.partition_point(|cut| cut.at <= start);
            let to = cuts.partition_point(|cut| cut.at <= start + limit);
            let best = cuts[from..to].iter().max_by_key(|cut| {
                let half_full = cut.at - start > limit / 2;
                let place = if half_full {
                    cut.place
                } else {
                    cut.place.min(Place::Word)
                };
                (place, cut.at)
            });
            // No place at all: a single character above a tiny limit.
            let nowhere = (start + limit.max(1), replaced);
            let (end, replaced_there) = best.map_or(nowhere, |cut| (cut.at, cut.replaced));
            pieces.push(Encoded {
                bytes: whole.bytes[start..end].to_vec(),
                replaced: replaced_there - replaced,
            });
            (start, replaced) = (end, replaced_there);
        }
        pieces.push(Encoded {
            bytes: whole.bytes.split_off(start),
            replaced: whole.replaced - replaced,
        });
        pieces
    }

    /// Appends a character with its marks: whole, or composed (a Mac sends `й` in two pieces), or
    /// without the marks, or as `?`.
    fn append(self, cluster: &str, encoded: &mut Encoded) {
        if self.append_whole(cluster, encoded) {
            return;
        }
        let composed: String = cluster.nfc().collect();
        if self.append_whole(&composed, encoded) {
            return;
        }
        encoded.replaced += 1;
        let letter = composed.chars().next().map_or(0, char::len_utf8);
        if !self.append_whole(&composed[..letter], encoded) {
            encoded.bytes.push(b'?');
        }
    }

    /// Appends all of it or nothing.
    fn append_whole(self, text: &str, encoded: &mut Encoded) -> bool {
        let (bytes, _, lossy) = self.0.encode(text);
        if !lossy {
            encoded.bytes.extend_from_slice(&bytes);
        }
        !lossy
    }

    /// A letter that would be the separator, in its other case, which is still easy to read.
    fn in_other_case(self, cluster: &str) -> Encoded {
        let other: String = cluster
            .chars()
            .flat_map(|c| match c.is_lowercase() {
                true => c.to_uppercase().collect::<Vec<_>>(),
                false => c.to_lowercase().collect(),
            })
            .collect();
        let mut encoded = Encoded::default();
        self.append(&other, &mut encoded);
        if encoded.bytes.contains(&SEPARATOR) {
            return Encoded {
                bytes: vec![b'?'],
                replaced: 1,
            };
        }
        encoded
    }
}

/// A place where a text may be cut.
struct Cut {
    at: usize,
    replaced: usize,
    place: Place,
}

/// What ends at a cut, the better places later.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    Character,
    Word,
    Line,
    Paragraph,
}

/// The text with its line ends as CR LF and without other control characters.
fn with_crlf(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() && c != '\t') {
        return Cow::Borrowed(text);
    }
    let mut wire = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                wire.push_str(CRLF);
            }
            '\n' => wire.push_str(CRLF),
            '\t' => wire.push('\t'),
            control if control.is_control() => {}
            printable => wire.push(printable),
        }
    }
    Cow::Owned(wire)
}

/// Cuts a text into what people see as single characters: a letter with its marks, an emoji with
/// its modifiers, a line end. Simpler than Unicode's own rules (UAX #29), and shorter: marks
/// beyond [`MOST_MARKS`] start a new one.
fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut characters = rest.char_indices().peekable();
        let (_, first) = characters.next()?;
        let mut previous = first;
        let mut end = first.len_utf8();
        for (at, next) in characters.take(MOST_MARKS) {
            if !(is_mark(next) || previous == JOINER || (first == '\r' && next == '\n')) {
                break;
            }
            previous = next;
            end = at + next.len_utf8();
        }
        let (cluster, after) = rest.split_at(end);
        rest = after;
        Some(cluster)
    })
}

/// Whether a character belongs to the one before it: combining marks of the scripts that code
/// pages and phones write, variation selectors, skin tones, joiners.
fn is_mark(c: char) -> bool {
    c >= '\u{300}'
        && matches!(c,
            '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' // Latin, Greek, Cyrillic
            | '\u{0591}'..='\u{05BD}' | '\u{05BF}' | '\u{05C1}'..='\u{05C2}'
            | '\u{05C4}'..='\u{05C5}' | '\u{05C7}' // Hebrew
            | '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
            | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}'..='\u{06E8}'
            | '\u{06EA}'..='\u{06ED}' // Arabic
            | '\u{0900}'..='\u{0903}' | '\u{093A}'..='\u{093C}' | '\u{093E}'..='\u{094F}'
            | '\u{0951}'..='\u{0957}' | '\u{0962}'..='\u{0963}' // Devanagari
            | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}' // Thai
            | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | JOINER
            | '\u{20D0}'..='\u{20FF}' | '\u{3099}'..='\u{309A}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}'
            | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Glues emoji together.
const JOINER: char = '\u{200D}';

const MOST_MARKS: usize = 15;

const CRLF: &str = "\r\n";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUSSIAN: Charset = Charset::WINDOWS_1251;

    #[test]
    fn code_pages_are_found_by_name_unless_they_need_nul() {
        assert_eq!(Charset::from_label("cp1251"), Some(RUSSIAN));
        assert_eq!(
            Charset::from_label("iso-8859-1"),
            Some(Charset::WINDOWS_1252)
        );
        assert!(Charset::from_label("koi8-r").is_some());
        assert!(Charset::from_label("utf-8").is_some());
        for label in ["utf-16", "iso-2022-jp", "replacement", "cp9999", ""] {
            assert_eq!(Charset::from_label(label), None, "{label}");
        }
    }

    #[test]
    fn russian_text_goes_through_windows_1251_with_its_line_ends() {
        let encoded = RUSSIAN.encode("Привет,\nмир");
        assert_eq!(encoded.bytes, b"\xcf\xf0\xe8\xe2\xe5\xf2,\r\n\xec\xe8\xf0");
        assert_eq!(encoded.replaced, 0);
        assert_eq!(RUSSIAN.decode(&encoded.bytes), "Привет,\nмир");
    }

    #[test]
    fn what_the_code_page_lacks_becomes_a_question_mark_and_is_counted() {
        let encoded = Charset::WINDOWS_1252.encode("да ☃!");
        assert_eq!(encoded.bytes, b"?? ?!");
        assert_eq!(encoded.replaced, 3);
    }

    #[test]
    fn an_emoji_of_many_parts_is_one_question_mark_and_a_lost_accent_leaves_the_letter() {
        let family = RUSSIAN.encode("👨\u{200D}👩\u{200D}👧 ❤\u{FE0F}");
        assert_eq!((family.bytes.as_slice(), family.replaced), (&b"? ?"[..], 2));

        let stressed = RUSSIAN.encode("и\u{301}");
        assert_eq!(
            (stressed.bytes.as_slice(), stressed.replaced),
            (&b"\xe8"[..], 1)
        );
    }

    #[test]
    fn letters_that_come_in_pieces_are_put_together() {
        let mac = "и\u{306} е\u{308} И\u{306}\u{301}";

        let russian = RUSSIAN.encode(mac);
        assert_eq!(RUSSIAN.decode(&russian.bytes), "й ё Й");
        assert_eq!(russian.replaced, 1, "the stress of the last one");

        let part = RUSSIAN.encode_part(mac, 100);
        assert_eq!(part, russian);
        let polish = Charset::from_label("windows-1250").unwrap();
        assert_eq!(polish.encode("o\u{301}").bytes, b"\xf3");
        // Vietnamese code pages hold some marks by themselves.
        let vietnamese = Charset::from_label("windows-1258").unwrap();
        assert_eq!(vietnamese.encode("e\u{301}").bytes, b"e\xec");
    }

    #[test]
    fn control_characters_do_not_reach_the_wire() {
        assert_eq!(RUSSIAN.encode("a\0b\u{7}c\td\u{85}").bytes, b"abc\td");
        assert_eq!(RUSSIAN.encode("a\r\nb\rc\nd").bytes, b"a\r\nb\r\nc\r\nd");
    }

    #[test]
    fn bytes_without_meaning_are_shown_as_such() {
        assert_eq!(
            RUSSIAN.decode(b"\x98\x07\0a\tb"),
            "\u{FFFD}\u{FFFD}\u{FFFD}a\tb"
        );
        let utf_8 = Charset::from_label("utf-8").unwrap();
        assert_eq!(utf_8.decode(b"\xd0\xffa"), "\u{FFFD}\u{FFFD}a");
        assert_eq!(RUSSIAN.decode(b"a\r\nb\rc\n\r"), "a\nb\nc\n\n");
    }

    #[test]
    fn a_part_never_holds_the_separator() {
        assert_eq!(RUSSIAN.encode("ю").bytes, [SEPARATOR]);
        let part = RUSSIAN.encode_part("Люблю", 100);
        assert_eq!(RUSSIAN.decode(&part.bytes), "ЛЮблЮ");
        assert_eq!(part.replaced, 0);
        assert_eq!(Charset::WINDOWS_1252.encode_part("þ", 9).bytes, b"\xde");
        let greek = Charset::from_label("iso-8859-7").unwrap();
        assert!(!greek.encode_part("ώ", 9).bytes.contains(&SEPARATOR));
    }

    #[test]
    fn a_part_is_cut_between_characters() {
        assert_eq!(
            RUSSIAN.encode_part("привет", 3).bytes,
            RUSSIAN.encode("при").bytes
        );
        let utf_8 = Charset::from_label("utf-8").unwrap();
        assert_eq!(utf_8.encode_part("привет", 5).bytes, "пр".as_bytes());
        assert_eq!(utf_8.encode_part("a\nb", 2).bytes, b"a");
    }

    #[test]
    fn a_long_text_is_cut_at_the_best_place_there_is() {
        let cut = |text: &str| -> Vec<String> {
            RUSSIAN
                .encode_split(text, 20)
                .iter()
                .map(|piece| RUSSIAN.decode(&piece.bytes))
                .collect()
        };
        assert_eq!(cut("short"), ["short"]);
        assert_eq!(cut(""), [""]);
        assert_eq!(
            cut("one two\n\nthree four five"),
            ["one two\n\n", "three four five"]
        );
        assert_eq!(
            cut("one two three\nfour five"),
            ["one two three\n", "four five"]
        );
        assert_eq!(
            cut("one\ntwo three four five six"),
            ["one\ntwo three four ", "five six"]
        );
        assert_eq!(
            cut("see http://example.org/long"),
            ["see ", "http://example.org/l", "ong"]
        );
        assert_eq!(
            cut("абвгдежзийклмнопрстуфх"),
            ["абвгдежзийклмнопрсту", "фх"]
        );
    }

    #[test]
    fn a_cut_never_falls_between_a_letter_and_its_marks() {
        let utf_8 = Charset::from_label("utf-8").unwrap();
        let text = "e\u{301}".repeat(20);
        for piece in utf_8.encode_split(&text, 10) {
            assert!(piece.bytes.starts_with(b"e"));
            assert!(piece.bytes.len() <= 10);
        }
    }

    #[test]
    fn each_piece_counts_its_own_replacements() {
        let pieces = RUSSIAN.encode_split("☃☃☃ ab ☃", 5);
        let counts: Vec<usize> = pieces.iter().map(|piece| piece.replaced).collect();
        assert_eq!(counts, [3, 1]);
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole_text_and_none_is_too_long(
            text in "(\\PC|\n|я| |e\u{301}){0,300}", limit in 4_usize..90,
        ) {
            for charset in [RUSSIAN, Charset::from_label("utf-8").unwrap()] {
                let pieces = charset.encode_split(&text, limit);
                let joined: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.clone()).collect();
                prop_assert_eq!(joined, charset.encode(&text).bytes);
                prop_assert!(pieces.iter().all(|piece| piece.bytes.len() <= limit));
                let replaced: usize = pieces.iter().map(|piece| piece.replaced).sum();
                prop_assert_eq!(replaced, charset.encode(&text).replaced);
            }
        }

        #[test]
        fn a_part_holds_no_separator_and_no_nul(text in any::<String>(), limit in 0_usize..90) {
            for charset in [RUSSIAN, Charset::WINDOWS_1252, Charset::from_label("gbk").unwrap()] {
                let part = charset.encode_part(&text, limit);
                prop_assert!(!part.bytes.contains(&SEPARATOR) && !part.bytes.contains(&0));
                prop_assert!(part.bytes.len() <= limit);
            }
        }

        #[test]
        fn any_bytes_become_a_text_without_control_characters(bytes: Vec<u8>) {
            for charset in [RUSSIAN, Charset::from_label("gbk").unwrap()] {
                let text = charset.decode(&bytes);
                prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            }
        }
    }
}
