//! Login and logoff (xmpp-gateway.md §6).

use super::*;

#[test]
fn the_first_resource_logs_in_and_sees_how_far_it_has_come() {
    let mut world = World::registered();

    world.says(
        "<presence from='romeo@example.org/pc' to='icq.example.org'><show>away</show>\
         <status>tea</status></presence>",
    );
    world.sees_nothing();
    world.connects();
    world.sees_gateway(
        "pc",
        "",
        "<show>dnd</show><status>Connecting to ICQ</status>",
    );
    world.icq(Event::LoggedIn { seen_as: None });
    world.sees_gateway(
        "pc",
        "",
        "<show>dnd</show><status>Loading contacts</status>",
    );
    world.icq(Event::ListLoaded);
    world.sees_gateway("pc", "", "<show>away</show><status>tea</status>");

    let session = world.user.session.as_ref().unwrap();
    let start = &session.start;
    assert_eq!(start.uin, Uin(100_001));
    assert_eq!(start.password, Secret::new("old"));
    assert_eq!(start.status, Status::from(Availability::Away));
    world.sees_nothing();
}

#[test]
fn somebody_who_has_to_wait_for_a_turn_is_told_so() {
    let mut world = World::registered();
    world.comes_online("pc");

    world.pass(seconds(3));

    let text = "<show>dnd</show><status>Waiting for a turn to connect to ICQ</status>";
    world.sees_gateway("pc", "", text);
    assert_eq!(world.state(), "queued");
}

#[test]
fn a_presence_to_a_contact_logs_in_as_well() {
    let mut world = World::registered();

    world.says("<presence from='romeo@example.org/pc' to='123456@icq.example.org'/>");

    world.logs_in();
    assert_eq!(world.state(), "online");
}

#[test]
fn a_resource_that_takes_no_messages_logs_nobody_in() {
    let mut world = World::registered();

    world.says(
        "<presence from='romeo@example.org/bot' to='icq.example.org'>\
         <priority>-1</priority></presence>",
    );

    world.sees_gateway(
        "bot",
        "type='unavailable'",
        "<status>Not connected to ICQ.</status>",
    );
    assert_eq!(world.state(), "offline");
}

#[test]
fn a_second_resource_is_shown_the_gateway_and_the_first_one_is_not_again() {
    let mut world = World::online();

    world.comes_online("phone");

    world.sees_gateway("phone", "", "");
    world.sees_nothing();
    world.wants_no_login();
}

#[test]
fn a_status_change_is_told_to_icq_once_and_to_each_resource_once() {
    let mut world = World::online();
    world.comes_online("phone");
    world.sent.clear();
    world.pass(seconds(10));

    for n in 0..300 {
        world.says(&format!(
            "<presence from='romeo@example.org/pc' to='{}@icq.example.org'>\
             <show>away</show></presence>",
            200_000 + n
        ));
    }
    for resource in ["pc", "phone"] {
        world.says(&format!(
            "<presence from='romeo@example.org/{resource}' to='icq.example.org'>\
             <show>away</show></presence>"
        ));
    }
    world.pass(seconds(10));

    world.sees_gateway("pc", "", "<show>away</show>");
    world.sees_gateway("phone", "", "<show>away</show>");
    world.sees_nothing();
    let away = Command::SetStatus(Status::from(Availability::Away));
    assert_eq!(world.commands(), [away]);
}

#[test]
fn statuses_that_change_in_a_burst_reach_icq_every_three_seconds() {
    let mut world = World::online();
    world.pass(seconds(10));

    for show in ["away", "xa", "dnd", "chat"] {
        world.says(&format!(
            "<presence from='romeo@example.org/pc' to='icq.example.org'>\
             <show>{show}</show></presence>"
        ));
    }
    world.pass(seconds(3));

    assert_eq!(
        world.commands(),
        [
            Command::SetStatus(Status::from(Availability::Away)),
            Command::SetStatus(Status::from(Availability::FreeForChat)),
        ]
    );
}

#[test]
fn the_login_outlives_a_short_absence() {
    let mut world = World::online();

    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.sees_gateway("pc", "type='unavailable'", "");
    world.pass(seconds(10));
    world.comes_online("pc");
    world.pass(seconds(300));

    world.sees_gateway("pc", "", "");
    world.sees_nothing();
    assert_eq!(world.state(), "online");
    assert_eq!(world.commands(), []);
}

#[test]
fn the_login_ends_a_minute_after_the_last_resource_left() {
    let mut world = World::online();

    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.pass(seconds(59));
    assert_eq!(world.state(), "online");
    world.pass(seconds(2));

    assert_eq!(world.state(), "offline");
    world.wants(|it| matches!(it, UserOutput::Disconnect));
    assert!(world.user.session.is_none());
}

