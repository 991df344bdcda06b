//! xmpp-gateway.md §7.3, §7.4 and §8: who is online, who is told, what probes are answered.

use super::*;

fn shown(resource: &str, show: &str) -> String {
    format!(
        "<presence from='123456789@icq.example.org/ICQ' to='romeo@example.org/{resource}'>{show}\
         <nick xmlns='http://jabber.org/protocol/nick'>Benvolio</nick></presence>"
    )
}

fn probe(world: &mut World, uin: u32) {
    world.says(&format!(
        "<presence type='probe' from='romeo@example.org' to='{uin}@icq.example.org'/>"
    ));
}

#[test]
fn every_resource_is_told_of_a_change_and_of_nothing_else() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.resource("phone");

    world.icq_shows(BEN, Some(Availability::Away.into()));
    world.sees(&[
        &shown("pc", "<show>away</show>"),
        &shown("phone", "<show>away</show>"),
    ]);
    // A flag beside the status shows nowhere.
    let web_aware = Status {
        web_aware: true,
        ..Availability::Away.into()
    };
    world.icq_shows(BEN, Some(web_aware));
    world.icq_shows(BEN, Some(Availability::Away.into()));
    world.sees(&[]);

    world.icq_shows(BEN, None);
    world.icq_shows(BEN, None);
    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org/ICQ' \
         to='romeo@example.org/pc'/>",
        "<presence type='unavailable' from='123456789@icq.example.org/ICQ' \
         to='romeo@example.org/phone'/>",
    ]);
}

#[test]
fn presence_says_what_a_contacts_client_can_do() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    let env = world.facts.env();

    world
        .roster
        .presence(world.now, &env, &mut world.fx, Uin(BEN), online());

    let sent = world.fx.next_output();
    let Some(crate::gateway::UserOutput::Stanza(crate::xmpp::Stanza::Presence(presence))) = sent
    else {
        panic!("a presence")
    };
    assert!(
        presence
            .payloads
            .contains(&world.facts.shared.caps.client())
    );
}

#[test]
fn a_new_resource_gets_what_is_known_and_the_others_nothing() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.has_contact(222_222, benvolio());
    world.icq_shows(BEN, online());
    world.look_away();

    world.resource("phone");

    world.sees(&[&shown("phone", "")]);
}

#[test]
fn who_is_not_on_the_list_is_not_shown() {
    let mut world = World::online();
    world.icq_says(
        BEN,
        Message::AuthorisationRequest {
            from: Introduction::default(),
            reason: String::new(),
        },
    );
    world.look_away();

    world.icq_shows(BEN, online());
    world.icq_shows(222_222, online());
    world.resource("phone");

    world.sees(&[]);
    assert_eq!(world.roster.status(Uin(BEN)), None);
}

#[test]
fn the_end_of_the_session_shows_everybody_offline() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.has_contact(222_222, benvolio());
    world.icq_shows(BEN, online());
    world.look_away();

    world.icq_offline();

    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org/ICQ' \
         to='romeo@example.org/pc'/>",
    ]);
    world.icq_online();
    world.resource("phone");
    world.sees(&[]);
}

#[test]
fn a_name_that_comes_late_is_shown() {
    let mut world = World::online();
    world.subscription("subscribe", BEN);
    world.icq_knows(BEN, Err(NoProfile::NoAnswer));
    world.confirm();
    world.icq_shows(BEN, online());
    world.icq_offline();
    world.wait(5);
    world.icq_online();
    world.icq_shows(BEN, online());
    world.look_away();

    // Asked for at the login, because there was none.
    world.icq_knows(BEN, Ok(benvolio()));

    world.sees(&[&shown("pc", "")]);
    assert_eq!(&*world.written(BEN).unwrap().contact.name, "Benvolio");
}

// --- probes ------------------------------------------------------------------------------------------

