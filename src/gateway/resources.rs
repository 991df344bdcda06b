//! Where a user is online in XMPP, and the one status that follows from it (xmpp-gateway.md §6.1, §7.1).

use std::cmp::Reverse;
use std::time::Duration;

use xmpp_parsers::jid::FullJid;
use xmpp_parsers::ns;
use xmpp_parsers::presence::{Presence, Show};

use crate::model::{Availability, Now, Status, UnixTime};
use crate::xmpp::presence;

/// The resources that have announced themselves to the gateway.
#[derive(Debug, Default)]
pub struct Resources {
    online: Vec<Resource>,
}

/// One resource that is available to the gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Which.
    pub jid: FullJid,
    /// Its priority; below zero it takes no messages and causes no login.
    pub priority: i8,
    /// What it shows; `None` is plainly online.
    pub show: Option<Show>,
    /// What it says beside that.
    pub text: Option<Box<str>>,
    /// Node and hash of its capabilities (XEP-0115), as `node#ver`.
    pub caps: Option<Box<str>>,
    /// Its presence goes to contacts too, not to the gateway alone.
    seen_by_contacts: bool,
    /// When it took on this show.
    since: UnixTime,
    /// Grows with each change of any resource.
    turn: u64,
}

/// What an available presence meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Announced {
    /// The resource was not known.
    New,
    /// It was known and is different now.
    Changed,
    /// It said what it had said before.
    Same,
    /// There are too many; this one is not served.
    TooMany,
}

impl Resources {
    /// The full JIDs of all resources that are available to the gateway.
    pub fn iter(&self) -> impl Iterator<Item = &FullJid> {
        self.online.iter().map(|resource| &resource.jid)
    }

    /// All that is known about them.
    pub fn details(&self) -> &[Resource] {
        &self.online
    }

    /// No resource is available.
    pub fn is_empty(&self) -> bool {
        self.online.is_empty()
    }

    /// This one is available.
    pub fn contains(&self, jid: &FullJid) -> bool {
        self.iter().any(|known| known == jid)
    }

    /// Whether there is a reason to be online on ICQ: a resource that takes messages.
    pub fn want_login(&self) -> bool {
        self.online.iter().any(|resource| resource.priority >= 0)
    }

    /// Notes an available presence. One whose content could not be read counts as plainly online.
    pub fn announce(&mut self, now: Now, jid: &FullJid, presence: Option<&Presence>) -> Announced {
        let at = self.online.iter().position(|known| known.jid == *jid);
        if at.is_none() && self.online.len() >= MAX_RESOURCES {
            return Announced::TooMany;
        }
        let turn = 1 + self
            .online
            .iter()
            .map(|known| known.turn)
            .max()
            .unwrap_or(0);
        let mut resource = Resource::read(jid, presence, now.unix, turn);
        let Some(at) = at else {
            // Most have one, and no room for four.
            self.online.reserve_exact(1);
            self.online.push(resource);
            return Announced::New;
        };
        let known = &mut self.online[at];
        if known.show == resource.show {
            resource.since = known.since;
        }
        resource.seen_by_contacts = known.seen_by_contacts;
        let same = Resource {
            turn: known.turn,
            ..resource.clone()
        } == *known;
        if same {
            return Announced::Same;
        }
        *known = resource;
        Announced::Changed
    }

    /// Notes that a resource left. `false` if it was not known.
    pub fn remove(&mut self, jid: &FullJid) -> bool {
        let before = self.online.len();
        self.online.retain(|known| known.jid != *jid);
        self.online.len() != before
    }

    /// Notes that a contact was sent this resource's presence, too.
    pub(super) fn seen_by_contact(&mut self, jid: &FullJid) {
        if let Some(resource) = self.online.iter_mut().find(|known| known.jid == *jid) {
            resource.seen_by_contacts = true;
        }
    }

    /// Contacts are sent this resource's presence, too.
    pub(super) fn is_seen_by_contacts(&self, jid: &FullJid) -> bool {
        let mut online = self.online.iter();
        online.any(|known| known.jid == *jid && known.seen_by_contacts)
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.online.clear();
    }

