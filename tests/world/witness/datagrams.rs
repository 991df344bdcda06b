//! What is seen of datagrams: which packet carries which part of a message, and what arrived of it.

use icq_transport::icq::udp::{FromServer, Header, Side, ToServer, Version};
use icq_transport::icq::wire::Reader;
use icq_transport::icq::wire::meta::MetaForm;
use icq_transport::icq::wire::text::Charset;
use icq_transport::server::LetterNumber;
use xmpp_parsers::jid::BareJid;

use super::{Reach, Witness, name_of_letter};
use crate::history::Seen;
use crate::tally::Rare;
use crate::world::World;

/// A packet with a part of a message, and what became of its copies.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    tag: String,
    part: usize,
    run: u32,
    sends: u32,
    arrivals: u32,
    acknowledged: bool,
}

impl Packet {
    /// Whether it brought this part of a message, and the gateway knows it.
    pub(super) fn has_brought(&self, tag: &str, part: usize, run: u32) -> bool {
        self.acknowledged && self.tag == tag && self.part == part && self.run == run
    }
}

const ACK: u16 = 0x000A;
const NOT_CONNECTED: u16 = 0x00F0;
const TRY_AGAIN: u16 = 0x00FA;

impl Witness {
    /// Names a session: by its id, or where a version has none by its port, which several may have had.
    fn session_of(&self, header: &Header, port: u16) -> u32 {
        let count = self.logins.get(&port).copied().unwrap_or(0);
        match header.session_id {
            0 => (1 << 31) | (u32::from(count) << 16) | u32::from(port),
            session_id => session_id,
        }
    }

    /// The version in which the user at this port logs in.
    fn spoken_on(&self, port: u16) -> Version {
        self.spoken.get(&port).copied().unwrap_or(Version::V5)
    }

    /// The session of a living user gets this datagram.
    pub(crate) fn heard(&mut self, datagram: &[u8], port: u16, run: u32) {
        let version = self.spoken_on(port);
        let mut reader = Reader::new(datagram);
        let Ok(opened) = version.dialect().read(Side::Server, &mut reader) else {
            return;
        };
        let header = opened.header;
        let session = self.session_of(&header, port);
        if header.command == ACK
            && let Some(packet) = self.packets.get_mut(&(session, header.seq1))
        {
            packet.acknowledged = true;
        }
        let decoded = FromServer::decode(version, header.command, opened.body, MetaForm::Unknown);
        let Ok(decoded) = decoded else {
            return;
        };
        // What overtakes the word on the login is left to the server to repeat.
        let is_accepted = self.accepted.contains(&port);
        let text = match decoded.packet {
            FromServer::LoginReply(_) => {
                self.accepted.insert(port);
                return;
            }
            _ if !is_accepted => return,
            FromServer::Message(message) => message.text,
            FromServer::OfflineMessage(message) => message.text,
            FromServer::Multi(multi) => {
                for packet in multi.packets {
                    self.heard(packet, port, run);
                }
                return;
            }
            _ => return,
        };
        if let Some(name) = name_of_letter(&Charset::WINDOWS_1251.decode(text)) {
            let step = self.step();
            let reach = Reach { step, port, run };
            self.reached.entry(name).or_default().push(reach);
        }
    }
}

impl World {
    /// A datagram reaches the gateway's machine.
    pub(crate) fn note_datagram(&mut self, port: u16, datagram: &[u8]) {
        let version = self.witness.spoken_on(port);
        let mut reader = Reader::new(datagram);
        let Ok(opened) = version.dialect().read(Side::Server, &mut reader) else {
            return;
        };
        let header = opened.header;
        let session = self.witness.session_of(&header, port);
        match header.command {
            ACK => return,
            NOT_CONNECTED => {
                let mut packets = self
                    .witness
                    .packets
                    .range((session, 0)..=(session, u16::MAX));
                if packets.any(|(_, packet)| !packet.acknowledged) {
                    self.tally.note(Rare::SessionForgotten);
                }
            }
            TRY_AGAIN => self.tally.note(Rare::BusyServer),
            0x0212 => self.tally.note(Rare::Multi),
            0x00DC => self.note_stored(version, opened.body),
            _ => {}
        }
        if header.seq1 > 0 && !self.witness.heard_numbers.insert((port, header.seq1)) {
            self.tally.note(Rare::RepeatedToGateway);
        }
    }

    fn note_stored(&mut self, version: Version, body: &[u8]) {
        let decoded = FromServer::decode(version, 0x00DC, body, MetaForm::Unknown);
        let Ok(FromServer::OfflineMessage(message)) = decoded.map(|it| it.packet) else {
            return;
        };
        let name = name_of_letter(&Charset::WINDOWS_1251.decode(message.text));
        if name.is_some_and(|name| self.witness.taken.contains_key(&name)) {
            self.tally.note(Rare::OfferedAgain);
        }
    }

