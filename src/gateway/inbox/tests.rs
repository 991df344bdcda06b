//! Messages from ICQ: conversations, repetitions, and what is left after a crash at any step.

use minidom::Element;

use super::*;
use crate::gateway::testing::World;
use crate::model::Profile;

const BEN: u32 = 123_456_789;

fn text(body: &str) -> Message {
    Message::Text(body.into())
}

/// A message as it is shown, when nothing is known of its sender.
fn shown(id: &str, body: &str) -> String {
    delayed(id, body, "")
}

fn delayed(id: &str, body: &str, delay: &str) -> String {
    format!(
        "<message type='chat' id='{id}' from='123456789@icq.example.org' to='romeo@example.org'>\
         <body>{body}</body><active xmlns='http://jabber.org/protocol/chatstates'/>\
         <unstyled xmlns='urn:xmpp:styling:0'/>{delay}</message>"
    )
}

/// Id, body and stamp of what was shown since the last look.
fn look(world: &mut World) -> Vec<(String, String, Option<String>)> {
    let read = |stanza: &Element| {
        let body = stanza.get_child("body", "jabber:component:accept")?;
        let delay = stanza.get_child("delay", "urn:xmpp:delay");
        let stamp = delay.and_then(|delay| delay.attr("stamp"));
        Some((
            stanza.attr("id").unwrap_or_default().to_owned(),
            body.text(),
            stamp.map(str::to_owned),
        ))
    };
    world.take_stanzas().iter().filter_map(read).collect()
}

fn bodies(world: &mut World) -> Vec<String> {
    look(world).into_iter().map(|(_, body, _)| body).collect()
}

fn ago(world: &World, secs: u64) -> UnixTime {
    UnixTime(world.now.unix.0 - secs * 1000)
}

/// The minute `secs` seconds ago lies in, as ICQ stamps messages.
fn minute(world: &World, secs: u64) -> UnixTime {
    UnixTime(ago(world, secs).0 / 60_000 * 60_000)
}

#[test]
fn a_message_is_written_down_then_shown_and_safe() {
    let mut world = World::online();
    world.icq_reports(BEN, text("привет"), None);

    let changes = world.poll_changes().unwrap();
    assert!(changes.barrier);
    world.write(changes);
    assert_eq!(world.record.journal.len(), 1);
    world.act();

    world.sees(&[&shown("i-6553f100-1", "привет")]);
    world.icq_sees(&[Command::Safe(Receipt(1))]);
    assert_eq!(world.record.cursor.shown, 0);
    world.confirm();
    assert_eq!(world.record.cursor.shown, 1);
}

#[test]
fn a_contact_who_is_online_writes_from_its_client_and_a_stranger_says_its_name() {
    let mut world = World::online();
    let domain = world.facts.shared.settings.domain.clone();
    let contact = |online, listed| Sender {
        name: "Benvolio",
        listed,
        online,
    };
    let said = |world: &mut World, sender| {
        let env = world.facts.env();
        world.inbox.receive(
            world.now,
            &env,
            &mut world.fx,
            &mut world.journal,
            Uin(BEN),
            sender,
            text("hi"),
            None,
            Receipt(1),
        );
        world.settle();
        world.take_stanzas().remove(0)
    };

    let friend = said(&mut world, contact(true, true));
    let stranger = said(&mut world, contact(false, false));

    assert_eq!(friend.attr("from"), Some(&*format!("{BEN}@{domain}/ICQ")));
    assert!(!friend.has_child("nick", "http://jabber.org/protocol/nick"));
    assert_eq!(stranger.attr("from"), Some(&*format!("{BEN}@{domain}")));
    let nick = stranger.get_child("nick", "http://jabber.org/protocol/nick");
    assert_eq!(nick.map(Element::text).as_deref(), Some("Benvolio"));
}

#[test]
fn what_the_service_says_comes_from_the_gateway() {
    let mut world = World::online();

    world.icq_says(1, text("Welcome"));
    world.icq_says(BEN, Message::Server("Maintenance".into()));

    for stanza in world.take_stanzas() {
        assert_eq!(stanza.attr("from"), Some("icq.example.org"));
    }
}

#[test]
fn what_leaves_nothing_to_read_is_safe_and_not_shown() {
    let mut world = World::online();

    world.icq_says(BEN, text(""));

    world.sees(&[]);
    world.icq_sees(&[Command::Safe(Receipt(1))]);
    assert!(world.record.journal.is_empty());
}

