//! Versions of the protocol and networks: chosen, searched, remembered (xmpp-gateway.md §5).

use super::registering::{error, result, set};
use super::*;
use crate::gateway::Network;
use crate::store::Stray;
use Version::{V2, V3, V4, V5};

/// Two networks: one in four versions, one in two.
fn networks() -> Settings {
    let mut settings = settings();
    settings.networks[0].versions = vec![V5, V4, V3, V2];
    settings.networks.push(Network {
        versions: vec![V3, V2],
        keep_alive: seconds(30),
        ..Network::new("verona")
    });
    settings
}

/// Romeo, who has sent a registration for these.
fn applicant(network: &str, version: &str) -> World {
    applicant_with(network, version, Vec::new())
}

fn applicant_with(network: &str, version: &str, strays: Vec<Stray>) -> World {
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>100001</value></field>\
         <field var='password'><value>secret</value></field>\
         <field var='x-network'><value>{network}</value></field>\
         <field var='x-version'><value>{version}</value></field></x>"
    );
    registering::applicant_who_sends(&form, networks(), strays)
}

/// Romeo, registered for the first network, who last logged in in that version.
fn registered(worked: Option<Version>) -> World {
    let login = LoginRecord {
        version: worked.map(Version::word),
        ..LoginRecord::default()
    };
    let mut world = World::with(Mode::Follow, login, networks());
    world.comes_online("pc");
    world.sent.clear();
    world
}

impl World {
    fn spoken(&self) -> Version {
        let session = self.user.session.as_ref().expect("there is a session");
        session.start.dialect.version()
    }

    /// The socket for the next version, and what was said to the server in the versions before.
    fn reconnects(&mut self) {
        self.wants(|it| matches!(it, UserOutput::Disconnect));
        self.wants(|it| matches!(it, UserOutput::Connect { .. }));
        self.input(UserInput::Connected { local_port: 4002 });
    }

    /// A turn and a socket, where sessions of other versions have to be said goodbye to first.
    fn connects_again(&mut self) {
        self.wants(|it| matches!(it, UserOutput::WantLogin));
        self.input(UserInput::LoginGranted);
        self.wants(|it| matches!(it, UserOutput::Connect { .. }));
        self.input(UserInput::Connected { local_port: 4003 });
        self.pass(seconds(1));
    }

    /// Goes through the versions that stay silent, and says when each began.
    fn silence(&mut self) -> Vec<(Version, u64)> {
        let begin = self.now.instant;
        let mut tried = Vec::new();
        self.connects();
        loop {
            let passed = (self.now.instant - begin).as_secs();
            tried.push((self.spoken(), passed));
            let sent = self.sent.len();
            while self.user.session.is_some() && self.sent.len() == sent {
                self.pass(std::time::Duration::from_millis(250));
            }
            let goes_on = |it: &UserOutput| matches!(it, UserOutput::Connect { .. });
            if !self.other.iter().any(goes_on) {
                return tried;
            }
            self.reconnects();
            while self.user.session.is_none() {
                self.pass(std::time::Duration::from_millis(250));
            }
        }
    }
}

#[test]
fn a_version_that_was_chosen_is_the_one_that_is_tried() {
    for version in [V5, V4, V3, V2] {
        let mut world = applicant("icq", &version.to_string());
        world.connects();
        assert_eq!(world.spoken(), version);

        world.icq(Event::LoggedIn { seen_as: None });

        world.sees(&result("r1"));
        let record = world.record().unwrap();
        assert_eq!(record.registration.version, Some(version.word()));
        assert_eq!(record.login.version, Some(version.word()));
        assert_eq!(record.login.sessions[0].version, version.word());
        assert_eq!(world.user.facts.version(), version);
        let speaks = world.wants(|it| matches!(it, UserOutput::Speaks(..)));
        assert!(
            matches!(speaks, UserOutput::Speaks(network, it) if network == "icq" && it == version)
        );
    }
}

#[test]
fn a_version_that_was_chosen_has_the_whole_time_and_no_other_follows() {
    let mut world = applicant("icq", "V4");

    assert_eq!(world.silence(), [(V4, 0)]);

    let text = "ICQ did not answer. Nothing was stored; please try again.";
    world.sees(&error("r1", "wait", "504", "remote-server-timeout", text));
}

#[test]
fn automatic_goes_from_silence_to_what_answers_and_remembers_it() {
    let mut world = applicant("icq", "automatic");
    world.connects();
    assert_eq!(world.spoken(), V5);
    world.pass(seconds(4));
    world.reconnects();
    assert!(world.user.session.is_none(), "the goodbye goes first");
    world.pass(seconds(1));
    assert_eq!(world.spoken(), V4);
    world.pass(seconds(4));
    world.reconnects();
    world.pass(seconds(1));
    assert_eq!(world.spoken(), V3);

    world.icq(Event::LoggedIn { seen_as: None });

    world.sees(&result("r1"));
    let record = world.record().unwrap();
    assert_eq!(record.registration.version, None);
    assert_eq!(record.login.version, Some(3));
    let versions = record.login.sessions.iter().map(|it| it.version);
    assert_eq!(versions.collect::<Vec<_>>(), [3], "the server has no other");
    assert_eq!(record.login.strays, []);

    let mut world = registered(Some(V3));
    world.connects();
    assert_eq!(world.spoken(), V3);
}

