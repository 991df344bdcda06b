//! A packet for people and programs: a line, in full, or JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::fields::{fields, hex, latin_or_utf8};
use super::{Datagram, Ends, Packet};
use crate::icq::udp::{Dump, Side};
use crate::icq::wire::text::Charset;
use crate::icq::wire::{Field, Value};

/// What may be seen of a packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Show {
    /// Passwords.
    pub passwords: bool,
    /// Texts, names and whatever has no meaning known here.
    pub texts: bool,
    /// The code page of texts that are not UTF-8; without it each byte is a character of Latin-1.
    pub charset: Option<Charset>,
}

impl Packet {
    /// One line: when, who, what, and the fields of the body.
    pub fn line(&self, show: Show) -> String {
        let dump = self.dump();
        let mut line = self.head(&dump);
        for field in self.body_fields(&dump) {
            let _ = write!(line, " {}={}", field.name, value(&field.value, show));
        }
        if let Some(note) = self.note(&dump) {
            let _ = write!(line, " ({note})");
        }
        line
    }

    /// The line's beginning, then a line for each field: offset, length, name, value.
    pub fn full(&self, show: Show) -> String {
        let dump = self.dump();
        let mut text = self.head(&dump);
        if let Some(section) = self.section() {
            let _ = write!(text, "  icq-udp.md §{section}");
        }
        for field in &dump.fields {
            let Field {
                name,
                offset,
                length,
                ..
            } = field;
            let _ = write!(
                text,
                "\n{offset:7} {length:5}  {name} = {}",
                value(&field.value, show)
            );
        }
        if let Some(note) = self.note(&dump) {
            let _ = write!(text, "\n               {note}");
        }
        text
    }

    /// An object whose `fields` have the names of the test vectors.
    pub fn json(&self, show: Show) -> Json {
        let dump = self.dump();
        let Datagram { time, ends, .. } = self.datagram();
        let places: serde_json::Map<String, Json> = dump
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), json!([field.offset, field.length])))
            .collect();
        let mut object = json!({
            "time": time.map(|time| time.as_secs_f64()),
            "from": ends.map(|ends| ends.from.to_string()),
            "to": ends.map(|ends| ends.to.to_string()),
            "direction": match self.from() {
                Side::Client => "client->server",
                Side::Server => "server->client",
            },
            "version": self.version().word(),
            "name": dump.name,
            "section": self.section(),
            "inside": self.is_inside(),
            "check_valid": self.opened().map(|opened| opened.check_valid),
            "fields": fields(&dump.fields, show),
            "places": places,
            "error": dump.error.map(|error| error.to_string()),
        });
        // The bytes themselves hide nothing.
        if show.passwords && show.texts {
            object["plain_hex"] = json!(hex(self.plain()));
            object["wire_hex"] = json!(hex(&self.datagram().bytes));
        }
        object
    }

    fn head(&self, dump: &Dump<'_>) -> String {
        let mut head = String::new();
        let Datagram { time, ends, .. } = self.datagram();
        if let Some(time) = time {
            let _ = write!(head, "{} ", clock(*time));
        }
        if let Some(Ends { from, to }) = ends {
            let _ = write!(head, "{from} > {to} ");
        }
        let inside = if self.is_inside() { "inside: " } else { "" };
        let arrow = match self.from() {
            Side::Client => "to server",
            Side::Server => "to client",
        };
        let name = dump.name.unwrap_or("UNKNOWN");
        let _ = write!(head, "{inside}V{} {arrow} {name}", self.version().word());
        if let Some(opened) = self.opened() {
            let header = opened.header;
            let _ = write!(
                head,
                " {:#06x} {}/{}",
                header.command, header.seq1, header.seq2
            );
            let _ = write!(head, " uin={}", header.uin);
        }
        head
    }

    fn body_fields<'d, 'p>(&self, dump: &'d Dump<'p>) -> impl Iterator<Item = &'d Field<'p>> {
        let header = match self.opened() {
            Some(opened) => self.plain().len() - opened.body.len(),
            None => 0,
        };
        dump.fields
            .iter()
            .filter(move |field| field.offset >= header)
    }

    /// What is odd about it.
    fn note(&self, dump: &Dump<'_>) -> Option<String> {
        if let Some(error) = &dump.error {
            return Some(error.to_string());
        }
        let is_wrong = self.opened().is_some_and(|opened| !opened.check_valid);
        is_wrong.then(|| "its check word is wrong".to_owned())
    }
}

fn value(field: &Value<'_>, show: Show) -> String {
    match field {
        Value::Number(number) | Value::Constant(number) => number.to_string(),
        Value::Code(code) => format!("{code:#06x}"),
        Value::Word(word) => format!("{word:#010x}"),
        Value::Address(address) => address.to_string(),
        Value::Uins(uins) => {
            let uins: Vec<String> = uins.iter().map(ToString::to_string).collect();
            format!("[{}]", uins.join(" "))
        }
        Value::Secret(password) if show.passwords => quoted(password.0, show),
        Value::Secret(_) => "(hidden)".to_owned(),
        Value::Text(text) if show.texts => quoted(text, show),
        Value::Coded(coded) if show.texts => {
            let texts: Vec<String> = coded
                .iter()
                .map(|(code, text)| format!("{code} {}", quoted(text, show)))
                .collect();
            format!("[{}]", texts.join(", "))
        }
        Value::Bytes(bytes) if show.texts => hex(bytes),
        Value::Text(bytes) | Value::Bytes(bytes) => format!("({} bytes)", bytes.len()),
        Value::Coded(coded) => format!("({} texts)", coded.len()),
        Value::Packets(packets) => format!("({} packets)", packets.len()),
        Value::SecretBytes(bytes) if show.passwords => hex(bytes.0),
        Value::SecretBytes(_) => "(hidden)".to_owned(),
        Value::Wide(bytes) | Value::Tlv(_, bytes) if show.texts => hex(bytes),
        Value::Wide(bytes) | Value::Tlv(_, bytes) => format!("({} bytes)", bytes.len()),
        Value::Flag | Value::Guid(_) | Value::ShortGuid(_) | Value::Snac(..) => field.to_string(),
        Value::Group(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{}={}", field.name, value(&field.value, show)))
                .collect();
            format!("{{{}}}", fields.join(" "))
        }
        Value::List(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| value(&field.value, show))
                .collect();
            format!("[{}]", fields.join(" "))
        }
    }
}

/// A text as one may put it on a terminal, whoever wrote it.
fn quoted(bytes: &[u8], show: Show) -> String {
    let text = match (show.charset, std::str::from_utf8(bytes)) {
        (Some(charset), Err(_)) => charset.decode(bytes),
        (_, _) => latin_or_utf8(bytes),
    };
    format!("{text:?}")
}

/// The time of day, UTC.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!(
        "{hour:02}:{minute:02}:{second:02}.{:06}",
        time.subsec_micros()
    )
}
