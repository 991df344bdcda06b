//! The component's stream on real sockets, against a server that follows a script.
//!
//! Everything of ours runs in a worker thread of the default stack size, as it does in the program.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use icq_transport::model::Secret;
use icq_transport::runtime::component::{
    Connection, Endpoint, HandshakeStep, Incoming, Limits, LinkError, Probe, RoundTrips, connect,
};
use icq_transport::xmpp::{BadStanza, Defect, Stanza, StanzaKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[test]
fn the_handshake_is_the_one_of_the_standard() {
    on_a_worker(async {
        let (endpoint, listener) = listen().await;
        let server = tokio::spawn(async move {
            let mut stream = accept(&listener).await;
            let header = read_until(&mut stream, ">\n<stream:stream", ">").await;
            stream.write_all(HEADER.as_bytes()).await.unwrap();
            let handshake = read_until(&mut stream, "<handshake>", "</handshake>").await;
            stream.write_all(b"<handshake/>").await.unwrap();
            (header, handshake)
        });

        connect(&endpoint).await.expect("the secret is right");

        let (header, handshake) = server.await.unwrap();
        assert!(
            header.contains("xmlns='jabber:component:accept'"),
            "{header}"
        );
        assert!(header.contains("to='icq.example.org'"), "{header}");
        assert!(!header.contains("version='1.0' to"), "{header}");
        // SHA-1 of "s1secret".
        let proof = "3d1121b21f6287dc58010ebe9a95fa84ee2483d4";
        assert!(handshake.contains(proof), "{handshake}");
    });
}

#[test]
fn a_header_in_pieces_is_a_header() {
    on_a_worker(async {
        let (endpoint, listener) = listen().await;
        tokio::spawn(async move {
            let mut stream = accept(&listener).await;
            for byte in HEADER.bytes() {
                stream.write_all(&[byte]).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
            stream.write_all(b"<hand").await.unwrap();
            tokio::task::yield_now().await;
            stream.write_all(b"shake/>").await.unwrap();
            std::future::pending::<()>().await;
        });

        assert!(connect(&endpoint).await.is_ok());
    });
}

#[test]
fn an_odd_stanza_costs_nothing_but_itself() {
    on_a_worker(async {
        for (stanza, expected) in odd_stanzas() {
            let mut link = linked(&format!("{stanza}{NEXT}")).await;

            if let Some(expected) = &expected {
                let Incoming::Bad(bad) = link.reader.next().await.expect("the stream goes on")
                else {
                    panic!("{stanza:.80} is no stanza");
                };
                assert_eq!(&bad, expected, "{stanza:.80}");
            }

            assert_next(&mut link, &stanza).await;
        }
    });
}

#[test]
fn unusual_stanzas_are_stanzas() {
    on_a_worker(async {
        for stanza in [
            "<iq type='get' id='1' from='a@x'><ping xmlns='urn:xmpp:ping'/><more xmlns='urn:y'/></iq>",
            "<message from='a@x' id='1'><body>one</body><body xml:lang='ru'>два</body></message>",
            "<presence from='a@x' x='y'><unknown xmlns='urn:z'/></presence>",
            "<message from='a@x'><body>&lt;&amp;&#x41;<![CDATA[<raw>]]></body></message>",
        ] {
            let mut link = linked(&format!("{stanza}{NEXT}")).await;

            let incoming = link.reader.next().await;
            assert!(
                matches!(incoming, Ok(Incoming::Stanza(_))),
                "{stanza}: {incoming:?}"
            );
            assert_next(&mut link, stanza).await;
        }
    });
}

#[test]
fn ten_thousand_odd_stanzas_in_a_row_change_nothing() {
    on_a_worker(async {
        let odd =
            "<presence from='a@x'><show>busy</show></presence>7<iq from='a@x' type='get' id='2'/>";
        let mut link = linked(&format!("{}{NEXT}", odd.repeat(5_000))).await;

        for _ in 0..10_000 {
            let incoming = link.reader.next().await;
            assert!(matches!(incoming, Ok(Incoming::Bad(_))), "{incoming:?}");
        }

        assert_next(&mut link, "10,000").await;
    });
}

#[test]
fn each_stream_error_is_told_apart() {
    on_a_worker(async {
        for (condition, code) in [
            ("host-unknown", "host-unknown"),
            ("not-authorized", "not-authorized"),
            ("conflict", "conflict"),
            ("invalid-from", "our-mistake"),
            ("improper-addressing", "our-mistake"),
            ("policy-violation", "our-mistake"),
            ("not-well-formed", "our-mistake"),
            ("system-shutdown", "system-shutdown"),
            ("connection-timeout", "connection-timeout"),
            ("undefined-condition", "stream-error"),
            ("never-heard-of", "stream-error"),
        ] {
            let error = format!(
                "<stream:error><{condition} xmlns='{CONDITIONS}'/>\
                 <text xmlns='{CONDITIONS}'>because</text></stream:error></stream:stream>"
            );

            let while_up = linked(&error).await.reader.next().await;
            let at_handshake = connect_to(&format!("{HEADER}{error}")).await;
            let without_id =
                connect_to(&format!("{}{error}", HEADER.replace(" id='s1'", ""))).await;

            let Ok(Incoming::StreamError(while_up)) = while_up else {
                panic!("{condition}: {while_up:?}");
            };
            assert_eq!(while_up.code(), code, "{condition}");
            assert_eq!(
                at_handshake.as_ref().map_err(LinkError::code).err(),
                Some(code)
            );
            assert_eq!(
                without_id.as_ref().map_err(LinkError::code).err(),
                Some(code)
            );
        }
    });
}

#[test]
fn a_footer_and_a_closed_connection_are_ends() {
    on_a_worker(async {
        let footer = linked("</stream:stream>").await.reader.next().await;
        assert!(matches!(footer, Ok(Incoming::Footer)), "{footer:?}");

        let (endpoint, listener) = listen().await;
        tokio::spawn(async move {
            let mut stream = accept(&listener).await;
            stream.write_all(HEADER.as_bytes()).await.unwrap();
            stream
                .write_all(b"<handshake/><message from='a@x'><bo")
                .await
                .unwrap();
            read_until(&mut stream, "<handshake>", "</handshake>").await;
        });
        let mut link = connect(&endpoint).await.expect("connected");
        let closed = link.reader.next().await;
        assert!(matches!(closed, Err(LinkError::Closed)), "{closed:?}");
    });
}

#[test]
fn bytes_that_no_server_sends_end_the_stream_with_a_reason() {
    on_a_worker(async {
        for bytes in [
            "<!-- comment -->",
            "<a>&unknown;</a>",
            "<a>&#x1;</a>",
            "<a></b>",
            "<?pi ?>",
        ] {
            let ended = linked(bytes).await.reader.next().await;
            assert!(
                matches!(ended, Err(LinkError::NotAStream(_))),
                "{bytes}: {ended:?}"
            );
        }
    });
}

#[test]
fn nobody_listening_is_a_refused_connection() {
    on_a_worker(async {
        let (endpoint, listener) = listen().await;
        drop(listener);

        let refused = connect(&endpoint).await.map_err(|error| error.code());

        assert_eq!(refused.err(), Some("connection-refused"));
    });
}

#[test]
fn a_name_that_does_not_resolve_is_told() {
    on_a_worker(async {
        let (endpoint, _listener) = listen().await;
        let endpoint = Endpoint {
            host: "no such host".to_owned(),
            ..endpoint
        };

        let unresolved = connect(&endpoint).await.map_err(|error| error.code());

        assert_eq!(unresolved.err(), Some("unresolved"));
    });
}

#[test]
#[ignore = "waits for the time-outs of the handshake, half a minute"]
fn a_mute_server_is_given_up_in_each_step() {
    on_a_worker(async {
        let (header, verdict) = tokio::join!(connect_to(""), connect_to(HEADER));

        assert_eq!(
            header.err(),
            Some(LinkError::NoHandshake(HandshakeStep::Header))
        );
        assert_eq!(
            verdict.err(),
            Some(LinkError::NoHandshake(HandshakeStep::Verdict))
        );
    });
}

#[test]
fn a_web_server_is_no_xmpp_server() {
    on_a_worker(async {
        let answer = connect_to("HTTP/1.1 400 Bad Request\r\n\r\n").await;

        assert_eq!(
            answer.map_err(|error| error.code()).err(),
            Some("not-a-stream")
        );
    });
}

#[test]
fn what_is_written_comes_back_through_a_server_that_reflects() {
    on_a_worker(async {
        let (endpoint, listener) = listen().await;
        tokio::spawn(async move {
            let mut stream = accept(&listener).await;
            stream.write_all(HEADER.as_bytes()).await.unwrap();
            read_until(&mut stream, "<handshake>", "</handshake>").await;
            stream.write_all(b"<handshake/>").await.unwrap();
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        });
        let mut link = connect(&endpoint).await.expect("connected");
        let own = RoundTrips::new("icq.example.org", 1).expect("a domain");

        for number in 0..2_000 {
            link.writer
                .push(&own.ping(number))
                .expect("a ping is writable");
            link.writer
                .push(&own.twin(number))
                .expect("a twin is writable");
        }
        let Connection {
            mut reader,
            mut writer,
            io,
        } = link;
        let sender = tokio::spawn(async move {
            writer.send_all(&io).await.expect("the server reads");
            io
        });

        for number in 0..2_000 {
            for expected in [Probe::Ping(number), Probe::Twin(number)] {
                let Ok(Incoming::Stanza(stanza)) = reader.next().await else {
                    panic!("not a stanza");
                };
                assert_eq!(own.recognise(&stanza), Some(expected));
            }
        }
        sender.await.unwrap();
    });
}

/// What a client or a server may send, and what is left of it; `None` if that is nothing.
fn odd_stanzas() -> Vec<(String, Option<BadStanza>)> {
    let message = |defect| {
        Some(BadStanza {
            kind: StanzaKind::Message,
            from: Some("a@x/r".into()),
            to: Some("1@icq.example.org".into()),
            id: Some("m1".into()),
            type_: None,
            defect,
        })
    };
    let of_kind = |kind, type_: Option<&str>, defect| {
        Some(BadStanza {
            kind,
            type_: type_.map(Into::into),
            from: Some("a@x".into()),
            defect,
            ..BadStanza::default()
        })
    };
    let headed = |rest: &str| {
        format!("<message from='a@x/r' to='1@icq.example.org' id='m1'{rest}</message>")
    };
    let presence = |content: &str| format!("<presence from='a@x'>{content}</presence>");
    let bad_presence = || of_kind(StanzaKind::Presence, None, Defect::Malformed);
    let bad_iq = |type_| of_kind(StanzaKind::Iq, Some(type_), Defect::Malformed);
    vec![
        (presence("<show>busy</show>"), bad_presence()),
        (presence("<show/>"), bad_presence()),
        (presence("<priority>300</priority>"), bad_presence()),
        (presence("text"), bad_presence()),
        ("<iq from='a@x' type='error' />".into(), bad_iq("error")),
        ("<iq from='a@x' type='get' />".into(), bad_iq("get")),
        (
            "<iq from='a@x' type='foo'><a xmlns='b'/></iq>".into(),
            bad_iq("foo"),
        ),
        (
            "<message from='a@x' type='weird'><body>x</body></message>".into(),
            of_kind(StanzaKind::Message, Some("weird"), Defect::Malformed),
        ),
        (
            "<message from='@@'><body>x</body></message>".into(),
            Some(BadStanza {
                kind: StanzaKind::Message,
                from: Some("@@".into()),
                ..BadStanza::default()
            }),
        ),
        (
            headed(&format!(
                ">{}{}",
                "<a>".repeat(33_000),
                "</a>".repeat(33_000)
            )),
            message(Defect::TooDeep),
        ),
        (
            headed(&format!("><a xmlns='{}'/>", "x".repeat(600_000))),
            message(Defect::TooLarge),
        ),
        (
            headed(&format!("><body>{}</body>", "x".repeat(700_000))),
            message(Defect::TooLarge),
        ),
        (
            headed(&format!(">{}", "<a/>".repeat(200_000))),
            message(Defect::TooLarge),
        ),
        (
            headed(&format!(" {}>", attributes(40_000))),
            message(Defect::TooLarge),
        ),
        (
            "<unheard-of xmlns='urn:x' from='a@x'><deep><er/></deep></unheard-of>".into(),
            of_kind(StanzaKind::Other, None, Defect::Unknown),
        ),
        (
            "<message xmlns='jabber:client' from='a@x'><body>x</body></message>".into(),
            of_kind(StanzaKind::Message, None, Defect::Unknown),
        ),
        ("1234567 \n\t".into(), None),
    ]
}

#[test]
fn an_attribute_of_300_kb_is_passed_on() {
    on_a_worker(async {
        let long = "x".repeat(300_000);
        let stanza = format!("<message from='a@x'><a xmlns='urn:x' b='{long}'/></message>");
        let mut link = linked(&format!("{stanza}{NEXT}")).await;

        let incoming = link.reader.next().await;

        assert!(matches!(incoming, Ok(Incoming::Stanza(_))));
        assert_next(&mut link, "after 300 kB").await;
    });
}

fn attributes(count: usize) -> String {
    (0..count)
        .map(|n| format!("a{n:05}='very long' "))
        .collect()
}

async fn assert_next(link: &mut Connection, after: &str) {
    let Ok(Incoming::Stanza(Stanza::Message(message))) = link.reader.next().await else {
        panic!("nothing came after {after:.80}");
    };
    assert_eq!(message.id.as_ref().map(|id| id.0.as_str()), Some("next"));
}

/// A connection whose server has said `script` after the handshake.
async fn linked(script: &str) -> Connection {
    connect_to(&format!("{HEADER}<handshake/>{script}"))
        .await
        .expect("the handshake is accepted")
}

/// Connects to a server that says `script` and nothing more.
async fn connect_to(script: &str) -> Result<Connection, LinkError> {
    let (endpoint, listener) = listen().await;
    let script = script.to_owned();
    tokio::spawn(async move {
        let mut stream = accept(&listener).await;
        let (mut read, mut write) = stream.split();
        // Read what comes, so that no reset overtakes the script.
        let sink = async { tokio::io::copy(&mut read, &mut tokio::io::sink()).await };
        let speak = async { write.write_all(script.as_bytes()).await };
        let _ = tokio::join!(sink, speak);
    });
    connect(&endpoint).await
}

async fn listen() -> (Endpoint, TcpListener) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .expect("a free port");
    let endpoint = Endpoint {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().expect("it is bound").port(),
        domain: "icq.example.org".to_owned(),
        secret: Secret::new("secret"),
        limits: Limits::default(),
        max_stanza: 256 * 1024,
    };
    (endpoint, listener)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.expect("somebody connects").0
}

/// Reads until `start` and, behind it, `end` have come.
async fn read_until(stream: &mut TcpStream, start: &str, end: &str) -> String {
    let mut text = String::new();
    let mut chunk = [0; 1024];
    loop {
        let read = stream.read(&mut chunk).await.expect("the stream is open");
        assert!(read > 0, "the connection ends after {text}");
        text += std::str::from_utf8(&chunk[..read]).expect("ASCII");
        if text
            .find(start)
            .is_some_and(|at| text[at + start.len()..].contains(end))
        {
            return text;
        }
    }
}

/// Runs `test` as a task on a worker thread, with a time limit.
fn on_a_worker(test: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let task = tokio::spawn(tokio::time::timeout(Duration::from_secs(60), test));
        task.await.expect("no panic").expect("in time");
    });
}

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' from='icq.example.org' id='s1'>";

const CONDITIONS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

const NEXT: &str = "<message from='a@x' id='next'><body>next</body></message>";
