//! Ad-hoc commands of people who are not registered (xmpp-gateway.md §23.1): to register, for clients that
//! have commands but no registration, and help.

use std::time::{Duration, Instant};

use minidom::Element;
use xmpp_parsers::ns::DATA_FORMS;

use super::Gateway;
use crate::gateway::action::{Asker, Outcome, Reply};
use crate::gateway::commands::{self, GUEST_HELP, GUEST_REGISTER};
use crate::gateway::register::{self, Fields};
use crate::gateway::words;
use crate::model::Now;
use crate::xmpp::{Condition, Refusal, Request};

/// A form that somebody is filling in.
#[derive(Debug)]
pub(super) struct GuestSession {
    id: String,
    until: Instant,
}

impl Gateway {
    /// Takes a step of a command of somebody who is not registered.
    pub(super) fn handle_command_of_stranger(&mut self, now: Now, request: Request) {
        let reply = Reply::to(&request);
        match self.guest_step(now, &request, &reply) {
            Ok(Some(payload)) => self.send(reply.stanza(Ok(Some(payload)))),
            // The task that tries the registration answers.
            Ok(None) => {}
            Err(refusal) => self.send(reply.stanza(Err(refusal))),
        }
    }

    fn guest_step(
        &mut self,
        now: Now,
        request: &Request,
        reply: &Reply,
    ) -> Result<Option<Element>, Refusal> {
        let refuse = |condition, text| Err(Refusal::new(condition, text));
        let jid = request.from.to_bare();
        self.shared.may_use(&jid)?;
        let payload = &request.payload;
        if !request.set || payload.name() != "command" {
            return refuse(Condition::BadRequest, words::NOT_UNDERSTOOD);
        }
        let session = payload.attr("sessionid");
        match (payload.attr("node").unwrap_or_default(), session) {
            (GUEST_HELP, None) => {
                let domain = &self.shared.settings.domain;
                let done = Ok(Outcome::said(words::register_first(domain.as_str())));
                Ok(Some(commands::answer(GUEST_HELP, "help", domain, &done)))
            }
            (GUEST_REGISTER, None) => Ok(Some(self.begin_registering(now, request))),
            (GUEST_REGISTER, Some(session)) => {
                self.check_guest(now, request, session)?;
                match payload.attr("action").unwrap_or("execute") {
                    "cancel" => {
                        self.registrations.end_guest(now.instant, &jid);
                        Ok(Some(commands::canceled(GUEST_REGISTER, session)))
                    }
                    "execute" | "next" | "complete" => {
                        Ok(self.register_guest(now, request, session, reply))
                    }
                    _ => refuse(Condition::BadRequest, words::NOT_UNDERSTOOD),
                }
            }
            _ => refuse(Condition::RegistrationRequired, words::NOT_REGISTERED),
        }
    }

    fn begin_registering(&mut self, now: Now, request: &Request) -> Element {
        self.ids += 1;
        let id = format!("g{:x}-{:x}", self.run, self.ids);
        let until = now.instant + LIFETIME;
        let session = GuestSession {
            id: id.clone(),
            until,
        };
        let jid = request.from.to_bare();
        self.registrations.begin_guest(now.instant, &jid, session);
        self.registration_page(request, &id, None)
    }

    fn registration_page(
        &self,
        request: &Request,
        session: &str,
        complaint: Option<&str>,
    ) -> Element {
        let local = self.shared.is_local(&request.from);
        let settings = &self.shared.settings;
        let form = register::data_form(settings, None, request.lang.as_deref(), local);
        let form = Element::from(form);
        commands::asking(GUEST_REGISTER, session, "complete", false, complaint, form)
    }

    fn check_guest(&mut self, now: Now, request: &Request, session: &str) -> Result<(), Refusal> {
        let jid = request.from.to_bare();
        let known = self.registrations.guest(now.instant, &jid);
        match known.filter(|known| known.id == session) {
            None => Err(Refusal::new(Condition::BadRequest, words::BAD_SESSION)
                .with_own(commands::NS, "bad-sessionid")),
            Some(known) if known.until <= now.instant => {
                Err(Refusal::new(Condition::NotAllowed, words::SESSION_EXPIRED)
                    .with_own(commands::NS, "session-expired"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Tries what was filled in; what cannot be tried is asked for again.
    fn register_guest(
        &mut self,
        now: Now,
        request: &Request,
        session: &str,
        reply: &Reply,
    ) -> Option<Element> {
        let jid = request.from.to_bare();
        let form = request.payload.get_child("x", DATA_FORMS);
        let fields = form.map(Fields::of_form).unwrap_or_default();
        match self.registration(now, &jid, fields, request.lang.as_deref()) {
            Ok(registration) => {
                self.registrations.end_guest(now.instant, &jid);
                let asker = Asker::Command {
                    reply: reply.clone(),
                    node: GUEST_REGISTER,
                    session: session.to_owned(),
                    then: None,
                };
                self.try_registration(now, jid, registration, asker);
                None
            }
            Err(refusal) => Some(self.registration_page(request, session, Some(&refusal.text))),
        }
    }
}

/// xmpp-gateway.md §23.
const LIFETIME: Duration = Duration::from_secs(600);
