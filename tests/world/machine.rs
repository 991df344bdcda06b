//! The machine the gateway runs on: plays the runtime by its rules, and takes the program's life.
//!
//! The rules: one task for each user, changes before outputs, and outputs that follow a barrier only
//! when the changes are on disk. A mark for a link that is no more is void. A kill may
//! strike before the changes, between changes and outputs, and between any two outputs.

mod disk;
mod driver;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use icq_transport::gateway::{Gateway, GatewayInput, User, UserInput, UserState};
use icq_transport::runtime::component::{MarkOf, Marks};
use icq_transport::store::{Change, UserRecord};
use rand::RngExt;
use xmpp_parsers::jid::BareJid;

use crate::agenda::Event;
use crate::tally::Rare;
use crate::trouble::Trouble;
use crate::world::World;

/// A machine with a disk, and the program on it when it runs.
pub(crate) struct Machine {
    /// What is on disk.
    pub(crate) disk: BTreeMap<BareJid, UserRecord>,
    pub(crate) process: Option<Process>,
    /// Counts starts.
    pub(crate) run: u32,
    /// At how many more places the program survives.
    pub(crate) kill_in: Option<u32>,
    /// Sockets cannot be opened.
    pub(crate) has_no_sockets: bool,
    next_port: u16,
}

/// The running program.
pub(crate) struct Process {
    pub(crate) gateway: Gateway,
    pub(crate) tasks: BTreeMap<BareJid, Task>,
    pub(crate) marks: Marks<BareJid>,
    /// With the thread that writes, and not on disk: each list all or nothing.
    notes: VecDeque<(BareJid, Vec<Change>)>,
    notes_are_due: bool,
    pub(crate) is_ending: bool,
}

/// What runs for one user.
pub(crate) struct Task {
    pub(crate) user: User,
    pub(crate) state: UserState,
    pub(crate) port: Option<u16>,
    /// Which link to the XMPP server the user knows of.
    link: Option<u32>,
    wish: u32,
    waits_for_disk: bool,
    inbox: VecDeque<Happening>,
    /// The messages that are being looked at: each must be written down or answered.
    examined: Vec<String>,
}

/// What can happen to a task.
pub(crate) enum Happening {
    Input(UserInput),
    Datagram(u16, Vec<u8>),
    Timeout,
    Link(u32, UserInput),
    Opened(u32, Option<u16>),
    SocketLost,
}

/// Where a kill strikes.
#[derive(Clone, Copy, Debug)]
enum Place {
    BeforeChanges,
    AfterChanges,
    BetweenOutputs,
}

