//! The datagrams in a recording of tcpdump or Wireshark: pcap or pcapng.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use super::{Datagram, Ends};

/// Why a recording cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum NoRecording {
    /// It is in no known format.
    #[error("this is neither a pcap nor a pcapng file")]
    Format,
    /// It ends in the middle of a record, as one does that is still being written.
    #[error("the recording ends in the middle of a packet")]
    CutOff,
    /// A record makes no sense.
    #[error("the recording is damaged")]
    Damaged,
    /// A record is longer than any packet.
    #[error("the recording has a record of more than {LONGEST_RECORD} bytes")]
    TooLong,
    /// The file cannot be read.
    #[error("the recording cannot be read")]
    Io,
}

/// Reads a recording as it comes, and gives every UDP datagram in it.
///
/// What is not UDP over IPv4 or IPv6, is a fragment, or was not recorded whole is passed over and
/// counted.
pub struct Recording {
    reader: Box<dyn PcapReaderIterator + Send>,
    interfaces: Vec<Interface>,
    passed_over: u64,
    has_grown: bool,
    is_over: bool,
}

/// What the records of an interface look like.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of time a second.
    resolution: u64,
    /// Seconds to add.
    offset: i64,
}

impl Recording {
    /// Begins to read.
    pub fn new(file: impl Read + Send + 'static) -> Result<Self, NoRecording> {
        Ok(Self {
            reader: create_reader(BUFFER, file).map_err(|error| reason(&error))?,
            interfaces: Vec::new(),
            passed_over: 0,
            has_grown: false,
            is_over: false,
        })
    }

    /// How many records held no whole datagram.
    pub const fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The next record: `None` within if it holds no datagram.
    fn step(&mut self) -> Result<Option<Datagram>, NoRecording> {
        match self.reader.next() {
            Ok((length, block)) => {
                let before = self.interfaces.len();
                let datagram = take(&block, &mut self.interfaces);
                self.reader.consume(length);
                if matches!(datagram, Taken::Nothing) {
                    self.passed_over += 1;
                }
                if self.interfaces.len() > before.max(MOST_INTERFACES) {
                    return Err(NoRecording::Damaged);
                }
                Ok(match datagram {
                    Taken::Datagram(datagram) => Some(datagram),
                    Taken::Nothing | Taken::Description => None,
                })
            }
            Err(PcapError::Incomplete(_)) => {
                self.reader.refill().map_err(|error| reason(&error))?;
                Ok(None)
            }
            Err(PcapError::BufferTooSmall) if !self.has_grown => {
                self.has_grown = true;
                self.reader.grow(LONGEST_RECORD);
                Ok(None)
            }
            Err(PcapError::Eof) => {
                self.is_over = true;
                Ok(None)
            }
            Err(error) => Err(reason(&error)),
        }
    }
}

