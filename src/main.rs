//! The command line.
//!
//! Arguments and configuration become calls of the library; errors become a sentence on standard
//! error and an exit code.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tokio::net::UdpSocket;
use tokio::runtime::{Builder, Runtime};

use icq_transport::config::{self, Config, Log, LogFormat};
use icq_transport::icq::udp::{Side, Version};
use icq_transport::icq::wire::text::Charset;
use icq_transport::inspect::{Known, Show};
use icq_transport::model::Uin;
use icq_transport::runtime::admin::{self, NoStatus};
use icq_transport::runtime::decode::{self, Form, NotDecoded, View};
use icq_transport::runtime::{self, demo, icq_server, logging};
use icq_transport::server::{Account, BOTS, Server, Setup};
use icq_transport::store::{self, Store};

/// An XMPP gateway to ICQ: one external component (XEP-0114), one ICQ login for each user.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the gateway until SIGTERM or Ctrl-C.
    Run(ConfigFile),
    /// Checks the configuration: says OK, or names the key at fault.
    Check(ConfigFile),
    /// Asks the running gateway how it is.
    Status {
        #[command(flatten)]
        config: ConfigFile,
        /// For programs: one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a first conversation on this machine: Prosody, an ICQ server and the gateway.
    Demo {
        /// Ends after the conversation, instead of staying up until Ctrl-C.
        #[arg(long)]
        once: bool,
    },
    /// Runs the ICQ server that comes along, for trying things out: it keeps nothing and encrypts
    /// nothing, so leave it on 127.0.0.1.
    IcqServer(IcqServer),
    /// Shows ICQ packets, deciphered: those of a recording, or one given in hexadecimal digits.
    Decode(Decode),
}

#[derive(Args)]
struct ConfigFile {
    /// The configuration; gateway.toml.example tells every key.
    #[arg(
        long,
        value_name = "FILE",
        env = "ICQ_TRANSPORT_CONFIG",
        default_value = "gateway.toml"
    )]
    config: PathBuf,
}

#[derive(Args)]
struct IcqServer {
    /// The UDP address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4000")]
    listen: SocketAddr,
    /// An account. Can be repeated.
    #[arg(long = "account", value_name = "NUMBER:PASSWORD")]
    accounts: Vec<String>,
    /// A file of accounts, one `NUMBER:PASSWORD` a line; lines that begin with `#` are skipped.
    #[arg(long = "accounts", value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Args)]
struct Decode {
    /// A recording of tcpdump or Wireshark (pcap, pcapng), or - for the standard input.
    #[arg(
        value_name = "FILE",
        required_unless_present = "hex",
        conflicts_with = "hex"
    )]
    file: Option<PathBuf>,
    /// A packet as it was on the wire, in hexadecimal digits.
    #[arg(long, value_name = "DIGITS")]
    hex: Option<String>,
    /// The server's UDP port; without it packets tell by themselves who sent them.
    #[arg(long)]
    port: Option<u16>,
    /// Who sent the packets.
    #[arg(long, value_parser = side)]
    from: Option<Side>,
    /// The version that client and server speak, 1 to 5.
    #[arg(long = "as", value_name = "VERSION", value_parser = version)]
    version: Option<Version>,
    /// A line for each field: offset, length, name, value.
    #[arg(long, conflicts_with = "json")]
    full: bool,
    /// A line of JSON for each packet.
    #[arg(long)]
    json: bool,
    /// Shows what people wrote, names, and bytes without a known meaning.
    #[arg(long)]
    texts: bool,
    /// Shows passwords.
    #[arg(long)]
    passwords: bool,
    /// The code page of texts, such as windows-1251.
    #[arg(long, value_name = "NAME", value_parser = charset)]
    charset: Option<Charset>,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(ConfigFile { config }) => run(&config),
        Command::Check(ConfigFile { config }) => check(&config),
        Command::Status { config, json } => status(&config.config, json),
        Command::Demo { once } => demo(once),
        Command::IcqServer(arguments) => serve_icq(&arguments),
        Command::Decode(arguments) => decode(&arguments),
    };
    let Err(failure) = done else {
        return ExitCode::SUCCESS;
    };
    if !matches!(failure, Failure::Logged(_)) {
        complain(&failure.to_string());
    }
    ExitCode::from(failure.exit_code())
}

fn run(file: &Path) -> Result<(), Failure> {
    let config = load(file)?;
    logging::start(&config.log);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    run_gateway(config).map_err(|failure| {
        tracing::error!("{failure}");
        Failure::Logged(failure.exit_code())
    })
}

fn run_gateway(config: Config) -> Result<(), Failure> {
    let store = Store::start(&config.store.directory, &config.store.key_file)?;
    Ok(tokio_runtime()?.block_on(runtime::run(config, store))?)
}

fn check(file: &Path) -> Result<(), Failure> {
    let config = load(file)?;
    for warning in &config.warnings {
        complain(&format!("warning: {warning}"));
    }
    say("OK");
    Ok(())
}

fn status(file: &Path, json: bool) -> Result<(), Failure> {
    let config = load(file)?;
    let status = tokio_runtime()?.block_on(admin::ask(&config.admin_socket))?;
    if json {
        say(&serde_json::to_string(&status).context("cannot write JSON")?);
    } else {
        say(&status.to_string());
    }
    Ok(())
}

fn demo(once: bool) -> Result<(), Failure> {
    let shown = tokio_runtime()?.block_on(demo::run(once));
    Ok(shown.context("the demo failed")?)
}