    /// The status that stands for all resources, and its text (xmpp-gateway.md §7.1); `None` without a
    /// resource of priority zero or more.
    pub fn status(&self, now: Now) -> Option<(Status, Option<&str>)> {
        let mut candidates: Vec<&Resource> = self
            .online
            .iter()
            .filter(|resource| resource.priority >= 0)
            .collect();
        candidates.sort_by_key(|resource| Reverse(resource.rank(now.unix)));
        let winner = candidates.first()?;
        let text = candidates
            .iter()
            .find_map(|resource| resource.text.as_deref());
        Some((Status::from(availability(winner.show.as_ref())), text))
    }
}

impl Resource {
    fn read(jid: &FullJid, presence: Option<&Presence>, now: UnixTime, turn: u64) -> Self {
        Self {
            jid: jid.clone(),
            priority: presence.map_or(0, |presence| presence.priority.0),
            show: presence.and_then(|presence| presence.show.clone()),
            text: presence.and_then(status_text),
            caps: presence.and_then(caps),
            seen_by_contacts: false,
            since: now,
            turn,
        }
    }

    /// Orders resources by who speaks for the user.
    fn rank(&self, now: UnixTime) -> (i8, u8, u64) {
        let reachable = match self.show {
            // Nobody is set to dnd by a timer: whoever did it meant it, on all devices.
            Some(Show::Dnd) if now.since(self.since) < DND_COUNTS => 5,
            Some(Show::Chat) => 4,
            None => 3,
            Some(Show::Away) => 2,
            Some(Show::Xa) => 1,
            Some(Show::Dnd) => 0,
        };
        (self.priority, reachable, self.turn)
    }
}

/// What ICQ is told for a show (xmpp-gateway.md §7.2).
const fn availability(show: Option<&Show>) -> Availability {
    match show {
        None => Availability::Online,
        Some(Show::Chat) => Availability::FreeForChat,
        Some(Show::Away) => Availability::Away,
        Some(Show::Xa) => Availability::NotAvailable,
        Some(Show::Dnd) => Availability::DoNotDisturb,
    }
}

/// The status text, cut to a length worth keeping.
fn status_text(presence: &Presence) -> Option<Box<str>> {
    let text = presence::text(presence);
    let end = text.char_indices().nth(MAX_TEXT_CHARS);
    let text = &text[..end.map_or(text.len(), |(end, _)| end)];
    (!text.is_empty()).then(|| text.into())
}

fn caps(presence: &Presence) -> Option<Box<str>> {
    let caps = presence
        .payloads
        .iter()
        .find(|payload| payload.is("c", ns::CAPS))?;
    let name = format!("{}#{}", caps.attr("node")?, caps.attr("ver")?);
    (name.len() <= MAX_CAPS_BYTES).then(|| name.into())
}

/// As many devices as a person may have.
const MAX_RESOURCES: usize = 32;

/// xmpp-gateway.md §28.1.
const MAX_TEXT_CHARS: usize = 1000;

/// A node is an address and a hash has 28 characters; more is nonsense.
const MAX_CAPS_BYTES: usize = 256;