impl Machine {
    pub(crate) const fn new() -> Self {
        Self {
            disk: BTreeMap::new(),
            process: None,
            run: 0,
            kill_in: None,
            has_no_sockets: false,
            next_port: 10_000,
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let process = self.process.as_ref()?;
        let awake = process.tasks.values().filter(|task| !task.waits_for_disk);
        let users = awake.filter_map(|task| task.user.poll_timeout()).min();
        [
            process.gateway.poll_timeout(),
            process.marks.poll_timeout(),
            users,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whose timers are due, for a complaint.
    pub(crate) fn due_timers(&self, now: Instant) -> String {
        let Some(process) = &self.process else {
            return "nobody's".to_owned();
        };
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let users = process.tasks.iter();
        let users = users.filter(|(_, task)| is_due(task.user.poll_timeout()));
        format!(
            "gateway {}, marks {}, users {:?}",
            is_due(process.gateway.poll_timeout()),
            is_due(process.marks.poll_timeout()),
            users
                .map(|(jid, task)| (jid.to_string(), task.state.code()))
                .collect::<Vec<_>>()
        )
    }

    pub(crate) fn task(&self, user: &BareJid) -> Option<&Task> {
        self.process.as_ref()?.tasks.get(user)
    }

    fn task_mut(&mut self, user: &BareJid) -> Option<&mut Task> {
        self.process.as_mut()?.tasks.get_mut(user)
    }

    /// Whether a run is the present one, and goes on.
    /// Somebody has a socket on this port.
    fn has_port(&self, port: u16) -> bool {
        let process = self.process.as_ref();
        process.is_some_and(|it| it.tasks.values().any(|task| task.port == Some(port)))
    }

    fn is_running(&self, run: u32) -> bool {
        self.process.is_some() && self.run == run
    }
}

// --- life and death --------------------------------------------------------------------------------------

impl World {
    pub(crate) fn start_gateway(&mut self) {
        if self.machine.process.is_some() {
            return;
        }
        self.machine.run += 1;
        let run = self.machine.run;
        self.say(|| format!("gateway starts, run {run}"));
        let now = self.now;
        let settings = self.plan.settings.clone();
        let seed = self.rng.random();
        let mut gateway = Gateway::new(now, settings, run, seed);
        for (jid, record) in &self.machine.disk {
            self.witness.loaded(jid, record, run);
            gateway.load(now, jid.clone(), record.clone());
        }
        self.machine.process = Some(Process {
            gateway,
            tasks: BTreeMap::new(),
            marks: Marks::default(),
            notes: VecDeque::new(),
            notes_are_due: false,
            is_ending: false,
        });
        self.settle();
    }

    /// `kill -9`: what the disk has not taken is gone; of what the thread was about to write, some may
    /// be there, in its order.
    pub(crate) fn kill(&mut self) {
        self.machine.kill_in = None;
        let Some(process) = self.machine.process.take() else {
            return;
        };
        self.say(|| "gateway is killed".to_owned());
        self.witness.cut();
        let written = self.rng.random_range(0..=process.notes.len());
        if written < process.notes.len() {
            self.tally.note(Rare::NotesLost);
        }
        if process.tasks.values().any(|task| task.waits_for_disk) {
            self.tally.note(Rare::KilledWaitingForDisk);
        }
        for (jid, changes) in process.notes.into_iter().take(written) {
            self.write(&jid, changes);
        }
        self.link_breaks_off();
        self.come_back_later();
    }

    fn dies_here(&mut self, place: Place) -> bool {
        match &mut self.machine.kill_in {
            None => return false,
            Some(0) => {}
            Some(left) => {
                *left -= 1;
                return false;
            }
        }
        self.say(|| format!("dies {place:?}"));
        self.tally.note(match place {
            Place::BeforeChanges => Rare::KilledBeforeChanges,
            Place::AfterChanges => Rare::KilledAfterChanges,
            Place::BetweenOutputs => Rare::KilledBetweenOutputs,
        });
        self.kill();
        true
    }

    fn come_back_later(&mut self) {
        let delay = self.between(Duration::from_millis(200), Duration::from_secs(40));
        self.agenda.plan(
            self.now.instant + delay,
            Event::Trouble(Trouble::GatewayStarts),
        );
    }

    /// SIGTERM.
    pub(crate) fn shut_down(&mut self) {
        self.say(|| "gateway is asked to end".to_owned());
        if let Some(process) = &mut self.machine.process {
            process.is_ending = true;
            process
                .gateway
                .handle_input(self.now, GatewayInput::Shutdown);
        }
        self.settle();
    }

    /// The program has said goodbye, or its time is up.
    pub(crate) fn shutdown_ends(&mut self) {
        let Some(process) = &self.machine.process else {
            return;
        };
        if !process.is_ending {
            return;
        }
        if process.gateway.is_finished() {
            self.tally.note(Rare::ShutDown);
        } else {
            let busy = process.tasks.values().any(|task| task.waits_for_disk);
            if !busy {
                self.witness
                    .complain("the gateway did not end within its time".to_owned());
            }
        }
        // The thread that writes is waited for.
        self.commit();
        self.kill();
    }
}

// --- what comes from outside -----------------------------------------------------------------------------

impl World {
    pub(crate) fn ping_returned(&mut self, number: u64) {
        let Some(process) = &mut self.machine.process else {
            return;
        };
        for MarkOf { user, mark } in process.marks.handle_returned(number) {
            self.feed(&user, Happening::Input(UserInput::Confirmed(mark)));
        }
        self.settle();
    }

    pub(crate) fn reach_gateway(&mut self, port: u16, datagram: Vec<u8>) {
        let Some(process) = &self.machine.process else {
            return;
        };
        let mut tasks = process.tasks.iter();
        let Some((user, _)) = tasks.find(|(_, task)| task.port == Some(port)) else {
            return;
        };
        let user = user.clone();
        self.note_datagram(port, &datagram);
        self.feed(&user, Happening::Datagram(port, datagram));
        self.settle();
    }

    /// On the port that is wished, if it is free.
    pub(crate) fn socket_opens(
        &mut self,
        run: u32,
        user: &BareJid,
        wish: u32,
        wished: Option<u16>,
    ) {
        if !self.machine.is_running(run) {
            return;
        }
        let port = match self.machine.has_no_sockets {
            true => {
                self.tally.note(Rare::NoSocket);
                None
            }
            false if wished.is_some_and(|port| !self.machine.has_port(port)) => wished,
            false => {
                self.machine.next_port = self.machine.next_port.checked_add(1).unwrap_or(10_000);
                Some(self.machine.next_port)
            }
        };
        self.feed(user, Happening::Opened(wish, port));
        self.settle();
    }

    pub(crate) fn fire_timers(&mut self) {
        let now = self.now;
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now.instant);
        let Some(process) = &mut self.machine.process else {
            return;
        };
        if is_due(process.gateway.poll_timeout()) {
            process.gateway.handle_timeout(now);
        }
        let due = |(user, task): (&BareJid, &Task)| {
            let is_due = !task.waits_for_disk && is_due(task.user.poll_timeout());
            is_due.then(|| user.clone())
        };
        let due: Vec<BareJid> = process.tasks.iter().filter_map(due).collect();
        for user in due {
            self.feed(&user, Happening::Timeout);
        }
        self.settle();
    }
}
