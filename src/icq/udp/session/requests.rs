//! What the session asks of the server, one thing after the other: lists and statuses.
//!
//! The next request leaves when the one before was acknowledged or given up. Some servers work on
//! the packets of a burst in any order (`icq-udp.md` §17), and a status that is repeated must not
//! undo the one after it.

use std::collections::VecDeque;

use super::window::Purpose;
use crate::icq::VisibilityList;
use crate::icq::udp::to_server::{AckMessages, SetStatus, Target, UinList, UpdateList};
use crate::icq::udp::{Deletion, Manner, ToServer};
use crate::model::{Status, Uin, UnixTime};

/// One thing asked of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Request {
    /// To watch these (0x0406).
    Contacts(Vec<Uin>),
    /// Never to let these see the user (0x06A4).
    Invisible(Vec<Uin>),
    /// To let these see the user although invisible (0x06AE).
    Visible(Vec<Uin>),
    /// For the messages that wait (0x044C).
    OfflineMessages,
    /// To show this status (0x04D8).
    Status(Status),
    /// To watch one more (0x053C). It costs one presence; a further 0x0406 would bring all messages
    /// that wait once again (§6.4, §7.5).
    Contact(Uin),
    /// One change to one of the two lists of exceptions (0x06B8).
    Visibility {
        uin: Uin,
        list: VisibilityList,
        on: bool,
    },
    /// To forget the messages that waited (0x0442).
    DeleteOfflineMessages(Told),
}

/// What was told of the messages that waited.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Told {
    /// The `seq1` of the word that this was all.
    pub(super) end: u16,
    /// When the latest of them was sent.
    pub(super) latest: UnixTime,
}

impl Request {
    /// The packet that asks for it.
    pub(super) fn packet(&self, manner: &Manner) -> ToServer<'static> {
        match self {
            Self::Contacts(uins) => ToServer::ContactList(UinList { uins: uins.clone() }),
            Self::Invisible(uins) => ToServer::InvisibleList(UinList { uins: uins.clone() }),
            Self::Visible(uins) => ToServer::VisibleList(UinList { uins: uins.clone() }),
            Self::OfflineMessages => ToServer::RequestOffline,
            Self::Status(status) => ToServer::SetStatus(SetStatus {
                status: manner.statuses.own_word(*status),
            }),
            Self::Contact(uin) => ToServer::AddToList(Target { target_uin: *uin }),
            Self::Visibility { uin, list, on } => ToServer::UpdateList(UpdateList {
                target_uin: *uin,
                list: match list {
                    VisibilityList::Visible => UpdateList::VISIBLE,
                    VisibilityList::Invisible => UpdateList::INVISIBLE,
                },
                add: u8::from(*on),
            }),
            Self::DeleteOfflineMessages(told) => ToServer::AckMessages(AckMessages {
                timestamp: match manner.deletion {
                    // The wire's time ends in 2106.
                    Deletion::ByTime => Some(u32::try_from(told.latest.secs()).unwrap_or(u32::MAX)),
                    Deletion::All | Deletion::ByEnd => None,
                },
            }),
        }
    }

    /// What its packet is sent for.
    pub(super) const fn purpose(&self) -> Purpose {
        match self {
            Self::OfflineMessages => Purpose::OfflineMessages,
            Self::DeleteOfflineMessages(_) => Purpose::Deletion,
            Self::Contacts(_)
            | Self::Invisible(_)
            | Self::Visible(_)
            | Self::Status(_)
            | Self::Contact(_)
            | Self::Visibility { .. } => Purpose::Request,
        }
    }

    /// The number its packet has to bear, where it is not the next one.
    pub(super) fn number(&self, manner: &Manner) -> Option<u16> {
        match (self, manner.deletion) {
            (Self::DeleteOfflineMessages(told), Deletion::ByEnd) => Some(told.end),
            _ => None,
        }
    }

    /// Whether a later request of the same kind makes this one needless.
    fn is_outdone_by(&self, later: &Self) -> bool {
        matches!(
            (self, later),
            (Self::Status(_), Self::Status(_))
                | (Self::Visible(_), Self::Visible(_))
                | (Self::Invisible(_), Self::Invisible(_))
        )
    }
}

/// The requests that have not ended, in the order they were made.
#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Request>,
    on_the_way: Option<Request>,
}

impl Requests {
    /// Takes a request; `false` if too many wait. Only the last of several statuses or whole lists is
    /// worth sending.
    #[must_use]
    pub(super) fn push(&mut self, request: Request) -> bool {
        self.waiting
            .retain(|waiting| !waiting.is_outdone_by(&request));
        let has_room = self.waiting.len() < MAX_WAITING;
        if has_room {
            self.waiting.push_back(request);
        }
        has_room
    }

