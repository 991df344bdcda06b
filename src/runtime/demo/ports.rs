//! Free ports on loopback, and waiting until somebody listens there.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// A TCP port that nobody uses at this moment.
///
/// # Errors
///
/// When the system has none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Waits until somebody listens on `port` of 127.0.0.1.
///
/// # Errors
///
/// When nobody does within `patience`.
pub async fn wait_for_port(port: u16, patience: Duration) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_err()
    {
        if Instant::now() > deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "nobody listens on port {port} after {} s",
                    patience.as_secs()
                ),
            ));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
