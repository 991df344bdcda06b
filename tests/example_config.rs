//! `gateway.toml.example`: it parses, mentions every key, and the defaults it states are the real
//! ones.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use icq_transport::config::{Config, KEYS, NETWORK_KEYS};
use icq_transport::gateway::Network;

#[test]
fn the_example_needs_nothing_but_its_two_values() {
    let config = load(EXAMPLE);

    assert_eq!(config.settings.domain.as_str(), "icq.example.org");
    assert_eq!(config.xmpp.secret.reveal(), "change me");
    assert_eq!(config, load(MINIMAL));
}

#[test]
fn every_key_is_mentioned_once_and_no_other() {
    let mut mentioned = BTreeSet::new();
    let mut section = "";
    for line in EXAMPLE.lines().filter_map(code) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            continue;
        }
        let (name, _) = line.split_once(" = ").unwrap();
        let key = format!("{section}.{name}");
        assert!(mentioned.insert(key.clone()), "{key} is mentioned twice");
    }

    assert_eq!(
        mentioned,
        KEYS.iter().map(|key| (*key).to_owned()).collect()
    );
}

#[test]
fn the_further_network_it_shows_has_every_key_and_the_defaults() {
    let section = EXAMPLE
        .lines()
        .skip_while(|line| !line.starts_with("# [network."));
    let section = section.take_while(|line| !line.is_empty());
    let lines: Vec<&str> = section.filter_map(|line| line.strip_prefix("# ")).collect();
    let keys = lines.iter().filter_map(|line| line.split_once(" = "));
    let keys: Vec<&str> = keys.map(|(key, _)| key).collect();
    assert_eq!(keys, NETWORK_KEYS);

    let mut networks = load(&format!("{MINIMAL}\n{}", lines.join("\n")))
        .settings
        .networks;

    let (further, first) = (networks.pop().unwrap(), networks.pop().unwrap());
    let expected = Network {
        name: "verona".into(),
        title: "Verona".into(),
        host: "icq.verona.example".into(),
        ..first
    };
    assert_eq!(further, expected);
}

#[test]
fn every_default_it_states_is_the_real_one() {
    let stated: Vec<&str> = EXAMPLE
        .lines()
        .filter_map(code)
        // It goes instead of the secret, so it has no default.
        .filter(|line| !line.starts_with("secret_file"))
        .collect();
    assert!(stated.len() > KEYS.len());

    assert_eq!(load(&stated.join("\n")), load(MINIMAL));
}

#[test]
fn every_key_can_be_given_in_the_environment() {
    let mut section = "";
    for line in EXAMPLE.lines().filter_map(code) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            continue;
        }
        let (name, value) = line.split_once(" = ").unwrap();
        if name == "secret_file" {
            continue;
        }
        let variable = format!("ICQ_TRANSPORT__{section}__{name}").to_uppercase();
        let value = value.replace(['"', '[', ']'], "");

        let config = load_with(MINIMAL, &[(&variable, &value)]);

        assert_eq!(config, load(MINIMAL), "{variable}={value}");
    }
}

/// A line that is TOML, or would be without its `#`. Prose has a space behind it.
fn code(line: &str) -> Option<&str> {
    let line = match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(' ') || rest.is_empty() => return None,
        Some(rest) => rest,
        None => line,
    };
    (!line.is_empty()).then_some(line)
}

fn load(text: &str) -> Config {
    load_with(text, &[])
}

fn load_with(text: &str, environment: &[(&str, &str)]) -> Config {
    // Always the same folder, since paths begin there.
    let folder = tempfile::tempdir().expect("a folder is made");
    let file = folder.path().join("gateway.toml");
    fs::write(&file, text).expect("the folder takes files");
    let environment = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let mut config = Config::load(&file, environment).expect("it is valid");
    for path in [
        &mut config.store.directory,
        &mut config.store.key_file,
        &mut config.admin_socket,
    ] {
        if let Ok(below) = path.strip_prefix(folder.path()) {
            *path = below.to_owned();
        }
    }
    config.warnings.clear();
    config
}

const EXAMPLE: &str = include_str!("../gateway.toml.example");
const MINIMAL: &str = "
    [xmpp]
    domain = \"icq.example.org\"
    secret = \"change me\"
";
