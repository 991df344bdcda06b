//! What the gateway says it is and can do (xmpp-gateway.md §4, §20.1, §26).

use super::*;
use minidom::Element;

/// The payload of the result of a get with this payload, or the condition of the error.
fn ask(world: &mut World, type_: &str, payload: &str) -> Result<String, String> {
    world.hears(&format!(
        "<iq type='{type_}' id='q' from='tybalt@example.org/x' to='icq.example.org'>{payload}</iq>"
    ));
    let answer = world.sent.pop_front().expect("an answer");
    let head = "<iq from='icq.example.org' id='q' to='tybalt@example.org/x' type='result'>";
    match answer.strip_prefix(head) {
        Some(rest) => Ok(rest.trim_end_matches("</iq>").to_owned()),
        None => Err(answer),
    }
}

fn info(node: &str) -> String {
    format!("<query xmlns='http://jabber.org/protocol/disco#info'{node}/>")
}

#[test]
fn the_gateway_is_a_gateway_and_lists_what_works() {
    let mut settings = settings();
    settings.contact_addresses = ContactAddresses {
        admin: vec!["mailto:admin@example.org".into()],
        ..ContactAddresses::default()
    };
    let mut world = World::with(settings);

    let answer = ask(&mut world, "get", &info("")).unwrap();

    assert_eq!(
        answer,
        expected(
            "<query xmlns='http://jabber.org/protocol/disco#info'>\
             <identity category='gateway' type='icq' name='ICQ'/>\
             <identity category='account' type='registered' name='ICQ'/>\
             <feature var='http://jabber.org/protocol/caps'/>\
             <feature var='http://jabber.org/protocol/commands'/>\
             <feature var='http://jabber.org/protocol/disco#info'/>\
             <feature var='http://jabber.org/protocol/disco#items'/>\
             <feature var='jabber:iq:gateway'/>\
             <feature var='jabber:iq:last'/>\
             <feature var='jabber:iq:register'/>\
             <feature var='jabber:iq:search'/>\
             <feature var='jabber:iq:version'/>\
             <feature var='jabber:x:data'/>\
             <feature var='urn:ietf:params:xml:ns:vcard-4.0'/>\
             <feature var='urn:xmpp:ping'/>\
             <feature var='urn:xmpp:time'/>\
             <feature var='vcard-temp'/>\
             <x xmlns='jabber:x:data' type='result'>\
             <field type='hidden' var='FORM_TYPE'><value>urn:xmpp:data-policy:0</value></field>\
             <field var='auth_data'><value>plain</value></field>\
             <field var='data_deletion'><value>true</value></field>\
             <field var='data_retention'><value>720</value></field>\
             <field var='data_transmission'><value>plain</value></field>\
             <field var='encryption_at_rest'><value>true</value></field></x>\
             <x xmlns='jabber:x:data' type='result'>\
             <field type='hidden' var='FORM_TYPE'>\
             <value>urn:xmpp:data-policy:identity:gateway:icq:0</value></field>\
             <field var='data_retention'><value>unknown</value></field></x>\
             <x xmlns='jabber:x:data' type='result'>\
             <field type='hidden' var='FORM_TYPE'>\
             <value>http://jabber.org/network/serverinfo</value></field>\
             <field type='list-multi' var='admin-addresses'>\
             <value>mailto:admin@example.org</value></field></x></query>"
        )
    );
}

#[test]
fn the_node_of_the_capabilities_answers_the_same_and_others_do_not() {
    let mut world = World::up();
    let caps = world.gateway.shared.caps.gateway(Version::V5);
    let node = format!(
        "{}#{}",
        caps.attr("node").unwrap(),
        caps.attr("ver").unwrap()
    );

    let plain = ask(&mut world, "get", &info("")).unwrap();
    let by_node = ask(&mut world, "get", &info(&format!(" node='{node}'"))).unwrap();
    let wrong = ask(&mut world, "get", &info(" node='x'")).unwrap_err();

    assert_eq!(by_node.replace(&format!(" node='{node}'"), ""), plain);
    assert!(wrong.contains("<item-not-found "), "{wrong}");
}

/// XEP-0115 §5.1, done by hand on what was answered.
#[test]
fn the_hash_in_presence_is_that_of_the_answer() {
    use sha1::Digest;

    let mut world = World::up();
    let answer = ask(&mut world, "get", &info("")).unwrap();
    let answer: Element = answer.parse().unwrap();
    let attr = |element: &Element, name: &str| element.attr(name).unwrap_or_default().to_owned();
    let named = |name: &'static str| answer.children().filter(move |it| it.name() == name);

    let mut identities: Vec<String> = named("identity")
        .map(|it| {
            let (category, type_) = (attr(it, "category"), attr(it, "type"));
            format!("{category}/{type_}//{}<", attr(it, "name"))
        })
        .collect();
    identities.sort();
    let mut features: Vec<String> = named("feature").map(|it| attr(it, "var") + "<").collect();
    features.sort();
    let mut forms: Vec<String> = named("x")
        .map(|form| {
            let mut fields: Vec<(String, String)> = form
                .children()
                .map(|field| {
                    let values = field.children().map(|value| value.text() + "<");
                    (attr(field, "var"), values.collect())
                })
                .collect();
            fields.sort();
            let at = fields.iter().position(|it| it.0 == "FORM_TYPE").unwrap();
            let form_type = fields.remove(at).1;
            let fields = fields
                .into_iter()
                .map(|(var, values)| format!("{var}<{values}"));
            form_type + &fields.collect::<String>()
        })
        .collect();
    forms.sort();
    let text = identities.concat() + &features.concat() + &forms.concat();
    let hash = xmpp_parsers::hashes::Hash {
        algo: xmpp_parsers::hashes::Algo::Sha_1,
        hash: sha1::Sha1::digest(text.as_bytes()).to_vec(),
    };
    let computed = Element::from(xmpp_parsers::caps::Caps::new("x", hash));

    let sent = world.gateway.shared.caps.gateway(Version::V5);
    assert_eq!(sent.attr("ver"), computed.attr("ver"));
    assert_eq!(sent.attr("ver").map(str::len), Some(28));
}

