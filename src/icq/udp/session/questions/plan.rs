//! Which requests a question takes, in which version.

use std::fmt;

use super::details::gender_byte;
use super::replies::{Awaits, Gathered};
use crate::icq::udp::groupware::{Search as GroupwareSearch, Wanted};
use crate::icq::udp::to_server::{
    ChangePassword, Group, RandomGroup, SearchUser, SetAuthorisation, Target,
};
use crate::icq::udp::{Directory, ToServer};
use crate::icq::wire::meta::{
    Homepage, MetaForm, MetaRequest, NewPassword, Person, SearchEmail, SearchName, Security,
    WhitePages as MetaWhitePages,
};
use crate::icq::wire::text::Charset;
use crate::icq::wire::{Password, Rest, Version};
use crate::model::{Profile, Question, Search, Secret, Uin, WhitePages};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Asker {
    pub(in super::super) version: Version,
    pub(in super::super) directory: Directory,
    pub(in super::super) charset: Charset,
    /// Allows the status to be shown on the web.
    pub(in super::super) web_aware: bool,
}

/// One packet of a question, and what answers it.
pub(super) struct Request {
    pub(super) command: u16,
    pub(super) body: Vec<u8>,
    pub(super) form: MetaForm,
    pub(super) awaits: Awaits,
}

/// There may be a password in the body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("command", &self.command)
            .field("awaits", &self.awaits)
            .finish_non_exhaustive()
    }
}

/// The requests that a question takes, and what is known before the first of them is answered.
pub(super) fn plan(question: &Question, asker: Asker) -> (Vec<Request>, Gathered) {
    let mut gathered = Gathered::default();
    let requests = match question {
        Question::Details(uin) => asker.details(*uin),
        Question::Search(search) => {
            let (request, also) = asker.search(search);
            gathered.also = also;
            vec![request]
        }
        Question::Publish(details) => asker.publish(details),
        Question::RequireAuthorisation(required) => vec![asker.authorisation(*required)],
        Question::ChangePassword(password) => vec![asker.password(password)],
        Question::JoinRandom(group) => {
            let group = group.map_or(NO_GROUP, |group| group.0.into());
            let group = Group::Long(group);
            let packet = ToServer::RandomSet(RandomGroup { group });
            vec![asker.request(&packet, Awaits::Acknowledgement)]
        }
        Question::MeetRandom(group) => {
            let group = Group::Long(group.0.into());
            let packet = ToServer::RandomSearch(RandomGroup { group });
            vec![asker.request(&packet, Awaits::Random)]
        }
    };
    (requests, gathered)
}

impl Asker {
    pub(super) fn request(self, packet: &ToServer<'_>, awaits: Awaits) -> Request {
        let mut body = Vec::new();
        packet.encode(self.version, &mut body);
        Request {
            command: packet.command(),
            body,
            form: match packet {
                ToServer::Meta(request) => request.form(),
                _ => MetaForm::Unknown,
            },
            awaits,
        }
    }

    pub(super) fn meta(self, request: MetaRequest<'_>, awaits: Awaits) -> Request {
        self.request(&ToServer::Meta(request), awaits)
    }

    /// A text as a field takes it, cut where that is full. IServerd drops the session for more (§8.3).
    pub(super) fn text(self, text: &str, limit: usize) -> Vec<u8> {
        let pieces = self.charset.encode_split(text, limit);
        pieces
            .into_iter()
            .next()
            .map_or_else(Vec::new, |piece| piece.bytes)
    }
}

/// Who somebody is (§8.1, §8.2, §8.4, §9).
impl Asker {
    fn details(self, uin: Uin) -> Vec<Request> {
        let target = || Target { target_uin: uin };
        match self.directory {
            // The whole profile lacks whether authorisation is needed, and the old form of the request
            // is answered by open-oscar-server in a form of its own.
            Directory::Meta => vec![
                self.meta(MetaRequest::ShortInfo(Person { uin }), Awaits::MetaShort),
                self.meta(MetaRequest::FullInfo(Person { uin }), Awaits::MetaParts),
            ],
            Directory::Old => vec![
                self.request(&ToServer::InfoRequest(target()), Awaits::Names(uin)),
                self.request(&ToServer::ExtInfoRequest(target()), Awaits::Extended(uin)),
            ],
            Directory::Groupware => vec![
                self.request(&ToServer::UserInfoRequest(target()), Awaits::Groupware),
                self.request(&ToServer::NotesRequest(target()), Awaits::Notes),
            ],
        }
    }
}

/// Who fits (§8.1, §8.4, §8.5, §9).
impl Asker {
    fn search(self, search: &Search) -> (Request, Option<Box<Profile>>) {
        match self.directory {
            Directory::Meta => (self.search_by_meta(search), None),
            Directory::Old => (self.search_the_old_way(search), None),
            Directory::Groupware => self.search_groupware(search),
        }
    }

    fn search_by_meta(self, search: &Search) -> Request {
        match search {
            Search::Number(uin) => {
                let person = Person { uin: *uin };
                self.meta(MetaRequest::SearchUin(person), Awaits::MetaFound)
            }
            Search::Email(email) => {
                let email = self.text(email, LONGEST_EMAIL);
                let search = SearchEmail { email: &email };
                self.meta(MetaRequest::SearchEmail(search), Awaits::MetaFound)
            }
            Search::Names { nick, first, last } => {
                let [nick, first, last] =
                    [nick, first, last].map(|name| self.text(name, LONGEST_NAME));
                let search = SearchName {
                    first: &first,
                    last: &last,
                    nick: &nick,
                };
                self.meta(MetaRequest::SearchName(search), Awaits::MetaFound)
            }
            Search::WhitePages(pages) => self.white_pages(pages),
        }
    }

