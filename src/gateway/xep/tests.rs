//! What contacts answer to a registered user (xmpp-gateway.md §4.3, §15.4, §26).

use super::*;
use crate::gateway::testkit::{now, seconds, settings, stanza};
use crate::xmpp::Stanza;

const ACCOUNT: &str = "123456@icq.example.org";
const CLIENT: &str = "123456@icq.example.org/ICQ";

fn ask(to: &str, online: bool, payload: &str) -> Answer {
    let last_seen = now().unix;
    let xml = format!("<iq type='get' id='q' from='romeo@example.org/pc' to='{to}'>{payload}</iq>");
    let Stanza::Iq(iq) = stanza(&xml) else {
        panic!("it is an iq");
    };
    let request = Request::read(iq).unwrap();
    let settings = settings();
    let address = Address::read(&request.to, settings.lowest_uin);
    let about = match address {
        Address::Contact(uin) => Some(uin),
        Address::Gateway | Address::Invalid => None,
    };
    let task = answer(&Question {
        now: now().after(seconds(60)),
        shared: &Shared::new(settings, now()),
        place: Place::of(address, &request.to),
        contact: Some(ContactView {
            name: "Benvolio",
            online,
            last_seen: (!online).then_some(last_seen),
        }),
        about,
        view: None,
        version: None,
        request: &request,
    })?;
    match task {
        Task::Answer(payload) => Ok(payload),
        Task::Act(..) => panic!("something was to be done"),
    }
}

fn condition(answer: Answer) -> Condition {
    answer.unwrap_err().condition
}

#[test]
fn an_account_and_its_client_are_told_apart() {
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let account = ask(ACCOUNT, false, info).unwrap().unwrap();
    let client = ask(CLIENT, true, info).unwrap().unwrap();

    let expected: Element = "<query xmlns='http://jabber.org/protocol/disco#info'>\
        <identity category='account' type='registered' name='Benvolio'/>\
        <feature var='http://jabber.org/protocol/commands'/>\
        <feature var='http://jabber.org/protocol/disco#info'/>\
        <feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='jabber:iq:last'/>\
        <feature var='urn:ietf:params:xml:ns:vcard-4.0'/>\
        <feature var='urn:xmpp:ping'/>\
        <feature var='vcard-temp'/></query>"
        .parse()
        .unwrap();
    assert_eq!(account, expected);
    let expected: Element = "<query xmlns='http://jabber.org/protocol/disco#info'>\
        <identity category='client' type='pc' name='ICQ'/>\
        <feature var='http://jabber.org/protocol/commands'/>\
        <feature var='http://jabber.org/protocol/disco#info'/>\
        <feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='jabber:iq:version'/>\
        <feature var='jabber:x:oob'/>\
        <feature var='urn:xmpp:ping'/></query>"
        .parse()
        .unwrap();
    assert_eq!(client, expected);
}

#[test]
fn the_capabilities_of_contacts_are_answered_at_their_clients() {
    let shared = Shared::new(settings(), now());
    let caps = shared.caps.client();
    let (node, ver) = (caps.attr("node").unwrap(), caps.attr("ver").unwrap());
    let info =
        format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{node}#{ver}'/>");

    assert!(ask(CLIENT, true, &info).is_ok());
    assert_eq!(
        condition(ask(ACCOUNT, true, &info)),
        Condition::ItemNotFound
    );
}

#[test]
fn a_client_answers_while_it_is_online() {
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let version = "<query xmlns='jabber:iq:version'/>";

    assert_eq!(ask(ACCOUNT, false, ping), Ok(None));
    assert_eq!(ask(CLIENT, true, ping), Ok(None));
    assert!(ask(CLIENT, true, version).is_ok());
    for payload in [ping, version] {
        let offline = ask(CLIENT, false, payload);
        assert_eq!(condition(offline), Condition::ServiceUnavailable);
    }
    let account = ask(ACCOUNT, true, version);
    assert_eq!(condition(account), Condition::ServiceUnavailable);
}

#[test]
fn an_account_tells_since_when_it_is_offline_and_nobody_how_long_it_is_idle() {
    let last = "<query xmlns='jabber:iq:last'/>";

    let offline = ask(ACCOUNT, false, last).unwrap().unwrap();

    assert_eq!(offline.attr("seconds"), Some("60"));
    for to in [ACCOUNT, CLIENT] {
        let online = ask(to, true, last);
        assert_eq!(condition(online), Condition::ServiceUnavailable);
    }
}

#[test]
fn what_belongs_to_the_gateway_is_not_implemented_at_a_contact() {
    for payload in [
        "<query xmlns='jabber:iq:register'/>",
        "<query xmlns='jabber:iq:gateway'/>",
    ] {
        let answer = ask(ACCOUNT, true, payload);
        assert_eq!(condition(answer), Condition::FeatureNotImplemented);
    }
    let unknown = ask(ACCOUNT, true, "<query xmlns='jabber:iq:private'/>");
    assert_eq!(condition(unknown), Condition::ServiceUnavailable);
}

#[test]
fn no_namespace_is_listed_twice_and_all_in_order() {
    let names: Vec<&str> = ALL.iter().map(|it| it.namespace).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}