#[test]
fn nothing_stands_below_the_gateway_for_somebody_who_is_not_registered() {
    let mut world = World::up();
    let items = "http://jabber.org/protocol/disco#items";

    let all = ask(&mut world, "get", &format!("<query xmlns='{items}'/>"));
    let commands = "http://jabber.org/protocol/commands";
    let listed = format!("<query xmlns='{items}' node='{commands}'/>");
    let other = format!("<query xmlns='{items}' node='contacts'/>");

    assert_eq!(all, Ok(expected(&format!("<query xmlns='{items}'/>"))));
    let items = ask(&mut world, "get", &listed).unwrap();
    for node in ["register", "help"] {
        assert!(items.contains(&format!("node='{node}'")), "{items}");
    }
    assert_eq!(items.matches("<item ").count(), 2, "{items}");
    let error = ask(&mut world, "get", &other).unwrap_err();
    assert!(error.contains("<item-not-found "), "{error}");
    let command = format!("<command xmlns='{commands}' node='status'/>");
    let error = ask(&mut world, "set", &command).unwrap_err();
    assert!(error.contains("<registration-required "), "{error}");
    let search = "<query xmlns='jabber:iq:search'><nick>Ben</nick></query>";
    let error = ask(&mut world, "set", search).unwrap_err();
    assert!(error.contains("<registration-required "), "{error}");
}

#[test]
fn a_number_in_any_form_becomes_an_address() {
    let mut world = World::up();

    assert_eq!(
        ask(&mut world, "get", "<query xmlns='jabber:iq:gateway'/>"),
        Ok(expected(
            "<query xmlns='jabber:iq:gateway'>\
             <desc>Enter the ICQ number of the person.</desc>\
             <prompt>ICQ number</prompt></query>"
        ))
    );
    for typed in [
        "123456789",
        " 123-456-789",
        "icq:123 456 789",
        "UIN: 0123456789",
    ] {
        let set = format!("<query xmlns='jabber:iq:gateway'><prompt>{typed}</prompt></query>");
        assert_eq!(
            ask(&mut world, "set", &set),
            Ok(expected(
                "<query xmlns='jabber:iq:gateway'><jid>123456789@icq.example.org</jid></query>"
            ))
        );
    }
    for (content, condition) in [
        ("<prompt>benvolio</prompt>", "<not-acceptable "),
        ("<prompt>9999</prompt>", "<not-acceptable "),
        ("", "<bad-request "),
    ] {
        let set = format!("<query xmlns='jabber:iq:gateway'>{content}</query>");
        let error = ask(&mut world, "set", &set).unwrap_err();
        assert!(error.contains(condition), "{error}");
        assert!(error.contains("<text "), "{error}");
    }
}

#[test]
fn version_uptime_time_and_ping_are_answered() {
    let mut world = World::up();
    world.pass(seconds(100));

    let version = ask(&mut world, "get", "<query xmlns='jabber:iq:version'/>").unwrap();
    assert!(version.contains("<name>icq-transport</name>"), "{version}");
    assert_eq!(
        ask(&mut world, "get", "<query xmlns='jabber:iq:last'/>"),
        Ok(expected("<query xmlns='jabber:iq:last' seconds='102'/>"))
    );
    assert_eq!(
        ask(&mut world, "get", "<time xmlns='urn:xmpp:time'/>"),
        Ok(expected(
            "<time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>2026-11-24T14:01:42Z</utc></time>"
        ))
    );
    assert_eq!(
        ask(&mut world, "get", "<ping xmlns='urn:xmpp:ping'/>"),
        Ok(String::new())
    );
}

#[test]
fn what_is_not_offered_is_refused_by_kind() {
    let mut world = World::up();

    for (type_, payload, condition) in [
        (
            "get",
            "<query xmlns='jabber:iq:private'/>",
            "<service-unavailable ",
        ),
        ("set", "<query xmlns='jabber:iq:version'/>", "<bad-request "),
        ("get", "<what xmlns='urn:xmpp:ping'/>", "<bad-request "),
        (
            "get",
            "<x xmlns='jabber:x:oob'/>",
            "<feature-not-implemented ",
        ),
    ] {
        let error = ask(&mut world, type_, payload).unwrap_err();
        assert!(error.contains(condition), "{payload}: {error}");
    }
}
