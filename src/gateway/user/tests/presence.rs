//! Presence to the gateway (xmpp-gateway.md §8, §11.9) and what it means for a registration (§5.5).

use super::*;

fn presence(type_: &str) -> String {
    format!("<presence type='{type_}' from='romeo@example.org' to='icq.example.org'/>")
}

fn answer(type_: &str, content: &str) -> String {
    format!(
        "<presence type='{type_}' from='icq.example.org' to='romeo@example.org'>{content}\
         </presence>"
    )
}

#[test]
fn a_probe_is_answered_with_the_gateways_presence() {
    let mut world = World::online();

    world.says("<presence type='probe' from='romeo@example.org/pc' to='icq.example.org'/>");

    world.sees_gateway("pc", "", "");
    world.sees_nothing();
}

#[test]
fn presence_and_probe_of_somebody_who_comes_online_have_one_answer() {
    let probe = "<presence type='probe' from='romeo@example.org' to='icq.example.org'/>";
    let mut world = World::online();
    world.comes_online("phone");
    world.sees_gateway("phone", "", "");

    world.says(probe);
    world.sees_nothing();

    world.pass(seconds(5));
    world.says(probe);
    world.sees("<presence from='icq.example.org' to='romeo@example.org'/>");
}

#[test]
fn adding_the_gateway_is_granted_and_asked_back_once() {
    let mut world = World::registered();

    world.says(&presence("subscribe"));
    world.sees(&answer("subscribed", ""));
    world.sees(&answer(
        "unavailable",
        "<status>Not connected to ICQ.</status>",
    ));
    assert!(world.record().unwrap().login.asked_for_presence);
    let changes = world.changes.len();
    world.sent.clear();

    world.says(&presence("subscribe"));
    world.sees(&answer("subscribed", ""));
    world.sees(&answer(
        "unavailable",
        "<status>Not connected to ICQ.</status>",
    ));
    // The server may know where the user is, and not say so again by itself.
    world.sees(&answer("probe", ""));
    world.sees_nothing();
    assert_eq!(world.changes.len(), changes);
}

#[test]
fn removing_the_gateway_suspends_and_deletes_nothing() {
    let mut world = World::online();

    world.says(&presence("unsubscribe"));
    world.says(&presence("unsubscribed"));

    world.sees(&answer("unsubscribed", ""));
    world.is_told(
        "You removed the gateway from your contact list. Send *register* or add it again to \
         continue; your ICQ data is deleted after 30 days.",
    );
    world.sees_gateway(
        "pc",
        "type='unavailable'",
        "<status>You removed the gateway from your contact list. Add it again to continue.</status>",
    );
    world.sees_nothing();
    assert_eq!(world.state(), "suspended");
    assert!(world.record().is_some());
    world.wants(|it| matches!(it, UserOutput::Disconnect));

    world.comes_online("pc");
    world.says("<presence from='romeo@example.org/pc' to='123456@icq.example.org'/>");
    world.wants_no_login();
}

#[test]
fn a_suspended_registration_is_deleted_after_thirty_days_also_over_a_restart() {
    let mut world = World::online();
    world.says(&presence("unsubscribe"));
    world.pass(seconds(20 * 24 * 3600));
    let record = world.record().unwrap();

    let mut reloaded = World::loaded(Mode::Follow, record.login, settings());
    assert_eq!(reloaded.state(), "suspended");
    reloaded.now.unix = world.now.unix;
    reloaded.pass(seconds(31 * 24 * 3600));

    assert_eq!(reloaded.record(), None);
}

#[test]
fn adding_the_gateway_again_revives_the_registration() {
    let mut world = World::online();
    world.says(&presence("unsubscribe"));
    world.sent.clear();

    world.says(&presence("subscribe"));

    world.sees(&answer("subscribed", ""));
    world.is_told("Welcome back. Your registration continues.");
    assert!(world.sent.contains(&expected(&answer("probe", ""))));
    assert_eq!(world.state(), "offline");
    assert_eq!(world.record().unwrap().login.suspended, None);
    world.comes_online("pc");
    world.logs_in();
    world.pass(seconds(40 * 24 * 3600));
    assert!(world.record().is_some());
}

#[test]
fn unsubscribed_in_answer_to_a_probe_is_no_removal() {
    let mut world = World::registered();

    world.says(&presence("unsubscribed"));
    assert_eq!(world.state(), "offline");

    world.pass(seconds(60));
    world.says(&presence("unsubscribed"));
    assert_eq!(world.state(), "suspended");
}

#[test]
fn nobody_is_probed_who_took_the_gateway_off_the_roster() {
    let mut world = World::registered();
    world.says("<presence type='unsubscribed' from='romeo@example.org/pc' to='icq.example.org'/>");
    world.sent.clear();

    world.input(UserInput::LinkDown);
    world.input(UserInput::LinkUp(Arc::default()));

    world.sees_nothing();
}
