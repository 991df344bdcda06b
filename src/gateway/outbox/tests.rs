//! Messages to ICQ: conversations, and what is left after a crash at any step.

use super::*;
use crate::gateway::UserState;
use crate::gateway::testing::World;
use crate::icq::LogoutReason;
use crate::store::{Change, Entry};

const BEN: u32 = 123_456_789;

/// An error for message `id`, as it comes back from Benvolio.
fn error(id: &str, type_: &str, code: &str, condition: &str, text: &str) -> String {
    format!(
        "<message type='error' id='{id}' from='123456789@icq.example.org' \
         to='romeo@example.org/pc'><error type='{type_}' code='{code}'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>{text}</text>\
         </error></message>"
    )
}

/// The login took too long.
fn not_connected_yet(id: &str) -> String {
    let text = "Not connected to ICQ yet. Connecting to ICQ.";
    error(id, "wait", "503", "service-unavailable", text)
}

fn not_connected(id: &str) -> String {
    error(
        id,
        "wait",
        "503",
        "service-unavailable",
        "Not connected to ICQ.",
    )
}

fn may_have_arrived(id: &str) -> String {
    let text = "ICQ did not confirm this message; it may have arrived.";
    error(id, "wait", "504", "remote-server-timeout", text)
}

/// The texts ICQ was given since the last look.
fn texts(world: &mut World) -> Vec<String> {
    let sent = world.take_sent();
    sent.into_iter()
        .map(|(_, _, message)| match message {
            Message::Text(text) => text,
            other => format!("{other:?}"),
        })
        .collect()
}

/// How many messages to ICQ are on disk.
fn waiting(world: &World) -> usize {
    let entries = world.record.journal.values().flatten();
    let outgoing = |entry: &&Entry| matches!(entry, Entry::ToIcq(_));
    entries.filter(outgoing).count()
}

fn only_id(world: &mut World) -> MessageId {
    let sent = world.take_sent();
    assert_eq!(sent.len(), 1);
    sent[0].0
}

/// A login is on its way.
fn connecting() -> World {
    let mut world = World::offline();
    world.facts.state = UserState::Connecting;
    world.link_up();
    world.resource("pc");
    world
}

#[test]
fn a_message_is_sent_once_and_forgotten_when_it_is_acknowledged() {
    let mut world = World::online();

    world.writes_to(BEN, "m1", "привет");

    let sent = world.take_sent();
    let [(id, Uin(BEN), Message::Text(text))] = &sent[..] else {
        panic!("one message for Benvolio: {sent:?}")
    };
    assert_eq!(text, "привет");
    assert_eq!(world.record.journal.len(), 1);
    world.icq_acknowledges(*id);
    assert!(world.record.journal.is_empty());
    world.sees(&[]);
    world.wait(3600);
    assert!(texts(&mut world).is_empty());
}

#[test]
fn a_message_is_written_down_as_left_before_it_leaves() {
    let mut world = World::online();
    world.hears(
        "<message type='chat' id='m1' from='romeo@example.org/pc' to='123456789@icq.example.org'>\
         <body>hi</body></message>",
    );

    let changes = world.poll_changes().unwrap();

    assert!(changes.barrier);
    let entries: Vec<_> = changes
        .list
        .iter()
        .filter_map(|change| match change {
            Change::AddBatch { entries, .. } => Some(&entries[..]),
            _ => None,
        })
        .collect();
    let [[Entry::ToIcq(outgoing)]] = entries[..] else {
        panic!("one batch of one: {entries:?}")
    };
    assert!(outgoing.left);
    assert_eq!(outgoing.stanza_id.as_deref(), Some("m1"));
}

