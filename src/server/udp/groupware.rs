//! What only groupware has: its own profiles, searches, notes and registration (icq-udp.md §4.7, §6.6,
//! §9). ICQ 98 has the registration, too.

use std::net::{Ipv4Addr, SocketAddr};

use rand::Rng;

use super::deliver::seconds;
use super::door::Ticket;
use super::people::{auth_byte, number, shown_email, text, zip_text};
use super::reply::{acknowledge, reply, say};
use super::{Service, manners};
use crate::icq::udp::from_server::Reason;
use crate::icq::udp::groupware::{
    BasicInfo, Fragment, HomeInfo, Notes, Search, SetNotes, Wanted, WebPage, WorkInfo,
};
use crate::icq::udp::{FromServer, Header, Side};
use crate::icq::wire::{Reader, SecretRest, Writer};
use crate::model::{Now, Uin};
use crate::server::Base;
use crate::server::account::{Account, secret};

impl Service {
    /// Answers 0x05FA: all of a profile, in five packets.
    pub(super) fn groupware_info(&mut self, header: &Header, target_uin: Uin, base: &Base) {
        let Some(account) = base.network.accounts.get(&target_uin) else {
            self.nobody(header, target_uin, base);
            return;
        };
        let Account {
            home, work, more, ..
        } = account;
        for packet in [
            FromServer::BasicInfo(BasicInfo {
                nick: &account.nick,
                first: &account.first,
                last: &account.last,
                email: shown_email(account, &base.behaviour),
                auth_byte: Some(auth_byte(account, &base.behaviour)),
            }),
            FromServer::HomeInfo(HomeInfo {
                street: &home.street,
                city: &home.city,
                state: &home.state,
                country: home.country,
                phone: &home.phone,
                fax: &home.fax,
                cellular: &home.cellular,
                zip: number(&home.zip),
                gender: more.gender,
                age: more.age,
                birth_day: more.birth_day,
                birth_month: more.birth_month,
                birth_year_minus_1900: u8::try_from(more.birth_year.saturating_sub(1900))
                    .unwrap_or(0),
                x: Some(0),
            }),
            FromServer::HomeWeb(WebPage {
                homepage: &more.homepage,
            }),
            FromServer::WorkInfo(WorkInfo {
                street: &work.street,
                city: &work.city,
                state: &work.state,
                country: work.country,
                company: &work.company,
                position: &work.position,
                department_id: account.groupware.department,
                phone: &work.phone,
                fax: &work.fax,
                pager: &account.groupware.pager,
                zip: number(&work.zip),
            }),
            FromServer::WorkWeb(WebPage {
                homepage: &work.homepage,
            }),
        ] {
            self.answer(header, &packet);
        }
    }

    /// Answers 0x05AA.
    pub(super) fn notes(&mut self, header: &Header, target_uin: Uin, base: &Base) {
        let Some(account) = base.network.accounts.get(&target_uin) else {
            self.nobody(header, target_uin, base);
            return;
        };
        let last = base.network.last_login(target_uin);
        let packet = FromServer::Notes(Notes {
            notes: &account.groupware.notes,
            update_time: account.groupware.notes_time,
            last_login: last.map_or(0, |(at, _)| seconds(at)),
            last_ip: last.map_or(Ipv4Addr::UNSPECIFIED, |(_, ip)| ip),
        });
        self.answer(header, &packet);
    }

    pub(super) fn set_notes(
        &mut self,
        now: Now,
        header: &Header,
        new: &SetNotes<'_>,
        base: &mut Base,
    ) {
        self.update(header, &FromServer::NotesChanged, base, |account| {
            account.groupware.notes = text(new.notes);
            account.groupware.notes_time = seconds(now.unix);
        });
    }