#[test]
fn a_probe_of_an_online_contact_is_answered_with_its_presence() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_shows(BEN, online());
    world.wait(5);
    world.look_away();

    probe(&mut world, BEN);
    probe(&mut world, BEN);

    world.sees(&[
        "<presence from='123456789@icq.example.org/ICQ' to='romeo@example.org'>\
                  <nick xmlns='http://jabber.org/protocol/nick'>Benvolio</nick></presence>",
    ]);
    // The resource that caused the probe announces itself just then, and has its answer.
    world.resource("phone");
    world.sees(&[]);
    world.wait(5);
    probe(&mut world, BEN);
    assert_eq!(world.take_stanzas().len(), 1);
}

/// After a restart of their server, all devices of a person come back within seconds.
#[test]
fn an_answer_serves_one_resource_and_the_next_one_is_told_too() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_shows(BEN, online());
    world.wait(60);
    world.look_away();

    probe(&mut world, BEN);
    world.resource("phone");
    assert_eq!(world.take_stanzas().len(), 1);
    world.wait(1);
    probe(&mut world, BEN);
    world.resource("tablet");
    world.sees(&[&shown("tablet", "")]);
    world.wait(1);
    world.resource("watch");
    probe(&mut world, BEN);
    world.sees(&[&shown("watch", "")]);
}

#[test]
fn a_resource_that_asks_for_itself_is_answered_unless_it_was_just_told() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_shows(BEN, online());
    world.wait(60);
    world.look_away();
    let probe = "<presence type='probe' from='romeo@example.org/phone' \
                 to='123456789@icq.example.org'/>";

    world.says(probe);
    world.sees(&[&shown("phone", "")]);
    world.resource("phone");
    world.look_away();
    world.says(probe);
    world.sees(&[]);
    world.wait(5);
    world.says(probe);
    world.says(probe);
    world.sees(&[&shown("phone", "")]);
}

#[test]
fn a_probe_behind_the_presence_itself_is_answered_by_it() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_shows(BEN, online());
    world.wait(60);
    world.look_away();

    world.resource("phone");
    probe(&mut world, BEN);

    world.sees(&[&shown("phone", "")]);
}

#[test]
fn a_probe_of_an_offline_contact_is_answered_with_when_it_left() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    probe(&mut world, BEN);
    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);

    world.icq_shows(BEN, online());
    world.icq_shows(BEN, None);
    world.look_away();
    world.wait(100);
    probe(&mut world, BEN);

    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org' to='romeo@example.org'>\
         <delay xmlns='urn:xmpp:delay' from='icq.example.org' stamp='2023-11-14T22:13:25Z'/>\
         </presence>",
    ]);
}

#[test]
fn a_probe_of_a_stranger_ends_the_stale_subscription_but_only_when_the_list_is_known() {
    let mut world = World::offline();
    world.link_up();
    probe(&mut world, BEN);
    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);

    world.icq_online();
    probe(&mut world, BEN);
    world.sees(&[
        "<presence type='unsubscribed' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);
    // Who is just being added is no stranger.
    world.subscription("subscribe", BEN);
    probe(&mut world, BEN);
    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);
}

#[test]
fn a_probe_of_a_contact_without_a_login_is_answered_with_offline() {
    let mut world = World::online();
    world.has_contact(BEN, benvolio());
    world.icq_offline();
    world.wait(60);

    probe(&mut world, BEN);

    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);
}

#[test]
fn a_probe_of_who_has_not_authorised_tells_nothing() {
    let mut world = World::online();
    world.has_waiting(BEN);
    world.icq_shows(BEN, online());

    probe(&mut world, BEN);

    world.sees(&[
        "<presence type='unavailable' from='123456789@icq.example.org' to='romeo@example.org'/>",
    ]);
}

#[test]
fn a_probe_tells_that_the_server_knows_of_a_subscription() {
    let mut world = World::offline();
    world.starts_with(vec![record(BEN, "Benvolio")]);
    world.link_up();
    world.resource("pc");
    world.facts.registration.import_contacts = false;
    world.icq_online();
    world.icq_shows(BEN, online());
    world.look_away();

    probe(&mut world, BEN);

    world.sees(&[
        "<presence from='123456789@icq.example.org/ICQ' to='romeo@example.org'>\
                  <nick xmlns='http://jabber.org/protocol/nick'>Benvolio</nick></presence>",
    ]);
    assert_eq!(world.written(BEN).unwrap().xmpp_to, Subscription::Yes);
}