#[test]
fn many_messages_taken_at_once_are_one_batch() {
    let mut world = World::online();
    world.writes_to(200_000, "m0", "hi");
    world.icq_acknowledges_all();
    let before = world.writes;

    for n in 0..10 {
        world.hears(&format!(
            "<message type='chat' id='m{n}' from='romeo@example.org/pc' \
             to='{}@icq.example.org'><body>hi</body></message>",
            200_000 + n
        ));
    }
    world.settle();
    assert_eq!(world.writes - before, 1);
    let sent = world.take_sent();
    assert_eq!(sent.len(), 10);
    for (id, ..) in sent {
        world.outbox.sent(world.now, &mut world.journal, id);
    }
    world.settle();

    // One write to take them, one to forget them.
    assert_eq!(world.writes - before, 2);
    assert!(world.record.journal.is_empty());
}

// --- what ICQ makes of it: xmpp-gateway.md §15.2 ------------------------------------------------------

#[test]
fn each_failure_comes_back_to_its_sender_as_the_table_says() {
    let may_have_arrived = may_have_arrived("m1");
    let parts = error(
        "m1",
        "wait",
        "504",
        "remote-server-timeout",
        "ICQ did not confirm this message; it may have arrived. 2 of its 5 parts were confirmed.",
    );
    let text = "ICQ cannot carry this message.";
    let unsupported = error("m1", "cancel", "501", "feature-not-implemented", text);
    for (why, expected) in [
        (
            NotSent::Unacknowledged {
                parts_sent: 0,
                parts: 1,
            },
            &may_have_arrived,
        ),
        (
            NotSent::Unacknowledged {
                parts_sent: 2,
                parts: 5,
            },
            &parts,
        ),
        (NotSent::SessionEnded, &may_have_arrived),
        (NotSent::Unsupported, &unsupported),
    ] {
        let mut world = World::online();
        world.writes_to(BEN, "m1", "hi");
        let id = only_id(&mut world);

        world.icq_fails(id, why);

        world.sees(&[expected]);
        // It is kept until the error is known to have arrived.
        assert_eq!(world.record.journal.len(), 1, "{why:?}");
        world.confirm();
        assert!(world.record.journal.is_empty(), "{why:?}");
    }
}

#[test]
fn a_message_that_never_left_waits_for_the_next_session_in_its_old_place() {
    let mut world = World::online();
    world.facts.state = UserState::Online;
    world.writes_to(BEN, "m1", "one");
    world.writes_to(BEN, "m2", "two");
    let id = only_id(&mut world);

    world.icq_fails(id, NotSent::NeverLeft);
    world.icq_offline();
    world.wait(10);
    world.icq_online();

    assert_eq!(texts(&mut world), ["one"]);
    world.icq_acknowledges(id);
    assert_eq!(texts(&mut world), ["two"]);
    world.sees(&[]);
}

#[test]
fn a_message_that_goes_from_session_to_session_is_given_up() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "hi");
    for _ in 0..30 {
        for (id, ..) in world.take_sent() {
            world.icq_fails(id, NotSent::NeverLeft);
        }
        world.icq_offline();
        world.wait(25);
        world.icq_online();
    }
    for (id, ..) in world.take_sent() {
        world.icq_fails(id, NotSent::NeverLeft);
    }

    world.sees(&[&not_connected("m1")]);
}

#[test]
fn what_a_session_was_given_after_its_end_waits_for_the_next() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "hi");
    let id = only_id(&mut world);

    world.icq_offline();
    world.icq_online();

    assert_eq!(only_id(&mut world), id);
    world.sees(&[]);
}

// --- waiting ------------------------------------------------------------------------------------------

#[test]
fn a_message_waits_for_a_login_that_is_on_its_way() {
    let mut world = connecting();
    world.writes_to(BEN, "m1", "hi");
    assert!(world.outbox.is_waiting());
    world.wait(29);
    assert!(texts(&mut world).is_empty());

    world.icq_online();

    assert_eq!(texts(&mut world), ["hi"]);
    world.wait(60);
    world.sees(&[]);
}