    pub(super) fn set_home(&mut self, header: &Header, new: &HomeInfo<'_>, base: &mut Base) {
        self.update(header, &FromServer::HomeChanged, base, |account| {
            let home = &mut account.home;
            home.street = text(new.street);
            home.city = text(new.city);
            home.state = text(new.state);
            home.country = new.country;
            home.phone = text(new.phone);
            home.fax = text(new.fax);
            home.cellular = text(new.cellular);
            home.zip = zip_text(new.zip);
            let more = &mut account.more;
            more.gender = new.gender;
            more.age = new.age;
            more.birth_day = new.birth_day;
            more.birth_month = new.birth_month;
            more.birth_year = match new.birth_year_minus_1900 {
                0 => 0,
                year => 1900 + u16::from(year),
            };
        });
    }

    pub(super) fn set_home_web(&mut self, header: &Header, new: &WebPage<'_>, base: &mut Base) {
        self.update(header, &FromServer::HomeWebChanged, base, |account| {
            account.more.homepage = text(new.homepage);
        });
    }

    pub(super) fn set_work(&mut self, header: &Header, new: &WorkInfo<'_>, base: &mut Base) {
        self.update(header, &FromServer::WorkChanged, base, |account| {
            let work = &mut account.work;
            work.street = text(new.street);
            work.city = text(new.city);
            work.state = text(new.state);
            work.country = new.country;
            work.company = text(new.company);
            work.position = text(new.position);
            work.phone = text(new.phone);
            work.fax = text(new.fax);
            work.zip = zip_text(new.zip);
            account.groupware.department = new.department_id;
            account.groupware.pager = text(new.pager);
        });
    }

    pub(super) fn set_work_web(&mut self, header: &Header, new: &WebPage<'_>, base: &mut Base) {
        self.update(header, &FromServer::WorkWebChanged, base, |account| {
            account.work.homepage = text(new.homepage);
        });
    }

    /// Answers 0x05C8.
    pub(super) fn search_groupware(&mut self, header: &Header, search: &Search<'_>, base: &Base) {
        let matches = |account: &Account| fits(search, account, base);
        self.found(header, matches, base);
    }

    /// Answers 0x05DC: whether registration is possible. `IServerd` sends it in fragments that share
    /// seq2; what it sends beyond the notes is not in the reference but in its source.
    pub(super) fn tell_registration(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        base: &mut Base,
    ) {
        if !self.may_be_told(now, from) {
            base.counters.limited += 1;
            return;
        }
        acknowledge(from, header, &[], base);
        let mut body = Vec::new();
        let mut writer = Writer::new(&mut body);
        writer.lstr(b"Ask for a number.");
        writer.u8(base.behaviour.registration.into());
        writer.u16_le(2);
        writer.u16_le(0x2A);
        let has_fragments = manners::has_fragments(header.version);
        if has_fragments {
            // The departments list, and what nobody knows.
            writer.u32_le(1);
            writer.u32_le(0);
            for _ in 0..4 {
                writer.lstr(b"");
            }
            writer.u32_le(u32::MAX);
            writer.u16_le(7);
            writer.lstr(b"");
        }
        let inner = Header {
            command: FromServer::RegistrationInfo.command(),
            seq1: 0,
            ..*header
        };
        let dialect = header.version.dialect();
        let whole = dialect.seal(Side::Server, &inner, base.noise(), &body);
        if !has_fragments {
            base.transmit(from, whole);
            return;
        }
        let size = whole.len().div_ceil(REGISTRATION_FRAGMENTS.into());
        for (index, slice) in (0..).zip(whole.chunks(size)) {
            let packet = FromServer::Fragment(Fragment {
                index,
                count: REGISTRATION_FRAGMENTS,
                slice: SecretRest(slice),
            });
            let header = Header {
                command: packet.command(),
                seq1: index.into(),
                ..*header
            };
            say(from, header.version, &header, &packet, base);
        }
    }

