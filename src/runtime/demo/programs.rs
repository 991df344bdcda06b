//! This very program, started as a gateway or as an ICQ server of one's own.
//!
//! The demo and the tests run the real thing, as processes: what they show is what an operator gets.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::prosody::{COMPONENT, COMPONENT_SECRET};

/// An ICQ server of one's own, on a free UDP port of 127.0.0.1, gone when dropped.
#[derive(Debug)]
pub struct IcqServer {
    /// Its UDP port.
    pub port: u16,
    child: Child,
}

impl IcqServer {
    /// Starts `program icq-server` with these accounts (`NUMBER:PASSWORD`), its log in `folder`.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not open its port within [`START_DEADLINE`].
    pub async fn start(program: &Path, folder: &Path, accounts: &[String]) -> io::Result<Self> {
        let port = free_udp_port()?;
        let mut command = Command::new(program);
        command
            .args(["icq-server", "--listen"])
            .arg(format!("127.0.0.1:{port}"));
        for account in accounts {
            command.arg("--account").arg(account);
        }
        let child = spawn(&mut command, &folder.join("icq-server.log"))?;
        let mut server = Self { port, child };
        server.wait_until_bound().await?;
        Ok(server)
    }

    /// Its process number.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The port is taken once nobody else can have it.
    async fn wait_until_bound(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        while UdpSocket::bind((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            if Instant::now() > deadline || self.child.try_wait()?.is_some() {
                return Err(io::Error::other("the ICQ server does not start"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// A gateway of one's own, below one folder, gone when dropped.
#[derive(Debug)]
pub struct Gateway {
    program: PathBuf,
    folder: PathBuf,
    child: Child,
}

impl Gateway {
    /// Starts `program run` below `folder`, attached to the XMPP server's `component_port` and to
    /// the ICQ server at `icq_host`:`icq_port`. `more` is added to the configuration: lines of TOML,
    /// tables included.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub async fn start(
        program: &Path,
        folder: &Path,
        component_port: u16,
        icq: (&str, u16),
        more: &str,
    ) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        fs::write(
            folder.join("gateway.toml"),
            configuration(component_port, icq, more),
        )?;
        let child = run(program, folder)?;
        let gateway = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            child,
        };
        gateway.wait_for_link().await?;
        Ok(gateway)
    }

    /// Its process number.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("gateway.log")).unwrap_or_default()
    }

    /// The command that asks it how it is, as JSON.
    pub fn status_command(&self) -> Vec<String> {
        let config = self.folder.join("gateway.toml").display().to_string();
        vec![
            self.program.display().to_string(),
            "status".into(),
            "--json".into(),
            "--config".into(),
            config,
        ]
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    ///
    /// When the system does not let it be killed.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Starts it again on what it left behind.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_again(&mut self) -> io::Result<()> {
        self.child = run(&self.program, &self.folder)?;
        self.wait_for_link().await
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not end within 12 seconds: it promises ten.
    pub async fn stop(&mut self) -> io::Result<()> {
        if let Some(pid) = self.child.id() {
            Command::new("kill").arg(pid.to_string()).status().await?;
        }
        let end = tokio::time::timeout(Duration::from_secs(12), self.child.wait()).await;
        end.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the gateway does not end"))??;
        Ok(())
    }

    async fn wait_for_link(&self) -> io::Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            let command = self.status_command();
            let asked = Command::new(&command[0])
                .args(&command[1..])
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .output()
                .await?;
            let answer = String::from_utf8_lossy(&asked.stdout).replace(' ', "");
            if asked.status.success() && answer.contains(r#""link":"up""#) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!(
                    "the gateway has no link:\n{}",
                    self.log()
                )));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// How long each program may take to be ready.
pub const START_DEADLINE: Duration = Duration::from_secs(20);

fn run(program: &Path, folder: &Path) -> io::Result<Child> {
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg("--config")
        .arg(folder.join("gateway.toml"));
    spawn(&mut command, &folder.join("gateway.log"))
}

fn spawn(command: &mut Command, log: &Path) -> io::Result<Child> {
    let log = fs::File::options().create(true).append(true).open(log)?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

fn free_udp_port() -> io::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn configuration(component_port: u16, icq: (&str, u16), more: &str) -> String {
    let (icq_host, icq_port) = icq;
    format!(
        r#"[xmpp]
domain = "{COMPONENT}"
secret = "{COMPONENT_SECRET}"
host = "127.0.0.1"
port = {component_port}

[icq]
host = "{icq_host}"
port = {icq_port}
charset = "windows-1251"

{more}"#
    )
}