#[test]
fn leaving_one_of_several_resources_changes_nothing_but_the_status() {
    let mut world = World::online();
    world.comes_online("phone");
    world.sent.clear();

    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.pass(seconds(300));

    world.sees_gateway("pc", "type='unavailable'", "");
    world.sees_nothing();
    assert_eq!(world.state(), "online");
}

#[test]
fn a_presence_error_is_the_resource_leaving() {
    let mut world = World::online();

    world.says(
        "<presence type='error' from='romeo@example.org/pc' to='icq.example.org'>\
         <error type='cancel'><service-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    );
    world.pass(seconds(61));

    world.sees_nothing();
    assert_eq!(world.state(), "offline");
}

#[test]
fn leaving_the_gateway_alone_logs_off_at_once() {
    let mut world = World::online();
    let pc = "from='romeo@example.org/pc'";
    world.says(&format!("<presence {pc} to='123456@icq.example.org'/>"));

    world.says(&format!(
        "<presence type='unavailable' {pc} to='icq.example.org'/>"
    ));
    world.pass(seconds(3));

    assert_eq!(world.state(), "offline");
}

#[test]
fn leaving_the_network_is_told_to_contacts_too_and_gives_time_to_come_back() {
    for gateway_first in [true, false] {
        let mut world = World::online();
        let pc = "type='unavailable' from='romeo@example.org/pc'";
        world.says("<presence from='romeo@example.org/pc' to='123456@icq.example.org'/>");

        let mut both = ["icq.example.org", "123456@icq.example.org"];
        if !gateway_first {
            both.reverse();
        }
        for to in both {
            world.says(&format!("<presence {pc} to='{to}'/>"));
        }
        world.pass(seconds(10));

        assert_eq!(world.state(), "online", "gateway first: {gateway_first}");
    }
}

#[test]
fn leaving_the_gateway_in_mode_always_is_a_log_out_that_lasts() {
    let mut world = World::with(Mode::Always, LoginRecord::default(), settings());
    world.logs_in();
    world.comes_online("pc");
    world.says("<presence from='romeo@example.org/pc' to='123456@icq.example.org'/>");

    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.pass(seconds(3));

    assert_eq!(world.state(), "paused");
    let record = world.record().unwrap();
    let mut reloaded = World::with(Mode::Always, record.login, settings());
    reloaded.wants_no_login();
    assert_eq!(reloaded.state(), "paused");
}

#[test]
fn mode_always_logs_in_with_the_link_and_stays_and_is_away_when_nobody_is_there() {
    let mut world = World::with(Mode::Always, LoginRecord::default(), settings());
    world.logs_in();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.status, Status::from(Availability::Away));

    world.comes_online("pc");
    world.pass(seconds(10));
    let online = Command::SetStatus(Status::default());
    assert_eq!(world.commands(), [online]);

    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.pass(seconds(599));
    assert_eq!(world.commands(), []);
    world.pass(seconds(5));
    let away = Command::SetStatus(Status::from(Availability::Away));
    assert_eq!(world.commands(), [away]);
    world.pass(seconds(10_000));
    assert_eq!(world.state(), "online");
}

#[test]
fn mode_manual_waits_for_a_word() {
    let mut world = World::with(Mode::Manual, LoginRecord::default(), settings());
    world.comes_online("pc");
    world.wants_no_login();

    world.says(
        "<message type='chat' from='romeo@example.org/pc' to='icq.example.org'>\
         <body>login</body></message>",
    );

    world.logs_in();
}

#[test]
fn in_mode_manual_the_word_holds_over_restarts_until_it_is_taken_back() {
    let mut world = World::with(Mode::Manual, LoginRecord::default(), settings());
    world.comes_online("pc");
    world.chats("login");
    world.logs_in();

    // An orderly restart; and one that nobody saw coming.
    for orderly in [true, false] {
        if orderly {
            world.input(UserInput::Shutdown);
        }
        let record = world.record().unwrap();
        world = World::with(Mode::Manual, record.login, settings());
        world.logs_in();
    }

    world.chats("logout");
    let record = world.record().unwrap();
    assert!(!record.login.summoned);
    let mut world = World::with(Mode::Manual, record.login, settings());
    world.comes_online("pc");
    world.wants_no_login();
}