    /// Takes 0x05E6. Its layout is not in the reference; servers read names first, and make up the
    /// password, which a person reads in the answer.
    pub(super) fn register_by_form(
        &mut self,
        now: Now,
        from: SocketAddr,
        header: &Header,
        form: &[u8],
        base: &mut Base,
    ) {
        let Some(mut account) = filled_in(form) else {
            base.counters.undecodable += 1;
            return;
        };
        if !base.behaviour.registration {
            return;
        }
        let ticket = Ticket::new(from, header, 0, form);
        let password = format!("{:06}", base.random.next_u32() % 1_000_000);
        account.password = secret(password.as_bytes());
        let Some(uin) = self.new_account(now, ticket, account, base) else {
            return;
        };
        acknowledge(from, header, &[], base);
        let Some(account) = base.network.accounts.get(&uin) else {
            return;
        };
        let said = format!(
            "Registration OK\r\nYour number is {}, your password is {}.",
            uin.0,
            account.password.reveal()
        );
        let text = Some(said.as_bytes());
        let header = Header { uin, ..*header };
        let accepted = FromServer::RegistrationOk(Reason { text });
        reply(from, &header, &accepted, base);
        if manners::gives_number_after_form(header.version) {
            reply(from, &header, &FromServer::NewUin, base);
        }
    }
}

/// An account with the names of a registration form: the client's version, nick, first and last name,
/// e-mail address; what follows is not read.
fn filled_in(form: &[u8]) -> Option<Account> {
    let mut reader = Reader::new(form);
    reader.u16_le("client_version").ok()?;
    let mut name = || reader.lstr("name").ok().map(text);
    let mut account = Account::new(Uin(0), "");
    account.nick = name()?;
    account.first = name()?;
    account.last = name()?;
    let email = name()?;
    account.emails = [email.clone(), email, Vec::new()];
    Some(account)
}

/// Whether somebody is whom groupware searches for.
fn fits(search: &Search<'_>, account: &Account, base: &Base) -> bool {
    let Account {
        home, work, more, ..
    } = account;
    let uin = account.uin.0.to_string();
    let age = more.age.to_string();
    let is = match (search.kind, search.wanted) {
        (Search::WORK_COUNTRY, Wanted::Number(wanted)) => work.country == wanted,
        (Search::HOME_COUNTRY, Wanted::Number(wanted)) => home.country == wanted,
        (Search::DEPARTMENT, Wanted::Number(wanted)) => {
            account.groupware.department == u32::from(wanted)
        }
        (_, Wanted::Number(_)) => return false,
        (kind, Wanted::Text(wanted)) => {
            let field: &[u8] = match kind {
                Search::UIN => uin.as_bytes(),
                Search::NICK => &account.nick,
                Search::FIRST => &account.first,
                Search::LAST => &account.last,
                Search::EMAIL => shown_email(account, &base.behaviour),
                AGE => age.as_bytes(),
                WORK_CITY => &work.city,
                WORK_STATE => &work.state,
                COMPANY => &work.company,
                POSITION => &work.position,
                HOME_CITY => &home.city,
                HOME_STATE => &home.state,
                _ => return false,
            };
            return !wanted.is_empty() && compares(search.comparison, field, wanted);
        }
    };
    match search.comparison {
        Search::CONTAINS | Search::IS => is,
        CONTAINS_NOT | IS_NOT => !is,
        _ => false,
    }
}

fn compares(comparison: u8, field: &[u8], wanted: &[u8]) -> bool {
    let field = field.to_ascii_lowercase();
    let wanted = wanted.to_ascii_lowercase();
    let contains = || field.windows(wanted.len()).any(|part| part == wanted);
    match comparison {
        Search::CONTAINS => contains(),
        CONTAINS_NOT => !contains(),
        Search::IS => field == wanted,
        IS_NOT => field != wanted,
        BEGINS => field.starts_with(&wanted),
        ENDS => field.ends_with(&wanted),
        _ => false,
    }
}

const AGE: u8 = 0x05;
const WORK_CITY: u8 = 0x06;
const WORK_STATE: u8 = 0x07;
const COMPANY: u8 = 0x09;
const POSITION: u8 = 0x0A;
const HOME_CITY: u8 = 0x0C;
const HOME_STATE: u8 = 0x0D;

const CONTAINS_NOT: u8 = 1;
const IS_NOT: u8 = 3;
const BEGINS: u8 = 4;
const ENDS: u8 = 5;

const REGISTRATION_FRAGMENTS: u8 = 3;
