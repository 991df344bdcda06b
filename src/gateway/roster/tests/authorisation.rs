//! xmpp-gateway.md §11.3, row by row as far as V5 has them: what people on ICQ want.

use super::*;

fn request(nick: &str, reason: &str) -> Message {
    Message::AuthorisationRequest {
        from: Introduction {
            nick: nick.into(),
            ..Introduction::default()
        },
        reason: reason.into(),
    }
}

fn added(nick: &str) -> Message {
    Message::Added(Introduction {
        nick: nick.into(),
        ..Introduction::default()
    })
}

const ASKS: &str = "<presence type='subscribe' from='123456789@icq.example.org' \
                    to='romeo@example.org'><status>It is me</status>\
                    <nick xmlns='http://jabber.org/protocol/nick'>Ben</nick></presence>";

#[test]
fn a_request_becomes_one_question_for_the_user() {
    let mut world = World::online();

    world.icq_says(BEN, request("Ben\u{202E}", "It\nis me"));

    world.sees(&[ASKS]);
    assert!(matches!(world.take_commands()[..], [Command::Safe(_)]));
    // It was written down before ICQ was allowed to forget it.
    assert!(world.record.contacts[0].request.is_some());

    world.confirm();
    world.icq_says(BEN, request("Ben", "please"));
    world.wait(6 * 24 * 3600);
    world.icq_says(BEN, request("Ben", "please!"));
    world.sees(&[]);
    world.wait(2 * 24 * 3600);
    world.icq_says(BEN, request("Ben", "It is me"));
    world.sees(&[ASKS]);
}

#[test]
fn a_request_survives_the_link_and_the_program() {
    let mut world = World::online();
    world.link_down();
    world.icq_says(BEN, request("Ben", "It is me"));
    world.sees(&[]);

    world.crash();
    world.link_up();
    world.sees(&[ASKS]);

    // The link went down before the question can be known to have arrived.
    world.link_down();
    world.link_up();
    world.sees(&[ASKS]);
    world.confirm();
    world.wait(2);
    world.crash();
    world.link_up();
    world.sees(&[]);
}

#[test]
fn five_questions_an_hour_are_put_and_the_rest_is_told_in_one_line() {
    let mut world = World::online();
    for uin in 200_000..200_007 {
        world.icq_says(uin, request("Ben", "hi"));
    }

    let seen = world.take_stanzas();
    let (questions, lines): (Vec<_>, Vec<_>) = seen.iter().partition(|it| it.name() == "presence");
    assert_eq!((questions.len(), lines.len()), (5, 1));
    let line = String::from(lines[0]);
    assert!(
        line.contains("1 more people on ICQ want to add you: 200005."),
        "{line}"
    );

    world.confirm();
    world.wait(1800);
    let later = world.take_stanzas();
    assert_eq!(later.len(), 2, "the rest follows, a little later");
}

#[test]
fn strangers_cannot_fill_the_memory() {
    let mut world = World::online();
    for uin in 200_000..200_500 {
        world.icq_says(uin, request("Ben", "hi"));
    }
    assert_eq!(world.record.contacts.len(), 200);

    // One who was refused makes room for one who asks.
    world.subscription("unsubscribed", 200_000);
    world.icq_says(300_000, request("Ben", "hi"));
    assert_eq!(world.record.contacts.len(), 200);
    assert!(world.written(300_000).is_some());
}

#[test]
fn being_added_is_asked_about_once() {
    let mut world = World::online();

    world.icq_says(BEN, added("Ben"));

    world.sees(&[
        "<presence type='subscribe' from='123456789@icq.example.org' \
                  to='romeo@example.org'><status>Added you to the ICQ list.</status>\
                  <nick xmlns='http://jabber.org/protocol/nick'>Ben</nick></presence>",
    ]);
    world.subscription("subscribed", BEN);
    world.icq_says(BEN, added("Ben"));
    world.sees(&[]);
    // Nobody asked ICQ for anything, so nothing is granted there.
    assert!(world.take_sent().is_empty());
}