#[test]
fn a_message_comes_back_after_thirty_seconds_without_a_login() {
    let mut world = connecting();
    world.writes_to(BEN, "m1", "hi");

    world.wait(30);

    world.sees(&[&not_connected_yet("m1")]);
    world.icq_online();
    assert!(texts(&mut world).is_empty());
}

#[test]
fn a_message_comes_back_at_once_when_no_login_is_coming() {
    let mut world = World::offline();
    world.link_up();

    world.writes_to(BEN, "m1", "hi");
    world.says(
        "<message type='chat' from='romeo@example.org/pc' to='123456789@icq.example.org'>\
         <composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );

    world.sees(&[&not_connected("m1")]);
    assert!(world.record.journal.is_empty());
}

#[test]
fn a_contact_is_no_chat_room_with_a_login_or_without() {
    let mut offline = World::offline();
    offline.link_up();
    for mut world in [offline, World::online()] {
        world.says(
            "<message type='groupchat' id='m1' from='romeo@example.org/pc' \
             to='123456789@icq.example.org'><body>hi</body></message>",
        );
        let text = "A contact is not a chat room.";
        world.sees(&[&error("m1", "cancel", "405", "not-allowed", text)]);
    }
}

#[test]
fn waiting_messages_come_back_when_the_login_is_refused() {
    let mut world = connecting();
    world.writes_to(BEN, "m1", "hi");
    let why = Refusal::new(
        Condition::ServiceUnavailable,
        UserState::Barred(LogoutReason::WrongPassword).sentence(),
    );

    let env = world.facts.env();
    world
        .outbox
        .give_up(&env, &mut world.fx, &mut world.journal, &why);
    world.settle();

    let text = "ICQ rejected the number or password.";
    world.sees(&[&error("m1", "cancel", "503", "service-unavailable", text)]);
}

#[test]
fn the_hundred_and_first_message_is_refused_at_once() {
    let mut world = connecting();
    for n in 0..101 {
        world.writes_to(BEN, &format!("m{n}"), "hi");
    }

    let text = "Too many messages wait for ICQ already.";
    world.sees(&[&error("m100", "wait", "500", "resource-constraint", text)]);
}

#[test]
fn a_burst_leaves_at_once_and_the_rest_at_the_pace() {
    let mut world = World::online();
    for uin in 0..10 {
        world.icq_says(200_000 + uin, Message::Text("hi".into()));
    }
    world.confirm();
    world.look_away();

    for n in 0..30 {
        world.writes_to(200_000 + n % 10, &format!("m{n}"), "hi");
        world.icq_acknowledges_all();
    }

    // Twenty at once, then five a second.
    assert_eq!(waiting(&world), 10);
    for left in [5, 0] {
        for _ in 0..5 {
            let due = world.outbox.poll_timeout().unwrap();
            world.now = world.now.after(due - world.now.instant);
            world.settle();
            world.icq_acknowledges_all();
        }
        assert_eq!(waiting(&world), left);
    }
    world.sees(&[]);
}

#[test]
fn messages_to_one_contact_go_one_after_the_other_and_past_nobody() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "one");
    world.writes_to(BEN, "m2", "two");
    world.writes_to(222_222, "m3", "three");

    let sent = world.take_sent();
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].1, sent[1].1), (Uin(BEN), Uin(222_222)));
    world.icq_acknowledges(sent[0].0);
    assert_eq!(texts(&mut world), ["two"]);
}

#[test]
fn messages_behind_one_that_does_not_move_come_back_after_a_minute() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "one");
    world.writes_to(BEN, "m2", "two");
    world.look_away();
    world.wait(64);
    world.sees(&[]);

    world.wait(2);

    let text = "ICQ takes no messages at the moment. Please try again later.";
    world.sees(&[&error("m2", "wait", "500", "resource-constraint", text)]);
}

#[test]
fn a_long_message_may_take_longer() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", &"long ".repeat(1000));
    world.writes_to(BEN, "m2", "two");
    world.wait(300);

    world.sees(&[]);
}

