//! The link to the XMPP server, for as long as the program runs: connects, and connects again.
//!
//! Wait for [`ready`](ComponentLink::ready), then drain [`poll_event`](ComponentLink::poll_event), put
//! in what should go out, and [`flush`](ComponentLink::flush) once.

mod up;

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::component::{Connection, Endpoint, LinkError, MarkOf, Reconnect, RoundTrips, connect};
use super::inbox::LinkNumber;
use crate::xmpp::{BadStanza, Stanza};
use up::Up;

/// The link. `U` is how marks name whose they are.
pub(super) struct ComponentLink<U> {
    endpoint: Endpoint,
    reconnect: Reconnect,
    state: State<U>,
    number: LinkNumber,
    events: VecDeque<LinkEvent<U>>,
    /// When it last went up or down.
    since: Instant,
    problem: Option<&'static str>,
}

/// How the link is, for the operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LinkStatus {
    /// It is up.
    pub(super) up: bool,
    /// Since when it is as it is.
    pub(super) since: Instant,
    /// Why it was down the last time.
    pub(super) problem: Option<&'static str>,
}

/// What happened on the link.
#[derive(Debug)]
pub(super) enum LinkEvent<U> {
    /// The handshake was accepted.
    Up,
    /// The link is gone.
    Down,
    /// A stanza came.
    Stanza(Stanza),
    /// A stanza came that could not be built.
    Bad(BadStanza),
    /// What was sent before this mark has reached the server.
    Confirmed(MarkOf<U>),
}

enum State<U> {
    /// Until the next attempt.
    Waiting(Instant),
    Connecting(Attempt),
    Up(Box<Up<U>>),
}

type Attempt = Pin<Box<dyn Future<Output = Result<Connection, LinkError>> + Send>>;

impl<U> ComponentLink<U> {
    /// A link that will be connected to `endpoint` at once.
    pub(super) fn new(endpoint: Endpoint, now: Instant) -> Self {
        Self {
            endpoint,
            reconnect: Reconnect::default(),
            state: State::Waiting(now),
            number: LinkNumber::default(),
            events: VecDeque::new(),
            since: now,
            problem: None,
        }
    }

    /// Waits until there may be an event. Cancel safe.
    pub(super) async fn ready(&mut self) {
        match &mut self.state {
            State::Waiting(until) => {
                sleep_until((*until).into()).await;
                let endpoint = self.endpoint.clone();
                self.state = State::Connecting(Box::pin(async move { connect(&endpoint).await }));
            }
            State::Connecting(attempt) => match attempt.await {
                Ok(connection) => self.begin(connection),
                Err(error) => self.end(error),
            },
            State::Up(up) => up.ready().await,
        }
    }

    /// The next event.
    pub(super) fn poll_event(&mut self) -> Option<LinkEvent<U>> {
        if self.events.is_empty()
            && let State::Up(up) = &mut self.state
        {
            match up.poll(&mut self.events) {
                Ok(()) => {}
                Err(error) => self.end(error),
            }
        }
        self.events.pop_front()
    }

    /// Puts a stanza among those to send. Without a link it is dropped.
    pub(super) fn send(&mut self, stanza: &Stanza) {
        if let State::Up(up) = &mut self.state {
            up.push(stanza);
        }
    }

    /// The same for a stanza that was written for one link. On another one it would overtake what was lost
    /// with the first and is about to come again.
    pub(super) fn send_on(&mut self, link: LinkNumber, stanza: &Stanza) {
        if link == self.number {
            self.send(stanza);
        }
    }

    /// Puts a mark behind everything sent so far. One that was set for another link is void.
    pub(super) fn mark(&mut self, mark: MarkOf<U>, link: LinkNumber) {
        if let State::Up(up) = &mut self.state
            && link == self.number
        {
            up.mark(mark);
        }
    }

