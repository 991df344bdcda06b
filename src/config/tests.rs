//! What is taken, what is refused, and in which words.

use std::time::Duration;

use super::*;
use crate::gateway::{AccessRule, Network, Who};
use crate::icq::wire::Version;
use crate::model::Uin;

#[test]
fn two_values_are_enough() {
    let config = load(MINIMAL).unwrap();

    assert_eq!(config.settings, Settings::new(domain("icq.example.org")));
    assert_eq!(
        (config.xmpp.host.as_str(), config.xmpp.port),
        ("127.0.0.1", 5347)
    );
    assert_eq!(config.xmpp.secret.reveal(), SECRET);
    assert_eq!(config.settings.networks, [Network::new("icq")]);
}

#[test]
fn what_the_file_says_is_what_is_used() {
    let config = load(
        r#"
        [xmpp]
        domain = "ICQ.Example.org"
        secret = "s3cret-hunter2"
        host = "xmpp.example.org"
        port = 5555
        local_domains = ["example.org", "example.com"]
        [icq]
        host = "::1"
        source_addresses = ["192.0.2.1", "2001:db8::1"]
        charset = "CP1251"
        versions = ["v3", "V5"]
        keep_alive = "2m"
        lowest_uin = 1
        unique_uin = true
        [gateway]
        access = ["deny:jid:tybalt@example.org", "local", "domain:example.net", "any"]
        abuse_addresses = ["mailto:abuse@example.org"]
        chat_password = false
        logoff_delay = "0s"
        [limits]
        message_burst = 7
        [log]
        format = "json"
        filter = "warn,icq_transport=debug"
        "#,
    )
    .unwrap();

    assert_eq!(config.settings.domain.as_str(), "icq.example.org");
    assert_eq!(
        (config.xmpp.host.as_str(), config.xmpp.port),
        ("xmpp.example.org", 5555)
    );
    assert_eq!(
        config.settings.local_domains,
        ["example.org", "example.com"]
    );
    assert_eq!(config.source_addresses.len(), 2);
    let network = Network {
        host: "::1".into(),
        versions: vec![Version::V3, Version::V5],
        charset: "windows-1251".into(),
        keep_alive: Duration::from_secs(120),
        ..Network::new("icq")
    };
    assert_eq!(config.settings.networks, [network]);
    assert_eq!(config.settings.lowest_uin, Uin(1));
    assert!(config.settings.unique_uin);
    let rule = |who, allowed| AccessRule { who, allowed };
    assert_eq!(
        config.settings.access,
        [
            rule(Who::Jid("tybalt@example.org".into()), false),
            rule(Who::Local, true),
            rule(Who::Domain("example.net".into()), true),
            rule(Who::Anybody, true),
        ]
    );
    assert_eq!(
        config.settings.contact_addresses.abuse,
        ["mailto:abuse@example.org"]
    );
    assert!(!config.settings.chat_password);
    assert_eq!(config.settings.logoff_delay, Duration::ZERO);
    assert_eq!(config.settings.limits.message_burst, 7);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.filter, "warn,icq_transport=debug");
}

#[test]
fn further_networks_are_like_the_first_where_they_say_nothing_else() {
    let config = load_with(
        &format!(
            "{MINIMAL}\n[icq]\nname = \"The old one\"\nport = 4001\nkeep_alive = \"2m\"\n\
             [network.verona]\nname = \"Verona\"\nhost = \"icq.verona.example\"\n\
             versions = [\"V3\"]\n\
             [network.mantua]\nhost = \"192.0.2.1\"\ncharset = \"shift_jis\""
        ),
        &[("ICQ_TRANSPORT__NETWORK__VERONA__PORT", "4002")],
    )
    .unwrap();

    let first = Network {
        title: "The old one".into(),
        port: 4001,
        keep_alive: Duration::from_secs(120),
        ..Network::new("icq")
    };
    let mantua = Network {
        name: "mantua".into(),
        title: "mantua".into(),
        host: "192.0.2.1".into(),
        charset: "shift_jis".into(),
        ..first.clone()
    };
    let verona = Network {
        name: "verona".into(),
        title: "Verona".into(),
        host: "icq.verona.example".into(),
        port: 4002,
        versions: vec![Version::V3],
        ..first.clone()
    };
    assert_eq!(config.settings.networks, [first, mantua, verona]);
    assert!(config.settings.network("verona").is_some());
}

