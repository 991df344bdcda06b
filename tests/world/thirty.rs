//! Thirty percent of all datagrams are lost, each way, and a thousand messages go each way at the pace
//! the limits allow.

use std::time::Duration;

use icq_transport::gateway::UserState;
use icq_transport::model::Uin;
use icq_transport::server::{Behaviour, Retransmission};
use rand::rngs::StdRng;
use xmpp_parsers::presence::{Presence, Type};

use crate::plan::{Disk, Habits, Line, Manners, Plan, Preset, Privilege, default_settings};
use crate::witness::open;
use crate::world::World;

#[test]
fn at_thirty_percent_loss_of_a_thousand_messages_each_way_970_arrive_and_every_one_has_one_ending()
{
    let mut world = World::new(one_person_and_one_contact(), false);
    world.log_in();
    world.wire.line.loss_to_server = 0.3;
    world.wire.line.loss_to_gateway = 0.3;

    world.write_both_ways(MESSAGES);
    world.end();

    // None twice, none out of order, every other one an error with its own id, and an error for a delivered
    // one only where all its acknowledgements were lost: that is the checker's.
    let endings = world.verdict().unwrap_or_else(|complaints| {
        panic!("{}", complaints.join("\n"));
    });
    println!("{endings:?}");
    let to_icq = endings.delivered + endings.doubtful;
    assert_eq!(to_icq + endings.refused, MESSAGES, "{endings:?}");
    assert!(to_icq >= ENOUGH, "{endings:?}");
    assert_eq!(endings.shown + endings.excused, MESSAGES, "{endings:?}");
    assert!(endings.shown >= ENOUGH, "{endings:?}");
}

/// Nothing breaks but what the test breaks.
fn one_person_and_one_contact() -> (Plan, StdRng) {
    let (drawn, rng) = Plan::draw(30);
    let mut behaviour = Behaviour::reference();
    // A server that gives a session up after six sends loses it with every fiftieth message, which is a
    // test of logins.
    behaviour.retransmission = Some(Retransmission {
        interval: Duration::from_secs(5),
        sends: 12,
        in_order: true,
    });
    let plan = Plan {
        people: 1,
        puppets: 1,
        settings: default_settings(),
        preset: Preset::Reference,
        behaviour,
        line: Line::default(),
        disk: Disk {
            slowest: Duration::ZERO,
            linger: Duration::from_millis(20),
        },
        host: Manners {
            privilege: Privilege::None,
            keeps_messages: true,
            answers_for_the_absent: true,
            unsubscribed_first: false,
        },
        habits: Habits {
            mass_removal: false,
            ..drawn.habits
        },
        troubles: Vec::new(),
        ..drawn
    };
    (plan, rng)
}

impl World {
    /// The first person registers and is online on ICQ.
    fn log_in(&mut self) {
        let user = self.people[0].jid.clone();
        let password = self.people[0].passwords[0].clone();
        self.come_online(&user, "home", Presence::new(Type::None));
        self.register_with(0, "home", &password);
        self.settle();
        self.pass(Duration::from_secs(60));
        let state = self.machine.task(&user).map(|task| task.state.clone());
        assert_eq!(state, Some(UserState::Online));
    }

    /// Writes so many messages each way: as many a second as the limits allow, and none that there would
    /// be no room for.
    fn write_both_ways(&mut self, each: usize) {
        let user = self.people[0].jid.clone();
        let (person, contact) = (self.people[0].uin(), Uin(300_001));
        let (mut to_icq, mut from_icq) = (0, 0);
        while to_icq < each || from_icq < each {
            self.pass(PACE);
            let waiting = self.machine.disk.get(&user).map_or(0, |it| open(it).len());
            if to_icq < each && waiting < ROOM {
                self.write_to_icq(&user, "home", contact, false);
                to_icq += 1;
            }
            if from_icq < each && self.icq.server.undelivered(person) < ROOM {
                self.write_from_icq(contact, person);
                from_icq += 1;
            }
        }
        // The loss lasts until everything has its ending.
        while self
            .machine
            .disk
            .get(&user)
            .is_some_and(|it| !open(it).is_empty())
            || self.icq.server.undelivered(person) > 0
        {
            self.pass(Duration::from_secs(60));
        }
    }
}

const MESSAGES: usize = 1000;
const ENOUGH: usize = 970;

/// Five a second, the default of `limits.messages_per_second`.
const PACE: Duration = Duration::from_millis(200);

/// Less than `limits.queued_messages` and what the server stores.
const ROOM: usize = 80;
