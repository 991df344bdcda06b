//! Anything may happen, in any order: what must never follow, never does.

use std::collections::BTreeSet;

use minidom::Element;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Happening {
    /// A presence of this type from the user to a contact.
    User(&'static str, u32),
    Profile(u32, Option<bool>),
    Shows(u32, bool),
    Says(u32, usize),
    /// The server answers the latest iq: with a roster of some of our contacts, an error, or nothing.
    Answer(usize),
    Wait(u64),
    IcqOnline,
    IcqOffline,
    LinkUp(bool),
    LinkDown,
    Resource,
    Confirm,
    Crash,
    AddGateway,
    Forget,
}

fn happening() -> impl Strategy<Value = Happening> {
    let uin = || 200_000..200_004_u32;
    let types = [
        "subscribe",
        "subscribe",
        "subscribed",
        "unsubscribe",
        "unsubscribed",
        "probe",
    ];
    prop_oneof![
        10 => (prop::sample::select(types.to_vec()), uin()).prop_map(|(it, uin)| Happening::User(it, uin)),
        6 => (uin(), any::<Option<bool>>()).prop_map(|(uin, it)| Happening::Profile(uin, it)),
        4 => (uin(), any::<bool>()).prop_map(|(uin, it)| Happening::Shows(uin, it)),
        4 => (uin(), 0..4_usize).prop_map(|(uin, it)| Happening::Says(uin, it)),
        4 => (0..5_usize).prop_map(Happening::Answer),
        4 => (0..40_u64).prop_map(Happening::Wait),
        2 => Just(Happening::IcqOnline),
        1 => Just(Happening::IcqOffline),
        2 => any::<bool>().prop_map(Happening::LinkUp),
        1 => Just(Happening::LinkDown),
        1 => Just(Happening::Resource),
        2 => Just(Happening::Confirm),
        1 => Just(Happening::Crash),
        1 => Just(Happening::AddGateway),
        1 => Just(Happening::Forget),
    ]
}

struct History {
    world: World,
    iqs: Vec<Element>,
    /// Contacts the user's server has a subscription to, or a question about one.
    wanted: BTreeSet<String>,
}

impl History {
    fn happen(&mut self, happening: Happening) {
        let world = &mut self.world;
        match happening {
            Happening::User(type_, uin) => {
                if !world.facts.link_up {
                    return;
                }
                let jid = format!("{uin}@icq.example.org");
                match type_ {
                    "subscribe" => _ = self.wanted.insert(jid),
                    "unsubscribe" => _ = self.wanted.remove(&jid),
                    _ => {}
                }
                world.subscription(type_, uin);
            }
            Happening::Profile(uin, profile) => {
                let profile = profile.ok_or(NoProfile::NoSuchUser);
                let profile = profile.map(|open| if open { benvolio() } else { juliet() });
                world.icq_knows(uin, profile);
            }
            Happening::Shows(uin, here) => world.icq_shows(uin, here.then(online).flatten()),
            Happening::Says(uin, what) => {
                let reason = "hm".to_owned();
                let from = Introduction::default();
                world.icq_says(
                    uin,
                    match what {
                        0 => Message::AuthorisationRequest { from, reason },
                        1 => Message::AuthorisationGranted,
                        2 => Message::AuthorisationDenied { reason },
                        _ => Message::Added(from),
                    },
                );
            }
            Happening::Answer(how) => self.answer(how),
            Happening::Wait(secs) => world.wait(secs),
            Happening::IcqOnline => world.icq_online(),
            Happening::IcqOffline => world.icq_offline(),
            Happening::LinkUp(privileged) if !world.facts.link_up => {
                if privileged {
                    world.grant_roster();
                }
                world.link_up();
            }
            Happening::LinkUp(_) => {}
            Happening::LinkDown => {
                world.link_down();
                self.iqs.clear();
            }
            Happening::Resource if world.facts.link_up => world.resource("phone"),
            Happening::Resource => {}
            Happening::Confirm => world.confirm(),
            Happening::Crash => {
                world.crash();
                self.iqs.clear();
            }
            Happening::AddGateway => {
                let env = world.facts.env();
                world.roster.add_gateway(world.now, &env, &mut world.fx);
                world.settle();
            }
            Happening::Forget => {
                let env = world.facts.env();
                world.roster.forget(world.now, &env, &mut world.fx, true);
                world.settle();
            }
        }
        self.look();
    }

    fn answer(&mut self, how: usize) {
        let Some(iq) = self.iqs.pop() else {
            return;
        };
        let id = iq.attr("id").unwrap();
        let is_get = iq.attr("type") == Some("get");
        let (type_, content) = match how {
            0 => return,
            1 => (
                "error",
                "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            ),
            2 if is_get => (
                "result",
                "<query xmlns='jabber:iq:roster'>\
                 <item jid='200000@icq.example.org' subscription='to' name='A'/>\
                 <item jid='200001@icq.example.org' subscription='none' ask='subscribe'/>\
                 <item jid='icq.example.org' subscription='none'/></query>",
            ),
            3 if is_get => ("result", "<query xmlns='jabber:iq:roster'/>"),
            _ => ("result", ""),
        };
        // What the server has written or shows is subscribed to.
        for uin in 200_000..200_004 {
            self.wanted.insert(format!("{uin}@icq.example.org"));
        }
        self.world.says(&format!(
            "<iq type='{type_}' id='{id}' from='romeo@example.org' to='icq.example.org'>{content}</iq>"
        ));
    }

    fn look(&mut self) {
        for stanza in self.world.take_stanzas() {
            let from = stanza.attr("from").unwrap();
            let to = stanza.attr("to").unwrap();
            match (stanza.name(), stanza.attr("type")) {
                ("iq", _) => self.iqs.push(stanza),
                ("presence", Some("subscribed")) => {
                    assert!(self.wanted.contains(from), "nobody asked {from}");
                    assert_eq!(to, "romeo@example.org");
                }
                ("presence", None) => {
                    let uin = from.split('@').next().unwrap().parse().unwrap();
                    assert!(self.world.roster.is_listed(Uin(uin)), "{from} is nobody");
                    assert!(from.ends_with("/ICQ"));
                }
                _ => {}
            }
        }
        self.world.take_commands();
        assert!(self.world.record.contacts.len() <= 4);
        if !self.world.facts.link_up {
            assert!(self.iqs.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_to_contacts(happenings in prop::collection::vec(happening(), 0..80)) {
        let mut history = History {
            world: World::online(),
            iqs: Vec::new(),
            wanted: BTreeSet::new(),
        };
        for happening in happenings {
            history.happen(happening);
        }
        // What is written is what is known, and a quiet world comes to rest.
        history.world.wait(120);
        history.look();
        let records = history.world.record.contacts.clone();
        history.world.crash();
        prop_assert_eq!(history.world.roster.list.records(), records);
    }
}
