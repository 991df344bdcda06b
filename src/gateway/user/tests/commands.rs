//! Ad-hoc commands (xmpp-gateway.md §23), as conversations of a client's.

use super::*;
use crate::gateway::card;
use crate::icq::VisibilityList;
use crate::icq::wire::text::Charset;
use crate::model::{Found, Introduction, Message, Profile, RandomGroup};

const GATEWAY: &str = "icq.example.org";
const BEN: &str = "123456@icq.example.org";
const NS: &str = "http://jabber.org/protocol/commands";

/// What a command answered.
#[derive(Debug)]
struct Stage {
    session: String,
    status: String,
    note: String,
    form: Option<Element>,
    actions: Vec<String>,
}

impl World {
    fn command(&mut self, to: &str, attributes: &str, fields: &[(&str, &[&str])]) -> Element {
        let fields: String = fields
            .iter()
            .map(|(var, values)| {
                let values: String = values
                    .iter()
                    .map(|it| format!("<value>{it}</value>"))
                    .collect();
                format!("<field var='{var}'>{values}</field>")
            })
            .collect();
        let form = match fields.is_empty() {
            true => String::new(),
            false => format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>"),
        };
        self.asks(
            to,
            "set",
            &format!("<command xmlns='{NS}' {attributes}>{form}</command>"),
        );
        match self.sent.iter().any(|it| it.starts_with("<iq")) {
            true => self.answer(),
            false => Element::bare("later", NS),
        }
    }

    fn begins(&mut self, to: &str, node: &str) -> Stage {
        stage(self.command(to, &format!("node='{node}' action='execute'"), &[]))
    }

    fn fills_in(
        &mut self,
        to: &str,
        node: &str,
        session: &str,
        fields: &[(&str, &[&str])],
    ) -> Element {
        self.command(to, &format!("node='{node}' sessionid='{session}'"), fields)
    }

    fn offered(&mut self, to: &str) -> Vec<String> {
        let items = "http://jabber.org/protocol/disco#items";
        self.asks(to, "get", &format!("<query xmlns='{items}' node='{NS}'/>"));
        let list = self.answer();
        list.children()
            .map(|it| it.attr("node").unwrap().to_owned())
            .collect()
    }

    /// 123456 asks for authorisation.
    fn is_asked_by_ben(&mut self) {
        let message = Message::AuthorisationRequest {
            from: Introduction {
                nick: "Ben".into(),
                ..Introduction::default()
            },
            reason: "let me in".into(),
        };
        self.icq(Event::Message {
            from: Uin(123_456),
            message,
            sent: None,
            receipt: crate::icq::Receipt(1),
        });
        self.sent.clear();
    }

    /// The messages ICQ was given since the last look.
    fn posted(&mut self) -> Vec<Message> {
        let commands = self.commands();
        let message = |command| match command {
            Command::Send { message, .. } => Some(message),
            _ => None,
        };
        commands.into_iter().filter_map(message).collect()
    }
}

fn stage(command: Element) -> Stage {
    assert_eq!(command.name(), "command", "{command:?}");
    let child = |name| command.children().find(move |it| it.name() == name);
    Stage {
        session: command.attr("sessionid").unwrap().to_owned(),
        status: command.attr("status").unwrap().to_owned(),
        note: child("note").map(Element::text).unwrap_or_default(),
        form: child("x").cloned(),
        actions: child("actions")
            .map(|it| it.children().map(|it| it.name().to_owned()).collect())
            .unwrap_or_default(),
    }
}

impl Stage {
    fn value(&self, var: &str) -> String {
        let form = self.form.as_ref().expect("a form");
        let field = form.children().find(|it| it.attr("var") == Some(var));
        let values = field
            .unwrap_or_else(|| panic!("{var} in {form:?}"))
            .children();
        let values = values.filter(|it| it.name() == "value");
        values.map(Element::text).collect::<Vec<_>>().join("\n")
    }
}

