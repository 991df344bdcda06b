//! Registration (xmpp-gateway.md §5).

use crate::gateway::action::Asker;
use crate::gateway::register::Submission;
use crate::store::Stray;
use crate::xmpp::stanza::Request;

use super::*;

/// Romeo, who has sent a registration that is being tried.
fn applicant() -> World {
    applicant_with(Privileges::default())
}

fn applicant_with(privileges: Privileges) -> World {
    let children = "<username>100001</username><password>secret</password>";
    applies(children, settings(), Vec::new(), privileges)
}

/// The same with other fields, and with sessions that an earlier trial may have left.
pub(super) fn applicant_who_sends(children: &str, settings: Settings, strays: Vec<Stray>) -> World {
    applies(children, settings, strays, Privileges::default())
}

fn applies(
    children: &str,
    settings: Settings,
    strays: Vec<Stray>,
    privileges: Privileges,
) -> World {
    let now = now();
    let Stanza::Iq(iq) = stanza(&set(children).replace("'r2'", "'r1'")) else {
        panic!("it is an iq");
    };
    let request = Request::read(iq).unwrap();
    let Ok(Submission::Fields(fields)) = Submission::read(&request.payload) else {
        panic!("it has fields");
    };
    let registration = fields.complete(None, &settings, None, now.unix).unwrap();
    let seat = seat(now, settings);
    let privileges = Arc::new(privileges);
    let user = User::register(
        now,
        seat,
        privileges,
        registration,
        strays,
        Asker::registering(&request),
    );
    World::new(now, user)
}

/// An iq of Romeo's to the gateway about registering.
pub(super) fn set(children: &str) -> String {
    format!(
        "<iq type='set' id='r2' from='romeo@example.org/pc' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'>{children}</query></iq>"
    )
}

pub(super) fn result(id: &str) -> String {
    format!("<iq type='result' id='{id}' from='icq.example.org' to='romeo@example.org/pc'/>")
}

pub(super) fn error(id: &str, type_: &str, code: &str, condition: &str, text: &str) -> String {
    format!(
        "<iq type='error' id='{id}' from='icq.example.org' to='romeo@example.org/pc'>\
         <error type='{type_}' code='{code}'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>{text}</text>\
         </error></iq>"
    )
}

#[test]
fn a_registration_is_tried_before_anything_is_stored() {
    let mut world = applicant();
    world.connects();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.uin, Uin(100_001));
    assert_eq!(start.password, Secret::new("secret"));
    world.sees_nothing();
    assert_eq!(world.changes, []);

    world.icq(Event::LoggedIn { seen_as: None });

    let [Change::Registration(stored), ..] = &world.changes[..] else {
        panic!("the registration comes first: {:?}", world.changes);
    };
    assert_eq!(stored.password, Secret::new("secret"));
    assert_eq!(world.barriers, 1);
    world.sees(&result("r1"));
    world.sees("<presence type='subscribe' from='icq.example.org' to='romeo@example.org'/>");
    world.is_told(
        "Welcome to ICQ. Your number here is 100001. To write to somebody, add \
         NUMBER@icq.example.org to your contacts, with their ICQ number for NUMBER. Send *help* to \
         see what I understand.",
    );
    world.sees_nothing();
    world.wants(|it| matches!(it, UserOutput::Registered(true)));
    assert!(world.record().unwrap().login.welcomed);
}

#[test]
fn the_login_that_was_tried_goes_on_if_somebody_is_there() {
    for online in [true, false] {
        let mut world = applicant();
        world.connects();
        world.icq(Event::LoggedIn { seen_as: None });
        world.icq(Event::ListLoaded);

        if online {
            world.comes_online("pc");
        }
        world.pass(seconds(61));

        let state = if online { "online" } else { "offline" };
        assert_eq!(world.state(), state);
    }
}

#[test]
fn each_failure_has_its_error_and_nothing_is_stored() {
    for (reason, type_, code, condition, text) in [
        (
            LogoutReason::WrongPassword,
            "auth",
            "401",
            "not-authorized",
            "ICQ rejected the number or password.",
        ),
        (
            LogoutReason::Refused(String::new()),
            "auth",
            "403",
            "forbidden",
            "ICQ says this account is suspended.",
        ),
        (
            LogoutReason::TryAgainLater,
            "wait",
            "500",
            "resource-constraint",
            "ICQ asks to wait; try again in 20 minutes. If this number is logged in somewhere else, \
             log out there first.",
        ),
        (
            LogoutReason::Unreachable("no such name".into()),
            "wait",
            "504",
            "remote-server-timeout",
            "ICQ cannot be reached.",
        ),
        (
            LogoutReason::NoAnswer,
            "wait",
            "504",
            "remote-server-timeout",
            "ICQ did not answer. Nothing was stored; please try again.",
        ),
    ] {
        let mut world = applicant();
        world.connects();

        world.icq(Event::LoggedOut(reason));

        world.sees(&error("r1", type_, code, condition, text));
        world.sees_nothing();
        assert_eq!(world.changes, []);
        world.wants(|it| matches!(it, UserOutput::Disconnect));
        world.wants(|it| matches!(it, UserOutput::Ended(Ending::NotRegistered)));
    }
}

