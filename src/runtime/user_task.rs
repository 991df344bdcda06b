//! The task that drives one [`User`]: its inbox, its socket, its timer and nothing else.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Sleep, sleep_until};
use xmpp_parsers::jid::BareJid;

use super::clock::now;
use super::inbox::{Inbox, Item, LinkNumber};
use super::links::{Link, Networks};
use super::store_thread::{Gone, StoreHandle};
use crate::gateway::{Ending, Mark, User, UserInput, UserOutput, UserState};
use crate::icq::LogoutReason;
use crate::icq::wire::Version;
use crate::store::{Stray, UserRecord};
use crate::xmpp::Stanza;

/// What a user's task has for the task of the gateway. One queue carries them all, in their order.
#[derive(Debug)]
pub(super) enum FromUser {
    /// Send this to the XMPP server, unless the link is another one by then.
    Stanza(Stanza, LinkNumber),
    /// Say when everything before this has reached it, unless the link is another one by then.
    Mark(Arc<Inbox>, Mark, LinkNumber),
    /// This user waits for a turn to log in.
    WantLogin(Arc<BareJid>),
    /// This user's state has changed.
    State(Arc<BareJid>, UserState),
    /// This user has that network, in that version.
    Speaks(Arc<BareJid>, String, Version),
    /// Trials may have left these sessions open.
    LeftOpen(Vec<Stray>),
    /// This user is registered from now on, or no longer.
    Registered(Arc<BareJid>, bool),
    /// This user's task is about to end.
    Ended(Arc<BareJid>, Ending),
    /// This is what is kept about a user whose task died.
    Reloaded(Arc<BareJid>, Option<Box<UserRecord>>),
}

/// What a user's task needs of the world.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) outbox: mpsc::Sender<FromUser>,
    pub(super) store: StoreHandle,
    pub(super) networks: Arc<Networks>,
}

/// The task.
pub(super) struct UserTask {
    /// As it came: moved into the task, it would leave a hole of its size behind, ten thousand times.
    user: Box<User>,
    jid: Arc<BareJid>,
    inbox: Arc<Inbox>,
    world: World,
    /// The link to the XMPP server that this user believes to be on.
    link: LinkNumber,
    socket: Option<UdpSocket>,
    /// Counts the wishes for a socket; the answer to an old one is void.
    wish: u32,
}

/// Why a task returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Return {
    /// The user has said the last word.
    Ended,
    /// The store gives no answer, or the program is about to end.
    Abandoned,
}

impl From<Gone> for Return {
    fn from(Gone: Gone) -> Self {
        Self::Abandoned
    }
}

impl UserTask {
    /// The task of `user`, not yet running. `link` is the one that is up, if one is.
    pub(super) const fn new(
        user: Box<User>,
        jid: Arc<BareJid>,
        inbox: Arc<Inbox>,
        world: World,
        link: LinkNumber,
    ) -> Self {
        Self {
            user,
            jid,
            inbox,
            world,
            link,
            socket: None,
            wish: 0,
        }
    }

