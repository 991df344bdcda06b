//! What the gateway asks of the server beyond messages and lists, each question ending in one answer
//! (`icq-udp.md` §8, §9).
//!
//! A question takes one request or several, one after the other: [`plan`] says which, [`replies`] reads
//! what comes back. One question is open at a time. Many replies do not say what they answer, and so
//! there is but one thing that they can.

mod details;
mod plan;
mod publish;
mod replies;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::icq::QuestionId;
use crate::icq::udp::FromServer;
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::text::Charset;
use crate::model::{Answer, NoAnswer, Question};

pub(super) use plan::Asker;
use plan::{Request, plan};
use replies::{Awaits, Gathered, Verdict};

/// The questions that have no answer yet.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Few, the oldest first.
    waiting: Vec<Waiting>,
    open: Option<Box<Open>>,
}

#[derive(Debug)]
struct Waiting {
    id: QuestionId,
    question: Question,
    until: Instant,
}

/// The question that the server is asked.
#[derive(Debug)]
struct Open {
    id: QuestionId,
    wanted: Wanted,
    /// The first is on its way, or leaves next.
    requests: VecDeque<Request>,
    asked: Option<Asked>,
    gathered: Gathered,
    /// Of some requests the server said no, or nothing.
    worst: Option<NoAnswer>,
}

/// The request that is on its way.
#[derive(Clone, Copy, Debug)]
struct Asked {
    seq2: u16,
    due: Instant,
    latest: Instant,
}

/// What kind of answer a question wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wanted {
    Details,
    Found,
    Done,
}

/// The end of a question.
pub(super) type Ending = (QuestionId, Result<Answer, NoAnswer>);

/// What a packet was to the open question.
#[derive(Debug, PartialEq)]
pub(super) enum Taken {
    /// Nothing.
    NotMine,
    /// Part of a reply.
    Part,
    /// The end of a request.
    RequestEnded(Option<Ending>),
}

impl Questions {
    /// Takes a question; `false` if too many wait.
    #[must_use]
    pub(super) fn push(&mut self, now: Instant, id: QuestionId, question: Question) -> bool {
        let has_room = self.waiting.len() < MOST_WAITING;
        if has_room {
            self.waiting.push(Waiting {
                id,
                question,
                until: now + TURN_PATIENCE,
            });
        }
        has_room
    }

    /// The next request that may leave: its command and its body. [`asked`](Self::asked) follows.
    pub(super) fn next(&mut self, asker: Asker) -> Option<(u16, Vec<u8>)> {
        if self.open.is_none() {
            if self.waiting.is_empty() {
                return None;
            }
            let Waiting { id, question, .. } = self.waiting.remove(0);
            self.give_memory_back();
            let (requests, gathered) = plan(&question, asker);
            self.open = Some(Box::new(Open {
                id,
                wanted: Wanted::of(&question),
                requests: requests.into(),
                asked: None,
                gathered,
                worst: None,
            }));
        }
        let open = self.open.as_ref().filter(|open| open.asked.is_none())?;
        let request = open.requests.front()?;
        Some((request.command, request.body.clone()))
    }

    /// The request left, as number `seq2`.
    pub(super) fn asked(&mut self, now: Instant, seq2: u16) {
        if let Some(open) = &mut self.open {
            open.asked = Some(Asked {
                seq2,
                due: now + PATIENCE,
                latest: now + LONGEST_REPLY,
            });
        }
    }

    /// The request leaves again, as number `seq2`.
    pub(super) fn renumbered(&mut self, now: Instant, seq2: u16) {
        if let Some(asked) = self.open.as_mut().and_then(|open| open.asked.as_mut()) {
            asked.seq2 = seq2;
            asked.due = (now + PATIENCE).min(asked.latest);
        }
    }

    /// The form of what answers request `seq2` (§8.4).
    pub(super) fn form(&self, seq2: u16) -> MetaForm {
        match self.on_the_way() {
            Some((asked, request)) if asked.seq2 == seq2 => request.form,
            _ => MetaForm::Unknown,
        }
    }

    /// Takes what the server says, if it answers the request that is on its way: by its number, or
    /// without one, which some servers leave out (§4.3).
    pub(super) fn take(
        &mut self,
        now: Instant,
        seq2: u16,
        packet: &FromServer<'_>,
        charset: Charset,
    ) -> Taken {
        let Some(open) = &mut self.open else {
            return Taken::NotMine;
        };
        let (Some(asked), Some(request)) = (&mut open.asked, open.requests.front()) else {
            return Taken::NotMine;
        };
        let may_be_unnumbered = !matches!(packet, FromServer::Meta(_));
        if seq2 != asked.seq2 && !(seq2 == UNNUMBERED && may_be_unnumbered) {
            return Taken::NotMine;
        }
        match open.gathered.take(&request.awaits, packet, charset) {
            Verdict::NotMine => Taken::NotMine,
            Verdict::Part => {
                asked.due = (now + PART_PATIENCE).min(asked.latest);
                Taken::Part
            }
            Verdict::Enough => {
                open.requests.truncate(1);
                Taken::RequestEnded(self.request_ended(None))
            }
            Verdict::Whole => Taken::RequestEnded(self.request_ended(None)),
            Verdict::Refused => Taken::RequestEnded(self.request_ended(Some(NoAnswer::Refused))),
        }
    }