impl Iterator for Recording {
    type Item = Result<Datagram, NoRecording>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            match self.step() {
                Ok(None) => {}
                Ok(Some(datagram)) => return Some(Ok(datagram)),
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// What a record was.
enum Taken {
    Datagram(Datagram),
    /// Some other packet.
    Nothing,
    /// No packet at all.
    Description,
}

fn take(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>) -> Taken {
    let (interface, ticks, captured, original, data) = match block {
        PcapBlockOwned::LegacyHeader(header) => {
            interfaces.push(Interface {
                link: header.network,
                resolution: match header.is_nanosecond_precision() {
                    true => 1_000_000_000,
                    false => 1_000_000,
                },
                offset: 0,
            });
            return Taken::Description;
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            return Taken::Description;
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
            interfaces.push(Interface {
                link: description.linktype,
                resolution: description.ts_resolution().unwrap_or(1_000_000),
                offset: description.ts_offset(),
            });
            return Taken::Description;
        }
        PcapBlockOwned::Legacy(record) => {
            let Some(&interface) = interfaces.first() else {
                return Taken::Nothing;
            };
            let ticks = u64::from(record.ts_sec)
                .saturating_mul(interface.resolution)
                .saturating_add(record.ts_usec.into());
            (
                interface,
                Some(ticks),
                record.caplen,
                record.origlen,
                record.data,
            )
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(record)) => {
            let Some(&interface) = interfaces.get(record.if_id as usize) else {
                return Taken::Nothing;
            };
            let ticks = u64::from(record.ts_high) << 32 | u64::from(record.ts_low);
            (
                interface,
                Some(ticks),
                record.caplen,
                record.origlen,
                record.data,
            )
        }
        PcapBlockOwned::NG(Block::SimplePacket(record)) => {
            let Some(&interface) = interfaces.first() else {
                return Taken::Nothing;
            };
            let length = u32::try_from(record.data.len()).unwrap_or(u32::MAX);
            (interface, None, length, record.origlen, record.data)
        }
        PcapBlockOwned::NG(_) => return Taken::Description,
    };
    // Records of pcapng are padded to four bytes.
    let data = usize::try_from(captured)
        .ok()
        .and_then(|length| data.get(..length));
    if captured < original {
        return Taken::Nothing;
    }
    let Some((ends, bytes)) = data.and_then(|data| udp(interface.link, data)) else {
        return Taken::Nothing;
    };
    Taken::Datagram(Datagram {
        time: ticks.and_then(|ticks| interface.time(ticks)),
        ends: Some(ends),
        bytes: bytes.to_vec(),
    })
}

impl Interface {
    fn time(self, ticks: u64) -> Option<Duration> {
        let whole = ticks.checked_div(self.resolution)?;
        let part =
            u128::from(ticks % self.resolution) * 1_000_000_000 / u128::from(self.resolution);
        let seconds = whole.checked_add_signed(self.offset)?;
        // Less than a second's worth.
        Some(Duration::new(seconds, u32::try_from(part).ok()?))
    }
}

/// The datagram in a frame.
fn udp(link: Linktype, frame: &[u8]) -> Option<(Ends, &[u8])> {
    let packet = match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(frame),
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(frame),
        LINUX_SLL2 => {
            let (header, packet) = frame.split_at_checked(20)?;
            let protocol = u16::from_be_bytes(*header.first_chunk()?);
            SlicedPacket::from_ether_type(EtherType(protocol), packet)
        }
        // Four bytes say in the recording machine's order which family it is; so does the packet.
        Linktype::NULL | Linktype::LOOP => SlicedPacket::from_ip(frame.get(4..)?),
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | RAW_ON_BSD => {
            SlicedPacket::from_ip(frame)
        }
        _ => return None,
    }
    .ok()?;
    let (from, to): (IpAddr, IpAddr) = match packet.net.as_ref()? {
        NetSlice::Ipv4(ip) if !ip.payload().fragmented => {
            let header = ip.header();
            (
                header.source_addr().into(),
                header.destination_addr().into(),
            )
        }
        NetSlice::Ipv6(ip) if !ip.payload().fragmented => {
            let header = ip.header();
            (
                header.source_addr().into(),
                header.destination_addr().into(),
            )
        }
        _ => return None,
    };
    let TransportSlice::Udp(udp) = packet.transport? else {
        return None;
    };
    let ends = Ends {
        from: SocketAddr::new(from, udp.source_port()),
        to: SocketAddr::new(to, udp.destination_port()),
    };
    Some((ends, udp.payload()))
}

fn reason<T>(error: &PcapError<T>) -> NoRecording {
    match error {
        PcapError::HeaderNotRecognized => NoRecording::Format,
        PcapError::UnexpectedEof | PcapError::Incomplete(_) => NoRecording::CutOff,
        PcapError::ReadError => NoRecording::Io,
        PcapError::BufferTooSmall => NoRecording::TooLong,
        _ => NoRecording::Damaged,
    }
}

/// Link types without a name in the crate (tcpdump.org/linktypes.html).
const LINUX_SLL2: Linktype = Linktype(276);
const RAW_ON_BSD: Linktype = Linktype(12);

/// Bytes of the file in memory at a time, at first and at most.
const BUFFER: usize = 65_536;
const LONGEST_RECORD: usize = 1 << 20;

/// More interfaces than any machine has.
const MOST_INTERFACES: usize = 1024;