#[test]
fn a_wrong_password_is_told_once_and_never_tried_again() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();
    world.sent.clear();

    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));

    world.sees(
        "<presence type='error' from='icq.example.org' to='romeo@example.org/pc'>\
         <error type='auth' code='401'>\
         <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>\
         ICQ rejected the number or password.</text></error></presence>",
    );
    world
        .is_told("ICQ rejected the password. Set a new one by registering with the gateway again.");
    world.sees_gateway(
        "pc",
        "type='unavailable'",
        "<status>ICQ rejected the number or password.</status>",
    );
    world.sees_nothing();
    world.pass(seconds(100_000));
    world.wants_no_login();
    assert_eq!(world.state(), "barred");

    // Not after a restart either; and whoever comes online sees why.
    let record = world.record().unwrap();
    let mut reloaded = World::with(Mode::Follow, record.login, settings());
    reloaded.comes_online("pc");
    reloaded.sees_gateway(
        "pc",
        "type='unavailable'",
        "<status>ICQ rejected the number or password.</status>",
    );
    reloaded.sees_nothing();
    reloaded.wants_no_login();
}

#[test]
fn a_kick_is_told_and_not_answered_with_another_login() {
    let mut world = World::online();

    world.icq(Event::LoggedOut(LogoutReason::Kicked(String::new())));

    world.is_told(
        "ICQ closed this login because the number logged in somewhere else. Reply *login* to come \
         back here.",
    );
    world.sees_gateway(
        "pc",
        "type='unavailable'",
        "<status>ICQ closed this login because the number logged in somewhere else.</status>",
    );
    world.pass(seconds(100_000));
    world.wants_no_login();

    world.says(
        "<message type='chat' from='romeo@example.org/pc' to='icq.example.org'>\
         <body>login</body></message>",
    );
    world.logs_in();
    assert_eq!(world.record().unwrap().login.barred, None);
}

#[test]
fn a_lost_connection_is_tried_again_after_5_15_60_300_900_and_1800_seconds() {
    let mut world = World::online();
    world.pass(seconds(100));
    world.other.clear();

    for delay in [5, 15, 60, 300, 900, 1800, 1800] {
        let before = world.now;
        world.icq(Event::LoggedOut(LogoutReason::ConnectionLost));
        assert_eq!(world.state(), "retrying");
        world.pass(seconds(delay * 7 / 10));
        world.wants_no_login();

        world.pass(seconds(delay * 6 / 10 + 1));

        assert!(world.now.unix.since(before.unix) <= seconds(delay * 13 / 10 + 1));
        world.connects();
    }
}

#[test]
fn the_presence_shows_when_the_next_attempt_is() {
    let mut world = World::online();

    world.icq(Event::LoggedOut(LogoutReason::ConnectionLost));

    let text = "<show>xa</show><status>ICQ connection lost, next try 14:00 UTC</status>";
    world.sees_gateway("pc", "", text);
    world.sees_nothing();
}

#[test]
fn a_login_that_lasted_makes_the_next_failure_a_first_one() {
    let mut world = World::online();
    for _ in 0..4 {
        world.icq(Event::LoggedOut(LogoutReason::SessionLost));
        world.pass(seconds(2000));
        world.connects();
    }
    world.icq(Event::LoggedIn { seen_as: None });
    world.icq(Event::ListLoaded);
    world.pass(seconds(61));

    world.icq(Event::LoggedOut(LogoutReason::SessionLost));
    world.pass(seconds(7));

    world.connects();
}

#[test]
fn one_notice_is_given_for_each_cause_and_day() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();
    world.sent.clear();
    let told = |world: &mut World| {
        let sent = std::mem::take(&mut world.sent);
        sent.iter().filter(|it| it.starts_with("<message")).count()
    };

    world.icq(Event::LoggedOut(LogoutReason::NoAnswer));
    assert_eq!(told(&mut world), 1);
    for _ in 0..10 {
        world.pass(seconds(2400));
        world.connects();
        world.icq(Event::LoggedOut(LogoutReason::NoAnswer));
        assert_eq!(told(&mut world), 0);
    }
    world.pass(seconds(2400));
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::Unreachable("name".into())));
    assert_eq!(told(&mut world), 1);

    world.pass(seconds(24 * 3600));
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::NoAnswer));
    assert_eq!(told(&mut world), 1);
}

#[test]
fn a_number_that_is_online_elsewhere_is_tried_again_with_doubling_waits() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();

    for delay in [5, 10, 20, 40, 80, 160, 300, 300] {
        world.icq(Event::LoggedOut(LogoutReason::AlreadyOnline));
        world.pass(seconds(delay * 7 / 10 - 1));
        world.wants_no_login();
        world.pass(seconds(delay * 6 / 10 + 2));
        world.connects();
    }
}