    /// The gateway sends a datagram.
    pub(crate) fn witness_transmit(&mut self, user: &BareJid, port: u16, datagram: &[u8]) {
        let mut bytes = datagram.to_vec();
        let version = Version::of(datagram).unwrap_or(Version::V5);
        let Ok(opened) = version.dialect().open(Side::Client, &mut bytes) else {
            self.witness
                .complain(format!("{user} sends what cannot be read"));
            return;
        };
        let header = opened.header;
        let session = self.witness.session_of(&header, port);
        let run = self.machine.run;
        let Ok(decoded) = ToServer::decode(version, header.command, opened.body) else {
            self.witness
                .complain(format!("{user} sends a body that cannot be read"));
            return;
        };
        match decoded.packet {
            ToServer::Login(_) => {
                self.witness.spoken.insert(port, version);
                let count = self.witness.logins.entry(port).or_default();
                // A repetition comes before anything else has left.
                *count = (*count + 1) & 0x3FFF;
                let session = self.witness.session_of(&header, port);
                self.witness.sessions.insert(header.uin, session);
            }
            ToServer::TextCode(_) => {
                let present = self.witness.sessions.get(&header.uin);
                if present.is_some_and(|present| *present != session) {
                    self.tally.note(Rare::GhostDismissed);
                }
            }
            ToServer::SendMessage(message) => {
                let key = (session, header.seq1);
                let text = message.text.to_vec();
                self.note_part_leaves(key, &text, run);
            }
            _ => {}
        }
    }

    fn note_part_leaves(&mut self, key: (u32, u16), text: &[u8], run: u32) {
        let Some((tag, part)) = self.witness.bodies.get(text).cloned() else {
            return;
        };
        if let Some(packet) = self.witness.packets.get_mut(&key) {
            packet.sends += 1;
            if packet.acknowledged {
                self.witness
                    .complain(format!("{tag} was sent again although it was acknowledged"));
            }
            return;
        }
        let mut others = self.witness.packets.values();
        if others.any(|it| it.tag == tag && it.part == part && it.run == run) {
            self.tally.note(Rare::LeftAgain);
        }
        let packet = Packet {
            tag,
            part,
            run,
            sends: 1,
            arrivals: 0,
            acknowledged: false,
        };
        self.witness.packets.insert(key, packet);
    }

    /// A datagram reaches the ICQ server.
    pub(crate) fn note_reaches_server(&mut self, port: u16, datagram: &[u8]) {
        let mut bytes = datagram.to_vec();
        let Some(version) = Version::of(datagram) else {
            return;
        };
        let Ok(opened) = version.dialect().open(Side::Client, &mut bytes) else {
            return;
        };
        let session = self.witness.session_of(&opened.header, port);
        let key = (session, opened.header.seq1);
        if let Some(packet) = self.witness.packets.get_mut(&key) {
            packet.arrivals += 1;
            if packet.arrivals == 2 && packet.sends > 1 {
                self.tally.note(Rare::RepeatedToServer);
            }
        }
    }

    /// The ICQ server has a text from a user.
    pub(crate) fn note_delivered(&mut self, body: &[u8]) {
        let Some((tag, part)) = self.witness.bodies.get(body).cloned() else {
            let body = body.escape_ascii();
            self.witness
                .complain(format!("the ICQ server got what nobody wrote: {body}"));
            return;
        };
        let looks_for_repetitions = self.plan.behaviour.suppress_duplicates;
        let mut packets = self.witness.packets.values();
        let came_twice = packets.any(|it| it.tag == tag && it.part == part && it.arrivals > 1);
        let Some(outgoing) = self.witness.outgoing.get_mut(&tag) else {
            return;
        };
        let is_last = part + 1 == outgoing.parts;
        let is_repeated = outgoing.accepted[part] > 0;
        let is_in_order = outgoing.accepted[..part].iter().all(|times| *times > 0);
        outgoing.accepted[part] += 1;
        let (was_held, waited) = (outgoing.was_held, outgoing.waited_over_restart);
        if !is_in_order {
            self.witness.complain(format!(
                "part {part} of {tag} arrived before those before it"
            ));
        }
        if is_repeated && came_twice && !looks_for_repetitions {
            self.tally.note(Rare::ExecutedAgain);
            if is_last {
                let text = tag.clone();
                self.witness.timeline.push(Seen::ExecutedAgain { text });
            }
        } else if is_repeated && !is_last {
            self.witness
                .complain(format!("part {part} of {tag} arrived twice"));
        }
        if !is_last {
            return;
        }
        if was_held {
            self.tally.note(Rare::HeldForLogin);
        }
        if waited {
            self.tally.note(Rare::SentAfterCrash);
        }
        self.witness.timeline.push(Seen::Delivered { text: tag });
    }

    /// The gateway told the ICQ server that it may forget a letter.
    pub(crate) fn server_was_told(&mut self, letter: LetterNumber, deleted: bool) {
        let Some(known) = self.witness.letters.get_mut(&letter) else {
            return;
        };
        // That the copy of a stored letter arrived does not let the server forget it.
        let was_told = known.told;
        known.told |= deleted || !known.stored;
        let letter = known.clone();
        if was_told || !letter.told || self.witness.taken.contains_key(&letter.name) {
            return;
        }
        if self.plan.behaviour.empties_stored_texts && letter.stored {
            return;
        }
        let key = (letter.user.clone(), letter.from);
        if let Some(budget) = self.witness.no_room.get_mut(&key).filter(|n| **n > 0) {
            *budget -= 1;
            let text = letter.name;
            self.witness.timeline.push(Seen::NoRoom { text });
            return;
        }
        let told = if deleted { "deleted" } else { "acknowledged" };
        self.witness
            .complain(format!("{} was {told} before it was safe", letter.name));
    }
}
