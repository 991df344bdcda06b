//! xmpp-gateway.md §9 and §10: the roster by privilege, and what is done without.

use minidom::Element;

use super::*;
use crate::gateway::testing::parse;

/// What a server answers, in the order of its questions.
struct Server {
    /// `xmlns='jabber:iq:roster'` items as they are on the roster.
    items: Vec<(String, String)>,
    /// It does what a set says about subscriptions.
    obeys: bool,
    /// It refuses sets.
    refuses: bool,
    /// It says nothing to gets.
    silent: bool,
    writes: Vec<String>,
    reads: usize,
}

impl Server {
    fn prosody() -> Self {
        Self {
            items: Vec::new(),
            obeys: true,
            refuses: false,
            silent: false,
            writes: Vec::new(),
            reads: 0,
        }
    }

    fn has(mut self, jid: &str, attributes: &str) -> Self {
        self.items.push((jid.to_owned(), attributes.to_owned()));
        self
    }

    /// Answers everything the gateway asks, until it asks no more.
    fn serve(&mut self, world: &mut World) -> Vec<Element> {
        let mut rest = Vec::new();
        for _ in 0..200 {
            let stanzas = world.take_stanzas();
            if stanzas.is_empty() {
                return rest;
            }
            for stanza in stanzas {
                match stanza.name() {
                    "iq" => {
                        if let Some(answer) = self.answer(&stanza) {
                            world.says(&answer);
                        }
                    }
                    _ => rest.push(stanza),
                }
            }
            world.wait(1);
        }
        panic!("the gateway asks without end");
    }