/// The condition of an error and the one of its own.
fn conditions(error: &Element) -> Vec<String> {
    assert_eq!(error.name(), "error", "{error:?}");
    let names = error.children().filter(|it| it.name() != "text");
    names.map(|it| it.name().to_owned()).collect()
}

#[test]
fn commands_are_listed_as_far_as_they_make_sense() {
    let mut world = World::online();

    let listed = world.offered(GATEWAY);
    assert_eq!(
        listed,
        [
            "logout",
            "status",
            "find",
            "lookup",
            "meet",
            "waiting",
            "import",
            "export",
            "privacy",
            "settings",
            "profile",
            "password",
            "unregister",
            "help"
        ]
    );
    assert_eq!(world.offered(BEN), ["information", "add", "treatment"]);
    world.is_asked_by_ben();
    assert_eq!(
        world.offered(&format!("{BEN}/ICQ")),
        ["information", "add", "grant", "refuse", "treatment"]
    );

    world.asks(
        GATEWAY,
        "get",
        "<query xmlns='http://jabber.org/protocol/disco#info' node='find'/>",
    );
    let info = world.answer();
    let identity = info.children().next().unwrap();
    assert_eq!(identity.attr("type"), Some("command-node"));
    assert_eq!(identity.attr("name"), Some("Find people"));
}

#[test]
fn a_session_that_is_not_ones_own_is_bad_and_one_left_alone_expires() {
    let mut world = World::online();
    let first = world.begins(GATEWAY, "find");
    assert_eq!(first.status, "executing");
    assert_eq!(first.actions, ["next"]);

    let unknown = world.fills_in(GATEWAY, "find", "nonsense", &[]);
    assert_eq!(conditions(&unknown), ["bad-request", "bad-sessionid"]);
    let elsewhere = world.fills_in(GATEWAY, "lookup", &first.session, &[]);
    assert_eq!(conditions(&elsewhere), ["bad-request", "bad-sessionid"]);
    world.pass(seconds(601));
    let late = world.fills_in(GATEWAY, "find", &first.session, &[]);
    assert_eq!(conditions(&late), ["not-allowed", "session-expired"]);

    let oldest = world.begins(GATEWAY, "find");
    for _ in 0..5 {
        world.begins(GATEWAY, "find");
    }
    let pushed_out = world.fills_in(GATEWAY, "find", &oldest.session, &[]);
    assert_eq!(conditions(&pushed_out), ["bad-request", "bad-sessionid"]);
}

#[test]
fn what_is_no_command_is_refused() {
    let mut world = World::online();

    let nothing = world.command(GATEWAY, "node='sandwich'", &[]);
    assert_eq!(conditions(&nothing), ["item-not-found"]);
    let forbidden = world.command(GATEWAY, "node='login'", &[]);
    assert_eq!(conditions(&forbidden), ["forbidden"]);
    let early = world.command(GATEWAY, "node='find' action='next'", &[]);
    assert_eq!(conditions(&early), ["bad-request", "bad-action"]);
    let first = world.begins(GATEWAY, "find");
    let attributes = format!("node='find' sessionid='{}' action='dance'", first.session);
    let odd = world.command(GATEWAY, &attributes, &[]);
    assert_eq!(conditions(&odd), ["bad-request", "malformed-action"]);
}

#[test]
fn every_command_can_be_begun_and_canceled() {
    let mut world = World::online();
    world.is_asked_by_ben();
    for to in [GATEWAY, BEN] {
        for node in world.offered(to) {
            if ["unregister", "logout", "grant"].contains(&node.as_str()) {
                continue;
            }
            let begun = world.command(to, &format!("node='{node}'"), &[]);
            if begun.name() == "later" {
                world.pass(seconds(3));
                let (id, _) = world.question();
                world.icq_answers(id, Err(NoAnswer::Silent));
                world.sent.clear();
                continue;
            }
            let begun = stage(begun);
            if begun.status == "completed" {
                continue;
            }
            let session = begun.session;
            let cancel = format!("node='{node}' sessionid='{session}' action='cancel'");
            let canceled = stage(world.command(to, &cancel, &[]));
            assert_eq!(canceled.status, "canceled", "{node}");
            let again = world.fills_in(to, &node, &session, &[]);
            assert_eq!(conditions(&again), ["bad-request", "bad-sessionid"]);
        }
    }
}

