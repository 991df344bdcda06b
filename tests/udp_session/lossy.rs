//! A bad line: packets are lost, late, repeated and out of order, all drawn from one seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use icq_transport::icq::udp::to_server::SendMessage;
use icq_transport::icq::udp::{FromServer, Header, Session, Start, ToServer, Version};
use icq_transport::icq::{Command, Event, MessageId, NotSent, Output};
use icq_transport::model::{Message, Uin};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::scene::*;

/// A line that loses, delays and repeats.
struct Line {
    random: SmallRng,
    loss: f64,
    /// By time, then by order of sending.
    under_way: BTreeMap<(Instant, u64), (End, Vec<u8>)>,
    sent: u64,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Client,
    Server,
}

impl Line {
    fn carry(&mut self, now: Instant, to: End, datagram: &[u8]) {
        let copies = if self.random.random_bool(0.05) { 2 } else { 1 };
        for _ in 0..copies {
            if self.random.random_bool(self.loss) {
                continue;
            }
            let delay = Duration::from_millis(self.random.random_range(5..400));
            self.sent += 1;
            self.under_way
                .insert((now + delay, self.sent), (to, datagram.to_vec()));
        }
    }
}

/// A server that keeps the rules: acknowledges everything, takes nothing twice, repeats.
#[derive(Default)]
struct Server {
    session_id: u32,
    seen: BTreeSet<u16>,
    seq1: u16,
    unacknowledged: BTreeMap<u16, Repeating>,
    /// The texts each contact got.
    delivered: BTreeMap<Uin, Vec<String>>,
}

struct Repeating {
    datagram: Vec<u8>,
    due: Instant,
    sends: u8,
}

impl Server {
    fn handle(&mut self, now: Instant, datagram: &[u8], line: &mut Line) {
        let heard = open(datagram);
        if heard.header.command == ACK {
            self.unacknowledged.remove(&heard.header.seq1);
            return;
        }
        self.session_id = heard.header.session_id;
        self.send_plainly(
            now,
            &FromServer::Ack,
            heard.header.seq1,
            heard.header.seq2,
            line,
        );
        if !self.seen.insert(heard.header.seq1) {
            return;
        }
        match heard.packet() {
            ToServer::Login(_) => {
                // Repeated like anything else, though its number is not counted.
                let datagram = self.seal(&login_reply(), 0, heard.header.seq2);
                self.send(now, 0, datagram, line);
                self.seq1 = 1;
            }
            ToServer::ContactList(_) => {
                self.say(now, &list_done(), line);
                self.say(now, &FromServer::EndOfflineMessages, line);
            }
            ToServer::SendMessage(SendMessage { to_uin, text, .. }) => self
                .delivered
                .entry(to_uin)
                .or_default()
                .push(String::from_utf8_lossy(text).into_owned()),
            _ => {}
        }
    }

    fn say(&mut self, now: Instant, packet: &FromServer<'_>, line: &mut Line) {
        let seq1 = self.seq1;
        self.seq1 += 1;
        let datagram = self.seal(packet, seq1, 0);
        self.send(now, seq1, datagram, line);
    }

    fn send(&mut self, now: Instant, seq1: u16, datagram: Vec<u8>, line: &mut Line) {
        line.carry(now, End::Client, &datagram);
        self.unacknowledged.insert(
            seq1,
            Repeating {
                datagram,
                due: now + Duration::from_secs(10),
                sends: 1,
            },
        );
    }

    fn send_plainly(
        &mut self,
        now: Instant,
        packet: &FromServer<'_>,
        seq1: u16,
        seq2: u16,
        line: &mut Line,
    ) {
        let datagram = self.seal(packet, seq1, seq2);
        line.carry(now, End::Client, &datagram);
    }

    fn seal(&self, packet: &FromServer<'_>, seq1: u16, seq2: u16) -> Vec<u8> {
        let header = Header {
            version: Version::V5,
            command: packet.command(),
            seq1,
            seq2,
            uin: ROMEO,
            session_id: self.session_id,
        };
        seal(&header, packet)
    }

    fn handle_timeout(&mut self, now: Instant, line: &mut Line) {
        for packet in self.unacknowledged.values_mut() {
            if packet.due <= now && packet.sends < 12 {
                packet.due = now + Duration::from_secs(10);
                packet.sends += 1;
                line.carry(now, End::Client, &packet.datagram);
            }
        }
    }
}

/// What the gateway was told in the end.
#[derive(Default)]
struct History {
    ends: BTreeMap<u64, Vec<Result<(), NotSent>>>,
    received: Vec<String>,
    logged_in: usize,
    logged_out: usize,
    list_loaded: usize,
    offline_ends: usize,
}

struct World {
    now: Instant,
    session: Session,
    server: Server,
    line: Line,
    history: History,
}

