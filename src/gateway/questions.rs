//! What ICQ was asked beyond messages and presence, who waits for the answers, and what was learned of people
//! (xmpp-gateway.md §18.1, §20.2).

use std::time::{Duration, Instant};

use super::action::Asker;
use super::pace::{Pace, Rate};
use super::{Effects, Env, words};
use crate::icq::{Command, QuestionId};
use crate::model::{Answer, Details, NoAnswer, Now, Question, Uin};
use crate::xmpp::{Condition, Refusal};

/// One user's open questions, and the answers worth keeping.
#[derive(Default)]
pub(super) struct Questions {
    open: Vec<Open>,
    /// The number of the last one.
    last: u64,
    searches: Pace,
    lookups: Pace,
    /// When the next details may be asked for, if any wait.
    turn: Option<Instant>,
    /// What people tell about themselves, the latest last.
    known: Vec<Known>,
}

struct Open {
    /// There once ICQ was asked.
    id: Option<QuestionId>,
    question: Question,
    askers: Vec<Asker>,
    until: Instant,
}

struct Known {
    uin: Uin,
    since: Instant,
    details: Details,
}

/// A question that has found its end.
pub(super) struct Answered {
    pub(super) question: Question,
    pub(super) askers: Vec<Asker>,
    pub(super) answer: Result<Answer, NoAnswer>,
}

impl Questions {
    /// Asks ICQ. Details are asked for one at a time, and once for all who want them; everything else at
    /// once, or not at all: then the asker comes back.
    pub(super) fn ask(
        &mut self,
        now: Now,
        env: &Env<'_>,
        fx: &mut Effects,
        question: Question,
        asker: Asker,
    ) -> Result<(), Box<(Asker, Refusal)>> {
        let until = now.instant + patience(&question, &asker);
        let refuse = |text| Refusal::new(Condition::ResourceConstraint, text);
        if let Question::Details(uin) = question {
            let is_it = |open: &&mut Open| open.question == Question::Details(uin);
            if let Some(open) = self.open.iter_mut().find(is_it)
                && open.askers.len() < MOST_OPEN
            {
                open.askers.push(asker);
                return Ok(());
            }
        }
        if self.open.len() >= MOST_OPEN {
            return Err(Box::new((asker, refuse(words::TOO_MANY_QUESTIONS))));
        }
        let is_search = matches!(question, Question::Search(_) | Question::MeetRandom(_));
        if is_search && self.searches.take(now.instant, SEARCHES).is_err() {
            return Err(Box::new((asker, refuse(words::SEARCHES_TOO_MANY))));
        }
        self.open.push(Open {
            id: None,
            question,
            askers: vec![asker],
            until,
        });
        self.advance(now, env, fx);
        Ok(())
    }

    /// Asks ICQ for something whose outcome nobody waits for.
    pub(super) fn tell(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects, question: Question) {
        if self.open.len() < MOST_OPEN {
            self.open.push(Open {
                id: None,
                question,
                askers: Vec::new(),
                until: now.instant + PATIENCE,
            });
            self.advance(now, env, fx);
        }
    }

    /// Asks what may be asked now.
    pub(super) fn advance(&mut self, now: Now, env: &Env<'_>, fx: &mut Effects) {
        self.turn = None;
        if !env.icq_online {
            return;
        }
        for open in &mut self.open {
            if open.id.is_some() {
                continue;
            }
            if matches!(open.question, Question::Details(_)) {
                if self.turn.is_some() {
                    continue;
                }
                if let Err(turn) = self.lookups.take(now.instant, LOOKUPS) {
                    self.turn = Some(turn);
                    continue;
                }
            }
            self.last += 1;
            let id = QuestionId(self.last);
            open.id = Some(id);
            let question = open.question.clone();
            fx.command(Command::Ask { id, question });
        }
    }

    /// An answer came.
    pub(super) fn answered(
        &mut self,
        now: Now,
        id: QuestionId,
        answer: Result<Answer, NoAnswer>,
    ) -> Option<Answered> {
        let at = self.open.iter().position(|open| open.id == Some(id))?;
        let Open {
            question, askers, ..
        } = self.open.remove(at);
        if let (Question::Details(uin), Ok(Answer::Details(details))) = (&question, &answer) {
            self.learn(now, *uin, (**details).clone());
        }
        Some(Answered {
            question,
            askers,
            answer,
        })
    }

    /// A question whose answer did not come in time.
    pub(super) fn overdue(&mut self, now: Now) -> Option<Answered> {
        let is_late = |open: &Open| open.until <= now.instant;
        let at = self.open.iter().position(is_late)?;
        let open = self.open.remove(at);
        Some(Answered {
            question: open.question,
            askers: open.askers,
            answer: Err(NoAnswer::Silent),
        })
    }

    /// There is no session any more: nothing will be answered.
    pub(super) fn icq_offline(&mut self) -> Vec<Answered> {
        self.turn = None;
        let open = std::mem::take(&mut self.open).into_iter();
        open.map(|open| Answered {
            question: open.question,
            askers: open.askers,
            answer: Err(NoAnswer::SessionEnded),
        })
        .collect()
    }

    /// What somebody told about themselves within a day.
    pub(super) fn known(&self, now: Now, uin: Uin) -> Option<&Details> {
        let known = self.known.iter().find(|known| known.uin == uin)?;
        let is_fresh = now.instant.saturating_duration_since(known.since) < KNOWN_FOR;
        is_fresh.then_some(&known.details)
    }

    /// Remembers what somebody tells; whoever was asked about longest ago is forgotten for it.
    pub(super) fn learn(&mut self, now: Now, uin: Uin, details: Details) {
        self.known.retain(|known| known.uin != uin);
        if self.known.len() >= MOST_KNOWN {
            self.known.remove(0);
        }
        self.known.push(Known {
            uin,
            since: now.instant,
            details,
        });
    }

    /// When to call [`overdue`](Self::overdue) and [`advance`](Self::advance), if ever.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let until = self.open.iter().map(|open| open.until);
        until.chain(self.turn).min()
    }
}

/// How long somebody waits for an answer.
fn patience(question: &Question, asker: &Asker) -> Duration {
    match (question, asker) {
        (Question::Details(_), _) => Duration::from_secs(20),
        // The name of a contact that is about to be added (xmpp-gateway.md §20.1).
        (Question::Search(crate::model::Search::Email(_)), Asker::Iq { .. }) => {
            Duration::from_secs(10)
        }
        _ => PATIENCE,
    }
}

const PATIENCE: Duration = Duration::from_secs(30);

/// xmpp-gateway.md §18.1.
const LOOKUPS: Rate = Rate::every(Duration::from_secs(3));
const KNOWN_FOR: Duration = Duration::from_secs(24 * 3600);

/// xmpp-gateway.md §20.2.
const SEARCHES: Rate = Rate::every(Duration::from_secs(5));

/// Questions of one user at a time, and those who wait for one of them.
const MOST_OPEN: usize = 32;

/// People of whom is remembered what they tell.
const MOST_KNOWN: usize = 50;
