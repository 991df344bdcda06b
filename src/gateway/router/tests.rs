//! Conversations with the gateway itself; users' tasks are played by the test.

use std::collections::VecDeque;

use super::*;
use crate::gateway::testkit::{expected, logged, now, seconds, settings, shown, stanza};
use crate::gateway::{AccessRule, ContactAddresses, Who};
use crate::model::{Secret, UnixTime};
use crate::store::{Mode, Registration};

mod discovery;
mod limits;
mod strangers;

/// A gateway, the moment, and what it has wanted so far.
struct World {
    now: Now,
    gateway: Gateway,
    sent: VecDeque<String>,
    delivered: Vec<(String, UserInput)>,
    started: Vec<(String, Box<User>)>,
}

impl World {
    /// The link is up, its grants are known; nobody is registered.
    fn up() -> Self {
        Self::with(settings())
    }

    fn with(settings: Settings) -> Self {
        let mut world = Self::down(settings);
        world.input(GatewayInput::LinkUp);
        world.pass(seconds(2));
        world
    }

    fn down(settings: Settings) -> Self {
        let now = now();
        Self {
            now,
            gateway: Gateway::new(now, settings, 0xab, 1),
            sent: VecDeque::new(),
            delivered: Vec::new(),
            started: Vec::new(),
        }
    }

    /// `name@example.org` is registered, and was told that the link is up.
    fn and_registered(mut self, name: &str) -> Self {
        self.load(name);
        self.pass(seconds(10));
        self.delivered.clear();
        self
    }

    fn load(&mut self, name: &str) {
        self.load_jid(&format!("{name}@example.org"));
    }

    fn load_jid(&mut self, jid: &str) {
        let jid = BareJid::new(jid).unwrap();
        let record = UserRecord::new(Registration {
            uin: Uin(100_001),
            password: Secret::new("old"),
            mode: Mode::Follow,
            charset: "windows-1252".into(),
            import_contacts: true,
            registered: UnixTime::from_secs(1),
            network: "icq".to_owned(),
            version: None,
        });
        self.gateway.load(self.now, jid, record);
        self.drain();
    }

    fn input(&mut self, input: GatewayInput) {
        self.gateway.handle_input(self.now, input);
        self.drain();
    }

    fn hears(&mut self, xml: &str) {
        self.input(GatewayInput::Stanza(stanza(xml)));
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        for _ in 0..100_000 {
            let due = self.gateway.poll_timeout();
            let Some(due) = due.filter(|due| *due <= end.instant) else {
                self.now = end;
                return;
            };
            let wait = due.saturating_duration_since(self.now.instant);
            self.now = self.now.after(wait);
            self.gateway.handle_timeout(self.now);
            self.drain();
        }
        panic!("the same thing falls due again and again");
    }

    fn drain(&mut self) {
        while let Some(output) = self.gateway.poll_output() {
            match output {
                GatewayOutput::Send(stanza) => self.sent.push_back(shown(&stanza)),
                GatewayOutput::Deliver { user, input } => {
                    self.delivered.push((user.to_string(), input));
                }
                GatewayOutput::Start { user, run } => self.started.push((user.to_string(), run)),
            }
        }
    }

    fn sees(&mut self, xml: &str) {
        assert_eq!(self.sent.pop_front(), Some(expected(xml)));
    }

    fn sees_nothing(&self) {
        assert_eq!(self.sent, [""; 0]);
    }

    /// The next stanza is an error, with this in it.
    fn sees_error(&mut self, id: &str, condition: &str) {
        let stanza = self.sent.pop_front().expect("an error");
        assert!(stanza.contains("type='error'"), "{stanza}");
        assert!(stanza.contains(&format!("id='{id}'")), "{stanza}");
        assert!(stanza.contains(&format!("<{condition} ")), "{stanza}");
    }

    /// What was delivered since the last time: to whom, and what kind.
    fn deliveries(&mut self) -> Vec<(String, &'static str)> {
        let kind = |input: &UserInput| match input {
            UserInput::Stanza(_) => "stanza",
            UserInput::LinkUp(_) => "link up",
            UserInput::Privileges(_) => "privileges",
            UserInput::LinkDown => "link down",
            UserInput::Confirmed(_) => "confirmed",
            UserInput::LoginGranted => "granted",
            UserInput::Connected { .. } | UserInput::ConnectFailed(_) => "connected",
            UserInput::BadAnswer(_) => "bad answer",
            UserInput::Shutdown => "shutdown",
        };
        let delivered = std::mem::take(&mut self.delivered);
        delivered
            .into_iter()
            .map(|(user, input)| (user, kind(&input)))
            .collect()
    }
}