#[test]
fn a_registration_that_nobody_answers_ends_after_twenty_seconds_and_says_what_was_tried() {
    let mut world = applicant("icq", "automatic");
    let begin = world.now.instant;

    let tried = world.silence();

    assert_eq!(tried, [(V5, 0), (V4, 5), (V3, 10), (V2, 15)]);
    assert!(world.now.instant - begin <= seconds(20));
    let text = "No version of the ICQ protocol led to a login: V5 was not answered; V4 was not answered; \
                V3 was not answered; V2 was not answered. Nothing was stored; please try again.";
    world.sees(&error("r1", "wait", "504", "remote-server-timeout", text));
    world.sees_nothing();
    assert_eq!(world.changes, []);
}

#[test]
fn time_that_the_queue_took_is_not_given_twice() {
    let mut world = applicant("icq", "automatic");
    let begin = world.now.instant;
    world.pass(seconds(8));

    let tried = world.silence();

    let versions: Vec<Version> = tried.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, [V5, V4, V3, V2]);
    assert!(world.now.instant - begin <= seconds(20));
}

#[test]
fn a_wrong_password_ends_the_search() {
    let mut world = applicant("icq", "automatic");
    world.connects();
    world.pass(seconds(4));
    world.reconnects();
    world.pass(seconds(1));

    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));

    let text = "ICQ rejected the number or password.";
    world.sees(&error("r1", "auth", "401", "not-authorized", text));
    world.sees_nothing();
    world.wants(|it| matches!(it, UserOutput::Ended(Ending::NotRegistered)));
}

#[test]
fn each_version_says_what_it_says() {
    let mut world = applicant("verona", "automatic");
    world.connects();
    world.icq(Event::LoggedOut(LogoutReason::Refused("too old".into())));
    world.reconnects();
    world.pass(seconds(1));
    world.icq(Event::LoggedOut(LogoutReason::SessionLost));
    // Time is left for another turn of each.
    for _ in 0..2 {
        world.reconnects();
        world.pass(seconds(1));
        world.icq(Event::LoggedOut(LogoutReason::NoAnswer));
    }

    let text = "No version of the ICQ protocol led to a login: V3 was refused: too old; V2 was answered \
                with *not connected*. Nothing was stored; please try again.";
    world.sees(&error("r1", "auth", "403", "forbidden", text));
}

#[test]
fn what_stops_working_is_left_at_a_later_login() {
    let mut world = registered(Some(V3));
    world.connects();
    assert_eq!(world.spoken(), V3);
    world.pass(seconds(25));
    world.reconnects();
    world.pass(seconds(1));
    assert_eq!(world.spoken(), V5);

    world.icq(Event::LoggedIn { seen_as: None });

    assert_eq!(world.state(), "loading");
    assert_eq!(world.record().unwrap().login.version, Some(5));
    assert_eq!(world.user.facts.version(), V5);
}

#[test]
fn a_later_login_that_nobody_answers_says_what_was_tried_and_is_tried_again() {
    let mut world = registered(Some(V3));
    world.sent.clear();
    let tried = world.silence();

    let versions: Vec<Version> = tried.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, [V3, V5, V4, V2]);
    assert_eq!(world.state(), "retrying");
    assert_eq!(
        world.record().unwrap().login.version,
        Some(3),
        "it worked once"
    );
    let told = world
        .sent
        .iter()
        .find(|it| it.contains("No version of the ICQ protocol"));
    assert!(told.is_some(), "{:?}", world.sent);
    world.pass(seconds(10));
    world.connects_again();
    assert_eq!(world.spoken(), V3);
}

#[test]
fn a_session_that_a_version_may_have_left_is_ended_before_the_next_begins() {
    let mut world = applicant("icq", "automatic");
    world.connects();
    world.pass(seconds(4));
    world.wants(|it| matches!(it, UserOutput::Connect { .. }));
    world.input(UserInput::Connected { local_port: 4002 });

    let goodbye = world.wants(|it| matches!(it, UserOutput::Transmit(_)));

    let UserOutput::Transmit(mut goodbye) = goodbye else {
        panic!("it is a datagram");
    };
    let opened = V5
        .dialect()
        .open(crate::icq::udp::Side::Client, &mut goodbye)
        .unwrap();
    assert_eq!(
        (opened.header.uin, opened.header.session_id),
        (Uin(100_001), 7)
    );
    assert_eq!(opened.header.command, 0x0438);
}