    /// The server acknowledged the request on its way, which is all it says to some.
    pub(super) fn acknowledged(&mut self) -> Option<Ending> {
        let (_, request) = self.on_the_way()?;
        match request.awaits {
            Awaits::Acknowledgement => self.request_ended(None),
            _ => None,
        }
    }

    /// When [`overdue`](Self::overdue) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        let turns = self.waiting.iter().map(|waiting| waiting.until);
        let asked = self.on_the_way().map(|(asked, _)| asked.due);
        turns.chain(asked).min()
    }

    /// Ends what has waited long enough. To be called until it gives [`Taken::NotMine`].
    pub(super) fn overdue(&mut self, now: Instant) -> Taken {
        if self.on_the_way().is_some_and(|(asked, _)| asked.due <= now) {
            return Taken::RequestEnded(self.request_ended(Some(NoAnswer::Silent)));
        }
        let tired = self.waiting.iter().position(|waiting| waiting.until <= now);
        match tired.map(|index| self.waiting.remove(index)) {
            Some(waiting) => Taken::RequestEnded(Some((waiting.id, Err(NoAnswer::Silent)))),
            None => Taken::NotMine,
        }
    }

    /// Ends all questions, because the session ends.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = QuestionId> + use<> {
        let open = self.open.take().map(|open| open.id);
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        open.into_iter().chain(waiting.map(|waiting| waiting.id))
    }

    fn on_the_way(&self) -> Option<(&Asked, &Request)> {
        let open = self.open.as_ref()?;
        Some((open.asked.as_ref()?, open.requests.front()?))
    }

    /// The request on its way has its reply, or `why` not. The next one follows, or the answer.
    fn request_ended(&mut self, why: Option<NoAnswer>) -> Option<Ending> {
        let open = self.open.as_mut()?;
        open.asked = None;
        open.requests.pop_front();
        open.worst = match (open.worst, why) {
            (Some(NoAnswer::Refused), _) | (_, Some(NoAnswer::Refused)) => Some(NoAnswer::Refused),
            (worst, why) => why.or(worst),
        };
        let is_hopeless = why == Some(NoAnswer::Refused) && open.wanted != Wanted::Done;
        if !open.requests.is_empty() && !is_hopeless {
            return None;
        }
        let open = self.open.take()?;
        Some((open.id, open.answer()))
    }

    fn give_memory_back(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
    }
}

impl Open {
    /// What there is counts, though more was to come.
    fn answer(self) -> Result<Answer, NoAnswer> {
        let Self {
            gathered, worst, ..
        } = self;
        match (self.wanted, worst) {
            (Wanted::Details, _) if gathered.has_details() => {
                Ok(Answer::Details(Box::new(gathered.into_details())))
            }
            (Wanted::Details, worst) => Err(worst.unwrap_or(NoAnswer::Silent)),
            (Wanted::Found, Some(why)) if gathered.people.is_empty() => Err(why),
            (Wanted::Found, worst) => Ok(Answer::Found {
                people: gathered.people,
                more: gathered.more || worst.is_some(),
            }),
            (Wanted::Done, None) => Ok(Answer::Done),
            (Wanted::Done, Some(why)) => Err(why),
        }
    }
}

impl Wanted {
    const fn of(question: &Question) -> Self {
        match question {
            Question::Details(_) => Self::Details,
            Question::Search(_) | Question::MeetRandom(_) => Self::Found,
            Question::Publish(_)
            | Question::RequireAuthorisation(_)
            | Question::ChangePassword(_)
            | Question::JoinRandom(_) => Self::Done,
        }
    }
}

/// How many questions may wait for their turn, and for how long.
pub(super) const MOST_WAITING: usize = 16;
const TURN_PATIENCE: Duration = Duration::from_secs(300);

/// How long the server may take to reply, from one part of its reply to the next, and in all: three
/// sends of the request (§8.4).
const PATIENCE: Duration = Duration::from_secs(30);
const PART_PATIENCE: Duration = Duration::from_secs(15);
const LONGEST_REPLY: Duration = Duration::from_secs(90);

/// `seq2` of a reply that does not say what it answers.
const UNNUMBERED: u16 = 0;
