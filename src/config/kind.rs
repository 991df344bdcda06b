//! What the value of a key can be: each kind with the words that an error says it in.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ::config::ValueKind;
use tracing_subscriber::EnvFilter;
use xmpp_parsers::jid::{BareJid, DomainPart};

use super::LogFormat;
use crate::gateway::{AccessRule, Who};
use crate::icq::wire::Version;
use crate::model::{Secret, Uin};

/// A kind of value.
pub(super) struct Kind<T> {
    /// What is expected, as a person would say it.
    pub(super) expected: &'static str,
    /// The value, if it is of this kind.
    pub(super) read: fn(&Given) -> Option<T>,
}

/// A value as it was given.
pub(super) struct Given {
    /// The value. From the environment it is always a text.
    pub(super) value: ValueKind,
    /// It is from the environment, where everything is written as text and a list with commas.
    pub(super) from_environment: bool,
}

pub(super) const TEXT: Kind<String> = Kind {
    expected: "a text between quotes that is not empty",
    read: |given| given.text().map(str::to_owned),
};

pub(super) const SECRET: Kind<Secret> = Kind {
    expected: "the secret that the XMPP server has for this component, between quotes",
    read: |given| given.text().map(Secret::new),
};

pub(super) const PATH: Kind<PathBuf> = Kind {
    expected: "a path between quotes",
    read: |given| given.text().map(PathBuf::from),
};

pub(super) const SWITCH: Kind<bool> = Kind {
    expected: "true or false",
    read: |given| match &given.value {
        ValueKind::Boolean(value) => Some(*value),
        ValueKind::String(text) if given.from_environment => text.parse().ok(),
        _ => None,
    },
};

pub(super) const PORT: Kind<u16> = Kind {
    expected: "a port: a whole number from 1 to 65535",
    read: |given| given.number(1, u16::MAX.into())?.try_into().ok(),
};

pub(super) const RATE: Kind<u32> = Kind {
    expected: "a whole number from 1 to 1000000",
    read: |given| given.number(1, MOST)?.try_into().ok(),
};

pub(super) const COUNT: Kind<usize> = Kind {
    expected: "a whole number from 1 to 1000000",
    read: |given| given.number(1, MOST)?.try_into().ok(),
};

pub(super) const UIN: Kind<Uin> = Kind {
    expected: "an ICQ number: a whole number from 1 to 4294967295",
    read: |given| {
        let number = given.number(1, u32::MAX.into())?;
        number.try_into().ok().map(Uin)
    },
};

pub(super) const TIME: Kind<Duration> = Kind {
    expected: "a time up to \"24h\", such as \"50s\", \"10m\" or \"2h\"",
    read: |given| given.time(Duration::ZERO, DAY),
};

pub(super) const KEEP_ALIVE: Kind<Duration> = Kind {
    expected: "a time from \"5s\" to \"1h\"",
    read: |given| given.time(Duration::from_secs(5), Duration::from_secs(3600)),
};

pub(super) const HOST: Kind<String> = Kind {
    expected: "a host name or an address between quotes, without a port",
    read: |given| {
        let host = given.text()?;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_host = host.parse::<IpAddr>().is_ok() || host.chars().all(is_name);
        is_host.then(|| host.to_owned())
    },
};

pub(super) const DOMAIN: Kind<DomainPart> = Kind {
    expected: "the component's domain between quotes, such as \"icq.example.org\"",
    read: |given| domain(given.text()?),
};

pub(super) const DOMAINS: Kind<Vec<String>> = Kind {
    expected: "a list of domains, such as [\"example.org\"]",
    read: |given| given.list(|text| domain(text).map(|domain| domain.as_str().to_owned())),
};

pub(super) const ADDRESSES: Kind<Vec<IpAddr>> = Kind {
    expected: "a list of IP addresses of this machine, such as [\"192.0.2.1\", \"2001:db8::1\"]",
    read: |given| given.list(|text| text.parse().ok()),
};

