//! The machine the gateway runs on: plays the runtime by its rules, and takes the program's life.
//!
//! The rules: one task for each user, changes before outputs, and outputs that follow a barrier only
//! when the changes are on disk. A mark for a link that is no more is void. A kill may
//! strike before the changes, between changes and outputs, and between any two outputs.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use icq_transport::gateway::{
    Ending, Gateway, GatewayInput, GatewayOutput, User, UserInput, UserOutput, UserState,
};
use icq_transport::icq::LogoutReason;
use icq_transport::runtime::component::{MarkOf, Marks};
use icq_transport::store::{Change, UserRecord};
use icq_transport::xmpp::Stanza;
use rand::RngExt;
use xmpp_parsers::jid::BareJid;

use crate::agenda::Event;
use crate::host::{Item, Towards};
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

// --- the driver ------------------------------------------------------------------------------------------

impl World {
    pub(crate) fn input(&mut self, input: GatewayInput) {
        let now = self.now;
        if let Some(process) = &mut self.machine.process {
            process.gateway.handle_input(now, input);
        }
        self.settle();
    }

    /// Does what the gateway wants, and what follows from that.
    pub(crate) fn settle(&mut self) {
        while let Some(process) = &mut self.machine.process {
            let Some(output) = process.gateway.poll_output() else {
                break;
            };
            match output {
                GatewayOutput::Send(stanza) => self.gateway_sends(stanza),
                GatewayOutput::Deliver { user, input } => {
                    let link = self.host.link.number;
                    let happening = match input {
                        UserInput::LinkUp(_) | UserInput::LinkDown => Happening::Link(link, input),
                        other => Happening::Input(other),
                    };
                    self.feed(&user, happening);
                }
                GatewayOutput::Start { user, run } => self.start_task(user, *run),
            }
        }
        self.write_ping();
    }

    fn start_task(&mut self, user: BareJid, run: User) {
        // Whoever registers does so on the present link; whoever was loaded has yet to hear of one.
        let is_new = !self.machine.disk.contains_key(&user);
        let task = Task {
            user: run,
            state: UserState::Offline,
            port: None,
            link: is_new.then_some(self.host.link.number),
            wish: 0,
            waits_for_disk: false,
            inbox: VecDeque::new(),
            examined: Vec::new(),
        };
        if let Some(process) = &mut self.machine.process {
            process.tasks.insert(user.clone(), task);
        }
        if self.drain(&user) {
            self.work(&user);
        }
    }

    /// Gives a task something to do.
    pub(crate) fn feed(&mut self, user: &BareJid, happening: Happening) {
        let now = self.now;
        let Some(process) = &mut self.machine.process else {
            return;
        };
        let Some(task) = process.tasks.get_mut(user) else {
            return;
        };
        match happening {
            Happening::Input(UserInput::Stanza(stanza)) if task.inbox.len() >= INBOX => {
                process
                    .gateway
                    .handle_input(now, GatewayInput::NoRoom(stanza));
            }
            happening => task.inbox.push_back(happening),
        }
        self.work(user);
    }

    /// Handles what is there, some of it at once, makes it safe, then does what follows from it.
    fn work(&mut self, user: &BareJid) {
        loop {
            let Some(task) = self.machine.task_mut(user) else {
                return;
            };
            if task.waits_for_disk || task.inbox.is_empty() {
                return;
            }
            let at_once = task.inbox.len().min(AT_ONCE);
            for _ in 0..at_once {
                self.handle_one(user);
            }
            if !self.drain(user) {
                return;
            }
        }
    }

    fn handle_one(&mut self, user: &BareJid) {
        let (now, run) = (self.now, self.machine.run);
        let Some(task) = self.machine.task_mut(user) else {
            return;
        };
        let Some(happening) = task.inbox.pop_front() else {
            return;
        };
        match happening {
            Happening::Input(input) => {
                task.examined.extend(message_for_icq(&input));
                task.user.handle_input(now, input);
            }
            Happening::Link(number, input) => {
                // Only now does it know that what it sent may not have arrived.
                let is_up = matches!(input, UserInput::LinkUp(_));
                task.link = is_up.then_some(number);
                task.user.handle_input(now, input);
                if is_up {
                    self.witness.begins_anew();
                }
            }
            Happening::Datagram(port, datagram) if task.port == Some(port) => {
                self.witness.heard(now.instant, &datagram, port, run);
                if let Some(task) = self.machine.task_mut(user) {
                    task.user.handle_datagram(now, &datagram);
                }
            }
            Happening::Datagram(..) => {}
            Happening::Timeout => task.user.handle_timeout(now),
            Happening::Opened(wish, port) if task.wish == wish => {
                task.port = port;
                if let Some(port) = port {
                    self.witness.socket_opened(port, now.instant);
                }
                let input = match port {
                    Some(local_port) => UserInput::Connected { local_port },
                    None => UserInput::ConnectFailed(unreachable()),
                };
                task.user.handle_input(now, input);
            }
            Happening::Opened(..) => {}
            Happening::SocketLost => {
                if let Some(port) = task.port.take() {
                    self.witness.socket_closed(port, now.instant);
                    task.user
                        .handle_input(now, UserInput::ConnectFailed(unreachable()));
                }
            }
        }
    }

