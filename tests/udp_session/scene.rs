//! A session, and a server that says exactly what a test tells it to.

use std::time::{Duration, Instant};

use icq_transport::icq::udp::{
    Dialect, FromServer, Header, Noise, Session, Side, Start, ToServer, V5, Version,
};
use icq_transport::icq::wire::Rest;
use icq_transport::icq::wire::text::Charset;
use icq_transport::icq::{Command, Event, MessageId, Output, Receipt};
use icq_transport::model::{Message, Secret, Status, Uin, UnixTime};

pub(crate) const ROMEO: Uin = Uin(12_345_678);
pub(crate) const BEN: Uin = Uin(1001);
pub(crate) const TYBALT: Uin = Uin(1002);

/// Both ends of a conversation, and the time.
pub(crate) struct Scene {
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) now: Instant,
    pub(crate) session: Session,
    /// The `seq1` of the server's next packet.
    pub(crate) seq1: u16,
    sent: Vec<Heard>,
    events: Vec<Event>,
}

/// A packet the server heard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Heard {
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
    pub(crate) datagram: Vec<u8>,
}

impl Heard {
    pub(crate) fn packet(&self) -> ToServer<'_> {
        ToServer::decode(self.header.version, self.header.command, &self.body)
            .expect("sessions send what can be read")
            .packet
    }
}

pub(crate) fn start() -> Start {
    start_in(Version::V5)
}

pub(crate) fn start_in(version: Version) -> Start {
    Start {
        dialect: version.dialect(),
        uin: ROMEO,
        password: Secret::new("balcony"),
        status: Status::default(),
        charset: Charset::WINDOWS_1251,
        charsets: Vec::new(),
        keep_alive: Duration::from_secs(50),
        login_time: UnixTime::from_secs(1_000_000_000),
        seed: 1,
        contacts: vec![BEN, TYBALT],
        visible: Vec::new(),
        invisible: Vec::new(),
        ghosts: Vec::new(),
    }
}

impl Scene {
    /// The login has left.
    pub(crate) fn new(start: Start) -> Self {
        let now = Instant::now();
        let mut scene = Self {
            dialect: start.dialect,
            now,
            session: Session::new(now, start),
            seq1: 1,
            sent: Vec::new(),
            events: Vec::new(),
        };
        scene.drain();
        scene
    }

    /// The login was accepted.
    pub(crate) fn logged_in_with(start: Start) -> Self {
        let mut scene = Self::new(start);
        let login = scene.next_sent();
        scene.acknowledges(&login);
        let reply = login_reply_in(scene.dialect.version());
        scene.answers_login(&login, &reply);
        scene
    }

    /// Logged in, the list loaded, no message waiting.
    pub(crate) fn online_with(start: Start) -> Self {
        let mut scene = Self::logged_in_with(start);
        loop {
            let sent = scene.take_sent();
            if sent.is_empty() {
                break;
            }
            for heard in sent {
                if heard.header.command == REQUEST_OFFLINE {
                    scene.says(&FromServer::EndOfflineMessages);
                } else {
                    scene.acknowledges_if_due(&heard);
                }
                if heard.header.command == CONTACT_LIST {
                    scene.says(&list_done());
                }
            }
        }
        scene.take_events();
        scene
    }

    pub(crate) fn online() -> Self {
        Self::online_with(start())
    }

    pub(crate) fn online_in(version: Version) -> Self {
        Self::online_with(start_in(version))
    }

    /// The server sends something nobody asked for. Returns its `seq1`.
    pub(crate) fn says(&mut self, packet: &FromServer<'_>) -> u16 {
        let seq1 = self.seq1;
        self.seq1 = seq1.wrapping_add(1);
        self.says_as(seq1, packet);
        seq1
    }

    /// The same, with a number of the test's choice.
    pub(crate) fn says_as(&mut self, seq1: u16, packet: &FromServer<'_>) {
        let header = self.header(packet, seq1, 0);
        self.delivers(&header, packet);
    }

    /// The server answers a request.
    pub(crate) fn answers(&mut self, request: &Heard, packet: &FromServer<'_>) -> u16 {
        let seq1 = self.seq1;
        self.seq1 = seq1.wrapping_add(1);
        let header = self.header(packet, seq1, request.header.seq2);
        self.delivers(&header, packet);
        seq1
    }