fn register(from: &str, children: &str) -> String {
    format!(
        "<iq type='set' id='r1' from='{from}' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'>{children}</query></iq>"
    )
}

const FIELDS: &str = "<username>123456</username><password>secret</password>";

fn romeo() -> BareJid {
    "romeo@example.org".parse().unwrap()
}

#[test]
fn a_registered_users_stanzas_go_to_their_task() {
    let mut world = World::up().and_registered("romeo");

    for xml in [
        "<presence from='romeo@example.org/pc' to='icq.example.org'/>",
        "<presence from='romeo@example.org/pc' to='123456@icq.example.org'/>",
        "<message from='romeo@example.org/pc' to='123456@icq.example.org'><body>x</body></message>",
        "<iq type='get' id='i' from='romeo@example.org/pc' to='icq.example.org'>\
         <ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq type='result' id='i' from='romeo@example.org' to='icq.example.org'/>",
    ] {
        world.hears(xml);
        let to_romeo = ("romeo@example.org".to_owned(), "stanza");
        assert_eq!(world.deliveries(), [to_romeo], "{xml}");
    }
    world.sees_nothing();
}

#[test]
fn an_address_that_names_nobody_is_answered_for_everybody() {
    let mut world = World::up().and_registered("romeo");

    for name in ["romeo", "tybalt"] {
        let from = format!("from='{name}@example.org/pc' to='juliet@icq.example.org'");
        world.hears(&format!("<message id='m' {from}><body>x</body></message>"));
        world.sees_error("m", "item-not-found");
        world.hears(&format!(
            "<iq type='get' id='q' {from}><ping xmlns='urn:xmpp:ping'/></iq>"
        ));
        world.sees_error("q", "item-not-found");
        world.hears(&format!("<presence type='subscribe' id='s' {from}/>"));
        world.sees_error("s", "item-not-found");
        world.sees(&format!(
            "<presence type='unsubscribed' from='juliet@icq.example.org' \
             to='{name}@example.org'/>"
        ));
    }
    world.hears("<message type='error' from='romeo@example.org' to='x@icq.example.org'/>");
    world.sees_nothing();
    assert_eq!(world.deliveries(), []);
}

#[test]
fn stanzas_to_elsewhere_and_from_ourselves_are_nobodys() {
    let mut world = World::up();

    world.hears("<message from='romeo@example.org' to='example.org'><body>x</body></message>");
    world.hears("<message from='romeo@example.org'><body>x</body></message>");
    world.hears("<message to='icq.example.org'><body>x</body></message>");
    world.hears(
        "<iq type='get' id='l' from='123456@icq.example.org' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'/></iq>",
    );

    world.sees_nothing();
}

#[test]
fn a_registration_starts_a_task_that_tries_it() {
    let mut world = World::up();

    world.hears(&register("romeo@example.org/pc", FIELDS));

    world.sees_nothing();
    let [(user, task)] = &mut world.started[..] else {
        panic!("one task");
    };
    assert_eq!(user, "romeo@example.org");
    let first = task.poll_output();
    assert!(
        matches!(first, Some(crate::gateway::UserOutput::WantLogin)),
        "{first:?}"
    );

    // Until it is registered, Romeo is a stranger whose presence is of interest.
    world.hears("<presence from='romeo@example.org/pc' to='icq.example.org'/>");
    assert_eq!(
        world.deliveries(),
        [("romeo@example.org".to_owned(), "stanza")]
    );
    world.hears("<message id='m' from='romeo@example.org/pc' to='123456@icq.example.org'><body>x</body></message>");
    world.sees_error("m", "registration-required");
    world.hears(&register("romeo@example.org/pc", FIELDS));
    world.sees_error("r1", "resource-constraint");

    world.input(GatewayInput::Registered(romeo(), true));
    world.hears(&register("romeo@example.org/pc", FIELDS));
    assert_eq!(
        world.deliveries(),
        [("romeo@example.org".to_owned(), "stanza")]
    );
}

#[test]
fn the_form_follows_the_language_of_whoever_asks() {
    let mut world = World::up();

    world.hears(
        "<iq type='get' id='r0' from='romeo@example.org/pc' to='icq.example.org'>\
         <query xmlns='jabber:iq:register' xml:lang='uk'/></iq>",
    );

    let form = world.sent.pop_front().unwrap();
    assert!(
        form.ends_with("<value>windows-1251</value></field></x></query></iq>"),
        "{form}"
    );
}

