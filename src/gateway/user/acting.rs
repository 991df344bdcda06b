//! Doing what a user asks for, and telling whoever asked what came of it.

use super::User;
use crate::gateway::action::{Action, Asker, Card, Done, Outcome, PersonList, Setting};
use crate::gateway::commands::{self, View};
use crate::gateway::numbers::Line;
use crate::gateway::outbox::not_connected;
use crate::gateway::questions::Answered;
use crate::gateway::roster::Newcomer;
use crate::gateway::{UserState, card, numbers, own, people, words};
use crate::icq::{Ability, Command, VisibilityList};
use crate::model::{Answer, Details, NoAnswer, Now, Profile, Question, Search, Secret, Uin};
use crate::store::{Change, Treatment};
use crate::xmpp::{Condition, Refusal};

impl User {
    /// What commands and answers may know.
    pub(super) fn view(&self, contact: Option<Uin>) -> View<'_> {
        View {
            env: self.facts.env(),
            registration: &self.facts.registration,
            roster: &self.roster,
            received: self.received.as_deref(),
            contact,
        }
    }

    /// Has something done. `asker` is told once, now or when ICQ has answered.
    pub(super) fn act(&mut self, now: Now, action: Action, asker: Asker) {
        // What is registered then is not yet what it may become.
        let changes = matches!(action, Action::Set(_) | Action::ChangePassword { .. });
        if changes && self.trial.is_some() {
            let text = words::REGISTRATION_RUNNING;
            let refusal = Refusal::new(Condition::ResourceConstraint, text);
            return self.deliver(now, asker, Err(refusal));
        }
        let done = match action {
            Action::LookUp(uin) => return self.look_up(now, uin, asker),
            Action::Find(search) => return self.ask(now, Question::Search(search), asker),
            Action::Meet(group) => return self.ask(now, Question::MeetRandom(group), asker),
            Action::JoinRandom(group) => {
                return self.ask(now, Question::JoinRandom(group), asker);
            }
            Action::Publish(details) => return self.ask(now, Question::Publish(details), asker),
            Action::ChangePassword { new, on_icq: true } => {
                return self.ask(now, Question::ChangePassword(new), asker);
            }
            Action::ChangePassword { new, on_icq: false } => Ok(self.use_password(now, new)),
            Action::Status => Ok(Outcome::said(self.describe(now))),
            Action::LogIn => Ok(Outcome::said(self.log_in(now))),
            Action::LogOut => {
                self.pause(now);
                Ok(Outcome::said(self.facts.state.sentence()))
            }
            Action::Revive => Ok(Outcome::said(self.register_again(now))),
            Action::Contacts(part) => Ok(self.contacts(&part)),
            Action::Add { people, reason } => self.add(now, &people, &reason),
            Action::AskAgain { uin, reason } => {
                let env = self.facts.env();
                let asked = self.roster.ask_again(now, &env, &mut self.fx, uin, &reason);
                asked.map(|()| Outcome::said(words::ASKED_AGAIN))
            }
            Action::Waiting => Ok(Outcome::said(words::petitions(&self.roster.petitions()))),
            Action::Grant(uin) => match self.roster.grant(&mut self.fx, uin) {
                true => Ok(Outcome::said(words::GRANTED)),
                false => Err(nobody_asks()),
            },
            Action::Refuse { uin, reason } => {
                match self.roster.refuse(&mut self.fx, uin, &reason) {
                    true => Ok(Outcome::said(words::REFUSED)),
                    false => Err(nobody_asks()),
                }
            }
            Action::Treat { uin, list, on } => self.treat(now, uin, list, on),
            Action::Treatments => {
                let people = &self.facts.preferences.people;
                Ok(Outcome::said(words::treatments(people)))
            }
            Action::Import(lines) => Ok(self.import(now, lines)),
            Action::Export => Ok(Outcome::said(self.export())),
            Action::Set(settings) => {
                self.set_preferences(settings);
                Ok(Outcome::said(words::SAVED))
            }
            Action::Settings => {
                let facts = &self.facts;
                Ok(Outcome::said(words::settings(
                    &facts.registration,
                    &facts.preferences,
                )))
            }
            Action::NewNumber(password) => return self.want_number(now, password, asker),
            Action::Unregister => {
                self.deliver(now, asker, Ok(Outcome::said(words::UNREGISTERED)));
                return self.unregister(now, None);
            }
        };
        self.deliver(now, asker, done);
    }

    /// Tells whoever asked what came of it.
    pub(super) fn deliver(&mut self, now: Now, asker: Asker, done: Done) {
        match asker {
            Asker::Chat => {
                let text = match done {
                    Ok(Outcome::Said(text)) => text.into_owned(),
                    Ok(Outcome::Card(card)) => card::text(&card),
                    Ok(Outcome::People { people, more }) => people::text(&people, more),
                    Err(refusal) => refusal.text.into_owned(),
                };
                own::say(&self.facts.env(), &mut self.fx, text);
            }
            Asker::Iq { reply, write } => {
                let answer = write(&self.facts.shared.settings, done);
                self.fx.send(reply.stanza(answer));
            }
            Asker::Command {
                reply,
                node,
                session,
                then,
            } => self.go_on(now, reply, (node, &session), then, done),
        }
    }

    /// Asks ICQ, if there is a login, and if its protocol can.
    fn ask(&mut self, now: Now, question: Question, asker: Asker) {
        if !self.facts.icq_online {
            let refusal = not_connected(&self.facts.state);
            return self.deliver(now, asker, Err(refusal));
        }
        if !self.facts.version().can(Ability::of(&question)) {
            let refusal = no_answer(&question, NoAnswer::Unsupported);
            return self.deliver(now, asker, Err(refusal));
        }
        if let Err(back) = self.put(now, question, asker) {
            let (asker, refusal) = *back;
            self.deliver(now, asker, Err(refusal));
        }
    }

    /// Puts a question; whoever asks it in the chat window sees that the answer takes a moment.
    fn put(
        &mut self,
        now: Now,
        question: Question,
        asker: Asker,
    ) -> Result<(), Box<(Asker, Refusal)>> {
        let is_chat = matches!(asker, Asker::Chat);
        let env = self.facts.env();
        self.questions
            .ask(now, &env, &mut self.fx, question, asker)?;
        if is_chat {
            own::compose(&env, &mut self.fx);
        }
        Ok(())
    }

    /// Tells about somebody: what is known if that is recent, or if there is nobody to ask.
    fn look_up(&mut self, now: Now, uin: Uin, asker: Asker) {
        let question = Question::Details(uin);
        let known = self.questions.known(now, uin).cloned();
        let can_ask = self.facts.icq_online && self.facts.version().can(Ability::of(&question));
        if known.is_some() || !can_ask {
            let card = self.card(uin, known);
            return self.deliver(now, asker, Ok(card));
        }
        if let Err(back) = self.put(now, question, asker) {
            let (asker, _) = *back;
            let card = self.card(uin, None);
            self.deliver(now, asker, Ok(card));
        }
    }

    /// What is known about somebody; without details, that is what the list says.
    fn card(&self, uin: Uin, details: Option<Details>) -> Outcome {
        let fresh = details.is_some();
        let name = self.roster.name(uin);
        let details = details.unwrap_or_else(|| Details {
            profile: Profile {
                nick: name.to_owned(),
                ..Profile::default()
            },
            ..Details::default()
        });
        Outcome::Card(Card::of(uin, name, details, fresh))
    }

    /// ICQ has answered a question, or will not any more.
    pub(super) fn answered(&mut self, now: Now, answered: Answered) {
        let Answered {
            question,
            askers,
            answer,
        } = answered;
        let done = self.conclude(now, question, answer);
        for asker in askers {
            self.deliver(now, asker, done.clone());
        }
    }

    fn conclude(&mut self, now: Now, question: Question, answer: Result<Answer, NoAnswer>) -> Done {
        match (question, answer) {
            (Question::Details(uin), Ok(Answer::Details(details))) => {
                Ok(self.card(uin, Some(*details)))
            }
            (Question::Details(uin), Err(NoAnswer::Refused)) => {
                tracing::debug!(jid = %self.facts.jid, %uin, "nobody has this number");
                Err(Refusal::new(Condition::ItemNotFound, words::NOBODY))
            }
            // Better a little than nothing (xmpp-gateway.md §18.1).
            (Question::Details(uin), _) => Ok(self.card(uin, None)),
            (Question::Search(_), Ok(Answer::Found { people, more })) => {
                Ok(Outcome::People { people, more })
            }
            (Question::MeetRandom(_), Ok(Answer::Found { people, .. })) => {
                match people.is_empty() {
                    true => Ok(Outcome::said(words::NOBODY_TO_MEET)),
                    false => Ok(Outcome::People {
                        people,
                        more: false,
                    }),
                }
            }
            (Question::Publish(details), Ok(Answer::Done)) => {
                let wish = details.profile.authorisation_required;
                let known = self.questions.known(now, self.facts.registration.uin);
                let was = known.is_some_and(|known| known.profile.authorisation_required);
                if wish != was && self.facts.version().can(Ability::RequireAuthorisation) {
                    self.also_ask(now, Question::RequireAuthorisation(wish));
                }
                let own = self.facts.registration.uin;
                self.questions.learn(now, own, *details);
                Ok(Outcome::said(words::PUBLISHED))
            }
            (Question::ChangePassword(new), Ok(Answer::Done)) => {
                self.note_password(new);
                Ok(Outcome::said(words::PASSWORD_CHANGED_ON_ICQ))
            }
            (Question::JoinRandom(group), Ok(Answer::Done)) => Ok(Outcome::said(match group {
                Some(_) => words::JOINED_RANDOM,
                None => words::LEFT_RANDOM,
            })),
            (Question::RequireAuthorisation(_), Ok(Answer::Done)) => {
                Ok(Outcome::said(words::SAVED))
            }
            // Some versions have no packet for a yes.
            (Question::ChangePassword(_), Err(NoAnswer::Silent | NoAnswer::SessionEnded)) => {
                let text = words::PASSWORD_UNCONFIRMED;
                Err(Refusal::new(Condition::RemoteServerTimeout, text))
            }
            (question, Err(why)) => Err(no_answer(&question, why)),
            (question, Ok(_)) => Err(no_answer(&question, NoAnswer::Refused)),
        }
    }

    /// Asks for something whose outcome goes without saying.
    fn also_ask(&mut self, now: Now, question: Question) {
        let env = self.facts.env();
        self.questions.tell(now, &env, &mut self.fx, question);
    }

    /// From now on the gateway logs in with this; ICQ knows it already.
    fn use_password(&mut self, now: Now, new: Secret) -> Outcome {
        self.note_password(new);
        if self.facts.state.is_logged_in() {
            return Outcome::said(words::PASSWORD_STORED);
        }
        self.log_in(now);
        Outcome::said(words::PASSWORD_TRIED)
    }

    fn note_password(&mut self, new: Secret) {
        self.facts.registration.password = new;
        self.save_registration();
    }

    fn contacts(&self, part: &str) -> Outcome {
        let part = part.to_lowercase();
        let fits = |name: &str, uin: Uin| {
            name.to_lowercase().contains(&part) || uin.to_string().contains(&part)
        };
        let entries = self.roster.entries();
        let mut entries: Vec<_> = entries.filter(|it| fits(it.name, it.uin)).collect();
        entries.sort_by_key(|entry| (entry.status.is_none(), entry.name.to_lowercase()));
        Outcome::said(words::contacts(&entries))
    }

    fn add(&mut self, now: Now, people: &[Uin], reason: &str) -> Done {
        let mut refusal = None;
        let mut added = 0;
        for uin in people {
            let env = self.facts.env();
            match self.roster.add(now, &env, &mut self.fx, *uin, reason) {
                Ok(()) => added += 1,
                Err(why) => refusal = Some(why),
            }
        }
        match refusal {
            Some(refusal) if added == 0 => Err(refusal),
            _ => Ok(Outcome::said(words::adding(added))),
        }
    }

    fn treat(&mut self, now: Now, uin: Uin, list: Option<PersonList>, on: bool) -> Done {
        let people = &self.facts.preferences.people;
        let before = people.get(&uin).cloned().unwrap_or_default();
        let is_full = people.len() >= MOST_TREATED && !people.contains_key(&uin);
        if uin == self.facts.registration.uin {
            return Err(Refusal::new(Condition::NotAcceptable, words::OWN_NUMBER));
        }
        if on && is_full {
            let text = words::TOO_MANY_TREATED;
            return Err(Refusal::new(Condition::ResourceConstraint, text));
        }
        // Somebody is treated in one way at a time; whoever is taken off a list stays on the others.
        let mut after = before.clone();
        if on || list.is_none() {
            (after.visible, after.invisible, after.ignored) = (false, false, false);
        }
        match list {
            Some(PersonList::Visible) => after.visible = on,
            Some(PersonList::Invisible) => after.invisible = on,
            Some(PersonList::Ignored) => after.ignored = on,
            None => {}
        }
        self.tell_icq_of(uin, &before, &after);
        if after.ignored && !before.ignored {
            let env = self.facts.env();
            self.roster.lose_sight_of(now, &env, &mut self.fx, uin);
        }
        // Asked to watch again, ICQ says how somebody is who was not looked at.
        if before.ignored && !after.ignored && self.roster.is_listed(uin) {
            self.fx.command(Command::AddContact(uin));
        }
        let people = &mut self.facts.preferences.people;
        match after == Treatment::default() {
            true => drop(people.remove(&uin)),
            false => drop(people.insert(uin, after)),
        }
        self.save_preferences();
        Ok(Outcome::said(words::treated(uin, list, on)))
    }

    fn tell_icq_of(&mut self, uin: Uin, before: &Treatment, after: &Treatment) {
        let hidden = |it: &Treatment| it.invisible || it.ignored;
        for (list, was, on) in [
            (VisibilityList::Visible, before.visible, after.visible),
            (VisibilityList::Invisible, hidden(before), hidden(after)),
        ] {
            if was != on {
                self.fx.command(Command::SetVisibility { uin, list, on });
            }
        }
    }

    fn import(&mut self, now: Now, lines: Vec<Line>) -> Outcome {
        let mut newcomers = Vec::new();
        for Line { uin, name, group } in lines {
            if !group.is_empty() && self.facts.preferences.people.len() < MOST_TREATED {
                let people = &mut self.facts.preferences.people;
                people.entry(uin).or_default().group = group;
            }
            newcomers.push(Newcomer { uin, name });
        }
        self.save_preferences();
        let env = self.facts.env();
        let added = self.roster.import(now, &env, &mut self.fx, &newcomers);
        Outcome::said(words::imported(added))
    }

    fn export(&self) -> String {
        let people = &self.facts.preferences.people;
        let group = |uin| people.get(&uin).map_or("", |it| it.group.as_str());
        let entries = self.roster.entries();
        let text = numbers::write(entries.map(|it| (it.uin, it.name, group(it.uin))));
        match text.is_empty() {
            true => words::NO_CONTACTS.to_owned(),
            false => text,
        }
    }

    fn set_preferences(&mut self, settings: Vec<Setting>) {
        let before = self.own_charset();
        let facts = &mut self.facts;
        for setting in settings {
            match setting {
                Setting::Mode(mode) => facts.registration.mode = mode,
                Setting::Charset(charset) => facts.registration.charset = charset,
                Setting::Import(on) => facts.registration.import_contacts = on,
                Setting::OnAdded(on_added) => facts.preferences.on_added = on_added,
                Setting::Invisible(on) => facts.preferences.invisible = on,
                Setting::WebAware(on) => facts.preferences.web_aware = on,
            }
        }
        let charset = self.own_charset();
        if charset != before {
            self.fx.command(Command::SetCharset { of: None, charset });
        }
        self.save_registration();
        self.save_preferences();
    }

    fn save_preferences(&mut self) {
        let preferences = self.facts.preferences.clone();
        self.fx.save(Change::Preferences(Box::new(preferences)));
    }

    /// What is told of nobody: from people the user ignores.
    pub(super) fn is_ignored(&self, uin: Uin) -> bool {
        let people = &self.facts.preferences.people;
        people.get(&uin).is_some_and(|it| it.ignored)
    }

    /// Those on a list that a session is to know from its login on.
    pub(super) fn on_list(&self, list: VisibilityList) -> Vec<Uin> {
        let people = self.facts.preferences.people.iter();
        let is_on = |it: &Treatment| match list {
            VisibilityList::Visible => it.visible,
            VisibilityList::Invisible => it.invisible || it.ignored,
        };
        people
            .filter(|(_, it)| is_on(it))
            .map(|(uin, _)| *uin)
            .collect()
    }

    fn describe(&self, now: Now) -> String {
        let contacts = self.roster.contacts().count();
        let online = self.roster.contacts();
        let online = online.filter(|uin| self.roster.status(*uin).is_some());
        let facts = &self.facts;
        let mut lines = vec![words::status(
            facts.registration.uin,
            &facts.state,
            online.count(),
            contacts,
        )];
        if facts.state == UserState::Online {
            let since = self.login.online_for(now);
            lines.extend(since.map(|it| words::online_for(facts.version(), it)));
        }
        let waiting = self.roster.petitions().len();
        lines.extend((waiting > 0).then(|| words::requests_open(waiting)));
        let messages = self.outbox.waiting();
        lines.extend((messages > 0).then(|| words::messages_waiting(messages)));
        lines.extend(
            facts
                .preferences
                .invisible
                .then(|| words::YOU_ARE_INVISIBLE.to_owned()),
        );
        lines.join("\n")
    }

    /// The list of commands for somebody's chat window.
    pub(super) fn help(&self) -> String {
        words::help(self.facts.version(), self.facts.shared.settings.new_numbers)
    }

    /// The settings' names, for whoever sets one.
    pub(super) fn setting(&self, name: &str, value: &str) -> Result<Setting, String> {
        commands::setting(name, value)
    }
}

