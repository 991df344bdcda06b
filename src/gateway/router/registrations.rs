//! Registrations of people who are not registered: who may try one, how often, and for which number
//! (xmpp-gateway.md §5.1, §28.1).

use std::time::{Duration, Instant};

use xmpp_parsers::jid::BareJid;
use xmpp_parsers::ns;

use super::guests::GuestSession;
use super::{Gateway, GatewayOutput, Known};
use crate::gateway::action::Asker;
use crate::gateway::pace::{Pace, Rate};
use crate::gateway::recent::Recent;
use crate::gateway::register::{self, Fields, Submission};
use crate::gateway::user::NO_NUMBER;
use crate::gateway::{User, words};
use crate::model::{Now, Uin};
use crate::store::{Registration, Stray};
use crate::xmpp::{Condition, Refusal, Request, Stanza};
use xmpp_parsers::iq::Iq;

/// How often people who are not registered tried to be, and how much they send.
#[derive(Debug)]
pub(super) struct Registrations {
    people: Recent<BareJid, Applicant>,
    /// By number: the gateway must not be a machine for guessing passwords.
    numbers: Recent<Uin, Pace>,
    /// New ones that ICQ was asked for.
    new_numbers: Pace,
    /// By number: sessions that failed trials may have left open.
    strays: Recent<Uin, Vec<Stray>>,
}

#[derive(Debug, Default)]
struct Applicant {
    registrations: Pace,
    numbers: Pace,
    session: Option<GuestSession>,
    stanzas: Pace,
    blocked_until: Option<Instant>,
}

impl Default for Registrations {
    fn default() -> Self {
        Self {
            people: Recent::new(MAX_REMEMBERED),
            numbers: Recent::new(MAX_REMEMBERED),
            new_numbers: Pace::default(),
            strays: Recent::new(MAX_REMEMBERED),
        }
    }
}

impl Registrations {
    /// How much somebody has sent, and until when they are not heard.
    pub(super) fn stanzas_of(
        &mut self,
        now: Instant,
        jid: &BareJid,
    ) -> (&mut Pace, &mut Option<Instant>) {
        let applicant = self.people.of(now, jid.clone());
        (&mut applicant.stanzas, &mut applicant.blocked_until)
    }

    /// Failed trials may have left these sessions open.
    pub(super) fn left_open(&mut self, now: Instant, strays: Vec<Stray>) {
        for stray in strays {
            let known = self.strays.of(now, stray.uin);
            known.retain(|it| *it != stray);
            known.push(stray);
            let surplus = known.len().saturating_sub(MOST_STRAYS);
            known.drain(..surplus);
        }
    }

    /// Somebody begins to fill in the command's form.
    pub(super) fn begin_guest(&mut self, now: Instant, jid: &BareJid, session: GuestSession) {
        self.people.of(now, jid.clone()).session = Some(session);
    }

    /// The form that somebody is filling in.
    pub(super) fn guest(&mut self, now: Instant, jid: &BareJid) -> Option<&GuestSession> {
        self.people.of(now, jid.clone()).session.as_ref()
    }

    /// Somebody has filled it in, or does not want to.
    pub(super) fn end_guest(&mut self, now: Instant, jid: &BareJid) {
        self.people.of(now, jid.clone()).session = None;
    }

    /// Whether somebody may have a new number: one a day, and all together only so many.
    fn may_have_number(&mut self, now: Instant, jid: &BareJid, per_day: u32) -> bool {
        let applicant = self.people.of(now, jid.clone());
        applicant.numbers.take(now, Rate::every(DAY)).is_ok()
            && self.new_numbers.take(now, Rate::per(DAY, per_day)).is_ok()
    }

    fn may_try(&mut self, now: Instant, jid: &BareJid, uin: Uin, per_hour: u32) -> bool {
        let applicant = self.people.of(now, jid.clone());
        let person = applicant.registrations.take(now, Rate::per(HOUR, per_hour));
        person.is_ok() && self.may_try_number(now, uin)
    }

    fn may_try_number(&mut self, now: Instant, uin: Uin) -> bool {
        self.numbers.of(now, uin).take(now, PER_NUMBER).is_ok()
    }
}

impl Gateway {
    /// `jabber:iq:register` from somebody who is not registered.
    pub(super) fn handle_registration(&mut self, now: Now, request: Request) {
        let jid = request.from.to_bare();
        if let Err(refusal) = self.shared.may_use(&jid) {
            return self.send(request.refuse(&refusal));
        }
        if !request.set {
            let local = self.shared.is_local(&jid);
            let form = register::form(&self.shared.settings, None, request.lang.as_deref(), local);
            return self.send(request.result(Some(form)));
        }
        let fields = match Submission::read(&request.payload) {
            Ok(Submission::Fields(fields)) => Ok(fields),
            Ok(Submission::Remove) => Err(Refusal::new(
                Condition::RegistrationRequired,
                words::NOT_REGISTERED,
            )),
            Err(refusal) => Err(refusal),
        };
        let lang = request.lang.as_deref();
        let registration = fields.and_then(|fields| self.registration(now, &jid, fields, lang));
        match registration {
            Ok(registration) => {
                self.try_registration(now, jid, registration, Asker::registering(&request));
            }
            Err(refusal) => self.send(request.refuse(&refusal)),
        }
    }