#[test]
fn people_are_found_and_added() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "find");

    let empty = stage(world.fills_in(GATEWAY, "find", &page.session, &[("nick", &[""])]));
    assert_eq!(empty.status, "executing");
    assert!(
        empty.note.starts_with("Whom do you look for?"),
        "{}",
        empty.note
    );

    let later = world.fills_in(GATEWAY, "find", &page.session, &[("nick", &["Ben"])]);
    assert_eq!(later.name(), "later");
    let (id, _) = world.question();
    let person = |uin| Found {
        uin: Uin(uin),
        profile: Profile {
            nick: "Ben".into(),
            ..Profile::default()
        },
        online: None,
    };
    world.icq_answers(
        id,
        Ok(Answer::Found {
            people: vec![person(123_456), person(123_457)],
            more: true,
        }),
    );
    let choice = stage(world.answer());
    assert_eq!(choice.actions, ["prev", "complete"]);
    let back = format!("node='find' sessionid='{}' action='prev'", page.session);
    let earlier = stage(world.command(GATEWAY, &back, &[]));
    assert_eq!(earlier.actions, ["next"]);
    // The search is done once more, after a while.
    world.pass(seconds(5));
    world.fills_in(GATEWAY, "find", &page.session, &[("nick", &["Ben"])]);
    let (id, _) = world.question();
    world.icq_answers(
        id,
        Ok(Answer::Found {
            people: vec![person(123_456)],
            more: false,
        }),
    );
    world.sent.clear();
    let fields: &[(&str, &[&str])] = &[("add", &["123456"]), ("reason", &["Hello!"])];
    let done = stage(world.fills_in(GATEWAY, "find", &page.session, fields));

    assert_eq!(done.status, "completed");
    assert_eq!(done.note, "One contact is being added.");
    assert_eq!(world.commands(), [Command::RequestProfile(Uin(123_456))]);
}

#[test]
fn a_number_is_looked_up() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "lookup");
    let bad = stage(world.fills_in(GATEWAY, "lookup", &page.session, &[("uin", &["Ben"])]));
    assert!(bad.note.contains("not an ICQ number"), "{}", bad.note);

    world.fills_in(GATEWAY, "lookup", &page.session, &[("uin", &["123-456"])]);
    let (id, _) = world.question();
    world.icq_answers(id, Ok(Answer::Details(Box::new(card::tests::benvolio()))));

    let done = stage(world.answer());
    assert_eq!(done.status, "completed");
    assert_eq!(done.value("nick"), "Ben");
    assert_eq!(done.value("about"), "I do but\nkeep the peace");
    assert_eq!(
        done.value("FORM_TYPE"),
        "https://icq-transport.example/command#lookup"
    );
    // The same on the contact itself, from what is known now.
    assert_eq!(
        world.begins(BEN, "information").value("name"),
        "Benvolio Montague"
    );
}

#[test]
fn a_command_canceled_while_icq_is_asked_still_answers_each_request_once() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "find");
    world.fills_in(GATEWAY, "find", &page.session, &[("nick", &["Ben"])]);
    let (id, _) = world.question();

    let cancel = format!("node='find' sessionid='{}' action='cancel'", page.session);
    assert_eq!(
        stage(world.command(GATEWAY, &cancel, &[])).status,
        "canceled"
    );
    let (people, more) = (Vec::new(), false);
    world.icq_answers(id, Ok(Answer::Found { people, more }));

    assert_eq!(stage(world.answer()).status, "completed");
    world.sees_nothing();
}