#[test]
fn who_has_unregistered_is_a_stranger_while_the_task_tidies_up() {
    let mut world = World::up().and_registered("romeo");
    world.input(GatewayInput::Registered(romeo(), false));

    world.hears("<iq type='result' id='x' from='romeo@example.org' to='icq.example.org'/>");
    assert_eq!(
        world.deliveries(),
        [("romeo@example.org".to_owned(), "stanza")]
    );
    world.hears(&register("romeo@example.org/pc", FIELDS));
    world.sees_error("r1", "resource-constraint");

    world.input(GatewayInput::Ended(romeo(), Ending::Unregistered));
    world.hears(&register("romeo@example.org/pc", FIELDS));
    world.sees_nothing();
    assert_eq!(world.started.len(), 2);
}

#[test]
fn who_may_not_use_the_gateway_cannot_register() {
    let mut settings = settings();
    settings.access = vec![AccessRule {
        who: Who::Anybody,
        allowed: true,
    }];
    let mut world = World::with(settings);
    world.hears(&register("example.net", FIELDS));
    world.sees_error("r1", "not-allowed");

    let mut world = World::up();
    world.hears(&register("paris@example.net/x", FIELDS));
    world.sees_error("r1", "not-allowed");
    world.hears(
        "<iq type='get' id='g' from='paris@example.net/x' to='icq.example.org'>\
         <query xmlns='jabber:iq:register'/></iq>",
    );
    world.sees_error("g", "not-allowed");
    assert!(world.started.is_empty());
}

#[test]
fn a_user_who_may_not_any_more_is_kept_and_not_served() {
    let mut settings = settings();
    settings.access = Vec::new();
    let mut world = World::with(settings);
    world.load("romeo");
    assert!(world.started.is_empty());

    world.hears("<presence from='romeo@example.org/pc' to='icq.example.org'/>");
    world.sees_nothing();
    world.hears(
        "<message id='m' from='romeo@example.org/pc' to='123456@icq.example.org'>\
         <body>x</body></message>",
    );
    world.sees_error("m", "not-allowed");
}

#[test]
fn an_error_never_repeats_what_was_filled_in() {
    let mut world = World::up();

    world.hears(&register(
        "romeo@example.org/pc",
        "<username>nobody</username><password>secret</password>",
    ));

    let error = world.sent.pop_front().unwrap();
    assert!(error.contains("<not-acceptable "), "{error}");
    assert!(
        !error.contains("secret") && !error.contains("<query"),
        "{error}"
    );
}

#[test]
fn somebody_without_a_registration_has_none_to_remove() {
    let mut world = World::up();

    world.hears(&register("romeo@example.org/pc", "<remove/>"));

    world.sees_error("r1", "registration-required");
}

#[test]
fn a_number_has_one_user_if_the_operator_says_so() {
    let mut settings = settings();
    settings.unique_uin = true;
    let mut world = World::with(settings).and_registered("romeo");
    let taken = "<username>100001</username><password>x</password>";

    world.hears(&register("mercutio@example.org/pc", taken));
    world.sees_error("r1", "conflict");
    world.hears(&register("romeo@example.org/pc", taken));
    assert_eq!(world.deliveries().len(), 1, "it is his own");

    // He is about to have another one.
    world.hears(&register("romeo@example.org/pc", FIELDS));
    world.hears(&register("mercutio@example.org/pc", FIELDS));
    world.sees_error("r1", "conflict");

    // It did not work: his number is still the first one.
    world.pass(seconds(20));
    world.hears(&register("mercutio@example.org/pc", taken));
    world.sees_error("r1", "conflict");
    world.hears(&register("mercutio@example.org/pc", FIELDS));
    world.sees_nothing();
    world.input(GatewayInput::Ended(
        "mercutio@example.org".parse().unwrap(),
        Ending::NotRegistered,
    ));

    // It worked.
    world.hears(&register("romeo@example.org/pc", FIELDS));
    world.input(GatewayInput::Registered(romeo(), true));
    world.pass(seconds(60));
    world.hears(&register("mercutio@example.org/pc", FIELDS));
    world.sees_error("r1", "conflict");
    world.hears(&register("mercutio@example.org/pc", taken));
    world.sees_nothing();
}