    /// The server answers a login: no session yet, no count.
    pub(crate) fn answers_login(&mut self, login: &Heard, packet: &FromServer<'_>) {
        let header = Header {
            session_id: login.header.session_id,
            ..self.header(packet, 0, login.header.seq2)
        };
        self.delivers(&header, packet);
    }

    pub(crate) fn acknowledges(&mut self, heard: &Heard) {
        let header = Header {
            session_id: heard.header.session_id,
            ..self.header(&FromServer::Ack, heard.header.seq1, heard.header.seq2)
        };
        self.delivers(&header, &FromServer::Ack);
    }

    fn acknowledges_if_due(&mut self, heard: &Heard) {
        if heard.header.command != ACK {
            self.acknowledges(heard);
        }
    }

    /// Any packet at all.
    pub(crate) fn delivers(&mut self, header: &Header, packet: &FromServer<'_>) {
        let datagram = seal_in(self.dialect, header, packet);
        self.delivers_bytes(&datagram);
    }

    pub(crate) fn delivers_bytes(&mut self, datagram: &[u8]) {
        self.session.handle_datagram(self.now, datagram);
        self.drain();
    }

    pub(crate) fn header(&self, packet: &FromServer<'_>, seq1: u16, seq2: u16) -> Header {
        Header {
            version: self.dialect.version(),
            command: packet.command(),
            seq1,
            seq2,
            uin: ROMEO,
            session_id: self.session.session_id(),
        }
    }

    pub(crate) fn asks(&mut self, command: Command) {
        self.session.handle_command(self.now, command);
        self.drain();
    }

    pub(crate) fn sends(&mut self, id: u64, to: Uin, text: &str) {
        self.asks(Command::Send {
            id: MessageId(id),
            to,
            message: Message::Text(text.into()),
        });
    }

    pub(crate) fn is_safe(&mut self, receipt: Receipt) {
        self.asks(Command::Safe(receipt));
    }

    /// Lets time pass, every timeout at its moment.
    pub(crate) fn waits(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.session.poll_timeout().filter(|&due| due <= until) {
            assert!(due > self.now || self.now == due, "time runs backwards");
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.drain();
            let next = self.session.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "the timer spins");
        }
        self.now = until;
    }

    /// Lets time pass in one leap, as when the machine was asleep.
    pub(crate) fn wakes_after(&mut self, pause: Duration) {
        self.now += pause;
        self.session.handle_timeout(self.now);
        self.drain();
        let next = self.session.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "the timer spins");
    }

    pub(crate) fn waits_secs(&mut self, secs: u64) {
        self.waits(Duration::from_secs(secs));
    }

    pub(crate) fn take_sent(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.sent)
    }

    /// The only packet that was sent since the last look.
    pub(crate) fn next_sent(&mut self) -> Heard {
        let mut sent = self.take_sent();
        assert_eq!(sent.len(), 1, "{:?}", commands(&sent));
        sent.remove(0)
    }

    /// The only packet of this command; others are forgotten.
    pub(crate) fn sent_as(&mut self, command: u16) -> Heard {
        let mut sent = self.take_sent();
        sent.retain(|heard| heard.header.command == command);
        assert_eq!(sent.len(), 1, "{command:#06x}");
        sent.remove(0)
    }

    pub(crate) fn sent_commands(&mut self) -> Vec<u16> {
        commands(&self.take_sent())
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Acknowledges everything that is sent until nothing is.
    pub(crate) fn acknowledges_all(&mut self) -> Vec<Heard> {
        let mut all = Vec::new();
        loop {
            let sent = self.take_sent();
            if sent.is_empty() {
                return all;
            }
            for heard in sent {
                self.acknowledges_if_due(&heard);
                all.push(heard);
            }
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Transmit(datagram) => self.sent.push(open_in(self.dialect, &datagram)),
                Output::Event(event) => self.events.push(event),
            }
        }
    }
}

pub(crate) fn seal(header: &Header, packet: &FromServer<'_>) -> Vec<u8> {
    seal_in(&V5, header, packet)
}