// --- refusals ------------------------------------------------------------------------------------------

#[test]
fn a_refusal_comes_from_the_address_that_was_written_to_and_keeps_nothing() {
    let mut world = World::online();

    world.says(
        "<message type='chat' id='m1' from='romeo@example.org/pc' \
         to='123456789@icq.example.org/ICQ'><body>I sent you an OMEMO message</body>\
         <encrypted xmlns='eu.siacs.conversations.axolotl'/></message>",
    );

    world.sees(&[
        "<message type='error' id='m1' from='123456789@icq.example.org/ICQ' \
         to='romeo@example.org/pc'><error type='modify' code='406'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>Encrypted messages cannot \
         be delivered to ICQ. Turn encryption off for this chat.</text></error></message>",
    ]);
    assert!(texts(&mut world).is_empty());
    assert!(world.record.journal.is_empty());
}

#[test]
fn a_late_error_comes_from_the_client_that_was_written_to() {
    let mut world = World::online();
    world.says(
        "<message type='chat' id='m1' from='romeo@example.org/pc' \
         to='123456789@icq.example.org/ICQ'><body>hi</body></message>",
    );
    let id = only_id(&mut world);

    world.icq_fails(id, NotSent::SessionEnded);

    let expected = may_have_arrived("m1").replacen("icq.example.org'", "icq.example.org/ICQ'", 1);
    world.sees(&[&expected]);
}

#[test]
fn nobody_writes_to_the_own_number() {
    let mut world = World::online();
    world.writes_to(111_111, "m1", "note to self");

    let seen = world.take_stanzas();
    assert!(String::from(&seen[0]).contains("This is your own ICQ number."));
    assert!(texts(&mut world).is_empty());
}

#[test]
fn only_so_many_strangers_are_written_to_in_an_hour() {
    let mut world = World::online();
    for n in 0..10 {
        world.writes_to(200_000 + n, "m", "hi");
        world.icq_acknowledges_all();
    }
    // Known by now, one who wrote first, and one too many.
    world.writes_to(200_000, "m", "hi again");
    world.icq_says(300_000, Message::Text("hi".into()));
    world.look_away();
    world.writes_to(300_000, "m", "hi");
    world.sees(&[]);
    world.writes_to(400_000, "m", "hi");

    let seen = world.take_stanzas();
    assert_eq!(seen.len(), 1);
    assert!(String::from(&seen[0]).contains("policy-violation"));
    world.wait(3600);
    world.writes_to(400_000, "m", "hi");
    world.sees(&[]);
}

// --- crashes -------------------------------------------------------------------------------------------

#[test]
fn what_surely_never_left_is_sent_after_a_crash() {
    let mut world = connecting();
    world.writes_to(BEN, "m1", "one");
    world.writes_to(BEN, "m2", "two");

    world.crash();
    world.link_up();
    world.wait(120);
    world.icq_online();

    assert_eq!(texts(&mut world), ["one"]);
    world.sees(&[]);
}

#[test]
fn what_waits_behind_another_message_never_left() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "one");
    world.writes_to(BEN, "m2", "two");
    world.look_away();

    world.crash();
    world.link_up();
    world.sees(&[&may_have_arrived("m1")]);
    world.icq_online();
    assert_eq!(texts(&mut world), ["two"]);

    // Now it has left, too.
    world.confirm();
    world.crash();
    world.link_up();
    world.sees(&[&may_have_arrived("m2")]);
    world.icq_online();
    assert!(texts(&mut world).is_empty());
    world.confirm();
    assert!(world.record.journal.is_empty());
}

#[test]
fn what_was_not_written_down_never_happened() {
    let mut world = World::online();
    world.hears(
        "<message type='chat' id='m1' from='romeo@example.org/pc' to='123456789@icq.example.org'>\
         <body>hi</body></message>",
    );
    let _ = world.poll_changes();

    world.crash();
    world.link_up();
    world.icq_online();

    assert!(texts(&mut world).is_empty());
    world.sees(&[]);
}

