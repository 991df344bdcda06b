//! Whatever comes, in whatever order: no panic, no flood, no timer that spins, one end.

use std::time::{Duration, Instant};

use icq_transport::icq::udp::from_server::{
    Date, EndOfSearch, InfoReply, Multi, OfflineMessage, Reason, ReceiveMessage, Sent, StatusUpdate,
};
use icq_transport::icq::udp::groupware::Fragment;
use icq_transport::icq::udp::to_server::Target;
use icq_transport::icq::udp::{FromServer, Header, Session, Version};
use icq_transport::icq::wire::SecretRest;
use icq_transport::icq::{Command, Event, MessageId, Output, QuestionId, Receipt, VisibilityList};
use icq_transport::model::{Availability, Message, Uin};
use proptest::collection::vec;
use proptest::prelude::*;

use super::questions::every_question;
use super::scene::*;

/// One thing that happens to a session.
#[derive(Clone, Debug)]
enum Happening {
    Bytes(Vec<u8>),
    /// A packet that may be from the server: command, body, numbers, form.
    Packet {
        command: u16,
        body: Vec<u8>,
        seq1: u16,
        seq2: u16,
        v3: bool,
    },
    /// A packet that can be read.
    Readable {
        which: u8,
        seq1: u16,
        seq2: u16,
    },
    /// The acknowledgement of the n-th packet from the last.
    Acknowledgement(u16),
    Command(Command),
    Time(u32),
    Timeout,
}

fn command() -> impl Strategy<Value = Command> {
    let uin = || (1000..1010_u32).prop_map(Uin);
    prop_oneof![
        Just(Command::SetStatus(Availability::Away.into())),
        uin().prop_map(Command::AddContact),
        uin().prop_map(Command::RemoveContact),
        (uin(), any::<bool>(), any::<bool>()).prop_map(|(uin, visible, on)| {
            Command::SetVisibility {
                uin,
                list: if visible {
                    VisibilityList::Visible
                } else {
                    VisibilityList::Invisible
                },
                on,
            }
        }),
        (0..20_u64, uin(), 0..2000_usize).prop_map(|(id, to, length)| Command::Send {
            id: MessageId(id),
            to,
            message: Message::Text("x".repeat(length)),
        }),
        (0..20_u64).prop_map(|receipt| Command::Safe(Receipt(receipt))),
        uin().prop_map(Command::RequestProfile),
        prop::sample::select(every_question()).prop_map(|question| Command::Ask {
            id: QuestionId(0),
            question,
        }),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let known = prop::sample::select(vec![
        0x000A, 0x001E, 0x0028, 0x005A, 0x0064, 0x006E, 0x0078, 0x00DC, 0x00E6, 0x00F0, 0x00FA,
        0x0104, 0x0118, 0x0122, 0x012C, 0x01A4, 0x01E0, 0x0212, 0x021C, 0x024E, 0x02E4, 0x02EE,
        0x0320, 0x0366, 0x0370, 0x03DE, 0x008C, 0x00A0, 0x00B4, 0x00C8, 0x0140, 0x01F4,
    ]);
    prop_oneof![
        1 => vec(any::<u8>(), 0..80).prop_map(Happening::Bytes),
        4 => (known, vec(any::<u8>(), 0..60), 0..40_u16, 0..6_u16, prop::bool::weighted(0.1))
            .prop_map(|(command, body, seq1, seq2, v3)| Happening::Packet {
                command, body, seq1, seq2, v3,
            }),
        6 => (0..13_u8, 0..40_u16, 0..6_u16)
            .prop_map(|(which, seq1, seq2)| Happening::Readable { which, seq1, seq2 }),
        6 => (0..6_u16).prop_map(Happening::Acknowledgement),
        6 => command().prop_map(Happening::Command),
        3 => (0..100_000_u32).prop_map(Happening::Time),
        3 => Just(Happening::Timeout),
    ]
}

fn readable(which: u8, inner: &[u8]) -> FromServer<'_> {
    match which {
        0 => text_from(BEN, "hi"),
        1 => FromServer::UserOffline(Target { target_uin: BEN }),
        2 => list_done(),
        3 => FromServer::EndOfflineMessages,
        4 => FromServer::OfflineMessage(OfflineMessage {
            from_uin: BEN,
            sent: Sent::Date(Date {
                year: 2001,
                month: 9,
                day: 9,
                hour: 1,
                minute: 46,
            }),
            msg_type: 1,
            text: b"hi",
        }),
        5 => FromServer::StatusUpdate(StatusUpdate {
            target_uin: BEN,
            status: 0x0001_0001,
        }),
        6 => FromServer::InfoReply(InfoReply {
            target_uin: BEN,
            nick: b"Ben",
            first: b"",
            last: b"",
            email: b"",
            status_byte: None,
            auth_byte: None,
        }),
        7 => FromServer::Multi(Multi {
            packets: vec![inner; 3],
        }),
        8 => FromServer::LoginError(Reason {
            text: Some(b"already connected"),
        }),
        9 => FromServer::Fragment(Fragment {
            index: 0,
            count: 1,
            slice: SecretRest(inner),
        }),
        10 => FromServer::EndOfSearch(EndOfSearch { more: None }),
        11 => FromServer::Fragment(Fragment {
            index: 1,
            count: 2,
            slice: SecretRest(inner),
        }),
        _ => FromServer::Message(ReceiveMessage {
            from_uin: BEN,
            msg_type: 0xFFFF,
            text: b"\xfe\xfe",
        }),
    }
}