#[test]
fn what_a_failed_trial_may_have_left_is_known_to_the_next() {
    let mut world = applicant("icq", "V3");
    world.silence();
    let left = world.wants(|it| matches!(it, UserOutput::LeftOpen(_)));
    let UserOutput::LeftOpen(strays) = left else {
        panic!("it is a list");
    };
    let session = SessionTrace {
        session_id: 7,
        local_port: 4001,
        version: 3,
    };
    let stray = Stray {
        network: "icq".into(),
        uin: Uin(100_001),
        session,
    };
    assert_eq!(strays, [stray]);
    world.wants(|it| matches!(it, UserOutput::Ended(_)));

    let mut world = applicant_with("icq", "V3", strays);
    world.wants(|it| matches!(it, UserOutput::WantLogin));
    world.input(UserInput::LoginGranted);
    let connect = world.wants(|it| matches!(it, UserOutput::Connect { .. }));
    assert!(matches!(
        connect,
        UserOutput::Connect {
            port: Some(4001),
            ..
        }
    ));
    world.input(UserInput::Connected { local_port: 4001 });
    let session = world.user.session.as_ref().unwrap();
    assert_eq!(session.start.ghosts, [7]);
}

#[test]
fn what_the_trial_of_another_number_may_have_left_is_on_disk() {
    let mut world = registered(Some(V5));
    world.logs_in();
    world.says(&set("<username>200002</username><password>new</password>"));
    world.silence();

    let login = world.record().unwrap().login;

    let strays = login.strays.iter().map(|it| (it.uin, it.session.version));
    let expected = [5, 4, 3, 2].map(|version| (Uin(200_002), version));
    assert_eq!(strays.collect::<Vec<_>>(), expected);
    assert_eq!(login.sessions[0].version, 5);
}

#[test]
fn a_network_has_its_own_server_and_pace() {
    let mut world = applicant("verona", "automatic");
    world.wants(|it| matches!(it, UserOutput::WantLogin));
    world.input(UserInput::LoginGranted);
    let connect = world.wants(|it| matches!(it, UserOutput::Connect { .. }));
    assert!(matches!(connect, UserOutput::Connect { network, .. } if network == "verona"));
    world.input(UserInput::Connected { local_port: 4001 });
    assert_eq!(world.spoken(), V3);
    let session = world.user.session.as_ref().unwrap();
    assert_eq!(session.start.keep_alive, seconds(30));

    world.icq(Event::LoggedIn { seen_as: None });

    assert_eq!(world.record().unwrap().registration.network, "verona");
}

#[test]
fn another_network_is_another_number() {
    let mut world = registered(Some(V5));
    world.logs_in();
    world.sent.clear();
    world.says(&set(
        "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>100001</value></field>\
         <field var='password'><value>other</value></field>\
         <field var='x-network'><value>verona</value></field></x>",
    ));
    world.connects();
    assert_eq!(world.spoken(), V3);
    assert!(world.user.session.as_ref().unwrap().start.ghosts.is_empty());
    world.icq(Event::LoggedIn { seen_as: None });

    assert!(world.sent.contains(&expected(&result("r2"))));
    let record = world.record().unwrap();
    assert_eq!(record.registration.network, "verona");
    assert_eq!(record.login.sessions[0].version, 3);
    let stray = &record.login.strays[0];
    assert_eq!((stray.network.as_str(), stray.session.version), ("icq", 5));
}

#[test]
fn another_version_is_tried_at_once_and_given_up_if_it_does_not_work() {
    let mut world = registered(Some(V5));
    world.logs_in();
    world.sent.clear();
    let form = "<x xmlns='jabber:x:data' type='submit'><field var='x-version'><value>V2</value>\
                </field></x>";
    world.says(&set(form));
    world.connects_again();
    assert_eq!(world.spoken(), V2);
    world.pass(seconds(20));

    let text = "ICQ did not answer. Nothing was stored; please try again.";
    let error = error("r2", "wait", "504", "remote-server-timeout", text);
    assert!(world.sent.contains(&expected(&error)));
    assert_eq!(world.record().unwrap().registration.version, None);
    world.connects_again();
    assert_eq!(world.spoken(), V5);
}

#[test]
fn who_registered_with_a_network_that_is_gone_is_told_so() {
    let registration = Registration {
        network: "mantua".into(),
        ..romeos_registration()
    };
    let now = now();
    let record = UserRecord::new(registration);
    let mut world = World::new(now, User::load(now, seat(now, networks()), record));
    world.input(UserInput::LinkUp(Arc::default()));
    world.comes_online("pc");
    world.wants(|it| matches!(it, UserOutput::WantLogin));
    world.sent.clear();

    world.input(UserInput::LoginGranted);

    assert_eq!(world.state(), "retrying");
    let told = world
        .sent
        .iter()
        .find(|it| it.contains("is not offered any more"));
    assert!(told.is_some(), "{:?}", world.sent);
}