#[test]
fn what_came_back_from_a_session_is_sent_after_a_crash() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "hi");
    let id = only_id(&mut world);
    world.icq_fails(id, NotSent::NeverLeft);
    world.icq_offline();

    world.crash();
    world.link_up();
    world.icq_online();

    assert_eq!(texts(&mut world), ["hi"]);
    world.sees(&[]);
}

#[test]
fn an_error_is_repeated_until_it_has_arrived_and_the_message_not_sent() {
    let mut world = connecting();
    world.writes_to(BEN, "m1", "hi");
    world.wait(30);
    world.sees(&[&not_connected_yet("m1")]);

    world.crash();
    world.link_up();
    world.icq_online();
    // How far the login had come, nobody remembers.
    let expected = not_connected("m1");
    world.sees(&[&expected]);
    world.link_down();
    world.link_up();
    world.sees(&[&expected]);
    world.confirm();

    world.crash();
    world.link_up();
    world.icq_online();
    world.sees(&[]);
    assert!(texts(&mut world).is_empty());
}

#[test]
fn an_error_waits_for_the_link() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "hi");
    let id = only_id(&mut world);
    world.link_down();

    world.icq_fails(id, NotSent::SessionEnded);
    world.sees(&[]);
    world.link_up();

    world.sees(&[&may_have_arrived("m1")]);
}

#[test]
fn numbers_are_never_given_twice() {
    let mut world = World::online();
    world.writes_to(BEN, "m1", "hi");
    let first = only_id(&mut world);
    world.icq_acknowledges(first);
    assert!(world.record.journal.is_empty());

    world.crash();
    world.link_up();
    world.icq_online();
    world.writes_to(BEN, "m2", "hi");

    assert!(only_id(&mut world) > first);
}

#[test]
fn some_of_a_batch_have_ended_when_the_program_does() {
    let mut world = World::online();
    for n in 0..3 {
        world.hears(&format!(
            "<message type='chat' id='m{n}' from='romeo@example.org/pc' \
             to='{}@icq.example.org'><body>{n}</body></message>",
            200_000 + n
        ));
    }
    world.settle();
    let sent = world.take_sent();
    world.icq_acknowledges(sent[0].0);
    world.icq_acknowledges(sent[2].0);

    world.crash();
    world.link_up();

    let seen = world.take_stanzas();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].attr("id"), Some("m1"));
    world.confirm();
    assert!(world.record.journal.is_empty());
    assert!(world.record.cursor.stages.is_empty());
}

// --- the gateway's own --------------------------------------------------------------------------------

#[test]
fn the_gateways_own_messages_wait_as_long_as_it_takes_and_fail_in_silence() {
    let mut world = World::offline();
    world.link_up();
    world.fx.post(Uin(BEN), Message::AuthorisationGranted);
    world.settle();
    world.wait(3600);

    world.crash();
    world.link_up();
    world.wait(3600);
    world.icq_online();
    let sent = world.take_sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].2, Message::AuthorisationGranted);

    world.icq_fails(sent[0].0, NotSent::Unsupported);
    world.sees(&[]);
    assert!(world.record.journal.is_empty());
}

#[test]
fn the_error_about_a_message_refused_at_once_outlives_the_link() {
    // The link breaks before the error has arrived, or has broken before the message was looked at.
    for breaks_first in [false, true] {
        let mut world = World::offline();
        world.link_up();
        world.resource("pc");
        if breaks_first {
            world.link_down();
        }
        world.writes_to(BEN, "m1", "hi");
        if !breaks_first {
            world.sees(&[&not_connected("m1")]);
            world.link_down();
        }

        world.link_up();
        world.sees(&[&not_connected("m1")]);
        world.confirm();

        world.link_down();
        world.link_up();
        world.sees(&[]);
        assert_eq!(world.record.journal.len(), 0);
    }
}