    /// There is so much to send that others should wait.
    pub(super) fn is_full(&self) -> bool {
        match &self.state {
            State::Up(up) => up.is_full(),
            State::Waiting(_) | State::Connecting(_) => false,
        }
    }

    /// The number of the link that is up, or was the last.
    pub(super) const fn number(&self) -> LinkNumber {
        self.number
    }

    /// How it is.
    pub(super) const fn status(&self) -> LinkStatus {
        LinkStatus {
            up: self.is_up(),
            since: self.since,
            problem: self.problem,
        }
    }

    const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// Sends what was put in.
    pub(super) fn flush(&mut self, now: Instant) {
        if let State::Up(up) = &mut self.state {
            up.flush(now);
        }
    }

    /// Sends what was put in, and the end of the stream.
    pub(super) async fn close(mut self) {
        if let State::Up(up) = &mut self.state
            && let Err(error) = up.close().await
        {
            tracing::debug!(%error, "the stream was not closed in order");
        }
    }

    fn begin(&mut self, connection: Connection) {
        let now = Instant::now();
        let token = rand::random();
        let Some(own) = RoundTrips::new(&self.endpoint.domain, token) else {
            return self.end(LinkError::HostUnknown);
        };
        tracing::info!(domain = %self.endpoint.domain, "the link to the XMPP server is up");
        self.reconnect.handle_up(now);
        self.since = now;
        self.number.0 += 1;
        self.events.push_back(LinkEvent::Up);
        self.state = State::Up(Box::new(Up::new(connection, own, now)));
    }

    fn end(&mut self, error: LinkError) {
        let now = Instant::now();
        let was_up = self.is_up();
        let error = match error {
            LinkError::Conflict { .. } => LinkError::Conflict { replaced: was_up },
            other => other,
        };
        let retry = self.reconnect.handle_down(now, &error, rand::random());
        tell(&self.endpoint, &error, retry.after, retry.tell);
        self.state = State::Waiting(now + retry.after);
        self.problem = Some(error.code());
        if was_up {
            self.since = now;
            self.events.push_back(LinkEvent::Down);
        }
    }
}