    /// Drives the user to the end.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn would keep a second place for all of `self`, ten thousand times"
    )]
    pub(super) fn run(mut self) -> impl Future<Output = Return> + Send {
        async move { self.drive().await }
    }

    async fn drive(&mut self) -> Return {
        let timer = sleep_until(Instant::now().into());
        tokio::pin!(timer);
        loop {
            if let Err(why) = self.settle().await {
                return why;
            }
            self.wait(timer.as_mut()).await;
            tokio::task::consume_budget().await;
        }
    }

    /// Handles what is there, makes it safe, then does what follows from it.
    async fn settle(&mut self) -> Result<(), Return> {
        self.handle_inputs();
        if let Some(changes) = self.user.poll_changes() {
            let jid = BareJid::clone(&self.jid);
            match changes.barrier {
                true => self.world.store.save(jid, changes.list).await?,
                false => self.world.store.note(jid, changes.list).await?,
            }
        }
        while let Some(output) = self.user.poll_output() {
            self.perform(output).await?;
        }
        Ok(())
    }

    /// Waits for an item, a datagram, or the time.
    async fn wait(&mut self, mut timer: std::pin::Pin<&mut Sleep>) {
        let deadline = self.user.poll_timeout();
        if let Some(deadline) = deadline
            && timer.deadline() != deadline.into()
        {
            timer.as_mut().reset(deadline.into());
        }
        tokio::select! {
            () = self.inbox.filled() => {}
            ready = readable(self.socket.as_ref()) => match ready {
                Ok(()) => self.receive(),
                Err(error) => self.lose_socket(&error),
            },
            () = timer, if deadline.is_some() => self.user.handle_timeout(now()),
        }
    }

    fn handle_inputs(&mut self) {
        let now = now();
        for _ in 0..INPUTS_AT_ONCE {
            let Some(item) = self.inbox.pop() else { return };
            match item {
                Item::Input(input) => self.user.handle_input(now, input),
                Item::LinkUp(input, link) => {
                    self.link = link;
                    self.user.handle_input(now, input);
                }
                Item::Opened(wish, outcome) if wish == self.wish => self.handle_opened(outcome),
                Item::Opened(..) => {}
            }
        }
    }

    async fn perform(&mut self, output: UserOutput) -> Result<(), Return> {
        match output {
            UserOutput::Stanza(stanza) => self.tell(FromUser::Stanza(stanza, self.link)).await,
            UserOutput::Mark(mark) => {
                let inbox = self.inbox.clone();
                self.tell(FromUser::Mark(inbox, mark, self.link)).await
            }
            UserOutput::WantLogin => self.tell(FromUser::WantLogin(self.jid.clone())).await,
            UserOutput::State(state) => self.tell(FromUser::State(self.jid.clone(), state)).await,
            UserOutput::Registered(registered) => {
                self.tell(FromUser::Registered(self.jid.clone(), registered))
                    .await
            }
            UserOutput::Connect { network, port } => {
                self.open_socket(network, port);
                Ok(())
            }
            UserOutput::Speaks(network, version) => {
                self.tell(FromUser::Speaks(self.jid.clone(), network, version))
                    .await
            }
            UserOutput::LeftOpen(strays) => self.tell(FromUser::LeftOpen(strays)).await,
            UserOutput::Transmit(datagram) => {
                self.transmit(&datagram).await;
                Ok(())
            }
            UserOutput::Disconnect => {
                self.wish += 1;
                self.socket = None;
                Ok(())
            }
            UserOutput::Ended(ending) => {
                self.tell(FromUser::Ended(self.jid.clone(), ending)).await?;
                Err(Return::Ended)
            }
        }
    }

    /// There is room as a rule, so none is kept for waiting.
    async fn tell(&self, what: FromUser) -> Result<(), Return> {
        match self.world.outbox.try_send(what) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(Return::Abandoned),
            Err(TrySendError::Full(what)) => Box::pin(self.world.outbox.send(what))
                .await
                .map_err(|_| Return::Abandoned),
        }
    }

    /// A name may take seconds to resolve, and the user wants to be heard meanwhile.
    fn open_socket(&mut self, network: String, port: Option<u16>) {
        self.socket = None;
        self.wish += 1;
        let (wish, inbox) = (self.wish, self.inbox.clone());
        let networks = self.world.networks.clone();
        tokio::spawn(async move {
            let opened = networks.open(&network, port).await;
            inbox.push(Item::Opened(wish, opened));
        });
    }

    fn handle_opened(&mut self, outcome: Result<Link, LogoutReason>) {
        let input = match outcome {
            Ok(link) => {
                self.socket = Some(link.socket);
                UserInput::Connected {
                    local_port: link.local_port,
                }
            }
            Err(reason) => UserInput::ConnectFailed(reason),
        };
        self.user.handle_input(now(), input);
    }

    /// Takes the datagrams that are there. Their buffer lives on the stack, for this long only.
    fn receive(&mut self) {
        let mut datagram = [0; LONGEST_DATAGRAM];
        for _ in 0..DATAGRAMS_AT_ONCE {
            let Some(socket) = &self.socket else { return };
            match socket.try_recv(&mut datagram) {
                Ok(length) => self.user.handle_datagram(now(), &datagram[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => self.lose_socket(&error),
            }
        }
    }

    /// A datagram that does not leave is one that got lost: the session repeats it.
    async fn transmit(&mut self, datagram: &[u8]) {
        let Some(socket) = &self.socket else { return };
        let sent = match socket.try_send(datagram) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Box::pin(socket.send(datagram)).await
            }
            sent => sent,
        };
        match sent {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.lose_socket(&error);
            }
            Err(error) => tracing::debug!(jid = %self.jid, %error, "a datagram was not sent"),
        }
    }

    /// The server's port is closed, or the network is gone. Said by way of the inbox, because outputs
    /// may be under way, and what follows has to be safe before it is done.
    fn lose_socket(&mut self, error: &io::Error) {
        self.socket = None;
        let reason = LogoutReason::Unreachable(error.to_string());
        self.inbox.push(Item::Opened(self.wish, Err(reason)));
    }
}

/// Waits for a datagram. An error is one that the network reported: a closed port, mostly, which
/// counts as an event of its own and would wake nobody who waits for datagrams only.
async fn readable(socket: Option<&UdpSocket>) -> io::Result<()> {
    let Some(socket) = socket else {
        return std::future::pending().await;
    };
    let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
    if !ready.is_error() {
        return Ok(());
    }
    let reported = socket.try_io(Interest::ERROR, || match socket.take_error()? {
        Some(error) => Err(error),
        None => Err(io::ErrorKind::WouldBlock.into()),
    });
    match reported {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Inputs that are handled before outputs are looked at: enough for one write to disk to serve many
/// messages, not so much that others would wait.
const INPUTS_AT_ONCE: usize = 128;

const DATAGRAMS_AT_ONCE: usize = 64;
const LONGEST_DATAGRAM: usize = 8192;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_refusal_is_heard_without_another_datagram_and_only_once() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = server.local_addr().unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket.connect(address).await.unwrap();
        drop(server);

        socket.send(b"is anybody there?").await.unwrap();
        let heard = timeout(Duration::from_secs(5), readable(Some(&socket))).await;
        assert_eq!(
            heard.unwrap().unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );

        let server = UdpSocket::bind(address).await.unwrap();
        let own = socket.local_addr().unwrap();
        server.send_to(b"now there is", own).await.unwrap();
        let mut datagram = [0; 32];
        loop {
            readable(Some(&socket)).await.unwrap();
            if socket.try_recv(&mut datagram).is_ok() {
                break;
            }
        }
    }
}