fn serve_icq(arguments: &IcqServer) -> Result<(), Failure> {
    logging::start(&Log {
        format: LogFormat::Text,
        filter: "info".to_owned(),
    });
    let accounts = accounts(arguments)?;
    Ok(tokio_runtime()?.block_on(listen(arguments.listen, accounts))?)
}

fn decode(arguments: &Decode) -> Result<(), Failure> {
    let view = View {
        known: Known {
            server_port: arguments.port,
            from: arguments.from,
            version: arguments.version,
        },
        show: Show {
            passwords: arguments.passwords,
            texts: arguments.texts,
            charset: arguments.charset,
        },
        form: match (arguments.full, arguments.json) {
            (true, _) => Form::Full,
            (_, true) => Form::Json,
            (false, false) => Form::Lines,
        },
    };
    let mut out = io::stdout().lock();
    let done = match (&arguments.hex, &arguments.file) {
        (Some(digits), _) => decode::hex(digits, view, &mut out),
        (None, Some(file)) => decode::recording(file, view, &mut out),
        (None, None) => Ok(()),
    };
    match done {
        // Whoever reads has seen enough.
        Err(NotDecoded::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done.map_err(anyhow::Error::from)?),
    }
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "client" => Ok(Side::Client),
        "server" => Ok(Side::Server),
        _ => Err("it is client or server".to_owned()),
    }
}

fn version(text: &str) -> Result<Version, String> {
    let word = text.trim_start_matches(['V', 'v']).parse();
    Version::ALL
        .into_iter()
        .find(|version| Ok(version.word()) == word)
        .ok_or_else(|| "it is a number from 1 to 5".to_owned())
}

fn charset(text: &str) -> Result<Charset, String> {
    Charset::from_label(text).ok_or_else(|| "no such code page is known".to_owned())
}

async fn listen(address: SocketAddr, accounts: Vec<Account>) -> anyhow::Result<()> {
    let socket = UdpSocket::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    say(&format!(
        "ICQ server for trying things out, on {}",
        socket.local_addr()?
    ));
    say(&format!(
        "accounts: {}",
        numbers(accounts.iter().map(|account| account.uin))
    ));
    say(&format!("contacts that live in it: {}", numbers(BOTS)));
    let server = Server::new(Setup {
        accounts,
        seed: rand::random(),
        ..Setup::default()
    });
    tokio::select! {
        served = icq_server::serve(server, socket) => served.context("the socket broke"),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C"),
    }
}

/// The accounts that are given one by one and in a file.
fn accounts(arguments: &IcqServer) -> Result<Vec<Account>, Failure> {
    let mut accounts = Vec::new();
    for text in &arguments.accounts {
        accounts.push(account(text, "--account")?);
    }
    let Some(file) = &arguments.file else {
        return Ok(accounts);
    };
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the accounts in {}", file.display()))?;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if !line.is_empty() && !line.starts_with('#') {
            accounts.push(account(
                line,
                &format!("{}, line {number}", file.display()),
            )?);
        }
    }
    Ok(accounts)
}

/// Reads `NUMBER:PASSWORD`. The error does not repeat it.
fn account(text: &str, place: &str) -> Result<Account, Failure> {
    text.split_once(':')
        .and_then(|(number, password)| Some((Uin::from_digits(number)?, password)))
        .map(|(uin, password)| Account::new(uin, password))
        .ok_or_else(|| Failure::Account(place.to_owned()))
}

fn numbers(uins: impl IntoIterator<Item = Uin>) -> String {
    let uins: Vec<String> = uins.into_iter().map(|uin| uin.to_string()).collect();
    uins.join(" ")
}

fn load(file: &Path) -> Result<Config, config::Error> {
    Config::load(file, std::env::vars_os())
}

/// One thread for all tasks: see [`runtime`].
fn tokio_runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for the system's events")
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}: expected a number, a colon and a password")]
    Account(String),
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
    #[error(transparent)]
    Status(#[from] NoStatus),
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
    /// It has been told already; this is its exit code.
    #[error("exit code {0}")]
    Logged(u8),
}

impl Failure {
    /// The number that [`EXIT_CODES`] tells.
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Other(_)
            | Self::Runtime(runtime::Error::AdminSocket { .. } | runtime::Error::System { .. }) => {
                1
            }
            Self::Account(_) => 2,
            Self::Config(_) => 3,
            Self::Store(error) | Self::Runtime(runtime::Error::Store(error)) => match error {
                store::Error::Newer { .. } => 4,
                store::Error::Damaged { .. } => 5,
                store::Error::KeyMissing { .. }
                | store::Error::KeyExposed { .. }
                | store::Error::KeyMalformed { .. }
                | store::Error::WrongKey { .. } => 6,
                store::Error::Locked { .. } => 7,
                store::Error::Io { .. } | store::Error::Closed => 8,
            },
            Self::Status(_) => 9,
            Self::Logged(code) => *code,
        }
    }
}

/// Says what the command was asked for. Somebody who stopped listening is no failure.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Says what is wrong.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "icq-transport: {text}");
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something else went wrong
  2  the command line is wrong
  3  the configuration is wrong: the sentence names the key
  4  the database is of a newer version of this program
  5  the database is damaged: restore the directory that is named
  6  the key file is missing, malformed, readable by others, or another database's
  7  another process uses the database
  8  the database cannot be read or written: a full disk, a missing permission
  9  no gateway answers (status)";
