//! Takes the content out of an element that is nested too deeply, before the parser sees it.
//!
//! The parser looks a namespace up through all elements that are open, so 30,000 nested ones, which
//! fit into a stanza that servers pass on, would cost it half a second in which nobody else is served.

use bytes::{Buf, BytesMut};

/// Drops bytes up to the end tag of the element whose start tag was the last thing read.
///
/// It trusts the bytes to be well-formed and free of comments and CDATA sections: servers write
/// stanzas anew from what they parsed.
#[derive(Debug, Default)]
pub(super) struct Pruner {
    place: Place,
    /// Elements that are open within the one at hand.
    depth: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Text,
    StartTag {
        /// The last byte was a `/`.
        slash: bool,
    },
    EndTag,
    /// An attribute's value, up to this quotation mark.
    Value(u8),
}

impl Pruner {
    /// Drops what can be dropped of `bytes`. True: they begin with the end tag.
    pub(super) fn prune(&mut self, bytes: &mut BytesMut) -> bool {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if matches!(self.place, Place::Text) && byte == b'<' {
                let Some(&next) = bytes.get(at + 1) else {
                    break;
                };
                if next == b'/' && self.depth == 0 {
                    bytes.advance(at);
                    return true;
                }
            }
            self.step(byte, bytes.get(at + 1).copied());
            at += 1;
        }
        bytes.advance(at);
        false
    }

    fn step(&mut self, byte: u8, next: Option<u8>) {
        self.place = match (self.place, byte) {
            (Place::Text, b'<') if next == Some(b'/') => Place::EndTag,
            (Place::Text, b'<') => Place::StartTag { slash: false },
            (Place::Text, _) => Place::Text,
            (Place::StartTag { .. }, b'"' | b'\'') => Place::Value(byte),
            (Place::StartTag { slash: true }, b'>') => Place::Text,
            (Place::StartTag { slash: false }, b'>') => {
                self.depth += 1;
                Place::Text
            }
            (Place::StartTag { .. }, _) => Place::StartTag {
                slash: byte == b'/',
            },
            (Place::Value(quote), _) if byte == quote => Place::StartTag { slash: false },
            (Place::Value(quote), _) => Place::Value(quote),
            (Place::EndTag, b'>') => {
                self.depth -= 1;
                Place::Text
            }
            (Place::EndTag, _) => Place::EndTag,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_up_to_the_end_tag_goes() {
        for content in [
            "",
            "text",
            "<b/>",
            "<b></b>",
            "<b><c>text</c></b>and<d e='>' f=\"/>'</\"/>",
            "<a x='/'><a></a></a>",
        ] {
            let text = format!("{content}</a><next/>");
            for size in 1..text.len() {
                assert_eq!(pruned(&text, size), "</a><next/>", "{content} by {size}");
            }
        }
    }

    /// What the parser would see of `text` if it came in pieces of `size`.
    fn pruned(text: &str, size: usize) -> String {
        let mut pruner = Pruner::default();
        let mut buffer = BytesMut::new();
        let mut done = false;
        for piece in text.as_bytes().chunks(size) {
            buffer.extend_from_slice(piece);
            done = done || pruner.prune(&mut buffer);
        }
        assert!(done);
        String::from_utf8(buffer.to_vec()).unwrap()
    }
}
