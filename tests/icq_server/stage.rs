//! A server, scripted clients around it, and a clock.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use icq_transport::icq::udp::from_server::Sent;
use icq_transport::icq::udp::to_server::{
    AckMessages, Login, PreLogin, SendMessage, SetStatus, Target, TextCode, UinList, UpdateList,
};
use icq_transport::icq::udp::{FromServer, Header, Noise, Side, ToServer, Version};
use icq_transport::icq::wire::meta::MetaForm;
use icq_transport::icq::wire::{Password, Rest};
use icq_transport::model::{Now, Uin, UnixTime};
use icq_transport::server::{Account, Behaviour, Server, Setup};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) const ALICE: Uin = Uin(200_001);
pub(crate) const BOB: Uin = Uin(200_002);
pub(crate) const CAROL: Uin = Uin(200_003);
pub(crate) const DAVE: Uin = Uin(200_004);
/// Nobody.
pub(crate) const NOBODY: Uin = Uin(299_999);

/// A server, the clients that have spoken to it, and the time.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) now: Now,
    pub(crate) clients: BTreeMap<Uin, Client>,
    /// What arrived where no client of `clients` is.
    pub(crate) elsewhere: Vec<(SocketAddr, Vec<u8>)>,
    /// What new clients speak.
    pub(crate) version: Version,
    /// Whether a client may get nothing but its own version.
    pub(crate) strict: bool,
    next_session_id: u32,
    next_port: u16,
    /// How likely a datagram is lost, and what decides.
    loss: (f64, StdRng),
}

/// A scripted client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) uin: Uin,
    pub(crate) address: SocketAddr,
    pub(crate) version: Version,
    /// V5 only, else 0.
    pub(crate) session_id: u32,
    pub(crate) seq1: u16,
    pub(crate) seq2: u16,
    /// Acknowledges whatever it gets.
    pub(crate) acknowledges: bool,
    inbox: Vec<Heard>,
}

/// A packet from the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Heard {
    /// What its client speaks; the packet's form may be another.
    pub(crate) version: Version,
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// The packet, if its META form does not matter.
    pub(crate) fn packet(&self) -> FromServer<'_> {
        self.packet_as(MetaForm::Unknown)
    }

    /// The packet, as the answer to a META request of this form.
    pub(crate) fn packet_as(&self, form: MetaForm) -> FromServer<'_> {
        FromServer::decode(self.version, self.header.command, &self.body, form)
            .expect("the server's packets can be read")
            .packet
    }
}

impl Client {
    /// The header of its latest packet, or of one that does not count.
    pub(crate) fn header(&self, command: u16) -> Header {
        Header {
            version: self.version,
            command,
            seq1: self.seq1,
            seq2: self.seq2,
            uin: self.uin,
            session_id: self.session_id,
        }
    }

    /// Takes everything it heard, acknowledgements too.
    pub(crate) fn take_inbox(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.inbox)
    }
}