#[test]
fn a_request_is_granted_or_refused_with_a_reason() {
    for (answer, expected, note) in [
        ("grant", Message::AuthorisationGranted, "Granted."),
        (
            "refuse",
            Message::AuthorisationDenied {
                reason: "who are you?".into(),
            },
            "Refused.",
        ),
    ] {
        let mut world = World::online();
        assert_eq!(
            world.begins(GATEWAY, "waiting").note,
            "Nobody waits for your authorisation."
        );
        world.is_asked_by_ben();
        let page = world.begins(GATEWAY, "waiting");
        assert_eq!(page.value("uin"), "123456");
        world.commands();

        let fields: &[(&str, &[&str])] = &[
            ("uin", &["123456"]),
            ("answer", &[answer]),
            ("reason", &["who are you?"]),
        ];
        let done = stage(world.fills_in(GATEWAY, "waiting", &page.session, fields));

        assert_eq!(done.note, note);
        assert_eq!(world.posted(), [expected]);
        // Once is enough.
        let contact = world.command(BEN, &format!("node='{answer}'"), &[]);
        assert_eq!(conditions(&contact), ["forbidden"]);
    }
}

#[test]
fn a_contact_refuses_with_a_reason_on_its_own_address() {
    let mut world = World::online();
    world.is_asked_by_ben();
    world.commands();
    let page = world.begins(BEN, "refuse");

    let done = world.fills_in(BEN, "refuse", &page.session, &[("reason", &["no"])]);

    assert_eq!(stage(done).note, "Refused.");
    let reason = "no".to_owned();
    assert_eq!(world.posted(), [Message::AuthorisationDenied { reason }]);
}

#[test]
fn the_password_is_changed_here_or_on_icq_too() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "password");
    let fill = |world: &mut World, fields: &[(&str, &[&str])]| {
        world.fills_in(GATEWAY, "password", &page.session, fields)
    };
    for (fields, complaint) in [
        (
            &[("password", &["new"][..])][..],
            "The two passwords differ.",
        ),
        (
            &[("repeat", &["new"][..])][..],
            "New password: Please fill this in.",
        ),
        (
            &[
                ("password", &["new"][..]),
                ("repeat", &["new"]),
                ("on-icq", &["1"]),
                ("old", &["wrong"]),
            ][..],
            "This is not your old password.",
        ),
    ] {
        assert_eq!(stage(fill(&mut world, fields)).note, complaint);
    }
    let fields: &[(&str, &[&str])] = &[
        ("password", &["new"]),
        ("repeat", &["new"]),
        ("on-icq", &["1"]),
        ("old", &["old"]),
    ];
    fill(&mut world, fields);
    let (id, question) = world.question();
    assert_eq!(question, Question::ChangePassword(Secret::new("new")));
    // Until ICQ has said yes, the old one is the one to log in with.
    assert_eq!(
        world.record().unwrap().registration.password,
        Secret::new("old")
    );
    world.icq_answers(id, Ok(Answer::Done));
    assert_eq!(stage(world.answer()).note, "ICQ took your new password.");
    assert_eq!(
        world.record().unwrap().registration.password,
        Secret::new("new")
    );

    let page = world.begins(GATEWAY, "password");
    let fields: &[(&str, &[&str])] = &[("password", &["newer"]), ("repeat", &["newer"])];
    let done = stage(world.fills_in(GATEWAY, "password", &page.session, fields));
    assert_eq!(
        done.note,
        "The password is stored, and is used at your next login."
    );
    assert_eq!(
        world.record().unwrap().registration.password,
        Secret::new("newer")
    );
}

