//! xmpp-gateway.md §11.2, cell by cell: what the user wants.

use super::*;

const SUBSCRIBED: &str = "<presence type='subscribed' from='123456789@icq.example.org' \
                          to='romeo@example.org'/>";
const UNSUBSCRIBED: &str = "<presence type='unsubscribed' from='123456789@icq.example.org' \
                            to='romeo@example.org'/>";
const ASKS_BACK: &str = "<presence type='subscribe' from='123456789@icq.example.org' \
                         to='romeo@example.org'>\
                         <nick xmlns='http://jabber.org/protocol/nick'>Benvolio</nick></presence>";
const OFFLINE: &str = "<presence type='unavailable' from='123456789@icq.example.org/ICQ' \
                       to='romeo@example.org/pc'/>";
const ONLINE: &str = "<presence from='123456789@icq.example.org/ICQ' to='romeo@example.org/pc'>\
                      <nick xmlns='http://jabber.org/protocol/nick'>Benvolio</nick></presence>";

fn request(reason: &str) -> Message {
    Message::AuthorisationRequest {
        from: romeo(),
        reason: reason.into(),
    }
}

// --- subscribe ---------------------------------------------------------------------------------------

#[test]
fn whoever_may_be_added_is_added_and_asks_back() {
    let mut world = World::online();

    world.subscription("subscribe", BEN);
    world.icq_sees(&[Command::RequestProfile(Uin(BEN))]);
    world.sees(&[]);
    world.icq_knows(BEN, Ok(benvolio()));

    world.sees(&[SUBSCRIBED, ASKS_BACK]);
    let [
        Command::AddContact(Uin(BEN)),
        Command::Send { to, message, .. },
    ] = &world.take_commands()[..]
    else {
        panic!("added, and told so")
    };
    assert_eq!(*to, Uin(BEN));
    assert_eq!(*message, Message::Added(romeo()));
    // The subscription is on disk before anybody hears of it.
    assert_eq!(world.listing(BEN), Some(Listing::Authorised));

    world.icq_shows(BEN, online());
    world.sees(&[ONLINE]);
}

#[test]
fn who_demands_authorisation_is_asked_with_the_users_words_and_stays_silent_until_then() {
    let mut world = World::online();

    world.says(
        "<presence type='subscribe' from='romeo@example.org' to='123456789@icq.example.org'>\
         <status>Hi, it is Romeo</status></presence>",
    );
    world.icq_knows(BEN, Ok(juliet()));

    world.sees(&[]);
    let sent = world.take_sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].1, &sent[0].2),
        (Uin(BEN), &request("Hi, it is Romeo"))
    );
    assert_eq!(world.listing(BEN), Some(Listing::Waiting));
    // Whatever the server tells, nothing is shown before the answer.
    world.icq_shows(BEN, online());
    world.sees(&[]);
    assert_eq!(world.roster.contacts().count(), 0);
}

#[test]
fn a_number_that_does_not_exist_is_refused() {
    let mut world = World::online();

    world.says(
        "<presence type='subscribe' id='s1' from='romeo@example.org' \
         to='123456789@icq.example.org'/>",
    );
    world.icq_knows(BEN, Err(NoProfile::NoSuchUser));

    world.sees(&[
        "<presence type='error' id='s1' from='123456789@icq.example.org' to='romeo@example.org'>\
         <error type='cancel' code='404'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>\
         Nobody on ICQ has this address.</text></error></presence>",
        "<presence type='unsubscribed' from='123456789@icq.example.org' to='romeo@example.org'>\
         <status>Nobody on ICQ has this address.</status></presence>",
    ]);
    assert_eq!(world.written(BEN), None);
}

