//! The tree's ICQ server in the test's own process: served on a socket, and open to its hooks.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use icq_transport::model::{Now, UnixTime};
use icq_transport::server::{Server, Setup};
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

/// A served [`Server`] that a test can speak to.
#[derive(Debug)]
pub struct SharedServer {
    /// Its UDP port on 127.0.0.1.
    pub port: u16,
    server: Arc<Mutex<Server>>,
    touched: Arc<Notify>,
    task: JoinHandle<io::Result<()>>,
}

impl SharedServer {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = socket.local_addr()?.port();
        let server = Arc::new(Mutex::new(Server::new(setup)));
        let touched = Arc::new(Notify::new());
        let task = tokio::spawn(serve(socket, Arc::clone(&server), Arc::clone(&touched)));
        Ok(Self {
            port,
            server,
            touched,
            task,
        })
    }

    /// Does something to the server, at this moment.
    pub fn with<T>(&self, deed: impl FnOnce(&mut Server, Now) -> T) -> T {
        let result = deed(
            &mut self.server.lock().expect("nobody panics with it"),
            now(),
        );
        self.touched.notify_one();
        result
    }
}

impl Drop for SharedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// This moment.
pub fn now() -> Now {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let unix =
        UnixTime(u64::try_from(since_1970.as_millis()).expect("before the year 584 million"));
    Now {
        instant: Instant::now(),
        unix,
    }
}

async fn serve(
    socket: UdpSocket,
    server: Arc<Mutex<Server>>,
    touched: Arc<Notify>,
) -> io::Result<()> {
    let mut datagram = [0; 8192];
    loop {
        let (outputs, timeout) = {
            let mut server = server.lock().expect("nobody panics with it");
            let outputs: Vec<_> = std::iter::from_fn(|| server.poll_output()).collect();
            (outputs, server.poll_timeout())
        };
        for (to, bytes) in outputs {
            // Whoever is gone does not get it: that is what UDP is like.
            let _ = socket.send_to(&bytes, to).await;
        }
        let wake = timeout.unwrap_or_else(|| Instant::now() + std::time::Duration::from_secs(60));
        tokio::select! {
            received = socket.recv_from(&mut datagram) => {
                let Ok((length, from)) = received else { continue };
                let mut server = server.lock().expect("nobody panics with it");
                server.handle_datagram(now(), from, &datagram[..length]);
            }
            () = touched.notified() => {}
            () = sleep_until(wake.into()) => {
                server.lock().expect("nobody panics with it").handle_timeout(now());
            }
        }
    }
}