    /// Takes the session's own requests: they are few.
    pub(super) fn extend(&mut self, requests: impl IntoIterator<Item = Request>) {
        self.waiting.extend(requests);
    }

    /// The next one, if nothing is on its way.
    pub(super) fn next(&mut self) -> Option<&Request> {
        if self.on_the_way.is_some() {
            return None;
        }
        self.on_the_way = self.waiting.pop_front();
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        self.on_the_way.as_ref()
    }

    /// Whether a part of the contact list is on its way.
    pub(super) const fn is_sending_contacts(&self) -> bool {
        matches!(self.on_the_way, Some(Request::Contacts(_)))
    }

    /// The one on its way was acknowledged or given up.
    pub(super) fn ended(&mut self) -> Option<Request> {
        self.on_the_way.take()
    }
}

/// The contact list in packets: at most [`UinList::MOST`] in each, and fewer in the last, because a
/// full one announces another; an empty one for an empty list, because the server waits for it (§6.4).
pub(super) fn chunks(contacts: &[Uin]) -> Vec<Vec<Uin>> {
    let mut chunks: Vec<_> = contacts
        .chunks(UinList::MOST)
        .map(<[Uin]>::to_vec)
        .collect();
    if contacts.len().is_multiple_of(UinList::MOST) {
        chunks.push(Vec::new());
    }
    chunks
}

/// One of the lists of exceptions in one packet: as many as it takes. Where single changes do not exist
/// the others are left out, for a second packet would replace the first.
pub(super) fn whole_list(uins: &[Uin], list: VisibilityList) -> Request {
    let uins = uins.iter().copied().take(MOST_EXCEPTIONS).collect();
    match list {
        VisibilityList::Visible => Request::Visible(uins),
        VisibilityList::Invisible => Request::Invisible(uins),
    }
}

/// One of the lists of exceptions: a whole list as far as one packet goes, then one by one.
pub(super) fn exceptions(uins: &[Uin], list: VisibilityList) -> Vec<Request> {
    let rest = uins.get(MOST_EXCEPTIONS..).unwrap_or_default();
    if uins.is_empty() {
        return Vec::new();
    }
    let whole = whole_list(uins, list);
    let singly = rest.iter().map(|&uin| Request::Visibility {
        uin,
        list,
        on: true,
    });
    std::iter::once(whole).chain(singly).collect()
}

/// How many exceptions one packet takes: a full one would announce another.
pub(super) const MOST_EXCEPTIONS: usize = UinList::MOST - 1;

/// How many requests may wait: enough for somebody who brings a long contact list along.
const MAX_WAITING: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Availability;

    #[test]
    fn the_next_request_waits_for_the_end_of_the_one_before() {
        let mut requests = Requests::default();
        requests.extend([Request::Contact(Uin(1001)), Request::OfflineMessages]);

        assert_eq!(requests.next(), Some(&Request::Contact(Uin(1001))));
        assert_eq!(requests.next(), None);

        assert_eq!(requests.ended(), Some(Request::Contact(Uin(1001))));
        assert_eq!(requests.next(), Some(&Request::OfflineMessages));
    }

    #[test]
    fn of_several_statuses_only_the_last_waits() {
        let mut requests = Requests::default();
        for availability in [Availability::Away, Availability::Occupied] {
            assert!(requests.push(Request::Status(availability.into())));
        }

        assert_eq!(
            requests.next(),
            Some(&Request::Status(Availability::Occupied.into()))
        );
        requests.ended();
        assert_eq!(requests.next(), None);
    }

    #[test]
    fn a_full_packet_of_contacts_is_always_followed_by_another() {
        for (contacts, sizes) in [
            (0, vec![0]),
            (1, vec![1]),
            (99, vec![99]),
            (100, vec![100, 0]),
            (101, vec![100, 1]),
            (200, vec![100, 100, 0]),
        ] {
            let uins: Vec<_> = (0..contacts).map(|n| Uin(1000 + n)).collect();

            let chunks = chunks(&uins);

            assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
            assert_eq!(chunks.concat(), uins);
        }
    }

    #[test]
    fn a_long_list_of_exceptions_is_completed_one_by_one() {
        let uins: Vec<_> = (0..101).map(|n| Uin(1000 + n)).collect();

        let requests = exceptions(&uins, VisibilityList::Invisible);

        assert_eq!(requests[0], Request::Invisible(uins[..99].to_vec()));
        assert_eq!(requests.len(), 3);
        assert!(exceptions(&[], VisibilityList::Visible).is_empty());
    }
}