    fn answer(&mut self, iq: &Element) -> Option<String> {
        assert_eq!(iq.attr("from"), Some("icq.example.org"));
        assert_eq!(iq.attr("to"), Some("romeo@example.org"));
        let id = iq.attr("id").unwrap();
        let query = iq.get_child("query", "jabber:iq:roster").unwrap();
        if iq.attr("type") == Some("get") {
            self.reads += 1;
            let item =
                |(jid, attributes): &(String, String)| format!("<item jid='{jid}' {attributes}/>");
            let items: String = self.items.iter().map(item).collect();
            return (!self.silent).then(|| {
                format!(
                    "<iq type='result' id='{id}' from='romeo@example.org' to='icq.example.org'>\
                     <query xmlns='jabber:iq:roster'>{items}</query></iq>"
                )
            });
        }
        if self.refuses {
            return Some(format!(
                "<iq type='error' id='{id}' from='romeo@example.org' to='icq.example.org'>\
                 <error type='wait'>\
                 <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            ));
        }
        assert_eq!(query.children().count(), 1, "one item in each set");
        let item = query.children().next().unwrap();
        let (jid, state) = (
            item.attr("jid").unwrap(),
            item.attr("subscription").unwrap(),
        );
        let name = item.attr("name").unwrap_or_default();
        let groups: Vec<String> = item.children().map(Element::text).collect();
        self.writes.push(
            format!("{jid} {state} {name} {}", groups.join(","))
                .trim()
                .into(),
        );
        let known = self.items.iter().position(|(known, _)| known == jid);
        if state == "remove" {
            self.items.remove(known.unwrap());
        } else if self.obeys {
            let attributes = format!("subscription='{state}' name='{name}'");
            match known {
                Some(at) => self.items[at].1 = attributes,
                None => self.items.push((jid.to_owned(), attributes)),
            }
        } else if known.is_none() {
            let attributes = format!("subscription='none' name='{name}'");
            self.items.push((jid.to_owned(), attributes));
        }
        Some(format!(
            "<iq type='result' id='{id}' from='romeo@example.org' to='icq.example.org'/>"
        ))
    }
}

fn online_with(contacts: Vec<ContactRecord>) -> World {
    let mut world = World::offline();
    world.starts_with(contacts);
    world.grant_roster();
    world.link_up();
    world.resource("pc");
    world.icq_online();
    world
}

fn texts(stanzas: &[Element]) -> Vec<String> {
    stanzas.iter().map(String::from).collect()
}

const PROBE: &str = "<presence type='probe' from='icq.example.org' to='romeo@example.org'/>";

const GATEWAY: &str = "icq.example.org both ICQ";

#[test]
fn contacts_and_the_gateway_are_written_one_by_one() {
    let mut server = Server::prosody().has("nurse@example.org", "subscription='both'");
    let mut world = online_with(vec![record(BEN, "Benvolio"), record(222_222, "")]);
    world.icq_shows(BEN, online());
    let rest = server.serve(&mut world);

    assert_eq!(
        server.writes,
        [
            GATEWAY,
            "222222@icq.example.org both 222222",
            "123456789@icq.example.org both Benvolio",
        ]
    );
    // Read, and read once more behind the first write.
    assert_eq!(server.reads, 2);
    // Who is online is asked, and a contact is shown once it is there; no person has to be asked.
    assert_eq!(rest.len(), 2, "{:?}", texts(&rest));
    assert_eq!(rest[0], parse(PROBE));
    assert_eq!(rest[1].attr("from"), Some("123456789@icq.example.org/ICQ"));
    let written = world.written(BEN).unwrap();
    assert_eq!(
        (written.xmpp_to, written.xmpp_from, written.on_roster),
        (Subscription::Yes, Subscription::Yes, true)
    );

    // At the next login there is nothing to write.
    world.icq_offline();
    world.icq_online();
    server.writes.clear();
    server.serve(&mut world);
    assert!(server.writes.is_empty(), "{:?}", server.writes);
}

#[test]
fn who_has_not_authorised_is_written_as_from() {
    let waiting = ContactRecord {
        contact: Contact {
            listing: Listing::Waiting,
            ..record(BEN, "Juliet").contact
        },
        ..record(BEN, "Juliet")
    };
    let mut server = Server::prosody();
    let mut world = online_with(vec![waiting]);

    server.serve(&mut world);

    assert_eq!(
        server.writes,
        [GATEWAY, "123456789@icq.example.org from Juliet"]
    );
}

#[test]
fn a_persons_own_name_and_groups_are_kept_and_taken_over() {
    let mut server = Server::prosody()
        .has("icq.example.org", "subscription='both' name='ICQ'")
        .has(
            "123456789@icq.example.org",
            "subscription='to' name='Cousin'",
        );
    let mut world = online_with(vec![record(BEN, "Benvolio")]);

    server.serve(&mut world);

    assert_eq!(server.writes, ["123456789@icq.example.org both Cousin"]);
    assert_eq!(&*world.written(BEN).unwrap().contact.name, "Cousin");
}

#[test]
fn a_nameless_item_gets_the_name() {
    let mut server = Server::prosody()
        .has("icq.example.org", "subscription='both'")
        .has("123456789@icq.example.org", "subscription='both'");
    let mut world = online_with(vec![record(BEN, "Benvolio")]);

    server.serve(&mut world);

    assert_eq!(server.writes, ["123456789@icq.example.org both Benvolio"]);
}

#[test]
fn what_was_removed_meanwhile_is_removed_on_icq_unless_it_was_everything() {
    let known = |uin| ContactRecord {
        on_roster: true,
        ..record(uin, "Somebody")
    };
    let mut server = Server::prosody().has("icq.example.org", "subscription='both'");
    let mut world = online_with(vec![known(BEN)]);
    server.serve(&mut world);
    world.icq_sees(&[Command::RemoveContact(Uin(BEN))]);
    assert_eq!(world.written(BEN), None);

    // A server that lost its rosters, or only most of one.
    for (server, count) in [(&mut Server::prosody(), 3), (&mut server, 50)] {
        let mut world = online_with((200_000..200_000 + count).map(known).collect());
        server.serve(&mut world);
        assert_eq!(world.take_commands(), []);
        world.wait(5);
        let said = texts(&world.take_stanzas());
        let kept = format!("{count} of them were kept");
        assert!(said.iter().any(|line| line.contains(&kept)), "{said:?}");
        assert_eq!(world.record.contacts.len(), count as usize);
        assert!(world.record.contacts.iter().all(|it| it.hidden));
    }
}

#[test]
fn an_item_nobody_knows_is_left_alone() {
    let mut server = Server::prosody()
        .has("icq.example.org", "subscription='both'")
        .has("222222@icq.example.org", "subscription='both'")
        .has("what@icq.example.org", "subscription='both'");
    let mut world = online_with(Vec::new());

    let rest = server.serve(&mut world);

    assert!(server.writes.is_empty() && rest.is_empty());
}

#[test]
fn adding_somebody_writes_both_and_asks_nobody_back() {
    let mut server = Server::prosody().has("icq.example.org", "subscription='both'");
    let mut world = online_with(Vec::new());
    server.serve(&mut world);

    world.subscription("subscribe", BEN);
    world.icq_knows(BEN, Ok(benvolio()));
    world.sees(&[
        "<presence type='subscribed' from='123456789@icq.example.org' \
                  to='romeo@example.org'/>",
    ]);
    server = server.has("123456789@icq.example.org", "subscription='to' name='Ben'");
    world.wait(2);
    let rest = server.serve(&mut world);

    assert_eq!(server.writes, ["123456789@icq.example.org both Ben"]);
    assert!(rest.is_empty(), "{:?}", texts(&rest));
}

#[test]
fn a_server_that_ignores_subscriptions_gets_names_and_the_person_a_question() {
    // ejabberd 24.12 and 26.07.
    let mut server = Server {
        obeys: false,
        ..Server::prosody()
    };
    let mut world = online_with(vec![record(BEN, "Benvolio")]);

    let rest = server.serve(&mut world);

    assert_eq!(
        server.writes,
        [GATEWAY, "123456789@icq.example.org both Benvolio"]
    );
    let asked = "<presence xmlns='jabber:component:accept' from='123456789@icq.example.org' \
                 to='romeo@example.org' type='subscribe'>";
    let rest = texts(&rest);
    assert_eq!(rest.len(), 1);
    assert!(rest[0].starts_with(asked), "{rest:?}");
    let written = world.written(BEN).unwrap();
    assert_eq!(written.xmpp_to, Subscription::None);
    assert!(written.offered);
}

#[test]
fn a_server_that_refuses_or_is_silent_costs_a_question_for_each_contact() {
    // ejabberd 23.01; a server that drops what it does not like.
    let refusing = Server {
        refuses: true,
        ..Server::prosody()
    };
    let silent = Server {
        silent: true,
        ..Server::prosody()
    };
    for (mut server, reads) in [(refusing, 1), (silent, 1)] {
        let mut world = online_with(vec![record(BEN, "Benvolio"), record(222_222, "Tybalt")]);
        let mut rest = server.serve(&mut world);
        world.wait(60);
        rest.extend(server.serve(&mut world));

        assert_eq!(rest.len(), 2, "{:?}", texts(&rest));
        assert_eq!(server.reads, reads);
        // Not tried again on this link, and nobody is asked twice.
        world.icq_offline();
        world.icq_online();
        assert!(server.serve(&mut world).is_empty());
        assert_eq!(server.reads, reads);
        // A new link is a new chance.
        world.link_down();
        world.link_up();
        assert!(server.serve(&mut world).is_empty());
        assert_eq!(server.reads, reads + 1);
    }
}

#[test]
fn an_answer_that_cannot_be_read_is_a_no() {
    let mut world = online_with(vec![record(BEN, "Benvolio")]);
    let get = world.take_stanzas().remove(0);
    let id = get.attr("id").unwrap().to_owned();
    let env = world.facts.env();

    world
        .roster
        .handle_bad_answer(world.now, &env, &mut world.fx, &id);
    world.settle();

    assert_eq!(world.take_stanzas().len(), 1);
}

#[test]
fn answers_to_questions_of_others_are_ignored() {
    let mut world = online_with(vec![record(BEN, "Benvolio")]);
    world.look_away();

    world.says("<iq type='result' id='other' from='romeo@example.org' to='icq.example.org'/>");
    world.says(
        "<iq type='error' id='other' from='romeo@example.org' to='icq.example.org'>\
         <error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
    );

    world.sees(&[]);
}

// --- the gateway itself ------------------------------------------------------------------------------

#[test]
fn who_registers_gets_the_gateway_on_the_roster() {
    let add = |world: &mut World| {
        let env = world.facts.env();
        world.roster.add_gateway(world.now, &env, &mut world.fx);
        world.settle();
    };
    let mut world = World::offline();
    world.link_up();
    add(&mut world);
    let asks = "<presence type='subscribe' from='icq.example.org' to='romeo@example.org'/>";
    world.sees(&[asks]);

    let mut server = Server::prosody();
    let mut world = World::offline();
    world.grant_roster();
    world.link_up();
    add(&mut world);
    assert_eq!(server.serve(&mut world), [parse(PROBE)]);
    assert_eq!(server.writes, [GATEWAY]);

    // Written without a subscription: the person has to be asked.
    let mut server = Server {
        obeys: false,
        ..Server::prosody()
    };
    let mut world = World::offline();
    world.grant_roster();
    world.link_up();
    add(&mut world);
    let rest = server.serve(&mut world);
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].attr("type"), Some("subscribe"));
}

