//! The command `decode`: recordings and hexadecimal digits in, packets out (see [`inspect`](crate::inspect)).

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use crate::inspect::recording::{NoRecording, Recording};
use crate::inspect::{Datagram, Inspector, Known, Packet, Show};

/// How packets are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Form {
    /// A line each.
    #[default]
    Lines,
    /// A line for each field.
    Full,
    /// An object a line.
    Json,
}

/// What to show of packets, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// What is known beforehand.
    pub known: Known,
    /// What may be seen.
    pub show: Show,
    /// How it is written.
    pub form: Form,
}

/// Why packets could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum NotDecoded {
    /// The file cannot be opened.
    #[error("cannot open {file}: {error}")]
    Open {
        /// Which.
        file: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// The file is no recording, or a damaged one.
    #[error("{file}: {error}")]
    Recording {
        /// Which.
        file: String,
        /// What is wrong with it.
        error: NoRecording,
    },
    /// The digits are none, or an odd number of them.
    #[error("a packet is an even number of hexadecimal digits")]
    Hex,
    /// Nothing in it is ICQ's.
    #[error("no ICQ packet is in it: {0}")]
    Nothing(String),
    /// Nobody reads what is written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// Shows the packets of a recording; `-` is the standard input.
pub fn recording(file: &Path, view: View, out: &mut impl Write) -> Result<(), NotDecoded> {
    let name = file.display().to_string();
    let damaged = |error| NotDecoded::Recording {
        file: name.clone(),
        error,
    };
    let recording = match file.as_os_str() == "-" {
        true => Recording::new(io::stdin()),
        false => Recording::new(File::open(file).map_err(|error| NotDecoded::Open {
            file: name.clone(),
            error,
        })?),
    };
    let mut recording = recording.map_err(damaged)?;
    let mut inspector = Inspector::new(view.known);
    let (mut shown, mut others) = (0_u64, 0_u64);
    for datagram in recording.by_ref() {
        let datagram = datagram.map_err(damaged)?;
        let packets = inspector.datagram(Instant::now(), datagram);
        others += u64::from(packets.is_empty());
        shown += u64::try_from(packets.len()).unwrap_or(u64::MAX);
        write(&packets, view, out)?;
    }
    if shown == 0 {
        return Err(NotDecoded::Nothing(format!(
            "{others} other datagrams, {} other records",
            recording.passed_over()
        )));
    }
    Ok(())
}

/// Shows one packet, given in hexadecimal digits. Blanks and colons between them do not matter.
pub fn hex(digits: &str, view: View, out: &mut impl Write) -> Result<(), NotDecoded> {
    let bytes = bytes(digits).ok_or(NotDecoded::Hex)?;
    let length = bytes.len();
    let datagram = Datagram {
        time: None,
        ends: None,
        bytes,
    };
    let packets = Inspector::new(view.known).datagram(Instant::now(), datagram);
    if packets.is_empty() {
        return Err(NotDecoded::Nothing(format!(
            "{length} bytes; --from says who sent them, --as in which version"
        )));
    }
    write(&packets, view, out)?;
    Ok(())
}

fn write(packets: &[Packet], view: View, out: &mut impl Write) -> io::Result<()> {
    for packet in packets {
        match view.form {
            Form::Lines => writeln!(out, "{}", packet.line(view.show))?,
            Form::Full => writeln!(out, "{}\n", packet.full(view.show))?,
            Form::Json => writeln!(out, "{}", packet.json(view.show))?,
        }
    }
    Ok(())
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = digits
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}