#[test]
fn a_server_that_does_not_answer_ends_the_trial_after_twenty_seconds() {
    for connected in [true, false] {
        let mut world = applicant();
        if connected {
            world.connects();
        }

        world.pass(seconds(20));

        world.sees(&error(
            "r1",
            "wait",
            "504",
            "remote-server-timeout",
            "ICQ did not answer. Nothing was stored; please try again.",
        ));
        let left = |it: &UserOutput| matches!(it, UserOutput::LeftOpen(left) if left[0].session.session_id == 7);
        if connected {
            world.wants(left);
        }
        world.wants(|it| matches!(it, UserOutput::Ended(Ending::NotRegistered)));
        assert_eq!(world.user.poll_timeout(), None);
    }
}

#[test]
fn without_a_socket_the_registration_fails() {
    let mut world = applicant();
    world.wants(|it| matches!(it, UserOutput::WantLogin));
    world.input(UserInput::LoginGranted);

    let why = LogoutReason::Unreachable("no such name".into());
    world.input(UserInput::ConnectFailed(why));

    let text = "ICQ cannot be reached.";
    world.sees(&error("r1", "wait", "504", "remote-server-timeout", text));
    world.wants(|it| matches!(it, UserOutput::Ended(Ending::NotRegistered)));
}

#[test]
fn the_form_shows_the_number_and_never_the_password() {
    let mut world = World::registered();

    world.says(
        "<iq type='get' id='r3' from='romeo@example.org/pc' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'/></iq>",
    );

    let answer = world.sent.pop_front().unwrap();
    assert!(answer.contains("<registered></registered>"), "{answer}");
    assert!(answer.contains("<username>100001</username>"), "{answer}");
    assert!(answer.contains("<password></password>"), "{answer}");
    assert!(!answer.contains("old"), "{answer}");
}

#[test]
fn an_empty_password_leaves_the_stored_one() {
    let mut world = World::online();
    world.barriers = 0;

    world.says(&set(
        "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>100001</value></field>\
         <field var='password'/><field var='x-mode'><value>always</value></field></x>",
    ));

    world.sees(&result("r2"));
    let registration = world.record().unwrap().registration;
    assert_eq!(registration.password, Secret::new("old"));
    assert_eq!(registration.mode, Mode::Always);
    assert_eq!(world.barriers, 1);
}

#[test]
fn a_new_password_while_online_is_kept_for_the_next_login() {
    let mut world = World::online();

    world.says(&set("<username>100001</username><password>new</password>"));

    world.sees(&result("r2"));
    assert_eq!(world.state(), "online");
    let record = world.record().unwrap();
    assert_eq!(record.registration.password, Secret::new("new"));
}

#[test]
fn a_new_password_after_a_wrong_one_is_tried_at_once() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
    world.sent.clear();

    world.says(&set("<username>100001</username><password>new</password>"));
    world.connects();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.password, Secret::new("new"));
    world.icq(Event::LoggedIn { seen_as: None });

    assert!(world.sent.contains(&expected(&result("r2"))));
    let record = world.record().unwrap();
    assert_eq!(record.registration.password, Secret::new("new"));
    assert_eq!(record.login.barred, None);
    assert_eq!(world.state(), "loading");
}

#[test]
fn a_new_password_that_is_wrong_too_changes_nothing() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
    world.says(&set("<username>100001</username><password>new</password>"));
    world.connects();
    world.sent.clear();

    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));

    let text = "ICQ rejected the number or password.";
    world.sees(&error("r2", "auth", "401", "not-authorized", text));
    assert_eq!(world.state(), "barred");
    let record = world.record().unwrap();
    assert_eq!(record.registration.password, Secret::new("old"));
    assert_eq!(record.login.barred.as_deref(), Some("wrong-password"));
    world.pass(seconds(100_000));
    world.wants_no_login();
}

#[test]
fn a_new_number_is_tried_and_takes_the_old_ones_place() {
    let mut world = World::online();

    world.says(&set("<username>200002</username><password>new</password>"));
    world.sees_gateway(
        "pc",
        "type='unavailable'",
        "<status>Not connected to ICQ.</status>",
    );
    world.wants(|it| matches!(it, UserOutput::Disconnect));
    world.connects();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.uin, Uin(200_002));
    assert!(start.ghosts.is_empty());
    assert_eq!(
        world.record().unwrap().registration.uin,
        Uin(100_001),
        "not yet"
    );
    world.icq(Event::LoggedIn { seen_as: None });

    assert!(world.sent.contains(&expected(&result("r2"))));
    assert_eq!(world.record().unwrap().registration.uin, Uin(200_002));
}

