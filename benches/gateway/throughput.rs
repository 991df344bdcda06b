//! Messages through a real Prosody, in each direction, saturated and paced.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use icq_transport::model::Uin;
use icq_transport::runtime::demo::client::Client;
use icq_transport::runtime::demo::programs::Gateway;
use icq_transport::runtime::demo::prosody::{COMPONENT, Prosody};
use icq_transport::server::{Account, Behaviour, JournalEvent, Setup};
use minidom::Element;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::icq::SharedServer;
use crate::process::{Cpu, Threads};
use crate::program;

/// Users that write and are written to at the same time.
const USERS: u32 = 40;

/// Contacts that each of them talks to: messages to one contact go one after the other, so a single
/// one would measure how long an acknowledgement takes.
const CONTACTS: u32 = 5;

/// Messages of one user that may be on their way: below the gateway's queue of 100.
const WINDOW: u32 = 50;

/// The pace of the paced runs, all users together, per second, and how long they last.
const PACE: u32 = 200;
const PACED_FOR: Duration = Duration::from_secs(10);

/// Measures and prints.
pub async fn run(messages: u32) {
    let mut bench = Bench::start().await;
    println!(
        "throughput: {USERS} users with {CONTACTS} contacts each, one body of {} bytes",
        body(0, 0).len()
    );
    println!(
        "| run | messages/s | gateway µs/message | of it system | its threads: runtime, store, sled \
         | messages/flush | Prosody µs/message |"
    );
    println!("|---|---|---|---|---|---|---|");
    bench
        .measure("XMPP → ICQ, saturated", Direction::ToIcq, messages, None)
        .await;
    bench
        .measure("ICQ → XMPP, saturated", Direction::ToXmpp, messages, None)
        .await;
    let paced = PACE * u32::try_from(PACED_FOR.as_secs()).expect("seconds");
    bench
        .measure("XMPP → ICQ, paced", Direction::ToIcq, paced, Some(PACE))
        .await;
    bench
        .measure("ICQ → XMPP, paced", Direction::ToXmpp, paced, Some(PACE))
        .await;
    xml_alone();
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Direction {
    ToIcq,
    ToXmpp,
}

struct Bench {
    _folder: tempfile::TempDir,
    prosody: Prosody,
    icq: SharedServer,
    gateway: Gateway,
    /// What to send, for each user's client.
    clients: Vec<mpsc::UnboundedSender<String>>,
    /// The number of each user whose client has received a message.
    received: mpsc::UnboundedReceiver<u32>,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let names: Vec<String> = (0..USERS).map(|user| format!("user{user}")).collect();
        let accounts: Vec<(&str, &str)> =
            names.iter().map(|name| (name.as_str(), "secret")).collect();
        let prosody = Prosody::start(&folder.path().join("prosody"), &accounts)
            .await
            .expect("Prosody");
        let accounts = (0..USERS).map(|user| Account::new(number(user), "secret1"));
        let contacts = (0..CONTACTS).map(|place| Account::new(contact(place), "secret1"));
        let icq = SharedServer::start(Setup {
            accounts: accounts.chain(contacts).collect(),
            journal: 1_000_000,
            behaviour: Behaviour {
                // What it drops comes again after ten seconds, and those would be measured.
                packets_per_second: None,
                ..Behaviour::reference()
            },
            ..Setup::default()
        })
        .await
        .expect("the ICQ server");
        for place in 0..CONTACTS {
            icq.with(|server, now| server.set_status(now, contact(place), Some(0)));
        }
        let limits = "[limits]\nmessages_per_second = 100000\nmessage_burst = 100000\n\
             stanzas_per_second = 100000\nstanza_burst = 100000\nlogins_per_second = 100\n";
        let gateway = Gateway::start(
            program(),
            &folder.path().join("gateway"),
            prosody.component_port,
            ("127.0.0.1", icq.port),
            limits,
        )
        .await
        .expect("the gateway");
        let (tell, received) = mpsc::unbounded_channel();
        let mut clients = Vec::new();
        for (user, name) in (0..).zip(&names) {
            let client = log_in_and_register(prosody.c2s_port, name, number(user)).await;
            let (send, orders) = mpsc::unbounded_channel();
            tokio::spawn(serve(client, user, orders, tell.clone()));
            clients.push(send);
        }
        sleep(Duration::from_secs(2)).await;
        icq.with(|server, _| server.take_journal());
        Self {
            _folder: folder,
            prosody,
            icq,
            gateway,
            clients,
            received,
        }
    }

    async fn measure(
        &mut self,
        name: &str,
        direction: Direction,
        messages: u32,
        pace: Option<u32>,
    ) {
        while self.received.try_recv().is_ok() {}
        let (gateway, prosody) = (Cpu::of(self.gateway.pid()), Cpu::of(self.prosody.pid()));
        let threads = Threads::of(self.gateway.pid()).expect("it lives");
        let flushes_before = flushes(&self.gateway).await;
        let started = Instant::now();

        let arrived = self.send(direction, messages, pace).await;

        let took = started.elapsed();
        // A process that is gone has no figures; the run is worthless then.
        let gateway = Cpu::of(self.gateway.pid()).expect("it lives") - gateway.expect("it lived");
        let prosody = Cpu::of(self.prosody.pid()).expect("it lives") - prosody.expect("it lived");
        let threads = Threads::of(self.gateway.pid()).expect("it lives") - threads;
        let flushes_made = flushes(&self.gateway).await - flushes_before;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(arrived.max(1));
        println!(
            "| {name} | {:.0} | {:.1} | {:.1} | {:.1}, {:.1}, {:.1} | {:.1} | {:.1} |",
            f64::from(arrived) / took.as_secs_f64(),
            each(gateway.total()),
            each(gateway.system),
            each(threads.runtime),
            each(threads.store),
            each(threads.sled),
            f64::from(arrived) / flushes_made.max(1) as f64,
            each(prosody.total()),
        );
        assert_eq!(arrived, messages, "{name}: messages are missing");
    }

    /// Sends and waits until all have arrived; says how many did.
    async fn send(&mut self, direction: Direction, messages: u32, pace: Option<u32>) -> u32 {
        let started = Instant::now();
        let (mut sent, mut arrived) = (0, 0);
        let mut last_arrival = Instant::now();
        let mut on_their_way = BTreeMap::new();
        while arrived < messages && last_arrival.elapsed() < Duration::from_secs(10) {
            let due = pace.map_or(messages, |pace| {
                messages.min((started.elapsed().as_secs_f64() * f64::from(pace)) as u32)
            });
            // All take turns, each with its contacts in turn.
            while sent < due {
                let waiting = on_their_way.entry(sent % USERS).or_insert(0);
                if *waiting >= WINDOW {
                    break;
                }
                *waiting += 1;
                self.send_one(direction, sent);
                sent += 1;
            }
            sleep(Duration::from_millis(1)).await;
            for user in self.arrivals(direction) {
                arrived += 1;
                last_arrival = Instant::now();
                if let Some(waiting) = on_their_way.get_mut(&user) {
                    *waiting = u32::saturating_sub(*waiting, 1);
                }
            }
        }
        arrived
    }

    fn send_one(&self, direction: Direction, message: u32) {
        let user = message % USERS;
        let contact = contact(message / USERS % CONTACTS);
        let text = body(user, message);
        match direction {
            Direction::ToIcq => {
                let stanza = format!(
                    "<message type='chat' id='m{message}' to='{contact}@{COMPONENT}'><body>{text}</body>\
                     <active xmlns='http://jabber.org/protocol/chatstates'/>\
                     <request xmlns='urn:xmpp:receipts'/></message>"
                );
                // Its client has ended only if Prosody has, and then nothing arrives.
                let _ = self.clients[user as usize].send(stanza);
            }
            Direction::ToXmpp => {
                let (text, _, _) = encoding_rs::WINDOWS_1251.encode(&text);
                self.icq
                    .with(|server, now| server.write(now, contact, number(user), 1, &text));
            }
        }
    }

    /// Whose messages have arrived since last asked.
    fn arrivals(&mut self, direction: Direction) -> Vec<u32> {
        match direction {
            Direction::ToXmpp => std::iter::from_fn(|| self.received.try_recv().ok()).collect(),
            Direction::ToIcq => self
                .icq
                .with(|server, _| server.take_journal())
                .into_iter()
                .filter_map(|entry| match entry.event {
                    JournalEvent::Accepted { from, to, .. } if is_contact(to) => {
                        Some(from.0 - FIRST)
                    }
                    _ => None,
                })
                .collect(),
        }
    }
}