fn tell(endpoint: &Endpoint, error: &LinkError, after: Duration, tell: bool) {
    let (host, port, domain) = (&endpoint.host, endpoint.port, &endpoint.domain);
    let code = error.code();
    let next = format_args!("{:.1} s", after.as_secs_f64());
    match error {
        _ if !tell => {
            tracing::debug!(code, %domain, host, port, "no link to the XMPP server: {error}; next attempt in {next}");
        }
        LinkError::HostUnknown
        | LinkError::NotAuthorized
        | LinkError::Conflict { .. }
        | LinkError::Ours(_)
        | LinkError::NotAStream(_) => {
            tracing::error!(code, %domain, host, port, "no link to the XMPP server: {error}; next attempt in {next}");
        }
        LinkError::Unresolved { .. }
        | LinkError::Unreachable(_)
        | LinkError::NoHandshake(_)
        | LinkError::SystemShutdown
        | LinkError::ConnectionTimeout
        | LinkError::StreamError(_)
        | LinkError::Silence
        | LinkError::Stuck
        | LinkError::Closed
        | LinkError::Broken(_) => {
            tracing::warn!(code, %domain, host, port, "no link to the XMPP server: {error}; next attempt in {next}");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use xmpp_parsers::jid::Jid;
    use xmpp_parsers::message::Message;

    use super::super::component::Limits;
    use super::*;
    use crate::gateway::Mark;
    use crate::model::Secret;

    type Link = ComponentLink<&'static str>;

    #[tokio::test]
    async fn a_mark_is_confirmed_behind_the_stanzas_before_it() {
        let (mut link, listener) = link().await;
        tokio::spawn(async move { reflect(accept(&listener).await).await });
        let number = up(&mut link).await;

        link.send(&stanza());
        link.mark(mark(1), number);
        link.send(&stanza());
        link.mark(mark(2), number);
        link.flush(Instant::now());

        assert!(matches!(event(&mut link).await, LinkEvent::Stanza(_)));
        assert!(matches!(event(&mut link).await, LinkEvent::Stanza(_)));
        for expected in [1, 2] {
            let LinkEvent::Confirmed(confirmed) = event(&mut link).await else {
                panic!("not a confirmation");
            };
            assert_eq!(confirmed, mark(expected));
        }
    }

    #[tokio::test]
    async fn a_link_that_ends_is_made_anew_and_voids_its_marks_and_stanzas() {
        let (mut link, listener) = link().await;
        tokio::spawn(async move {
            let mut first = accept(&listener).await;
            first.write_all(b"</stream:stream>").await.unwrap();
            reflect(accept(&listener).await).await;
        });
        let first = up(&mut link).await;

        assert!(matches!(event(&mut link).await, LinkEvent::Down));
        link.send(&stanza());
        let second = up(&mut link).await;
        link.send_on(first, &stanza());
        link.mark(mark(1), first);
        link.mark(mark(2), second);
        link.flush(Instant::now());

        assert_ne!(first, second);
        let LinkEvent::Confirmed(confirmed) = event(&mut link).await else {
            panic!("a stanza that was not for this link has come back");
        };
        assert_eq!(confirmed, mark(2));
    }

    #[tokio::test]
    async fn the_reason_of_the_end_is_heard_although_nothing_can_be_written() {
        let (mut link, listener) = link().await;
        let server = tokio::spawn(async move {
            let mut stream = accept(&listener).await;
            let mut chunk = [0; 4096];
            let _ = stream.read(&mut chunk).await.unwrap();
            let error = "<stream:error><invalid-from \
                         xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
            stream.write_all(error.as_bytes()).await.unwrap();
        });
        up(&mut link).await;
        link.send(&stanza());
        link.flush(Instant::now());
        server.await.unwrap();

        for _ in 0..100 {
            link.send(&stanza());
            link.flush(Instant::now());
        }
        assert!(matches!(event(&mut link).await, LinkEvent::Down));

        assert_eq!(link.status().problem, Some("our-mistake"));
    }

    async fn link() -> (Link, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint {
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            domain: "icq.example.org".to_owned(),
            secret: Secret::new("secret"),
            limits: Limits::default(),
            max_stanza: 256 * 1024,
        };
        (ComponentLink::new(endpoint, Instant::now()), listener)
    }

    async fn up(link: &mut Link) -> LinkNumber {
        match event(link).await {
            LinkEvent::Up => link.number(),
            other => panic!("not up: {other:?}"),
        }
    }

    async fn event(link: &mut Link) -> LinkEvent<&'static str> {
        loop {
            if let Some(event) = link.poll_event() {
                return event;
            }
            link.flush(Instant::now());
            link.ready().await;
        }
    }

    fn mark(number: u64) -> MarkOf<&'static str> {
        MarkOf {
            user: "romeo",
            mark: Mark(number),
        }
    }

    fn stanza() -> Stanza {
        let to = Jid::new("romeo@example.org").unwrap();
        let mut message = Message::new(to);
        message.from = Some(Jid::new("1@icq.example.org").unwrap());
        Stanza::Message(Box::new(message))
    }

    /// Takes a connection and any secret.
    async fn accept(listener: &TcpListener) -> TcpStream {
        let mut stream = listener.accept().await.unwrap().0;
        let header = "<stream:stream xmlns='jabber:component:accept' \
                      xmlns:stream='http://etherx.jabber.org/streams' id='1'>";
        stream.write_all(header.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"</handshake>") {
            text.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"<handshake/>").await.unwrap();
        stream
    }

    /// Sends everything back, as a server does with what the component sends to itself.
    async fn reflect(mut stream: TcpStream) {
        let (mut read, mut write) = stream.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    }
}