#[test]
fn a_new_number_that_does_not_work_gives_the_old_login_back() {
    let mut world = World::online();
    world.says(&set("<username>200002</username><password>new</password>"));
    world.connects();

    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));

    let text = "ICQ rejected the number or password.";
    let error = error("r2", "auth", "401", "not-authorized", text);
    assert!(world.sent.contains(&expected(&error)));
    world.logs_in();
    assert_eq!(world.record().unwrap().registration.uin, Uin(100_001));
}

#[test]
fn one_registration_is_tried_at_a_time_and_five_in_an_hour() {
    let mut world = World::registered();
    let other = |n: u32| set(&format!("<username>{n}</username><password>x</password>"));
    world.says(&other(200_000));
    world.says(&other(200_001));
    let text = "A registration of yours is under way. Wait for its end.";
    world.sees(&error("r2", "wait", "500", "resource-constraint", text));

    for n in 2..6 {
        world.connects();
        world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
        world.says(&other(200_000 + n));
    }
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));
    world.sent.clear();
    world.says(&other(200_006));

    let text = "Too many registrations. Try again in an hour.";
    world.sees(&error("r2", "wait", "500", "resource-constraint", text));
}

#[test]
fn unregistering_goes_in_order_and_leaves_nothing() {
    let mut world = World::online();
    world.barriers = 0;

    world.says(&set("<remove/>"));

    world.sees_gateway(
        "pc",
        "type='unavailable'",
        "<status>Not connected to ICQ.</status>",
    );
    world.sees(&result("r2"));
    assert_eq!(world.record(), None);
    assert_eq!(world.barriers, 1);
    world.wants(|it| matches!(it, UserOutput::Disconnect));
}

#[test]
fn whoever_unregisters_is_shown_nothing_more_and_does_not_stand_still() {
    let mut world = World::online();
    // A status that ICQ is told in a moment, and a message that waits for others.
    world.says(
        "<presence from='romeo@example.org/pc' to='icq.example.org'><show>dnd</show></presence>",
    );
    world.says(
        "<presence from='romeo@example.org/pc' to='icq.example.org'><show>away</show></presence>",
    );
    world.icq(Event::Message {
        from: Uin(123_456_789),
        message: crate::model::Message::Text("hi".into()),
        sent: Some(world.now.unix),
        receipt: crate::icq::Receipt(1),
    });
    world.sent.clear();

    world.says(&set("<remove/>"));
    world.pass(seconds(3600));

    assert!(
        world.sent.iter().all(|stanza| !stanza.contains("<body>")),
        "{:?}",
        world.sent
    );
}

#[test]
fn remove_with_company_is_a_bad_request() {
    let mut world = World::online();

    world.says(&set("<remove/><username>100001</username>"));

    let text = "To unregister, send &lt;remove/&gt; and nothing beside it.";
    world.sees(&error("r2", "modify", "400", "bad-request", text));
    assert!(world.record().is_some());
}

#[test]
fn after_unregistering_only_answers_are_awaited() {
    let mut world = World::online();
    world.says(&set("<remove/>"));
    world.sent.clear();

    world.says(
        "<iq type='get' id='p' from='romeo@example.org/pc' to='icq.example.org'>\
         <ping xmlns='urn:xmpp:ping'/></iq>",
    );
    world.comes_online("pc");

    let text = "You are not registered with this ICQ gateway.";
    world.sees(&error("p", "auth", "407", "registration-required", text));
    world.wants_no_login();
}

#[test]
fn an_account_that_is_gone_for_three_days_is_suspended_and_deleted_after_thirty() {
    let mut world = World::registered();
    let gone = "from='romeo@example.org' to='icq.example.org'>\
        <error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for _ in 0..3 {
        assert_eq!(world.state(), "offline");
        world.says(&format!("<presence type='error' {gone}</presence>"));
        world.says(&format!("<message type='error' id='m' {gone}</message>"));
        world.pass(seconds(24 * 3600));
    }
    assert_eq!(world.state(), "suspended");
    assert!(world.record().is_some());

    world.pass(seconds(30 * 24 * 3600));

    assert_eq!(world.record(), None);
}

#[test]
fn an_account_that_shows_itself_is_not_gone() {
    let mut world = World::registered();
    let gone = "<presence type='error' from='romeo@example.org' to='icq.example.org'>\
        <error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
        </error></presence>";
    for _ in 0..5 {
        world.says(gone);
        world.comes_online("pc");
        world.says(
            "<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>",
        );
        world.pass(seconds(24 * 3600));
    }
    assert_ne!(world.state(), "suspended");
}
