//! One story for every version, and for every pair of versions where two meet.

mod login;
mod messages;
mod people;
mod presence;
mod sessions;

use icq_transport::icq::udp::Version;

const ALL: [Version; 5] = Version::ALL;

/// Every two versions, in both orders, and every one with itself.
fn pairs() -> impl Iterator<Item = (Version, Version)> {
    ALL.into_iter()
        .flat_map(|ours| ALL.into_iter().map(move |theirs| (ours, theirs)))
}
