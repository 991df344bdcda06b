//! `gateway.toml` to a checked [`Config`].
//!
//! Two keys must be there, the component's domain and its secret; everything else has a default that
//! suits most. `gateway.toml.example` tells all of them. Variables of the environment go before the
//! file: `ICQ_TRANSPORT__XMPP__PORT` is `xmpp.port`; a list is written with commas there. Paths that
//! do not begin with `/` begin at the folder of the file.

mod error;
mod keys;
mod kind;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::gateway::{ContactAddresses, Limits, Network, Settings};
use crate::icq::wire::Version;
use crate::model::Secret;
use keys::Keys;

pub use error::Error;
pub use keys::{ENVIRONMENT_PREFIX, KEYS, NETWORK_KEYS};

/// What the operator decided, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The link to the XMPP server.
    pub xmpp: Xmpp,
    /// Addresses of this machine that ICQ logins take turns in using; none leaves it to the system.
    pub source_addresses: Vec<IpAddr>,
    /// Where state is kept.
    pub store: Store,
    /// What is logged, and how.
    pub log: Log,
    /// The operator's socket.
    pub admin_socket: PathBuf,
    /// How the gateway behaves.
    pub settings: Settings,
    /// What is allowed but unwise, each as a sentence.
    pub warnings: Vec<String>,
}

/// The link to the XMPP server. The component's name is [`Settings::domain`].
#[derive(Clone, Debug, PartialEq)]
pub struct Xmpp {
    /// The server's name or address.
    pub host: String,
    /// Its port for components.
    pub port: u16,
    /// The secret shared with it.
    pub secret: Secret,
}

/// Where state is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// The database.
    pub directory: PathBuf,
    /// The key that seals it.
    pub key_file: PathBuf,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The form of the lines.
    pub format: LogFormat,
    /// Which lines: a filter of tracing.
    pub filter: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads and checks `file`, and the variables of `environment` that are meant for it.
    pub fn load(
        file: &Path,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let keys = Keys::read(file, environment)?;
        let folder = folder_of(file)?;
        let path = |key, default: &str| {
            let path = keys.or(key, &kind::PATH, PathBuf::from(default))?;
            Ok(folder.join(path))
        };
        let mut config = Self {
            settings: settings(&keys)?,
            xmpp: Xmpp {
                host: keys.or("xmpp.host", &kind::HOST, "127.0.0.1".to_owned())?,
                port: keys.or("xmpp.port", &kind::PORT, 5347)?,
                secret: secret(&keys, &folder)?,
            },
            source_addresses: keys.or("icq.source_addresses", &kind::ADDRESSES, Vec::new())?,
            store: Store {
                directory: path("store.directory", "state/db")?,
                key_file: path("store.key_file", "state/key")?,
            },
            log: Log {
                format: keys.or("log.format", &kind::LOG_FORMAT, LogFormat::Text)?,
                filter: keys.or("log.filter", &kind::LOG_FILTER, "info".to_owned())?,
            },
            admin_socket: path("admin.socket", "state/admin.sock")?,
            warnings: Vec::new(),
        };
        if config.admin_socket.as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(Error::Invalid {
                place: keys.place("admin.socket"),
                key: "admin.socket".to_owned(),
                expected: "a path that is at most 107 bytes long, its folder included",
            });
        }
        config.warnings = warnings(&config, &keys, file);
        Ok(config)
    }
}

fn settings(keys: &Keys) -> Result<Settings, Error> {
    let default = Settings::new(keys.required("xmpp.domain", &kind::DOMAIN)?);
    Ok(Settings {
        local_domains: keys.or("xmpp.local_domains", &kind::DOMAINS, default.local_domains)?,
        networks: networks(keys)?,
        lowest_uin: keys.or("icq.lowest_uin", &kind::UIN, default.lowest_uin)?,
        unique_uin: keys.or("icq.unique_uin", &kind::SWITCH, default.unique_uin)?,
        name: keys.or("gateway.name", &kind::TEXT, default.name)?,
        access: keys.or("gateway.access", &kind::ACCESS, default.access)?,
        new_numbers: keys.or("gateway.new_numbers", &kind::SWITCH, default.new_numbers)?,
        chat_password: keys.or(
            "gateway.chat_password",
            &kind::SWITCH,
            default.chat_password,
        )?,
        contact_addresses: ContactAddresses {
            admin: keys.or("gateway.admin_addresses", &kind::URIS, Vec::new())?,
            support: keys.or("gateway.support_addresses", &kind::URIS, Vec::new())?,
            abuse: keys.or("gateway.abuse_addresses", &kind::URIS, Vec::new())?,
        },
        logoff_delay: keys.or("gateway.logoff_delay", &kind::TIME, default.logoff_delay)?,
        link_grace: keys.or("gateway.link_grace", &kind::TIME, default.link_grace)?,
        message_hold: keys.or("gateway.message_hold", &kind::TIME, default.message_hold)?,
        registration_deadline: keys.or(
            "gateway.registration_deadline",
            &kind::TIME,
            default.registration_deadline,
        )?,
        limits: limits(keys, &default.limits)?,
        domain: default.domain,
    })
}

