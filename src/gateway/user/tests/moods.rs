//! Birthdays, as moods (xmpp-gateway.md §19.2).

use super::*;

const BEN: Uin = Uin(200_002);
const MOOD: &str = "http://jabber.org/protocol/mood";

/// Romeo is online on one resource with these capabilities, and Benvolio is a contact.
fn with_ben(node: &str) -> World {
    let mut world = World::registered();
    comes_online(&mut world, "pc", node);
    world.logs_in();
    world.says("<presence type='subscribe' from='romeo@example.org' to='200002@icq.example.org'/>");
    world.icq(Event::Profile {
        uin: BEN,
        profile: Ok(crate::model::Profile::default()),
    });
    world.sent.clear();
    world
}

fn comes_online(world: &mut World, resource: &str, node: &str) {
    world.says(&format!(
        "<presence from='romeo@example.org/{resource}' to='icq.example.org'>\
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='{node}' ver='1'/></presence>"
    ));
}

fn shows(world: &mut World, birthday: bool) {
    let status = Status {
        birthday,
        ..Status::default()
    };
    world.icq(Event::Presence {
        uin: BEN,
        status: Some(status),
    });
}

/// The resource answers the question about its capabilities, if it was asked one.
fn explains(world: &mut World, feature: &str) -> bool {
    let questions = world.asked.iter().rposition(|it| it.contains("disco#info"));
    let Some(question) = questions.and_then(|at| world.asked.remove(at)) else {
        return false;
    };
    let quoted = |name: &str| {
        let rest = question.split(&format!("{name}='")).nth(1).unwrap();
        rest.split('\'').next().unwrap().to_owned()
    };
    let (id, to) = (quoted(" id"), quoted(" to"));
    world.says(&format!(
        "<iq type='result' id='{id}' from='{to}' to='icq.example.org'>\
         <query xmlns='http://jabber.org/protocol/disco#info'><feature var='{feature}'/></query></iq>"
    ));
    true
}

/// The moods that were sent since the last time: to which resource, and whether it was a happy one.
fn moods(world: &mut World) -> Vec<(String, bool)> {
    let sent = std::mem::take(&mut world.sent);
    let moods = sent
        .into_iter()
        .filter(|it| it.contains(MOOD) && it.contains("<event"));
    moods
        .map(|it| {
            assert!(it.contains("type='headline'"), "{it}");
            assert!(it.contains("from='200002@icq.example.org'"), "{it}");
            let to = it.split("romeo@example.org/").nth(1).unwrap();
            let to = to.split('\'').next().unwrap().to_owned();
            (to, it.contains("<happy"))
        })
        .collect()
}

fn notify() -> String {
    format!("{MOOD}+notify")
}

#[test]
fn a_birthday_is_a_mood_with_a_text_once_a_day() {
    let mut world = with_ben("gajim");

    shows(&mut world, true);
    assert_eq!(moods(&mut world), []);
    assert!(explains(&mut world, &notify()));
    let sent = world.sent.clone();
    assert_eq!(moods(&mut world), [("pc".to_owned(), true)]);
    let text = "It is their birthday today.";
    assert!(sent.iter().any(|it| it.contains(text)), "{sent:?}");

    // Not with every change of the status.
    shows(&mut world, true);
    assert_eq!(moods(&mut world), []);

    // The capabilities are known now, so the next day needs no question.
    world.pass(seconds(24 * 3600));
    comes_online(&mut world, "pc", "gajim");
    shows(&mut world, true);
    assert_eq!(moods(&mut world), [("pc".to_owned(), true)]);
    assert!(!explains(&mut world, &notify()));
}

#[test]
fn the_mood_ends_with_the_birthday() {
    let mut world = with_ben("gajim");
    shows(&mut world, true);
    explains(&mut world, &notify());
    world.sent.clear();

    shows(&mut world, false);
    assert_eq!(moods(&mut world), [("pc".to_owned(), false)]);

    shows(&mut world, false);
    assert_eq!(moods(&mut world), []);
}

#[test]
fn who_does_not_want_moods_gets_none() {
    let mut world = with_ben("dino");
    shows(&mut world, true);

    explains(&mut world, "urn:xmpp:ping");
    shows(&mut world, false);

    assert_eq!(moods(&mut world), []);
}

#[test]
fn a_resource_that_comes_later_is_told_once() {
    let mut world = with_ben("gajim");
    shows(&mut world, true);
    explains(&mut world, &notify());
    world.sent.clear();

    comes_online(&mut world, "pad", "gajim");
    assert_eq!(moods(&mut world), [("pad".to_owned(), true)]);
    comes_online(&mut world, "phone", "dino");
    explains(&mut world, "urn:xmpp:ping");

    assert_eq!(moods(&mut world), []);
}

#[test]
fn without_birthdays_nobody_is_asked_anything() {
    let mut world = with_ben("gajim");

    shows(&mut world, false);

    assert!(!explains(&mut world, &notify()));
}
