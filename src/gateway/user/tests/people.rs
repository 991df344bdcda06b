//! vCards, search and e-mail addresses (xmpp-gateway.md §18.1, §20).

use super::*;
use crate::gateway::card;
use crate::model::{Found, Profile, Search, WhitePages};

const BEN: &str = "123456@icq.example.org";
const VCARD: &str = "<vCard xmlns='vcard-temp'/>";
const SEARCH: &str = "jabber:iq:search";

fn found(uin: u32, nick: &str) -> Found {
    Found {
        uin: Uin(uin),
        profile: Profile {
            nick: nick.into(),
            ..Profile::default()
        },
        online: Some(true),
    }
}

fn people(people: Vec<Found>) -> Result<Answer, NoAnswer> {
    let more = false;
    Ok(Answer::Found { people, more })
}

fn text(element: &Element, path: &[&str]) -> String {
    let mut at = element.clone();
    for name in path {
        let child = at.children().find(|child| child.name() == *name);
        at = child
            .unwrap_or_else(|| panic!("{path:?} in {element:?}"))
            .clone();
    }
    at.text()
}

fn condition(error: &Element) -> String {
    assert_eq!(error.name(), "error", "{error:?}");
    error.children().next().unwrap().name().to_owned()
}

#[test]
fn a_vcard_tells_what_icq_tells() {
    let mut world = World::online();

    world.asks(BEN, "get", VCARD);
    world.sees_nothing();
    let (id, question) = world.question();
    assert_eq!(question, Question::Details(Uin(123_456)));
    world.icq_answers(id, Ok(Answer::Details(Box::new(card::tests::benvolio()))));

    let expected: Element = "<vCard xmlns='vcard-temp'><FN>Benvolio Montague</FN>\
        <N><FAMILY>Montague</FAMILY><GIVEN>Benvolio</GIVEN></N><NICKNAME>Ben</NICKNAME>\
        <BDAY>1980-05-01</BDAY>\
        <ADR><HOME/><STREET>Via Cappello 23</STREET><LOCALITY>Verona</LOCALITY><REGION>Veneto</REGION>\
        <PCODE>37121</PCODE><CTRY>Italy</CTRY></ADR><ADR><WORK/><LOCALITY>Mantua</LOCALITY></ADR>\
        <TEL><HOME/><VOICE/><NUMBER>+39 045 1</NUMBER></TEL><TEL><HOME/><FAX/><NUMBER>+39 045 2</NUMBER></TEL>\
        <TEL><HOME/><CELL/><NUMBER>+39 333 1</NUMBER></TEL><TEL><WORK/><VOICE/><NUMBER>+39 0376 1</NUMBER></TEL>\
        <EMAIL><INTERNET/><PREF/><USERID>ben@verona.example</USERID></EMAIL>\
        <EMAIL><INTERNET/><USERID>b.montague@work.example</USERID></EMAIL>\
        <ORG><ORGNAME>Montague and Sons</ORGNAME><ORGUNIT>Peace</ORGUNIT></ORG><TITLE>Cousin</TITLE>\
        <URL>http://ben.example/</URL><URL>http://montague.example/</URL>\
        <JABBERID>123456@icq.example.org</JABBERID>\
        <DESC>I do but\nkeep the peace\nICQ: 123456\nGender: male\nAge: 20\nLanguages: Italian, English\n\
        Occupation: Military\nInterests: Sports: fencing\nOrganisations: Fraternity/Sorority\n\
        Past: University: Padua\nTime zone: UTC+01:00</DESC></vCard>"
        .parse()
        .unwrap();
    assert_eq!(world.answer(), expected);

    // Asked again within a day, nobody needs to ask ICQ; in the newer form neither.
    world.pass(seconds(23 * 3600));
    world.asks(
        BEN,
        "get",
        "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>",
    );
    let card = world.answer();
    assert_eq!(text(&card, &["fn", "text"]), "Benvolio Montague");
    assert_eq!(text(&card, &["bday", "date"]), "1980-05-01");
    assert_eq!(text(&card, &["gender", "sex"]), "M");
    assert_eq!(world.commands(), []);
    world.pass(seconds(2 * 3600));
    world.asks(BEN, "get", VCARD);
    assert_eq!(world.question().1, Question::Details(Uin(123_456)));
}