/// What a test keeps of a session's outputs.
struct Outputs {
    version: Version,
    last_seq1: u16,
    events: Vec<Event>,
    transmitted: usize,
}

impl Outputs {
    const fn new(version: Version) -> Self {
        Self {
            version,
            last_seq1: 0,
            events: Vec::new(),
            transmitted: 0,
        }
    }

    /// Takes all outputs of one call.
    fn take(&mut self, session: &mut Session) -> usize {
        let mut count = 0;
        while let Some(output) = session.poll_output() {
            count += 1;
            match output {
                Output::Transmit(datagram) => {
                    assert!(datagram.len() <= 600, "{}", datagram.len());
                    self.last_seq1 = open_in(self.version.dialect(), &datagram).header.seq1;
                    self.transmitted += 1;
                }
                Output::Event(event) => self.events.push(event),
            }
        }
        count
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_that_happens_breaks_a_session(
        version in prop::sample::select(Version::ALL.to_vec()),
        is_logged_in in prop::bool::weighted(0.8),
        happenings in vec(happening(), 0..200),
    ) {
        let mut now = Instant::now();
        let mut session = Session::new(now, start_in(version));
        let mut outputs = Outputs::new(version);
        let mut asked = 0;
        let seal = |header: &Header, packet: &FromServer<'_>| {
            seal_in(version.dialect(), header, packet)
        };
        outputs.take(&mut session);
        if is_logged_in {
            let reply = login_reply_in(version);
            let header = Header {
                version,
                command: reply.command(),
                seq1: 0,
                seq2: 1,
                uin: ROMEO,
                session_id: session.session_id(),
            };
            session.handle_datagram(now, &seal(&header, &reply));
            outputs.take(&mut session);
        }

        for happening in happenings {
            let header = Header {
                version,
                command: 0,
                seq1: 0,
                seq2: 0,
                uin: ROMEO,
                session_id: session.session_id(),
            };
            match happening {
                Happening::Bytes(bytes) => session.handle_datagram(now, &bytes),
                Happening::Packet { command, body, seq1, seq2, v3 } => {
                    let packet = FromServer::Unknown { command, body: &body };
                    let version = if v3 && version == Version::V5 { Version::V3 } else { version };
                    let header = Header { version, command, seq1, seq2, ..header };
                    session.handle_datagram(now, &seal(&header, &packet));
                }
                Happening::Readable { which, seq1, seq2 } => {
                    let inner = seal(
                        &Header { command: text_from(BEN, "hi").command(), seq1, ..header },
                        &text_from(BEN, "hi"),
                    );
                    let packet = readable(which, &inner);
                    let header = Header { command: packet.command(), seq1, seq2, ..header };
                    session.handle_datagram(now, &seal(&header, &packet));
                }
                Happening::Acknowledgement(back) => {
                    let header = Header {
                        command: ACK,
                        seq1: outputs.last_seq1.wrapping_sub(back),
                        ..header
                    };
                    session.handle_datagram(now, &seal(&header, &FromServer::Ack));
                }
                Happening::Command(command) => {
                    let is_over = matches!(outputs.events.last(), Some(Event::LoggedOut(_)));
                    let is_question = matches!(command, Command::Ask { .. });
                    asked += usize::from(is_question && !is_over);
                    session.handle_command(now, command);
                }
                Happening::Time(millis) => now += Duration::from_millis(millis.into()),
                Happening::Timeout => {
                    now = session.poll_timeout().map_or(now, |due| due.max(now));
                    session.handle_timeout(now);
                    prop_assert!(session.poll_timeout().is_none_or(|due| due > now));
                }
            }
            let count = outputs.take(&mut session);
            prop_assert!(count <= 500, "{count} outputs");
        }

        session.handle_command(now, Command::LogOut);
        outputs.take(&mut session);
        prop_assert_eq!(session.poll_timeout(), None);
        let ends = outputs
            .events
            .iter()
            .filter(|event| matches!(event, Event::LoggedOut(_)))
            .count();
        prop_assert_eq!(ends, 1);
        let answers = outputs
            .events
            .iter()
            .filter(|event| matches!(event, Event::Answer { .. }))
            .count();
        prop_assert_eq!(answers, asked);
        prop_assert!(matches!(outputs.events.last(), Some(Event::LoggedOut(_))));
    }

    #[test]
    fn time_alone_ends_every_session_and_never_spins(
        seed in any::<u64>(),
        version in prop::sample::select(Version::ALL.to_vec()),
    ) {
        let mut now = Instant::now();
        let start = icq_transport::icq::udp::Start { seed, ..start_in(version) };
        let mut session = Session::new(now, start);
        let mut outputs = Outputs::new(version);
        outputs.take(&mut session);

        let mut steps = 0;
        while let Some(due) = session.poll_timeout() {
            prop_assert!(due > now);
            now = due;
            session.handle_timeout(now);
            outputs.take(&mut session);
            steps += 1;
            prop_assert!(steps < 100);
        }

        prop_assert!(matches!(outputs.events.as_slice(), [Event::LoggedOut(_)]));
        prop_assert_eq!(outputs.transmitted, 7);
    }
}
