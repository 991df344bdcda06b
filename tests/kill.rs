//! `kill -9` at random instants, with registrations and messages both ways in flight.
//!
//! Prosody and the ICQ server live on; the gateway dies a hundred times. What its users and the ICQ
//! server saw is read by the checker of histories, afterwards.
//!
//! `KILL_ROUNDS` and `KILL_SEED` choose other runs.

#![allow(
    clippy::print_stdout,
    reason = "what a run came to belongs in the test's output"
)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use icq_transport::model::Uin;
use icq_transport::runtime::demo::client::Client;
use icq_transport::runtime::demo::programs::Gateway;
use icq_transport::runtime::demo::prosody::{COMPONENT, Prosody};
use icq_transport::server::{Account, JournalEvent, SIESTA, Setup};
use minidom::Element;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::history::{History, Seen};
use support::icq::SharedServer;
use support::program;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn a_gateway_that_is_killed_a_hundred_times_loses_nothing_and_doubles_nothing() {
    let rounds = environment("KILL_ROUNDS", 100);
    let seed = environment("KILL_SEED", 1);
    println!("KILL_ROUNDS={rounds} KILL_SEED={seed}");
    let mut run = Run::start(rounds, seed).await;

    for round in 0..rounds {
        run.round(round).await;
    }
    run.settle().await;

    let registered = run.registrations_that_were_acknowledged().await;
    let endings = run.history().check().unwrap_or_else(|broken| {
        panic!("{}\n{}", broken.join("\n"), run.gateway.log());
    });
    println!("{registered} registrations, {endings:?}");
    assert!(endings.delivered > 0 && endings.shown > 0, "{endings:?}");
    assert!(registered > 0, "no registration was ever acknowledged");
}

