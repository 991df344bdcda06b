//! FLAP: frames on a TCP stream (`oscar.md` §1.1).

use std::collections::VecDeque;

/// A frame, without its header.
///
/// | off | size | field    | meaning                                       |
/// |-----|------|----------|-----------------------------------------------|
/// | 0   | 1    |          | marker 0x2A                                   |
/// | 1   | 1    | channel  | [`Channel`]                                   |
/// | 2   | 2    | sequence | counts the frames of a direction              |
/// | 4   | 2    |          | length of the payload                         |
/// | 6   | n    | payload  | by channel, see [`Frame`](super::Frame)       |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flap {
    /// What kind of frame it is.
    pub channel: u8,
    /// Its number. A receiver does not insist on it.
    pub sequence: u16,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// The channels.
pub struct Channel;

impl Channel {
    /// The hello, the old login, the cookie.
    pub const SIGN_ON: u8 = 1;
    /// A SNAC.
    pub const SNAC: u8 = 2;
    /// An error.
    pub const ERROR: u8 = 3;
    /// The end.
    pub const SIGN_OFF: u8 = 4;
    /// Still there.
    pub const KEEP_ALIVE: u8 = 5;
}

/// Why bytes are no frames. The connection cannot be used any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FlapError {
    /// A frame begins with another byte than the marker.
    #[error("a FLAP begins with {marker:#04x}")]
    Marker {
        /// Which.
        marker: u8,
    },
    /// A frame is longer than the receiver takes.
    #[error("a FLAP of {length} bytes, at most {most} are taken")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        most: usize,
    },
}

/// Cuts a stream into frames, whatever the pieces in which its bytes arrive. Holds one frame that is
/// not whole, and those of the last [`push`](Self::push): take them before the next.
#[derive(Clone, Debug)]
pub struct Splitter {
    buffer: Vec<u8>,
    frames: VecDeque<Flap>,
    most: usize,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// Between two frames.
    Clean,
    /// After the first four bytes of a frame of channel 4: what open-oscar-server says goodbye with
    /// to clients without multi-connection support (§1.1, §6.5).
    ShortSignOff,
    /// In the middle of a frame.
    CutOff {
        /// How many bytes of it came.
        bytes: usize,
    },
}

impl Splitter {
    /// Takes frames of every length that the header can say.
    pub fn new() -> Self {
        Self::with_limit(LONGEST)
    }

    /// Takes frames with a payload of at most `most` bytes.
    pub fn with_limit(most: usize) -> Self {
        Self {
            buffer: Vec::new(),
            frames: VecDeque::new(),
            most,
        }
    }

    /// Takes bytes off the stream. After an error nothing of the stream can be believed; frames
    /// that were whole before it are still given.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FlapError> {
        self.buffer.extend_from_slice(bytes);
        let mut taken = 0;
        let result = loop {
            let rest = &self.buffer[taken..];
            match self.first(rest) {
                Ok(Some(flap)) => {
                    taken += HEADER + flap.payload.len();
                    self.frames.push_back(flap);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.buffer.drain(..taken);
        result
    }

    /// The next whole frame.
    pub fn poll(&mut self) -> Option<Flap> {
        self.frames.pop_front()
    }

    /// What it means that the stream ends here.
    pub fn end(&self) -> End {
        match self.buffer[..] {
            [] => End::Clean,
            [MARKER, Channel::SIGN_OFF, _, _] => End::ShortSignOff,
            _ => End::CutOff {
                bytes: self.buffer.len(),
            },
        }
    }

    /// The frame that `bytes` begin with, once it is whole.
    fn first(&self, bytes: &[u8]) -> Result<Option<Flap>, FlapError> {
        if let Some(&marker) = bytes.first()
            && marker != MARKER
        {
            return Err(FlapError::Marker { marker });
        }
        let Some((&[_, channel, high, low, length_high, length_low], rest)) =
            bytes.split_first_chunk::<HEADER>()
        else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        if length > self.most {
            return Err(FlapError::TooLong {
                length,
                most: self.most,
            });
        }
        Ok(rest.get(..length).map(|payload| Flap {
            channel,
            sequence: u16::from_be_bytes([high, low]),
            payload: payload.to_vec(),
        }))
    }
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes the frames of one direction of one connection, each in a buffer of its own: `IServerd`
/// closes when a frame comes in two segments, and when a number is left out (§1.1).
#[derive(Clone, Debug)]
pub struct Framer {
    next: u16,
}

impl Framer {
    /// The first frame has the number `first`.
    pub const fn new(first: u16) -> Self {
        Self { next: first }
    }

    /// A frame: one `send`. More than [`LONGEST_TO_SEND`] bytes are refused, and take no number.
    pub fn frame(&mut self, channel: u8, payload: &[u8]) -> Result<Vec<u8>, FlapError> {
        let too_long = FlapError::TooLong {
            length: payload.len(),
            most: LONGEST_TO_SEND,
        };
        if payload.len() > LONGEST_TO_SEND {
            return Err(too_long);
        }
        let flap = encode(channel, self.next, payload).ok_or(too_long)?;
        self.next = self.next.wrapping_add(1);
        Ok(flap)
    }

    /// The frame that keeps a connection open: empty, on a channel of its own.
    pub fn keep_alive(&mut self) -> Vec<u8> {
        let [high, low] = self.next.to_be_bytes();
        self.next = self.next.wrapping_add(1);
        vec![MARKER, Channel::KEEP_ALIVE, high, low, 0, 0]
    }
}

/// A frame's bytes; none if the payload is longer than its header can say.
pub fn encode(channel: u8, sequence: u16, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let mut flap = Vec::with_capacity(HEADER + payload.len());
    flap.extend_from_slice(&[MARKER, channel]);
    flap.extend_from_slice(&sequence.to_be_bytes());
    flap.extend_from_slice(&length.to_be_bytes());
    flap.extend_from_slice(payload);
    Some(flap)
}

/// What every frame begins with.
pub(super) const MARKER: u8 = 0x2A;

/// How long a header is.
const HEADER: usize = 6;

/// The longest payload that a header can say.
pub const LONGEST: usize = 65_535;

/// The longest payload that servers take (§1.1).
pub const LONGEST_TO_SEND: usize = 8192;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_come_out_whole_wherever_the_stream_is_cut() {
        let mut framer = Framer::new(7);
        let stream = [
            framer.frame(Channel::SIGN_ON, b"\0\0\0\x01").unwrap(),
            framer.keep_alive(),
            framer.frame(Channel::SNAC, b"a snac *\x05").unwrap(),
            framer.frame(Channel::SIGN_OFF, b"").unwrap(),
        ]
        .concat();
        let whole = frames(&[&stream]);
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[2].payload, b"a snac *\x05");
        assert_eq!(whole[3].sequence, 10);

        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(frames(&pieces), whole, "cut at {first} and {second}");
            }
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(frames(&bytes), whole);
    }