/// The network of the section `icq`, then the further ones, which have its settings where they say
/// nothing else.
fn networks(keys: &Keys) -> Result<Vec<Network>, Error> {
    let first = network(keys, "icq", Network::new(Network::FIRST))?;
    let mut networks = vec![first.clone()];
    for (name, key) in keys.networks() {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_free = name != Network::FIRST && name.len() <= LONGEST_NAME;
        if !is_free || !name.chars().all(is_name) || networks.len() > MOST_NETWORKS {
            return Err(Error::Invalid {
                place: keys.place(key),
                key: key.to_owned(),
                expected: "the name of the network between the dots to be short, of a-z, 0-9 and -, \
                           and not \"icq\"; there are 32 at most",
            });
        }
        let default = Network {
            name: name.to_owned(),
            title: name.to_owned(),
            ..first.clone()
        };
        // Nobody means two names for one server.
        let section = format!("network.{name}");
        keys.required(&format!("{section}.host"), &kind::HOST)?;
        networks.push(network(keys, &section, default)?);
    }
    Ok(networks)
}

fn network(keys: &Keys, section: &str, default: Network) -> Result<Network, Error> {
    let key = |name| format!("{section}.{name}");
    Ok(Network {
        title: keys.or(&key("name"), &kind::TEXT, default.title)?,
        host: keys.or(&key("host"), &kind::HOST, default.host)?,
        port: keys.or(&key("port"), &kind::PORT, default.port)?,
        versions: keys.or(&key("versions"), &kind::VERSIONS, default.versions)?,
        charset: keys.or(&key("charset"), &kind::CHARSET, default.charset)?,
        keep_alive: keys.or(&key("keep_alive"), &kind::KEEP_ALIVE, default.keep_alive)?,
        name: default.name,
    })
}

fn limits(keys: &Keys, default: &Limits) -> Result<Limits, Error> {
    let rate = |key, default| keys.or(key, &kind::RATE, default);
    let count = |key, default| keys.or(key, &kind::COUNT, default);
    Ok(Limits {
        users: count("limits.users", default.users)?,
        probes_per_second: rate("limits.probes_per_second", default.probes_per_second)?,
        logins_per_second: rate("limits.logins_per_second", default.logins_per_second)?,
        messages_per_second: rate("limits.messages_per_second", default.messages_per_second)?,
        message_burst: rate("limits.message_burst", default.message_burst)?,
        queued_messages: count("limits.queued_messages", default.queued_messages)?,
        body_chars: count("limits.body_chars", default.body_chars)?,
        contacts: count("limits.contacts", default.contacts)?,
        held_messages: count("limits.held_messages", default.held_messages)?,
        new_numbers_per_day: rate("limits.new_numbers_per_day", default.new_numbers_per_day)?,
        registrations_per_hour: rate(
            "limits.registrations_per_hour",
            default.registrations_per_hour,
        )?,
        subscriptions_per_hour: rate(
            "limits.subscriptions_per_hour",
            default.subscriptions_per_hour,
        )?,
        stanzas_per_second: rate("limits.stanzas_per_second", default.stanzas_per_second)?,
        stanza_burst: rate("limits.stanza_burst", default.stanza_burst)?,
    })
}

/// The secret itself or what is in its file. One in the environment goes before one in the file.
fn secret(keys: &Keys, folder: &Path) -> Result<Secret, Error> {
    let in_file = match (
        keys.is_from_environment("xmpp.secret"),
        keys.is_from_environment("xmpp.secret_file"),
    ) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) if one != other => other,
        (Some(_), Some(_)) => {
            return Err(Error::TwoSecrets {
                place: keys.place("xmpp.secret"),
            });
        }
    };
    if !in_file {
        return keys.required("xmpp.secret", &kind::SECRET);
    }
    let path = folder.join(keys.required("xmpp.secret_file", &kind::PATH)?);
    let failed = |reason: String| Error::SecretFile {
        place: keys.place("xmpp.secret_file"),
        path: path.clone(),
        reason,
    };
    let text = fs::read_to_string(&path).map(Secret::new);
    let text = text.map_err(|error| failed(error.to_string()))?;
    match text.reveal().trim() {
        "" => Err(failed("it is empty".to_owned())),
        secret => Ok(Secret::new(secret)),
    }
}

fn warnings(config: &Config, keys: &Keys, file: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    let host = &config.xmpp.host;
    let is_loopback = host == "localhost" || host.parse().is_ok_and(|a: IpAddr| a.is_loopback());
    if !is_loopback {
        warnings.push(format!(
            "xmpp.host is {host}, another machine: the link has no encryption, so passwords and \
             messages cross the network in clear unless it is tunnelled"
        ));
    }
    let networks = config.settings.networks.iter();
    for network in networks.filter(|network| network.versions.contains(&Version::V1)) {
        let key = match network.name.as_str() {
            Network::FIRST => "icq.versions".to_owned(),
            name => format!("network.{name}.versions"),
        };
        warnings.push(format!(
            "{key} names V1, which is experimental: one server knows it, and nobody recorded it"
        ));
    }
    let mode = fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
    if keys.is_from_environment("xmpp.secret") == Some(false) && mode & 0o004 != 0 {
        warnings.push(format!(
            "{} holds xmpp.secret and every account of this machine can read it: run `chmod o= {}`",
            file.display(),
            file.display()
        ));
    }
    warnings
}

/// The folder a file is in, from the root.
fn folder_of(file: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(file).map_err(|error| Error::Unreadable {
        file: file.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(absolute.parent().map_or_else(PathBuf::new, Path::to_owned))
}

const MOST_NETWORKS: usize = 32;
const LONGEST_NAME: usize = 32;

/// What a `sockaddr_un` holds, less its final zero.
const LONGEST_SOCKET_PATH: usize = 107;
