//! Family 0x17, and the sign-on without SNACs: passwords, cookies, new numbers
//! (`oscar.md` §2.1 to §2.4, §3.17).

use std::fmt;

use md5::{Digest as _, Md5};

use crate::icq::oscar::parts::{Bytes, Hidden, Number, Octets, Str16, Text};
use crate::icq::oscar::tlv::{Chain, tlvs};
use crate::icq::wire::{
    ByteOrder, DecodeError, Layout, Part, Password, Reader, Writer, commands, layout,
};
use crate::model::{Secret, Uin};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// Proves the password.
        0x0002 "LOGIN" Login(Login<'a>),
        /// Asks for a new number.
        0x0004 "REGISTER" Register(Register<'a>),
        /// Asks for a key to prove the password with.
        0x0006 "KEY_REQUEST" KeyRequest(Login<'a>),
        /// The code of a token.
        0x000B "SECURID_CODE" SecurIdCode(SecurIdCode<'a>),
        /// Asks for a picture with a text for people to read.
        0x000C "PICTURE_REQUEST" PictureRequest,
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// The login is accepted, or not.
        0x0003 "LOGIN_REPLY" LoginReply(Login<'a>),
        /// A new number.
        0x0005 "REGISTERED" Registered(Registered),
        /// A key to prove the password with.
        0x0007 "KEY" Key(Key<'a>),
        /// Wants the code of a token.
        0x000A "SECURID_REQUEST" SecurIdRequest,
        /// A picture with a text for people to read.
        0x000D "PICTURE" Picture(Picture<'a>),
    }
}

layout! {
    /// 17/02, 17/03, 17/06, TLVs.
    pub struct Login<'a> {
        /// Account, digest, client; or address and cookie; or an error.
        tlvs: Chain<LoginTlv<'a>>,
    }

    /// A key: 17/07.
    ///
    /// | bytes | field      | meaning                        |
    /// |-------|------------|--------------------------------|
    /// | 2, n  | `auth_key` | goes into the digest           |
    pub struct Key<'a> {
        /// Goes into the digest.
        auth_key: Str16<'a>,
    }

    /// The code of a token: 17/0B.
    ///
    /// | bytes | field  |
    /// |-------|--------|
    /// | 2, n  | `code` |
    pub struct SecurIdCode<'a> {
        /// The code.
        code: Str16<'a>,
    }

    /// A picture with a text: 17/0D, TLVs.
    pub struct Picture<'a> {
        /// The picture.
        tlvs: Chain<PictureTlv<'a>>,
    }
}

tlvs! {
    /// The TLVs of logins, redirects and goodbyes (§2.1).
    pub enum LoginTlv {
        /// Account: a UIN or a name.
        0x0001 screen_name ScreenName(Text<'a>),
        /// The password, [`roast`]ed.
        0x0002 roasted_password RoastedPassword(Hidden<'a>),
        /// What client it is, in words.
        0x0003 client_string ClientString(Text<'a>),
        /// An address to read more at.
        0x0004 error_url ErrorUrl(Text<'a>),
        /// `host:port` to go to.
        0x0005 bos Address(Text<'a>),
        /// To be said there.
        0x0006 cookie Cookie(Hidden<'a>),
        /// Why not (§2.4).
        0x0008 error Error(Number),
        /// Why the server says goodbye: 1 a login elsewhere, 2 the account is gone.
        0x0009 disconnect_reason DisconnectReason(Number),
        /// The same in words.
        0x000B disconnect_text DisconnectText(Text<'a>),
        /// Meaning unknown.
        0x000C debug Debug(u16),
        /// A family: where it is spoken.
        0x000D service Service(u16),
        /// Country.
        0x000E country Country(Text<'a>),
        /// Language.
        0x000F language Language(Text<'a>),
        /// The e-mail address of the account.
        0x0011 email Email(Text<'a>),
        /// Which distribution of the client.
        0x0014 distribution Distribution(u32),
        /// Which client: 0x010A ICQ, 0x0109 AIM.
        0x0016 client_id ClientId(u16),
        /// Its version.
        0x0017 major Major(u16),
        /// Its version.
        0x0018 minor Minor(u16),
        /// Its version.
        0x0019 lesser Lesser(u16),
        /// Its version.
        0x001A build Build(u16),
        /// The digest that proves the password: [`weak_digest`], or with `StrongHash` [`strong_digest`].
        0x0025 md5_digest Digest(Hidden<'a>),
        /// Sessions besides this one: 1 may be, 3 will be thrown out with a reason.
        0x004A multiconn MultiConnection(u8),
        /// The client can ask for the code of a token.
        0x004B securid_capable SecurIdCapable,
        /// The digest is the strong one.
        0x004C strong_hash StrongHash,
        /// Where to change the password.
        0x0054 password_url PasswordUrl(Text<'a>),
        /// Meaning unknown.
        0x005A unknown_5a Unknown5A,
        /// The name in the certificate.
        0x008D ssl_name CertificateName(Text<'a>),
        /// Whether to encrypt: 0 no, 1 yes, 2 yes and resume.
        0x008E ssl_state Encryption(u8),
    }

    /// The TLVs of 17/0D.
    pub enum PictureTlv {
        /// The MIME type.
        0x0001 mime Mime(Text<'a>),
        /// The picture.
        0x0002 picture Picture(Bytes<'a>),
    }
}

/// Asks for a new number: 17/04. Little-endian from `unknown` on.
///
/// | bytes | field           | meaning                                      |
/// |-------|-----------------|----------------------------------------------|
/// | 2     |                 | type 1                                       |
/// | 2     |                 | length of what follows but the last field    |
/// | 4     |                 | 0                                            |
/// | 2     | `sub`           | 0x28                                         |
/// | 2     | `seq`           | 3                                            |
/// | 4 × 2 |                 | 0                                            |
/// | 4     | `cookie`        | chosen by the client                         |
/// | 4     |                 | the same                                     |
/// | 16    |                 | 0                                            |
/// | lstr  | `password`      |                                              |
/// | 4     | `cookie2`       | the same                                     |
/// | n     | `tail_in_tlv`   | zeros and a word                             |
/// | n     | `tail_after_tlv` | some put the word here                      |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Register<'a> {
    /// 0x28.
    pub sub: u16,
    /// 3.
    pub seq: u16,
    /// Chosen by the client, and repeated by the server.
    pub cookie: Octets<4>,
    /// The password for the new number.
    pub password: Password<'a>,
    /// The cookie again.
    pub cookie2: Octets<4>,
    /// Zeros and a word.
    pub tail_in_tlv: Bytes<'a>,
    /// The word, where some put it; and the text of a picture, as a TLV.
    pub tail_after_tlv: Bytes<'a>,
}

impl<'a> Layout<'a> for Register<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let _kind = reader.constant_u16("tlv_type")?;
        let length = reader.constant_u16("tlv_length")?;
        let mut packet = reader.within("registration", length.into(), |area| {
            area.with_order(ByteOrder::Little, |area| {
                constant::<4>(area)?;
                let sub = area.u16("sub")?;
                let seq = area.u16("seq")?;
                constant::<8>(area)?;
                let cookie = Part::read(area, "cookie")?;
                constant::<4>(area)?;
                constant::<16>(area)?;
                Ok(Self {
                    sub,
                    seq,
                    cookie,
                    password: area.password("password")?,
                    cookie2: Part::read(area, "cookie2")?,
                    tail_in_tlv: Part::read(area, "tail_in_tlv")?,
                    tail_after_tlv: Bytes(b""),
                })
            })
        })?;
        packet.tail_after_tlv = Part::read(reader, "tail_after_tlv")?;
        Ok(packet)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(1);
        writer.sized_u16(|writer| {
            writer.with_order(ByteOrder::Little, |writer| {
                writer.u32(0);
                writer.u16(self.sub);
                writer.u16(self.seq);
                writer.bytes(&[0; 8]);
                self.cookie.write(writer);
                self.cookie.write(writer);
                writer.bytes(&[0; 16]);
                self.password.write(writer);
                self.cookie2.write(writer);
                self.tail_in_tlv.write(writer);
            });
        });
        self.tail_after_tlv.write(writer);
    }
}

/// A new number: 17/05. Little-endian from the length on.
///
/// | bytes | field     | meaning                                           |
/// |-------|-----------|---------------------------------------------------|
/// | 2, 2  |           | type 1 and length                                 |
/// | 2     |           | length of what follows                            |
/// | 4     |           | 0                                                 |
/// | 2     | `sub`     | 0x2D                                              |
/// | 2     | `seq`     | 3                                                 |
/// | 12    | `address` | where the client is seen, and something unknown   |
/// | 4     | `cookie`  | the client's                                      |
/// | 16    |           | 0                                                 |
/// | 4     | `uin`     | the new number                                    |
/// | 4     | `cookie2` | the client's                                      |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registered {
    /// 0x2D.
    pub sub: u16,
    /// 3.
    pub seq: u16,
    /// Where the client is seen, and something unknown.
    pub address: Octets<12>,
    /// The client's.
    pub cookie: Octets<4>,
    /// The new number.
    pub uin: Uin,
    /// The client's again.
    pub cookie2: Octets<4>,
}

impl<'a> Layout<'a> for Registered {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let _kind = reader.constant_u16("tlv_type")?;
        let length = reader.constant_u16("tlv_length")?;
        reader.within("registration", length.into(), |area| {
            area.with_order(ByteOrder::Little, |area| {
                let _length = area.constant_u16("length")?;
                constant::<4>(area)?;
                let sub = area.u16("sub")?;
                let seq = area.u16("seq")?;
                let address = Part::read(area, "address")?;
                let cookie = Part::read(area, "cookie")?;
                constant::<16>(area)?;
                Ok(Self {
                    sub,
                    seq,
                    address,
                    cookie,
                    uin: Part::read(area, "uin")?,
                    cookie2: Part::read(area, "cookie2")?,
                })
            })
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(1);
        writer.sized_u16(|writer| {
            writer.with_order(ByteOrder::Little, |writer| {
                writer.sized_u16(|writer| {
                    writer.u32(0);
                    writer.u16(self.sub);
                    writer.u16(self.seq);
                    self.address.write(writer);
                    self.cookie.write(writer);
                    writer.bytes(&[0; 16]);
                    self.uin.write(writer);
                    self.cookie2.write(writer);
                });
            });
        });
    }
}

/// Bytes that are always 0, or say again what was said.
fn constant<const N: usize>(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    for _ in 0..N {
        reader.constant_u8("constant")?;
    }
    Ok(())
}

/// Hides a password from nobody: XOR with a key that never changes. What it gives is taken back by
/// itself (§2.2).
pub fn roast(password: &[u8]) -> Vec<u8> {
    let key = ROAST.iter().cycle();
    password
        .iter()
        .zip(key)
        .map(|(byte, key)| byte ^ key)
        .collect()
}

/// A digest that proves a password and does not show itself.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct LoginDigest(pub [u8; 16]);

impl fmt::Debug for LoginDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginDigest(…)")
    }
}

/// The digest of clients that do not send TLV 0x4C (§2.3).
pub fn weak_digest(key: &[u8], password: &[u8]) -> LoginDigest {
    digest(&[key, password, DIGEST_END])
}

/// The digest of clients that do.
pub fn strong_digest(key: &[u8], password: &[u8]) -> LoginDigest {
    let LoginDigest(inner) = digest(&[password]);
    digest(&[key, &inner, DIGEST_END])
}

fn digest(parts: &[&[u8]]) -> LoginDigest {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part);
    }
    LoginDigest(md5.finalize().into())
}

/// The bytes of a password as a login sends them: ASCII, as it is nowhere said what else means.
pub fn password_bytes(password: &Secret) -> Option<&[u8]> {
    let password = password.reveal();
    password.is_ascii().then_some(password.as_bytes())
}

/// The key of [`roast`].
const ROAST: [u8; 16] = [
    0xF3, 0x26, 0x81, 0xC4, 0x39, 0x86, 0xDB, 0x92, 0x71, 0xA3, 0xB9, 0xE6, 0x53, 0x7A, 0x95, 0x7C,
];

/// What every digest ends with.
const DIGEST_END: &[u8] = b"AOL Instant Messenger (SM)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roast_is_taken_back_by_itself() {
        let password = b"longer than sixteen bytes";
        assert_eq!(roast(b"a"), [0x92]);
        assert_eq!(roast(&roast(password)), password);
    }

    #[test]
    fn a_digest_does_not_show_itself() {
        let digest = strong_digest(b"6F1C0A7E-1234", b"secret7x");
        assert_eq!(digest.0[..2], [0x78, 0x61]);
        assert_ne!(weak_digest(b"6F1C0A7E-1234", b"secret7x"), digest);
        assert_eq!(format!("{digest:?}"), "LoginDigest(…)");
    }

    #[test]
    fn only_ascii_passwords_have_known_bytes() {
        assert_eq!(password_bytes(&Secret::new("abc")), Some(&b"abc"[..]));
        assert_eq!(password_bytes(&Secret::new("пароль")), None);
    }
}
