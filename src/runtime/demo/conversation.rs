//! What Alice does and sees in the demo.

use std::io;
use std::time::Duration;

use minidom::Element;

use super::ALICE;
use super::client::Client;
use super::prosody::COMPONENT;

/// A conversation through the gateway, step by step; each step ends with a stanza that has to come.
pub(super) struct Conversation {
    client: Client,
    say: fn(&str),
}

impl Conversation {
    /// One that `client` will hold, told line by line to `say`.
    pub(super) fn new(client: Client, say: fn(&str)) -> Self {
        Self { client, say }
    }

    /// Holds it.
    ///
    /// # Errors
    ///
    /// When a stanza does not come within [`PATIENCE`]; the error names it.
    pub(super) async fn hold(mut self) -> io::Result<()> {
        let (number, password) = ALICE;
        let echo = format!("{ECHO}@{COMPONENT}");
        let greeter = format!("{GREETER}@{COMPONENT}");

        // Only who has asked for the roster is told of subscriptions.
        self.client
            .send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>")
            .await?;
        self.does(&format!(
            "registers at {COMPONENT} with ICQ number {number}"
        ));
        self.client.send(&registration(number, password)).await?;
        self.sees("the registration accepted", |s| is_result(s, "reg"))
            .await?;
        self.sees("the gateway online", |s| shows(s, COMPONENT, None))
            .await?;

        self.does(&format!("adds ICQ number {ECHO} to the contact list"));
        self.client
            .send(&format!("<presence type='subscribe' to='{echo}'/>"))
            .await?;
        self.sees("the subscription granted", |s| {
            is_presence(s, &echo, "subscribed")
        })
        .await?;
        self.sees("the contact online", |s| shows(s, &echo, None))
            .await?;

        self.does("writes “Привет, ICQ!”");
        self.client.send(&chat(&echo, "Привет, ICQ!")).await?;
        self.sees("the answer", |s| {
            body_from(s, &echo).as_deref() == Some("Привет, ICQ!")
        })
        .await?;

        self.does(&format!("adds {GREETER}, who writes first"));
        self.client
            .send(&format!("<presence type='subscribe' to='{greeter}'/>"))
            .await?;
        self.sees("the subscription granted", |s| {
            is_presence(s, &greeter, "subscribed")
        })
        .await?;
        self.sees("a first message", |s| body_from(s, &greeter).is_some())
            .await?;
        Ok(())
    }

    fn does(&self, what: &str) {
        (self.say)(&format!("\nAlice {what}"));
    }

    /// Waits for a stanza and tells it; the others that come meanwhile are passed over.
    async fn sees(&mut self, what: &str, wanted: impl Fn(&Element) -> bool) -> io::Result<()> {
        let say = self.say;
        let mut passed = Vec::new();
        let stanza = self
            .client
            .wait(PATIENCE, wanted, |stanza| passed.push(String::from(stanza)))
            .await;
        let stanza = stanza.map_err(|error| {
            let seen = passed.join("\n");
            io::Error::new(
                error.kind(),
                format!("Alice does not see {what}: {error}. She saw:\n{seen}"),
            )
        })?;
        say(&told(&stanza));
        Ok(())
    }
}

/// How long each stanza may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Contacts of the tree's ICQ server: one answers each text with the same text, one writes first.
const ECHO: u32 = 10_001;
const GREETER: u32 = 10_006;

fn registration(number: u32, password: &str) -> String {
    format!(
        "<iq type='set' id='reg' to='{COMPONENT}'><query xmlns='jabber:iq:register'>\
         <username>{number}</username><password>{password}</password></query></iq>"
    )
}

fn chat(to: &str, text: &str) -> String {
    format!("<message type='chat' id='demo' to='{to}'><body>{text}</body></message>")
}

fn is_result(stanza: &Element, id: &str) -> bool {
    stanza.name() == "iq" && stanza.attr("id") == Some(id) && stanza.attr("type") == Some("result")
}

fn is_from(stanza: &Element, bare: &str) -> bool {
    stanza
        .attr("from")
        .is_some_and(|from| from.split('/').next() == Some(bare))
}

fn is_presence(stanza: &Element, from: &str, kind: &str) -> bool {
    stanza.name() == "presence" && stanza.attr("type") == Some(kind) && is_from(stanza, from)
}

/// An available presence of `from` with that `<show/>`, or without one.
fn shows(stanza: &Element, from: &str, show: Option<&str>) -> bool {
    stanza.name() == "presence"
        && stanza.attr("type").is_none()
        && is_from(stanza, from)
        && child(stanza, "show").as_deref() == show
}

fn body_from(stanza: &Element, from: &str) -> Option<String> {
    (stanza.name() == "message" && is_from(stanza, from))
        .then(|| child(stanza, "body"))
        .flatten()
}

fn child(stanza: &Element, name: &str) -> Option<String> {
    stanza
        .children()
        .find(|c| c.name() == name)
        .map(Element::text)
}

/// A received stanza as one line for people.
fn told(stanza: &Element) -> String {
    let from = stanza.attr("from").unwrap_or("the server");
    let what = match (stanza.name(), stanza.attr("type")) {
        ("iq", kind) => format!("iq {}", kind.unwrap_or_default()),
        ("message", _) => format!("message “{}”", child(stanza, "body").unwrap_or_default()),
        ("presence", Some(kind)) => kind.to_owned(),
        ("presence", None) => {
            let show = child(stanza, "show").unwrap_or_else(|| "online".to_owned());
            match child(stanza, "status") {
                Some(status) => format!("{show}, “{status}”"),
                None => show,
            }
        }
        (name, _) => name.to_owned(),
    };
    format!("  ← {from:<32} {what}")
}