#[test]
fn a_stanza_that_could_not_be_read_is_answered_by_its_header() {
    let mut world = World::up().and_registered("romeo");
    let bad = |kind, type_: Option<&str>, defect| BadStanza {
        kind,
        from: Some("romeo@example.org/pc".into()),
        to: Some("123456@icq.example.org".into()),
        id: Some("b".into()),
        type_: type_.map(Into::into),
        defect,
    };
    for (kind, type_, defect, condition) in [
        (
            StanzaKind::Iq,
            Some("get"),
            Defect::Malformed,
            "bad-request",
        ),
        (
            StanzaKind::Iq,
            Some("foo"),
            Defect::Malformed,
            "bad-request",
        ),
        (
            StanzaKind::Iq,
            Some("set"),
            Defect::TooDeep,
            "policy-violation",
        ),
        (
            StanzaKind::Message,
            None,
            Defect::TooLarge,
            "policy-violation",
        ),
        (
            StanzaKind::Message,
            Some("chat"),
            Defect::Malformed,
            "bad-request",
        ),
    ] {
        world.input(GatewayInput::Bad(bad(kind, type_, defect)));
        world.sees_error("b", condition);
    }
    for (kind, type_) in [
        (StanzaKind::Message, Some("error")),
        (StanzaKind::Presence, Some("subscribe")),
        (StanzaKind::Other, None),
    ] {
        world.input(GatewayInput::Bad(bad(kind, type_, Defect::Malformed)));
    }
    world.sees_nothing();
    assert_eq!(world.deliveries(), []);

    world.input(GatewayInput::Bad(bad(
        StanzaKind::Iq,
        Some("error"),
        Defect::Malformed,
    )));
    let to_romeo = |kind| ("romeo@example.org".to_owned(), kind);
    assert_eq!(world.deliveries(), [to_romeo("bad answer")]);

    world.input(GatewayInput::Bad(bad(
        StanzaKind::Presence,
        None,
        Defect::Malformed,
    )));
    assert_eq!(world.deliveries(), [to_romeo("stanza")]);
    world.sees_nothing();

    world.input(GatewayInput::Bad(BadStanza {
        from: Some("@@".into()),
        ..bad(StanzaKind::Iq, Some("get"), Defect::Malformed)
    }));
    world.sees_nothing();
}

#[test]
fn users_learn_that_the_link_is_up_after_two_seconds_and_fifty_a_second() {
    let mut world = World::down(settings());
    for n in 0..120 {
        world.load(&format!("user{n}"));
    }

    world.input(GatewayInput::LinkUp);
    world.pass(Duration::from_millis(1900));
    assert_eq!(world.deliveries(), []);
    world.pass(Duration::from_millis(1099));
    assert_eq!(world.deliveries().len(), 50);
    world.pass(seconds(10));
    assert_eq!(world.deliveries().len(), 70);
    assert_eq!(world.gateway.poll_timeout(), None);

    world.input(GatewayInput::LinkDown);
    assert_eq!(world.deliveries().len(), 120);
    world.input(GatewayInput::LinkDown);
    assert_eq!(world.deliveries(), []);
}

#[test]
fn grants_of_the_server_are_believed_and_end_the_wait() {
    let mut world = World::down(settings());
    world.load("romeo");
    world.input(GatewayInput::LinkUp);

    let privilege = "<privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/>\
        <perm access='message' type='outgoing'/></privilege>";
    for forger in ["example.net", "romeo@example.org", "example.org/x"] {
        world.hears(&format!(
            "<message from='{forger}' to='icq.example.org'>{privilege}</message>"
        ));
    }
    assert_eq!(world.deliveries(), []);
    world.hears(&format!(
        "<message from='example.org' to='icq.example.org'>{privilege}</message>"
    ));

    let [(_, UserInput::LinkUp(privileges))] = &world.delivered[..] else {
        panic!("Romeo is told: {:?}", world.delivered);
    };
    assert_eq!(
        **privileges,
        crate::gateway::Privileges {
            roster_get: true,
            roster_set: true,
            message: Some("urn:xmpp:privilege:2".into()),
        }
    );
    world.sees_nothing();
}

