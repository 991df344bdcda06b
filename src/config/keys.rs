//! The keys of `gateway.toml`: which there are, and how each is asked for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use ::config::{ConfigError, Environment, File, FileFormat, Map, Value, ValueKind};

use super::Error;
use super::kind::{Given, Kind};

/// What the variables begin with that go before the file: `ICQ_TRANSPORT__XMPP__PORT` is
/// `xmpp.port`.
pub const ENVIRONMENT_PREFIX: &str = "ICQ_TRANSPORT__";

/// Every key there is, in the order of `gateway.toml.example`.
pub const KEYS: &[&str] = &[
    "xmpp.domain",
    "xmpp.secret",
    "xmpp.secret_file",
    "xmpp.host",
    "xmpp.port",
    "xmpp.local_domains",
    "icq.name",
    "icq.host",
    "icq.port",
    "icq.versions",
    "icq.charset",
    "icq.keep_alive",
    "icq.source_addresses",
    "icq.lowest_uin",
    "icq.unique_uin",
    "gateway.name",
    "gateway.access",
    "gateway.admin_addresses",
    "gateway.support_addresses",
    "gateway.abuse_addresses",
    "gateway.chat_password",
    "gateway.new_numbers",
    "gateway.logoff_delay",
    "gateway.link_grace",
    "gateway.message_hold",
    "gateway.registration_deadline",
    "limits.users",
    "limits.probes_per_second",
    "limits.logins_per_second",
    "limits.messages_per_second",
    "limits.message_burst",
    "limits.queued_messages",
    "limits.body_chars",
    "limits.contacts",
    "limits.held_messages",
    "limits.registrations_per_hour",
    "limits.new_numbers_per_day",
    "limits.subscriptions_per_hour",
    "limits.stanzas_per_second",
    "limits.stanza_burst",
    "store.directory",
    "store.key_file",
    "log.format",
    "log.filter",
    "admin.socket",
];

/// The keys that each further network has: `network.friends.host`, for a network called `friends`.
pub const NETWORK_KEYS: &[&str] = &["name", "host", "port", "versions", "charset", "keep_alive"];

/// What file and environment say, to be asked key by key.
pub(super) struct Keys {
    file: PathBuf,
    values: BTreeMap<String, Given>,
}

