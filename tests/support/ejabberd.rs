//! An ejabberd of one's own: below one folder, on loopback, gone when dropped.
//!
//! Needs Debian's package `ejabberd`; started as an Erlang node without a name, so that no epmd is
//! left behind. The configuration follows `../shared/reference/xmpp-servers`.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use icq_transport::runtime::demo::ports::{free_port, wait_for_port};
use icq_transport::runtime::demo::prosody::COMPONENT_SECRET;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A running ejabberd with the host `localhost` and the component `icq.localhost`; whoever comes
/// from this machine may register an account.
#[derive(Debug)]
pub struct Ejabberd {
    /// The port for clients.
    pub c2s_port: u16,
    /// The port for components.
    pub component_port: u16,
    _child: Child,
}

impl Ejabberd {
    /// Starts one below `folder`, waits until it listens and creates these accounts (name and
    /// password).
    ///
    /// # Errors
    ///
    /// When ejabberd is not installed, or does not listen within [`START_DEADLINE`].
    pub async fn start(folder: &Path, accounts: &[(&str, &str)]) -> io::Result<Self> {
        let (c2s_port, component_port) = (free_port()?, free_port()?);
        for sub in ["spool", "logs"] {
            fs::create_dir_all(folder.join(sub))?;
        }
        let config = folder.join("ejabberd.yml");
        fs::write(&config, configuration(c2s_port, component_port))?;

        let child = Command::new("erl")
            .args(["-noinput", "+K", "true", "-mnesia", "dir"])
            .arg(format!("\"{}\"", folder.join("spool").display()))
            .args(["-ejabberd", "quiet", "true", "-s", "ejabberd"])
            .env("HOME", folder)
            .env("EJABBERD_CONFIG_PATH", &config)
            .env("EJABBERD_LOG_PATH", folder.join("logs/ejabberd.log"))
            .env("ERL_CRASH_DUMP", folder.join("logs/erl_crash.dump"))
            .env("ERL_LIBS", erlang_libraries()?)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        wait_for_port(c2s_port, START_DEADLINE).await?;
        wait_for_port(component_port, START_DEADLINE).await?;
        for (name, password) in accounts {
            create_account(c2s_port, name, password).await?;
        }
        Ok(Self {
            c2s_port,
            component_port,
            _child: child,
        })
    }
}

/// XEP-0077 on a stream of its own, as a person who has no account yet.
async fn create_account(port: u16, name: &str, password: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' to='localhost' \
         xmlns:stream='http://etherx.jabber.org/streams'><iq type='set' id='new'>\
         <query xmlns='jabber:iq:register'><username>{name}</username>\
         <password>{password}</password></query></iq>"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("id='new'") {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    if String::from_utf8_lossy(&answer).contains("type='result'") {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "no account: {}",
        String::from_utf8_lossy(&answer)
    )))
}

/// How long ejabberd may take to listen.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// The folder that holds `ejabberd-<version>`: Debian's multiarch library folder.
fn erlang_libraries() -> io::Result<PathBuf> {
    let holds_ejabberd = |folder: &PathBuf| {
        fs::read_dir(folder).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|e| e.file_name().to_string_lossy().starts_with("ejabberd-"))
        })
    };
    fs::read_dir("/usr/lib")?
        .flatten()
        .map(|entry| entry.path())
        .find(holds_ejabberd)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "ejabberd is not installed"))
}

fn configuration(c2s_port: u16, component_port: u16) -> String {
    format!(
        r#"hosts: [localhost]
loglevel: info
default_db: mnesia
auth_method: [internal]
auth_password_format: plain
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
registration_timeout: infinity
listen:
  - port: {c2s_port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    access: all
    shaper: none
    max_stanza_size: 262144
  - port: {component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    shaper: none
    max_stanza_size: 524288
    hosts:
      icq.localhost:
        password: "{COMPONENT_SECRET}"
acl:
  local:
    user_regexp: ""
  loopback:
    ip: [127.0.0.0/8]
  gateway:
    server: icq.localhost
access_rules:
  loopback:
    allow: loopback
  privileged:
    - allow: gateway
modules:
  mod_adhoc: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco:
    extra_domains: [icq.localhost]
  mod_last: {{}}
  mod_muc: {{}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_privilege:
    roster: {{ both: privileged }}
    message: {{ outgoing: privileged }}
  mod_pubsub:
    plugins: [flat, pep]
  mod_register:
    ip_access: loopback
    access_from: all
    captcha_protected: false
  mod_roster:
    versioning: true
  mod_stream_mgmt: {{}}
  mod_time: {{}}
  mod_vcard:
    search: false
  mod_version: {{}}
"#
    )
}