// --- without privilege -------------------------------------------------------------------------------

#[test]
fn a_few_contacts_ask_one_by_one_once_in_their_lives() {
    let mut world = World::offline();
    world.starts_with((200_000..200_003).map(|uin| record(uin, "Ben")).collect());
    world.link_up();
    world.icq_online();

    world.sees(
        &["<presence type='subscribe' from='200000@icq.example.org' \
                  to='romeo@example.org'><status>Already on your ICQ list.</status>\
                  <nick xmlns='http://jabber.org/protocol/nick'>Ben</nick></presence>"],
    );
    world.wait(1);
    assert_eq!(world.take_stanzas().len(), 2);

    world.subscription("unsubscribed", 200_000);
    world.wait(2);
    world.crash();
    world.link_up();
    world.icq_online();
    world.wait(5);
    world.sees(&[]);
    world.icq_sees(&[]);
    assert_eq!(world.listing(200_000), Some(Listing::Authorised));
}

#[test]
fn many_contacts_are_one_sentence() {
    let mut world = World::offline();
    world.starts_with((200_000..200_021).map(|uin| record(uin, "Ben")).collect());
    world.link_up();
    world.icq_online();
    world.wait(60);

    world.sees(&[
        "<message type='chat' from='icq.example.org' to='romeo@example.org'><body>\
                  You have 21 ICQ contacts that are not in your contact list. To see one, add \
                  NUMBER@icq.example.org, with its ICQ number for NUMBER.</body></message>",
    ]);
    world.icq_offline();
    world.icq_online();
    world.sees(&[]);
}

#[test]
fn who_wants_no_import_is_not_asked() {
    let mut world = World::offline();
    world.facts.registration.import_contacts = false;
    world.starts_with(vec![record(BEN, "Ben")]);
    world.link_up();
    world.icq_online();
    world.wait(60);

    world.sees(&[]);
}

#[test]
fn a_grant_that_comes_late_is_used_at_once() {
    let mut world = World::offline();
    world.starts_with(vec![record(BEN, "Benvolio")]);
    world.link_up();
    world.resource("pc");
    world.icq_online();
    world.wait(5);
    world.look_away();

    world.grant_roster();
    let env = world.facts.env();
    world
        .roster
        .privileges_changed(world.now, &env, &mut world.fx);
    world.settle();

    let read = world.take_stanzas();
    assert!(
        matches!(&read[..], [iq] if iq.name() == "iq" && iq.attr("type") == Some("get")),
        "{read:?}"
    );
}