#[test]
fn who_cannot_be_asked_about_is_added_all_the_same() {
    let mut world = World::online();
    world.subscription("subscribe", BEN);
    world.icq_knows(BEN, Err(NoProfile::NoAnswer));
    world.sees(&[
        SUBSCRIBED,
        "<presence type='subscribe' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);

    // The same when the session says nothing at all.
    world.subscription("subscribe", 222_222);
    world.wait(30);
    assert_eq!(world.listing(222_222), Some(Listing::Authorised));
}

#[test]
fn subscribing_again_to_who_has_not_answered_repeats_the_question_once_a_day() {
    let mut world = World::online();
    world.has_waiting(BEN);

    world.subscription("subscribe", BEN);
    assert!(world.take_sent().is_empty());
    world.wait(24 * 3600);
    world.subscription("subscribe", BEN);

    let sent = world.take_sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].2, request("Please authorise me."));
    world.sees(&[]);
}

#[test]
fn subscribing_again_to_a_contact_is_granted_at_once() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_shows(BEN, online());
    world.look_away();

    world.subscription("subscribe", BEN);

    world.sees(&[SUBSCRIBED, ONLINE]);
    world.icq_sees(&[]);
}

#[test]
fn the_own_number_is_no_contact() {
    let mut world = World::online();

    world.subscription("subscribe", 111_111);

    world.sees(&[
        "<presence type='unsubscribed' from='111111@icq.example.org' to='romeo@example.org'>\
         <status>This is your own ICQ number.</status></presence>",
    ]);
    world.icq_sees(&[]);
}

#[test]
fn adding_waits_for_the_login_also_through_a_restart() {
    let mut world = World::offline();
    world.link_up();
    world.subscription("subscribe", BEN);
    world.wait(5);
    world.icq_sees(&[]);

    world.crash();
    world.link_up();
    world.icq_online();

    world.icq_sees(&[Command::RequestProfile(Uin(BEN))]);
    world.icq_knows(BEN, Ok(benvolio()));
    world.sees(&[SUBSCRIBED, ASKS_BACK]);
}

#[test]
fn a_question_whose_session_ended_is_asked_again() {
    let mut world = World::online();
    world.subscription("subscribe", BEN);
    world.icq_offline();
    world.wait(60);
    world.look_away();

    world.icq_online();

    world.icq_sees(&[Command::RequestProfile(Uin(BEN))]);
    world.sees(&[]);
}

#[test]
fn numbers_are_added_one_every_two_seconds_and_thirty_an_hour() {
    let mut world = World::online();
    for uin in 200_000..200_031 {
        world.subscription("subscribe", uin);
    }

    assert_eq!(world.take_commands().len(), 1);
    world.wait(10);
    assert_eq!(world.take_commands().len(), 5);
    world.sees(&[
        "<presence type='error' from='200030@icq.example.org' to='romeo@example.org'>\
         <error type='wait' code='500'>\
         <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>\
         You added many new numbers within an hour. Try again later.</text></error></presence>",
        "<presence type='unsubscribed' from='200030@icq.example.org' to='romeo@example.org'>\
         <status>You added many new numbers within an hour. Try again later.</status></presence>",
    ]);
}

#[test]
fn a_full_list_takes_nobody() {
    let mut world = World::online();
    world.settings().limits.contacts = 1;
    world.has_contact(BEN, benvolio());

    world.subscription("subscribe", 222_222);

    let seen = world.take_stanzas();
    assert_eq!(seen.len(), 2);
    assert!(String::from(&seen[0]).contains("resource-constraint"));
    assert_eq!(seen[1].attr("type"), Some("unsubscribed"));
    world.icq_sees(&[]);
}

#[test]
fn a_subscription_that_did_not_reach_the_server_is_granted_again() {
    let mut world = World::online();
    world.subscription("subscribe", BEN);
    world.icq_knows(BEN, Ok(benvolio()));
    world.icq_shows(BEN, online());
    world.look_away();

    world.link_down();
    world.link_up();

    world.sees(&[SUBSCRIBED]);
    world.confirm();
    world.link_down();
    world.link_up();
    world.sees(&[]);
}

// --- subscribed --------------------------------------------------------------------------------------