#[test]
fn a_silent_icq_makes_a_short_vcard_and_a_number_nobody_has_an_error() {
    let mut world = World::online();

    world.asks(BEN, "get", VCARD);
    world.pass(seconds(19));
    world.sees_nothing();
    world.pass(seconds(1));
    let card = world.answer();
    assert_eq!(text(&card, &["FN"]), "123456");
    assert_eq!(text(&card, &["DESC"]), "ICQ: 123456");

    world.asks(BEN, "get", VCARD);
    let (id, _) = world.question();
    world.icq_answers(id, Err(NoAnswer::Refused));
    assert_eq!(condition(&world.answer()), "item-not-found");

    world.asks(BEN, "set", VCARD);
    assert_eq!(condition(&world.answer()), "forbidden");
}

#[test]
fn icq_is_asked_once_in_three_seconds_and_once_for_all_who_want_to_know() {
    let mut world = World::online();

    for uin in [123_456, 123_456, 123_457, 123_458] {
        world.asks(&format!("{uin}@icq.example.org"), "get", VCARD);
    }
    let (first, question) = world.question();
    assert_eq!(question, Question::Details(Uin(123_456)));
    world.pass(seconds(3));
    let (second, question) = world.question();
    assert_eq!(question, Question::Details(Uin(123_457)));
    world.pass(seconds(3));
    assert_eq!(world.question().1, Question::Details(Uin(123_458)));

    let details = Answer::Details(Box::new(card::tests::benvolio()));
    world.icq_answers(first, Ok(details.clone()));
    assert_eq!(world.answer(), world.answer());
    world.icq_answers(second, Ok(details));
    assert_eq!(
        text(&world.answer(), &["JABBERID"]),
        "123457@icq.example.org"
    );
    world.sees_nothing();
}

#[test]
fn a_session_that_ends_leaves_no_question_open() {
    let mut world = World::online();
    world.asks(BEN, "get", VCARD);
    let search = format!("<query xmlns='{SEARCH}'><nick>Ben</nick></query>");
    world.asks("icq.example.org", "set", &search);

    world.icq(Event::LoggedOut(LogoutReason::SessionLost));

    let answers: Vec<String> = world
        .sent
        .iter()
        .filter(|it| it.starts_with("<iq"))
        .cloned()
        .collect();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(answers[0].contains("<vCard"), "{answers:?}");
    assert!(answers[1].contains("<service-unavailable"), "{answers:?}");
    // And without one there is nothing to wait for.
    world.sent.clear();
    world.asks(BEN, "get", VCARD);
    assert_eq!(text(&world.answer(), &["FN"]), "123456");
    world.asks("icq.example.org", "set", &search);
    assert_eq!(condition(&world.answer()), "service-unavailable");
}

#[test]
fn the_gateway_has_a_vcard_itself() {
    let mut world = World::online();

    world.asks("icq.example.org", "get", VCARD);

    let card = world.answer();
    assert_eq!(text(&card, &["FN"]), "ICQ");
    assert_eq!(text(&card, &["JABBERID"]), "icq.example.org");
}

#[test]
fn a_search_by_form_answers_with_a_table() {
    let mut world = World::online();
    world.asks(
        "icq.example.org",
        "get",
        &format!("<query xmlns='{SEARCH}'/>"),
    );
    let form = world.answer();
    let vars: Vec<String> = form
        .get_child("x", "jabber:x:data")
        .unwrap()
        .children()
        .filter_map(|field| field.attr("var").map(str::to_owned))
        .collect();
    assert_eq!(
        vars,
        [
            "FORM_TYPE",
            "uin",
            "nick",
            "first",
            "last",
            "email",
            "city",
            "country",
            "gender",
            "age_min",
            "age_max",
            "language",
            "keyword",
            "online"
        ]
    );

    world.asks(
        "icq.example.org",
        "set",
        &format!(
            "<query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>{SEARCH}</value></field>\
             <field var='city'><value>Verona</value></field>\
             <field var='online'><value>1</value></field></x></query>"
        ),
    );
    let (id, question) = world.question();
    let pages = WhitePages {
        city: "Verona".into(),
        online_only: true,
        ..WhitePages::default()
    };
    assert_eq!(
        question,
        Question::Search(Search::WhitePages(Box::new(pages)))
    );
    world.icq_answers(id, people(vec![found(123_456, "Ben")]));

    let table = world.answer();
    let form = table.get_child("x", "jabber:x:data").unwrap();
    let items: Vec<&Element> = form.children().filter(|it| it.name() == "item").collect();
    assert_eq!(items.len(), 1);
    let values: Vec<String> = items[0].children().map(|it| text(it, &["value"])).collect();
    assert_eq!(values, [BEN, "Ben", "", "", "", "online", "no"]);
}