const FIRST: u32 = 300_000;
const FIRST_CONTACT: u32 = 200_000;

fn number(user: u32) -> Uin {
    Uin(FIRST + user)
}

fn contact(place: u32) -> Uin {
    Uin(FIRST_CONTACT + place)
}

fn is_contact(uin: Uin) -> bool {
    (FIRST_CONTACT..FIRST_CONTACT + CONTACTS).contains(&uin.0)
}

fn body(user: u32, message: u32) -> String {
    format!("Привет, это сообщение номер {message} от пользователя {user}, ничего важного.")
}

async fn log_in_and_register(port: u16, name: &str, number: Uin) -> Client {
    let mut client = Client::log_in(port, name, "secret", "bench")
        .await
        .expect("a login");
    let stanzas = format!(
        "<presence/><iq type='set' id='reg' to='{COMPONENT}'><query xmlns='jabber:iq:register'>\
         <username>{number}</username><password>secret1</password></query></iq>"
    );
    client.send(&stanzas).await.expect("it is sent");
    let answer = |s: &Element| s.attr("id") == Some("reg");
    let answer = client
        .wait(Duration::from_secs(30), answer, |_| ())
        .await
        .expect("an answer");
    assert_eq!(
        answer.attr("type"),
        Some("result"),
        "{}",
        String::from(&answer)
    );
    client
}

