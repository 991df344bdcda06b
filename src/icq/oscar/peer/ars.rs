//! ARS: the proxy between two clients that cannot reach each other (`oscar.md` §5.2).

use std::net::Ipv4Addr;

use crate::icq::oscar::parts::{Cookie, Guid, ScreenName};
use crate::icq::wire::{DecodeError, Layout, Part, Reader, Rest, Writer};

/// A packet to or from a proxy.
///
/// | bytes | field     | meaning                  |
/// |-------|-----------|--------------------------|
/// | 2     | `length`  | of what follows          |
/// | 2     | `version` | 0x044A                   |
/// | 2     | `type`    | what it is               |
/// | 4     | `unknown` | 0                        |
/// | 2     | `flags`   |                          |
/// | n     | `body`    | [`ArsBody`], by `type`   |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ars<'a> {
    /// 0.
    pub unknown: u32,
    /// Meaning unknown.
    pub flags: u16,
    /// What it says.
    pub body: ArsBody<'a>,
}

/// What a packet to or from a proxy says.
///
/// | type | bytes                          | meaning                                  |
/// |------|--------------------------------|------------------------------------------|
/// | 1    | `u16` code                     | 0x0D bad request, 0x10, 0x1A too late    |
/// | 2    | name, 8 cookie, TLV 1          | the first client comes                   |
/// | 3    | `u16` port, 4 address          | tells what the second client has to say  |
/// | 4    | name, `u16` port, 8 cookie, TLV 1 | the second client comes               |
/// | 5    |                                | from here on the clients hear each other |
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ArsBody<'a> {
    /// 1: it does not go.
    Error(u16),
    /// 2: the first client comes.
    Create {
        /// Who.
        screen_name: ScreenName<'a>,
        /// Of the proposal.
        cookie: Cookie,
        /// What for.
        capability: ArsTlv,
    },
    /// 3: the proxy waits for the second client.
    Created {
        /// What that client has to say.
        port: u16,
        /// Where it has to come.
        ip: Ipv4Addr,
    },
    /// 4: the second client comes.
    Join {
        /// Who.
        screen_name: ScreenName<'a>,
        /// What the proxy told the first.
        port: u16,
        /// Of the proposal.
        cookie: Cookie,
        /// What for.
        capability: ArsTlv,
    },
    /// 5: from here on the clients hear each other.
    Ready,
    /// Something else.
    Other(u16, Rest<'a>),
}

impl ArsBody<'_> {
    const fn kind(&self) -> u16 {
        match self {
            Self::Error(_) => 1,
            Self::Create { .. } => 2,
            Self::Created { .. } => 3,
            Self::Join { .. } => 4,
            Self::Ready => 5,
            Self::Other(kind, _) => *kind,
        }
    }
}

impl<'a> Layout<'a> for Ars<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let length = reader.u16("length")?;
        reader.within("packet", length.into(), |area| {
            let version = area.code("version")?;
            if version != VERSION {
                return Err(DecodeError::Invalid {
                    field: "version",
                    value: version.into(),
                });
            }
            let kind = area.u16("type")?;
            Ok(Self {
                unknown: area.u32("unknown")?,
                flags: area.u16("flags")?,
                body: ArsBody::read(kind, area)?,
            })
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.sized_u16(|writer| {
            writer.u16(VERSION);
            writer.u16(self.body.kind());
            writer.u32(self.unknown);
            writer.u16(self.flags);
            self.body.write(writer);
        });
    }
}

impl<'a> ArsBody<'a> {
    fn read(kind: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match kind {
            1 => Self::Error(reader.u16("error")?),
            2 => Self::Create {
                screen_name: Part::read(reader, "screen_name")?,
                cookie: Part::read(reader, "cookie")?,
                capability: Part::read(reader, "capability")?,
            },
            3 => Self::Created {
                port: reader.u16("port")?,
                ip: reader.ip4("ip")?,
            },
            4 => Self::Join {
                screen_name: Part::read(reader, "screen_name")?,
                port: reader.u16("port")?,
                cookie: Part::read(reader, "cookie")?,
                capability: Part::read(reader, "capability")?,
            },
            5 => Self::Ready,
            kind => Self::Other(kind, Part::read(reader, "rest")?),
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Error(code) => writer.u16(*code),
            Self::Create {
                screen_name,
                cookie,
                capability,
            } => {
                screen_name.write(writer);
                cookie.write(writer);
                capability.write(writer);
            }
            Self::Created { port, ip } => {
                writer.u16(*port);
                writer.ip4(*ip);
            }
            Self::Join {
                screen_name,
                port,
                cookie,
                capability,
            } => {
                screen_name.write(writer);
                writer.u16(*port);
                cookie.write(writer);
                capability.write(writer);
            }
            Self::Ready => {}
            Self::Other(_, rest) => rest.write(writer),
        }
    }
}

/// A capability in a TLV of type 1, the only one there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ArsTlv(pub Guid);

impl<'a> Part<'a> for ArsTlv {
    fn read(reader: &mut Reader<'a>, name: &'static str) -> Result<Self, DecodeError> {
        for (field, expected) in [("tlv_type", 1), ("tlv_length", 16)] {
            let value = reader.constant_u16(field)?;
            if value != expected {
                return Err(DecodeError::Invalid {
                    field,
                    value: value.into(),
                });
            }
        }
        Part::read(reader, name).map(Self)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(1);
        writer.sized_u16(|writer| self.0.write(writer));
    }

    fn fits(reader: &Reader<'a>) -> bool {
        reader.left() >= 20
    }
}

/// The only version there is.
const VERSION: u16 = 0x044A;
