//! What users ask an ICQ server, in every version, from XMPP: details, searches, their own profile, another
//! password, somebody to meet, a new number.

use icq_transport::icq::Ability;
use icq_transport::icq::wire::Version;
use icq_transport::model::Uin;
use icq_transport::server::{Account, Behaviour};
use xmpp_parsers::jid::BareJid;

use crate::world::World;

const ROMEO: Uin = Uin(200_001);
const JULIET: Uin = Uin(200_002);
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const GATEWAY: &str = "icq.example.org";

/// Romeo in one version; Juliet, whom he asks about, in another.
struct Story {
    world: World,
    version: Version,
    asked: usize,
}

impl Story {
    fn begin(version: Version) -> Self {
        Self::with_juliet(version, Version::V5)
    }

    fn with_juliet(version: Version, juliets: Version) -> Self {
        let accounts = vec![
            Account::new(ROMEO, "secret").named("Ro", "Romeo", "Montague"),
            Account::new(JULIET, "secret")
                .named("Ju", "Juliet", "Capulet")
                .with_email("juliet@verona.example"),
        ];
        let world = World::with(&Version::ALL, accounts, Behaviour::reference());
        let mut story = Self {
            world,
            version,
            asked: 0,
        };
        story.registers("romeo", ROMEO, version);
        story.registers("juliet", JULIET, juliets);
        story
    }

    fn registers(&mut self, name: &str, number: Uin, version: Version) {
        self.world.says(&format!(
            "<iq type='set' id='r1' from='{name}@example.org/pc' to='{GATEWAY}'>\
             <query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
             <field var='username'><value>{number}</value></field>\
             <field var='password'><value>secret</value></field>\
             <field var='x-version'><value>{version}</value></field></x></query></iq>"
        ));
        self.world.passes(3);
        self.world.sees(&["<iq ", "id='r1'", "type='result'"]);
        self.world.says(&format!(
            "<presence from='{name}@example.org/pc' to='{GATEWAY}'/>"
        ));
        self.world.passes(20);
    }

    /// Somebody asks something; the answer comes within half a minute.
    fn asks(&mut self, name: &str, to: &str, type_: &str, payload: &str) -> String {
        self.asked += 1;
        let id = format!("a{}", self.asked);
        self.world.says(&format!(
            "<iq type='{type_}' id='{id}' from='{name}@example.org/pc' to='{to}'>{payload}</iq>"
        ));
        self.world.passes(35);
        self.world.sees(&["<iq ", &format!("id='{id}'")])
    }

    /// Romeo gives a command of two steps.
    fn commands(&mut self, node: &str, fields: &[(&str, &str)]) -> String {
        let begin = format!("<command xmlns='{COMMANDS}' node='{node}'/>");
        let page = self.asks("romeo", GATEWAY, "set", &begin);
        assert!(
            page.contains("status='executing'"),
            "{}: {page}",
            self.version
        );
        let session = page.split("sessionid='").nth(1);
        let session = session.and_then(|it| it.split('\'').next());
        let session = session.expect("a page has a session");
        let fields: String = fields
            .iter()
            .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
            .collect();
        let step = format!(
            "<command xmlns='{COMMANDS}' node='{node}' sessionid='{session}'>\
             <x xmlns='jabber:x:data' type='submit'>{fields}</x></command>"
        );
        self.asks("romeo", GATEWAY, "set", &step)
    }

    fn vcard(&mut self, asker: &str, of: Uin) -> String {
        let contact = format!("{of}@{GATEWAY}");
        self.asks(asker, &contact, "get", "<vCard xmlns='vcard-temp'/>")
    }
}

#[test]
fn details_are_read_and_people_found_in_every_version() {
    for version in Version::ALL {
        let mut story = Story::begin(version);

        let card = story.vcard("romeo", JULIET);
        assert!(
            card.contains("<NICKNAME>Ju</NICKNAME>"),
            "{version}: {card}"
        );
        assert!(card.contains("juliet@verona.example"), "{version}: {card}");
        let nobody = story.vcard("romeo", Uin(299_999));
        let is_refused = nobody.contains("<item-not-found");
        let is_short = nobody.contains("<FN>299999</FN>");
        assert!(is_refused || is_short, "{version}: {nobody}");

        for criteria in ["<nick>Ju</nick>", "<email>juliet@verona.example</email>"] {
            let query = format!("<query xmlns='jabber:iq:search'>{criteria}</query>");
            let found = story.asks("romeo", GATEWAY, "set", &query);
            let item = format!("<item jid='{JULIET}@{GATEWAY}'>");
            assert!(found.contains(&item), "{version} {criteria}: {found}");
        }
        let prompt =
            "<query xmlns='jabber:iq:gateway'><prompt>juliet@verona.example</prompt></query>";
        let jid = story.asks("romeo", GATEWAY, "set", prompt);
        assert!(
            jid.contains(&format!("<jid>{JULIET}@{GATEWAY}</jid>")),
            "{version}: {jid}"
        );
    }
}