#[test]
fn messages_of_an_unknown_kind_are_told_three_times_a_day() {
    let mut world = World::online();
    let unknown = || Message::Other {
        kind: 0x1A,
        text: String::new(),
    };
    for _ in 0..5 {
        world.icq_says(BEN, unknown());
    }
    world.icq_says(222_222, unknown());
    assert_eq!(look(&mut world).len(), 4);
    assert_eq!(world.take_commands().len(), 6);

    world.wait(24 * 3600);
    world.icq_says(BEN, unknown());
    assert_eq!(look(&mut world).len(), 1);
}

#[test]
fn many_messages_are_one_batch_and_wait_for_one_mark() {
    let mut world = World::online();
    world.icq_says(BEN, text("first"));
    world.confirm();
    let before = world.writes;

    for n in 0..10 {
        world.icq_reports(BEN, text(&n.to_string()), None);
    }
    world.settle();

    assert_eq!(world.writes - before, 1);
    assert_eq!(world.marks.len(), 1);
    world.confirm();
    assert_eq!(world.writes - before, 2);
    assert_eq!(world.record.cursor.shown, 11);
}

// --- time ----------------------------------------------------------------------------------------------

#[test]
fn offline_messages_are_shown_oldest_first_with_their_time() {
    let mut world = World::online();
    let old = UnixTime::from_secs(1_699_990_020);
    world.icq_said(BEN, "three", UnixTime::from_secs(1_699_993_620));
    world.icq_said(BEN, "one", old);
    world.icq_said(BEN, "two", old);
    // A live one stands behind those that waited; somebody else's does not.
    world.icq_says(BEN, text("four"));
    world.icq_says(222_222, text("other"));
    assert_eq!(bodies(&mut world), ["other"]);
    assert_eq!(world.take_commands(), [Command::Safe(Receipt(5))]);

    world.offline_messages_end();

    let stamp = |text: &str| Some(text.to_owned());
    let seen = look(&mut world);
    let seen: Vec<_> = seen
        .into_iter()
        .map(|(_, body, delay)| (body, delay))
        .collect();
    assert_eq!(
        seen,
        [
            ("one".to_owned(), stamp("2023-11-14T19:27:00Z")),
            ("two".to_owned(), stamp("2023-11-14T19:27:00Z")),
            ("three".to_owned(), stamp("2023-11-14T20:27:00Z")),
            ("four".to_owned(), None),
        ]
    );
    assert_eq!(world.take_commands().len(), 4);
}

#[test]
fn young_stamps_are_left_out_and_future_ones_too() {
    let mut world = World::online();
    let (young, future) = (ago(&world, 60), UnixTime(world.now.unix.0 + 3_600_000));
    world.icq_said(BEN, "young", young);
    world.icq_said(BEN, "future", future);
    world.offline_messages_end();

    assert!(look(&mut world).iter().all(|(_, _, stamp)| stamp.is_none()));
}

#[test]
fn a_server_that_never_says_that_all_were_told_is_not_waited_for() {
    let mut world = World::online();
    let old = ago(&world, 3600);
    world.icq_said(BEN, "hi", old);

    world.wait(30);

    assert_eq!(bodies(&mut world), ["hi"]);
    assert_eq!(world.take_commands().len(), 1);
}

#[test]
fn what_is_written_while_a_login_is_told_what_waited_comes_behind_it() {
    let mut world = World::online();
    world.inbox.icq_logged_in();
    world.icq_reports(BEN, text("live"), None);
    world.settle();
    assert!(bodies(&mut world).is_empty());
    let old = ago(&world, 3600);
    world.icq_said(BEN, "waited", old);

    world.offline_messages_end();

    assert_eq!(bodies(&mut world), ["waited", "live"]);
    world.icq_reports(BEN, text("later"), None);
    world.settle();
    assert_eq!(bodies(&mut world), ["later"]);
}

#[test]
fn messages_held_when_the_session_ends_are_kept() {
    let mut world = World::online();
    let old = ago(&world, 3600);
    world.icq_said(BEN, "hi", old);

    world.icq_offline();

    assert_eq!(bodies(&mut world), ["hi"]);
    // The server never heard that it is safe, and says it again.
    world.icq_online();
    world.icq_said(BEN, "hi", old);
    world.offline_messages_end();
    assert!(bodies(&mut world).is_empty());
    assert_eq!(world.take_commands().len(), 1);
}