#[test]
fn people_are_put_on_lists_and_the_ignored_are_not_heard() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "privacy");
    let fields: &[(&str, &[&str])] =
        &[("uin", &["123456"]), ("list", &["ignored"]), ("on", &["1"])];
    let done = stage(world.fills_in(GATEWAY, "privacy", &page.session, fields));
    assert_eq!(done.note, "123456 is on your ignore list.");
    let visibility = |list, on| Command::SetVisibility {
        uin: Uin(123_456),
        list,
        on,
    };
    assert_eq!(
        world.commands(),
        [visibility(VisibilityList::Invisible, true)]
    );

    let receipt = crate::icq::Receipt(9);
    world.icq(Event::Message {
        from: Uin(123_456),
        message: Message::Text("hello".into()),
        sent: None,
        receipt,
    });
    world.sees_nothing();
    assert_eq!(world.commands(), [Command::Safe(receipt)]);

    let page = world.begins(BEN, "treatment");
    assert_eq!(page.value("list"), "ignored");
    let done = world.fills_in(BEN, "treatment", &page.session, &[("list", &["visible"])]);
    assert_eq!(
        stage(done).note,
        "123456 is on your list of those who always see you."
    );
    assert_eq!(
        world.commands(),
        [
            visibility(VisibilityList::Visible, true),
            visibility(VisibilityList::Invisible, false)
        ]
    );
    let people = world.record().unwrap().preferences.people;
    assert!(people[&Uin(123_456)].visible && !people[&Uin(123_456)].ignored);
    // The next session knows it from its start.
    world.icq(Event::LoggedOut(LogoutReason::SessionLost));
    world.pass(seconds(10));
    world.connects();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.visible, [Uin(123_456)]);
    assert_eq!(start.invisible, []);
}

#[test]
fn settings_are_changed_on_two_pages() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "settings");
    assert_eq!(page.value("mode"), "follow");
    assert_eq!(page.value("charset"), "windows-1252");

    let fields: &[(&str, &[&str])] = &[
        ("mode", &["always"]),
        ("invisible", &["1"]),
        ("charset", &["koi8-r"]),
    ];
    let second = stage(world.fills_in(GATEWAY, "settings", &page.session, fields));
    assert_eq!(second.actions, ["prev", "complete"]);
    assert_eq!(second.value("on-added"), "ask");
    let bad = world.fills_in(
        GATEWAY,
        "settings",
        &page.session,
        &[("on-added", &["dance"])],
    );
    assert_eq!(
        stage(bad).note,
        "When somebody adds me: This is none of the choices."
    );
    let done = world.fills_in(
        GATEWAY,
        "settings",
        &page.session,
        &[("on-added", &["note"])],
    );

    assert_eq!(stage(done).note, "Saved.");
    let record = world.record().unwrap();
    assert_eq!(record.registration.mode, Mode::Always);
    assert_eq!(record.registration.charset, "koi8-r");
    assert!(record.preferences.invisible);
    assert_eq!(record.preferences.on_added, crate::store::OnAdded::Note);
    world.pass(seconds(3));
    world.sees_gateway("pc", "", "<status>Invisible</status>");
    let status = Status {
        invisible: true,
        ..Status::default()
    };
    let (of, charset) = (None, Charset::from_label("koi8-r").unwrap());
    let told = [
        Command::SetCharset { of, charset },
        Command::SetStatus(status),
    ];
    assert_eq!(world.commands(), told);
}

#[test]
fn somebody_who_was_added_is_told_of_if_that_is_the_wish() {
    let mut world = World::online();
    world.chats("set on-added note");
    world.is_told("Saved.");
    let added = |receipt| Event::Message {
        from: Uin(123_456),
        message: Message::Added(Introduction {
            nick: "Ben".into(),
            ..Introduction::default()
        }),
        sent: None,
        receipt: crate::icq::Receipt(receipt),
    };
    world.icq(added(1));
    world.is_told("Ben (123456) added you to the ICQ list.");
    world.chats("set on-added ignore");
    world.is_told("Saved.");
    world.icq(added(2));
    world.sees_nothing();
}

