//! The seeded world: the whole gateway on virtual time, between an XMPP server and an ICQ server that
//! are played, with everything that can break breaking.
//!
//! One seed decides which faults exist in a run, when they strike and what people do. A checker reads
//! what was seen at both edges: every message that was taken has exactly one ending. Rare branches are
//! counted, and all seeds together have to reach every one of them.
//!
//! | command                                                         | runs                        |
//! |-----------------------------------------------------------------|-----------------------------|
//! | `cargo test --test world`                                       | 1,000 seeds                 |
//! | `make world SEED=1234`                                          | one seed, and tells it      |
//! | `WORLD_SEEDS=20000 cargo test --test world -- seeds --nocapture`| more of them                |
//!
//! A seed that failed is added to `regressions.txt` and runs first from then on. One that still fails is in
//! `open.txt`: the list is part of the test, in both directions.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "it is a test: what happened belongs in its output, and a wrong index may panic"
)]

mod agenda;
#[path = "../support/history.rs"]
mod history;
mod host;
mod icq;
mod machine;
mod people;
mod plan;
mod rubbish;
mod tally;
mod thirty;
mod trouble;
mod wire;
mod witness;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use plan::Plan;
use tally::{Rare, Tally};
use world::World;

/// One seed, and what happens in it: `make world SEED=1234`.
#[test]
fn one_seed() {
    let Some(seed) = number("WORLD_SEED") else {
        return;
    };
    let mut world = World::new(Plan::draw(seed), true);
    world.live();
    println!("{:#?}", world.tally);
    match world.verdict() {
        Ok(endings) => println!("{endings:?}"),
        Err(complaints) => panic!("seed {seed}:\n{}", complaints.join("\n")),
    }
}

#[test]
fn seeds_whatever_breaks_every_message_has_one_ending() {
    if number("WORLD_SEED").is_some() {
        return;
    }
    let regressions = listed(REGRESSIONS);
    let first = number("WORLD_FIRST").unwrap_or(1);
    let count = number("WORLD_SEEDS").unwrap_or(SEEDS);
    let seeds: Vec<u64> = regressions.chain(first..first + count).collect();

    let outcome = Outcome::default();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = take(&next, &seeds) {
                    outcome.add(seed, catch_unwind(|| live(seed)));
                }
            });
        }
    });

    let failed = outcome.failed.into_inner().expect("nobody panics with it");
    for (seed, complaints) in &failed {
        println!("seed {seed}:\n  {}", complaints.join("\n  "));
    }
    for seed in failed.keys() {
        println!("WORLD_SEED={seed} cargo test --test world -- --nocapture one_seed");
    }
    let tally = outcome.tally.into_inner().expect("nobody panics with it");
    for rare in Rare::ALL {
        println!("{:>8} {rare:?}", tally.times(*rare));
    }
    let open: BTreeSet<u64> = listed(OPEN).filter(|seed| seeds.contains(seed)).collect();
    let failed: BTreeSet<u64> = failed.into_keys().collect();
    println!(
        "{} of {} seeds failed; {} are known to",
        failed.len(),
        seeds.len(),
        open.len()
    );
    assert_eq!(
        failed, open,
        "seeds that failed, and those that are known to"
    );
    if count >= SEEDS {
        assert_eq!(tally.missing(), [], "never reached");
    }
}

/// What came of all seeds.
#[derive(Default)]
struct Outcome {
    tally: Mutex<Tally>,
    failed: Mutex<BTreeMap<u64, Vec<String>>>,
}

impl Outcome {
    fn add(&self, seed: u64, lived: thread::Result<(Tally, Vec<String>)>) {
        let complaints = match lived {
            Ok((tally, complaints)) => {
                self.tally
                    .lock()
                    .expect("nobody panics with it")
                    .add(&tally);
                complaints
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                vec![format!("panicked: {}", text.unwrap_or_default())]
            }
        };
        if !complaints.is_empty() {
            let mut failed = self.failed.lock().expect("nobody panics with it");
            failed.insert(seed, complaints);
        }
    }
}

fn live(seed: u64) -> (Tally, Vec<String>) {
    let mut world = World::new(Plan::draw(seed), false);
    world.live();
    let complaints = world.verdict().err().unwrap_or_default();
    (world.tally, complaints)
}

fn take(next: &AtomicU64, seeds: &[u64]) -> Option<u64> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    seeds.get(usize::try_from(at).ok()?).copied()
}

/// The seeds of a list: one a line, what follows a `#` is for people.
fn listed(list: &str) -> impl Iterator<Item = u64> {
    list.lines()
        .filter_map(|line| line.split('#').next()?.trim().parse().ok())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// As many as CI runs.
const SEEDS: u64 = 1000;

/// Seeds that still fail.
const OPEN: &str = include_str!("open.txt");

/// Seeds that failed once.
const REGRESSIONS: &str = include_str!("regressions.txt");
