//! Serves the in-tree ICQ server on a UDP socket: for tests and the demo.

use std::io;
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::time::sleep_until;

use super::clock::now;
use crate::server::Server;

/// Serves until the socket breaks.
pub async fn serve(mut server: Server, socket: UdpSocket) -> io::Result<()> {
    loop {
        send(&mut server, &socket).await?;
        tokio::select! {
            ready = socket.readable() => {
                ready?;
                receive(&mut server, &socket)?;
            }
            () = at(server.poll_timeout()) => server.handle_timeout(now()),
        }
    }
}

/// Takes the datagrams that are there.
fn receive(server: &mut Server, socket: &UdpSocket) -> io::Result<()> {
    let mut datagram = [0; LONGEST_DATAGRAM];
    for _ in 0..RECEIVE_AT_ONCE {
        match socket.try_recv_from(&mut datagram) {
            Ok((length, from)) => server.handle_datagram(now(), from, &datagram[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // A client that went away; it is no news about the socket.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn send(server: &mut Server, socket: &UdpSocket) -> io::Result<()> {
    while let Some((to, datagram)) = server.poll_output() {
        match socket.send_to(&datagram, to).await {
            Ok(_) => {}
            // A datagram that does not leave is a datagram that got lost.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => tracing::debug!(%to, %error, "a datagram was not sent"),
        }
    }
    Ok(())
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

const LONGEST_DATAGRAM: usize = 8192;
const RECEIVE_AT_ONCE: usize = 64;