/// How often the gateway has waited for its disk so far.
async fn flushes(gateway: &Gateway) -> u64 {
    let command = gateway.status_command();
    let asked = Command::new(&command[0]).args(&command[1..]).output().await;
    let status: serde_json::Value =
        serde_json::from_slice(&asked.expect("status runs").stdout).expect("an answer");
    status["store"]["flushes"].as_u64().expect("a number")
}

/// Sends what it is told to, and tells what it receives.
async fn serve(
    mut client: Client,
    user: u32,
    mut orders: mpsc::UnboundedReceiver<String>,
    tell: mpsc::UnboundedSender<u32>,
) {
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(mut stanzas) = order else { return };
                while let Ok(more) = orders.try_recv() {
                    stanzas.push_str(&more);
                }
                if client.send(&stanzas).await.is_err() {
                    return;
                }
            }
            stanza = client.receive() => {
                let Ok(stanza) = stanza else { return };
                let from = stanza.attr("from").and_then(|from| from.split_once('@')?.0.parse().ok());
                let is_message =
                    stanza.name() == "message" && from.is_some_and(|from| is_contact(Uin(from)));
                if is_message && tell.send(user).is_err() {
                    return;
                }
            }
        }
    }
}

/// What the typed parser and writer alone cost for such a message: the floor for the gateway.
fn xml_alone() {
    const TIMES: u32 = 50_000;
    let stanza = format!(
        "<message xmlns='jabber:component:accept' type='chat' id='m1' from='user1@localhost/bench' \
         to='{}@{COMPONENT}'><body>{}</body><active xmlns='http://jabber.org/protocol/chatstates'/>\
         <request xmlns='urn:xmpp:receipts'/></message>",
        contact(0),
        body(1, 1)
    );
    let started = Instant::now();
    for _ in 0..TIMES {
        let parsed: xmpp_parsers::message::Message =
            xso::from_bytes(std::hint::black_box(stanza.as_bytes())).expect("a message");
        std::hint::black_box(&parsed);
    }
    let parsing = started.elapsed() / TIMES;
    let parsed: xmpp_parsers::message::Message =
        xso::from_bytes(stanza.as_bytes()).expect("a message");
    let started = Instant::now();
    for _ in 0..TIMES {
        std::hint::black_box(
            xso::to_vec(std::hint::black_box(&parsed)).expect("it can be written"),
        );
    }
    let writing = started.elapsed() / TIMES;
    println!(
        "\nXML alone, same message: parsed in {:.1} µs, written in {:.1} µs",
        parsing.as_secs_f64() * 1e6,
        writing.as_secs_f64() * 1e6
    );
}
