//! A gateway, its users, an ICQ server and a clock in one process; Prosody is played by the story.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use icq_transport::gateway::{
    Gateway, GatewayInput, GatewayOutput, Settings, User, UserInput, UserOutput,
};
use icq_transport::icq::wire::Version;
use icq_transport::model::{Now, Uin, UnixTime};
use icq_transport::server::{Account, Behaviour, Server, Setup};
use icq_transport::store::UserRecord;
use icq_transport::xmpp::Stanza;
use minidom::Element;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::BareJid;
use xmpp_parsers::message::Message;
use xmpp_parsers::presence::Presence;

/// Romeo's number, and Benvolio's, who has an ICQ client.
pub(crate) const ROMEO: Uin = Uin(200_001);

/// Everything there is.
pub(crate) struct World {
    now: Now,
    gateway: Gateway,
    users: BTreeMap<BareJid, Task>,
    /// What is on disk.
    pub(crate) disk: BTreeMap<BareJid, Option<UserRecord>>,
    pub(crate) server: Server,
    /// Datagrams get lost on the way to the ICQ server, and on the way back.
    pub(crate) loses_to_server: bool,
    pub(crate) loses_to_gateway: bool,
    /// What reached the XMPP server and was not looked at.
    sent: VecDeque<String>,
    ports: u16,
    runs: u32,
    versions: Vec<Version>,
}

struct Task {
    user: User,
    port: Option<u16>,
}

impl World {
    /// A gateway whose link is up, and an ICQ server that knows Romeo, both in V5.
    pub(crate) fn new() -> Self {
        let accounts = vec![Account::new(ROMEO, "secret")];
        Self::with(&[Version::V5], accounts, Behaviour::reference())
    }

    /// The same with a gateway that tries these versions, and a server that knows these people and behaves
    /// so.
    pub(crate) fn with(versions: &[Version], accounts: Vec<Account>, behaviour: Behaviour) -> Self {
        let now = Now {
            instant: Instant::now(),
            unix: UnixTime::from_secs(1_795_528_800),
        };
        let server = Server::new(Setup {
            accounts,
            behaviour,
            seed: 1,
            ..Setup::default()
        });
        let mut world = Self {
            now,
            gateway: gateway(now, 1, versions),
            versions: versions.to_vec(),
            users: BTreeMap::new(),
            disk: BTreeMap::new(),
            server,
            loses_to_server: false,
            loses_to_gateway: false,
            sent: VecDeque::new(),
            ports: 40_000,
            runs: 1,
        };
        world.tell(GatewayInput::LinkUp);
        world.passes(3);
        world
    }

    /// The gateway is gone without a word, and started again with what is on disk.
    pub(crate) fn crashes(&mut self) {
        self.runs += 1;
        self.users.clear();
        self.sent.clear();
        self.gateway = gateway(self.now, self.runs, &self.versions);
        for (jid, record) in self.disk.clone() {
            if let Some(record) = record {
                self.gateway.load(self.now, jid, record);
            }
        }
        self.tell(GatewayInput::LinkUp);
        self.passes(3);
    }

    /// A stanza comes from the XMPP server.
    pub(crate) fn says(&mut self, xml: &str) {
        self.tell(GatewayInput::Stanza(stanza(xml)));
    }

    /// Seconds pass, and what is due is done.
    pub(crate) fn passes(&mut self, seconds: u64) {
        let end = self.now.after(Duration::from_secs(seconds));
        loop {
            self.settle();
            let users = self.users.values();
            let due = users
                .filter_map(|task| task.user.poll_timeout())
                .chain(self.gateway.poll_timeout())
                .chain(self.server.poll_timeout())
                .min();
            let Some(due) = due.filter(|due| *due <= end.instant) else {
                self.now = end;
                return;
            };
            let wait = due.saturating_duration_since(self.now.instant);
            self.now = self.now.after(wait.max(Duration::from_millis(1)));
            self.gateway.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            for task in self.users.values_mut() {
                task.user.handle_timeout(self.now);
            }
        }
    }

    /// Among what was sent, the next stanza that has all of these in it. What came before is forgotten.
    pub(crate) fn sees(&mut self, parts: &[&str]) -> String {
        while let Some(stanza) = self.sent.pop_front() {
            if parts.iter().all(|part| stanza.contains(part)) {
                return stanza;
            }
        }
        panic!("nobody saw {parts:?}");
    }

    /// Nothing that was sent and not looked at has all of these in it.
    pub(crate) fn sees_no(&self, parts: &[&str]) {
        let seen = |stanza: &&String| parts.iter().all(|part| stanza.contains(part));
        assert_eq!(self.sent.iter().find(seen), None);
    }

