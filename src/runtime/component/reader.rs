//! Reads the stream, and lets no stanza end it (rust-stack.md §2, xmpp-gateway.md §32).
//!
//! Any account may send nesting that would overflow the stack of whoever builds a tree from it, an
//! attribute longer than the XML parser takes by default, or a stanza that does not parse. Each of
//! these costs that stanza only: what its header said comes up as a [`BadStanza`], to be answered.

use std::collections::BTreeMap;
use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_xmpp::Stanza as AnyStanza;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stream_error::{
    DefinedCondition, ReceivedStreamError, StreamError as StreamErrorElement,
};
use tokio_xmpp::xmlstream::XmppStreamElement;
use xso::exports::rxml::error::EndOrError;
use xso::exports::rxml::xml_lang::XmlLangStack;
use xso::exports::rxml::{self, AttrMap, Event, Namespace, Parse, QName, WithOptions};
use xso::{FromEventsBuilder, FromXml};

use super::error::{LinkError, StreamError};
use super::prune::Pruner;
use crate::xmpp::{BadStanza, Defect, Stanza, StanzaKind};

/// What a stanza may not exceed if it is to be built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Levels of elements, the stream's own included.
    pub depth: usize,
    /// Bytes on the wire.
    pub stanza_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            stanza_bytes: 512 * 1024,
        }
    }
}

/// What comes down the stream.
#[derive(Debug)]
pub enum Incoming {
    /// The server's stream header.
    Header {
        /// The stream's id.
        id: Option<String>,
    },
    /// The handshake was accepted.
    Handshake,
    /// A stanza.
    Stanza(Stanza),
    /// A stanza that was not built; the next one is not affected.
    Bad(BadStanza),
    /// The server ends the stream, and says why.
    StreamError(LinkError),
    /// The server ends the stream.
    Footer,
}

/// A [`Guard`] on a connection.
#[derive(Debug)]
pub struct Reader<R> {
    io: R,
    buffer: BytesMut,
    guard: Guard,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads from `io`, where a new stream is about to begin.
    pub fn new(io: R, limits: Limits) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
            guard: Guard::new(limits),
        }
    }

    /// The next item. Cancel safe: what is half read stays.
    pub async fn next(&mut self) -> Result<Incoming, LinkError> {
        loop {
            if let Some(incoming) = self.next_buffered()? {
                return Ok(incoming);
            }
            self.fill().await?;
        }
    }

    /// The next item that needs no further bytes of the connection.
    pub fn next_buffered(&mut self) -> Result<Option<Incoming>, LinkError> {
        self.guard.next(&mut self.buffer)
    }

    /// Waits for bytes of the connection. Cancel safe.
    pub async fn fill(&mut self) -> Result<(), LinkError> {
        self.buffer.reserve(READ_AT_ONCE);
        match self.io.read_buf(&mut self.buffer).await {
            Ok(0) => Err(LinkError::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(LinkError::Closed),
            Err(error) => Err(LinkError::Broken(error.kind())),
        }
    }
}

/// Makes items of bytes, however they are cut; holds no socket.
pub struct Guard {
    parser: rxml::Parser,
    language: XmlLangStack,
    limits: Limits,
    state: State,
    /// At work within an element that is too deep.
    pruner: Option<Pruner>,
    /// Something came.
    begun: bool,
    /// Elements that are open, the stream's own included.
    depth: usize,
    /// Bytes since the last item ended.
    bytes: usize,
    /// What the header of the stanza at hand says.
    head: BadStanza,
    /// The language it says it is in.
    lang: Option<String>,
    /// It is no stanza but a stream error, which counts even if it does not parse.
    ends_stream: bool,
}

enum State {
    Between,
    Building(Box<Builder>),
    Skipping(Defect),
}

type Element = Result<XmppStreamElement, xso::error::Error>;
type Builder = <Element as FromXml>::Builder;

