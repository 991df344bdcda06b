//! Two users of every pair of versions, from XMPP on both ends: authorisation, presence, messages, names.

use icq_transport::icq::wire::Version;
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour};

use crate::world::World;

const NUMBERS: [Uin; 2] = [Uin(200_001), Uin(200_002)];
const NAMES: [&str; 2] = ["romeo", "juliet"];

/// Romeo and Juliet, at one gateway; she wants to be asked before she is added.
struct Pair {
    world: World,
    versions: [Version; 2],
}

impl Pair {
    fn meet(versions: [Version; 2]) -> Self {
        let accounts = vec![
            Account::new(NUMBERS[0], "secret").named("Ro", "Romeo", "Montague"),
            Account::new(NUMBERS[1], "secret")
                .named("Ju", "Juliet", "Capulet")
                .requiring_authorisation(),
        ];
        let world = World::with(&Version::ALL, accounts, Behaviour::reference());
        let mut pair = Self { world, versions };
        for one in 0..2 {
            pair.registers(one);
        }
        pair
    }

    fn registers(&mut self, one: usize) {
        let (name, number, version) = (NAMES[one], NUMBERS[one], self.versions[one]);
        self.world.says(&format!(
            "<iq type='set' id='r1' from='{name}@example.org/pc' to='icq.example.org'>\
             <query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
             <field var='username'><value>{number}</value></field>\
             <field var='password'><value>secret</value></field>\
             <field var='x-version'><value>{version}</value></field></x></query></iq>"
        ));
        self.world.passes(3);
        self.sees(one, &["<iq ", "id='r1'", "type='result'"]);
        self.world.says(&format!(
            "<presence from='{name}@example.org/pc' to='icq.example.org'/>"
        ));
        self.world.passes(20);
    }

    /// One of them sends a stanza to the other.
    fn says(&mut self, one: usize, kind: &str, rest: &str) {
        let (name, number) = (NAMES[one], NUMBERS[1 - one]);
        let from = match rest.contains("type='subscribe") {
            true => format!("{name}@example.org"),
            false => format!("{name}@example.org/pc"),
        };
        let contact = format!("{number}@icq.example.org");
        self.world.says(&format!(
            "<{kind} from='{from}' to='{contact}' {rest}</{kind}>"
        ));
        self.world.passes(20);
    }

    /// One of them is sent this.
    fn sees(&mut self, one: usize, parts: &[&str]) -> String {
        let to = format!("to='{}@example.org", NAMES[one]);
        let parts: Vec<&str> = parts.iter().copied().chain([to.as_str()]).collect();
        self.world.sees(&parts)
    }

    /// One of them is sent this by the other.
    fn sees_other(&mut self, one: usize, parts: &[&str]) -> String {
        let from = format!("from='{}@icq.example.org", NUMBERS[1 - one]);
        let parts: Vec<&str> = parts.iter().copied().chain([from.as_str()]).collect();
        self.sees(one, &parts)
    }
}

/// The whole story of one pair.
fn story(versions: [Version; 2]) {
    let mut pair = Pair::meet(versions);

    // He asks, she grants, and adds him in turn.
    pair.says(
        0,
        "presence",
        "type='subscribe'><status>It is my lady</status>",
    );
    let request = pair.sees_other(1, &["<presence ", "type='subscribe'"]);
    assert!(request.contains("It is my lady"), "{request}");
    pair.says(1, "presence", "type='subscribed'>");
    pair.sees_other(0, &["<presence ", "type='subscribed'"]);
    pair.says(1, "presence", "type='subscribe'>");
    pair.sees_other(1, &["<presence ", "type='subscribed'"]);

    // Both see each other: she knows his name from his question, he hers because his client asked for it.
    pair.world.passes(30);
    pair.world
        .says("<presence from='romeo@example.org/pad' to='icq.example.org'/>");
    pair.world
        .says("<presence from='juliet@example.org/pad' to='icq.example.org'/>");
    let juliet = pair.sees_other(0, &["<presence ", "/pad'"]);
    assert!(juliet.contains(">Ju</nick>"), "{juliet}");
    let romeo = pair.sees_other(1, &["<presence ", "/pad'"]);
    assert!(romeo.contains(">romeo</nick>"), "{romeo}");

    // What they tell about themselves.
    for (one, last) in [(0, "Capulet"), (1, "Montague")] {
        let (name, number) = (NAMES[one], NUMBERS[1 - one]);
        pair.world.says(&format!(
            "<iq type='get' id='v{one}' from='{name}@example.org/pc' \
             to='{number}@icq.example.org'><vCard xmlns='vcard-temp'/></iq>"
        ));
        pair.world.passes(25);
        let id = format!("id='v{one}'");
        pair.sees_other(one, &["<iq ", "type='result'", &id, last]);
    }

    // Words, in both directions.
    for (one, text) in [
        (0, "But soft!"),
        (1, "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
    ] {
        let body = format!("<body>{text}</body>");
        pair.says(one, "message", &format!("type='chat' id='m{one}'>{body}"));
        pair.sees_other(1 - one, &["<message ", "type='chat'", &body]);
    }

    // A status, and a goodbye.
    pair.world.says(
        "<presence from='romeo@example.org/pc' to='icq.example.org'><show>away</show></presence>",
    );
    pair.world.says(
        "<presence from='romeo@example.org/pad' to='icq.example.org'><show>away</show></presence>",
    );
    pair.world.passes(20);
    pair.sees_other(1, &["<presence ", "<show>away</show>"]);
    for resource in ["pc", "pad"] {
        pair.world.says(&format!(
            "<presence type='unavailable' from='romeo@example.org/{resource}' to='icq.example.org'/>"
        ));
    }
    pair.world.passes(90);
    pair.sees_other(1, &["<presence ", "type='unavailable'"]);

    // What is written meanwhile waits.
    pair.says(
        1,
        "message",
        "type='chat' id='m9'><body>Dost thou love me?</body>",
    );
    pair.world.passes(90);
    pair.world
        .says("<presence from='romeo@example.org/pc' to='icq.example.org'/>");
    pair.world.passes(30);
    pair.sees_other(
        0,
        &["<message ", "<body>Dost thou love me?</body>", "<delay "],
    );
    pair.world.sees_no(&["type='error'"]);
}

#[test]
fn two_users_of_any_two_versions_meet() {
    let mut failed = Vec::new();
    for one in Version::ALL {
        for other in Version::ALL {
            let told = std::panic::catch_unwind(|| story([one, other]));
            if told.is_err() {
                failed.push(format!("{one} and {other}"));
            }
        }
    }
    assert_eq!(failed, [""; 0]);
}