    /// Writes down what has changed, then does what is wanted. `false` if that has to wait, or never
    /// comes.
    fn drain(&mut self, user: &BareJid) -> bool {
        let Some(task) = self.machine.task_mut(user) else {
            return false;
        };
        if let Some(changes) = task.user.poll_changes() {
            if self.dies_here(Place::BeforeChanges) {
                return false;
            }
            if !self.hand_over(user, changes.list, changes.barrier) {
                return false;
            }
        }
        self.put_out(user)
    }

    /// Hands changes to the thread that writes. `false` if they are waited for.
    fn hand_over(&mut self, user: &BareJid, list: Vec<Change>, barrier: bool) -> bool {
        let run = self.machine.run;
        let slowest = self.plan.disk.slowest;
        let linger = self.plan.disk.linger;
        let Some(process) = &mut self.machine.process else {
            return false;
        };
        process.notes.push_back((user.clone(), list));
        if barrier && slowest.is_zero() {
            self.commit();
            return !self.dies_here(Place::AfterChanges);
        }
        if barrier {
            if let Some(task) = process.tasks.get_mut(user) {
                task.waits_for_disk = true;
            }
            let at = self.now.instant + self.between(Duration::from_micros(100), slowest);
            let user = user.clone();
            self.agenda.plan(at, Event::DiskIsDone { run, user });
            return false;
        }
        if !std::mem::replace(&mut process.notes_are_due, true) {
            let at = self.now.instant + linger;
            self.agenda.plan(at, Event::NotesAreWritten { run });
        }
        true
    }

    pub(crate) fn disk_is_done(&mut self, run: u32, user: &BareJid) {
        if !self.machine.is_running(run) {
            return;
        }
        self.commit();
        if let Some(task) = self.machine.task_mut(user) {
            task.waits_for_disk = false;
        }
        if self.dies_here(Place::AfterChanges) {
            return;
        }
        if self.put_out(user) {
            self.work(user);
        }
        self.settle();
    }

    pub(crate) fn notes_are_written(&mut self, run: u32) {
        if self.machine.is_running(run) {
            self.commit();
        }
    }

    /// One flush serves everybody who waits.
    fn commit(&mut self) {
        let Some(process) = &mut self.machine.process else {
            return;
        };
        process.notes_are_due = false;
        for (jid, changes) in std::mem::take(&mut process.notes) {
            self.write(&jid, changes);
        }
    }

    fn write(&mut self, jid: &BareJid, changes: Vec<Change>) {
        for change in changes {
            let before = self.machine.disk.remove(jid);
            self.note_written(jid, before.as_ref(), &change);
            if let Some(record) = UserRecord::apply(before, change) {
                self.witness.bounded(jid, &record, &self.plan.settings);
                self.machine.disk.insert(jid.clone(), record);
            }
        }
    }

    /// `false` if the program died of it.
    fn put_out(&mut self, user: &BareJid) -> bool {
        let mut is_first = true;
        loop {
            let Some(task) = self.machine.task_mut(user) else {
                return false;
            };
            let Some(output) = task.user.poll_output() else {
                break;
            };
            if !is_first && self.dies_here(Place::BetweenOutputs) {
                return false;
            }
            is_first = false;
            if !self.put_out_one(user, output) {
                return false;
            }
        }
        let examined = match self.machine.task_mut(user) {
            Some(task) => std::mem::take(&mut task.examined),
            None => Vec::new(),
        };
        for tag in examined {
            self.note_examined(user, &tag);
        }
        true
    }

