//! What comes back: which packets answer a request, and what they say.

use super::details::{age, birthday, country, decoded, gender, utc_offset, zip};
use crate::icq::udp::FromServer;
use crate::icq::udp::from_server::{ExtendedInfo, InfoReply};
use crate::icq::udp::groupware::{HomeInfo, WorkInfo};
use crate::icq::wire::meta::{FoundPerson, General, MetaInfo, MetaReply, More, ShortYear, Work};
use crate::icq::wire::text::Charset;
use crate::model::{Answer, Details, Found, Place, Profile, Uin};

/// What a request awaits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Awaits {
    /// Its acknowledgement and nothing more.
    Acknowledgement,
    /// One of two commands, which say yes and no by being there.
    Word { yes: u16, no: Option<u16> },
    /// A META reply that says yes or no.
    MetaWord { subcmd: u16 },
    /// The short profile, by META.
    MetaShort,
    /// The seven parts of a profile, by META.
    MetaParts,
    /// Whom a search found, by META.
    MetaFound,
    /// Somebody's names (0x0118).
    Names(Uin),
    /// The rest of somebody's profile (0x0122).
    Extended(Uin),
    /// The five packets of a groupware profile.
    Groupware,
    /// Groupware notes.
    Notes,
    /// Whom a search found, and the word that these were all (0x008C, 0x00A0).
    Found,
    /// Somebody of a random chat group (0x024E).
    Random,
}

/// What a packet is to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It does not answer it.
    NotMine,
    /// It answers a part of it.
    Part,
    /// It completes the answer.
    Whole,
    /// It completes the answer, and there is nothing more to ask.
    Enough,
    /// It says no.
    Refused,
}

/// What the replies to a question brought so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    details: Details,
    /// The short profile is there; what it says counts more than the other parts.
    has_short: bool,
    /// Which parts came, one bit each.
    parts: u8,
    pub(super) people: Vec<Found>,
    pub(super) more: bool,
    /// Where one request cannot say all that a search wants: what the rest is.
    pub(super) also: Option<Box<Profile>>,
}

impl Gathered {
    /// Whether anything is known of the person.
    pub(super) const fn has_details(&self) -> bool {
        self.has_short || self.parts != 0
    }

    /// What is known of the person.
    pub(super) fn into_details(self) -> Details {
        self.details
    }

    /// Takes a packet that can be the reply, as far as its number says.
    pub(super) fn take(
        &mut self,
        awaits: &Awaits,
        packet: &FromServer<'_>,
        charset: Charset,
    ) -> Verdict {
        match (*awaits, packet) {
            (Awaits::Word { yes, .. }, packet) if packet.command() == yes => Verdict::Whole,
            (Awaits::Word { no, .. }, packet) if Some(packet.command()) == no => Verdict::Refused,
            (Awaits::MetaWord { subcmd }, FromServer::Meta(reply)) => {
                let says_yes = reply.subcmd == subcmd && reply.result == MetaReply::OK;
                if says_yes {
                    Verdict::Whole
                } else {
                    Verdict::Refused
                }
            }
            (Awaits::MetaShort, FromServer::Meta(reply)) => self.take_short(reply, charset),
            (Awaits::MetaParts, FromServer::Meta(reply)) => self.take_part(reply, charset),
            (Awaits::MetaFound, FromServer::Meta(reply)) => self.take_found(reply, charset),
            (Awaits::Names(uin), FromServer::InfoReply(reply)) if reply.target_uin == uin => {
                self.names(reply, charset);
                // open-oscar-server answers so for a number that nobody has, and falls over 0x046A then.
                match says_nothing(&self.details.profile, uin) {
                    true => Verdict::Enough,
                    false => Verdict::Whole,
                }
            }
            (Awaits::Extended(uin), FromServer::ExtendedInfo(reply)) if reply.target_uin == uin => {
                self.extended(reply, charset);
                Verdict::Whole
            }
            (
                Awaits::Names(uin) | Awaits::Extended(uin),
                FromServer::InvalidUin(nobody) | FromServer::InvalidUser(nobody),
            ) if nobody.target_uin == uin => Verdict::Refused,
            (Awaits::Groupware, packet) => self.take_groupware(packet, charset),
            (Awaits::Notes, FromServer::Notes(notes)) => {
                self.details.about = charset.decode(notes.notes);
                Verdict::Whole
            }
            (Awaits::Found, FromServer::UserFound(found)) => {
                let names = [found.nick, found.first, found.last, found.email];
                let is_online = found.status_byte == Some(ONLINE);
                self.found(Found {
                    uin: found.target_uin,
                    profile: profile(names, found.auth_byte, charset),
                    online: is_online.then_some(true),
                });
                Verdict::Part
            }
            (Awaits::Found, FromServer::EndOfSearch(end)) => {
                self.more |= end.more.is_some_and(|more| more != 0);
                Verdict::Whole
            }
            (Awaits::Random, FromServer::RandomUser(somebody)) => {
                if somebody.target_uin != Uin(0) {
                    self.found(Found {
                        uin: somebody.target_uin,
                        profile: Profile::default(),
                        online: Some(true),
                    });
                }
                Verdict::Whole
            }
            _ => Verdict::NotMine,
        }
    }