#[test]
fn a_network_that_cannot_be_is_refused_by_the_name_of_the_key() {
    let many: String = (0..40)
        .map(|n| format!("[network.n{n:02}]\nhost = \"h\"\n"))
        .collect();
    for (text, expected) in [
        (
            "[network.verona]\nport = 4001",
            "network.verona.host is missing: expected a host name",
        ),
        (
            "[network.verona]\nhost = \"h\"\nport = 0",
            "network.verona.port: expected a port",
        ),
        (
            "[network.verona]\nhost = \"h\"\nversions = []",
            "network.verona.versions: expected a list of versions",
        ),
        (
            "[icq]\nversions = [\"V5\", \"v5\"]",
            "icq.versions: expected a list of versions",
        ),
        (
            "[icq]\nversions = [\"V6\"]",
            "icq.versions: expected a list of versions",
        ),
        (
            "[network.icq]\nhost = \"h\"",
            "network.icq.host: expected the name of the network",
        ),
        (
            "[network.Verona]\nhost = \"h\"",
            "network.Verona.host: expected the name of the network",
        ),
        (&many, "network.n32.host: expected the name of the network"),
    ] {
        let error = load(&format!("{MINIMAL}\n{text}")).unwrap_err();

        assert!(error.to_string().contains(expected), "{text}\n{error}");
    }
}

#[test]
fn the_experimental_version_is_a_warning() {
    let text = format!("{MINIMAL}\n[icq]\nversions = [\"V5\", \"V1\"]");

    let warnings = load(&text).unwrap().warnings;

    assert!(
        warnings[0].contains("icq.versions names V1"),
        "{warnings:?}"
    );
}

#[test]
fn paths_begin_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{MINIMAL}\n[store]\nkey_file = \"/etc/icq/key\"");

    let config = load_from(&folder, &text, &[]).unwrap();

    assert_eq!(config.store.directory, folder.path().join("state/db"));
    assert_eq!(config.admin_socket, folder.path().join("state/admin.sock"));
    assert_eq!(config.store.key_file, Path::new("/etc/icq/key"));
}

#[test]
fn the_environment_goes_before_the_file() {
    let config = load_with(
        MINIMAL,
        &[
            ("ICQ_TRANSPORT__XMPP__PORT", "5555"),
            ("ICQ_TRANSPORT__XMPP__SECRET", "12345"),
            ("ICQ_TRANSPORT__ICQ__SOURCE_ADDRESSES", "192.0.2.1, ::1"),
            ("ICQ_TRANSPORT__ICQ__UNIQUE_UIN", "true"),
            ("ICQ_TRANSPORT_CONFIG", "not ours"),
            ("HOME", "/"),
        ],
    )
    .unwrap();

    assert_eq!(config.xmpp.port, 5555);
    assert_eq!(config.xmpp.secret.reveal(), "12345");
    assert_eq!(config.source_addresses.len(), 2);
    assert!(config.settings.unique_uin);
}

#[test]
fn every_key_is_asked_for_and_refused_by_name_when_it_is_wrong() {
    for key in KEYS {
        let name = key.to_uppercase().replace('.', "__");
        let variable = format!("{ENVIRONMENT_PREFIX}{name}");
        // No key can be both empty and a colon.
        let errors: Vec<Error> = ["", ":,"]
            .iter()
            .filter_map(|value| load_with(MINIMAL, &[(&variable, value)]).err())
            .collect();

        let place = format!("environment variable {variable}");
        assert!(
            errors.iter().any(|error| matches!(
                error,
                Error::Invalid { place: p, key: k, .. } if *p == place && k == key
            )),
            "{key}: {errors:?}"
        );
    }
}

