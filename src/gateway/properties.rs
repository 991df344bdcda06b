//! Anything may happen to a user's messages, in any order, crashes included: each has one ending.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::UserState;
use super::testing::World;
use crate::icq::{Command, MessageId, NotSent};
use crate::model::{Message, Uin, UnixTime};
use crate::store::Entry;

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// The user writes to one of three contacts, `count` times before the driver comes.
    UserWrites {
        to: u32,
        count: usize,
        crash: Crash,
    },
    /// One of three contacts writes. Whether the server hears that the message is safe is chance.
    IcqWrites {
        from: u32,
        heard: bool,
        crash: Crash,
    },
    /// ICQ acknowledges one of the messages in flight.
    Acknowledge(usize),
    /// One of the messages in flight fails.
    Fail(usize, Why),
    /// The session ends; what is in flight had left, or had not.
    SessionEnds {
        left: bool,
    },
    SessionBegins {
        heard: bool,
    },
    LinkDown,
    LinkUp,
    Confirm,
    Wait(u64),
    Crash,
    /// The server sends the latest message back.
    Bounce,
    Resource,
}

/// Whether the program ends while something happens, and how far it had come.
#[derive(Clone, Copy, Debug)]
enum Crash {
    No,
    BeforeTheDisk,
    BehindTheDisk,
}

#[derive(Clone, Copy, Debug)]
enum Why {
    Unacknowledged,
    Unsupported,
    NeverLeft,
}

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        10 => Just(Crash::No),
        1 => Just(Crash::BeforeTheDisk),
        1 => Just(Crash::BehindTheDisk),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..3_u32, 1..4_usize, crash())
            .prop_map(|(to, count, crash)| Happening::UserWrites { to, count, crash }),
        6 => (0..3_u32, prop::bool::weighted(0.8), crash())
            .prop_map(|(from, heard, crash)| Happening::IcqWrites { from, heard, crash }),
        8 => any::<usize>().prop_map(Happening::Acknowledge),
        2 => (
            any::<usize>(),
            prop_oneof![Just(Why::Unacknowledged), Just(Why::Unsupported), Just(Why::NeverLeft)],
        )
            .prop_map(|(at, why)| Happening::Fail(at, why)),
        2 => any::<bool>().prop_map(|left| Happening::SessionEnds { left }),
        4 => prop::bool::weighted(0.8).prop_map(|heard| Happening::SessionBegins { heard }),
        1 => Just(Happening::LinkDown),
        3 => Just(Happening::LinkUp),
        4 => Just(Happening::Confirm),
        2 => (1..40_u64).prop_map(Happening::Wait),
        1 => Just(Happening::Crash),
        1 => Just(Happening::Bounce),
        1 => Just(Happening::Resource),
    ]
}

/// A message the ICQ server keeps until it is safe.
#[derive(Debug)]
struct Kept {
    from: u32,
    text: String,
    came: UnixTime,
    /// It was told live; otherwise this is its stamp.
    stamp: Option<UnixTime>,
    /// The word that it is safe was lost. The server gives up repeating it after a while.
    deaf: bool,
    receipt: Option<u64>,
}

/// The world, and everything that came of it.
struct History {
    world: World,
    written: usize,
    /// What left, by text, and how often.
    left: BTreeMap<String, usize>,
    /// In what order, by receiver.
    order: BTreeMap<Uin, Vec<usize>>,
    in_flight: Vec<(MessageId, String)>,
    acknowledged: BTreeSet<String>,
    errors: BTreeMap<String, BTreeSet<String>>,
    kept: Vec<Kept>,
    receipts: u64,
    heard: bool,
    /// Ids under which a text was shown.
    shown: BTreeMap<String, BTreeSet<String>>,
    last_shown: Option<String>,
    /// Messages that were lost with the program before anybody had them.
    lost: BTreeSet<String>,
}

impl History {
    fn new() -> Self {
        let mut world = World::online();
        world.facts.state = UserState::Online;
        Self {
            world,
            written: 0,
            left: BTreeMap::new(),
            order: BTreeMap::new(),
            in_flight: Vec::new(),
            acknowledged: BTreeSet::new(),
            errors: BTreeMap::new(),
            kept: Vec::new(),
            receipts: 0,
            heard: true,
            shown: BTreeMap::new(),
            last_shown: None,
            lost: BTreeSet::new(),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::UserWrites { to, count, crash } => self.user_writes(to, count, crash),
            Happening::IcqWrites { from, heard, crash } => self.icq_writes(from, heard, crash),
            Happening::Acknowledge(at) => self.acknowledge(at),
            Happening::Fail(at, why) => self.fail(at, why),
            Happening::SessionEnds { left } => self.session_ends(left),
            Happening::SessionBegins { heard } => self.session_begins(heard),
            Happening::LinkDown => self.world.link_down(),
            Happening::LinkUp if !self.world.facts.link_up => {
                self.world.link_up();
                self.world.resource("pc");
            }
            Happening::LinkUp => {}
            Happening::Confirm => self.world.confirm(),
            Happening::Wait(secs) => self.world.wait(secs),
            Happening::Crash => self.crash(),
            Happening::Bounce => self.bounce(),
            Happening::Resource if self.world.facts.link_up => self.world.resource("phone"),
            Happening::Resource => {}
        }
        self.look();
    }