    /// Who has a task.
    pub(crate) fn tasks(&self) -> usize {
        self.users.len()
    }

    fn tell(&mut self, input: GatewayInput) {
        self.gateway.handle_input(self.now, input);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(output) = self.gateway.poll_output() {
                moved = true;
                self.perform(output);
            }
            let jids: Vec<BareJid> = self.users.keys().cloned().collect();
            for jid in jids {
                moved |= self.drain(&jid);
            }
            while let Some((to, datagram)) = self.server.poll_output() {
                moved = true;
                if self.loses_to_gateway {
                    continue;
                }
                let mut tasks = self.users.values_mut();
                if let Some(task) = tasks.find(|task| task.port == Some(to.port())) {
                    task.user.handle_datagram(self.now, &datagram);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn perform(&mut self, output: GatewayOutput) {
        match output {
            GatewayOutput::Send(stanza) => self.sent.push_back(shown(&stanza)),
            GatewayOutput::Deliver { user, input } => {
                if let Some(task) = self.users.get_mut(&user) {
                    task.user.handle_input(self.now, input);
                }
            }
            GatewayOutput::Start { user, run } => {
                let task = Task {
                    user: *run,
                    port: None,
                };
                self.users.insert(user, task);
            }
        }
    }

    /// Writes down what one user wants written, then does what the user wants done.
    fn drain(&mut self, jid: &BareJid) -> bool {
        let Some(mut task) = self.users.remove(jid) else {
            return false;
        };
        let mut moved = false;
        let mut ended = false;
        if let Some(changes) = task.user.poll_changes() {
            let record = self.disk.entry(jid.clone()).or_default();
            for change in changes.list {
                *record = UserRecord::apply(record.take(), change);
            }
        }
        while let Some(output) = task.user.poll_output() {
            moved = true;
            let input = match output {
                UserOutput::Stanza(stanza) => {
                    self.sent.push_back(shown(&stanza));
                    continue;
                }
                UserOutput::Mark(mark) => {
                    task.user.handle_input(self.now, UserInput::Confirmed(mark));
                    continue;
                }
                UserOutput::Connect { port, .. } => {
                    self.ports += 1;
                    let local_port = port.unwrap_or(self.ports);
                    task.port = Some(local_port);
                    let connected = UserInput::Connected { local_port };
                    task.user.handle_input(self.now, connected);
                    continue;
                }
                UserOutput::Transmit(datagram) => {
                    if let Some(port) = task.port.filter(|_| !self.loses_to_server) {
                        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                        self.server.handle_datagram(self.now, from, &datagram);
                    }
                    continue;
                }
                UserOutput::Disconnect => {
                    task.port = None;
                    continue;
                }
                UserOutput::WantLogin => GatewayInput::WantLogin(jid.clone()),
                UserOutput::State(state) => GatewayInput::State(jid.clone(), state),
                UserOutput::Speaks(network, version) => {
                    GatewayInput::Speaks(jid.clone(), network, version)
                }
                UserOutput::LeftOpen(strays) => GatewayInput::LeftOpen(strays),
                UserOutput::Registered(registered) => {
                    GatewayInput::Registered(jid.clone(), registered)
                }
                UserOutput::Ended(ending) => {
                    ended = true;
                    GatewayInput::Ended(jid.clone(), ending)
                }
            };
            self.gateway.handle_input(self.now, input);
        }
        if !ended {
            self.users.insert(jid.clone(), task);
        }
        moved
    }
}

fn gateway(now: Now, run: u32, versions: &[Version]) -> Gateway {
    let mut settings = Settings::new("icq.example.org".parse().expect("a domain"));
    settings.networks[0].versions = versions.to_vec();
    settings.networks[0].charset = "windows-1251".to_owned();
    settings.new_numbers = true;
    Gateway::new(now, settings, run, u64::from(run) << 32)
}

fn stanza(xml: &str) -> Stanza {
    let root = format!("<x xmlns='jabber:component:accept'>{xml}</x>");
    let root: Element = root.parse().expect("XML");
    let element = root.children().next().expect("a stanza").clone();
    match element.name() {
        "iq" => Stanza::from(Iq::try_from(element).expect("a stanza")),
        "message" => Stanza::from(Message::try_from(element).expect("a stanza")),
        _ => Stanza::from(Presence::try_from(element).expect("a stanza")),
    }
}

fn shown(stanza: &Stanza) -> String {
    String::from(&xso::transform::<Element, _>(stanza).expect("an element"))
}
