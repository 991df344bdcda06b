//! The smallest XMPP client that can show a conversation: PLAIN over loopback, stanzas as elements.
//!
//! It exists for the demo, the benchmark and the crash test, where it must be fast and must show
//! each stanza as it came. The live tests use a client library that is nobody's relative.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use minidom::Element;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::elements::ElementStream;

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
        let mut stream = ElementStream::new(local(port).await?);
        stream.write(HEADER).await?;
        expect(&mut stream, "features").await?;

        let credentials = BASE64_STANDARD.encode(format!("\0{name}\0{password}"));
        stream
            .write(&format!(
                "<auth xmlns='{SASL}' mechanism='PLAIN'>{credentials}</auth>"
            ))
            .await?;
        expect(&mut stream, "success").await?;

        stream.restart();
        stream.write(HEADER).await?;
        expect(&mut stream, "features").await?;
        let bind = format!(
            "<iq type='set' id='bind'><bind xmlns='{BIND}'><resource>{resource}</resource></bind></iq>"
        );
        stream.write(&bind).await?;
        let bound = expect(&mut stream, "iq").await?;
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

/// A client's stream header; the server's own is read with the first element.
const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' \
     xmlns:stream='http://etherx.jabber.org/streams' to='localhost'>";

async fn local(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn expect(stream: &mut ElementStream, name: &str) -> io::Result<Element> {
    let element = timeout(PATIENCE, stream.next())
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