#[test]
fn the_sessions_that_may_be_open_are_written_down() {
    let mut world = World::online();
    let trace = SessionTrace {
        session_id: 7,
        local_port: 4001,
        version: 5,
    };
    let crashed = world.record().unwrap();
    assert_eq!(crashed.login.sessions, [trace]);

    let mut reloaded = World::with(Mode::Follow, crashed.login, settings());
    reloaded.comes_online("pc");
    reloaded.connects();
    let start = &reloaded.user.session.as_ref().unwrap().start;
    assert_eq!(start.ghosts, [7]);

    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.pass(seconds(61));
    // A goodbye may be lost.
    assert_eq!(world.record().unwrap().login.sessions, [trace]);
}

/// Some servers never forget a session, and let nobody else in before it is ended by its number.
#[test]
fn the_number_of_a_login_is_on_disk_before_the_login_leaves() {
    let mut world = World::registered();
    world.comes_online("pc");
    let barriers = world.barriers;

    world.connects();

    assert_eq!(world.barriers, barriers + 1);
    assert_eq!(world.record().unwrap().login.sessions[0].session_id, 7);
}

#[test]
fn a_login_that_nobody_answered_may_have_left_a_session() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.connects();

    world.icq(Event::LoggedOut(LogoutReason::NoAnswer));
    world.pass(seconds(10));
    world.connects();

    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.ghosts, [7]);
}

#[test]
fn without_a_socket_the_login_is_tried_again() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.wants(|it| matches!(it, UserOutput::WantLogin));
    world.input(UserInput::LoginGranted);

    let why = LogoutReason::Unreachable("no such name".into());
    world.input(UserInput::ConnectFailed(why));

    assert_eq!(world.state(), "retrying");
    world.pass(seconds(10));
    world.connects();
}

#[test]
fn a_socket_that_is_lost_ends_the_session_and_the_login_is_tried_again() {
    let mut world = World::online();

    world.input(UserInput::ConnectFailed(LogoutReason::Unreachable(
        "port unreachable".into(),
    )));

    assert!(world.user.session.is_none());
    assert_eq!(world.state(), "retrying");
    world.pass(seconds(10));
    world.connects();
}

#[test]
fn a_turn_that_comes_too_late_is_let_pass() {
    let mut world = World::registered();
    world.comes_online("pc");
    world.says("<presence type='unavailable' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.pass(seconds(61));
    assert_eq!(world.state(), "offline");
    world.other.clear();

    world.input(UserInput::LoginGranted);
    world.input(UserInput::Connected { local_port: 4001 });

    assert!(world.user.session.is_none());
    assert_eq!(world.state(), "offline");
}

#[test]
fn the_login_outlives_a_link_that_is_down_for_a_while() {
    let mut world = World::online();

    world.input(UserInput::LinkDown);
    world.pass(seconds(599));
    assert_eq!(world.state(), "online");
    world.input(UserInput::LinkUp(Arc::default()));
    world.sees("<presence type='probe' from='icq.example.org' to='romeo@example.org'/>");
    world.pass(seconds(30));
    world.comes_online("pc");

    world.sees_gateway("pc", "", "");
    world.sees_nothing();
    world.pass(seconds(1000));
    assert_eq!(world.state(), "online");
    assert_eq!(world.commands(), []);
}

#[test]
fn a_link_that_stays_down_ends_the_logins_of_those_who_follow_it() {
    for (mode, after) in [(Mode::Follow, "offline"), (Mode::Always, "online")] {
        let mut world = World::with(mode, LoginRecord::default(), settings());
        world.comes_online("pc");
        world.logs_in();
        world.sent.clear();

        world.input(UserInput::LinkDown);
        world.pass(seconds(601));

        assert_eq!(world.state(), after);
        world.sees_nothing();
    }
}

#[test]
fn nobody_who_has_gone_while_the_link_was_down_stays_logged_in() {
    let mut world = World::online();
    world.input(UserInput::LinkDown);
    world.pass(seconds(100));

    world.input(UserInput::LinkUp(Arc::default()));
    world.says("<presence type='unavailable' from='romeo@example.org' to='icq.example.org'/>");
    world.pass(seconds(61));

    assert_eq!(world.state(), "offline");
}

#[test]
fn shutdown_says_goodbye_on_both_sides() {
    let mut world = World::online();
    world.comes_online("phone");
    world.sent.clear();

    world.input(UserInput::Shutdown);

    let text = "<status>Gateway is restarting</status>";
    world.sees_gateway("pc", "type='unavailable'", text);
    world.sees_gateway("phone", "type='unavailable'", text);
    world.sees_nothing();
    world.wants(|it| matches!(it, UserOutput::Disconnect));
    world.wants(|it| matches!(it, UserOutput::Ended(Ending::Shutdown)));
}
