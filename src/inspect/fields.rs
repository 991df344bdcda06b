//! A packet's fields as JSON, with the names and forms that the test vectors have.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::Show;
use crate::icq::udp::{Dump, Side, V5};
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::{Field, Value};

/// Fields by name. Of two fields of one name the later counts, as in the vectors (`icq-udp.md` §14);
/// what is the same in all packets of a kind is left out. What `show` hides is `null`.
pub fn fields(fields: &[Field<'_>], show: Show) -> Map<String, Json> {
    let mut map = Map::new();
    for field in fields {
        if let Some(value) = value(&field.value, show) {
            map.insert(field.name.to_owned(), value);
        }
    }
    map
}

fn value(value: &Value<'_>, show: Show) -> Option<Json> {
    Some(match value {
        Value::Constant(_) => return None,
        Value::Number(number) => json!(number),
        Value::Code(code) => json!(format!("{code:#06x}")),
        Value::Word(word) => json!(format!("{word:#010x}")),
        Value::Address(address) => json!(address.to_string()),
        Value::Uins(uins) => uins.iter().map(|uin| json!(uin.0)).collect(),
        Value::Secret(password) if show.passwords => json!(latin_or_utf8(password.0)),
        Value::Text(text) if show.texts => json!(latin_or_utf8(text)),
        Value::Coded(coded) if show.texts => coded
            .iter()
            .map(|(code, text)| json!([code, latin_or_utf8(text)]))
            .collect(),
        // Nobody knows what stands there, so it may be a text.
        Value::Bytes(bytes) if show.texts => json!(hex(bytes)),
        Value::Secret(_) | Value::Text(_) | Value::Coded(_) | Value::Bytes(_) => Json::Null,
        Value::Packets(packets) => packets
            .iter()
            .map(|packet| {
                let dump = Dump::new(&V5, Side::Server, packet, MetaForm::Unknown);
                Json::Object(fields(&dump.fields, show))
            })
            .collect(),
    })
}

/// Texts that are not UTF-8, one character per byte.
pub(super) fn latin_or_utf8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Two digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