    fn put_out_one(&mut self, user: &BareJid, output: UserOutput) -> bool {
        let now = self.now;
        let run = self.machine.run;
        match output {
            UserOutput::Stanza(stanza) => {
                if self.is_on_present_link(user) {
                    self.gateway_sends(stanza);
                }
            }
            UserOutput::Mark(mark) => {
                // Without a link there is nothing that it could stand behind.
                if self.host.link.is_up
                    && self.is_on_present_link(user)
                    && let Some(process) = &mut self.machine.process
                {
                    let user = user.clone();
                    process.marks.add(MarkOf { user, mark });
                }
            }
            UserOutput::WantLogin => self.gateway_input(GatewayInput::WantLogin(user.clone())),
            UserOutput::Connect { .. } => {
                let Some(task) = self.machine.task_mut(user) else {
                    return false;
                };
                task.wish += 1;
                let wish = task.wish;
                let at = now.instant
                    + self.between(Duration::from_micros(200), Duration::from_millis(30));
                let user = user.clone();
                self.agenda.plan(at, Event::SocketOpens { run, user, wish });
            }
            UserOutput::Transmit(datagram) => {
                if let Some(port) = self.machine.task(user).and_then(|task| task.port) {
                    self.witness_transmit(user, &datagram);
                    self.carry_to_server(port, datagram);
                }
            }
            UserOutput::Disconnect => {
                if let Some(task) = self.machine.task_mut(user) {
                    task.wish += 1;
                    if let Some(port) = task.port.take() {
                        self.witness.socket_closed(port, now.instant);
                    }
                }
            }
            UserOutput::State(state) => {
                self.say(|| format!("{user} is {state:?}"));
                self.note_state(user, &state);
                if let Some(task) = self.machine.task_mut(user) {
                    task.state = state.clone();
                }
                self.gateway_input(GatewayInput::State(user.clone(), state));
            }
            UserOutput::Speaks(network, version) => {
                self.gateway_input(GatewayInput::Speaks(user.clone(), network, version));
            }
            UserOutput::LeftOpen(strays) => self.gateway_input(GatewayInput::LeftOpen(strays)),
            UserOutput::Registered(is_registered) => {
                self.say(|| format!("{user} is registered: {is_registered}"));
                self.gateway_input(GatewayInput::Registered(user.clone(), is_registered));
            }
            UserOutput::Ended(ending) => {
                self.say(|| format!("{user} ends: {ending:?}"));
                self.check_end(user, ending);
                let process = self.machine.process.as_mut();
                let task = process.and_then(|process| process.tasks.remove(user));
                self.gateway_input(GatewayInput::Ended(user.clone(), ending));
                // It came too late for that task, not for the gateway.
                for happening in task.into_iter().flat_map(|task| task.inbox) {
                    if let Happening::Input(UserInput::Stanza(stanza)) = happening {
                        self.gateway_input(GatewayInput::Stanza(stanza));
                    }
                }
                return false;
            }
        }
        true
    }

    /// Whether the user does not believe to be on an older link.
    pub(crate) fn is_on_present_link(&self, user: &BareJid) -> bool {
        let link = self.host.link.number;
        let task = self.machine.task(user);
        task.is_some_and(|task| task.link == Some(link))
    }

    fn check_end(&mut self, user: &BareJid, ending: Ending) {
        let is_on_disk = self.machine.disk.contains_key(user);
        if ending == Ending::Unregistered && is_on_disk {
            self.witness
                .complain(format!("{user} unregistered and is on disk"));
        }
    }

    /// To the gateway, without doing at once what follows: its outputs are taken in turn.
    fn gateway_input(&mut self, input: GatewayInput) {
        let now = self.now;
        if let Some(process) = &mut self.machine.process {
            process.gateway.handle_input(now, input);
        }
    }

    fn gateway_sends(&mut self, stanza: Stanza) {
        self.inspect(&stanza);
        if self.host.link.is_up {
            self.push_on_link(Towards::Host, Item::Stanza(stanza));
        }
    }

    fn write_ping(&mut self) {
        if !self.host.link.is_up {
            return;
        }
        let now = self.now.instant;
        let Some(process) = &mut self.machine.process else {
            return;
        };
        if let Some(number) = process.marks.poll_ping(now) {
            self.push_on_link(Towards::Host, Item::Ping(number));
        }
    }

    // --- what comes from outside ---------------------------------------------------------------------

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

    pub(crate) fn socket_opens(&mut self, run: u32, user: &BareJid, wish: u32) {
        if !self.machine.is_running(run) {
            return;
        }
        let port = match self.machine.has_no_sockets {
            true => {
                self.tally.note(Rare::NoSocket);
                None
            }
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

fn unreachable() -> LogoutReason {
    LogoutReason::Unreachable("no route".to_owned())
}

/// Items a task may let wait before stanzas are refused, and how many it handles at once.
const INBOX: usize = 1000;
const AT_ONCE: usize = 128;

/// The id of a message that has to be written down or answered.
fn message_for_icq(input: &UserInput) -> Option<String> {
    let UserInput::Stanza(Stanza::Message(message)) = input else {
        return None;
    };
    let is_for_contact = message.to.as_ref()?.node().is_some();
    let is_error = message.type_ == xmpp_parsers::message::MessageType::Error;
    let id = message.id.as_ref()?.0.clone();
    (is_for_contact && !is_error && !message.bodies.is_empty()).then_some(id)
}