impl Stage {
    /// Four people with accounts, nobody online, no bots.
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        Self::with(Setup {
            accounts: accounts(),
            behaviour,
            seed: 1,
            bots: false,
            journal: 10_000,
        })
    }

    pub(crate) fn with(setup: Setup) -> Self {
        Self {
            server: Server::new(setup),
            now: Now {
                instant: Instant::now(),
                // 2001-09-09 01:46:40 UTC.
                unix: UnixTime::from_secs(1_000_000_000),
            },
            clients: BTreeMap::new(),
            elsewhere: Vec::new(),
            version: Version::V5,
            strict: true,
            next_session_id: 0x2000_0000,
            next_port: 30_000,
            loss: (0.0, StdRng::seed_from_u64(0)),
        }
    }

    /// A client that has not spoken yet, at a port of its own.
    pub(crate) fn connect(&mut self, uin: Uin) -> &mut Client {
        let own = 10_100 + u16::try_from(uin.0 % 10_000).unwrap_or(0);
        let port = match self.version {
            // Nothing but the port tells a new client from the one before it.
            Version::V1 | Version::V2 | Version::V3 => {
                self.next_port += 1;
                self.next_port
            }
            Version::V4 | Version::V5 => own,
        };
        self.connect_at(uin, port)
    }

    pub(crate) fn connect_at(&mut self, uin: Uin, port: u16) -> &mut Client {
        let version = self.version;
        self.next_session_id += 1;
        let (session_id, random) = match version {
            Version::V5 => (self.next_session_id, 1000),
            // icq-udp.md §4.3: a random beginning.
            Version::V4 => (0, self.next_session_id.wrapping_mul(300) as u16),
            Version::V1 | Version::V2 | Version::V3 => (0, 0),
        };
        let client = Client {
            uin,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            version,
            session_id,
            seq1: random,
            seq2: 0,
            acknowledges: true,
            inbox: Vec::new(),
        };
        self.clients.insert(uin, client);
        self.client(uin)
    }

    /// The same for a client of this version.
    pub(crate) fn connect_in(&mut self, version: Version, uin: Uin) -> &mut Client {
        let others = std::mem::replace(&mut self.version, version);
        self.connect(uin);
        self.version = others;
        self.client(uin)
    }

    pub(crate) fn client(&mut self, uin: Uin) -> &mut Client {
        self.clients
            .get_mut(&uin)
            .expect("this client was connected")
    }

    /// Logs somebody in, with an empty contact list, and forgets what was said on the way.
    pub(crate) fn log_in(&mut self, uin: Uin) {
        self.log_in_with(uin, 0, &[]);
    }

    /// Logs somebody in with a status and a contact list.
    pub(crate) fn log_in_with(&mut self, uin: Uin, status: u32, contacts: &[Uin]) {
        self.log_in_as(self.version, uin, status, contacts);
    }

    /// The same with a client of this version.
    pub(crate) fn log_in_as(&mut self, version: Version, uin: Uin, status: u32, contacts: &[Uin]) {
        self.connect_in(version, uin);
        self.send_login(uin, status);
        let heard = self.commands(uin);
        assert_eq!(heard, [0x005A], "{uin} is logged in with {version:?}");
        self.send_list(uin, contacts);
        self.client(uin).inbox.clear();
    }

    pub(crate) fn send_login(&mut self, uin: Uin, status: u32) {
        let password = password(uin);
        let version = self.client(uin).version;
        self.send(uin, &login_in(version, password.as_bytes(), status));
    }

    pub(crate) fn send_list(&mut self, uin: Uin, contacts: &[Uin]) {
        let uins = contacts.to_vec();
        self.send(uin, &ToServer::ContactList(UinList { uins }));
    }

    pub(crate) fn send_text(&mut self, from: Uin, to: Uin, text: &[u8]) {
        self.send_message(from, to, 1, text);
    }

    pub(crate) fn send_message(&mut self, from: Uin, to_uin: Uin, msg_type: u16, text: &[u8]) {
        self.send(
            from,
            &ToServer::SendMessage(SendMessage {
                to_uin,
                msg_type,
                text,
            }),
        );
    }

    pub(crate) fn send_status(&mut self, uin: Uin, status: u32) {
        self.send(uin, &ToServer::SetStatus(SetStatus { status }));
    }

    pub(crate) fn send_update_list(&mut self, uin: Uin, target_uin: Uin, list: u8, add: u8) {
        self.send(
            uin,
            &ToServer::UpdateList(UpdateList {
                target_uin,
                list,
                add,
            }),
        );
    }

    pub(crate) fn log_off(&mut self, uin: Uin) {
        self.send(
            uin,
            &ToServer::TextCode(TextCode {
                text: TextCode::LOGOUT,
                code: TextCode::CODE,
            }),
        );
    }

    /// Sends a packet with the client's next numbers; gives its header.
    pub(crate) fn send(&mut self, uin: Uin, packet: &ToServer<'_>) -> Header {
        let client = self.client(uin);
        client.seq1 = client.seq1.wrapping_add(1);
        client.seq2 = client.seq2.wrapping_add(1);
        let header = client.header(packet.command());
        let address = client.address;
        self.send_as(address, &header, packet);
        header
    }

    /// Sends this body with the client's next numbers; gives its header.
    pub(crate) fn send_body(&mut self, uin: Uin, command: u16, body: &[u8]) -> Header {
        let client = self.client(uin);
        client.seq1 = client.seq1.wrapping_add(1);
        client.seq2 = client.seq2.wrapping_add(1);
        let header = client.header(command);
        let address = client.address;
        self.send_datagram(address, &seal(&header, body));
        header
    }

    /// Sends a packet with this header from this address.
    pub(crate) fn send_as(&mut self, from: SocketAddr, header: &Header, packet: &ToServer<'_>) {
        let mut body = Vec::new();
        packet.encode(header.version, &mut body);
        let datagram = seal(header, &body);
        self.send_datagram(from, &datagram);
    }

    pub(crate) fn send_datagram(&mut self, from: SocketAddr, datagram: &[u8]) {
        if self.is_lost() {
            return;
        }
        self.server.handle_datagram(self.now, from, datagram);
        self.deliver();
    }

    /// Says that what waited has come, as a client of the version does (icq-udp.md §7.5); nothing where
    /// nothing came by which it could.
    pub(crate) fn send_deletion(&mut self, uin: Uin, heard: &[Heard]) {
        let client = self.client(uin);
        let address = client.address;
        let wish = |timestamp| ToServer::AckMessages(AckMessages { timestamp });
        match client.version {
            Version::V1 | Version::V2 => {
                let mut ends = heard.iter().rev();
                let Some(end) = ends.find(|heard| heard.header.command == 0x00E6) else {
                    return;
                };
                let header = Header {
                    seq1: end.header.seq1,
                    ..client.header(0x0442)
                };
                self.send_as(address, &header, &wish(None));
            }
            Version::V3 => {
                let times = heard.iter().filter_map(|heard| match heard.packet() {
                    FromServer::OfflineMessage(message) => Some(message.sent),
                    _ => None,
                });
                let latest = times.filter_map(|sent| match sent {
                    Sent::Unix(time) => Some(time),
                    Sent::Date(_) => None,
                });
                self.send(uin, &wish(latest.max()));
            }
            Version::V4 | Version::V5 => {
                self.send(uin, &wish(None));
            }
        }
    }

    /// Acknowledges one packet of the server.
    pub(crate) fn acknowledge(&mut self, uin: Uin, seq1: u16) {
        let client = self.client(uin);
        let address = client.address;
        let header = Header {
            seq1,
            seq2: 0,
            ..client.header(0x000A)
        };
        self.send_as(address, &header, &ToServer::Ack);
    }

    /// Lets time pass, alarm by alarm.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        while let Some(due) = self.server.poll_timeout()
            && due <= end.instant
        {
            let step = due.saturating_duration_since(self.now.instant);
            self.now = self.now.after(step);
            self.server.handle_timeout(self.now);
            self.deliver();
        }
        self.now = end;
    }

    /// Hands the server's datagrams to the clients.
    pub(crate) fn deliver(&mut self) {
        while let Some((to, datagram)) = self.server.poll_output() {
            if self.is_lost() {
                continue;
            }
            let client = self
                .clients
                .values_mut()
                .find(|client| client.address == to);
            let Some(client) = client else {
                self.elsewhere.push((to, datagram));
                continue;
            };
            if !self.strict && Version::of(&datagram) != Some(client.version) {
                continue;
            }
            let heard = open_in(client.version, &datagram);
            assert_may_be_said(&heard);
            client.inbox.push(heard.clone());
            if client.acknowledges && heard.header.command != 0x000A {
                let uin = client.uin;
                self.acknowledge(uin, heard.header.seq1);
            }
        }
    }

    /// Loses datagrams, both ways, as often as this says.
    pub(crate) fn lose(&mut self, share: f64, seed: u64) {
        self.loss = (share, StdRng::seed_from_u64(seed));
    }

    fn is_lost(&mut self) -> bool {
        let (share, random) = &mut self.loss;
        random.random_bool(*share)
    }

    /// Takes what a client heard, acknowledgements left out.
    pub(crate) fn hears(&mut self, uin: Uin) -> Vec<Heard> {
        let inbox = std::mem::take(&mut self.client(uin).inbox);
        inbox
            .into_iter()
            .filter(|heard| heard.header.command != 0x000A)
            .collect()
    }

    /// The commands a client heard, acknowledgements left out.
    pub(crate) fn commands(&mut self, uin: Uin) -> Vec<u16> {
        let heard = self.hears(uin);
        heard.iter().map(|heard| heard.header.command).collect()
    }

    /// All commands a client heard.
    pub(crate) fn all_commands(&mut self, uin: Uin) -> Vec<u16> {
        let inbox = std::mem::take(&mut self.client(uin).inbox);
        inbox.iter().map(|heard| heard.header.command).collect()
    }

    /// The texts a client got just now: who wrote them, of what type, what.
    pub(crate) fn texts(&mut self, uin: Uin) -> Vec<(Uin, u16, Vec<u8>)> {
        let heard = self.hears(uin);
        heard
            .iter()
            .filter_map(|heard| match heard.packet() {
                FromServer::Message(m) => Some((m.from_uin, m.msg_type, m.text.to_vec())),
                _ => None,
            })
            .collect()
    }

    /// The stored texts a client got: who wrote them, of what type, what.
    pub(crate) fn stored_texts(&mut self, uin: Uin) -> Vec<(Uin, u16, Vec<u8>)> {
        let heard = self.hears(uin);
        heard
            .iter()
            .filter_map(|heard| match heard.packet() {
                FromServer::OfflineMessage(m) => Some((m.from_uin, m.msg_type, m.text.to_vec())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn is_online(&self, uin: Uin) -> bool {
        self.server
            .online()
            .iter()
            .any(|(online, _)| *online == uin)
    }
}

pub(crate) fn accounts() -> Vec<Account> {
    vec![
        Account::new(ALICE, password(ALICE))
            .named("alice", "Alice", "Anders")
            .with_email("alice@example.test"),
        Account::new(BOB, password(BOB))
            .named("bob", "Bob", "Brown")
            .requiring_authorisation(),
        Account::new(CAROL, password(CAROL)).named("carol", "Carol", "Clark"),
        Account::new(DAVE, password(DAVE)).named("dave", "Dave", "Dunn"),
    ]
}

pub(crate) fn password(uin: Uin) -> String {
    format!("pass{:04}", uin.0 % 10_000)
}

pub(crate) fn login(password: &[u8], status: u32) -> ToServer<'_> {
    ToServer::Login(Login {
        time: 0,
        tcp_port: 0,
        password: Password(password),
        x1: Login::X1,
        client_version: 0,
        two: 0,
        ip: Ipv4Addr::new(192, 168, 1, 5),
        dc_mode: Login::NO_DIRECT_CONNECTIONS,
        status,
        tcp_version: 6,
        x4: 0,
        rest_hex: Rest(Login::TAIL),
    })
}

/// The login of a version, as its clients wrote it (icq-udp.md §1.1, §6.1).
pub(crate) fn login_in(version: Version, password: &[u8], status: u32) -> ToServer<'_> {
    let password = Password(password);
    let (x1, tcp_version, rest): (u32, u32, &[u8]) = match version {
        Version::V1 => {
            return ToServer::PreLogin(PreLogin {
                login_uin: Uin(0),
                password,
                status,
                client_version: None,
            });
        }
        Version::V2 => (0x78, 3, b"\x07\x00\0\0\0\0\x08\0\x78\0"),
        Version::V3 => (0, 2, b"\x03\0\x7a\0"),
        Version::V4 => (0x98, 3, b"\0\0\0\0\0\0\0\0\x98\0"),
        Version::V5 => (0xD5, 6, Login::TAIL),
    };
    ToServer::Login(Login {
        time: 0,
        tcp_port: 0,
        password,
        x1,
        client_version: 0x7A,
        two: 2,
        ip: Ipv4Addr::new(192, 168, 1, 5),
        dc_mode: Login::NO_DIRECT_CONNECTIONS,
        status,
        tcp_version,
        x4: 0,
        rest_hex: Rest(rest),
    })
}

/// A server says to a version what that version has: icq-udp.md §5.2, with what §2.5, §8.4 and the
/// acknowledgements of §6.5 and §8.3 add to it.
fn assert_may_be_said(heard: &Heard) {
    let command = heard.header.command;
    let is_exception = matches!(
        (heard.version, command),
        (Version::V4, 0x03DE) | (Version::V5, 0x0140)
    );
    assert!(
        is_exception || FromServer::exists_in(command, heard.version),
        "{command:#06x} in {:?}",
        heard.version
    );
}

pub(crate) fn target(target_uin: Uin) -> Target {
    Target { target_uin }
}

pub(crate) fn seal(header: &Header, body: &[u8]) -> Vec<u8> {
    let dialect = header.version.dialect();
    dialect.seal(Side::Client, header, Noise::from(7), body)
}

/// Opens what a V5 client got.
pub(crate) fn open(datagram: &[u8]) -> Heard {
    open_in(Version::V5, datagram)
}

pub(crate) fn open_in(version: Version, datagram: &[u8]) -> Heard {
    let mut bytes = datagram.to_vec();
    let opened = version
        .dialect()
        .open(Side::Server, &mut bytes)
        .expect("the server's datagrams can be opened");
    Heard {
        version,
        header: opened.header,
        body: opened.body.to_vec(),
    }
}

/// Bytes from their hexadecimal form.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
