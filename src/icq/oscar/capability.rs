//! Capabilities: what a client says it can do (`oscar.md` §3.2). Statuses of Xtraz are capabilities as
//! well (§4.2), and not here.

use super::parts::Guid;

/// Understands capabilities of two bytes.
pub const SHORT: Guid = Guid::of_short(0x0000);
/// Understands XHTML. open-oscar-server takes the markup off messages to those who do not.
pub const XHTML: Guid = Guid::of_short(0x0002);
/// Sends and takes files.
pub const FILES: Guid = Guid::of_short(0x1343);
/// Connects directly.
pub const DIRECT_CONNECTION: Guid = Guid::of_short(0x1344);
/// Shows messages between two clients without a server.
pub const DIRECT_MESSAGES: Guid = Guid::of_short(0x1345);
/// Has an icon.
pub const ICON: Guid = Guid::of_short(0x1346);
/// Takes messages of ICQ on channel 2, and acknowledges them.
pub const RELAY: Guid = Guid::of_short(0x1349);
/// Talks with AIM and ICQ.
pub const INTEROPERABLE: Guid = Guid::of_short(0x134D);
/// Understands UTF-8 and UTF-16.
pub const UNICODE: Guid = Guid::of_short(0x134E);
/// Joins chat rooms.
pub const CHAT: Guid = Guid([
    0x74, 0x8F, 0x24, 0x20, 0x62, 0x87, 0x11, 0xD1, 0x82, 0x22, 0x44, 0x45, 0x53, 0x54, 0, 0,
]);
/// Tells and shows when somebody types.
pub const TYPING: Guid = Guid([
    0x56, 0x3F, 0xC8, 0x09, 0x0B, 0x6F, 0x41, 0xBD, 0x9F, 0x79, 0x42, 0x26, 0x09, 0xDF, 0xA2, 0xF3,
]);
/// Understands RTF.
pub const RTF: Guid = Guid([
    0x97, 0xB1, 0x27, 0x51, 0x24, 0x3C, 0x43, 0x34, 0xAD, 0x22, 0xD6, 0xAB, 0xF7, 0x3F, 0x14, 0x92,
]);
/// Tells extended statuses.
pub const XTRAZ: Guid = Guid([
    0x1A, 0x09, 0x3C, 0x6C, 0xD7, 0xFD, 0x4E, 0xC5, 0x9D, 0x51, 0xA6, 0x47, 0x4E, 0x34, 0xF5, 0xA0,
]);
/// Understands UTF-8, the way of ICQ 2001.
pub const OLD_UNICODE: Guid = Guid([
    0x2E, 0x7A, 0x64, 0x75, 0xFA, 0xDF, 0x4D, 0xC8, 0x88, 0x6F, 0xEA, 0x35, 0x95, 0xFD, 0xB6, 0xDF,
]);
/// Sends HTML, the way of ICQ 7.
pub const HTML: Guid = Guid([
    0x01, 0x38, 0xCA, 0x7B, 0x76, 0x9A, 0x49, 0x15, 0x88, 0xF2, 0x13, 0xFC, 0x00, 0x97, 0x9E, 0xA8,
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_read_as_the_reference_writes_them() {
        for (capability, text) in [
            (SHORT, "09460000-4C7F-11D1-8222-444553540000"),
            (UNICODE, "0946134E-4C7F-11D1-8222-444553540000"),
            (CHAT, "748F2420-6287-11D1-8222-444553540000"),
            (TYPING, "563FC809-0B6F-41BD-9F79-422609DFA2F3"),
            (RTF, "97B12751-243C-4334-AD22-D6ABF73F1492"),
            (XTRAZ, "1A093C6C-D7FD-4EC5-9D51-A6474E34F5A0"),
            (OLD_UNICODE, "2E7A6475-FADF-4DC8-886F-EA3595FDB6DF"),
            (HTML, "0138CA7B-769A-4915-88F2-13FC00979EA8"),
        ] {
            assert_eq!(format!("{capability:?}"), text);
        }
    }
}