#[test]
fn grants_that_come_late_or_change_are_passed_on_to_those_they_are_for() {
    let mut world = World::up().and_registered("romeo");
    world.load_jid("paris@example.net");
    world.pass(seconds(10));
    world.delivered.clear();
    let mut grants = |type_: &str| {
        world.hears(&format!(
            "<message from='example.org' to='icq.example.org'>\
             <privilege xmlns='urn:xmpp:privilege:1'><perm access='roster' type='{type_}'/>\
             </privilege></message>"
        ));
        world.pass(seconds(1));
        let delivered = std::mem::take(&mut world.delivered);
        delivered
            .into_iter()
            .map(|(user, input)| match input {
                UserInput::Privileges(privileges) => (user, privileges.roster_set),
                other => panic!("{user}: {other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let romeo = |roster_set| ("romeo@example.org".to_owned(), roster_set);

    assert_eq!(grants("both"), [romeo(true)]);
    assert_eq!(grants("both"), []);
    assert_eq!(grants("get"), [romeo(false)]);
}

#[test]
fn whoever_pretends_to_grant_privileges_is_logged_once_in_a_while() {
    let lines = logged(|| {
        let mut world = World::up().and_registered("romeo");
        for _ in 0..100 {
            world.hears(
                "<message from='romeo@example.org/pc' to='icq.example.org'>\
                 <privilege xmlns='urn:xmpp:privilege:2'>\
                 <perm access='roster' type='both'/></privilege></message>",
            );
        }
        world.sees_nothing();
        assert_eq!(world.deliveries(), []);
    });

    assert_eq!(
        lines,
        ["WARN pretends to be a server that grants privileges from=romeo@example.org/pc"]
    );
}

#[test]
fn an_element_that_is_only_called_privilege_is_nobodys_fraud() {
    let mut world = World::up().and_registered("romeo");

    world.hears(
        "<message from='romeo@example.org/pc' to='123456@icq.example.org'><body>x</body>\
         <privilege xmlns='urn:example:nobility'/></message>",
    );

    assert_eq!(world.deliveries().len(), 1);
}

#[test]
fn a_user_who_speaks_first_is_told_of_the_link_first() {
    let mut world = World::down(settings());
    world.load("romeo");
    world.input(GatewayInput::LinkUp);

    world.hears("<presence from='romeo@example.org/pc' to='icq.example.org'/>");

    let kinds: Vec<_> = world
        .deliveries()
        .into_iter()
        .map(|(_, kind)| kind)
        .collect();
    assert_eq!(kinds, ["link up", "stanza"]);
    world.pass(seconds(10));
    assert_eq!(world.deliveries(), []);
}

#[test]
fn logins_begin_five_a_second_and_registrations_first() {
    let mut world = World::up();
    for n in 0..20 {
        world.load(&format!("user{n}"));
    }
    world.pass(seconds(10));
    world.deliveries();
    for n in 0..20 {
        let user = BareJid::new(&format!("user{n}@example.org")).unwrap();
        world.input(GatewayInput::WantLogin(user.clone()));
        if n >= 5 {
            // Who waits already does not wait twice.
            world.input(GatewayInput::WantLogin(user));
        }
    }
    world.hears(&register("romeo@example.org/pc", FIELDS));
    world.input(GatewayInput::WantLogin(romeo()));

    assert_eq!(world.deliveries().len(), 5);
    world.pass(Duration::from_millis(200));
    assert_eq!(
        world.deliveries(),
        [("romeo@example.org".to_owned(), "granted")]
    );
    world.pass(Duration::from_millis(1000));
    assert_eq!(world.deliveries().len(), 5);
    world.pass(seconds(60));
    assert_eq!(world.deliveries().len(), 10);
}

#[test]
fn users_are_counted_by_state() {
    let mut world = World::up();
    for name in ["a", "b", "c"] {
        world.load(name);
    }
    let a: BareJid = "a@example.org".parse().unwrap();
    world.input(GatewayInput::State(a, UserState::Online));

    let count = world.gateway.users_by_state();
    assert_eq!(count, BTreeMap::from([("offline", 2), ("online", 1)]));
}

#[test]
fn shutdown_tells_everybody_and_serves_nobody_new() {
    let mut world = World::up().and_registered("romeo");

    world.input(GatewayInput::Shutdown);
    assert_eq!(
        world.deliveries(),
        [("romeo@example.org".to_owned(), "shutdown")]
    );
    world.hears(&register("mercutio@example.org/pc", FIELDS));
    world.sees_error("r1", "service-unavailable");
    world.hears("<message id='m' from='romeo@example.org/pc' to='123456@icq.example.org'><body>x</body></message>");
    world.sees_error("m", "service-unavailable");
    world.input(GatewayInput::WantLogin(romeo()));
    world.pass(seconds(5));
    assert_eq!(world.deliveries(), []);
    assert!(!world.gateway.is_finished());

    world.input(GatewayInput::Ended(romeo(), Ending::Shutdown));
    assert!(world.gateway.is_finished());
}