// --- the link ------------------------------------------------------------------------------------------

#[test]
fn messages_are_kept_while_the_link_is_down() {
    let mut world = World::online();
    world.icq_says(BEN, text("one"));
    world.look_away();
    world.link_down();
    world.icq_says(BEN, text("two"));
    world.icq_sees(&[Command::Safe(Receipt(2))]);
    world.sees(&[]);
    world.wait(61);

    world.link_up();

    // The first may have been lost with the link: the same id again.
    let delay =
        "<delay xmlns='urn:xmpp:delay' from='icq.example.org' stamp='2023-11-14T22:13:20Z'/>";
    world.sees(&[
        &delayed("i-6553f100-1", "one", delay),
        &delayed("i-6553f100-2", "two", delay),
    ]);
    world.confirm();
    world.link_down();
    world.link_up();
    world.sees(&[]);
}

#[test]
fn what_finds_no_room_is_told_in_one_line() {
    let mut world = World::online();
    world.settings().limits.held_messages = 3;
    world.link_down();
    for n in 0..5 {
        world.icq_says(BEN, text(&n.to_string()));
    }
    world.icq_says(222_222, text("6"));
    assert_eq!(world.take_commands().len(), 6);

    // Not even a crash makes it forget.
    world.crash();
    world.link_up();

    let line = "While your Jabber server was away, 3 messages from ICQ found no room and were lost: \
                2 from 123456789, 1 from 222222.";
    assert_eq!(bodies(&mut world), ["0", "1", "2", line]);
    world.confirm();
    assert!(world.record.cursor.lost.is_empty());
    world.link_down();
    world.link_up();
    world.sees(&[]);
}

#[test]
fn what_is_lost_after_the_telling_is_told_as_well() {
    let mut world = World::online();
    world.settings().limits.held_messages = 0;
    world.link_down();
    world.icq_says(BEN, text("1"));
    world.link_up();
    assert_eq!(bodies(&mut world).len(), 1);

    world.icq_says(BEN, text("2"));
    world.icq_says(222_222, text("3"));
    world.confirm();

    let line = "While your Jabber server was away, 2 messages from ICQ found no room and were lost: \
                1 from 123456789, 1 from 222222.";
    assert_eq!(bodies(&mut world), [line]);
    world.confirm();
    assert!(world.record.cursor.lost.is_empty());
}

// --- crashes and repetitions ---------------------------------------------------------------------------

#[test]
fn a_crash_before_the_disk_leaves_the_message_with_icq() {
    let mut world = World::online();
    world.icq_reports(BEN, text("hi"), None);
    let _ = world.poll_changes();

    world.crash();
    world.link_up();
    world.icq_online();

    world.sees(&[]);
    world.icq_sees(&[]);
}

#[test]
fn a_crash_before_the_stanza_shows_it_later_and_before_the_mark_again_with_the_same_id() {
    let mut world = World::online();
    world.icq_reports(BEN, text("hi"), None);
    let changes = world.poll_changes().unwrap();
    world.write(changes);

    for _ in 0..2 {
        world.crash();
        world.link_up();
        world.sees(&[&shown("i-6553f100-1", "hi")]);
    }
    world.confirm();
    world.crash();
    world.link_up();
    world.sees(&[]);
}

#[test]
fn a_live_message_is_known_again_when_icq_repeats_it_as_one_that_waited() {
    // The acknowledgement was lost with the session, or with the program.
    for crash in [false, true] {
        let mut world = World::online();
        world.icq_says(BEN, text("hi"));
        world.confirm();
        world.look_away();
        if crash {
            world.crash();
            world.link_up();
        } else {
            world.icq_offline();
        }
        world.wait(90);
        world.icq_online();

        let stamp = minute(&world, 90);
        world.icq_said(BEN, "hi", stamp);
        world.offline_messages_end();

        world.sees(&[]);
        // It may be forgotten now.
        world.icq_sees(&[Command::Safe(Receipt(2))]);
    }
}

#[test]
fn a_live_message_that_was_long_on_its_way_is_known_again_too() {
    let mut world = World::online();
    world.icq_says(BEN, text("hi"));
    world.confirm();
    world.look_away();
    // Nobody noticed for some minutes that the session was over.
    world.wait(300);
    world.icq_offline();
    world.icq_online();

    let stamp = minute(&world, 300 + 600);
    world.icq_said(BEN, "hi", stamp);
    world.offline_messages_end();

    world.sees(&[]);
}

