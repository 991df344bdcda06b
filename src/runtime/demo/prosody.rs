//! A Prosody of one's own: below one folder, on loopback, gone when dropped.
//!
//! For the demo, the tests and the benchmark. Needs Debian's packages `prosody` and, for the
//! privileges, `prosody-modules`; the configuration follows `../shared/reference/xmpp-servers`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::ports::{free_port, wait_for_port};

/// A running Prosody with the host `localhost` and the component `icq.localhost`.
#[derive(Debug)]
pub struct Prosody {
    /// The port for clients.
    pub c2s_port: u16,
    /// The port for components.
    pub component_port: u16,
    config: PathBuf,
    child: Child,
}

/// What the component says in its handshake.
pub const COMPONENT_SECRET: &str = "loopback-only";

/// The host whose users talk to the component.
pub const HOST: &str = "localhost";

/// The component's domain.
pub const COMPONENT: &str = "icq.localhost";

impl Prosody {
    /// Starts one below `folder`, with these accounts (name and password), and waits until it
    /// listens.
    ///
    /// # Errors
    ///
    /// When Prosody is not installed, or does not listen within [`START_DEADLINE`].
    pub async fn start(folder: &Path, accounts: &[(&str, &str)]) -> io::Result<Self> {
        let (c2s_port, component_port) = (free_port()?, free_port()?);
        for sub in ["data", "certs"] {
            std::fs::create_dir_all(folder.join(sub))?;
        }
        for (name, password) in accounts {
            write_account(folder, name, password)?;
        }
        let config = folder.join("prosody.cfg.lua");
        std::fs::write(&config, configuration(folder, c2s_port, component_port))?;

        let child = start_process(&config)?;
        let server = Self {
            c2s_port,
            component_port,
            config,
            child,
        };
        wait_for_port(c2s_port, START_DEADLINE).await?;
        wait_for_port(component_port, START_DEADLINE).await?;
        Ok(server)
    }

    /// Its process number: a benchmark asks the system for its processor time.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops it and starts it again on the same ports with the same data.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child.kill().await?;
        self.child = start_process(&self.config)?;
        wait_for_port(self.c2s_port, START_DEADLINE).await?;
        wait_for_port(self.component_port, START_DEADLINE).await
    }
}

/// How long Prosody may take to listen.
pub const START_DEADLINE: Duration = Duration::from_secs(20);

fn start_process(config: &Path) -> io::Result<Child> {
    Command::new("prosody")
        .arg("--config")
        .arg(config)
        .arg("-F")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                io::ErrorKind::NotFound,
                "Prosody is not installed: apt-get install prosody prosody-modules",
            ),
            _ => error,
        })
}

/// Accounts of `internal_plain` are one small Lua file each; writing it spares a `prosodyctl` apiece.
fn write_account(folder: &Path, name: &str, password: &str) -> io::Result<()> {
    let accounts = folder.join("data").join(HOST).join("accounts");
    std::fs::create_dir_all(&accounts)?;
    std::fs::write(
        accounts.join(format!("{name}.dat")),
        format!("return {{\n\t[\"password\"] = \"{password}\";\n}};\n"),
    )
}

/// Where Debian's `prosody-modules` keeps the community modules: `mod_privilege` is one of them.
const COMMUNITY_MODULES: &str = "/usr/lib/prosody/modules";

fn configuration(folder: &Path, c2s_port: u16, component_port: u16) -> String {
    let privilege = Path::new(COMMUNITY_MODULES).join("mod_privilege").is_dir();
    let privilege = if privilege { r#""privilege";"# } else { "" };
    let folder = folder.display();
    format!(
        r#"local dir = "{folder}"
pidfile = dir .. "/prosody.pid"
data_path = dir .. "/data"
certificates = dir .. "/certs"
plugin_paths = {{ "{COMMUNITY_MODULES}" }}
run_as_root = true
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = dir .. "/prosody.log" }} }}

interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
component_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s_port} }}
component_ports = {{ {component_port} }}
http_ports = {{}}
https_ports = {{}}
s2s_ports = {{}}
legacy_ssl_ports = {{}}

modules_enabled = {{
  "roster"; "saslauth"; "disco"; "ping"; "version"; "time"; "posix"; "carbons"; "pep"; "private";
  "blocklist"; "vcard4"; "vcard_legacy"; "smacks"; "csi_simple"; "offline"; {privilege}
}}
modules_disabled = {{ "s2s"; "tls" }}

authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
allow_registration = false
limits = {{}}

VirtualHost "{HOST}"
  privileged_entities = {{
    ["{COMPONENT}"] = {{ roster = "both"; message = "outgoing" }};
  }}
  disco_items = {{ {{ "{COMPONENT}", "ICQ" }} }}

Component "{COMPONENT}"
  component_secret = "{COMPONENT_SECRET}"
  modules_enabled = {{ {privilege} }}
"#
    )
}
