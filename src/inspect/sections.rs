//! Where the reference describes each packet.

use crate::icq::udp::Side;

/// The section of `icq-udp.md`.
pub(super) fn section(from: Side, command: u16) -> Option<&'static str> {
    let table = match from {
        Side::Client => CLIENT,
        Side::Server => SERVER,
    };
    table
        .iter()
        .find(|(_, commands)| commands.contains(&command))
        .map(|(section, _)| *section)
}

const CLIENT: &[(&str, &[u16])] = &[
    ("4.1", &[0x000A]),
    ("4.5", &[0x042E, 0x051E]),
    ("4.7", &[0x05D2]),
    ("4.9", &[0x0438]),
    (
        "5.1",
        &[0x04BA, 0x04C4, 0x0528, 0x0532, 0x060E, 0x0618, 0x0622],
    ),
    ("6.1", &[0x03E8]),
    ("6.4", &[0x0406, 0x053C, 0x06A4, 0x06AE, 0x06B8]),
    ("6.5", &[0x03F2, 0x04CE, 0x04EC]),
    ("6.6", &[0x03FC]),
    ("7.1", &[0x010E]),
    ("7.4", &[0x0456]),
    ("7.5", &[0x0442, 0x044C]),
    ("7.7", &[0x015E]),
    ("8.1", &[0x041A, 0x0424, 0x0460]),
    ("8.2", &[0x046A]),
    ("8.3", &[0x049C, 0x04A6, 0x04B0, 0x050A, 0x0514]),
    ("8.4", &[0x064A]),
    ("8.6", &[0x0564, 0x056E]),
    (
        "9",
        &[
            0x0578, 0x0582, 0x058C, 0x0596, 0x05AA, 0x05BE, 0x05C8, 0x05DC, 0x05E6, 0x05F0, 0x05FA,
        ],
    ),
    ("10.2", &[0x04D8]),
];

const SERVER: &[(&str, &[u16])] = &[
    ("4.1", &[0x000A]),
    ("4.6", &[0x0212]),
    ("4.7", &[0x0366]),
    (
        "4.8",
        &[0x001E, 0x0028, 0x0064, 0x00F0, 0x00FA, 0x01C2, 0x0370],
    ),
    ("5.2", &[0x0082, 0x0140, 0x01F4, 0x01FE]),
    ("6.3", &[0x005A]),
    ("6.4", &[0x021C]),
    ("6.5", &[0x0032]),
    ("6.6", &[0x0046]),
    ("7.2", &[0x0104]),
    ("7.5", &[0x00DC, 0x00E6]),
    ("7.6", &[0x006E, 0x0078, 0x01A4]),
    ("7.7", &[0x015E]),
    ("8.1", &[0x008C, 0x00A0, 0x0118, 0x012C, 0x02EE]),
    ("8.2", &[0x0122]),
    ("8.3", &[0x00B4, 0x00BE, 0x00C8, 0x00D2, 0x01E0, 0x01EA]),
    ("8.4", &[0x03DE]),
    ("8.6", &[0x024E]),
    (
        "9",
        &[
            0x0258, 0x026C, 0x0280, 0x0294, 0x02A8, 0x02E4, 0x02F8, 0x030C, 0x0320, 0x0334, 0x0352,
            0x037A, 0x0384,
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::udp::{FromServer, ToServer};

    #[test]
    fn every_packet_with_a_name_is_described_somewhere() {
        for &(command, name) in ToServer::ALL {
            assert!(section(Side::Client, command).is_some(), "{name}");
        }
        for &(command, name) in FromServer::ALL {
            assert!(section(Side::Server, command).is_some(), "{name}");
        }
    }
}
