//! How much of everything (xmpp-gateway.md §28.1).

use super::*;

fn message(from: &str) -> String {
    format!("<message id='m' from='{from}' to='123456@icq.example.org'><body>x</body></message>")
}

#[test]
fn who_sends_too_much_is_not_heard_for_five_minutes() {
    let mut world = World::up().and_registered("romeo");
    let pc = "romeo@example.org/pc";

    for _ in 0..500 {
        world.hears(&message(pc));
    }
    assert_eq!(world.deliveries().len(), 500);
    world.hears(&message(pc));
    world.sees_error("m", "resource-constraint");
    world.hears(
        "<iq type='get' id='q' from='romeo@example.org/pc' to='icq.example.org'>\
         <ping xmlns='urn:xmpp:ping'/></iq>",
    );
    world.sees_error("q", "resource-constraint");
    world.hears("<presence type='subscribe' from='romeo@example.org' to='5@icq.example.org'/>");
    world.sees_nothing();
    assert_eq!(world.deliveries(), []);

    world.pass(seconds(301));
    world.hears(&message(pc));
    assert_eq!(world.deliveries().len(), 1);
}

#[test]
fn the_pace_that_is_allowed_can_be_kept_up() {
    let mut world = World::up().and_registered("romeo");

    for _ in 0..2000 {
        world.hears(&message("romeo@example.org/pc"));
        world.pass(Duration::from_millis(20));
    }

    assert_eq!(world.deliveries().len(), 2000);
    world.sees_nothing();
}

#[test]
fn one_who_floods_does_not_silence_another() {
    let mut world = World::up()
        .and_registered("romeo")
        .and_registered("benvolio");
    for _ in 0..1000 {
        world.hears(&message("romeo@example.org/pc"));
    }
    world.deliveries();

    world.hears(&message("benvolio@example.org/pc"));

    assert_eq!(world.deliveries().len(), 1);
}

#[test]
fn presence_that_a_server_repeats_to_each_contact_is_not_counted() {
    let mut world = World::up().and_registered("romeo");
    for n in 0..3000 {
        let to = format!("{}@icq.example.org", 200_000 + n);
        world.hears(&format!(
            "<presence from='romeo@example.org/pc' to='{to}'/>"
        ));
        world.hears(&format!(
            "<presence type='probe' from='romeo@example.org' to='{to}'/>"
        ));
    }
    world.deliveries();

    world.hears(&message("romeo@example.org/pc"));

    assert_eq!(world.deliveries().len(), 1);
}

#[test]
fn a_stranger_who_floods_is_refused_too() {
    let mut world = World::up();
    for _ in 0..500 {
        world.hears(&message("tybalt@example.org/x"));
    }
    world.sent.clear();

    world.hears(&message("tybalt@example.org/x"));

    world.sees_error("m", "resource-constraint");
}

#[test]
fn five_registrations_an_hour_are_tried_for_each_person() {
    let mut world = World::up();
    for n in 0..6 {
        let fields = format!("<username>{}</username><password>x</password>", 200_000 + n);
        world.hears(&register("romeo@example.org/pc", &fields));
        world.input(GatewayInput::Ended(romeo(), Ending::NotRegistered));
    }
    assert_eq!(world.started.len(), 5);
    world.sees_error("r1", "resource-constraint");
}

#[test]
fn ten_registrations_an_hour_are_tried_for_each_number() {
    let mut world = World::up();
    for n in 0..11 {
        world.hears(&register(&format!("guesser{n}@example.org/x"), FIELDS));
    }
    assert_eq!(world.started.len(), 10);
    world.sees_error("r1", "resource-constraint");
}

#[test]
fn somebody_who_is_registered_guesses_no_passwords_of_others_either() {
    let mut world = World::up().and_registered("romeo");
    for n in 0..10 {
        world.hears(&register(&format!("guesser{n}@example.org/x"), FIELDS));
    }

    world.hears(&register("romeo@example.org/pc", FIELDS));

    world.sees_error("r1", "resource-constraint");
    assert_eq!(world.deliveries(), []);
}

#[test]
fn there_are_only_so_many_users() {
    let mut settings = settings();
    settings.limits.users = 1;
    let mut world = World::with(settings).and_registered("romeo");

    world.hears(&register("mercutio@example.org/pc", FIELDS));

    world.sees_error("r1", "resource-constraint");
}

#[test]
fn people_get_one_new_number_a_day_and_all_together_only_so_many() {
    let mut settings = settings();
    settings.new_numbers = true;
    settings.limits.new_numbers_per_day = 2;
    settings.unique_uin = true;
    let mut world = World::with(settings);
    let mut applies = |name: &str| {
        let jid = format!("{name}@example.org");
        world.hears(&register(&format!("{jid}/pc"), "<password>x</password>"));
        let started = !std::mem::take(&mut world.started).is_empty();
        let user = BareJid::new(&jid).unwrap();
        world.input(GatewayInput::Ended(user, Ending::NotRegistered));
        world.sent.clear();
        started
    };

    assert!(applies("romeo"));
    assert!(!applies("romeo"));
    assert!(applies("benvolio"));
    assert!(!applies("mercutio"));
    world.pass(seconds(24 * 3600));
    world.hears(&register("romeo@example.org/pc", "<password>x</password>"));
    assert_eq!(world.started.len(), 1);
}

#[test]
fn without_a_number_nobody_registers_where_none_are_given() {
    let mut world = World::up();

    world.hears(&register("romeo@example.org/pc", "<password>x</password>"));

    assert!(world.started.is_empty());
    assert!(world.sent.pop_front().unwrap().contains("<not-acceptable "));
}
