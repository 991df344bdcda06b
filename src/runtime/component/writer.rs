//! Writes stanzas to the stream: into one buffer, which leaves when there is nothing more to put in.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::net::tcp::OwnedWriteHalf;
use tokio_xmpp::parsers::component::Handshake;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::xmlstream::XmppStreamElement;
use xso::AsXml;
use xso::exports::rxml::writer::{Encoder, Item, SimpleNamespaces, TrackNamespace};
use xso::exports::rxml::{self, Namespace, XmlVersion};

use super::error::LinkError;
use crate::xmpp::Stanza;

/// The outgoing half of the stream.
pub struct Writer {
    buffer: BytesMut,
    encoder: Encoder<SimpleNamespaces>,
    max_stanza: usize,
}

/// Why a stanza was not written. It left no trace on the stream.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unwritable {
    /// It holds something that XML cannot carry.
    #[error("it cannot be XML: {0}")]
    NotXml(String),
    /// The server would end the stream.
    #[error("it has {bytes} bytes, {limit} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl Writer {
    /// Puts the stream header for the component `domain` into the buffer. No stanza will be larger
    /// than `max_stanza` bytes.
    pub fn open(domain: &str, max_stanza: usize) -> Result<Self, Unwritable> {
        let mut buffer = BytesMut::with_capacity(FLUSH_AT);
        Ok(Self {
            encoder: opened(domain, &mut buffer).map_err(not_xml)?,
            buffer,
            max_stanza,
        })
    }

    /// Puts the proof of the secret into the buffer.
    pub fn handshake(&mut self, stream_id: &str, secret: &str) -> Result<(), Unwritable> {
        let proof = Handshake::from_stream_id_and_password(stream_id.to_owned(), secret);
        self.put(&XmppStreamElement::ComponentHandshake(proof))
    }

    /// Puts a stanza into the buffer.
    pub fn push(&mut self, stanza: &Stanza) -> Result<(), Unwritable> {
        match stanza {
            // Written whole, because an error gets a legacy code in passing.
            Stanza::Iq(_) => self.put(stanza),
            Stanza::Message(message) => self.put(&**message),
            Stanza::Presence(presence) => self.put(&**presence),
        }
    }

    /// Puts the end of the stream into the buffer.
    pub fn close(&mut self) {
        self.buffer.extend_from_slice(FOOTER);
    }

    /// There is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// There is so much to send that nothing should be added before some of it has left.
    pub fn is_full(&self) -> bool {
        self.buffer.len() >= FLUSH_AT
    }

    /// So much waits that the server cannot be reading any more.
    pub fn is_stuck(&self) -> bool {
        self.buffer.len() >= STUCK_AT
    }

    /// Sends what the connection takes at once.
    pub fn send(&mut self, io: &OwnedWriteHalf) -> Result<(), LinkError> {
        while !self.buffer.is_empty() {
            match io.try_write(&self.buffer) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(sent) => self.buffer.advance(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(())
    }

    /// Sends everything. Cancel safe: what has not left stays.
    pub async fn send_all(&mut self, io: &OwnedWriteHalf) -> Result<(), LinkError> {
        loop {
            self.send(io)?;
            if self.buffer.is_empty() {
                return Ok(());
            }
            io.writable().await.map_err(|error| broken(&error))?;
        }
    }

    /// The bytes of a stanza that failed half-way are taken back, and the encoder, which would
    /// remember the elements that were left open, is replaced.
    fn put(&mut self, element: &impl AsXml) -> Result<(), Unwritable> {
        let before = self.buffer.len();
        let outcome = self.encode(element).map_err(not_xml);
        let bytes = self.buffer.len() - before;
        let outcome = outcome.and_then(|()| self.check(bytes));
        if outcome.is_err() {
            self.buffer.truncate(before);
            self.encoder = opened("", &mut BytesMut::new()).map_err(not_xml)?;
        }
        outcome
    }

    fn encode(&mut self, element: &impl AsXml) -> Result<(), xso::error::Error> {
        for item in element.as_xml_iter()? {
            self.encoder
                .encode_into_bytes(item?.as_rxml_item(), &mut self.buffer)?;
        }
        Ok(())
    }

    fn check(&self, bytes: usize) -> Result<(), Unwritable> {
        let limit = self.max_stanza;
        if bytes > limit {
            return Err(Unwritable::TooLarge { bytes, limit });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("waiting", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

/// An encoder that has the stream header behind it; the header's bytes go to `out`.
fn opened(
    domain: &str,
    out: &mut BytesMut,
) -> Result<Encoder<SimpleNamespaces>, xso::error::Error> {
    let mut encoder = Encoder::new();
    let stream = rxml::xml_ncname!("stream");
    let namespaces = encoder.ns_tracker_mut();
    namespaces.declare_fixed(Some(stream), ns::STREAM.into());
    namespaces.declare_fixed(None, ns::COMPONENT.into());
    for item in [
        Item::XmlDeclaration(XmlVersion::V1_0),
        Item::ElementHeadStart(ns::STREAM.into(), stream),
        Item::Attribute(Namespace::NONE, rxml::xml_ncname!("to"), domain),
        Item::ElementHeadEnd,
    ] {
        encoder.encode_into_bytes(item, out)?;
    }
    Ok(encoder)
}

fn not_xml(error: xso::error::Error) -> Unwritable {
    Unwritable::NotXml(error.to_string())
}

fn broken(error: &io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => LinkError::Closed,
        kind => LinkError::Broken(kind),
    }
}

/// So many bytes leave without waiting for more: a system call for each 200 stanzas or so.
const FLUSH_AT: usize = 64 * 1024;

/// What waits is bounded. Others stop at [`FLUSH_AT`]; answers to what keeps coming do not.
const STUCK_AT: usize = 16 * 1024 * 1024;

const FOOTER: &[u8] = b"</stream:stream>";

#[cfg(test)]
mod tests {
    use xmpp_parsers::jid::Jid;
    use xmpp_parsers::message::{Lang, Message};

    use super::*;

    #[test]
    fn a_stanza_that_cannot_be_written_leaves_no_trace() {
        let mut writer = writer();
        writer.push(&saying("one")).unwrap();
        let before = writer.buffer.clone();

        let refused = writer.push(&saying("two \u{8} two"));

        assert!(matches!(refused, Err(Unwritable::NotXml(_))));
        assert_eq!(writer.buffer, before);
        writer.push(&saying("three")).unwrap();
        let text = String::from_utf8(writer.buffer.to_vec()).unwrap();
        assert_eq!(text.matches("<message").count(), 2);
        assert_eq!(text.matches("xmlns=").count(), 1, "{text}");
        assert!(text.ends_with("three</body></message>"), "{text}");
    }

    #[test]
    fn a_stanza_that_is_too_large_is_refused_and_the_next_one_is_written() {
        let mut writer = writer();
        let before = writer.buffer.len();

        let refused = writer.push(&saying(&"x".repeat(3000)));

        assert!(matches!(
            refused,
            Err(Unwritable::TooLarge { limit: 2000, .. })
        ));
        assert_eq!(writer.buffer.len(), before);
        assert_eq!(writer.push(&saying("short")), Ok(()));
    }

    #[test]
    fn the_proof_of_the_secret_is_the_one_of_the_standard() {
        let mut writer = writer();
        writer.handshake("3BF96D32", "secret").unwrap();

        let text = String::from_utf8(writer.buffer.to_vec()).unwrap();
        // SHA-1 of "3BF96D32secret".
        assert!(
            text.ends_with("<handshake>b09ea9b3b7f586be8a08d0a3dd7466f110aeb136</handshake>"),
            "{text}"
        );
        assert!(text.starts_with("<?xml version='1.0' encoding='utf-8'?>"));
        assert!(text.contains(" to='icq.example.org'>"), "{text}");
    }

    fn writer() -> Writer {
        Writer::open("icq.example.org", 2000).unwrap()
    }

    fn saying(body: &str) -> Stanza {
        let mut message = Message::new(Jid::new("romeo@example.org").unwrap());
        message.bodies.insert(Lang::new(), body.to_owned());
        Stanza::Message(Box::new(message))
    }
}
