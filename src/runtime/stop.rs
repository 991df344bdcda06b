//! The wish that the program end: a signal, or a word in a test.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Hears the wish that the program end. The first is a request, the second an order.
#[derive(Debug)]
pub struct Stop {
    wishes: mpsc::Receiver<()>,
}

impl Stop {
    /// Listens to a sender.
    pub fn channel() -> (mpsc::Sender<()>, Self) {
        let (sender, wishes) = mpsc::channel(2);
        (sender, Self { wishes })
    }

    /// Listens to SIGTERM and SIGINT.
    pub(super) fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (sender, stop) = Self::channel();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if sender.send(()).await.is_err() {
                    return;
                }
            }
        });
        Ok(stop)
    }

    /// Waits for the wish. Cancel safe.
    pub(super) async fn asked(&mut self) {
        if self.wishes.recv().await.is_none() {
            // Nobody is left to wish anything.
            std::future::pending::<()>().await;
        }
    }
}
