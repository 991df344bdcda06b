//! Ad-hoc commands on their way (XEP-0050, xmpp-gateway.md §23): which one, which page, what comes next.

use xmpp_parsers::ns::DATA_FORMS;

use super::User;
use crate::gateway::action::{Asker, Done, Reply};
use crate::gateway::commands::{self, After, Filled, Turn};
use crate::gateway::words;
use crate::model::{Now, Uin};
use crate::xmpp::{Condition, Refusal, Request};

impl User {
    /// Takes a step of a command.
    pub(super) fn handle_command(&mut self, now: Now, contact: Option<Uin>, request: Request) {
        let reply = Reply::to(&request);
        if let Err(refusal) = self.step(now, contact, request, reply.clone()) {
            self.fx.send(reply.stanza(Err(refusal)));
        }
    }

    fn step(
        &mut self,
        now: Now,
        contact: Option<Uin>,
        request: Request,
        reply: Reply,
    ) -> Result<(), Refusal> {
        let bad = |own| {
            let refusal = Refusal::new(Condition::BadRequest, words::NOT_UNDERSTOOD);
            Err(refusal.with_own(commands::NS, own))
        };
        let payload = &request.payload;
        if !request.set || payload.name() != "command" {
            return bad("bad-payload");
        }
        let node = payload.attr("node").unwrap_or_default();
        let action = payload.attr("action").unwrap_or("execute");
        let Some(session) = payload.attr("sessionid") else {
            if action != "execute" {
                return bad("bad-action");
            }
            return self.begin(now, contact, node, &request, reply);
        };
        let node = self
            .desk
            .check(now.instant, session, node, &request.from, contact)?;
        match action {
            "cancel" => {
                self.desk.close(session);
                let canceled = commands::canceled(node, session);
                self.fx.send(reply.stanza(Ok(Some(canceled))));
            }
            "prev" => {
                self.desk.turn_back(session);
                self.show_page(reply, (node, session), None);
            }
            "execute" | "next" | "complete" => {
                let form = payload.get_child("x", DATA_FORMS);
                let filled = form.map(Filled::read).unwrap_or_default();
                let page = self.desk.page(session);
                let turn = page.map(|page| (page.then)(&self.view(contact), &filled));
                // While ICQ is being asked, there is nothing to fill in.
                let Some(turn) = turn else {
                    return bad("bad-action");
                };
                self.turn(now, reply, (node, session), turn);
            }
            _ => return bad("malformed-action"),
        }
        Ok(())
    }

    fn begin(
        &mut self,
        now: Now,
        contact: Option<Uin>,
        node: &str,
        request: &Request,
        reply: Reply,
    ) -> Result<(), Refusal> {
        let view = self.view(contact);
        let command = commands::find(&view, node)?;
        let turn = (command.start)(&view);
        let random = self.login.random();
        let session = self.desk.open(
            now.instant,
            |count| format!("{random:x}-{count:x}"),
            command.node,
            request.from.clone(),
            contact,
        );
        self.turn(now, reply, (command.node, &session), turn);
        Ok(())
    }

    fn turn(&mut self, now: Now, reply: Reply, session: Session<'_>, turn: Turn) {
        let (node, id) = session;
        match turn {
            Turn::Page(page) => {
                self.desk.turn_to(id, page);
                self.show_page(reply, session, None);
            }
            Turn::Again(why) => self.show_page(reply, session, Some(&why)),
            Turn::Act(action, then) => {
                let session = id.to_owned();
                let asker = Asker::Command {
                    reply,
                    node,
                    session,
                    then,
                };
                self.act(now, action, asker);
            }
            Turn::End(done) => self.end(reply, session, &done),
        }
    }

    /// What a command had done is done.
    pub(super) fn go_on(
        &mut self,
        now: Now,
        reply: Reply,
        session: Session<'_>,
        then: Option<After>,
        done: Done,
    ) {
        // One that was canceled meanwhile ends here.
        match (then, self.desk.contact(session.1)) {
            (Some(then), Some(contact)) => {
                let turn = then(&self.view(contact), done);
                self.turn(now, reply, session, turn);
            }
            _ => self.end(reply, session, &done),
        }
    }

    fn show_page(&mut self, reply: Reply, session: Session<'_>, complaint: Option<&str>) {
        let (node, id) = session;
        let has_earlier = self.desk.has_earlier(id);
        let answer = match self.desk.page(id) {
            Some(page) => Ok(Some(commands::executing(
                node,
                id,
                page,
                has_earlier,
                complaint,
            ))),
            None => {
                let refusal = Refusal::new(Condition::BadRequest, words::BAD_SESSION);
                Err(refusal.with_own(commands::NS, "bad-sessionid"))
            }
        };
        self.fx.send(reply.stanza(answer));
    }

    fn end(&mut self, reply: Reply, (node, id): Session<'_>, done: &Done) {
        let domain = &self.facts.shared.settings.domain;
        let payload = commands::answer(node, id, domain, done);
        self.desk.close(id);
        self.fx.send(reply.stanza(Ok(Some(payload))));
    }
}

/// A command's node, and the id of its session.
type Session<'a> = (&'static str, &'a str);