fn environment(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// Alice's number, and the first of those that are registered on the way.
const ALICE: Uin = Uin(100_001);
const FIRST_NEWCOMER: u32 = 200_000;
const ICQ_PASSWORD: &str = "secret1";

/// Whom Alice writes to, and who writes to her: a contact of the server that never answers.
const FRIEND: Uin = SIESTA;

struct Run {
    _folder: tempfile::TempDir,
    random: StdRng,
    prosody: Prosody,
    icq: SharedServer,
    gateway: Gateway,
    alice: Client,
    /// What Alice wrote: the stanza's id is its text. True once the gateway is known to have it.
    said: Vec<(String, bool)>,
    written: u64,
    /// Accounts whose registration was acknowledged.
    acknowledged: BTreeSet<u64>,
    seen: Vec<Seen>,
}

impl Run {
    async fn start(rounds: u64, seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let newcomers: Vec<String> = (0..rounds).map(newcomer).collect();
        let accounts: Vec<(&str, &str)> = newcomers
            .iter()
            .map(String::as_str)
            .chain(["alice"])
            .map(|name| (name, "secret"))
            .collect();
        let prosody = Prosody::start(&folder.path().join("prosody"), &accounts)
            .await
            .expect("Prosody");
        let numbers = (0..rounds).map(number_of).chain([ALICE]);
        let icq = SharedServer::start(Setup {
            accounts: numbers.map(|uin| Account::new(uin, ICQ_PASSWORD)).collect(),
            journal: 1_000_000,
            ..Setup::default()
        })
        .await
        .expect("the ICQ server");
        let gateway = Gateway::start(
            program(),
            &folder.path().join("gateway"),
            prosody.component_port,
            ("127.0.0.1", icq.port),
            "[limits]\nmessages_per_second = 1000\nmessage_burst = 1000\nlogins_per_second = 100\n",
        )
        .await
        .expect("the gateway");
        let mut alice = Client::log_in(prosody.c2s_port, "alice", "secret", "pc")
            .await
            .expect("alice");
        alice.send("<presence/>").await.expect("it is sent");
        register(&mut alice, ALICE).await.expect("alice registers");
        Self {
            _folder: folder,
            random: StdRng::seed_from_u64(seed),
            prosody,
            icq,
            gateway,
            alice,
            said: Vec::new(),
            written: 0,
            acknowledged: BTreeSet::new(),
            seen: Vec::new(),
        }
    }

    /// Traffic, a kill in the middle of it, and a new start.
    async fn round(&mut self, round: u64) {
        let kill_at = Instant::now() + Duration::from_millis(self.random.random_range(5..400));
        let port = self.prosody.c2s_port;
        let registration = tokio::spawn(async move {
            let mut person = Client::log_in(port, &newcomer(round), "secret", "pc")
                .await
                .ok()?;
            person.send("<presence/>").await.ok()?;
            register(&mut person, number_of(round)).await
        });
        while Instant::now() < kill_at {
            if self.random.random_bool(0.5) {
                self.alice_writes().await;
            } else {
                self.friend_writes();
            }
            let pause = Duration::from_millis(self.random.random_range(0..12));
            self.listen(Instant::now() + pause).await;
        }

        self.gateway.kill().await.expect("it dies");
        self.seen.push(Seen::Fault);
        if let Ok(Ok(Some(()))) = timeout(Duration::from_secs(2), registration).await {
            self.acknowledged.insert(round);
        }
        self.gateway
            .start_again()
            .await
            .expect("it starts on what it left");
        // Half of the kills strike a gateway that is still logging its users in.
        if self.random.random_bool(0.5) {
            self.wait_for_login().await;
        }
    }

    /// A message, and behind it a ping: its answer shows that the gateway has the message on disk.
    async fn alice_writes(&mut self) {
        let text = format!("to-{}", self.said.len());
        let stanzas = format!(
            "<message type='chat' id='{text}' to='{FRIEND}@{COMPONENT}'><body>{text}</body></message>\
             <iq type='get' id='ping-{text}' to='{COMPONENT}'><ping xmlns='urn:xmpp:ping'/></iq>"
        );
        self.alice.send(&stanzas).await.expect("it is sent");
        self.said.push((text, false));
    }

    fn friend_writes(&mut self) {
        let text = format!("from-{}", self.written);
        self.written += 1;
        self.icq
            .with(|server, now| server.write(now, FRIEND, ALICE, 1, text.as_bytes()));
    }

    /// Takes what Alice's client receives until `deadline`.
    async fn listen(&mut self, deadline: Instant) {
        while let Ok(received) = tokio::time::timeout_at(deadline, self.alice.receive()).await {
            self.take(&received.expect("Prosody lives on"));
        }
    }

    fn take(&mut self, stanza: &Element) {
        let id = stanza.attr("id").unwrap_or_default();
        match (stanza.name(), stanza.attr("type")) {
            ("iq", Some("result")) => {
                if let Some(text) = id.strip_prefix("ping-")
                    && let Some(said) = self.said.iter_mut().find(|(said, _)| said == text)
                {
                    said.1 = true;
                }
            }
            ("message", Some("error")) => {
                let may_have_arrived = String::from(stanza).contains("may have arrived");
                self.seen.push(Seen::Error {
                    text: id.to_owned(),
                    may_have_arrived,
                });
            }
            ("message", _) => {
                let body = stanza.children().find(|child| child.name() == "body");
                if let Some(text) = body
                    .map(Element::text)
                    .filter(|text| text.starts_with("from-"))
                {
                    self.seen.push(Seen::Shown {
                        text,
                        stanza_id: id.to_owned(),
                    });
                }
            }
            _ => {}
        }
    }

    /// Waits until the ICQ server has a session of Alice's again.
    async fn wait_for_login(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if self
                .icq
                .with(|server, _| server.online().iter().any(|(uin, _)| *uin == ALICE))
            {
                return;
            }
            self.listen(Instant::now() + Duration::from_millis(20))
                .await;
        }
        panic!("Alice is not logged in again\n{}", self.gateway.log());
    }

    /// Waits until everything has had its ending: the ICQ server repeats after ten seconds.
    async fn settle(&mut self) {
        self.wait_for_login().await;
        let deadline = Instant::now() + Duration::from_secs(90);
        let mut quiet_since = Instant::now();
        while Instant::now() < deadline {
            let before = self.seen.len();
            self.listen(Instant::now() + Duration::from_millis(500))
                .await;
            let undelivered = self.icq.with(|server, _| server.undelivered(ALICE));
            if self.seen.len() != before || undelivered > 0 {
                quiet_since = Instant::now();
            }
            if quiet_since.elapsed() > Duration::from_secs(12) {
                return;
            }
        }
    }

    /// What was seen on both sides, in one history.
    fn history(&self) -> History {
        let mut history = History::default();
        let endings: BTreeSet<&str> = self
            .seen
            .iter()
            .filter_map(|seen| match seen {
                Seen::Error { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let mut accepted = Vec::new();
        let mut from_friend = Vec::new();
        for entry in self.icq.with(|server, _| server.take_journal()) {
            if let JournalEvent::Accepted { from, to, body, .. } = entry.event {
                let text = String::from_utf8_lossy(&body).into_owned();
                match (from, to) {
                    (ALICE, FRIEND) => accepted.push(text),
                    (FRIEND, ALICE) => from_friend.push(text),
                    _ => {}
                }
            }
        }
        for (text, taken) in &self.said {
            // A stanza that was still in a socket's buffer when the gateway died was never taken:
            // XEP-0114 has no acknowledgement, so nobody can know of it.
            if *taken || endings.contains(text.as_str()) || accepted.contains(text) {
                history.note(Seen::SaidToIcq {
                    pair: "alice to friend".into(),
                    text: text.clone(),
                });
            }
        }
        for text in from_friend {
            history.note(Seen::SaidToXmpp {
                pair: "friend to alice".into(),
                text,
            });
        }
        accepted
            .into_iter()
            .for_each(|text| history.note(Seen::Delivered { text }));
        self.seen
            .iter()
            .cloned()
            .for_each(|seen| history.note(seen));
        history
    }

    /// Checks that each acknowledged registration is there, and says how many there are.
    async fn registrations_that_were_acknowledged(&self) -> usize {
        for round in &self.acknowledged {
            let name = newcomer(*round);
            let mut person = Client::log_in(self.prosody.c2s_port, &name, "secret", "check")
                .await
                .expect("a login");
            let question = format!(
                "<iq type='get' id='form' to='{COMPONENT}'><query xmlns='jabber:iq:register'/></iq>"
            );
            person.send(&question).await.expect("it is sent");
            let form = |s: &Element| s.attr("id") == Some("form");
            let form = person
                .wait(Duration::from_secs(10), form, |_| ())
                .await
                .expect("a form");
            let text = String::from(&form);
            assert!(
                text.contains("<registered"),
                "{name} was told to be registered: {text}"
            );
        }
        self.acknowledged.len()
    }
}

fn newcomer(round: u64) -> String {
    format!("newcomer{round}")
}

fn number_of(round: u64) -> Uin {
    Uin(FIRST_NEWCOMER + u32::try_from(round).expect("few rounds"))
}

/// Registers; `Some` when the gateway acknowledged it.
async fn register(person: &mut Client, number: Uin) -> Option<()> {
    let form = format!(
        "<iq type='set' id='reg' to='{COMPONENT}'><query xmlns='jabber:iq:register'>\
         <username>{number}</username><password>{ICQ_PASSWORD}</password></query></iq>"
    );
    person.send(&form).await.ok()?;
    let answer = |stanza: &Element| stanza.attr("id") == Some("reg");
    let answer = person
        .wait(Duration::from_secs(25), answer, |_| ())
        .await
        .ok()?;
    (answer.attr("type") == Some("result")).then_some(())
}