    fn take_short(&mut self, reply: &MetaReply<'_>, charset: Charset) -> Verdict {
        let MetaInfo::Short(short) = &reply.info else {
            return Verdict::Refused;
        };
        let names = [short.nick, short.first, short.last, short.email];
        self.details.profile = profile(names, short.auth_byte, charset);
        self.details.gender = gender(short.gender());
        self.has_short = true;
        Verdict::Whole
    }

    fn take_part(&mut self, reply: &MetaReply<'_>, charset: Charset) -> Verdict {
        let Some(part) = META_PARTS.iter().position(|part| *part == reply.subcmd) else {
            return Verdict::Refused;
        };
        match &reply.info {
            MetaInfo::Nothing if reply.subcmd == GENERAL => return Verdict::Refused,
            MetaInfo::General(general) => {
                self.general(general, charset.decode(general.zip), charset);
            }
            MetaInfo::GeneralOld(general) => self.general(general, zip(general.zip), charset),
            MetaInfo::Work(work) => self.work(work, charset.decode(work.zip), charset),
            MetaInfo::WorkOld(work) => self.work(work, zip(work.zip), charset),
            MetaInfo::More(more) => self.further(more, more.birth_year, charset),
            MetaInfo::MoreOld(more) => {
                let ShortYear(year) = more.birth_year;
                let year = match year {
                    0 => 0,
                    year => 1900 + u16::from(year),
                };
                self.further(more, year, charset);
            }
            MetaInfo::About(about) => self.details.about = charset.decode(about.about),
            MetaInfo::Interests(interests) => {
                self.details.interests = decoded(&interests.interests, charset);
            }
            MetaInfo::Affiliations(affiliations) => {
                self.details.past = decoded(&affiliations.past, charset);
                self.details.affiliations = decoded(&affiliations.affiliations, charset);
            }
            _ => {}
        }
        self.part(part, META_PARTS.len())
    }

    fn take_groupware(&mut self, packet: &FromServer<'_>, charset: Charset) -> Verdict {
        let part = match packet {
            FromServer::BasicInfo(basic) => {
                let names = [basic.nick, basic.first, basic.last, basic.email];
                self.details.profile = profile(names, basic.auth_byte, charset);
                0
            }
            FromServer::HomeInfo(home) => {
                self.home(home, charset);
                1
            }
            FromServer::HomeWeb(page) => {
                self.details.homepage = charset.decode(page.homepage);
                2
            }
            FromServer::WorkInfo(work) => {
                self.groupware_work(work, charset);
                3
            }
            FromServer::WorkWeb(page) => {
                self.details.work_homepage = charset.decode(page.homepage);
                4
            }
            FromServer::InvalidUin(_) | FromServer::InvalidUser(_) => return Verdict::Refused,
            // Some servers have the names in this one.
            FromServer::InfoReply(reply) => {
                self.names(reply, charset);
                0
            }
            _ => return Verdict::NotMine,
        };
        self.part(part, 5)
    }

