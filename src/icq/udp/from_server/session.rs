//! Login reply, endings, and packets inside packets.

use std::net::Ipv4Addr;

use crate::icq::wire::{DecodeError, Layout, Reader, Value, Writer, layout};

layout! {
    /// `LOGIN_REPLY` (0x005A), V5 (`icq-udp.md` §6.3).
    ///
    /// | bytes | field       | meaning                                     |
    /// |-------|-------------|---------------------------------------------|
    /// | 4     | `x8c`       | 0x8C                                        |
    /// | 2     | `ping`      | seconds between keepalives                  |
    /// | 2     | `timeout`   | seconds until a packet is repeated          |
    /// | 2     | `xa`        | 0x0A                                        |
    /// | 2     | `retries`   | how often a packet is repeated              |
    /// | 4     | `ip`        | the client's address as the server sees it  |
    /// | 4     | `server_id` | which server                                |
    pub struct LoginReply {
        /// 0x8C.
        x8c: u32,
        /// Seconds between keepalives.
        ping: u16,
        /// Seconds until a packet is repeated.
        timeout: u16,
        /// 0x0A.
        xa: u16,
        /// How often a packet is repeated.
        retries: u16,
        /// The client's address as the server sees it.
        ip: Option<Ipv4Addr>,
        /// Which server.
        server_id: Option<u32>,
    }

    /// `GO_AWAY` (0x0028), `LOGIN_ERROR` (0x0370), `SYSTEM_MESSAGE` (0x01C2): a text (§4.8).
    ///
    /// | bytes | field  | meaning                          |
    /// |-------|--------|----------------------------------|
    /// | lstr  | `text` | what the server says; may be missing |
    pub struct Reason<'a> {
        /// What the server says.
        text: Option<&'a [u8]>,
    }
}

/// `MULTI` (0x0212): several server packets in one (§4.6).
///
/// | bytes | field     | meaning                                            |
/// |-------|-----------|----------------------------------------------------|
/// | 1     | (count)   | how many packets                                   |
/// | 2     | (length)  | of the packet that follows                         |
/// | n     | `packets` | a complete packet with its header; and the next …  |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Multi<'a> {
    /// The packets, each with its header. They may not be MULTI themselves.
    pub packets: Vec<&'a [u8]>,
}

impl<'a> Layout<'a> for Multi<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let packets = reader.compound(
            "packets",
            |reader| {
                let count = reader.u8("count")?;
                (0..count)
                    .map(|_| {
                        let length = reader.u16_le("length")?;
                        reader.bytes("packets", length.into())
                    })
                    .collect()
            },
            |packets: &Vec<&'a [u8]>| Value::Packets(packets.clone()),
        )?;
        Ok(Self { packets })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let count = u8::try_from(self.packets.len()).unwrap_or(u8::MAX);
        writer.u8(count);
        for packet in self.packets.iter().take(count.into()) {
            writer.u16_le(u16::try_from(packet.len()).unwrap_or(u16::MAX));
            writer.bytes(packet);
        }
    }
}