#[test]
fn granting_a_request_grants_it_on_icq_and_nothing_else() {
    let mut world = World::online();
    world.icq_says(BEN, request("hi"));
    world.look_away();

    world.subscription("subscribed", BEN);

    world.sees(&[]);
    let sent = world.take_sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].2, Message::AuthorisationGranted);
    let written = world.written(BEN).unwrap();
    assert!(written.granted && written.request.is_none());
    assert_eq!(written.contact.listing, Listing::None);
    assert_eq!(written.xmpp_from, Subscription::Yes);
}

#[test]
fn a_request_of_somebody_listed_is_granted_the_same_way() {
    for waiting in [false, true] {
        let mut world = World::online();
        if waiting {
            world.has_waiting(BEN);
        } else {
            world.has_contact(BEN, benvolio());
        }
        world.icq_says(BEN, request("hi"));
        world.look_away();

        world.subscription("subscribed", BEN);

        let sent = world.take_sent();
        assert_eq!(sent.len(), 1, "waiting: {waiting}");
        assert_eq!(sent[0].2, Message::AuthorisationGranted);
    }
}

#[test]
fn subscribed_without_a_request_is_only_noted() {
    let mut world = World::online();
    world.subscription("subscribed", BEN);
    assert_eq!(world.written(BEN), None);

    world.has_waiting(BEN);
    world.subscription("subscribed", BEN);

    world.sees(&[]);
    world.icq_sees(&[]);
    assert_eq!(world.written(BEN).unwrap().xmpp_from, Subscription::Yes);

    world.subscription("subscribe", 222_222);
    world.icq_knows(222_222, Ok(benvolio()));
    world.look_away();
    world.subscription("subscribed", 222_222);
    world.sees(&[]);
    assert_eq!(world.written(222_222).unwrap().xmpp_from, Subscription::Yes);
}

// --- unsubscribe -------------------------------------------------------------------------------------

#[test]
fn unsubscribing_from_a_stranger_is_answered() {
    let mut world = World::online();

    world.subscription("unsubscribe", BEN);

    world.sees(&[UNSUBSCRIBED]);
    world.icq_sees(&[]);
}

#[test]
fn unsubscribing_alone_keeps_the_contact_on_icq() {
    for waiting in [false, true] {
        let mut world = World::online();
        if waiting {
            world.has_waiting(BEN);
        } else {
            world.has_contact(BEN, benvolio());
        }

        world.subscription("unsubscribe", BEN);
        world.wait(60);

        world.sees(&[UNSUBSCRIBED, OFFLINE]);
        world.icq_sees(&[]);
        let written = world.written(BEN).unwrap();
        assert_ne!(written.contact.listing, Listing::None);
        assert_eq!(written.xmpp_to, Subscription::None);
        // It is out of sight, and not offered again.
        world.icq_shows(BEN, online());
        world.icq_online();
        world.sees(&[]);
    }
}

#[test]
fn unsubscribing_while_icq_is_asked_ends_the_question() {
    let mut world = World::online();
    world.subscription("subscribe", BEN);
    world.subscription("unsubscribe", BEN);
    world.look_away();

    world.icq_knows(BEN, Ok(benvolio()));

    world.sees(&[]);
    world.icq_sees(&[]);
}

// --- unsubscribed ------------------------------------------------------------------------------------

#[test]
fn refusing_a_request_refuses_it_on_icq() {
    for listed in [None, Some(false), Some(true)] {
        let mut world = World::online();
        match listed {
            None => {}
            Some(false) => world.has_waiting(BEN),
            Some(true) => world.has_contact(BEN, benvolio()),
        }
        let before = world.listing(BEN);
        world.icq_says(BEN, request("hi"));
        world.look_away();

        world.says(
            "<presence type='unsubscribed' from='romeo@example.org' \
             to='123456789@icq.example.org'><status>who are you?</status></presence>",
        );

        world.sees(&[]);
        let sent = world.take_sent();
        assert_eq!(sent.len(), 1);
        let reason = "who are you?".to_owned();
        assert_eq!(sent[0].2, Message::AuthorisationDenied { reason });
        // The list on ICQ is as it was.
        assert_eq!(
            world.listing(BEN).unwrap_or_default(),
            before.unwrap_or_default()
        );
        // Asking again at once is of no use.
        world.icq_says(BEN, request("please"));
        world.sees(&[]);
    }
}

