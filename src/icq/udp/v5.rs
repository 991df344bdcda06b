//! V5: everything from offset 10 enciphered towards the server, in clear towards the client.

use super::{Dialect, Header, Noise, Opened, Side};
use crate::icq::wire::{DecodeError, Reader};

/// Version 5, ICQ 99 and 2000 (`icq-udp.md` §2.4, §2.5, §3.1, §3.4).
#[derive(Clone, Copy, Debug, Default)]
pub struct V5;

impl Dialect for V5 {
    fn seal(&self, from: Side, header: &Header, noise: Noise, body: &[u8]) -> Vec<u8> {
        todo!()
    }

    fn decipher(&self, from: Side, datagram: &mut [u8]) -> Result<(), DecodeError> {
        todo!()
    }

    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
        todo!()
    }
}
