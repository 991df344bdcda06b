//! The text of a message on channel 1 (`oscar.md` §3.4.1).

use crate::icq::wire::{DecodeError, Part, Reader, Value, Writer};

/// TLV 0x02: fragments, one after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fragments<'a>(pub Vec<Fragment<'a>>);

/// A fragment.
///
/// | bytes | field      | meaning                            |
/// |-------|------------|------------------------------------|
/// | 1     | `id`       | 5 features, 1 text                 |
/// | 1     | `version`  | 1                                  |
/// | 2     |            | length of what follows             |
/// | 2     | `charset`  | only texts                         |
/// | 2     | `subset`   | only texts                         |
/// | n     | `text`     |                                    |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fragment<'a> {
    /// What the client can do with texts. It means nothing to anybody, but has to be there.
    Features {
        /// 1.
        version: u8,
        /// Any bytes.
        features: &'a [u8],
    },
    /// A text, or a part of one.
    Text {
        /// 1.
        version: u8,
        /// [`Fragment::ASCII`] or another.
        charset: u16,
        /// 0, or something of no use.
        subset: u16,
        /// The text in that charset, without an end.
        text: &'a [u8],
    },
    /// Something else.
    Other {
        /// What.
        id: u8,
        /// Its version.
        version: u8,
        /// What it says.
        data: &'a [u8],
    },
}

impl Fragment<'_> {
    /// `charset`: ASCII, says the sender.
    pub const ASCII: u16 = 0;
    /// `charset`: UTF-16, the high byte first.
    pub const UTF_16: u16 = 2;
    /// `charset`: the sender's code page.
    pub const LOCAL: u16 = 3;
}

impl<'a> Fragments<'a> {
    /// A text as clients send it.
    pub fn of(charset: u16, text: &'a [u8]) -> Self {
        let features: &[u8] = match charset {
            Fragment::UTF_16 => b"\x01\x06",
            _ => b"\x01\x01\x02",
        };
        Self(vec![
            Fragment::Features {
                version: 1,
                features,
            },
            Fragment::Text {
                version: 1,
                charset,
                subset: 0,
                text,
            },
        ])
    }

    /// The texts, each with its charset. They belong together.
    pub fn texts(&self) -> impl Iterator<Item = (u16, &'a [u8])> {
        self.0.iter().filter_map(|fragment| match *fragment {
            Fragment::Text { charset, text, .. } => Some((charset, text)),
            Fragment::Features { .. } | Fragment::Other { .. } => None,
        })
    }
}

impl<'a> Part<'a> for Fragments<'a> {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        reader.group(name, |reader| {
            let mut fragments = Vec::new();
            while reader.left() > 0 {
                fragments.push(read_fragment(reader)?);
            }
            reader.record("frag_versions", || versions(&fragments));
            Ok(Self(fragments))
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for fragment in &self.0 {
            let (id, version) = fragment.head();
            writer.u8(id);
            writer.u8(version);
            writer.sized_u16(|writer| match *fragment {
                Fragment::Features { features, .. } => writer.bytes(features),
                Fragment::Text {
                    charset,
                    subset,
                    text,
                    ..
                } => {
                    writer.u16(charset);
                    writer.u16(subset);
                    writer.bytes(text);
                }
                Fragment::Other { data, .. } => writer.bytes(data),
            });
        }
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() > 0
    }
}

impl Fragment<'_> {
    /// The two bytes that a fragment begins with.
    const fn head(&self) -> (u8, u8) {
        match *self {
            Self::Features { version, .. } => (FEATURES, version),
            Self::Text { version, .. } => (TEXT, version),
            Self::Other { id, version, .. } => (id, version),
        }
    }
}

fn read_fragment<'a>(reader: &mut Reader<'a>) -> Result<Fragment<'a>, DecodeError> {
    match reader.peek().first() {
        Some(&TEXT) => reader.list("parts", |reader| reader.group("part", read_one)),
        _ => read_one(reader),
    }
}

fn read_one<'a>(reader: &mut Reader<'a>) -> Result<Fragment<'a>, DecodeError> {
    let id = reader.constant_u8("id")?;
    let version = reader.constant_u8("version")?;
    let length = usize::from(reader.constant_u16("length")?);
    reader.within("fragment", length, |area| {
        Ok(match id {
            FEATURES => Fragment::Features {
                version,
                features: area.rest_as("features", Value::Bytes),
            },
            TEXT if length >= 4 => {
                let charset = area.u16("charset")?;
                let subset = area.u16("subset")?;
                let value = match charset {
                    Fragment::UTF_16 => Value::Wide,
                    _ => Value::Text,
                };
                Fragment::Text {
                    version,
                    charset,
                    subset,
                    text: area.rest_as("text", value),
                }
            }
            _ => Fragment::Other {
                id,
                version,
                data: area.rest_as("data", Value::Bytes),
            },
        })
    })
}

fn versions<'a>(fragments: &[Fragment<'_>]) -> Value<'a> {
    let versions = fragments.iter().map(|fragment| crate::icq::wire::Field {
        name: "version",
        value: Value::Number(fragment.head().1.into()),
        offset: 0,
        length: 0,
    });
    Value::List(versions.collect())
}

const FEATURES: u8 = 5;
const TEXT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::ByteOrder;

    fn read(bytes: &[u8]) -> Result<Fragments<'_>, DecodeError> {
        Fragments::read(&mut Reader::new(bytes).in_order(ByteOrder::Big), "im")
    }

    #[test]
    fn a_text_is_written_as_the_reference_says() {
        let mut out = Vec::new();
        let text = Fragments::of(Fragment::UTF_16, b"\x04\x1f");
        text.write(&mut Writer::new(&mut out).in_order(ByteOrder::Big));
        assert_eq!(
            out,
            b"\x05\x01\0\x02\x01\x06\x01\x01\0\x06\0\x02\0\0\x04\x1f"
        );
        assert_eq!(read(&out), Ok(text));
    }

    #[test]
    fn features_may_be_missing_and_texts_several() {
        let bytes = b"\x01\x01\0\x05\0\0\0\0a\x07\x02\0\x01x\x01\x01\0\x05\0\x03\xff\xffb";
        let fragments = read(bytes).unwrap();
        let texts: Vec<_> = fragments.texts().collect();
        assert_eq!(texts, [(0, &b"a"[..]), (3, b"b")]);
    }

    #[test]
    fn a_fragment_longer_than_its_tlv_is_refused() {
        assert!(read(b"\x01\x01\0\x06\0\0\0\0a").is_err());
        assert!(read(b"\x01\x01\0").is_err());
    }
}