#[test]
fn what_is_told_before_the_list_is_loaded_is_known_again_too() {
    let mut world = World::online();
    world.icq_says(BEN, text("hi"));
    world.confirm();
    world.look_away();
    world.crash();
    world.link_up();
    world.inbox.icq_logged_in();

    let stamp = minute(&world, 0);
    world.icq_said(BEN, "hi", stamp);
    world.offline_messages_end();

    world.sees(&[]);
}

#[test]
fn what_is_told_after_the_end_of_what_waited_is_known_again_too() {
    let mut world = World::online();
    world.icq_says(BEN, text("hi"));
    world.confirm();
    world.look_away();
    world.crash();
    world.link_up();
    world.icq_online();
    // Some packets had to be repeated until nobody waited for them.
    world.offline_messages_end();
    world.wait(60);

    let stamp = minute(&world, 60);
    world.icq_said(BEN, "hi", stamp);
    world.offline_messages_end();

    world.sees(&[]);
}

#[test]
fn an_offline_message_is_known_again_after_a_crash() {
    let mut world = World::online();
    let stamp = minute(&world, 24 * 3600);
    world.icq_said(BEN, "hi", stamp);
    world.offline_messages_end();
    world.confirm();
    world.look_away();

    world.crash();
    world.link_up();
    world.wait(3600);
    world.icq_online();
    world.icq_said(BEN, "hi", stamp);
    world.offline_messages_end();

    world.sees(&[]);
    world.icq_sees(&[Command::Safe(Receipt(2))]);
}

#[test]
fn a_person_may_say_the_same_thing_twice() {
    let mut world = World::online();
    // Live, one after the other.
    world.icq_says(BEN, text("ok"));
    world.icq_says(BEN, text("ok"));
    assert_eq!(bodies(&mut world), ["ok", "ok"]);

    // Waiting, within one minute.
    let stamp = minute(&world, 3600);
    world.icq_said(BEN, "ok", stamp);
    world.icq_said(BEN, "ok", stamp);
    world.offline_messages_end();
    assert_eq!(bodies(&mut world), ["ok", "ok"]);
    world.confirm();

    // Both come again, and a third that is new.
    world.crash();
    world.link_up();
    world.icq_online();
    for _ in 0..3 {
        world.icq_said(BEN, "ok", stamp);
    }
    world.offline_messages_end();
    assert_eq!(bodies(&mut world), ["ok"]);
}

#[test]
fn what_a_session_tells_twice_was_said_twice_also_where_one_came_late() {
    let mut world = World::online();
    let stamp = minute(&world, 3600);
    world.icq_said(BEN, "ok", stamp);
    world.offline_messages_end();
    assert_eq!(bodies(&mut world), ["ok"]);

    // Its packet was lost at first. The session itself leaves out what the server merely repeats.
    world.icq_said(BEN, "ok", stamp);
    world.offline_messages_end();

    assert_eq!(bodies(&mut world), ["ok"]);
}

#[test]
fn the_same_words_long_after_are_another_message() {
    let mut world = World::online();
    world.icq_says(BEN, text("ok"));
    world.confirm();
    world.wait(300);
    world.icq_offline();
    world.wait(10);
    world.icq_online();
    world.look_away();

    let stamp = minute(&world, 10);
    world.icq_said(BEN, "ok", stamp);
    world.offline_messages_end();

    assert_eq!(bodies(&mut world), ["ok"]);
}

#[test]
fn what_was_shown_is_remembered_for_ten_minutes_online_and_then_forgotten() {
    let mut world = World::online();
    world.icq_says(BEN, text("hi"));
    world.confirm();
    assert!(world.inbox.heard_from(Uin(BEN)));
    world.wait(500);
    assert_eq!(world.record.journal.len(), 1);

    // Offline, nothing can be repeated: time stands still.
    world.icq_offline();
    world.wait(24 * 3600);
    world.icq_online();
    assert_eq!(world.record.journal.len(), 1);
    world.wait(700);

    assert!(world.record.journal.is_empty());
    assert!(!world.inbox.heard_from(Uin(BEN)));
    assert_eq!(world.inbox.poll_timeout(), None);
}