    fn user_writes(&mut self, to: u32, count: usize, crash: Crash) {
        // Without a link there is nobody to take anything from.
        if !self.world.facts.link_up {
            return;
        }
        let first = self.written;
        for _ in 0..count {
            self.world.hears(&format!(
                "<message type='chat' id='m{0}' from='romeo@example.org/pc' \
                 to='{1}@icq.example.org'><body>m{0}</body></message>",
                self.written,
                200_000 + to
            ));
            self.written += 1;
        }
        self.settle(crash);
        if matches!(crash, Crash::BeforeTheDisk) {
            self.lost
                .extend((first..self.written).map(|n| format!("m{n}")));
        }
    }

    fn icq_writes(&mut self, from: u32, heard: bool, crash: Crash) {
        let text = format!(
            "i{}",
            self.shown.len() + self.kept.len() + self.written * 1000
        );
        if self.shown.contains_key(&text) {
            return;
        }
        self.shown.insert(text.clone(), BTreeSet::new());
        let live = self.world.facts.icq_online;
        self.heard = heard;
        let came = self.world.now.unix;
        self.kept.push(Kept {
            from,
            text,
            came,
            stamp: (!live).then_some(UnixTime(came.0 / 60_000 * 60_000)),
            deaf: false,
            receipt: None,
        });
        if live {
            self.tell(self.kept.len() - 1);
            self.settle(crash);
        }
    }

    /// The server tells a message it keeps.
    fn tell(&mut self, at: usize) {
        let kept = &mut self.kept[at];
        self.receipts = self.world.receipts() + 1;
        kept.receipt = Some(self.receipts);
        let message = Message::Text(kept.text.clone());
        let (from, stamp) = (200_000 + kept.from, kept.stamp);
        self.world.icq_reports(from, message, stamp);
    }

    fn settle(&mut self, crash: Crash) {
        match crash {
            Crash::No => self.world.settle(),
            Crash::BeforeTheDisk => {
                let _ = self.world.poll_changes();
                self.crash();
            }
            Crash::BehindTheDisk => {
                if let Some(changes) = self.world.poll_changes() {
                    self.world.write(changes);
                }
                self.crash();
            }
        }
    }

    fn crash(&mut self) {
        self.look();
        self.world.crash();
        self.world.facts.state = UserState::Connecting;
        self.in_flight.clear();
        self.server_notices_the_end();
    }

    /// Messages whose safety the server never heard of wait for the next login, unless it had time
    /// enough to ask again.
    fn server_notices_the_end(&mut self) {
        let now = self.world.now.unix;
        self.kept
            .retain(|kept| !kept.deaf || now.since(kept.came) < Duration::from_secs(100));
        for kept in &mut self.kept {
            kept.receipt = None;
            kept.deaf = false;
            kept.stamp
                .get_or_insert(UnixTime(kept.came.0 / 60_000 * 60_000));
        }
    }

    fn acknowledge(&mut self, at: usize) {
        if self.in_flight.is_empty() {
            return;
        }
        let (id, text) = self.in_flight.remove(at % self.in_flight.len());
        self.acknowledged.insert(text);
        self.world.icq_acknowledges(id);
    }

    fn fail(&mut self, at: usize, why: Why) {
        if self.in_flight.is_empty() {
            return;
        }
        let (id, text) = self.in_flight.remove(at % self.in_flight.len());
        let why = match why {
            Why::Unacknowledged => NotSent::Unacknowledged {
                parts_sent: 0,
                parts: 1,
            },
            Why::Unsupported => NotSent::Unsupported,
            Why::NeverLeft => NotSent::NeverLeft,
        };
        if matches!(why, NotSent::NeverLeft | NotSent::Unsupported) {
            self.unleave(&text);
        }
        self.world.icq_fails(id, why);
    }

    fn unleave(&mut self, text: &str) {
        *self.left.get_mut(text).unwrap() -= 1;
        for order in self.order.values_mut() {
            order.retain(|n| format!("m{n}") != text);
        }
    }

