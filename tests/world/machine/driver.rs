//! The driver of tasks: feeds them, makes safe what they want written, then does what they want done.

use std::collections::VecDeque;
use std::time::Duration;

use icq_transport::gateway::{
    Ending, GatewayInput, GatewayOutput, User, UserInput, UserOutput, UserState,
};
use icq_transport::icq::LogoutReason;
use icq_transport::runtime::component::MarkOf;
use icq_transport::xmpp::Stanza;
use xmpp_parsers::jid::BareJid;

use super::{Happening, Place, Task};
use crate::agenda::Event;
use crate::host::{Item, Towards};
use crate::world::World;

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
    pub(super) fn work(&mut self, user: &BareJid) {
        loop {
            let Some(task) = self.machine.task_mut(user) else {
                return;
            };
            if task.waits_for_disk || task.inbox.is_empty() {
                return;
            }
            let at_once = task.at_once();
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
                self.witness.heard(&datagram, port, run);
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
    /// `false` if the program died of it.
    pub(super) fn put_out(&mut self, user: &BareJid) -> bool {
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
            UserOutput::Connect { port, .. } => {
                let Some(task) = self.machine.task_mut(user) else {
                    return false;
                };
                task.wish += 1;
                let wish = task.wish;
                let at = now.instant
                    + self.between(Duration::from_micros(200), Duration::from_millis(30));
                let user = user.clone();
                let opens = Event::SocketOpens {
                    run,
                    user,
                    wish,
                    port,
                };
                self.agenda.plan(at, opens);
            }
            UserOutput::Transmit(datagram) => {
                if let Some(port) = self.machine.task(user).and_then(|task| task.port) {
                    self.witness_transmit(user, port, &datagram);
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
            UserOutput::Registered(is_registered) => {
                self.say(|| format!("{user} is registered: {is_registered}"));
                self.gateway_input(GatewayInput::Registered(user.clone(), is_registered));
            }
            UserOutput::Speaks(network, version) => {
                self.gateway_input(GatewayInput::Speaks(user.clone(), network, version));
            }
            UserOutput::LeftOpen(strays) => self.gateway_input(GatewayInput::LeftOpen(strays)),
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
}

impl Task {
    /// How much of what is there is handled before anything follows from it: what others say, or what came
    /// on the socket, or the time.
    fn at_once(&self) -> usize {
        let source = self.inbox.front().map(Happening::source);
        let inbox = self.inbox.iter().take(AT_ONCE);
        let same = inbox.take_while(|happening| Some(happening.source()) == source);
        same.count()
    }
}

impl Happening {
    /// Where it comes from: the driver looks at one source at a time.
    fn source(&self) -> Source {
        match self {
            Self::Input(_) | Self::Link(..) | Self::Opened(..) => Source::Inbox,
            Self::Datagram(..) | Self::SocketLost => Source::Socket,
            Self::Timeout => Source::Timer,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    Inbox,
    Socket,
    Timer,
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