#[test]
fn errors_name_the_file_the_key_and_what_was_expected() {
    for (text, expected) in [
        (
            "",
            "gateway.toml: xmpp.domain is missing: expected the component's domain",
        ),
        (
            "[xmpp]\ndomain = \"icq.example.org\"",
            "gateway.toml: xmpp.secret is missing: expected the secret that",
        ),
        (
            "[xmpp]\ndomain = \"romeo@example.org\"",
            "gateway.toml: xmpp.domain: expected the component's domain",
        ),
        (
            "[icq]\nport = 0",
            "gateway.toml: icq.port: expected a port: a whole number from 1 to",
        ),
        ("[icq]\nport = \"4000\"", "icq.port: expected a port"),
        (
            "[icq]\nhost = \"icq.example.org:4000\"",
            "icq.host: expected a host name",
        ),
        (
            "[icq]\nkeep_alive = \"1s\"",
            "icq.keep_alive: expected a time from",
        ),
        (
            "[icq]\nkeep_alive = 50",
            "icq.keep_alive: expected a time from",
        ),
        (
            "[icq]\ncharset = \"klingon\"",
            "icq.charset: expected a code page",
        ),
        (
            "[icq]\ncharset = \"utf-16le\"",
            "icq.charset: expected a code page",
        ),
        (
            "[gateway]\naccess = [\"everybody\"]",
            "gateway.access: expected a list of rules",
        ),
        (
            "[gateway]\naccess = [\"jid:example.org\"]",
            "gateway.access: expected a list of rules",
        ),
        (
            "[limits]\nusers = -1",
            "limits.users: expected a whole number from 1",
        ),
        (
            "[log]\nfilter = \"info,=\"",
            "log.filter: expected a filter of tracing",
        ),
        (
            "[log]\nformat = \"xml\"",
            "log.format: expected \"text\" or \"json\"",
        ),
    ] {
        let minimal = if text.contains("[xmpp]") || text.is_empty() {
            ""
        } else {
            MINIMAL
        };
        let error = load(&format!("{minimal}\n{text}")).unwrap_err();

        assert!(error.to_string().contains(expected), "{text}\n{error}");
    }
    let error = load(&format!(
        "{MINIMAL}\n[admin]\nsocket = \"/{}\"",
        "a".repeat(107)
    ));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("admin.socket: expected a path")
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    for (text, unknown, nearest) in [
        ("[xmpp]\nprot = 1", "xmpp.prot", "xmpp.port"),
        ("[xmpp]\nDomain = 1", "xmpp.Domain", "xmpp.domain"),
        (
            "logoff_delay = \"1s\"",
            "logoff_delay",
            "gateway.logoff_delay",
        ),
        ("[icq]\nhots = 1", "icq.hots", "icq.host"),
        (
            "[network.friends]\nprot = 1",
            "network.friends.prot",
            "network.friends.port",
        ),
        ("[network]\nport = 1", "network.port", "xmpp.port"),
        ("[limits.users]\na = 1", "limits.users.a", "limits.users"),
        ("xmpp = 1", "xmpp", "xmpp.host"),
    ] {
        let error = load(text).unwrap_err();

        let Error::Unknown {
            key, nearest: n, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((key.as_str(), n.as_str()), (unknown, nearest));
    }
    let error = load_with(MINIMAL, &[("ICQ_TRANSPORT__XMPP__PROT", "1")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "environment variable ICQ_TRANSPORT__XMPP__PROT: there is no key xmpp.prot; the nearest is \
         xmpp.port"
    );
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        "[xmpp]\nsecret = \"hunter2",
        "[xmpp]\nsecret = hunter2",
        "[xmpp]\nsecret = 'hunter2\ndomain = \"x\"",
        "[xmpp]\nsecret = \"hunter2\" x",
        "[xmpp]\nsecret = \"\"\"hunter2\n\nhunter2",
        "[xmpp]\nsecret = \"hunter2\\q\"",
        "[xmpp]\nsecret \"hunter2\"",
        "[xmpp]\nsecret = [\"hunter2\"]",
        "[xmpp]\nsecret = { a = \"hunter2\" }",
        "[xmpp]\nsecret = \"hunter2\"\nsecret = \"hunter2\"",
        "[xmpp]\nport = \"hunter2\"",
        "[xmpp]\nsecret = \"hunter2\"\nsecret_file = \"hunter2\"",
    ] {
        let error = load(text).unwrap_err();

        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    assert!(!format!("{:?}", load(MINIMAL)).contains(SECRET));
}

#[test]
fn a_syntax_error_says_where() {
    let error = load("[xmpp]\ndomain = icq").unwrap_err().to_string();

    assert!(error.contains("gateway.toml is not TOML: "), "{error}");
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Path::new("no/such.toml"), []).unwrap_err();

    assert!(
        error
            .to_string()
            .starts_with("cannot read the configuration no/such.toml: ")
    );
}

#[test]
fn the_secret_may_be_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "s3cret-hunter2\n").unwrap();
    fs::write(folder.path().join("empty"), "\n").unwrap();
    let named =
        |file: &str| format!("[xmpp]\ndomain = \"icq.example.org\"\nsecret_file = \"{file}\"");

    let config = load_from(&folder, &named("secret"), &[]).unwrap();

    assert_eq!(config.xmpp.secret.reveal(), SECRET);
    let error = load_from(&folder, &named("empty"), &[]).unwrap_err();
    assert!(error.to_string().contains("it is empty"), "{error}");
    let error = load_from(&folder, &named("nowhere"), &[]).unwrap_err();
    assert!(
        error.to_string().contains("xmpp.secret_file: cannot read"),
        "{error}"
    );
}