    fn session_ends(&mut self, left: bool) {
        if !self.world.facts.icq_online {
            return;
        }
        for (id, text) in std::mem::take(&mut self.in_flight) {
            if !left {
                self.unleave(&text);
            }
            let env = self.world.facts.env();
            let why = match left {
                true => NotSent::SessionEnded,
                false => NotSent::NeverLeft,
            };
            self.world.outbox.not_sent(
                self.world.now,
                &env,
                &mut self.world.fx,
                &mut self.world.journal,
                id,
                why,
            );
        }
        self.world.facts.state = UserState::Connecting;
        self.world.icq_offline();
        self.look();
        self.server_notices_the_end();
    }

    fn session_begins(&mut self, heard: bool) {
        if self.world.facts.icq_online {
            return;
        }
        self.heard = heard;
        self.world.facts.state = UserState::Online;
        self.world.icq_online();
        for at in 0..self.kept.len() {
            self.tell(at);
        }
        self.world.settle();
        self.world.offline_messages_end();
    }

    fn bounce(&mut self) {
        if let Some(id) = self.last_shown.clone().filter(|_| self.world.facts.link_up) {
            self.world.says(&format!(
                "<message type='error' id='{id}' from='romeo@example.org' \
                 to='200000@icq.example.org'><error type='cancel'>\
                 <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            ));
        }
    }

    /// Notes what came of it.
    fn look(&mut self) {
        for command in self.world.take_commands() {
            match command {
                Command::Send { id, to, message } => {
                    let Message::Text(text) = message else {
                        continue;
                    };
                    *self.left.entry(text.clone()).or_default() += 1;
                    let number = text.trim_start_matches('m').parse().unwrap();
                    self.order.entry(to).or_default().push(number);
                    self.in_flight.push((id, text));
                }
                Command::Safe(receipt) => {
                    let is_it = |kept: &Kept| kept.receipt == Some(receipt.0);
                    if let Some(at) = self.kept.iter().position(is_it) {
                        if self.heard {
                            self.kept.remove(at);
                        } else {
                            self.kept[at].deaf = true;
                        }
                    }
                }
                _ => {}
            }
        }
        for stanza in self.world.take_stanzas() {
            let id = stanza.attr("id").unwrap_or_default().to_owned();
            if stanza.attr("type") == Some("error") {
                let error = stanza.children().next().unwrap();
                let condition = error.children().next().unwrap().name().to_owned();
                self.errors.entry(id).or_default().insert(condition);
            } else if let Some(body) = stanza.get_child("body", "jabber:component:accept") {
                self.last_shown = Some(id.clone());
                self.shown.entry(body.text()).or_default().insert(id);
            }
        }
    }

    /// Everything comes to its end.
    fn end(&mut self) {
        self.happen(Happening::LinkUp);
        for _ in 0..200 {
            self.happen(Happening::SessionBegins { heard: true });
            self.happen(Happening::Confirm);
            while !self.in_flight.is_empty() {
                self.happen(Happening::Acknowledge(0));
            }
            self.happen(Happening::Wait(1));
        }
        self.happen(Happening::Resource);
        self.happen(Happening::Confirm);
    }

    fn check(&self) {
        for n in 0..self.written {
            let id = format!("m{n}");
            let left = self.left.get(&id).copied().unwrap_or(0);
            let errors = self.errors.get(&id).cloned().unwrap_or_default();
            assert!(left <= 1, "{id} left {left} times");
            assert!(errors.len() <= 1, "{id} has several errors: {errors:?}");
            let may_have_arrived = errors.contains("remote-server-timeout");
            if self.acknowledged.contains(&id) {
                assert!(errors.is_empty(), "{id} was acknowledged: {errors:?}");
            } else if left == 1 {
                assert!(may_have_arrived, "{id} left: {errors:?}");
            } else if !self.lost.contains(&id) {
                assert_eq!(errors.len(), 1, "{id} had no ending");
            }
        }
        for (to, order) in &self.order {
            assert!(order.is_sorted(), "{to}: {order:?}");
        }
        for (text, ids) in self.shown.iter().filter(|(text, _)| text.starts_with('i')) {
            assert_eq!(ids.len(), 1, "{text} was shown as {ids:?}");
        }
        let record = &self.world.record;
        let outgoing = record.journal.values().flatten();
        let outgoing = outgoing.filter(|entry| matches!(entry, Entry::ToIcq(_)));
        assert_eq!(outgoing.count(), 0, "{:?}", record.journal);
        assert!(record.cursor.stages.is_empty(), "{:?}", record.cursor);
        // The server has heard of all, or does not hear.
        assert!(self.kept.iter().all(|kept| kept.deaf), "{:?}", self.kept);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_message_has_exactly_one_ending(happenings in prop::collection::vec(happening(), 0..80)) {
        let mut history = History::new();
        for happening in happenings {
            history.happen(happening);
        }
        history.end();
        history.check();
    }
}
