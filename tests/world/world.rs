//! The whole gateway in a world of its own: every clock, queue and network is here, and one seed
//! decides all of it.
//!
//! | file      | plays                                                                  |
//! |-----------|------------------------------------------------------------------------|
//! | `machine` | the runtime: tasks, disk, sockets; dies and starts again               |
//! | `host`    | the XMPP server: link, rosters, clients                                |
//! | `wire`    | the network to the ICQ server                                          |
//! | `icq`     | the ICQ server, and the contacts in it                                 |
//! | `people`  | what people do                                                         |
//! | `trouble` | what breaks                                                            |
//! | `witness` | nobody: it sees everything, and says at the end what was wrong         |

use std::time::{Duration, Instant};

use icq_transport::model::{Now, UnixTime};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::agenda::{Agenda, Event};
use crate::host::Host;
use crate::icq::Icq;
use crate::machine::Machine;
use crate::people::{Deed, Person};
use crate::plan::Plan;
use crate::tally::Tally;
use crate::wire::Wire;
use crate::witness::Witness;

/// Everything there is.
pub(crate) struct World {
    pub(crate) now: Now,
    pub(crate) rng: StdRng,
    pub(crate) plan: Plan,
    pub(crate) agenda: Agenda,
    pub(crate) machine: Machine,
    pub(crate) host: Host,
    pub(crate) wire: Wire,
    pub(crate) icq: Icq,
    pub(crate) people: Vec<Person>,
    pub(crate) witness: Witness,
    pub(crate) tally: Tally,
    /// Nothing breaks any more, and nobody begins anything.
    pub(crate) is_quiet: bool,
    began: Instant,
    talks: bool,
    /// Prints what is written to disk, too.
    pub(crate) tells_changes: bool,
    timers_at: (Instant, u32),
}

impl World {
    /// Everything is there, the gateway has started, and nobody has done anything yet. `talks` prints
    /// what happens.
    pub(crate) fn new((plan, mut rng): (Plan, StdRng), talks: bool) -> Self {
        let began = Instant::now();
        let now = Now {
            instant: began,
            // 2001-09-09, some second of some minute.
            unix: UnixTime(1_000_000_000_000 + rng.random_range(0..3_600_000)),
        };
        let people = Person::all(&plan);
        let mut world = Self {
            now,
            machine: Machine::new(),
            host: Host::new(&plan, &people),
            wire: Wire::new(plan.line),
            icq: Icq::new(&plan, &people),
            witness: Witness::new(&people),
            people,
            agenda: Agenda::default(),
            tally: Tally::default(),
            is_quiet: false,
            rng,
            plan,
            began,
            talks,
            tells_changes: talks && std::env::var_os("WORLD_DISK").is_some(),
            timers_at: (began, 0),
        };
        world.say(|| format!("{:#?}", world_plan(&world.plan)));
        world.open_icq();
        world.start_gateway();
        world.connect_link();
        world
    }

    /// Lets things break and people act, then lets everything come to its ending.
    pub(crate) fn live(&mut self) {
        self.begin();
        let troubled = self.plan.troubled;
        self.pass(troubled);
        self.end();
    }

    /// Everybody begins, and so does what breaks.
    pub(crate) fn begin(&mut self) {
        for person in 0..self.people.len() {
            let delay = self.between(Duration::from_millis(100), Duration::from_secs(5));
            self.do_later(delay, Deed::Act(person));
        }
        self.wake_puppets();
        self.plan_troubles();
    }

    /// Lets everything come to its ending, and looks at what there is then.
    pub(crate) fn end(&mut self) {
        self.become_quiet();
        self.pass(QUIET);
        // One after the other over a slow line, a thousand stored messages take their time.
        let mut left = usize::MAX;
        while (1..left).contains(&self.waiting_on_icq()) {
            left = self.waiting_on_icq();
            self.pass(QUIET);
        }
        self.examine();
    }

    /// How many messages for people who are registered are still on the ICQ server.
    fn waiting_on_icq(&self) -> usize {
        let records = self.machine.disk.values();
        records
            .map(|record| self.icq.server.undelivered(record.registration.uin))
            .sum()
    }

    fn become_quiet(&mut self) {
        self.say(|| "--- quiet".to_owned());
        self.is_quiet = true;
        self.agenda.cancel(|event| match event {
            Event::Deed(deed) => deed.begins_something(),
            Event::Trouble(trouble) => trouble.breaks_something(),
            _ => false,
        });
        self.mend_everything();
        for person in 0..self.people.len() {
            for after in SETTLING {
                self.do_later(Duration::from_secs(after), Deed::Settle(person));
            }
        }
    }

    /// Lets time pass, each thing at its moment.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.instant + time;
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.advance_to(at);
            self.happen();
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, at: Instant) {
        self.now = self
            .now
            .after(at.saturating_duration_since(self.now.instant));
    }

    fn next_moment(&self) -> Option<Instant> {
        [
            self.agenda.next(),
            self.host.link.next(),
            self.icq.server.poll_timeout(),
            self.machine.next_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due now.
    fn happen(&mut self) {
        let mut is_timer = true;
        while let Some(event) = self.agenda.take_due(self.now.instant) {
            is_timer = false;
            self.take(event);
        }
        while self.deliver_on_link() {
            is_timer = false;
        }
        if self
            .icq
            .server
            .poll_timeout()
            .is_some_and(|at| at <= self.now.instant)
        {
            let now = self.now;
            self.icq.server.handle_timeout(now);
            self.drain_icq();
        }
        self.fire_timers();
        self.watch_for_spinning(is_timer);
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::ReachesServer { from, datagram } => self.reach_server(from, &datagram),
            Event::ReachesGateway { port, datagram } => self.reach_gateway(port, datagram),
            Event::SocketOpens {
                run,
                user,
                wish,
                port,
            } => self.socket_opens(run, &user, wish, port),
            Event::DiskIsDone { run, user } => self.disk_is_done(run, &user),
            Event::NotesAreWritten { run } => self.notes_are_written(run),
            Event::Deed(deed) => self.act(deed),
            Event::Trouble(trouble) => self.strike(trouble),
        }
    }

    /// Nothing but timers, again and again at one moment, is a timer that stands still.
    fn watch_for_spinning(&mut self, is_timer: bool) {
        let now = self.now.instant;
        if self.timers_at.0 != now || !is_timer {
            self.timers_at = (now, 0);
        }
        self.timers_at.1 += 1;
        assert!(
            self.timers_at.1 < 1000,
            "a timer stands still: {}",
            self.machine.due_timers(now)
        );
    }

    // --- chance and words ----------------------------------------------------------------------------

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.rng.random_bool(probability.min(1.0))
    }

    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.rng.random_range(micros(least)..=micros(most)))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        crate::plan::one_of(&mut self.rng, choices)
    }

    pub(crate) fn do_later(&mut self, delay: Duration, deed: Deed) {
        self.agenda
            .plan(self.now.instant + delay, Event::Deed(deed));
    }

    /// Prints what happens, where one seed is looked at.
    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if self.talks {
            let at = self.now.instant - self.began;
            println!("{:>10.3} {}", at.as_secs_f64(), what());
        }
    }
}

fn world_plan(plan: &Plan) -> &Plan {
    plan
}

/// Long enough for everything to have its ending: a message that waits for a login after a restart
/// waits five minutes, a server repeats for one, and a login found in its place an older session up
/// to three.
const QUIET: Duration = Duration::from_secs(1200);

/// When people see in the quiet whether all is well with them, in seconds.
const SETTLING: [u64; 6] = [5, 40, 100, 200, 400, 700];