fn nobody_asks() -> Refusal {
    Refusal::new(Condition::ItemNotFound, words::NOBODY_ASKS)
}

/// Why ICQ does not answer, for people (xmpp-gateway.md §15.2).
fn no_answer(question: &Question, why: NoAnswer) -> Refusal {
    let (condition, text) = match (why, question) {
        (NoAnswer::Unsupported, _) => (Condition::FeatureNotImplemented, words::VERSION_CANNOT),
        (NoAnswer::Refused, Question::Search(Search::Number(_))) => {
            (Condition::ItemNotFound, words::NOBODY)
        }
        (NoAnswer::Refused, _) => (Condition::NotAcceptable, words::ICQ_REFUSES),
        (NoAnswer::Silent, _) => (Condition::RemoteServerTimeout, words::ICQ_IS_SILENT),
        (NoAnswer::Busy, _) => (Condition::ResourceConstraint, words::TOO_MANY_QUESTIONS),
        (NoAnswer::SessionEnded, _) => (Condition::ServiceUnavailable, words::NOT_CONNECTED),
    };
    let refusal = Refusal::new(condition, text);
    match why {
        NoAnswer::SessionEnded => refusal.with_type(xmpp_parsers::stanza_error::ErrorType::Wait),
        NoAnswer::Unsupported | NoAnswer::Refused | NoAnswer::Silent | NoAnswer::Busy => refusal,
    }
}

/// People who are treated in a way of their own, those with an imported group among them.
const MOST_TREATED: usize = 1000;