#[test]
fn a_profile_is_published_in_every_version() {
    for version in Version::ALL {
        // What V3 has of its own, V3 can read.
        let mut story = Story::with_juliet(version, version);

        let fields = [
            ("nick", "Montague"),
            ("first", "Romeo"),
            ("about", "in love"),
        ];
        let done = story.commands("profile", &fields);
        assert!(done.contains("shows your profile"), "{version}: {done}");

        let card = story.vcard("juliet", ROMEO);
        assert!(
            card.contains("<NICKNAME>Montague</NICKNAME>"),
            "{version}: {card}"
        );
        assert!(card.contains("in love"), "{version}: {card}");
    }
}

#[test]
fn a_password_that_was_changed_on_icq_is_the_one_to_log_in_with() {
    for version in Version::ALL {
        // Nobody knows what a server answered to V1.
        if !version.can(Ability::ChangePassword) || version == Version::V1 {
            continue;
        }
        let mut story = Story::begin(version);

        let fields = [
            ("password", "better"),
            ("repeat", "better"),
            ("on-icq", "1"),
            ("old", "secret"),
        ];
        let done = story.commands("password", &fields);
        if version == Version::V2 {
            // Its servers change it and have no packet to say so.
            assert!(done.contains("did not confirm"), "{done}");
            let fields = [("password", "better"), ("repeat", "better")];
            story.commands("password", &fields);
        } else {
            assert!(done.contains("took your new password"), "{version}: {done}");
        }
        for word in ["logout", "login"] {
            story.world.says(&format!(
                "<message from='romeo@example.org/pc' to='{GATEWAY}'><body>{word}</body></message>"
            ));
            story.world.passes(30);
        }
        story.world.says(&format!(
            "<message from='romeo@example.org/pc' to='{GATEWAY}'><body>status</body></message>"
        ));
        story.world.sees(&["<message ", "Connected to ICQ."]);
        // With the old one nobody gets in.
        let online = story.world.server.online();
        assert!(
            online.iter().any(|it| it.0 == ROMEO),
            "{version}: {online:?}"
        );
    }
}

#[test]
fn two_people_meet_by_chance() {
    let mut story = Story::begin(Version::V5);
    story.world.says(&format!(
        "<message from='juliet@example.org/pc' to='{GATEWAY}'><body>meet join 2</body></message>"
    ));
    story.world.passes(20);
    story.world.sees(&["<message ", "Others can find you now."]);

    let page = story.commands("meet", &[("do", "ask"), ("group", "2")]);

    assert!(page.contains("status='executing'"), "{page}");
    assert!(page.contains("ICQ number: 200002"), "{page}");
}

#[test]
fn a_new_number_is_given_out_in_every_version_that_has_them() {
    for version in Version::ALL {
        if !version.can(Ability::NewNumber) {
            continue;
        }
        let mut story = Story::begin(version);
        story.world.says(&format!(
            "<iq type='set' id='n1' from='mercutio@example.org/pc' to='{GATEWAY}'>\
             <query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>\
             <field var='password'><value>queenmab</value></field>\
             <field var='x-version'><value>{version}</value></field></x></query></iq>"
        ));
        story.world.passes(20);
        story.world.sees(&["<iq ", "id='n1'", "type='result'"]);
        story.world.sees(&["<message ", "Your number here is"]);

        let fields = [("password", "balcony"), ("repeat", "balcony")];
        let done = story.commands("new-number", &fields);
        assert!(done.contains("A message tells which."), "{version}: {done}");
        let romeo = &story.world.disk[&"romeo@example.org".parse::<BareJid>().expect("a JID")];
        let registration = &romeo.as_ref().expect("a record").registration;
        assert_ne!(registration.uin, ROMEO);
        assert_eq!(registration.password.reveal(), "balcony");
    }
}
