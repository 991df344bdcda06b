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
//! A seed that failed is added to `regressions.txt` and runs first from then on.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "it is a test: what happened belongs in its output, and a wrong index may panic"
)]
#![allow(dead_code, reason = "tests of their own use parts of it")]

mod agenda;
#[path = "../support/history.rs"]
mod history;
mod host;
mod icq;
mod machine;
mod people;
mod plan;
mod tally;
mod trouble;
mod wire;
mod witness;
mod world;

use plan::Plan;
use world::World;

#[test]
fn one_seed() {
    let Some(seed) = std::env::var("WORLD_SEED").ok().and_then(|it| it.parse().ok()) else {
        return;
    };
    let mut world = World::new(Plan::draw(seed), true);
    world.live();
    match world.verdict() {
        Ok(endings) => println!("{endings:?}\n{:#?}", world.tally),
        Err(complaints) => panic!("seed {seed}:\n{}", complaints.join("\n")),
    }
}
