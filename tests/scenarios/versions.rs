//! One user, every version: registered by choice, and found by the gateway.

use icq_transport::icq::wire::Version;
use icq_transport::server::{Account, Behaviour};

use crate::world::{ROMEO, World};
use Version::{V2, V3, V4, V5};

/// Romeo registers with this choice, at a gateway that tries V5 to V2 and a server that speaks these.
fn registering(choice: &str, spoken: &'static [Version]) -> World {
    let behaviour = Behaviour {
        versions: spoken,
        ..Behaviour::reference()
    };
    let accounts = vec![Account::new(ROMEO, "secret")];
    let mut world = World::with(&[V5, V4, V3, V2], accounts, behaviour);
    world.says(&registration("r1", choice));
    world
}

fn registration(id: &str, version: &str) -> String {
    format!(
        "<iq type='set' id='{id}' from='romeo@example.org/pc' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
         <field var='username'><value>{ROMEO}</value></field>\
         <field var='password'><value>secret</value></field>\
         <field var='x-version'><value>{version}</value></field></x></query></iq>"
    )
}

/// What the record says about the version that worked.
fn remembered(world: &World) -> Option<u16> {
    let record = world.disk.values().next()?.as_ref()?;
    record.login.version
}

#[test]
fn every_version_registers_and_says_goodbye() {
    for version in [V5, V4, V3, V2] {
        let mut world = registering(&version.to_string(), &Version::ALL);
        world.passes(2);
        world.sees(&["<iq ", "id='r1'", "type='result'"]);
        assert_eq!(remembered(&world), Some(version.word()));
        assert!(world.server.online().iter().any(|it| it.0 == ROMEO));

        // Nobody comes online.
        world.passes(120);

        assert!(
            world.server.online().iter().all(|it| it.0 != ROMEO),
            "{version}"
        );
    }
}

#[test]
fn automatic_finds_the_version_the_server_speaks() {
    for (spoken, found) in [
        (&[V5, V3][..], V5),
        (&[V4, V2], V4),
        (&[V3], V3),
        (&[V2], V2),
    ] {
        let mut world = registering("automatic", spoken);
        world.passes(20);

        world.sees(&["<iq ", "id='r1'", "type='result'"]);
        assert_eq!(remembered(&world), Some(found.word()));
        let online = world.server.online().into_iter();
        assert_eq!(online.filter(|it| it.0 == ROMEO).count(), 1);
    }
}

#[test]
fn a_server_that_speaks_none_of_them_is_explained_within_twenty_seconds() {
    let mut world = registering("automatic", &[Version::V1]);
    world.passes(20);

    let error = world.sees(&["<iq ", "id='r1'", "type='error'"]);
    for part in ["V5 was not answered; V4", "V3 was", "V2 was not answered."] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(world.tasks(), 0);
}

/// Servers of V3 know a session by its port: the next trial says goodbye from there.
#[test]
fn a_trial_of_groupware_whose_goodbye_was_lost_does_not_keep_the_next_one_out() {
    let accounts = vec![Account::new(ROMEO, "secret")];
    let mut world = World::with(&[V3], accounts, Behaviour::iserverd());
    world.loses_to_gateway = true;
    world.says(&registration("r1", "automatic"));
    world.passes(15);
    world.loses_to_server = true;
    world.passes(10);
    world.sees(&["<iq ", "id='r1'", "type='error'"]);
    assert!(world.server.online().iter().any(|it| it.0 == ROMEO));

    (world.loses_to_server, world.loses_to_gateway) = (false, false);
    world.says(&registration("r2", "automatic"));
    world.passes(15);

    world.sees(&["<iq ", "id='r2'", "type='result'"]);
}
