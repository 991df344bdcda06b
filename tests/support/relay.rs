//! A UDP relay that keeps what passes: between the gateway and an ICQ server.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// A relay to a server on this machine; each client gets a socket of its own towards it.
#[derive(Debug)]
pub struct Relay {
    /// Where clients send.
    pub port: u16,
    recorded: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<io::Result<()>>,
}

impl Relay {
    /// Starts one to `server_port` of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the system has no port left.
    pub async fn start(server_port: u16) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let port = socket.local_addr()?.port();
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(forward(socket, server_port, Arc::clone(&recorded)));
        Ok(Self {
            port,
            recorded,
            task,
        })
    }

    /// What clients have sent so far, in order.
    pub fn client_datagrams(&self) -> Vec<Vec<u8>> {
        self.recorded.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(
    socket: Arc<UdpSocket>,
    server_port: u16,
    recorded: Arc<Mutex<Vec<Vec<u8>>>>,
) -> io::Result<()> {
    let mut towards_server: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut buffer = [0; 2048];
    loop {
        let (length, client) = socket.recv_from(&mut buffer).await?;
        let datagram = &buffer[..length];
        recorded
            .lock()
            .expect("nobody panics with it")
            .push(datagram.to_vec());
        let server = match towards_server.get(&client) {
            Some(server) => Arc::clone(server),
            None => {
                let server = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
                server.connect((Ipv4Addr::LOCALHOST, server_port)).await?;
                tokio::spawn(bring_back(Arc::clone(&server), Arc::clone(&socket), client));
                towards_server.insert(client, Arc::clone(&server));
                server
            }
        };
        server.send(datagram).await?;
    }
}

async fn bring_back(server: Arc<UdpSocket>, socket: Arc<UdpSocket>, client: SocketAddr) {
    let mut buffer = [0; 2048];
    while let Ok(length) = server.recv(&mut buffer).await {
        if socket.send_to(&buffer[..length], client).await.is_err() {
            return;
        }
    }
}
