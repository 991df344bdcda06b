//! New numbers from ICQ (icq-udp.md §6.6), asked for by a form, a command and words.

use super::registering::{applicant_who_sends, result, set};
use super::*;
use crate::icq::udp::{FromServer, Header, Noise, Side, ToServer};
use Version::{V3, V4, V5};

const NEW: Uin = Uin(777_777);

fn generous() -> Settings {
    let mut settings = settings();
    settings.new_numbers = true;
    settings.networks[0].versions = vec![V5];
    settings
}

fn registered() -> World {
    let mut world = World::with(Mode::Follow, LoginRecord::default(), generous());
    world.comes_online("pc");
    world.logs_in();
    world.sent.clear();
    world
}

impl World {
    /// A turn and a socket, and what is sent on it first.
    fn applies(&mut self) -> Header {
        self.wants(|it| matches!(it, UserOutput::WantLogin));
        self.input(UserInput::LoginGranted);
        self.wants(|it| matches!(it, UserOutput::Connect { .. }));
        self.input(UserInput::Connected { local_port: 4001 });
        assert!(
            self.user.session.is_none(),
            "there is no number to log in with"
        );
        self.application()
    }

    /// The next datagram, which asks for a number.
    fn application(&mut self) -> Header {
        let sent = self.wants(|it| matches!(it, UserOutput::Transmit(_)));
        let UserOutput::Transmit(mut datagram) = sent else {
            panic!("it is one");
        };
        let version = Version::of(&datagram).unwrap();
        let opened = version.dialect().open(Side::Client, &mut datagram).unwrap();
        let packet = ToServer::decode(version, opened.header.command, opened.body);
        assert!(matches!(packet.unwrap().packet, ToServer::Register(_)));
        opened.header
    }

    /// ICQ gives out a number.
    fn is_given(&mut self, request: Header, uin: Uin) {
        let packet = FromServer::NewUin;
        let mut body = Vec::new();
        packet.encode(V3, &mut body);
        let header = Header {
            version: V3,
            command: packet.command(),
            uin,
            ..request
        };
        let datagram =
            request
                .version
                .dialect()
                .seal(Side::Server, &header, Noise::default(), &body);
        self.user.handle_datagram(self.now, &datagram);
        self.drain();
    }
}

#[test]
fn a_form_without_a_number_gets_a_new_one() {
    let mut world = applicant_who_sends(
        "<username/><password>secret</password>",
        generous(),
        Vec::new(),
    );
    let request = world.applies();
    assert_eq!(request.uin, Uin(0));

    world.is_given(request, NEW);
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(
        (start.uin, start.password.clone()),
        (NEW, Secret::new("secret"))
    );
    assert_eq!(world.changes, []);
    world.icq(Event::LoggedIn { seen_as: None });

    let Some(Change::Registration(stored)) = world.changes.first() else {
        panic!("{:?}", world.changes);
    };
    assert_eq!(stored.uin, NEW);
    world.sees(&result("r1"));
    let sent: Vec<String> = world.sent.drain(..).collect();
    let told = sent.iter().filter(|it| it.contains("777777")).count();
    assert_eq!(told, 1, "{sent:?}");
}

#[test]
fn somebody_who_is_registered_keeps_the_number_by_leaving_it_empty() {
    let query = set("<username/><password>secret</password>");
    let mut world = World::online();
    // Somebody who is registered leaves it empty to keep it.
    world.says(&query);
    world.sees(&result("r2"));
}

#[test]
fn words_get_a_new_number_that_takes_the_place_of_the_old_one() {
    let mut world = registered();
    world.chats("new number");
    assert!(
        world
            .sent
            .pop_front()
            .unwrap()
            .contains("as the password of the new number")
    );

    world.chats("balcony");
    let request = world.applies();
    world.is_given(request, NEW);
    // Until the login has worked, nothing is written down.
    assert_eq!(world.record().unwrap().registration.uin, Uin(100_001));
    world.sent.clear();
    world.icq(Event::LoggedIn { seen_as: None });

    let record = world.record().unwrap();
    assert_eq!(
        (record.registration.uin, record.registration.password),
        (NEW, Secret::new("balcony"))
    );
    let told = "Your new ICQ number is 777777. Keep it, and its password: ICQ tells neither again.";
    let sent: Vec<String> = world.sent.drain(..).collect();
    assert_eq!(
        sent.iter().filter(|it| it.contains(told)).count(),
        1,
        "{sent:?}"
    );
    assert!(!sent.iter().any(|it| it.contains("balcony")), "{sent:?}");

    world.icq(Event::ListLoaded);
    world.sent.clear();
    world.chats("new number");
    world.sent.clear();
    world.chats("again");
    world.is_told("You can get one new number a day.");
}

