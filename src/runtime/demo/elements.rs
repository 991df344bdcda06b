//! An XMPP stream as elements, for clients and scripted servers of demo, tests and benchmark.
//!
//! The gateway's own reader (`runtime/component`) is another one: it takes what hostile people send.

use std::io;

use bytes::{Buf, BytesMut};
use minidom::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xso::exports::rxml;
use xso::{FromEventsBuilder, FromXml};

/// An XMPP stream, read as one element after the other.
pub struct ElementStream {
    io: TcpStream,
    unread: BytesMut,
    parser: rxml::Parser,
    depth: usize,
    builder: Option<<Element as FromXml>::Builder>,
}

impl std::fmt::Debug for ElementStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ElementStream")
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

impl ElementStream {
    /// The stream on this connection, from its first byte.
    pub fn new(io: TcpStream) -> Self {
        Self {
            io,
            unread: BytesMut::new(),
            parser: rxml::Parser::new(),
            depth: 0,
            builder: None,
        }
    }

    /// After SASL both sides begin a new document.
    pub fn restart(&mut self) {
        self.parser = rxml::Parser::new();
        self.depth = 0;
    }

    /// Sends XML as it is written.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn write(&mut self, xml: &str) -> io::Result<()> {
        self.io.write_all(xml.as_bytes()).await
    }

    /// The next element below the stream's root. Cancel safe: half an element stays in `self`.
    ///
    /// # Errors
    ///
    /// When the stream ends, or is no XML.
    pub async fn next(&mut self) -> io::Result<Element> {
        loop {
            if let Some(element) = self.buffered()? {
                return Ok(element);
            }
            if self.io.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn buffered(&mut self) -> io::Result<Option<Element>> {
        loop {
            let mut rest = &self.unread[..];
            let event = rxml::Parse::parse(&mut self.parser, &mut rest, false);
            let used = self.unread.len() - rest.len();
            self.unread.advance(used);
            let event = match event {
                Ok(Some(event)) => event,
                Ok(None) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(rxml::error::EndOrError::NeedMoreData) => return Ok(None),
                Err(rxml::error::EndOrError::Error(error)) => return Err(io::Error::other(error)),
            };
            if let Some(element) = self.step(event)? {
                return Ok(Some(element));
            }
        }
    }

    fn step(&mut self, event: rxml::Event) -> io::Result<Option<Element>> {
        match event {
            rxml::Event::StartElement(..) => self.depth += 1,
            rxml::Event::EndElement(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        let context = xso::Context::empty();
        if let Some(mut builder) = self.builder.take() {
            let done = builder.feed(event, &context).map_err(io::Error::other)?;
            if done.is_none() {
                self.builder = Some(builder);
            }
            return Ok(done);
        }
        if let rxml::Event::StartElement(_, name, attributes) = event
            && self.depth == 2
        {
            let builder = Element::from_events(name, attributes, &context)
                .map_err(|_| io::Error::other("not an element"))?;
            self.builder = Some(builder);
        }
        Ok(None)
    }
}
