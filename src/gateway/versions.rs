//! Which versions of the ICQ protocol a login tries, in which order and for how long each, and what
//! came of it (xmpp-gateway.md §5.3).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Network;
use crate::icq::LogoutReason;
use crate::icq::wire::Version;
use crate::store::Registration;

/// The versions a registration may be served in, the best first: the one the user chose, or all those
/// of the network. A choice that the operator has withdrawn is none.
pub(super) fn choices(registration: &Registration, network: &Network) -> Vec<Version> {
    let chosen = registration.version.and_then(Version::of_word);
    match chosen.filter(|version| network.versions.contains(version)) {
        Some(version) => vec![version],
        None => network.versions.clone(),
    }
}

/// A login on its way through the versions.
#[derive(Debug)]
pub(super) struct Search {
    current: Version,
    /// How long the current one may take, and until when it has time.
    patience: Option<Duration>,
    until: Option<Instant>,
    rest: VecDeque<(Version, Option<Duration>)>,
    answers: Vec<(Version, LogoutReason)>,
}

impl Search {
    /// The search of a registration, which has until `deadline`: each version has a few seconds, and if
    /// time is left at the end, the best ones have another turn, because packets get lost.
    pub(super) fn of_trial(now: Instant, versions: &[Version], deadline: Instant) -> Self {
        let [only] = versions else {
            let time = deadline.saturating_duration_since(now) + PAUSE;
            let count = u32::try_from(versions.len()).unwrap_or(1).max(1);
            let turn = (time / count).saturating_sub(PAUSE);
            let turn = turn.clamp(SHORTEST_TURN, LONGEST_TURN);
            let turns = (time.as_millis() / (turn + PAUSE).as_millis()).max(u128::from(count));
            let turns = usize::try_from(turns).unwrap_or(usize::MAX).min(MOST_TURNS);
            let order = versions.iter().cycle().take(turns);
            return Self::new(order.map(|version| (*version, Some(turn))));
        };
        Self::new([(*only, None)])
    }

    /// The search of a later login: the version that worked last time has time for some repetitions, and
    /// if it does not work any more, the others follow.
    pub(super) fn of_login(versions: &[Version], worked: Option<Version>) -> Self {
        let worked = worked.filter(|version| versions.contains(version));
        let others = versions.iter().copied();
        let others = others.filter(|version| Some(*version) != worked);
        let order: Vec<Version> = worked.into_iter().chain(others).collect();
        if let [only] = order[..] {
            return Self::new([(only, None)]);
        }
        let patience = |version| match Some(version) == worked {
            true => PATIENCE_WITH_KNOWN,
            false => PATIENCE_WITH_OTHERS,
        };
        Self::new(
            order
                .iter()
                .map(|&version| (version, Some(patience(version)))),
        )
    }

    fn new(order: impl IntoIterator<Item = (Version, Option<Duration>)>) -> Self {
        let mut rest: VecDeque<_> = order.into_iter().collect();
        // A network has at least one version.
        let (current, patience) = rest.pop_front().unwrap_or((Version::V5, None));
        Self {
            current,
            patience,
            until: None,
            rest,
            answers: Vec::new(),
        }
    }

    /// The version whose turn it is.
    pub(super) const fn version(&self) -> Version {
        self.current
    }

    /// A session in this version begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.until = self.patience.map(|patience| now + patience);
    }

    /// When the turn of this version is over.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.until
    }

    /// The login came to nothing in this version. Whether it is worth another: then that has its turn.
    pub(super) fn failed(&mut self, why: &LogoutReason) -> bool {
        self.until = None;
        self.note(why);
        if is_about_the_account(why) {
            return false;
        }
        let Some((version, patience)) = self.rest.pop_front() else {
            return false;
        };
        self.current = version;
        self.patience = patience;
        true
    }

    /// Notes what this version came to, if it said nothing more telling before.
    fn note(&mut self, why: &LogoutReason) {
        let mut known = self.answers.iter_mut();
        match known.find(|(version, _)| *version == self.current) {
            Some((_, LogoutReason::NoAnswer)) | None => {
                self.answers.retain(|(version, _)| *version != self.current);
                self.answers.push((self.current, why.clone()));
            }
            Some(_) => {}
        }
    }

    /// The search is over without a login, the last attempt because of `why`: why it failed as a whole,
    /// and what each version answered if more than one was tried.
    pub(super) fn verdict(
        mut self,
        why: LogoutReason,
    ) -> (LogoutReason, Vec<(Version, LogoutReason)>) {
        self.note(&why);
        if is_about_the_account(&why) || self.answers.len() < 2 {
            return (why, Vec::new());
        }
        let telling = |(_, why): &&(Version, LogoutReason)| *why != LogoutReason::NoAnswer;
        let refusals =
            |(_, why): &&(Version, LogoutReason)| matches!(why, LogoutReason::Refused(_));
        let answers = self.answers.iter();
        let best = answers
            .clone()
            .find(refusals)
            .or_else(|| answers.clone().find(telling));
        let best = best.map_or(why, |(_, why)| why.clone());
        (best, self.answers)
    }
}