#[test]
fn a_secret_in_the_environment_goes_before_one_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "from a file").unwrap();
    let file_in_environment = ("ICQ_TRANSPORT__XMPP__SECRET_FILE", "secret");
    let secret_in_environment = ("ICQ_TRANSPORT__XMPP__SECRET", "from the environment");
    let with_file = "[xmpp]\ndomain = \"icq.example.org\"\nsecret_file = \"secret\"";

    let secret = |text, environment: &[(&str, &str)]| {
        load_from(&folder, text, environment).map(|config| config.xmpp.secret)
    };

    assert_eq!(
        secret(MINIMAL, &[file_in_environment]),
        Ok(Secret::new("from a file"))
    );
    assert_eq!(
        secret(with_file, &[secret_in_environment]),
        Ok(Secret::new("from the environment"))
    );
    let both = secret(MINIMAL, &[secret_in_environment, file_in_environment]);
    assert!(matches!(both, Err(Error::TwoSecrets { .. })));
}

#[test]
fn what_is_unwise_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let far = format!("{MINIMAL}host = \"192.0.2.1\"");
    assert!(
        load_from(&folder, MINIMAL, &[])
            .unwrap()
            .warnings
            .is_empty()
    );

    let warnings = load_from(&folder, &far, &[]).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("no encryption"), "{warnings:?}");

    for near in ["localhost", "::1", "127.0.0.2"] {
        let near = format!("{MINIMAL}host = \"{near}\"");
        assert!(load_from(&folder, &near, &[]).unwrap().warnings.is_empty());
    }

    let file = folder.path().join("gateway.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = Config::load(&file, []).unwrap().warnings;
    assert!(warnings[0].contains("every account of this machine can read it"));
}

fn load(text: &str) -> Result<Config, Error> {
    load_with(text, &[])
}

fn load_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, Error> {
    load_from(&tempfile::tempdir().unwrap(), text, environment)
}

fn load_from(
    folder: &tempfile::TempDir,
    text: &str,
    environment: &[(&str, &str)],
) -> Result<Config, Error> {
    let file = folder.path().join("gateway.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::load(&file, environment)
}

fn domain(name: &str) -> xmpp_parsers::jid::DomainPart {
    xmpp_parsers::jid::DomainPart::new(name)
        .unwrap()
        .into_owned()
}

const SECRET: &str = "s3cret-hunter2";
const MINIMAL: &str = "\
    [xmpp]\n\
    domain = \"icq.example.org\"\n\
    secret = \"s3cret-hunter2\"\n";
