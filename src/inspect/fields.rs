//! A packet's fields as JSON, with the names and forms that the test vectors have.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::Show;
use crate::icq::udp::{Dump, Side, V5};
use crate::icq::wire::meta::MetaForm;
use crate::icq::wire::{Field, Value, guid_text};

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

/// Fields by name, as the vectors of OSCAR have them: fields of one name are listed, TLVs without a
/// name are called by their type, and the groups are objects.
pub fn tree(fields: &[Field<'_>], show: Show) -> Map<String, Json> {
    let mut map: Map<String, Json> = Map::new();
    for field in fields {
        let value = match &field.value {
            Value::Coded(coded) if show.texts => coded
                .iter()
                .map(|(code, text)| json!({"code": code, "keyword": latin_or_utf8(text)}))
                .collect(),
            other => {
                let Some(value) = value(other, show) else {
                    continue;
                };
                value
            }
        };
        let name = match field.value {
            Value::Tlv(kind, _) => format!("tlv_{kind:04x}"),
            _ => field.name.to_owned(),
        };
        match map.get_mut(&name) {
            None => {
                map.insert(name, value);
            }
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    map
}

fn value(field: &Value<'_>, show: Show) -> Option<Json> {
    Some(match field {
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
        Value::SecretBytes(bytes) if show.passwords => json!(hex(bytes.0)),
        Value::Wide(text) if show.texts => json!(utf16(text)),
        Value::Tlv(_, bytes) if show.texts => json!(hex(bytes)),
        Value::Secret(_)
        | Value::SecretBytes(_)
        | Value::Text(_)
        | Value::Coded(_)
        | Value::Bytes(_)
        | Value::Wide(_)
        | Value::Tlv(..) => Json::Null,
        Value::Flag => json!(true),
        Value::Guid(guid) => json!(guid_text(guid)),
        Value::ShortGuid(short) => json!(format!("{short:04X}")),
        Value::Snac(family, subtype) => json!(format!("{family:04x}/{subtype:04x}")),
        Value::Group(fields) => Json::Object(tree(fields, show)),
        Value::List(items) => items
            .iter()
            .filter_map(|item| value(&item.value, show))
            .collect(),
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

/// A text in UTF-16, the high byte first.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Two digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
