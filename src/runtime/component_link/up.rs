//! A link that is up: what comes and goes, and the watches over it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::sleep_until;

use super::LinkEvent;
use crate::runtime::component::{
    Connection, Incoming, KeepAlive, Life, LinkError, MarkOf, Marks, Probe, Reader, RoundTrips,
    TwinWatch, Verdict, Writer,
};
use crate::xmpp::Stanza;

/// A link that is up.
pub(super) struct Up<U> {
    reader: Reader<OwnedReadHalf>,
    writer: Writer,
    io: OwnedWriteHalf,
    own: RoundTrips,
    marks: Marks<U>,
    keep_alive: KeepAlive,
    twins: TwinWatch,
    /// Nothing more can be written, which the reader may still explain until then.
    unwritable: Option<(LinkError, Instant)>,
    ended: Option<LinkError>,
}

impl<U> Up<U> {
    /// Begins with `connection`; `own` makes what goes round through the server.
    pub(super) fn new(connection: Connection, own: RoundTrips, now: Instant) -> Self {
        Self {
            reader: connection.reader,
            writer: connection.writer,
            io: connection.io,
            own,
            marks: Marks::default(),
            keep_alive: KeepAlive::new(now),
            twins: TwinWatch::new(now),
            unwritable: None,
            ended: None,
        }
    }

    /// Waits until something can be read or written, or the time has come. Cancel safe.
    pub(super) async fn ready(&mut self) {
        let deadline = self.poll_timeout();
        tokio::select! {
            read = self.reader.fill() => match read {
                Ok(()) => self.keep_alive.handle_bytes(Instant::now()),
                Err(error) => self.ended = Some(error),
            },
            ready = self.io.writable(), if !self.writer.is_empty() && self.unwritable.is_none() => {
                match ready {
                    Ok(()) => self.write(Instant::now()),
                    Err(error) => self.ended = Some(LinkError::Broken(error.kind())),
                }
            }
            () = sleep_until(deadline.into()) => self.handle_timeout(Instant::now()),
        }
    }

    /// What came, up to the next thing that is not about the link itself.
    pub(super) fn poll(&mut self, events: &mut VecDeque<LinkEvent<U>>) -> Result<(), LinkError> {
        while events.is_empty() {
            match self.reader.next_buffered()? {
                Some(Incoming::Stanza(stanza)) => self.handle_stanza(stanza, events),
                Some(Incoming::Bad(bad)) => events.push_back(LinkEvent::Bad(bad)),
                Some(Incoming::StreamError(error)) => return Err(error),
                Some(Incoming::Footer) => return Err(LinkError::Closed),
                Some(Incoming::Header { .. } | Incoming::Handshake) => {
                    return Err(LinkError::NotAStream("a second handshake".to_owned()));
                }
                None => return self.ended.take().map_or(Ok(()), Err),
            }
        }
        Ok(())
    }

    fn handle_stanza(&mut self, stanza: Stanza, events: &mut VecDeque<LinkEvent<U>>) {
        match self.own.recognise(&stanza) {
            None => events.push_back(LinkEvent::Stanza(stanza)),
            Some(Probe::Ping(number)) => {
                let confirmed = self.marks.handle_returned(number).into_iter();
                events.extend(confirmed.map(LinkEvent::Confirmed));
            }
            Some(Probe::Twin(number)) => self.twins.handle_returned(number),
            Some(Probe::Foreign) => {}
        }
    }

    /// Puts a stanza among those to send.
    pub(super) fn push(&mut self, stanza: &Stanza) {
        if let Err(error) = self.writer.push(stanza) {
            let to = stanza.recipient().map(ToString::to_string);
            tracing::error!(%error, to, "a stanza was not sent");
        }
    }

    /// Puts a mark behind everything pushed so far.
    pub(super) fn mark(&mut self, mark: MarkOf<U>) {
        self.marks.add(mark);
    }

    /// There is so much to send that others should wait.
    pub(super) fn is_full(&self) -> bool {
        self.writer.is_full()
    }

    /// Sends what was pushed, and a ping behind it if somebody waits for one.
    pub(super) fn flush(&mut self, now: Instant) {
        if let Some(number) = self.marks.poll_ping(now) {
            self.push(&self.own.ping(number));
        }
        self.write(now);
    }

    /// Sends what was pushed, and the end of the stream.
    pub(super) async fn close(&mut self) -> Result<(), LinkError> {
        self.writer.close();
        self.writer.send_all(&self.io).await
    }

    fn write(&mut self, now: Instant) {
        if self.unwritable.is_some() {
            return;
        }
        if let Err(error) = self.writer.send(&self.io) {
            // The server's reason, if it gave one, is among what is still to be read.
            self.unwritable = Some((error, now + LAST_WORDS));
        } else if self.writer.is_stuck() {
            self.ended = Some(LinkError::Stuck);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self.keep_alive.handle_timeout(now) {
            Life::Quiet => {}
            Life::Ping => self.push(&self.own.ping(KEEP_ALIVE)),
            Life::GiveUp => self.ended = Some(LinkError::Silence),
        }
        for number in self.twins.poll_round(now).into_iter().flatten() {
            self.push(&self.own.twin(number));
        }
        if let Some(Verdict::Twin {
            missing,
            tell: true,
        }) = self.twins.poll_verdict(now)
        {
            tracing::error!(
                missing,
                "messages to ourselves do not come back: another instance of this gateway, or a \
                 dead connection of this one, takes a part of everything; stop the other one"
            );
        }
        if self
            .unwritable
            .as_ref()
            .is_some_and(|(_, until)| now >= *until)
        {
            self.ended = self.unwritable.take().map(|(error, _)| error);
        }
    }

    fn poll_timeout(&self) -> Instant {
        let life = self
            .keep_alive
            .poll_timeout()
            .min(self.twins.poll_timeout());
        let marks = self.marks.poll_timeout();
        let unwritable = self.unwritable.as_ref().map(|(_, until)| *until);
        let others = marks.into_iter().chain(unwritable);
        others.fold(life, Instant::min)
    }
}

/// The number of pings that only ask whether the server lives.
const KEEP_ALIVE: u64 = 0;

/// How long the reader may look for the reason why nothing can be written.
const LAST_WORDS: Duration = Duration::from_secs(2);