#[test]
fn only_so_much_is_remembered() {
    let mut world = World::online();
    for n in 0..1000 {
        world.icq_says(BEN, text(&n.to_string()));
        world.confirm();
    }

    let entries: usize = world.record.journal.values().map(Vec::len).sum();
    assert!((200..=250).contains(&entries), "{entries}");
    let contents = world.inbox.letters.iter();
    let contents = contents.filter(|letter| letter.content.is_some());
    assert!(contents.count() <= 101);
}

#[test]
fn what_a_server_may_keep_is_remembered_however_much_comes_after_it() {
    let mut world = World::online();
    let stamp = minute(&world, 3600);
    let say_all = |world: &mut World| {
        for n in 0..100 {
            world.icq_said(BEN, &format!("stored {n}"), stamp);
        }
        world.offline_messages_end();
    };
    say_all(&mut world);
    world.confirm();
    for n in 0..500 {
        world.icq_says(BEN, text(&n.to_string()));
        world.confirm();
    }
    world.look_away();

    // The word that the server may delete them was lost with the session.
    world.icq_offline();
    world.icq_online();
    say_all(&mut world);

    world.sees(&[]);
}

// --- what comes back: xmpp-gateway.md §15.3 -----------------------------------------------------------

fn bounce(world: &mut World, id: &str, condition: &str) {
    world.says(&format!(
        "<message type='error' id='{id}' from='romeo@example.org' to='123456789@icq.example.org'>\
         <error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </message>"
    ));
}

#[test]
fn what_the_server_could_not_keep_is_shown_once_more_when_the_user_is_there() {
    for condition in [
        "service-unavailable",
        "recipient-unavailable",
        "policy-violation",
    ] {
        for crash in [false, true] {
            let mut world = World::online();
            world.icq_says(BEN, text("hi"));
            world.confirm();
            world.wait(5);
            bounce(&mut world, "i-6553f100-1", condition);
            world.look_away();
            if crash {
                world.crash();
                world.link_up();
            }
            world.wait(3600);
            world.sees(&[]);

            world.resource("phone");

            let delay = "<delay xmlns='urn:xmpp:delay' from='icq.example.org' \
                         stamp='2023-11-14T22:13:20Z'/>";
            world.sees(&[&delayed("i-6553f100-1", "hi", delay)]);
            bounce(&mut world, "i-6553f100-1", condition);
            world.confirm();
            world.resource("pc2");
            world.sees(&[]);
            assert!(world.record.cursor.stages.is_empty());
        }
    }
}

#[test]
fn other_errors_and_those_of_others_change_nothing() {
    let mut world = World::online();
    world.icq_says(BEN, text("hi"));
    world.confirm();
    world.look_away();

    bounce(&mut world, "i-6553f100-1", "item-not-found");
    bounce(&mut world, "i-6553f100-2", "service-unavailable");
    bounce(&mut world, "i-1-1", "service-unavailable");
    bounce(&mut world, "what", "service-unavailable");
    world.says("<message type='error' from='romeo@example.org' to='123456789@icq.example.org'/>");
    world.resource("phone");

    world.sees(&[]);
}

#[test]
fn fifty_messages_that_came_back_are_kept_for_seven_days() {
    let mut world = World::online();
    for n in 0..60 {
        world.icq_says(BEN, text(&n.to_string()));
        world.confirm();
        bounce(
            &mut world,
            &format!("i-6553f100-{:x}", n + 1),
            "service-unavailable",
        );
    }
    world.look_away();
    let bounced = |world: &World| {
        let stages = world.record.cursor.stages.iter();
        stages.filter(|(_, stage)| *stage == Stage::Bounced).count()
    };
    assert_eq!(bounced(&world), 50);

    world.wait(7 * 24 * 3600 + 120);

    assert_eq!(bounced(&world), 0);
    world.resource("phone");
    world.sees(&[]);
}

#[test]
fn a_contact_message_of_somebody_known_names_nobody() {
    let mut world = World::online();
    world.says(
        "<presence type='subscribe' from='romeo@example.org' to='123456789@icq.example.org'/>",
    );
    let profile = Profile {
        nick: "Benvolio".into(),
        ..Profile::default()
    };
    world.icq_knows(BEN, Ok(profile));
    world.look_away();

    world.icq_says(BEN, text("hi"));

    world.sees(&[&shown("i-6553f100-2", "hi")]);
}