#[test]
fn being_added_by_a_contact_or_by_whoever_was_refused_is_no_news() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_says(BEN, added("Ben"));
    world.icq_says(222_222, added("Tybalt"));
    world.subscription("unsubscribed", 222_222);
    world.take_stanzas();

    world.icq_says(222_222, added("Tybalt"));

    world.sees(&[]);
    assert!(world.take_sent().is_empty());
}

#[test]
fn a_grant_makes_the_contact_one() {
    let mut world = World::online();
    world.has_waiting(BEN);

    world.icq_says(BEN, Message::AuthorisationGranted);

    world.sees(&[
        "<presence type='subscribed' from='123456789@icq.example.org' to='romeo@example.org'/>",
        "<presence type='subscribe' from='123456789@icq.example.org' to='romeo@example.org'>\
         <nick xmlns='http://jabber.org/protocol/nick'>Juliet</nick></presence>",
    ]);
    let commands = world.take_commands();
    assert!(matches!(
        commands[..],
        [Command::AddContact(Uin(BEN)), Command::Safe(_)]
    ));
    assert_eq!(world.listing(BEN), Some(Listing::Authorised));
    world.icq_shows(BEN, online());
    world.sees(&[
        "<presence from='123456789@icq.example.org/ICQ' to='romeo@example.org/pc'>\
         <nick xmlns='http://jabber.org/protocol/nick'>Juliet</nick></presence>",
    ]);
}

#[test]
fn a_grant_while_the_link_is_down_is_told_later() {
    let mut world = World::online();
    world.has_waiting(BEN);
    world.link_down();
    world.icq_says(BEN, Message::AuthorisationGranted);
    world.sees(&[]);

    world.crash();
    world.link_up();

    world.sees(&[
        "<presence type='subscribed' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);
}

#[test]
fn a_grant_nobody_waits_for_asks_the_user_once() {
    let mut world = World::offline();
    let waiting = ContactRecord {
        contact: Contact {
            listing: Listing::Waiting,
            ..record(BEN, "Juliet").contact
        },
        ..record(BEN, "Juliet")
    };
    world.starts_with(vec![waiting]);
    world.link_up();
    world.icq_online();
    world.look_away();

    world.icq_says(BEN, Message::AuthorisationGranted);
    world.icq_says(BEN, Message::AuthorisationGranted);

    world.sees(&[
        "<presence type='subscribe' from='123456789@icq.example.org' to='romeo@example.org'>\
         <status>Already on your ICQ list.</status>\
         <nick xmlns='http://jabber.org/protocol/nick'>Juliet</nick></presence>",
    ]);
}

#[test]
fn grants_and_denials_of_strangers_mean_nothing() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    let denied = || Message::AuthorisationDenied {
        reason: "no".into(),
    };

    world.icq_says(222_222, Message::AuthorisationGranted);
    world.icq_says(222_222, denied());
    world.icq_says(BEN, denied());

    world.sees(&[]);
    assert_eq!(world.written(222_222), None);
    assert_eq!(world.listing(BEN), Some(Listing::Authorised));
}

#[test]
fn a_denial_is_told_once_with_its_reason() {
    let mut world = World::online();
    world.has_waiting(BEN);
    let denied = || Message::AuthorisationDenied {
        reason: "who are you?".into(),
    };

    world.icq_says(BEN, denied());
    world.icq_says(BEN, denied());

    world.sees(&[
        "<presence type='unsubscribed' from='123456789@icq.example.org' to='romeo@example.org'>\
         <status>who are you?</status></presence>",
    ]);
    let written = world.written(BEN).unwrap();
    assert_eq!(written.contact.listing, Listing::Waiting);
    assert_eq!(written.xmpp_to, Subscription::None);
}

#[test]
fn a_denial_waits_for_the_link() {
    let mut world = World::online();
    world.has_waiting(BEN);
    world.link_down();
    world.icq_says(
        BEN,
        Message::AuthorisationDenied {
            reason: String::new(),
        },
    );

    world.link_up();

    world.sees(&[
        "<presence type='unsubscribed' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);
}