    fn take_found(&mut self, reply: &MetaReply<'_>, charset: Charset) -> Verdict {
        let MetaInfo::Found(found) = &reply.info else {
            // Servers have several words for nobody; a yes without anybody is none of them.
            let says_nobody = reply.result != MetaReply::OK;
            return if says_nobody {
                Verdict::Whole
            } else {
                Verdict::Refused
            };
        };
        let person = &found.person;
        let names = [person.nick, person.first, person.last, person.email];
        self.found(Found {
            uin: person.target_uin,
            profile: profile(names, person.auth_byte, charset),
            online: None,
        });
        if !matches!(reply.subcmd, LAST_FOUND | LAST_OF_WHITE_PAGES) {
            return Verdict::Part;
        }
        self.more |= users_left(person) > 0;
        Verdict::Whole
    }

    fn part(&mut self, part: usize, of: usize) -> Verdict {
        self.parts |= 1 << part;
        if self.parts.count_ones() as usize == of {
            return Verdict::Whole;
        }
        Verdict::Part
    }

    fn found(&mut self, found: Found) {
        let is_wanted = self
            .also
            .as_ref()
            .is_none_or(|also| fits(&found.profile, also));
        // Number 0 is how some servers say nobody.
        if found.uin == Uin(0) || !is_wanted {
            return;
        }
        if self.people.len() >= Answer::MOST_FOUND {
            self.more = true;
            return;
        }
        self.people.push(found);
    }

    fn names(&mut self, reply: &InfoReply<'_>, charset: Charset) {
        let names = [reply.nick, reply.first, reply.last, reply.email];
        self.details.profile = profile(names, reply.auth_byte, charset);
        self.has_short = true;
    }

    fn extended(&mut self, reply: &ExtendedInfo<'_>, charset: Charset) {
        let details = &mut self.details;
        details.home.city = charset.decode(reply.city);
        details.home.state = charset.decode(reply.state);
        details.home.country = country(reply.country);
        details.home.phone = charset.decode(reply.phone);
        details.home.zip = zip(reply.zip.unwrap_or_default());
        details.utc_offset = utc_offset(reply.timezone);
        details.age = age(reply.age);
        details.gender = gender(reply.gender);
        details.homepage = charset.decode(reply.homepage);
        details.about = charset.decode(reply.about);
        self.parts = 1;
    }

    fn general<Zip>(&mut self, general: &General<'_, Zip>, zip: String, charset: Charset) {
        let details = &mut self.details;
        if !self.has_short {
            let names = [general.nick, general.first, general.last, general.email1];
            details.profile = profile(names, None, charset);
        }
        let emails = [general.email1, general.email2, general.email3];
        details.emails = emails
            .map(|email| charset.decode(email))
            .into_iter()
            .filter(|email| !email.is_empty() && *email != details.profile.email)
            .collect();
        details.home = Place {
            street: charset.decode(general.street),
            city: charset.decode(general.city),
            state: charset.decode(general.state),
            zip,
            country: country(general.country),
            phone: charset.decode(general.phone),
            fax: charset.decode(general.fax),
        };
        details.cellular = charset.decode(general.cellular);
        details.utc_offset = utc_offset(general.timezone);
    }