pub(crate) fn seal_in(dialect: &dyn Dialect, header: &Header, packet: &FromServer<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    packet.encode(dialect.version(), &mut body);
    dialect.seal(Side::Server, header, Noise::default(), &body)
}

pub(crate) fn open(datagram: &[u8]) -> Heard {
    open_in(&V5, datagram)
}

pub(crate) fn open_in(dialect: &dyn Dialect, datagram: &[u8]) -> Heard {
    let mut bytes = datagram.to_vec();
    let opened = dialect
        .open(Side::Client, &mut bytes)
        .expect("sessions seal what can be opened");
    assert!(opened.check_valid);
    Heard {
        header: opened.header,
        body: opened.body.to_vec(),
        datagram: datagram.to_vec(),
    }
}

pub(crate) fn commands(sent: &[Heard]) -> Vec<u16> {
    sent.iter().map(|heard| heard.header.command).collect()
}

pub(crate) fn login_reply() -> FromServer<'static> {
    login_reply_in(Version::V5)
}

pub(crate) fn login_reply_in(version: Version) -> FromServer<'static> {
    use icq_transport::icq::udp::from_server::{
        LoginReply, LoginReplyV2, LoginReplyV3, LoginReplyV4, LoginReplyV5,
    };
    let ip = [192, 0, 2, 7].into();
    FromServer::LoginReply(match version {
        Version::V1 | Version::V2 => LoginReply::V2(LoginReplyV2 {
            own_uin: ROMEO,
            ip,
            login_seq: 1,
            rest_hex: Rest(LoginReplyV2::TAIL),
        }),
        Version::V3 => LoginReply::V3(LoginReplyV3 {
            ip,
            zero: 0,
            externals: 0,
            deplist_version: 1,
            must_change_pw: 0,
            can_broadcast: 0,
            xfa: 0xFA,
            ping: 45,
            timeout: 10,
            xa: 10,
            retries: 3,
        }),
        Version::V4 => LoginReply::V4(LoginReplyV4 {
            ip,
            w0: 0,
            w1: 0,
            x19: 0x19,
            x2: 2,
            x1: 1,
            xfa: 0xFA,
            ping: 45,
            timeout: 5,
            xa: 10,
            retries: 5,
        }),
        Version::V5 => LoginReply::V5(LoginReplyV5 {
            x8c: 0x8C,
            ping: 110,
            timeout: 10,
            xa: 10,
            retries: 5,
            ip: Some(ip),
            server_id: Some(0x80CD_C19B),
        }),
    })
}

pub(crate) fn list_done() -> FromServer<'static> {
    use icq_transport::icq::udp::from_server::ListDone;
    FromServer::ListDone(ListDone {
        own_uin: Some(ROMEO),
    })
}

pub(crate) fn text_from(from: Uin, text: &str) -> FromServer<'_> {
    use icq_transport::icq::udp::from_server::ReceiveMessage;
    FromServer::Message(ReceiveMessage {
        from_uin: from,
        msg_type: 1,
        text: text.as_bytes(),
    })
}

pub(crate) const ACK: u16 = 0x000A;
pub(crate) const SEND_MESSAGE: u16 = 0x010E;
pub(crate) const LOGIN: u16 = 0x03E8;
pub(crate) const CONTACT_LIST: u16 = 0x0406;
pub(crate) const KEEP_ALIVE: u16 = 0x042E;
pub(crate) const TEXT_CODE: u16 = 0x0438;
pub(crate) const ACK_MESSAGES: u16 = 0x0442;
pub(crate) const REQUEST_OFFLINE: u16 = 0x044C;
pub(crate) const INFO_REQ: u16 = 0x0460;
pub(crate) const SET_STATUS: u16 = 0x04D8;
pub(crate) const ADD_TO_LIST: u16 = 0x053C;
pub(crate) const META_USER: u16 = 0x064A;
pub(crate) const INVISIBLE_LIST: u16 = 0x06A4;
pub(crate) const VISIBLE_LIST: u16 = 0x06AE;
pub(crate) const UPDATE_LIST: u16 = 0x06B8;