    #[test]
    fn numbers_go_round() {
        let mut framer = Framer::new(0xFFFF);
        assert_eq!(framer.keep_alive()[2..4], [0xFF, 0xFF]);
        assert_eq!(framer.frame(2, b"x").unwrap()[2..4], [0, 0]);
    }

    #[test]
    fn a_frame_that_is_too_long_takes_no_number() {
        let mut framer = Framer::new(1);
        let long = vec![0; LONGEST_TO_SEND + 1];
        assert!(framer.frame(2, &long).is_err());
        assert_eq!(framer.frame(2, &long[1..]).unwrap()[2..4], [0, 1]);
        assert_eq!(encode(2, 0, &vec![0; LONGEST + 1]), None);
    }

    #[test]
    fn another_marker_ends_the_stream_but_not_the_frames_before_it() {
        let mut splitter = Splitter::new();
        let stream = [encode(5, 1, b"").unwrap(), b"+".to_vec()].concat();
        let error = splitter.push(&stream);
        assert_eq!(error, Err(FlapError::Marker { marker: b'+' }));
        assert!(splitter.poll().is_some());
        assert_eq!(splitter.poll(), None);
        assert!(splitter.push(b"*").is_err());
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_by_its_header() {
        let mut splitter = Splitter::with_limit(100);
        let error = splitter.push(b"*\x02\0\0\0\x65");
        let expected = FlapError::TooLong {
            length: 101,
            most: 100,
        };
        assert_eq!(error, Err(expected));
    }

    #[test]
    fn a_goodbye_of_four_bytes_is_one() {
        let end = |bytes: &[u8]| {
            let mut splitter = Splitter::new();
            splitter.push(bytes).unwrap();
            splitter.end()
        };
        assert_eq!(end(b""), End::Clean);
        assert_eq!(end(&encode(5, 1, b"").unwrap()), End::Clean);
        assert_eq!(end(b"*\x04\x01\x02"), End::ShortSignOff);
        assert_eq!(end(b"*\x02\x01\x02"), End::CutOff { bytes: 4 });
        assert_eq!(end(b"*\x04\x01\x02\0"), End::CutOff { bytes: 5 });
    }

    fn frames(pieces: &[&[u8]]) -> Vec<Flap> {
        let mut splitter = Splitter::new();
        for piece in pieces {
            splitter.push(piece).unwrap();
        }
        assert_eq!(splitter.end(), End::Clean);
        std::iter::from_fn(|| splitter.poll()).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_frames_or_an_error(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
        ) {
            let mut splitter = Splitter::with_limit(64);
            for piece in pieces {
                if splitter.push(&piece).is_err() {
                    break;
                }
            }
            while splitter.poll().is_some() {}
            let _end = splitter.end();
        }
    }
}