    fn work<Zip>(&mut self, work: &Work<'_, Zip>, zip: String, charset: Charset) {
        let details = &mut self.details;
        details.work = Place {
            street: charset.decode(work.street),
            city: charset.decode(work.city),
            state: charset.decode(work.state),
            zip,
            country: country(work.country),
            phone: charset.decode(work.phone),
            fax: charset.decode(work.fax),
        };
        details.company = charset.decode(work.company);
        details.department = charset.decode(work.department);
        details.position = charset.decode(work.position);
        details.occupation = work.occupation;
        details.work_homepage = charset.decode(work.homepage);
    }

    fn further<Year>(&mut self, more: &More<'_, Year>, year: u16, charset: Charset) {
        let details = &mut self.details;
        details.age = age(more.age);
        details.gender = gender(more.gender);
        details.homepage = charset.decode(more.homepage);
        details.birthday = birthday(year, more.birth_month, more.birth_day);
        details.languages = [more.lang1, more.lang2, more.lang3]
            .into_iter()
            .filter(|language| *language != 0)
            .collect();
    }

    fn home(&mut self, home: &HomeInfo<'_>, charset: Charset) {
        let details = &mut self.details;
        details.home = Place {
            street: charset.decode(home.street),
            city: charset.decode(home.city),
            state: charset.decode(home.state),
            zip: zip(home.zip),
            country: country(home.country),
            phone: charset.decode(home.phone),
            fax: charset.decode(home.fax),
        };
        details.cellular = charset.decode(home.cellular);
        details.gender = gender(home.gender);
        details.age = age(home.age);
        let year = match home.birth_year_minus_1900 {
            0 => 0,
            year => 1900 + u16::from(year),
        };
        details.birthday = birthday(year, home.birth_month, home.birth_day);
    }

    fn groupware_work(&mut self, work: &WorkInfo<'_>, charset: Charset) {
        let details = &mut self.details;
        details.work = Place {
            street: charset.decode(work.street),
            city: charset.decode(work.city),
            state: charset.decode(work.state),
            zip: zip(work.zip),
            country: country(work.country),
            phone: charset.decode(work.phone),
            fax: charset.decode(work.fax),
        };
        details.company = charset.decode(work.company);
        details.position = charset.decode(work.position);
    }
}

fn profile(names: [&[u8]; 4], auth_byte: Option<u8>, charset: Charset) -> Profile {
    let [nick, first, last, email] = names.map(|name| charset.decode(name));
    Profile {
        nick,
        first,
        last,
        email,
        authorisation_required: auth_byte == Some(AUTHORISATION_REQUIRED),
    }
}

/// Whether a profile says nothing but the person's number.
fn says_nothing(profile: &Profile, uin: Uin) -> bool {
    let texts = [&profile.first, &profile.last, &profile.email];
    let has_nick = !profile.nick.is_empty() && profile.nick != uin.to_string();
    !has_nick && texts.iter().all(|text| text.is_empty())
}

/// Whether somebody has all the names that are wanted; part of a name will do, as for servers.
fn fits(profile: &Profile, wanted: &Profile) -> bool {
    let contains = |has: &str, wanted: &str| has.to_lowercase().contains(&wanted.to_lowercase());
    contains(&profile.nick, &wanted.nick)
        && contains(&profile.first, &wanted.first)
        && contains(&profile.last, &wanted.last)
}

/// How many more there are than the server tells.
fn users_left(last: &FoundPerson<'_>) -> u32 {
    let rest = last.rest_hex.0;
    rest.last_chunk()
        .map_or(0, |left| u32::from_le_bytes(*left))
}

/// The parts of a whole profile (§8.4), in no order.
const META_PARTS: [u16; 7] = [GENERAL, 0x00D2, 0x00DC, 0x00E6, 0x00F0, 0x00FA, 0x010E];
const GENERAL: u16 = 0x00C8;

const LAST_FOUND: u16 = 0x019A;
const LAST_OF_WHITE_PAGES: u16 = 0x01AE;

/// The auth byte of whoever wants to be asked (§8.1).
const AUTHORISATION_REQUIRED: u8 = 0;

/// The status byte of whoever is online.
const ONLINE: u8 = 1;
