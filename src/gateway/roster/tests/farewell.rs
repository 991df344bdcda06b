//! xmpp-gateway.md §5.5 step 4: nothing of ours remains.

use minidom::Element;

use super::*;

fn forget(world: &mut World, gateway: bool) {
    let env = world.facts.env();
    world.roster.forget(world.now, &env, &mut world.fx, gateway);
    world.settle();
}

/// Types and senders of the stanzas since the last look, and the items in sets.
fn sent(world: &mut World) -> Vec<String> {
    let describe = |stanza: &Element| match stanza.get_child("query", "jabber:iq:roster") {
        None => format!(
            "{} {}",
            stanza.attr("type").unwrap_or("available"),
            stanza.attr("from").unwrap()
        ),
        Some(query) => match query.children().next() {
            None => "get".to_owned(),
            Some(item) => format!(
                "{} {}",
                item.attr("subscription").unwrap(),
                item.attr("jid").unwrap()
            ),
        },
    };
    world.take_stanzas().iter().map(describe).collect()
}

fn contacts(uins: impl IntoIterator<Item = u32>) -> Vec<ContactRecord> {
    let contact = |uin| ContactRecord {
        xmpp_to: Subscription::Yes,
        ..record(uin, "Ben")
    };
    uins.into_iter().map(contact).collect()
}

#[test]
fn without_privilege_every_contact_and_last_the_gateway_unsubscribe() {
    let mut world = World::offline();
    world.starts_with(contacts([BEN, 222_222]));
    world.link_up();
    world.resource("pc");
    world.icq_online();
    world.icq_shows(BEN, online());
    world.look_away();

    forget(&mut world, true);
    assert!(!world.roster.is_idle());
    world.wait(1);

    assert_eq!(
        sent(&mut world),
        [
            "unavailable 123456789@icq.example.org/ICQ",
            "unsubscribe 222222@icq.example.org",
            "unsubscribed 222222@icq.example.org",
            "unsubscribe 123456789@icq.example.org",
            "unsubscribed 123456789@icq.example.org",
            "unsubscribe icq.example.org",
            "unsubscribed icq.example.org",
        ]
    );
    assert!(world.roster.is_idle());
    assert!(world.record.contacts.is_empty());
}

#[test]
fn it_takes_its_time() {
    let mut world = World::offline();
    world.starts_with(contacts(200_000..200_100));
    world.link_up();

    forget(&mut world, false);
    world.wait(2);
    assert_eq!(sent(&mut world).len(), 2 * 41);
    world.wait(3);

    assert_eq!(sent(&mut world).len(), 2 * 59);
    assert!(world.roster.is_idle());
}

/// Answers the last question with this.
fn answer(world: &mut World, id: &str, type_: &str, content: &str) {
    world.says(&format!(
        "<iq type='{type_}' id='{id}' from='romeo@example.org' to='icq.example.org'>{content}</iq>"
    ));
}

fn last_id(world: &mut World) -> String {
    let stanzas = world.take_stanzas();
    stanzas.last().unwrap().attr("id").unwrap().to_owned()
}

const ROSTER: &str = "<query xmlns='jabber:iq:roster'>\
    <item jid='nurse@example.org' subscription='both'/>\
    <item jid='icq.example.org' subscription='both'/>\
    <item jid='123456789@icq.example.org' subscription='both'/>\
    <item jid='333333@icq.example.org' subscription='none'/></query>";

#[test]
fn by_privilege_what_is_on_the_roster_is_taken_off() {
    let mut world = World::offline();
    world.starts_with(contacts([BEN, 222_222]));
    world.grant_roster();
    world.link_up();

    forget(&mut world, true);
    let id = last_id(&mut world);
    answer(&mut world, &id, "result", ROSTER);
    world.wait(1);
    let first = last_id(&mut world);
    // The first is waited for.
    world.wait(1);
    world.sees(&[]);
    answer(&mut world, &first, "result", "");
    world.wait(1);

    assert_eq!(
        sent(&mut world),
        [
            "unsubscribe 222222@icq.example.org",
            "unsubscribed 222222@icq.example.org",
            "remove 123456789@icq.example.org",
            "remove icq.example.org",
        ]
    );
    assert!(world.roster.is_idle());
}

#[test]
fn the_echo_of_our_own_removal_is_no_wish_of_the_users() {
    let mut world = World::offline();
    world.starts_with(contacts([BEN]));
    world.link_up();
    forget(&mut world, false);
    // The number was changed, and the new one has the same contact.
    world.icq_online();
    world.look_away();

    world.subscription("unsubscribe", BEN);
    world.subscription("unsubscribed", BEN);

    world.sees(&[]);
    world.wait(10);
    world.subscription("unsubscribe", BEN);
    assert_eq!(sent(&mut world).len(), 1);
}

#[test]
fn whoever_is_added_anew_meanwhile_stays() {
    let mut world = World::offline();
    world.starts_with(contacts([200_001, 200_002]));
    world.link_up();
    world.icq_online();
    forget(&mut world, false);
    world.take_stanzas();

    world.subscription("subscribe", 200_002);
    world.wait(5);

    let about_them = |it: &Element| it.attr("from") == Some("200002@icq.example.org");
    assert!(!world.take_stanzas().iter().any(about_them));
    // And who changes their mind again is heard.
    world.subscription("unsubscribe", 200_002);
    world.icq_knows(200_002, Ok(benvolio()));
    let types: Vec<_> = world
        .take_stanzas()
        .iter()
        .filter(|it| about_them(it))
        .map(|it| it.attr("type").map(str::to_owned))
        .collect();
    assert_eq!(types, [Some("unsubscribed".to_owned())]);
}

#[test]
fn a_server_that_refuses_or_is_silent_is_told_by_presence() {
    for silent in [false, true] {
        let mut world = World::offline();
        world.starts_with(contacts([BEN]));
        world.grant_roster();
        world.link_up();
        forget(&mut world, true);
        let id = last_id(&mut world);
        answer(&mut world, &id, "result", ROSTER);
        world.wait(1);
        let first = last_id(&mut world);

        if silent {
            world.wait(10);
        } else {
            let error = "<error type='wait'><internal-server-error \
                         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
            answer(&mut world, &first, "error", error);
        }
        world.wait(1);

        assert_eq!(
            sent(&mut world),
            [
                "unsubscribe 333333@icq.example.org",
                "unsubscribed 333333@icq.example.org",
                "unsubscribe 123456789@icq.example.org",
                "unsubscribed 123456789@icq.example.org",
                "unsubscribe icq.example.org",
                "unsubscribed icq.example.org",
            ]
        );
        assert!(world.roster.is_idle());
    }
}

#[test]
fn without_a_link_nothing_is_waited_for() {
    let mut world = World::offline();
    world.starts_with(contacts(200_000..200_100));
    world.link_up();
    forget(&mut world, true);

    world.link_down();

    assert!(world.roster.is_idle());
    assert!(world.roster.poll_timeout().is_none());
}