    /// The registration that `fields` ask for, if it may be tried.
    pub(super) fn registration(
        &mut self,
        now: Now,
        jid: &BareJid,
        fields: Fields,
        lang: Option<&str>,
    ) -> Result<Registration, Refusal> {
        let refuse = |condition, why| Err(Refusal::new(condition, why));
        let settings = &self.shared.settings;
        let registration = fields.complete(None, settings, lang, now.unix)?;
        if self.users.contains_key(jid) {
            let why = match self.is_being_removed(jid) {
                true => words::REMOVAL_RUNNING,
                false => words::REGISTRATION_RUNNING,
            };
            return refuse(Condition::ResourceConstraint, why);
        }
        if self.users.len() >= settings.limits.users {
            return refuse(Condition::ResourceConstraint, words::USERS_TOO_MANY);
        }
        let wants_number = registration.uin == NO_NUMBER;
        let per_day = settings.limits.new_numbers_per_day;
        let registrations = &mut self.registrations;
        if wants_number && !registrations.may_have_number(now.instant, jid, per_day) {
            return refuse(Condition::ResourceConstraint, words::NUMBERS_TOO_MANY);
        }
        if settings.unique_uin
            && !wants_number
            && self.is_taken(now.instant, &registration.network, registration.uin, jid)
        {
            return refuse(Condition::Conflict, words::NUMBER_TAKEN);
        }
        let per_hour = settings.limits.registrations_per_hour;
        let uin = registration.uin;
        if !self.registrations.may_try(now.instant, jid, uin, per_hour) {
            return refuse(Condition::ResourceConstraint, words::REGISTRATIONS_TOO_MANY);
        }
        Ok(registration)
    }

    /// Has a registration tried. `asker` is told what came of it.
    pub(super) fn try_registration(
        &mut self,
        now: Now,
        jid: BareJid,
        registration: Registration,
        asker: Asker,
    ) {
        let known = Known {
            linked: true,
            ..Known::new(&registration)
        };
        let strays = std::mem::take(self.registrations.strays.of(now.instant, registration.uin));
        let seat = self.seat(jid.clone());
        let privileges = self.link.privileges(&jid);
        let run = User::register(now, seat, privileges, registration, strays, asker);
        self.users.insert(jid.clone(), known);
        self.outputs.push_back(GatewayOutput::Start {
            user: jid,
            run: Box::new(run),
        });
    }

    fn is_being_removed(&self, jid: &BareJid) -> bool {
        self.users.get(jid).is_some_and(|known| known.leaving)
    }

    /// Somebody else has this number, or is about to.
    fn is_taken(&self, now: Instant, network: &str, uin: Uin, jid: &BareJid) -> bool {
        let is_tried = |(its, tried, until): &(String, Uin, Instant)| {
            its == network && *tried == uin && *until > now
        };
        let is_owned = |known: &Known| known.network == network && known.uin == uin;
        let mut users = self.users.iter();
        users.any(|(user, known)| {
            user != jid && (is_owned(known) || known.trying.as_ref().is_some_and(is_tried))
        })
    }

    /// Why a registered user may not change to another number: somebody else has it, or too many
    /// passwords were tried on it.
    pub(super) fn refusal_of_change(
        &mut self,
        now: Instant,
        user: &BareJid,
        stanza: &Stanza,
    ) -> Option<Refusal> {
        let Stanza::Iq(iq) = stanza else {
            return None;
        };
        let Iq::Set { payload, .. } = &**iq else {
            return None;
        };
        if payload.ns() != ns::REGISTER {
            return None;
        }
        let Ok(Submission::Fields(fields)) = Submission::read(payload) else {
            return None;
        };
        let known = self.users.get(user)?;
        let uin = fields.uin(&self.shared.settings).unwrap_or(known.uin);
        let network = fields.network().unwrap_or(&known.network).to_owned();
        if known.uin == uin && known.network == network {
            return None;
        }
        if self.shared.settings.unique_uin && self.is_taken(now, &network, uin, user) {
            return Some(Refusal::new(Condition::Conflict, words::NUMBER_TAKEN));
        }
        if !self.registrations.may_try_number(now, uin) {
            let text = words::REGISTRATIONS_TOO_MANY;
            return Some(Refusal::new(Condition::ResourceConstraint, text));
        }
        let deadline = self.shared.settings.registration_deadline;
        if let Some(known) = self.users.get_mut(user) {
            known.trying = Some((network, uin, now + deadline));
        }
        None
    }
}

/// More people, and more numbers, are not remembered at once.
const MAX_REMEMBERED: usize = 10_000;

/// Sessions that trials of one number may have left open.
const MOST_STRAYS: usize = 8;

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

const PER_NUMBER: Rate = Rate::per(HOUR, 10);
