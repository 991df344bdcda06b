//! Code pages of single contacts, and texts that could not be shown or sent whole.

use super::*;
use crate::icq::wire::text::Charset;
use crate::icq::{MessageId, Receipt};
use crate::model::Message;

const BEN: Uin = Uin(200_002);

fn text(receipt: u64, text: &str) -> Event {
    Event::Message {
        from: BEN,
        message: Message::Text(text.into()),
        sent: None,
        receipt: Receipt(receipt),
    }
}

/// The notices of the gateway since the last time.
fn told(world: &mut World) -> Vec<String> {
    let sent = std::mem::take(&mut world.sent);
    let own = |it: &String| it.contains("from='icq.example.org'") && it.contains("<body>");
    sent.into_iter().filter(own).collect()
}

#[test]
fn a_word_chooses_what_a_contact_writes_in() {
    let mut world = World::online();

    world.chats("charset 200002");
    world.is_told("200002 writes in windows-1252, and is written to in it.");
    world.chats("Charset 200-002 CP1251");
    world.is_told("200002 writes in windows-1251, and is written to in it.");

    let chosen = Command::SetCharset {
        of: Some(BEN),
        charset: Charset::WINDOWS_1251,
    };
    assert!(world.commands().contains(&chosen));
    let record = world.record().unwrap();
    assert_eq!(record.preferences.people[&BEN].charset, "windows-1251");

    // The next session knows it from the beginning.
    let now = world.now;
    let mut world = World::new(now, User::load(now, seat(now, settings()), record));
    world.input(UserInput::LinkUp(Arc::default()));
    world.comes_online("pc");
    world.connects();
    let start = &world.user.session.as_ref().unwrap().start;
    assert_eq!(start.charsets, [(BEN, Charset::WINDOWS_1251)]);

    world.sent.clear();
    world.chats("charset 200002 default");
    world.is_told("200002 writes in windows-1252, and is written to in it.");
    let changes = world.changes.iter().rev();
    let last = changes.filter_map(|change| match change {
        Change::Preferences(preferences) => Some(preferences.people.len()),
        _ => None,
    });
    assert_eq!(last.take(1).collect::<Vec<_>>(), [0]);
}

#[test]
fn a_word_that_is_none_says_which_there_are() {
    let mut world = World::online();

    world.chats("charset");
    world.chats("charset Benvolio gbk");
    world.chats("charset 200002 klingon");

    let told = told(&mut world);
    assert!(told[0].contains("Send *charset NUMBER NAME*"), "{told:?}");
    assert!(told[1].contains("Send *charset NUMBER NAME*"), "{told:?}");
    assert!(told[2].contains("I know no code page klingon. There are utf-8, windows-1252"));
    assert!(world.record().unwrap().preferences.people.is_empty());
}

#[test]
fn what_is_learnt_is_kept() {
    let mut world = World::online();

    world.icq(Event::WritesIn {
        uin: BEN,
        charset: Charset::UTF_8,
    });

    let record = world.record().unwrap();
    assert_eq!(record.preferences.people[&BEN].charset, "utf-8");
}

#[test]
fn a_text_that_could_not_be_shown_whole_is_told_once_a_day() {
    let mut world = World::online();

    world.icq(text(1, "hello"));
    assert_eq!(told(&mut world), [""; 0]);
    world.icq(text(2, "\u{fffd}h, \u{fffd}h"));

    let notices = told(&mut world);
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("2 characters of a message from 200002 could not be shown"));
    assert!(notices[0].contains("*charset 200002 NAME*"), "{notices:?}");
    world.pass(seconds(3600));
    world.icq(text(3, "\u{fffd}"));
    assert_eq!(told(&mut world), [""; 0]);
    world.pass(seconds(24 * 3600));
    world.icq(text(4, "\u{fffd}"));
    assert_eq!(told(&mut world).len(), 1);
}

#[test]
fn a_text_that_could_not_be_sent_whole_names_the_contacts_code_page() {
    let mut world = World::online();
    world.chats("charset 200002 shift_jis");
    world.says(
        "<message type='chat' id='m7' from='romeo@example.org/pc' to='200002@icq.example.org'>\
         <body>\u{20ac}</body></message>",
    );
    let ids = world
        .commands()
        .into_iter()
        .filter_map(|command| match command {
            Command::Send { id, .. } => Some(id),
            _ => None,
        });
    let ids: Vec<MessageId> = ids.collect();
    world.sent.clear();

    world.icq(Event::Replaced {
        id: ids[0],
        characters: 1,
    });

    let told = told(&mut world);
    assert!(
        told[0].contains("an old ICQ client that writes in Shift_JIS"),
        "{told:?}"
    );
}
