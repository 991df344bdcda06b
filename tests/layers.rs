//! The module map in ARCHITECTURE.md, as a test: who may name whom.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and the modules it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("icq", &["model"]),
    ("server", &["model", "icq"]),
    ("inspect", &["model", "icq"]),
    ("xmpp", &["model"]),
    ("store", &["model"]),
    ("gateway", &["model", "icq", "xmpp", "store"]),
    ("config", &["model", "icq", "xmpp", "store", "gateway"]),
    (
        "runtime",
        &[
            "model", "icq", "server", "inspect", "xmpp", "store", "gateway", "config",
        ],
    ),
];

/// What only `runtime` may say, because everything else is fed with events and time.
const RUNTIME_ONLY: &[&str] = &[
    "tokio::",
    "Instant::now",
    "SystemTime::now",
    "std::net::UdpSocket",
    "std::net::TcpStream",
    "thread::spawn",
];

#[test]
fn modules_only_name_the_layers_below_them() {
    for (module, allowed) in ALLOWED {
        for (path, text) in sources(module) {
            for named in names_after_crate(&text) {
                assert!(
                    named == *module || allowed.contains(&named),
                    "{} names crate::{named}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_module_is_on_the_map() {
    let lib = fs::read_to_string(root().join("lib.rs")).expect("lib.rs is readable");
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(!declared.is_empty());
    for module in declared {
        assert!(
            ALLOWED.iter().any(|(known, _)| *known == module),
            "{module} is not on the map"
        );
    }
}

#[test]
fn only_the_runtime_does_io_or_reads_a_clock() {
    for (module, _) in ALLOWED.iter().filter(|(module, _)| *module != "runtime") {
        for (path, text) in sources(module) {
            // Tests may take a first instant from the clock; everything later is added to it.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in RUNTIME_ONLY {
                assert!(!code.contains(word), "{} says {word}", path.display());
            }
        }
    }
}

#[test]
fn one_file_says_sled() {
    let mut files = Vec::new();
    for (module, _) in ALLOWED {
        for (path, text) in sources(module) {
            if text.contains("sled::") {
                files.push(path);
            }
        }
    }

    assert_eq!(files, [root().join("store/database.rs")]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of a module: `src/<module>.rs` and everything below `src/<module>/`.
fn sources(module: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(module)];
    files.push(root().join(format!("{module}.rs")));
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.retain(|file| file.exists() && !is_for_tests(file));
    assert!(!files.is_empty(), "module {module} has no files");
    files
        .into_iter()
        .map(|file| {
            (
                file.clone(),
                fs::read_to_string(&file).expect("sources are readable"),
            )
        })
        .collect()
}

/// Files that are only built for tests: `tests.rs`, what lies below `tests/`, and worlds for tests.
fn is_for_tests(file: &Path) -> bool {
    let words = ["tests", "testing", "testkit"];
    let below_src = file.strip_prefix(root()).unwrap_or(file);
    let mut names = below_src.iter().filter_map(|name| name.to_str());
    names.any(|name| words.contains(&name.trim_end_matches(".rs")))
}

/// The module named after each `crate::` in `text`, groups included: `use crate::{a, b::c}`.
fn names_after_crate(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    text.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            None => vec![rest.split(|c: char| !is_name(c)).next().unwrap_or_default()],
            Some(group) => {
                let group = group.split("};").next().unwrap_or_default();
                group
                    .split(',')
                    .map(|item| {
                        item.trim()
                            .split(|c: char| !is_name(c))
                            .next()
                            .unwrap_or_default()
                    })
                    .filter(|name| !name.is_empty())
                    .collect()
            }
        })
        .collect()
}
