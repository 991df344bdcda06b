//! The smallest XMPP client that can show a conversation: PLAIN over loopback, stanzas as elements.
//!
//! It exists for the demo, the benchmark and the crash test, where it must be fast and must show
//! each stanza as it came. The live tests use a client library that is nobody's relative.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::{Buf, BytesMut};
use minidom::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use xso::exports::rxml;
use xso::{FromEventsBuilder, FromXml};

/// A client of a server on this machine.
#[derive(Debug)]
pub struct Client {
    /// The full JID the server gave.
    pub jid: String,
    stream: ElementStream,
}

impl Client {
    /// Logs `name` in on `localhost` through the client port `port`, under `resource`.
    ///
    /// # Errors
    ///
    /// When the server refuses, or does not answer within [`PATIENCE`].
    pub async fn log_in(port: u16, name: &str, password: &str, resource: &str) -> io::Result<Self> {
        let mut stream = ElementStream::open(port).await?;
        stream.header().await?;
        stream.wait_for("features").await?;

        let credentials = BASE64_STANDARD.encode(format!("\0{name}\0{password}"));
        stream
            .write(&format!(
                "<auth xmlns='{SASL}' mechanism='PLAIN'>{credentials}</auth>"
            ))
            .await?;
        stream.wait_for("success").await?;

        stream.restart();
        stream.header().await?;
        stream.wait_for("features").await?;
        let bind = format!(
            "<iq type='set' id='bind'><bind xmlns='{BIND}'><resource>{resource}</resource></bind></iq>"
        );
        stream.write(&bind).await?;
        let bound = stream.wait_for("iq").await?;
        let jid = bound
            .get_child("bind", BIND)
            .and_then(|bind| bind.get_child("jid", BIND))
            .map(Element::text)
            .ok_or_else(|| io::Error::other("the server bound no resource"))?;
        Ok(Self { jid, stream })
    }

    /// Sends XML as it is written.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn send(&mut self, xml: &str) -> io::Result<()> {
        self.stream.write(xml).await
    }

    /// The next stanza, whenever it comes. Cancel safe.
    ///
    /// # Errors
    ///
    /// When the connection ends.
    pub async fn receive(&mut self) -> io::Result<Element> {
        self.stream.next().await
    }

    /// The next stanza for which `wanted` holds; those before it go to `passed`.
    ///
    /// # Errors
    ///
    /// When none comes within `patience`, or the connection ends.
    pub async fn wait(
        &mut self,
        patience: Duration,
        wanted: impl Fn(&Element) -> bool,
        mut passed: impl FnMut(&Element),
    ) -> io::Result<Element> {
        timeout(patience, async {
            loop {
                let stanza = self.receive().await?;
                if wanted(&stanza) {
                    return Ok(stanza);
                }
                passed(&stanza);
            }
        })
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the stanza did not come"))?
    }
}

/// How long each step of a login may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";

/// A client stream, read as one element after the other.
struct ElementStream {
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
    async fn open(port: u16) -> io::Result<Self> {
        let io = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        io.set_nodelay(true)?;
        Ok(Self {
            io,
            unread: BytesMut::new(),
            parser: rxml::Parser::new(),
            depth: 0,
            builder: None,
        })
    }

    /// Sends the stream header; the server's own is read with the first element.
    async fn header(&mut self) -> io::Result<()> {
        self.write(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' \
             xmlns:stream='http://etherx.jabber.org/streams' to='localhost'>",
        )
        .await
    }

    /// After SASL both sides begin a new document.
    fn restart(&mut self) {
        self.parser = rxml::Parser::new();
        self.depth = 0;
    }

    async fn write(&mut self, xml: &str) -> io::Result<()> {
        self.io.write_all(xml.as_bytes()).await
    }

    async fn wait_for(&mut self, name: &str) -> io::Result<Element> {
        let element = timeout(PATIENCE, self.next())
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, format!("no <{name}/> came")))??;
        if element.name() == name {
            return Ok(element);
        }
        Err(io::Error::other(format!(
            "<{}/> came in place of <{name}/>",
            element.name()
        )))
    }

    /// The next element below the stream's root. Cancel safe: half an element stays in `self`.
    async fn next(&mut self) -> io::Result<Element> {
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
