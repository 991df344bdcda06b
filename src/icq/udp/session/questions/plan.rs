//! Which requests a question takes, in which version.

use std::fmt;

use super::details::{UNSPECIFIED, gender_byte, timezone_byte, zip_number};
use super::replies::{Awaits, Gathered};
use crate::icq::udp::groupware::{
    HomeInfo, Search as GroupwareSearch, SetNotes, Wanted, WebPage, WorkInfo,
};
use crate::icq::udp::to_server::{
    ChangePassword, Group, RandomGroup, SearchUser, SetAuthorisation, Target, UpdateBasic,
    UpdateExtended,
};
use crate::icq::udp::{Directory, ToServer};
use crate::icq::wire::meta::{
    About, Affiliations, General, Homepage, Interests, MetaForm, MetaRequest, More, NewPassword,
    Person, SearchEmail, SearchName, Security, WhitePages as MetaWhitePages, Work,
};
use crate::icq::wire::text::Charset;
use crate::icq::wire::{Password, Rest, Version};
use crate::model::{Details, Place, Profile, Question, Search, Secret, Uin, WhitePages};

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
    fn request(self, packet: &ToServer<'_>, awaits: Awaits) -> Request {
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

    fn meta(self, request: MetaRequest<'_>, awaits: Awaits) -> Request {
        self.request(&ToServer::Meta(request), awaits)
    }

    /// A text as a field takes it, cut where that is full. IServerd drops the session for more (§8.3).
    fn text(self, text: &str, limit: usize) -> Vec<u8> {
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

/// What one shows of oneself (§8.3, §8.4, §9).
impl Asker {
    fn publish(self, details: &Details) -> Vec<Request> {
        match self.directory {
            Directory::Meta => self.publish_by_meta(details),
            Directory::Old => vec![self.publish_names(details), self.publish_the_rest(details)],
            Directory::Groupware => self.publish_groupware(details),
        }
    }

    fn publish_by_meta(self, details: &Details) -> Vec<Request> {
        let about = self.text(&details.about, LONGEST_ABOUT);
        let interests = self.entries(&details.interests);
        let (past, affiliations) = (
            self.entries(&details.past),
            self.entries(&details.affiliations),
        );
        vec![
            self.publish_general(details),
            self.publish_work(details),
            self.publish_more(details),
            self.meta(
                MetaRequest::SetAbout(About { about: &about }),
                Awaits::MetaWord { subcmd: 0x0082 },
            ),
            self.meta(
                MetaRequest::SetInterests(Interests {
                    interests: borrowed(&interests).take(MOST_INTERESTS).collect(),
                }),
                Awaits::MetaWord { subcmd: 0x008C },
            ),
            // Always three of each: IServerd reads on where there are fewer.
            self.meta(
                MetaRequest::SetAffiliations(Affiliations {
                    past: borrowed(&past).chain(NOTHING).take(AFFILIATIONS).collect(),
                    affiliations: borrowed(&affiliations)
                        .chain(NOTHING)
                        .take(AFFILIATIONS)
                        .collect(),
                }),
                Awaits::MetaWord { subcmd: 0x0096 },
            ),
            self.authorisation(details.profile.authorisation_required),
        ]
    }

    fn publish_general(self, details: &Details) -> Request {
        let Details { profile, home, .. } = details;
        let name = |text: &str| self.text(text, LONGEST_NAME);
        let (nick, first, last) = (
            name(&profile.nick),
            name(&profile.first),
            name(&profile.last),
        );
        let email = |n: usize| {
            let email = details.emails.get(n).map_or("", String::as_str);
            self.text(email, LONGEST_EMAIL)
        };
        let (email1, email2, email3) =
            (self.text(&profile.email, LONGEST_EMAIL), email(0), email(1));
        let place = self.place(home);
        let cellular = self.text(&details.cellular, LONGEST_PHONE);
        let general = General {
            nick: &nick,
            first: &first,
            last: &last,
            email1: &email1,
            email2: &email2,
            email3: &email3,
            city: &place.city,
            state: &place.state,
            phone: &place.phone,
            fax: &place.fax,
            street: &place.street,
            cellular: &cellular,
            zip: &place.zip[..],
            country: home.country,
            timezone: timezone_byte(details.utc_offset),
            rest_hex: Rest(DO_NOT_PUBLISH_EMAIL),
        };
        self.meta(
            MetaRequest::SetGeneral(general),
            Awaits::MetaWord { subcmd: 0x0064 },
        )
    }

    fn publish_work(self, details: &Details) -> Request {
        let line = |text: &str| self.text(text, LONGEST_LINE);
        let place = self.place(&details.work);
        let (company, department, position) = (
            line(&details.company),
            line(&details.department),
            line(&details.position),
        );
        let homepage = self.text(&details.work_homepage, LONGEST_PAGE);
        let work = Work {
            city: &place.city,
            state: &place.state,
            phone: &place.phone,
            fax: &place.fax,
            street: &place.street,
            zip: &place.zip[..],
            country: details.work.country,
            company: &company,
            department: &department,
            position: &position,
            occupation: details.occupation,
            homepage: &homepage,
        };
        self.meta(
            MetaRequest::SetWork(work),
            Awaits::MetaWord { subcmd: 0x006E },
        )
    }

    fn publish_more(self, details: &Details) -> Request {
        let homepage = self.text(&details.homepage, LONGEST_PAGE);
        let language = |n: usize| details.languages.get(n).copied().unwrap_or_default();
        let more = More {
            age: details.age.unwrap_or_default(),
            gender: gender_byte(details.gender),
            homepage: &homepage,
            birth_year: details.birthday.map_or(0, |day| day.year),
            birth_month: details.birthday.map_or(0, |day| day.month),
            birth_day: details.birthday.map_or(0, |day| day.day),
            lang1: language(0),
            lang2: language(1),
            lang3: language(2),
        };
        self.meta(
            MetaRequest::SetMore(more),
            Awaits::MetaWord { subcmd: 0x0078 },
        )
    }

    fn publish_names(self, details: &Details) -> Request {
        let Profile {
            nick,
            first,
            last,
            email,
            authorisation_required,
        } = &details.profile;
        let [nick, first, last] = [nick, first, last].map(|name| self.text(name, LONGEST_NAME));
        let email = self.text(email, LONGEST_EMAIL);
        let update = UpdateBasic {
            nick: &nick,
            first: &first,
            last: &last,
            email: &email,
            auth_byte: Some(auth_byte(*authorisation_required)),
        };
        match ToServer::exists_in(UPDATE_BASIC, self.version) {
            true => self.request(
                &ToServer::UpdateBasic(update),
                Awaits::Word {
                    yes: 0x01E0,
                    no: Some(0x01EA),
                },
            ),
            false => self.request(
                &ToServer::UpdateBasicOld(update),
                Awaits::Word {
                    yes: 0x00B4,
                    no: Some(0x00BE),
                },
            ),
        }
    }

    fn publish_the_rest(self, details: &Details) -> Request {
        let place = self.place(&details.home);
        let homepage = self.text(&details.homepage, LONGEST_PAGE);
        let about = self.text(&details.about, LONGEST_ABOUT);
        let update = UpdateExtended {
            city: &place.city,
            country: details.home.country,
            timezone: timezone_byte(details.utc_offset),
            state: &place.state,
            age: details.age.unwrap_or(UNSPECIFIED),
            gender: gender_byte(details.gender),
            phone: &place.phone,
            homepage: &homepage,
            about: &about,
            zip: Some(zip_number(&details.home.zip)),
        };
        self.request(
            &ToServer::UpdateExtended(update),
            Awaits::Word {
                yes: 0x00C8,
                no: Some(0x00D2),
            },
        )
    }

    fn publish_groupware(self, details: &Details) -> Vec<Request> {
        let done = |yes| Awaits::Word { yes, no: None };
        let page = |text: &str| self.text(text, LONGEST_PAGE);
        let (home_page, work_page) = (page(&details.homepage), page(&details.work_homepage));
        let notes = self.text(&details.about, LONGEST_NOTES);
        vec![
            self.publish_names(details),
            self.publish_home(details),
            self.publish_groupware_work(details),
            self.request(
                &ToServer::SetHomeWeb(WebPage {
                    homepage: &home_page,
                }),
                done(0x0294),
            ),
            self.request(
                &ToServer::SetWorkWeb(WebPage {
                    homepage: &work_page,
                }),
                done(0x0258),
            ),
            self.request(
                &ToServer::SetNotes(SetNotes { notes: &notes }),
                done(0x02A8),
            ),
            // IServerd does not look at the flag behind the names.
            self.authorisation(details.profile.authorisation_required),
        ]
    }

    fn publish_home(self, details: &Details) -> Request {
        let place = self.place(&details.home);
        let cellular = self.text(&details.cellular, LONGEST_PHONE);
        let birthday = details.birthday;
        let home = HomeInfo {
            street: &place.street,
            city: &place.city,
            state: &place.state,
            country: details.home.country,
            phone: &place.phone,
            fax: &place.fax,
            cellular: &cellular,
            zip: zip_number(&details.home.zip),
            gender: gender_byte(details.gender),
            age: details.age.unwrap_or(UNSPECIFIED),
            birth_day: birthday.map_or(0, |day| day.day),
            birth_month: birthday.map_or(0, |day| day.month),
            birth_year_minus_1900: birthday
                .and_then(|day| u8::try_from(day.year.saturating_sub(1900)).ok())
                .unwrap_or_default(),
            x: Some(0),
        };
        let awaits = Awaits::Word {
            yes: 0x0280,
            no: None,
        };
        self.request(&ToServer::SetHome(home), awaits)
    }

    fn publish_groupware_work(self, details: &Details) -> Request {
        let place = self.place(&details.work);
        let company = self.text(&details.company, LONGEST_LINE);
        let position = self.text(&details.position, LONGEST_LINE);
        let work = WorkInfo {
            street: &place.street,
            city: &place.city,
            state: &place.state,
            country: details.work.country,
            company: &company,
            position: &position,
            department_id: 0,
            phone: &place.phone,
            fax: &place.fax,
            pager: b"",
            zip: zip_number(&details.work.zip),
        };
        let awaits = Awaits::Word {
            yes: 0x026C,
            no: None,
        };
        self.request(&ToServer::SetWork(work), awaits)
    }

    fn place(self, place: &Place) -> Written {
        let line = |text: &str| self.text(text, LONGEST_LINE);
        let phone = |text: &str| self.text(text, LONGEST_PHONE);
        Written {
            street: line(&place.street),
            city: line(&place.city),
            state: line(&place.state),
            zip: self.text(&place.zip, LONGEST_ZIP),
            phone: phone(&place.phone),
            fax: phone(&place.fax),
        }
    }

    fn entries(self, entries: &[(u16, String)]) -> Vec<(u16, Vec<u8>)> {
        let entries = entries.iter();
        entries
            .map(|(category, text)| (*category, self.text(text, LONGEST_LINE)))
            .collect()
    }
}

/// What one allows, and the password (§5.1, §8.3, §8.4).
impl Asker {
    fn authorisation(self, required: bool) -> Request {
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

/// A [`Place`] in a code page.
struct Written {
    street: Vec<u8>,
    city: Vec<u8>,
    state: Vec<u8>,
    zip: Vec<u8>,
    phone: Vec<u8>,
    fax: Vec<u8>,
}

fn borrowed(entries: &[(u16, Vec<u8>)]) -> impl Iterator<Item = (u16, &[u8])> {
    entries
        .iter()
        .map(|(category, text)| (*category, &text[..]))
}

const fn auth_byte(required: bool) -> u8 {
    match required {
        true => 0,
        false => 1,
    }
}

/// The newer of the two commands that change names.
const UPDATE_BASIC: u16 = 0x050A;

/// No group of random chat.
const NO_GROUP: u32 = 0;

/// What a groupware client was recorded to say before the flag.
const WHATEVER: u32 = 0x1124;

/// The byte after the time zone, of which sources say the opposite of each other: hide the e-mail
/// address, or publish it. IServerd publishes at 1.
const DO_NOT_PUBLISH_EMAIL: &[u8] = &[0];

const NOTHING: [(u16, &[u8]); AFFILIATIONS] = [(0, b""); AFFILIATIONS];
const AFFILIATIONS: usize = 3;
const MOST_INTERESTS: usize = 4;

// In bytes, without the NUL: what IServerd has room for (§8.3), and the password of §6.1.
const LONGEST_NAME: usize = 30;
const LONGEST_EMAIL: usize = 60;
const LONGEST_PHONE: usize = 30;
const LONGEST_ZIP: usize = 12;
const LONGEST_LINE: usize = 60;
const LONGEST_PAGE: usize = 120;
const LONGEST_ABOUT: usize = 449;
const LONGEST_NOTES: usize = 255;
const LONGEST_PASSWORD: usize = 8;