#[test]
fn a_profile_is_prefilled_edited_and_published() {
    let mut world = World::online();
    assert_eq!(
        world.command(GATEWAY, "node='profile'", &[]).name(),
        "later"
    );
    let (id, question) = world.question();
    assert_eq!(question, Question::Details(Uin(100_001)));
    let before = card::tests::benvolio();
    world.icq_answers(id, Ok(Answer::Details(Box::new(before.clone()))));
    let page = stage(world.answer());
    assert_eq!(page.value("nick"), "Ben");
    assert_eq!(page.value("country"), "39");
    assert_eq!(page.value("birthday"), "1980-05-01");
    assert_eq!(page.value("language2"), "12");
    assert_eq!(page.value("auth"), "1");

    let bad = world.fills_in(GATEWAY, "profile", &page.session, &[("birthday", &["May"])]);
    assert_eq!(
        stage(bad).note,
        "Birthday: This is not a date like 1980-05-01."
    );
    let fields: &[(&str, &[&str])] = &[
        ("nick", &["Romeo"]),
        ("birthday", &[""]),
        ("auth", &["0"]),
        ("about", &["a", "b"]),
    ];
    world.fills_in(GATEWAY, "profile", &page.session, fields);
    let (id, question) = world.question();
    let mut after = before;
    after.profile.nick = "Romeo".into();
    after.profile.authorisation_required = false;
    after.birthday = None;
    after.about = "a\nb".into();
    assert_eq!(question, Question::Publish(Box::new(after)));
    world.icq_answers(id, Ok(Answer::Done));

    let done = stage(world.answer());
    assert_eq!(done.note, "ICQ shows your profile like that from now on.");
    let (id, question) = world.question();
    assert_eq!(question, Question::RequireAuthorisation(false));
    world.icq_answers(id, Ok(Answer::Done));
    world.sees_nothing();
}

#[test]
fn contacts_are_imported_after_a_look_and_exported_in_the_same_form() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "import");
    let nothing = world.fills_in(
        GATEWAY,
        "import",
        &page.session,
        &[("contacts", &["hello"])],
    );
    assert_eq!(stage(nothing).note, "There are no ICQ numbers in this.");

    let lines: &[(&str, &[&str])] = &[(
        "contacts",
        &[
            "123456;Benvolio;Verona",
            "123457",
            "123458 Mercutio",
            "what?",
        ],
    )];
    let choice = stage(world.fills_in(GATEWAY, "import", &page.session, lines));
    assert_eq!(choice.value("add"), "123456\n123457\n123458");
    let chosen: &[(&str, &[&str])] = &[("add", &["123456", "123458"])];
    let done = stage(world.fills_in(GATEWAY, "import", &page.session, chosen));

    assert_eq!(done.note, "2 contacts were added.");
    let added = [
        Command::AddContact(Uin(123_456)),
        Command::AddContact(Uin(123_458)),
    ];
    assert_eq!(world.commands(), added);
    world.pass(seconds(2));
    let asked = |uin: u32, nick: &str| {
        format!(
            "<presence type='subscribe' from='{uin}@icq.example.org' to='romeo@example.org'>\
             <status>Already on your ICQ list.</status>\
             <nick xmlns='http://jabber.org/protocol/nick'>{nick}</nick></presence>"
        )
    };
    world.sees(&asked(123_456, "Benvolio"));
    world.sees(&asked(123_458, "Mercutio"));

    let exported = world.begins(GATEWAY, "export");
    assert_eq!(
        exported.value("text"),
        "123456;Benvolio;Verona\n123458;Mercutio"
    );
    let known = world.begins(GATEWAY, "import");
    let again: &[(&str, &[&str])] = &[("contacts", &["123456"])];
    let done = stage(world.fills_in(GATEWAY, "import", &known.session, again));
    assert_eq!(done.note, "0 new contacts. 1 are on your list already.");
}

#[test]
fn contacts_that_somebody_sent_are_offered_for_import() {
    let mut world = World::online();
    world.icq(Event::Message {
        from: Uin(123_456),
        message: Message::Contacts(vec![(Uin(123_457), "Mercutio".into())]),
        sent: None,
        receipt: crate::icq::Receipt(1),
    });
    world.sent.clear();

    let page = world.begins(GATEWAY, "import");

    assert_eq!(page.value("contacts"), "123457;Mercutio");
}