impl Guard {
    /// Expects the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        let options = rxml::Options {
            max_token_length: limits.stanza_bytes.saturating_mul(TOKEN_FACTOR),
            ..rxml::Options::default()
        };
        Self {
            parser: rxml::Parser::with_options(options),
            language: XmlLangStack::new(),
            limits,
            state: State::Between,
            pruner: None,
            begun: false,
            depth: 0,
            bytes: 0,
            head: BadStanza::default(),
            lang: None,
            ends_stream: false,
        }
    }

    /// The next item in `bytes`, which loses what was read of it. `None`: more bytes are needed.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Incoming>, LinkError> {
        self.check_beginning(bytes)?;
        loop {
            if self
                .pruner
                .as_mut()
                .is_some_and(|pruner| !pruner.prune(bytes))
            {
                return Ok(None);
            }
            self.pruner = None;
            let mut rest = &bytes[..];
            let parsed = self.parser.parse(&mut rest, false);
            let used = bytes.len() - rest.len();
            bytes.advance(used);
            self.bytes = self.bytes.saturating_add(used);
            let event = match parsed {
                Ok(Some(event)) => event,
                Ok(None) => return Err(LinkError::Closed),
                Err(EndOrError::NeedMoreData) => return Ok(None),
                Err(EndOrError::Error(error)) => {
                    return Err(LinkError::NotAStream(error.to_string()));
                }
            };
            if let Some(incoming) = self.handle_event(event)? {
                return Ok(Some(incoming));
            }
        }
    }

    /// The parser would wait for ever for the end of a line that is no XML.
    fn check_beginning(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if self.begun {
            return Ok(());
        }
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => Ok(()),
            Some(b'<') => {
                self.begun = true;
                Ok(())
            }
            Some(_) => Err(LinkError::NotAStream("it is no XML".to_owned())),
        }
    }

    fn handle_event(&mut self, event: Event) -> Result<Option<Incoming>, LinkError> {
        self.language.handle_event(&event);
        match &event {
            Event::StartElement(..) => {
                self.depth += 1;
                if self.depth > self.limits.depth {
                    return self.prune();
                }
            }
            // The parser refuses a document with more ends than starts.
            Event::EndElement(_) => self.depth = self.depth.saturating_sub(1),
            Event::XmlDeclaration(..) | Event::Text(..) => {}
        }
        match std::mem::replace(&mut self.state, State::Between) {
            State::Between => self.handle_between(event),
            State::Building(builder) => Ok(self.build(builder, event)),
            State::Skipping(defect) => Ok(self.skip(defect)),
        }
    }

    fn handle_between(&mut self, event: Event) -> Result<Option<Incoming>, LinkError> {
        match event {
            Event::StartElement(_, name, attributes) if self.depth == 1 => {
                self.bytes = 0;
                header(&name, &attributes).map(Some)
            }
            Event::StartElement(_, name, attributes) => {
                self.start(name, attributes);
                Ok(None)
            }
            Event::EndElement(_) => Ok(Some(Incoming::Footer)),
            // White space keeps connections alive, and Prosody writes digits between stanzas after it
            // refused a privileged iq (rust-stack.md §9).
            Event::XmlDeclaration(..) | Event::Text(..) => {
                self.bytes = 0;
                Ok(None)
            }
        }
    }

    /// The element that just started is too deep: whatever it holds, the parser shall not see.
    fn prune(&mut self) -> Result<Option<Incoming>, LinkError> {
        self.state = State::Skipping(Defect::TooDeep);
        match self.parser.parse(&mut &[][..], false) {
            // It was `<empty/>`.
            Ok(Some(end)) => self.handle_event(end),
            Ok(None) => Err(LinkError::Closed),
            Err(EndOrError::NeedMoreData) => {
                self.pruner = Some(Pruner::default());
                Ok(None)
            }
            Err(EndOrError::Error(error)) => Err(LinkError::NotAStream(error.to_string())),
        }
    }

    fn start(&mut self, name: QName, attributes: AttrMap) {
        self.parser.set_text_buffering(true);
        self.head = head(&name, &attributes);
        self.lang = attribute(&attributes, &Namespace::XML, "lang", LONGEST_LANG);
        self.ends_stream = name.0 == ns::STREAM && name.1 == "error";
        let context = xso::Context::empty().with_language(self.language.current());
        self.state = if self.bytes > self.limits.stanza_bytes {
            State::Skipping(Defect::TooLarge)
        } else {
            match Element::from_events(name, attributes, &context) {
                Ok(builder) => State::Building(Box::new(builder)),
                Err(_) => State::Skipping(Defect::Unknown),
            }
        };
    }

    fn build(&mut self, mut builder: Box<Builder>, event: Event) -> Option<Incoming> {
        if self.bytes > self.limits.stanza_bytes {
            return self.skip(Defect::TooLarge);
        }
        let context = xso::Context::empty().with_language(self.language.current());
        match builder.feed(event, &context) {
            Ok(None) => {
                self.state = State::Building(builder);
                None
            }
            Ok(Some(Ok(element))) => Some(self.finish(element)),
            Ok(Some(Err(_))) => Some(self.bad(Defect::Malformed)),
            Err(_) => self.skip(Defect::Malformed),
        }
    }

    fn skip(&mut self, defect: Defect) -> Option<Incoming> {
        if self.depth > 1 {
            self.state = State::Skipping(defect);
            return None;
        }
        Some(self.bad(defect))
    }

    fn finish(&mut self, element: XmppStreamElement) -> Incoming {
        self.end_item();
        match element {
            XmppStreamElement::Stanza(AnyStanza::Iq(mut iq)) => {
                if let Some(lang) = self.lang.take() {
                    pass_on(lang, &mut iq);
                }
                Incoming::Stanza(Stanza::Iq(iq.into()))
            }
            XmppStreamElement::Stanza(AnyStanza::Message(message)) => {
                Incoming::Stanza(Stanza::Message(message.into()))
            }
            XmppStreamElement::Stanza(AnyStanza::Presence(presence)) => {
                Incoming::Stanza(Stanza::Presence(presence.into()))
            }
            XmppStreamElement::ComponentHandshake(_) => Incoming::Handshake,
            XmppStreamElement::StreamError(ReceivedStreamError(error)) => stream_error(error),
            XmppStreamElement::Sasl(_)
            | XmppStreamElement::Starttls(_)
            | XmppStreamElement::SM(_) => Incoming::Bad(BadStanza {
                defect: Defect::Unknown,
                ..std::mem::take(&mut self.head)
            }),
        }
    }

    fn bad(&mut self, defect: Defect) -> Incoming {
        self.end_item();
        let head = std::mem::take(&mut self.head);
        if self.ends_stream {
            return stream_error(StreamErrorElement {
                condition: DefinedCondition::UndefinedCondition,
                texts: BTreeMap::new(),
                application_specific: Vec::new(),
            });
        }
        Incoming::Bad(BadStanza { defect, ..head })
    }

    fn end_item(&mut self) {
        self.bytes = 0;
        self.parser.set_text_buffering(false);
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("limits", &self.limits)
            .field("depth", &self.depth)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

fn header(name: &QName, attributes: &AttrMap) -> Result<Incoming, LinkError> {
    if name.0 != ns::STREAM || name.1 != "stream" {
        let why = format!("its outermost element is {:.100}", name.1.as_str());
        return Err(LinkError::NotAStream(why));
    }
    let id = attributes.get(&Namespace::NONE, "id").cloned();
    Ok(Incoming::Header { id })
}

fn head(name: &QName, attributes: &AttrMap) -> BadStanza {
    let attribute = |name, limit| attribute(attributes, &Namespace::NONE, name, limit);
    BadStanza {
        kind: match name.1.as_str() {
            "iq" => StanzaKind::Iq,
            "message" => StanzaKind::Message,
            "presence" => StanzaKind::Presence,
            _ => StanzaKind::Other,
        },
        from: attribute("from", LONGEST_JID),
        to: attribute("to", LONGEST_JID),
        id: attribute("id", LONGEST_ID),
        type_: attribute("type", LONGEST_ID),
        defect: Defect::default(),
    }
}

fn attribute(
    attributes: &AttrMap,
    namespace: &Namespace<'static>,
    name: &str,
    limit: usize,
) -> Option<String> {
    let value = attributes.get(namespace, name)?;
    (value.len() <= limit).then(|| value.clone())
}

/// The library drops the language of an iq: the payload inherits it, as XML has it, and
/// [`Request`](crate::xmpp::Request) takes it from there.
fn pass_on(lang: String, iq: &mut Iq) {
    if let Iq::Get { payload, .. } | Iq::Set { payload, .. } = iq
        && payload.attr_ns(&Namespace::XML, "lang").is_none()
    {
        let name = rxml::xml_ncname!("lang").to_owned();
        payload.set_attr(Namespace::XML, name, lang);
    }
}

fn stream_error(element: StreamErrorElement) -> Incoming {
    let text = element.texts.values().next();
    let error = StreamError {
        condition: element.condition.to_string(),
        text: text.map(|text| text.chars().take(LONGEST_REASON).collect()),
    };
    Incoming::StreamError(LinkError::from_stream_error(&element.condition, error))
}

/// A tag is one token to the parser, and a token that is too long ends the stream. What clients may
/// send (a quarter of a megabyte, on most servers) grows six times if it is all quotation marks.
const TOKEN_FACTOR: usize = 8;

/// How much is asked of the socket at a time.
const READ_AT_ONCE: usize = 32 * 1024;

/// RFC 7622 §3.1: three parts of 1023 bytes, and two separators.
const LONGEST_JID: usize = 3071;

/// Longer ids are not worth an answer.
const LONGEST_ID: usize = 1023;

/// RFC 5646 §4.4.1: longer names of languages need not be understood.
const LONGEST_LANG: usize = 35;

/// Characters of a stream error's text that are kept.
const LONGEST_REASON: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmpp::Request;

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
        xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='icq.example.org'>";

    #[test]
    fn every_way_of_cutting_the_bytes_gives_the_same_items() {
        let stream = format!(
            "{HEADER}<handshake/> \n<message from='a@x' to='1@y' id='é'><body>при&amp;вет</body>\
             </message>404<iq type='get' from='a@x/r' id='2'/><presence from='a@x'><show>busy</show>\
             </presence><other xmlns='urn:x'><deep/></other></stream:stream>"
        );
        let whole = items(&[stream.as_bytes()], Limits::default());
        assert_eq!(whole.len(), 7, "{whole:#?}");

        for cut in 1..stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            assert_eq!(
                items(&[head, tail], Limits::default()),
                whole,
                "cut at {cut}"
            );
        }
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(items(&bytes, Limits::default()), whole);
    }

    #[test]
    fn a_stanza_that_is_too_large_is_found_out_however_it_is_cut() {
        let limits = Limits {
            stanza_bytes: 1000,
            ..Limits::default()
        };
        let filling = "x".repeat(990);
        for stanza in [
            format!("<message id='1'><body>{filling}</body></message>"),
            format!("<message id='1' x='{filling}'/>"),
            format!("<message id='1'>{}</message>", "<a/>".repeat(300)),
        ] {
            let stream = format!("{HEADER}<presence/>{stanza}<presence/>");
            for size in [7, 100, 10_000] {
                let chunks: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();

                let items = items(&chunks, limits);

                assert!(items[2].contains("TooLarge"), "{size}: {items:#?}");
                assert!(items[2].contains("Some(\"1\")"), "{size}: {items:#?}");
                assert!(items[3].starts_with("Stanza(Presence"), "{items:#?}");
            }
        }
    }

    #[test]
    fn many_small_stanzas_are_not_one_large_one() {
        let limits = Limits {
            stanza_bytes: 100,
            ..Limits::default()
        };
        let stream = format!("{HEADER}{}", "<presence/>  ".repeat(100));

        let items = items(&[stream.as_bytes()], limits);

        assert_eq!(items.len(), 101);
        assert!(items[1..].iter().all(|item| item.starts_with("Stanza")));
    }

    #[test]
    fn the_depth_limit_is_exact() {
        let nested = |levels: usize| {
            let inner = levels - 2;
            format!(
                "{HEADER}<message>{}{}</message><presence/>",
                "<a>".repeat(inner),
                "</a>".repeat(inner)
            )
        };

        let fits = items(&[nested(64).as_bytes()], Limits::default());
        let empty = nested(65).replace("<a></a>", "<a/>");

        assert!(fits[1].starts_with("Stanza"), "{fits:#?}");
        for too_deep in [nested(65), empty, nested(66), nested(1000)] {
            for size in [1, 5, 100_000] {
                let chunks: Vec<&[u8]> = too_deep.as_bytes().chunks(size).collect();
                let items = items(&chunks, Limits::default());
                assert!(items[1].contains("TooDeep"), "{items:#?}");
                assert!(items[2].starts_with("Stanza"), "{items:#?}");
            }
        }
    }

    #[test]
    fn ids_and_addresses_that_nobody_could_answer_are_left_out() {
        let long = "x".repeat(4000);
        let stream = format!("{HEADER}<iq type='get' id='{long}' from='{long}' to='y'/>");

        let items = items(&[stream.as_bytes()], Limits::default());

        assert!(
            items[1].contains("from: None, to: Some(\"y\"), id: None"),
            "{items:#?}"
        );
    }

    #[test]
    fn a_stream_error_that_does_not_parse_still_ends_the_stream() {
        for error in ["<no-such-condition xmlns='urn:x'/>", "", "text"] {
            let stream = format!("{HEADER}<stream:error>{error}</stream:error>");

            let items = items(&[stream.as_bytes()], Limits::default());

            assert!(
                items[1].starts_with("StreamError(StreamError("),
                "{items:#?}"
            );
        }
    }

    #[test]
    fn a_request_is_in_the_language_of_its_stanza_unless_it_names_another() {
        for (of_stanza, of_payload, lang) in [
            ("xml:lang='ru'", "", Some("ru")),
            ("xml:lang='ru'", "xml:lang='pl'", Some("pl")),
            ("", "xml:lang='pl'", Some("pl")),
            // That of the stream is the server's own.
            ("", "", None),
        ] {
            let iq = format!(
                "<stream:stream xmlns='jabber:component:accept' xml:lang='en' \
                 xmlns:stream='http://etherx.jabber.org/streams'>\
                 <iq type='get' id='1' from='a@x/r' to='y' {of_stanza}>\
                 <query xmlns='jabber:iq:register' {of_payload}/></iq>"
            );
            let mut guard = Guard::new(Limits::default());
            let mut bytes = BytesMut::from(iq.as_str());
            let mut next = || guard.next(&mut bytes).unwrap();
            assert!(matches!(next(), Some(Incoming::Header { .. })));
            let Some(Incoming::Stanza(Stanza::Iq(iq))) = next() else {
                panic!("it is an iq");
            };

            let request = Request::read(iq).unwrap();

            assert_eq!(request.lang.as_deref(), lang, "{of_stanza} {of_payload}");
            assert_eq!(request.payload.attrs().iter().count(), 0);
        }
    }

    #[test]
    fn what_is_no_stream_is_told() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "<html><body>",
            "\x16\x03\x01",
            "<?php",
        ] {
            let outcome = Guard::new(Limits::default()).next(&mut BytesMut::from(text));

            assert!(
                matches!(outcome, Err(LinkError::NotAStream(_))),
                "{text:?}: {outcome:?}"
            );
        }
    }

    /// All items of the chunks, as text.
    fn items(chunks: &[&[u8]], limits: Limits) -> Vec<String> {
        let mut guard = Guard::new(limits);
        let mut buffer = BytesMut::new();
        let mut items = Vec::new();
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            while let Some(incoming) = guard.next(&mut buffer).expect("the stream goes on") {
                let footer = matches!(incoming, Incoming::Footer);
                items.push(format!("{incoming:?}"));
                if footer {
                    return items;
                }
            }
        }
        items
    }
}