#[test]
fn a_search_by_plain_fields_answers_with_plain_items() {
    let mut world = World::online();
    let query = format!("<query xmlns='{SEARCH}'><nick>Ben</nick><last/></query>");

    world.asks("icq.example.org", "set", &query);
    let (id, _) = world.question();
    world.icq_answers(id, people(vec![found(123_456, "Ben")]));

    let expected: Element = format!(
        "<query xmlns='{SEARCH}'><item jid='{BEN}'><nick>Ben</nick><first/><last/><email/></item></query>"
    )
    .parse()
    .unwrap();
    assert_eq!(world.answer(), expected);

    // Nobody is no error, nothing is one, and so is haste.
    world.pass(seconds(5));
    world.asks("icq.example.org", "set", &query);
    let (id, _) = world.question();
    world.icq_answers(id, people(Vec::new()));
    assert_eq!(world.answer().children().count(), 0);
    world.asks("icq.example.org", "set", &query);
    assert_eq!(condition(&world.answer()), "resource-constraint");
    world.asks(
        "icq.example.org",
        "set",
        &format!("<query xmlns='{SEARCH}'><nick/></query>"),
    );
    assert_eq!(condition(&world.answer()), "not-acceptable");
}

#[test]
fn an_icq_that_cannot_search_says_so() {
    let mut world = World::online();
    let query = format!("<query xmlns='{SEARCH}'><nick>Ben</nick></query>");
    for (why, expected) in [
        (NoAnswer::Unsupported, "feature-not-implemented"),
        (NoAnswer::Refused, "not-acceptable"),
        (NoAnswer::Silent, "remote-server-timeout"),
        (NoAnswer::Busy, "resource-constraint"),
    ] {
        world.asks("icq.example.org", "set", &query);
        let (id, _) = world.question();
        world.icq_answers(id, Err(why));
        assert_eq!(condition(&world.answer()), expected, "{why:?}");
        world.pass(seconds(5));
    }
}

#[test]
fn an_email_address_names_the_one_person_who_has_it() {
    let mut world = World::online();
    for (people_found, expected) in [
        (vec![found(123_456, "Ben")], Ok(BEN)),
        (vec![], Err("Nobody on ICQ has this e-mail address.")),
        (
            vec![found(123_456, "Ben"), found(123_457, "Ben")],
            Err("Several people; use search."),
        ),
    ] {
        world.asks(
            "icq.example.org",
            "set",
            "<query xmlns='jabber:iq:gateway'><prompt> ben@verona.example </prompt></query>",
        );
        let (id, question) = world.question();
        let email = "ben@verona.example".to_owned();
        assert_eq!(question, Question::Search(Search::Email(email)));
        world.icq_answers(id, people(people_found));
        let answer = world.answer();
        match expected {
            Ok(jid) => assert_eq!(text(&answer, &["jid"]), jid),
            Err(sentence) => {
                assert_eq!(condition(&answer), "item-not-found");
                assert_eq!(text(&answer, &["text"]), sentence);
            }
        }
        world.pass(seconds(5));
    }
    // After ten seconds, nobody waits any longer.
    world.asks(
        "icq.example.org",
        "set",
        "<query xmlns='jabber:iq:gateway'><prompt>ben@verona.example</prompt></query>",
    );
    world.pass(seconds(10));
    assert_eq!(condition(&world.answer()), "remote-server-timeout");
}