#[test]
fn somebody_is_met_and_added_only_on_wish() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "meet");
    let ask: &[(&str, &[&str])] = &[("do", &["ask"]), ("group", &["3"])];
    world.fills_in(GATEWAY, "meet", &page.session, ask);
    let (id, question) = world.question();
    assert_eq!(question, Question::MeetRandom(RandomGroup(3)));
    let person = Found {
        uin: Uin(123_456),
        profile: Profile::default(),
        online: Some(true),
    };
    let (people, more) = (vec![person], false);
    world.icq_answers(id, Ok(Answer::Found { people, more }));
    let (id, question) = world.question();
    assert_eq!(question, Question::Details(Uin(123_456)));
    world.icq_answers(id, Ok(Answer::Details(Box::new(card::tests::benvolio()))));
    let met = stage(world.answer());
    assert_eq!(met.status, "executing");
    assert!(String::from(met.form.as_ref().unwrap()).contains("keep the peace"));

    let done = world.fills_in(GATEWAY, "meet", &page.session, &[("add", &["0"])]);
    assert_eq!(stage(done).note, "Nobody was added.");
    assert_eq!(world.commands(), []);

    for (deed, group) in [("join", Some(RandomGroup(3))), ("leave", None)] {
        let page = world.begins(GATEWAY, "meet");
        let fields: &[(&str, &[&str])] = &[("do", &[deed]), ("group", &["3"])];
        world.fills_in(GATEWAY, "meet", &page.session, fields);
        let (id, question) = world.question();
        assert_eq!(question, Question::JoinRandom(group));
        world.icq_answers(id, Ok(Answer::Done));
        assert_eq!(stage(world.answer()).status, "completed");
    }
}

#[test]
fn unregistering_has_a_page_of_its_own() {
    let mut world = World::online();
    let page = world.begins(GATEWAY, "unregister");
    let done = world.fills_in(GATEWAY, "unregister", &page.session, &[]);
    assert_eq!(stage(done).note, "Nothing was done.");
    assert!(world.record().is_some());

    let page = world.begins(GATEWAY, "unregister");
    let done = world.fills_in(GATEWAY, "unregister", &page.session, &[("sure", &["true"])]);
    assert_eq!(stage(done).status, "completed");
    assert_eq!(world.record(), None);
}

#[test]
fn login_and_logout_are_commands() {
    let mut world = World::online();

    let done = world.begins(GATEWAY, "logout");
    // The presence that says so comes first.
    assert_eq!(done.status, "completed");
    assert_eq!(world.state(), "paused");
    world.sent.clear();
    assert_eq!(world.begins(GATEWAY, "login").note, "Logging in to ICQ.");
}

#[test]
fn what_a_version_cannot_carry_is_not_offered() {
    let mut world = World::online();
    world.user.facts.speaks = Version::V4;

    let offered = world.offered(GATEWAY);
    assert!(!offered.contains(&"meet".to_owned()), "{offered:?}");
    assert!(offered.contains(&"find".to_owned()), "{offered:?}");
    let refused = world.command(GATEWAY, "node='meet'", &[]);
    assert_eq!(conditions(&refused), ["forbidden"]);
    let form = world.begins(GATEWAY, "password").form.unwrap();
    assert!(!String::from(&form).contains("on-icq"));
    let form = world.begins(GATEWAY, "find").form.unwrap();
    assert!(!String::from(&form).contains("var=\"city\""));

    world.chats("help");
    assert!(!world.sent.pop_front().unwrap().contains("meet"));
    world.chats("meet 1");
    world.is_told("Your version of ICQ's protocol cannot do this.");
    world.chats("password icq");
    world.is_told("Your version of ICQ's protocol cannot do this.");
}
