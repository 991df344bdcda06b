//! Connects and proves the secret (XEP-0114 §3, xmpp-gateway.md §3.1).

use std::io;

use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::error::{HANDSHAKE_TIMEOUT, HandshakeStep, LinkError};
use super::reader::{Incoming, Limits, Reader};
use super::writer::{Unwritable, Writer};
use crate::model::Secret;

/// Where the XMPP server is, and who we are to it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The server's name or address.
    pub host: String,
    /// Its port for components.
    pub port: u16,
    /// The component's name.
    pub domain: String,
    /// The secret shared with the server.
    pub secret: Secret,
    /// What a stanza of the server may not exceed.
    pub limits: Limits,
    /// Bytes that a stanza to the server may not exceed.
    pub max_stanza: usize,
}

/// A stream whose handshake was accepted.
#[derive(Debug)]
pub struct Connection {
    /// The incoming half.
    pub reader: Reader<OwnedReadHalf>,
    /// The outgoing half: what to send,
    pub writer: Writer,
    /// and on what.
    pub io: OwnedWriteHalf,
}

/// Connects to the server and logs in.
pub async fn connect(endpoint: &Endpoint) -> Result<Connection, LinkError> {
    let stream = in_time(HandshakeStep::Connecting, open(endpoint)).await?;
    // Buffers are flushed when they should be; what is flushed should leave.
    let _ = stream.set_nodelay(true);
    let (read_half, io) = stream.into_split();
    let mut connection = Connection {
        reader: Reader::new(read_half, endpoint.limits),
        writer: Writer::open(&endpoint.domain, endpoint.max_stanza).map_err(unwritable)?,
        io,
    };
    let id = in_time(HandshakeStep::Header, connection.exchange_headers()).await?;
    let secret = endpoint.secret.reveal();
    let writer = &mut connection.writer;
    writer.handshake(&id, secret).map_err(unwritable)?;
    in_time(HandshakeStep::Verdict, connection.prove()).await?;
    Ok(connection)
}

impl Connection {
    async fn exchange_headers(&mut self) -> Result<String, LinkError> {
        self.writer.send_all(&self.io).await?;
        match self.reader.next().await? {
            Incoming::Header { id: Some(id) } if !id.is_empty() => Ok(id),
            // A server that refuses has no use for an id; what follows says why.
            Incoming::Header { .. } => match self.reader.next().await? {
                Incoming::StreamError(error) => Err(error),
                _ => Err(LinkError::NotAStream("its header has no id".to_owned())),
            },
            _ => Err(LinkError::NotAStream("it has no header".to_owned())),
        }
    }

    async fn prove(&mut self) -> Result<(), LinkError> {
        let sent = self.writer.send_all(&self.io).await;
        match self.reader.next().await? {
            Incoming::Handshake => sent,
            Incoming::StreamError(error) => Err(error),
            Incoming::Footer => Err(LinkError::Closed),
            Incoming::Header { .. } | Incoming::Stanza(_) | Incoming::Bad(_) => Err(
                LinkError::NotAStream("it goes on before the handshake".to_owned()),
            ),
        }
    }
}

async fn open(endpoint: &Endpoint) -> Result<TcpStream, LinkError> {
    let addresses = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(|error| LinkError::Unresolved {
            why: error.to_string(),
        })?;
    let mut last = io::ErrorKind::AddrNotAvailable;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.kind(),
        }
    }
    Err(LinkError::Unreachable(last))
}

async fn in_time<T>(
    step: HandshakeStep,
    work: impl Future<Output = Result<T, LinkError>>,
) -> Result<T, LinkError> {
    timeout(HANDSHAKE_TIMEOUT, work)
        .await
        .unwrap_or(Err(LinkError::NoHandshake(step)))
}

fn unwritable(error: Unwritable) -> LinkError {
    LinkError::NotAStream(format!("the handshake cannot be written: {error}"))
}
