//! V1: what is known of the betas of 1996.

use super::{Dialect, Header, Manner, Noise, Opened, Side, Version, v2};
use crate::icq::wire::{DecodeError, Reader};

/// Version 1 (`icq-udp.md` §1.1), an experiment: [`V2`](super::V2) with version word 1, and with
/// [`PreLogin`](super::to_server::PreLogin) as its login. It rests on one server that takes it; no
/// client and no recording of that time is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct V1;

impl Dialect for V1 {
    fn version(&self) -> Version {
        Version::V1
    }

    fn manner(&self) -> &'static Manner {
        &v2::MANNER
    }

    fn seal(&self, from: Side, header: &Header, _noise: Noise, body: &[u8]) -> Vec<u8> {
        v2::seal(Version::V1, from, header, body)
    }

    fn decipher(&self, _from: Side, _datagram: &mut [u8]) -> Result<(), DecodeError> {
        Ok(())
    }

    fn read<'a>(&self, from: Side, reader: &mut Reader<'a>) -> Result<Opened<'a>, DecodeError> {
        v2::read(Version::V1, from, reader)
    }
}