    fn white_pages(self, pages: &WhitePages) -> Request {
        let line = |text: &str| self.text(text, LONGEST_LINE);
        let (first, last, nick) = (line(&pages.first), line(&pages.last), line(&pages.nick));
        let (city, state, company) = (line(&pages.city), line(&pages.state), line(&pages.company));
        let (email, keyword) = (line(&pages.email), line(&pages.keyword));
        let search = MetaWhitePages {
            first: &first,
            last: &last,
            nick: &nick,
            email: &email,
            min_age: pages.min_age,
            max_age: pages.max_age,
            gender: gender_byte(pages.gender),
            language: pages.language,
            city: &city,
            state: &state,
            country: pages.country,
            company: &company,
            department: b"",
            position: b"",
            occupation: 0,
            past_code: 0,
            past_key: b"",
            interest_code: 0,
            interest_key: &keyword,
            affil_code: 0,
            affil_key: b"",
            homepage: Homepage::default(),
            online_only: u8::from(pages.online_only),
        };
        self.meta(MetaRequest::WhitePages(search), Awaits::MetaFound)
    }

    /// A search for an e-mail address has no names and the other way round.
    fn search_the_old_way(self, search: &Search) -> Request {
        let names = |nick: &str, first: &str, last: &str, email: &str| {
            let [nick, first, last] = [nick, first, last].map(|name| self.text(name, LONGEST_NAME));
            let email = self.text(email, LONGEST_EMAIL);
            let search = SearchUser {
                nick: &nick,
                first: &first,
                last: &last,
                email: &email,
            };
            self.request(&ToServer::SearchUser(search), Awaits::Found)
        };
        match search {
            Search::Number(uin) => {
                let target = Target { target_uin: *uin };
                self.request(&ToServer::SearchUin(target), Awaits::Found)
            }
            Search::Email(email) => names("", "", "", email),
            Search::Names { nick, first, last } => names(nick, first, last, ""),
            // Not asked of a version without META; the names are what it has of them.
            Search::WhitePages(pages) => names(&pages.nick, &pages.first, &pages.last, ""),
        }
    }

    /// Groupware searches one thing at a time: the first that is given. What else is wanted is looked
    /// for among those found.
    fn search_groupware(self, search: &Search) -> (Request, Option<Box<Profile>>) {
        let by = |kind, comparison, text: &str| {
            let text = self.text(text, LONGEST_LINE);
            let search = GroupwareSearch {
                x_ff: 0xFF,
                kind,
                x: 0,
                comparison,
                wanted: Wanted::Text(&text),
            };
            self.request(&ToServer::Search(search), Awaits::Found)
        };
        let (nick, first, last) = match search {
            Search::Number(uin) => {
                let request = by(GroupwareSearch::UIN, GroupwareSearch::IS, &uin.to_string());
                return (request, None);
            }
            Search::Email(email) => {
                let request = by(GroupwareSearch::EMAIL, GroupwareSearch::IS, email);
                return (request, None);
            }
            Search::Names { nick, first, last } => (nick, first, last),
            // Not asked of a version without META; the names are what it has of them.
            Search::WhitePages(pages) => (&pages.nick, &pages.first, &pages.last),
        };
        let by_name = |kind, name| by(kind, GroupwareSearch::CONTAINS, name);
        let request = match (nick.as_str(), last.as_str()) {
            ("", "") => by_name(GroupwareSearch::FIRST, first),
            ("", last) => by_name(GroupwareSearch::LAST, last),
            (nick, _) => by_name(GroupwareSearch::NICK, nick),
        };
        let also = Profile {
            nick: nick.clone(),
            first: first.clone(),
            last: last.clone(),
            ..Profile::default()
        };
        (request, Some(Box::new(also)))
    }
}

/// What one allows, and the password (§5.1, §8.3, §8.4).
impl Asker {
    pub(super) fn authorisation(self, required: bool) -> Request {
        let auth_byte = auth_byte(required);
        if self.directory == Directory::Meta {
            let security = Security {
                auth_byte,
                webaware: u8::from(self.web_aware),
                rest_hex: Rest(&[0]),
            };
            let awaits = Awaits::MetaWord { subcmd: 0x00A0 };
            return self.meta(MetaRequest::SetSecurity(security), awaits);
        }
        let packet = ToServer::SetAuthorisation(SetAuthorisation {
            x: WHATEVER,
            auth_byte,
        });
        let awaits = Awaits::Word {
            yes: 0x01F4,
            no: Some(0x01FE),
        };
        self.request(&packet, awaits)
    }

    fn password(self, password: &Secret) -> Request {
        let mut bytes = self.charset.encode(password.reveal()).bytes;
        bytes.truncate(LONGEST_PASSWORD);
        let password = Password(&bytes);
        if self.directory == Directory::Meta {
            let awaits = Awaits::MetaWord { subcmd: 0x00AA };
            return self.meta(MetaRequest::SetPassword(NewPassword { password }), awaits);
        }
        let awaits = Awaits::Word {
            yes: 0x0140,
            no: None,
        };
        let packet = ToServer::ChangePassword(ChangePassword { x: None, password });
        self.request(&packet, awaits)
    }
}

pub(super) const fn auth_byte(required: bool) -> u8 {
    match required {
        true => 0,
        false => 1,
    }
}

/// No group of random chat.
const NO_GROUP: u32 = 0;

/// What a groupware client was recorded to say before the flag.
const WHATEVER: u32 = 0x1124;

// In bytes, without the NUL: what IServerd has room for (§8.3), and the password of §6.1.
pub(super) const LONGEST_NAME: usize = 30;
pub(super) const LONGEST_EMAIL: usize = 60;
pub(super) const LONGEST_LINE: usize = 60;
const LONGEST_PASSWORD: usize = 8;