/// The server has said something about the account, or cannot be reached at all: it would say the same
/// in any other version. Where it is silent, or does not take this login, it may take another.
const fn is_about_the_account(why: &LogoutReason) -> bool {
    match why {
        LogoutReason::WrongPassword
        | LogoutReason::AlreadyOnline
        | LogoutReason::TryAgainLater
        | LogoutReason::Kicked(_)
        | LogoutReason::Asked
        | LogoutReason::Unreachable(_) => true,
        LogoutReason::Refused(_)
        | LogoutReason::SessionLost
        | LogoutReason::NoAnswer
        | LogoutReason::ConnectionLost => false,
    }
}

/// Between two versions, so that the goodbye of one does not overtake the login of the other
/// (`icq-udp.md` §17).
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// What is left of a registration's time when the last turn ends, for the answer.
pub(super) const RESERVE: Duration = Duration::from_secs(1);

const SHORTEST_TURN: Duration = Duration::from_millis(1500);
const LONGEST_TURN: Duration = Duration::from_secs(4);
const MOST_TURNS: usize = 10;

/// Three packets, ten seconds apart.
const PATIENCE_WITH_KNOWN: Duration = Duration::from_secs(25);

/// Two packets.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_secs(12);

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{V2, V3, V4, V5};

    /// Who has which turn, in milliseconds from the beginning, with pauses and without answers.
    fn turns(mut search: Search, start: Instant) -> Vec<(Version, u128, u128)> {
        let mut now = start;
        let mut turns = Vec::new();
        loop {
            search.begin(now);
            let end = search.due().unwrap();
            turns.push((
                search.version(),
                (now - start).as_millis(),
                (end - start).as_millis(),
            ));
            if !search.failed(&LogoutReason::NoAnswer) {
                return turns;
            }
            now = end + PAUSE;
        }
    }

    #[test]
    fn a_registration_gives_each_version_a_few_seconds_of_its_twenty() {
        let now = Instant::now();
        let deadline = now + Duration::from_secs(19);
        for versions in [
            &[V5, V4][..],
            &[V5, V4, V3],
            &[V5, V4, V3, V2],
            &Version::ALL,
        ] {
            let turns = turns(Search::of_trial(now, versions, deadline), now);

            let tried: Vec<Version> = turns.iter().map(|(version, ..)| *version).collect();
            assert_eq!(tried[..versions.len()], *versions);
            assert!(
                turns.iter().all(|(_, begin, end)| end - begin >= 3000),
                "{turns:?}"
            );
            assert!(turns.iter().all(|(.., end)| *end <= 19_000), "{turns:?}");
        }
    }

    #[test]
    fn time_that_is_left_goes_to_the_best_again() {
        let now = Instant::now();
        let search = Search::of_trial(now, &[V5, V4, V3], now + Duration::from_secs(19));

        let tried: Vec<Version> = turns(search, now).iter().map(|turn| turn.0).collect();

        assert_eq!(tried, [V5, V4, V3, V5]);
    }

    #[test]
    fn a_single_version_has_all_the_time() {
        let now = Instant::now();
        let mut search = Search::of_trial(now, &[V3], now + Duration::from_secs(19));
        search.begin(now);
        assert_eq!((search.version(), search.due()), (V3, None));

        let mut search = Search::of_login(&[V3], Some(V5));
        search.begin(now);
        assert_eq!((search.version(), search.due()), (V3, None));
    }

    #[test]
    fn a_login_begins_with_what_worked() {
        let now = Instant::now();

        let turns = turns(Search::of_login(&[V5, V4, V3], Some(V4)), now);

        let tried: Vec<Version> = turns.iter().map(|turn| turn.0).collect();
        assert_eq!(tried, [V4, V5, V3]);
        assert_eq!(turns[0].2, 25_000);
    }

    #[test]
    fn an_answer_about_the_account_ends_the_search() {
        for why in [
            LogoutReason::WrongPassword,
            LogoutReason::AlreadyOnline,
            LogoutReason::TryAgainLater,
            LogoutReason::Unreachable(String::new()),
        ] {
            let mut search = Search::of_login(&[V5, V4], None);
            assert!(search.failed(&LogoutReason::NoAnswer));
            assert!(!search.failed(&why));
            assert_eq!(search.verdict(why.clone()), (why, Vec::new()));
        }
    }

    #[test]
    fn the_verdict_is_what_was_most_telling_and_names_all() {
        let mut search = Search::of_login(&[V5, V4, V3], None);
        let refused = LogoutReason::Refused("too old".into());
        assert!(search.failed(&LogoutReason::SessionLost));
        assert!(search.failed(&refused));
        assert!(!search.failed(&LogoutReason::NoAnswer));

        let (why, answers) = search.verdict(LogoutReason::NoAnswer);

        assert_eq!(why, refused);
        let expected = [
            (V5, LogoutReason::SessionLost),
            (V4, refused),
            (V3, LogoutReason::NoAnswer),
        ];
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_choice_that_is_not_offered_any_more_is_none() {
        let network = Network {
            versions: vec![V5, V3],
            ..Network::new(Network::FIRST)
        };
        let registration = |version| Registration {
            uin: crate::model::Uin(100_001),
            password: crate::model::Secret::new("secret"),
            mode: crate::store::Mode::Follow,
            charset: "windows-1252".into(),
            import_contacts: true,
            registered: crate::model::UnixTime::default(),
            network: network.name.clone(),
            version,
        };

        assert_eq!(choices(&registration(Some(3)), &network), [V3]);
        assert_eq!(choices(&registration(Some(2)), &network), [V5, V3]);
        assert_eq!(choices(&registration(None), &network), [V5, V3]);
    }
}
