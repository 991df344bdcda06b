//! One packet: what was on the wire, and what it is without its cipher.

use std::collections::HashMap;

use super::Datagram;
use super::sections;
use crate::icq::udp::{Dump, FromServer, Opened, Side, ToServer, Version};
use crate::icq::wire::Reader;
use crate::icq::wire::meta::MetaForm;

/// A packet somebody sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packet {
    datagram: Datagram,
    from: Side,
    version: Version,
    plain: Vec<u8>,
    form: MetaForm,
    is_inside: bool,
}

impl Packet {
    /// Deciphers. `forms` remembers requests, and tells of replies what they answer.
    pub(super) fn new(
        datagram: Datagram,
        from: Side,
        version: Version,
        forms: &mut HashMap<u16, MetaForm>,
    ) -> Self {
        let mut plain = datagram.bytes.clone();
        // What cannot be deciphered is shown as it came.
        let _ = version.dialect().decipher(from, &mut plain);
        let mut packet = Self {
            datagram,
            from,
            version,
            plain,
            form: MetaForm::Unknown,
            is_inside: false,
        };
        packet.form = packet.form_by(forms);
        packet
    }

    fn form_by(&self, forms: &mut HashMap<u16, MetaForm>) -> MetaForm {
        let Some(opened) = self.opened() else {
            return MetaForm::Unknown;
        };
        let request = opened.header.seq2;
        if self.from == Side::Server {
            return forms.get(&request).copied().unwrap_or_default();
        }
        if let Ok(decoded) = ToServer::decode(self.version, opened.header.command, opened.body)
            && let ToServer::Meta(meta) = decoded.packet
        {
            forms.insert(request, meta.form());
        }
        MetaForm::Unknown
    }

    pub(super) const fn put_inside(&mut self) {
        self.is_inside = true;
    }

    /// As it was seen.
    pub const fn datagram(&self) -> &Datagram {
        &self.datagram
    }

    /// Who sent it.
    pub const fn from(&self) -> Side {
        self.from
    }

    /// The version it was read in.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Whether it came inside another packet.
    pub const fn is_inside(&self) -> bool {
        self.is_inside
    }

    /// The packet without its cipher.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Its header and body, if it has a whole header.
    pub fn opened(&self) -> Option<Opened<'_>> {
        let mut reader = Reader::new(&self.plain);
        self.version.dialect().read(self.from, &mut reader).ok()
    }

    /// Its fields.
    pub fn dump(&self) -> Dump<'_> {
        Dump::new(self.version.dialect(), self.from, &self.plain, self.form)
    }

    /// Where `icq-udp.md` describes it.
    pub fn section(&self) -> Option<&'static str> {
        let opened = self.opened()?;
        sections::section(self.from, opened.header.command)
    }
}

/// Whether `bytes` may be a packet of that side and version: it opens, its check word is right where
/// there is one, and its command has a name.
pub(super) fn is_plausible(version: Version, from: Side, bytes: &[u8]) -> bool {
    let mut bytes = bytes.to_vec();
    let Ok(opened) = version.dialect().open(from, &mut bytes) else {
        return false;
    };
    let command = opened.header.command;
    match from {
        Side::Client => opened.check_valid && ToServer::name(command).is_some(),
        Side::Server => FromServer::name(command).is_some(),
    }
}