impl World {
    fn new(seed: u64, loss: f64) -> Self {
        let now = Instant::now();
        Self {
            now,
            session: Session::new(now, Start { seed, ..start() }),
            server: Server::default(),
            line: Line {
                random: SmallRng::seed_from_u64(seed),
                loss,
                under_way: BTreeMap::new(),
                sent: 0,
            },
            history: History::default(),
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Transmit(datagram) => self.line.carry(self.now, End::Server, &datagram),
                Output::Event(event) => self.note(event),
            }
        }
    }

    fn note(&mut self, event: Event) {
        let history = &mut self.history;
        match event {
            Event::Sent(id) => history.ends.entry(id.0).or_default().push(Ok(())),
            Event::NotSent { id, why } => history.ends.entry(id.0).or_default().push(Err(why)),
            Event::Message {
                message: Message::Text(text),
                receipt,
                ..
            } => {
                history.received.push(text);
                self.session
                    .handle_command(self.now, Command::Safe(receipt));
            }
            Event::LoggedIn { .. } => history.logged_in += 1,
            Event::LoggedOut(_) => history.logged_out += 1,
            Event::ListLoaded => history.list_loaded += 1,
            Event::OfflineMessagesEnd => history.offline_ends += 1,
            Event::OfflineMessagesGone => {}
            other => panic!("{other:?}"),
        }
    }

    fn asks(&mut self, command: Command) {
        self.session.handle_command(self.now, command);
        self.drain();
    }

    /// Lets time pass, everything at its moment.
    fn runs(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            let arrival = self.line.under_way.keys().next().map(|&(at, _)| at);
            let repetition = self
                .server
                .unacknowledged
                .values()
                .filter(|packet| packet.sends < 12)
                .map(|packet| packet.due)
                .min();
            let next = [arrival, repetition, self.session.poll_timeout()]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|&next| next <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            if arrival.is_some_and(|at| at <= self.now)
                && let Some((_, (to, datagram))) = self.line.under_way.pop_first()
            {
                match to {
                    End::Client => self.session.handle_datagram(self.now, &datagram),
                    End::Server => self.server.handle(self.now, &datagram, &mut self.line),
                }
            }
            self.server.handle_timeout(self.now, &mut self.line);
            self.session.handle_timeout(self.now);
            self.drain();
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn on_a_bad_line_every_message_ends_once_and_none_is_delivered_twice_or_out_of_order() {
    let (mut asked, mut sent) = (0, 0);
    for seed in 0..20 {
        let mut world = World::new(seed, 0.3);
        let mut ids = Vec::new();
        for id in 0..500_u64 {
            if world.history.logged_out > 0 {
                break;
            }
            ids.push(id);
            world.asks(Command::Send {
                id: MessageId(id),
                to: Uin(6000 + (id % 25) as u32),
                message: Message::Text(format!("{id:04}")),
            });
            world.runs(Duration::from_secs(2));
        }
        while world.history.ends.len() < ids.len() {
            world.runs(MINUTE);
        }
        world.asks(Command::LogOut);

        let history = &world.history;
        assert!(history.ends.keys().eq(&ids), "seed {seed}");
        let delivered = &world.server.delivered;
        for (id, ends) in &history.ends {
            assert_eq!(ends.len(), 1, "seed {seed}, message {id}: {ends:?}");
            let text = format!("{id:04}");
            let copies = delivered
                .values()
                .flatten()
                .filter(|&delivered| *delivered == text)
                .count();
            match ends[0] {
                Ok(()) => assert_eq!(copies, 1, "seed {seed}, message {id}"),
                Err(NotSent::NeverLeft | NotSent::Unsupported) => assert_eq!(copies, 0),
                Err(NotSent::Unacknowledged { .. } | NotSent::SessionEnded) => assert!(copies <= 1),
            }
            sent += usize::from(ends[0].is_ok());
        }
        for texts in delivered.values() {
            assert!(texts.is_sorted(), "seed {seed}: {texts:?}");
        }
        assert_eq!(history.logged_out, 1);
        asked += ids.len();
    }
    // At 30 % loss each way two packets in a hundred go six times without an answer.
    assert!(asked >= 9000, "{asked}");
    assert!(sent * 100 >= asked * 97, "{sent} of {asked}");
}

#[test]
fn on_a_bad_line_every_message_that_comes_is_told_once() {
    let mut logins = 0;
    for seed in 0..20 {
        let mut world = World::new(seed, 0.3);
        world.runs(2 * MINUTE);
        if world.history.logged_out > 0 {
            continue;
        }
        logins += world.history.logged_in;
        for n in 0..500 {
            let text = format!("{n:04}");
            world
                .server
                .say(world.now, &text_from(BEN, &text), &mut world.line);
            world.runs(Duration::from_millis(100));
        }
        world.runs(2 * MINUTE);

        let mut received = world.history.received.clone();
        received.sort_unstable();
        let expected: Vec<_> = (0..500).map(|n| format!("{n:04}")).collect();
        assert_eq!(received, expected, "seed {seed}");
    }
    assert!(logins >= 17, "{logins}");
}

#[test]
fn on_a_bad_line_a_login_ends_in_one_way_and_everything_after_it_too() {
    let mut logins = 0;
    for seed in 0..300 {
        let mut world = World::new(seed, 0.4);
        world.runs(10 * MINUTE);
        world.asks(Command::LogOut);

        let history = &world.history;
        assert_eq!(history.logged_out, 1, "seed {seed}");
        assert!(history.logged_in <= 1, "seed {seed}");
        assert_eq!(history.list_loaded, history.logged_in, "seed {seed}");
        assert_eq!(history.offline_ends, history.logged_in, "seed {seed}");
        logins += history.logged_in;
    }
    assert!(logins > 280, "{logins}");
}

#[test]
fn on_a_line_that_carries_nothing_a_login_ends() {
    let mut world = World::new(1, 1.0);

    world.runs(2 * MINUTE);

    assert_eq!(world.history.logged_out, 1);
    assert_eq!(world.session.poll_timeout(), None);
}