/// How long "do not disturb" on one device speaks for all.
const DND_COUNTS: Duration = Duration::from_secs(12 * 3600);

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn now() -> Now {
        Now {
            instant: Instant::now(),
            unix: UnixTime::from_secs(1_000_000_000),
        }
    }

    fn presence(xml: &str) -> Presence {
        let xml = format!("<presence xmlns='jabber:component:accept'>{xml}</presence>");
        Presence::try_from(xml.parse::<minidom::Element>().unwrap()).unwrap()
    }

    /// Announces `(resource, content of its presence)` one second after another.
    fn online(announced: &[(&str, &str)]) -> (Resources, Now) {
        let mut resources = Resources::default();
        let mut now = now();
        for (name, xml) in announced {
            now = now.after(Duration::from_secs(1));
            resources.announce(now, &jid(name), Some(&presence(xml)));
        }
        (resources, now)
    }

    fn jid(name: &str) -> FullJid {
        FullJid::new(&format!("romeo@example.org/{name}")).unwrap()
    }

    fn winner(announced: &[(&str, &str)]) -> Option<(Availability, Option<String>)> {
        let (resources, now) = online(announced);
        let (status, text) = resources.status(now)?;
        Some((status.availability, text.map(str::to_owned)))
    }

    #[test]
    fn the_highest_priority_wins() {
        let announced = [
            ("pc", "<show>away</show><priority>5</priority>"),
            ("phone", "<show>chat</show><priority>1</priority>"),
        ];
        assert_eq!(winner(&announced), Some((Availability::Away, None)));
    }

    #[test]
    fn among_equals_the_most_reachable_wins() {
        let announced = [
            ("a", "<show>xa</show>"),
            ("b", ""),
            ("c", "<show>away</show>"),
        ];
        assert_eq!(winner(&announced), Some((Availability::Online, None)));
    }

    #[test]
    fn dnd_on_one_device_speaks_for_all_for_twelve_hours() {
        let (mut resources, now) = online(&[("pc", "<show>dnd</show>"), ("phone", "")]);
        let availability = |resources: &Resources, now| {
            resources.status(now).map(|(status, _)| status.availability)
        };
        assert_eq!(
            availability(&resources, now),
            Some(Availability::DoNotDisturb)
        );

        // Repeating it is no new decision.
        let later = now.after(DND_COUNTS);
        resources.announce(later, &jid("pc"), Some(&presence("<show>dnd</show>")));

        assert_eq!(availability(&resources, later), Some(Availability::Online));
    }

    #[test]
    fn the_text_is_the_winners_or_else_the_next_ones() {
        let announced = [
            ("pc", "<show>chat</show>"),
            ("phone", "<show>away</show><status>lunch</status>"),
        ];
        assert_eq!(
            winner(&announced),
            Some((Availability::FreeForChat, Some("lunch".into())))
        );
    }

    #[test]
    fn resources_that_take_no_messages_do_not_count() {
        let (resources, now) = online(&[("bot", "<priority>-1</priority>")]);

        assert!(!resources.is_empty());
        assert!(!resources.want_login());
        assert_eq!(resources.status(now), None);
    }

    #[test]
    fn a_repeated_presence_says_nothing_new() {
        let (mut resources, now) = online(&[("pc", "<show>away</show>")]);

        let same = resources.announce(now, &jid("pc"), Some(&presence("<show>away</show>")));
        let unreadable = resources.announce(now, &jid("pc"), None);
        let unknown = resources.remove(&jid("phone"));

        assert_eq!(same, Announced::Same);
        assert_eq!(unreadable, Announced::Changed);
        assert!(!unknown);
        assert!(resources.remove(&jid("pc")));
        assert!(resources.is_empty());
    }

    #[test]
    fn nobody_has_more_resources_than_the_limit() {
        let mut resources = Resources::default();
        for n in 0..MAX_RESOURCES {
            let new = resources.announce(now(), &jid(&n.to_string()), None);
            assert_eq!(new, Announced::New);
        }
        assert_eq!(
            resources.announce(now(), &jid("more"), None),
            Announced::TooMany
        );
    }

    #[test]
    fn capabilities_are_kept_and_texts_cut() {
        let long = "é".repeat(2000);
        let xml = format!(
            "<status>{long}</status><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' \
             node='https://gajim.org' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>"
        );
        let (resources, _) = online(&[("pc", &xml)]);

        let [pc] = resources.details() else {
            panic!("one resource")
        };
        let caps = pc.caps.as_deref();
        assert_eq!(caps, Some("https://gajim.org#QgayPKawpkPSDYmwT/WM94uAlu0="));
        assert_eq!(
            pc.text.as_ref().map(|text| text.chars().count()),
            Some(1000)
        );
    }
}