pub(super) const URIS: Kind<Vec<String>> = Kind {
    expected: "a list of addresses with their scheme, such as [\"mailto:admin@example.org\"]",
    read: |given| {
        given.list(|text| {
            let (scheme, rest) = text.split_once(':')?;
            let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric());
            (is_scheme && !rest.is_empty()).then(|| text.to_owned())
        })
    },
};

pub(super) const ACCESS: Kind<Vec<AccessRule>> = Kind {
    expected: "a list of rules: \"local\", \"domain:example.org\", \"jid:romeo@example.org\" or \
               \"any\", each also with \"deny:\" before it",
    read: |given| given.list(access_rule),
};

pub(super) const CHARSET: Kind<String> = Kind {
    expected: "a code page, such as \"windows-1252\", \"windows-1251\" or \"shift_jis\"",
    read: |given| {
        let encoding = encoding_rs::Encoding::for_label(given.text()?.as_bytes())?;
        let single = encoding.is_ascii_compatible() && encoding != encoding_rs::REPLACEMENT;
        single.then(|| encoding.name().to_ascii_lowercase())
    },
};

pub(super) const VERSIONS: Kind<Vec<Version>> = Kind {
    expected: "a list of versions of the ICQ protocol, the best first, such as [\"V5\", \"V4\"]; there \
               are V5, V4, V3, V2 and V1",
    read: |given| {
        let versions = given.list(|text| {
            let mut all = Version::ALL.into_iter();
            all.find(|version| version.to_string().eq_ignore_ascii_case(text))
        })?;
        let mut once = versions.clone();
        once.sort_unstable();
        once.dedup();
        (!versions.is_empty() && once.len() == versions.len()).then_some(versions)
    },
};

pub(super) const LOG_FORMAT: Kind<LogFormat> = Kind {
    expected: "\"text\" or \"json\"",
    read: |given| match given.text()? {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    },
};

pub(super) const LOG_FILTER: Kind<String> = Kind {
    expected: "a filter of tracing, such as \"info\" or \"info,icq_transport=debug\"",
    read: |given| {
        let filter = given.text()?;
        EnvFilter::builder().parse(filter).ok()?;
        Some(filter.to_owned())
    },
};

impl Given {
    fn text(&self) -> Option<&str> {
        match &self.value {
            ValueKind::String(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        }
    }

    fn number(&self, least: u64, most: u64) -> Option<u64> {
        let number = match &self.value {
            ValueKind::I64(number) => u64::try_from(*number).ok()?,
            ValueKind::U64(number) => *number,
            ValueKind::String(text) if self.from_environment => text.trim().parse().ok()?,
            _ => return None,
        };
        (least..=most).contains(&number).then_some(number)
    }

    fn time(&self, least: Duration, most: Duration) -> Option<Duration> {
        let text = self.text()?;
        let unit = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(unit);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        let time = Duration::from_secs(number.checked_mul(seconds)?);
        (least..=most).contains(&time).then_some(time)
    }

    fn list<T>(&self, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        match &self.value {
            ValueKind::Array(items) => items
                .iter()
                .map(|item| match &item.kind {
                    ValueKind::String(text) => read(text.trim()),
                    _ => None,
                })
                .collect(),
            ValueKind::String(text) if self.from_environment => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(read)
                .collect(),
            _ => None,
        }
    }
}

fn domain(text: &str) -> Option<DomainPart> {
    DomainPart::new(text).ok().map(|domain| domain.into_owned())
}

fn access_rule(text: &str) -> Option<AccessRule> {
    let (allowed, who) = match text.strip_prefix("deny:") {
        Some(who) => (false, who),
        None => (true, text),
    };
    let who = match who.split_once(':') {
        None if who == "local" => Who::Local,
        None if who == "any" => Who::Anybody,
        Some(("domain", name)) => Who::Domain(domain(name)?.as_str().to_owned()),
        Some(("jid", jid)) => {
            let jid = BareJid::new(jid).ok().filter(|jid| jid.node().is_some())?;
            Who::Jid(jid.as_str().to_owned())
        }
        _ => return None,
    };
    Some(AccessRule { who, allowed })
}

const MOST: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(24 * 3600);