#[test]
fn a_command_gets_a_new_number_and_a_message_tells_it() {
    let mut world = registered();
    let commands = "http://jabber.org/protocol/commands";
    world.asks(
        "icq.example.org",
        "set",
        &format!("<command xmlns='{commands}' node='new-number'/>"),
    );
    let page = world.answer();
    let session = page.attr("sessionid").unwrap();
    world.asks(
        "icq.example.org",
        "set",
        &format!(
            "<command xmlns='{commands}' node='new-number' sessionid='{session}'>\
             <x xmlns='jabber:x:data' type='submit'>\
             <field var='password'><value>balcony</value></field>\
             <field var='repeat'><value>balcony</value></field></x></command>"
        ),
    );
    let request = world.applies();
    world.is_given(request, NEW);
    world.icq(Event::LoggedIn { seen_as: None });

    let done = world.answer();
    assert_eq!(done.attr("status"), Some("completed"));
    assert!(String::from(&done).contains("A message tells which."));
    assert!(world.sent.iter().any(|it| it.contains("number is 777777")));
}

#[test]
fn without_an_answer_everything_is_as_it_was() {
    let mut world = registered();
    world.chats("new number");
    world.chats("balcony");
    world.applies();
    world.sent.clear();

    world.pass(seconds(40));

    let told = world
        .sent
        .iter()
        .any(|it| it.contains("ICQ gives out no new number here"));
    assert!(told, "{:?}", world.sent);
    assert!(world.user.application.is_none());
    let registration = &world.user.facts.registration;
    assert_eq!(
        (registration.uin, &registration.password),
        (Uin(100_001), &Secret::new("old"))
    );
    // And with the old number it goes on.
    world.connects();
}

#[test]
fn a_number_without_a_login_is_told_all_the_same() {
    let mut world = registered();
    world.chats("new number");
    world.chats("balcony");
    let request = world.applies();
    world.is_given(request, NEW);
    world.sent.clear();

    world.icq(Event::LoggedOut(LogoutReason::WrongPassword));

    let told = world.sent.iter().filter(|it| it.contains("777777"));
    assert_eq!(told.count(), 1, "{:?}", world.sent);
    assert_eq!(world.record().unwrap().registration.uin, Uin(100_001));
}

#[test]
fn several_versions_are_asked_one_after_the_other() {
    let mut settings = generous();
    settings.networks[0].versions = vec![V5, V3, V4];
    let mut world = applicant_who_sends("<password>secret</password>", settings, Vec::new());
    assert_eq!(world.applies().version, V5);

    world.pass(seconds(4));
    world.wants(|it| matches!(it, UserOutput::Connect { .. }));
    world.input(UserInput::Connected { local_port: 4002 });

    // V3 has no packet for it that is known.
    assert_eq!(world.application().version, V4);
}

#[test]
fn what_the_operator_does_not_allow_is_not_offered() {
    let mut world = World::online();
    world.chats("new number");
    world.is_told("The operator does not let this gateway ask for new numbers.");
    world.chats("help");
    assert!(!world.sent.pop_front().unwrap().contains("new number"));
}

#[test]
fn messages_from_icq_have_no_part_in_it() {
    let mut world = registered();
    world.chats("new number");
    world.chats("balcony");
    let request = world.applies();

    // A datagram of the old session, and rubbish.
    for datagram in [
        &b""[..],
        b"\x05\0",
        b"\x05\0\0\0\0\0rubbish rubbish rubbish",
    ] {
        world.user.handle_datagram(world.now, datagram);
        world.drain();
    }
    world.is_given(request, Uin(0));
    assert!(world.user.application.is_some());

    world.is_given(request, NEW);
    assert!(world.user.session.is_some());
}