impl Keys {
    /// Reads `file`; what `environment` says goes before it. Refuses keys that there are not.
    pub(super) fn read(
        file: &Path,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let text = fs::read_to_string(file).map_err(|error| Error::Unreadable {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        let merged = ::config::Config::builder()
            .add_source(File::from_str(&text, FileFormat::Toml))
            .add_source(
                Environment::with_prefix(ENVIRONMENT_PREFIX)
                    .prefix_separator("")
                    .separator("__")
                    .source(Some(ours(environment)?)),
            )
            .build()
            .map_err(|error| Error::Syntax {
                file: file.to_owned(),
                reason: without_excerpt(&error),
            })?;
        let mut keys = Self {
            file: file.to_owned(),
            values: BTreeMap::new(),
        };
        keys.flatten("", merged.cache);
        match keys.values.keys().find(|key| !is_key(key)) {
            None => Ok(keys),
            Some(unknown) => Err(Error::Unknown {
                place: keys.place(unknown),
                key: unknown.clone(),
                nearest: nearest(unknown),
            }),
        }
    }

    /// The names of the further networks, in their alphabetical order, each with a key that it has.
    pub(super) fn networks(&self) -> BTreeMap<&str, &str> {
        let keys = self.values.keys().map(String::as_str);
        keys.filter_map(|key| Some((network_key(key)?.0, key)))
            .collect()
    }

    /// The value of `key`, or `default`.
    pub(super) fn or<T>(&self, key: &str, kind: &Kind<T>, default: T) -> Result<T, Error> {
        Ok(self.given(key, kind)?.unwrap_or(default))
    }

    /// The value of `key`, which must have one.
    pub(super) fn required<T>(&self, key: &str, kind: &Kind<T>) -> Result<T, Error> {
        self.given(key, kind)?.ok_or_else(|| Error::Missing {
            file: self.file.clone(),
            key: key.to_owned(),
            expected: kind.expected,
        })
    }

    /// The value of `key`, if it has one.
    pub(super) fn given<T>(&self, key: &str, kind: &Kind<T>) -> Result<Option<T>, Error> {
        debug_assert!(is_key(key), "{key} is in no list");
        let Some(given) = self.values.get(key) else {
            return Ok(None);
        };
        (kind.read)(given).map(Some).ok_or_else(|| Error::Invalid {
            place: self.place(key),
            key: key.to_owned(),
            expected: kind.expected,
        })
    }

    /// Whether `key` is in the environment, or else in the file; `None` if it is nowhere.
    pub(super) fn is_from_environment(&self, key: &str) -> Option<bool> {
        self.values.get(key).map(|given| given.from_environment)
    }

    /// Where the value of `key` is from, for people.
    pub(super) fn place(&self, key: &str) -> String {
        if self.is_from_environment(key) == Some(true) {
            let name = key.to_uppercase().replace('.', "__");
            return format!("environment variable {ENVIRONMENT_PREFIX}{name}");
        }
        self.file.display().to_string()
    }

    fn flatten(&mut self, key: &str, value: Value) {
        let from_environment = value.origin().is_some();
        let ValueKind::Table(table) = value.kind else {
            let given = Given {
                value: value.kind,
                from_environment,
            };
            self.values.insert(key.to_owned(), given);
            return;
        };
        for (name, value) in table.into_iter().collect::<BTreeMap<_, _>>() {
            let below = if key.is_empty() {
                name
            } else {
                format!("{key}.{name}")
            };
            self.flatten(&below, value);
        }
    }
}

/// The variables that are meant for us.
fn ours(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Map<String, String>, Error> {
    environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Error::Invalid {
                place: format!("environment variable {name}"),
                key: "its value".to_owned(),
                expected: "UTF-8",
            }),
        })
        .collect()
}

/// What the parser says, without the lines of the file that it shows: they may hold a secret.
fn without_excerpt(error: &ConfigError) -> String {
    let said = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let is_excerpt = |line: &str| {
        let rest = line
            .trim_start()
            .trim_start_matches(|c: char| c.is_ascii_digit());
        rest.trim_start().starts_with('|')
    };
    let kept: Vec<&str> = said.lines().filter(|line| !is_excerpt(line)).collect();
    kept.join(": ")
}

/// The key that is spelled most like `unknown`. The section counts little: it is often left out.
fn nearest(unknown: &str) -> String {
    fn last(key: &str) -> &str {
        key.rsplit('.').next().unwrap_or(key)
    }
    let network = unknown.strip_prefix(NETWORK_PREFIX);
    let network = network.and_then(|rest| rest.split_once('.'));
    let known: Vec<String> = match network {
        Some((name, _)) => {
            let keys = NETWORK_KEYS.iter();
            keys.map(|key| format!("{NETWORK_PREFIX}{name}.{key}"))
                .collect()
        }
        None => KEYS.iter().map(|&key| key.to_owned()).collect(),
    };
    let distance = |key: &String| {
        let whole = edits(unknown, key);
        whole.min(edits(last(unknown), last(key)) + 1)
    };
    known.into_iter().min_by_key(distance).unwrap_or_default()
}

/// There is such a key.
fn is_key(key: &str) -> bool {
    KEYS.contains(&key) || network_key(key).is_some()
}

/// The name of the network that a key is about, and which of its keys it is.
fn network_key(key: &str) -> Option<(&str, &str)> {
    let (name, key) = key.strip_prefix(NETWORK_PREFIX)?.split_once('.')?;
    NETWORK_KEYS.contains(&key).then_some((name, key))
}

const NETWORK_PREFIX: &str = "network.";

/// How many letters have to be put in, taken out or replaced to make one of the other.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
