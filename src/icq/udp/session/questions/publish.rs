//! What one shows of oneself: the requests that say it, in which version (`icq-udp.md` §8.3, §8.4, §9).

use super::details::{UNSPECIFIED, gender_byte, timezone_byte, zip_number};
use super::plan::{Asker, LONGEST_EMAIL, LONGEST_LINE, LONGEST_NAME, Request, auth_byte};
use super::replies::Awaits;
use crate::icq::udp::groupware::{HomeInfo, SetNotes, WebPage, WorkInfo};
use crate::icq::udp::to_server::{UpdateBasic, UpdateExtended};
use crate::icq::udp::{Directory, ToServer};
use crate::icq::wire::Rest;
use crate::icq::wire::meta::{About, Affiliations, General, Interests, MetaRequest, More, Work};
use crate::model::{Details, Place, Profile};

impl Asker {
    pub(super) fn publish(self, details: &Details) -> Vec<Request> {
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

/// The newer of the two commands that change names.
const UPDATE_BASIC: u16 = 0x050A;

/// The byte after the time zone, of which sources say the opposite of each other: hide the e-mail
/// address, or publish it. IServerd publishes at 1.
const DO_NOT_PUBLISH_EMAIL: &[u8] = &[0];

const NOTHING: [(u16, &[u8]); AFFILIATIONS] = [(0, b""); AFFILIATIONS];
const AFFILIATIONS: usize = 3;
const MOST_INTERESTS: usize = 4;

// In bytes, without the NUL: what IServerd has room for (§8.3).
const LONGEST_PHONE: usize = 30;
const LONGEST_ZIP: usize = 12;
const LONGEST_PAGE: usize = 120;
const LONGEST_ABOUT: usize = 449;
const LONGEST_NOTES: usize = 255;
