//! The task that drives the [`Gateway`]: the link to the XMPP server on one side, the users' tasks on
//! the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;
use xmpp_parsers::jid::BareJid;

use super::clock::now;
use super::component::MarkOf;
use super::component_link::{ComponentLink, LinkEvent, LinkStatus};
use super::inbox::{Inbox, Item};
use super::stop::Stop;
use super::store_thread::StoreThread;
use super::user_task::FromUser;
use super::users::Users;
use crate::gateway::{Ending, Gateway, GatewayInput, GatewayOutput, UserInput};
use crate::icq::wire::Version;
use crate::model::Now;
use crate::store::{self, UserRecord};
use crate::xmpp::Stanza;

/// The task.
pub(super) struct GatewayTask {
    pub(super) gateway: Gateway,
    pub(super) link: ComponentLink<Arc<Inbox>>,
    pub(super) users: Users,
    pub(super) from_users: mpsc::Receiver<FromUser>,
    pub(super) questions: mpsc::Receiver<Question>,
}

/// The operator asks how the gateway is.
pub(super) type Question = oneshot::Sender<Answer>;

/// What the task knows of it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) link: LinkStatus,
    pub(super) users: BTreeMap<&'static str, usize>,
    /// By network and version.
    pub(super) versions: BTreeMap<(String, Version), usize>,
}

impl GatewayTask {
    /// Drives the gateway until `stop`, and then until everybody has said goodbye. Fails only if
    /// `store` does: nothing can be promised without it.
    pub(super) async fn run(
        mut self,
        mut stop: Stop,
        store: &mut StoreThread,
    ) -> Result<(), store::Error> {
        let mut from_users = Vec::new();
        let mut until = None;
        loop {
            self.settle();
            if self.gateway.is_finished() || until.is_some_and(|until| until <= Instant::now()) {
                break;
            }
            let timeout = self.gateway.poll_timeout().into_iter().chain(until).min();
            tokio::select! {
                () = self.link.ready() => {}
                _ = self.from_users.recv_many(&mut from_users, AT_ONCE), if !self.link.is_full() => {
                    from_users.drain(..).for_each(|what| self.handle_from_user(what));
                }
                () = self.users.tend() => {}
                Some(question) = self.questions.recv() => self.answer(question),
                () = at(timeout) => self.gateway.handle_timeout(now()),
                ended = store.ended() => return Err(ended.err().unwrap_or(store::Error::Closed)),
                () = stop.asked() => match until {
                    None => {
                        tracing::info!("shutting down; once more to end at once");
                        until = Some(Instant::now() + GOODBYES_TAKE);
                        self.gateway.handle_input(now(), GatewayInput::Shutdown);
                    }
                    Some(_) => break,
                },
            }
        }
        let closing = tokio::time::timeout(CLOSING_TAKES, self.link.close());
        // The server notices a connection that just ends, too.
        let _ = closing.await;
        Ok(())
    }

    /// Handles what came and does what follows from it, until there is nothing left, then sends.
    fn settle(&mut self) {
        let now = now();
        loop {
            while let Some(output) = self.gateway.poll_output() {
                self.perform(now, output);
            }
            let Some(event) = self.link.poll_event() else {
                break;
            };
            match event {
                LinkEvent::Up => self.gateway.handle_input(now, GatewayInput::LinkUp),
                LinkEvent::Down => self.gateway.handle_input(now, GatewayInput::LinkDown),
                LinkEvent::Stanza(stanza) => self.handle_stanza(now, stanza),
                LinkEvent::Bad(bad) => self.gateway.handle_input(now, GatewayInput::Bad(bad)),
                LinkEvent::Confirmed(MarkOf { user: inbox, mark }) => {
                    inbox.push(Item::Input(UserInput::Confirmed(mark)));
                }
            }
        }
        self.link.flush(now.instant);
    }

    fn perform(&mut self, now: Now, output: GatewayOutput) {
        match output {
            GatewayOutput::Send(stanza) => self.link.send(&stanza),
            GatewayOutput::Deliver { user, input } => {
                if let Err(stanza) = self.users.deliver(&user, input, self.link.number()) {
                    self.gateway.handle_input(now, GatewayInput::NoRoom(stanza));
                }
            }
            GatewayOutput::Start { user, run } => {
                for stanza in self.users.start(user, run, self.link.number()) {
                    self.handle_stanza(now, stanza);
                }
            }
        }
    }

    fn handle_from_user(&mut self, what: FromUser) {
        let name = |jid: Arc<BareJid>| BareJid::clone(&jid);
        let input = match what {
            FromUser::Stanza(stanza, link) => return self.link.send_on(link, &stanza),
            FromUser::Mark(user, mark, link) => return self.link.mark(MarkOf { user, mark }, link),
            FromUser::WantLogin(jid) => GatewayInput::WantLogin(name(jid)),
            FromUser::State(jid, state) => GatewayInput::State(name(jid), state),
            FromUser::Speaks(jid, network, version) => {
                GatewayInput::Speaks(name(jid), network, version)
            }
            FromUser::LeftOpen(strays) => GatewayInput::LeftOpen(strays),
            FromUser::Registered(jid, registered) => {
                GatewayInput::Registered(name(jid), registered)
            }
            FromUser::Ended(jid, ending) => {
                self.gateway
                    .handle_input(now(), GatewayInput::Ended(name(jid.clone()), ending));
                // It came too late for that task, not for the gateway.
                for stanza in self.users.remove(&jid) {
                    self.handle_stanza(now(), stanza);
                }
                return;
            }
            FromUser::Reloaded(jid, record) => return self.handle_reloaded(name(jid), record),
        };
        self.gateway.handle_input(now(), input);
    }

    fn handle_stanza(&mut self, now: Now, stanza: Stanza) {
        self.gateway.handle_input(now, GatewayInput::Stanza(stanza));
    }

    fn handle_reloaded(&mut self, jid: BareJid, record: Option<Box<UserRecord>>) {
        match record {
            Some(record) => self.gateway.load(now(), jid, *record),
            None => {
                let ended = GatewayInput::Ended(jid, Ending::NotRegistered);
                self.gateway.handle_input(now(), ended);
            }
        }
    }

    fn answer(&self, question: Question) {
        let versions = self.gateway.users_by_version().into_iter();
        let versions =
            versions.map(|((network, version), count)| ((network.to_owned(), version), count));
        // Whoever asked may have gone.
        let _ = question.send(Answer {
            link: self.link.status(),
            users: self.gateway.users_by_state(),
            versions: versions.collect(),
        });
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// Taken from users before what the server sent is looked at again.
const AT_ONCE: usize = 256;

/// Of the ten seconds that a shutdown may take (xmpp-gateway.md §3.6).
const GOODBYES_TAKE: Duration = Duration::from_secs(7);
const CLOSING_TAKES: Duration = Duration::from_secs(1);