#[test]
fn unsubscribed_without_a_request_keeps_the_contact_on_icq() {
    let mut world = World::online();
    world.subscription("unsubscribed", BEN);
    world.sees(&[]);
    assert_eq!(world.written(BEN), None);

    world.has_contact(BEN, benvolio());
    world.subscription("unsubscribed", BEN);
    world.wait(60);

    world.sees(&[]);
    world.icq_sees(&[]);
    let written = world.written(BEN).unwrap();
    assert_eq!(written.contact.listing, Listing::Authorised);
    assert_eq!(written.xmpp_from, Subscription::None);
    assert_eq!(written.xmpp_to, Subscription::Yes);

    world.has_waiting(222_222);
    world.subscription("unsubscribed", 222_222);
    assert_eq!(world.listing(222_222), Some(Listing::Waiting));
}

// --- rule R ------------------------------------------------------------------------------------------

#[test]
fn a_contact_taken_off_the_roster_is_taken_off_icq() {
    // Prosody: `unsubscribed` first, from the client; ejabberd: the other way round, from the account.
    let prosody = ("unsubscribed", "unsubscribe", "romeo@example.org/pc");
    let ejabberd = ("unsubscribe", "unsubscribed", "romeo@example.org");
    for (first, second, from) in [prosody, ejabberd] {
        let mut world = World::online();
        world.has_contact(BEN, benvolio());

        for type_ in [first, second] {
            world.says(&format!(
                "<presence type='{type_}' from='{from}' to='123456789@icq.example.org'/>"
            ));
        }

        world.sees(&[UNSUBSCRIBED, OFFLINE]);
        world.icq_sees(&[Command::RemoveContact(Uin(BEN))]);
        assert_eq!(world.written(BEN), None);
    }
}

#[test]
fn two_halves_far_apart_remove_nobody() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());

    world.subscription("unsubscribed", BEN);
    world.wait(4);
    world.subscription("unsubscribe", BEN);

    world.icq_sees(&[]);
    assert_eq!(world.listing(BEN), Some(Listing::Authorised));
}

#[test]
fn removing_fifty_contacts_at_once_does_not_delete_fifty_on_icq() {
    let mut world = World::offline();
    let contact = |uin| ContactRecord {
        xmpp_to: Subscription::Yes,
        xmpp_from: Subscription::Yes,
        ..record(uin, "Somebody")
    };
    world.starts_with((200_000..200_050).map(contact).collect());
    world.link_up();
    world.resource("pc");
    world.icq_online();
    world.look_away();

    for uin in 200_000..200_050 {
        world.subscription("unsubscribed", uin);
        world.subscription("unsubscribe", uin);
    }

    let removed = world.take_commands();
    assert_eq!(removed.len(), 10);
    world.take_stanzas();
    world.wait(10);
    world.sees(&[
        "<message type='chat' from='icq.example.org' to='romeo@example.org'><body>\
         Contacts went off your contact list all at once. In case that was a mistake, 40 of them were kept on \
         your ICQ list, out of sight. Add one again to see it; remove it by itself to delete it.\
         </body></message>",
    ]);
    assert_eq!(world.record.contacts.len(), 40);
    assert!(world.record.contacts.iter().all(|it| it.hidden));

    // Adding one again brings it back without a question.
    world.subscription("subscribe", 200_049);
    let seen = world.take_stanzas();
    assert_eq!(seen[0].attr("type"), Some("subscribed"));
    assert!(!world.written(200_049).unwrap().hidden);
}
