//! META: profiles, changes to them, and searches (icq-udp.md §8.4, §8.5).

use super::Service;
use super::people::{auth_byte, contains, shown_email};
use super::profile;
use crate::icq::udp::{FromServer, Header};
use crate::icq::wire::Layout;
use crate::icq::wire::meta::{
    About, Found, FoundPerson, MetaForm, MetaInfo, MetaReply, MetaRequest, NobodyFound, Person,
    Short, Unregister, WhitePages,
};
use crate::icq::wire::{Rest, Writer};
use crate::model::{Now, Uin};
use crate::server::Base;
use crate::server::account::Account;
use crate::server::behaviour::MetaAnswer;
use crate::server::journal::Ending;

impl Service {
    /// Answers a META request. All parts of the answer bear its seq2.
    pub(super) fn meta(
        &mut self,
        now: Now,
        header: &Header,
        request: &MetaRequest<'_>,
        base: &mut Base,
    ) {
        let form = request.form();
        match base.behaviour.meta {
            MetaAnswer::AcknowledgedOnly => return,
            MetaAnswer::Refused => {
                if let Some(subcmd) = reply_to(request) {
                    self.reply(header, subcmd, MetaReply::FAILED, MetaInfo::Nothing);
                }
                return;
            }
            MetaAnswer::Due => {}
        }
        match request {
            MetaRequest::FullInfoOld(Person { uin })
            | MetaRequest::FullInfo(Person { uin })
            | MetaRequest::OwnInfoOld(Person { uin })
            | MetaRequest::OwnInfo(Person { uin }) => self.full_info(header, *uin, form, base),
            MetaRequest::ShortInfo(Person { uin }) => self.short_info(header, *uin, base),

            MetaRequest::SearchUinOld(Person { uin }) | MetaRequest::SearchUin(Person { uin }) => {
                let matches = |account: &Account| account.uin == *uin;
                self.search(header, form, &USERS, matches, base);
            }
            MetaRequest::SearchNameOld(name) | MetaRequest::SearchName(name) => {
                let asks = asks_anything(&[name.first, name.last, name.nick]);
                let matches = |account: &Account| {
                    asks && contains(&account.first, name.first)
                        && contains(&account.last, name.last)
                        && contains(&account.nick, name.nick)
                };
                self.search(header, form, &USERS, matches, base);
            }
            MetaRequest::SearchEmailOld(search) | MetaRequest::SearchEmail(search) => {
                let matches = |account: &Account| {
                    let email = shown_email(account, &base.behaviour);
                    !search.email.is_empty() && contains(email, search.email)
                };
                self.search(header, form, &USERS, matches, base);
            }
            MetaRequest::WhitePagesOld(search) => {
                let matches = |account: &Account| fits(search, account, base);
                self.search(header, form, &WHITE_PAGES, matches, base);
            }
            MetaRequest::WhitePages(search) => {
                let key = &search.homepage;
                let matches = |account: &Account| {
                    let category = &account.homepage_category;
                    fits(search, account, base)
                        && (key.code == 0 || key.code == category.index)
                        && contains(&category.text, key.key)
                };
                self.search(header, form, &WHITE_PAGES, matches, base);
            }

            MetaRequest::Login => {
                // Outside 0x03DE: icq-udp.md §4.8.
                let packet = FromServer::Unknown {
                    command: SERVER_DOWN,
                    body: &LAST_META,
                };
                self.answer(header, &packet);
            }
            MetaRequest::Unregister(request) => self.unregister(now, header, request, base),
            // Acknowledged and never answered (icq-udp.md §8.4).
            MetaRequest::Usage | MetaRequest::Unknown { .. } => {}
            request => self.change(header, request, base),
        }
    }

    fn full_info(&mut self, header: &Header, uin: Uin, form: MetaForm, base: &Base) {
        let Some(account) = base.network.accounts.get(&uin) else {
            self.reply(header, GENERAL, MetaReply::FAILED, MetaInfo::Nothing);
            return;
        };
        let end = profile::general_end(account, form, &base.behaviour);
        let parts = [
            (GENERAL, profile::general(account, form, &end)),
            (MORE, profile::more(account, form)),
            (HOMEPAGE_CATEGORY, profile::homepage_category(account)),
            (WORK, profile::work(account, form)),
            (
                ABOUT,
                MetaInfo::About(About {
                    about: &account.about,
                }),
            ),
            (INTERESTS, profile::interests(account)),
            (AFFILIATIONS, profile::affiliations(account)),
        ];
        for (subcmd, info) in parts {
            self.reply(header, subcmd, MetaReply::OK, info);
        }
    }

    fn short_info(&mut self, header: &Header, uin: Uin, base: &Base) {
        let Some(account) = base.network.accounts.get(&uin) else {
            self.reply(header, SHORT, MetaReply::FAILED, MetaInfo::Nothing);
            return;
        };
        let short = MetaInfo::Short(Short {
            nick: &account.nick,
            first: &account.first,
            last: &account.last,
            email: shown_email(account, &base.behaviour),
            auth_byte: Some(auth_byte(account, &base.behaviour)),
            gender_or_unknown: Some(account.more.gender.into()),
        });
        self.reply(header, SHORT, MetaReply::OK, short);
    }

    fn search(
        &mut self,
        header: &Header,
        form: MetaForm,
        answers: &SearchAnswers,
        matches: impl Fn(&Account) -> bool,
        base: &Base,
    ) {
        let accounts = base.network.accounts.values();
        let all: Vec<&Account> = accounts.filter(|account| matches(account)).collect();
        let found = &all[..all.len().min(base.behaviour.search_limit)];
        let Some((last, others)) = found.split_last() else {
            let users_left = (form == MetaForm::Old).then_some(0);
            let nobody = MetaInfo::NobodyFound(NobodyFound { users_left });
            self.reply(header, answers.last, MetaReply::FAILED, nobody);
            return;
        };
        for account in others {
            self.tell_found(header, answers.found, account, form, None, base);
        }
        let left = u32::try_from(all.len() - found.len()).unwrap_or(u32::MAX);
        self.tell_found(header, answers.last, last, form, Some(left), base);
    }

    fn tell_found(
        &mut self,
        header: &Header,
        subcmd: u16,
        account: &Account,
        form: MetaForm,
        users_left: Option<u32>,
        base: &Base,
    ) {
        let mut person = FoundPerson {
            target_uin: account.uin,
            nick: &account.nick,
            first: &account.first,
            last: &account.last,
            email: shown_email(account, &base.behaviour),
            auth_byte: Some(u8::from(!account.authorisation_required)),
            webaware: Some(account.web_aware),
            rest_hex: Rest(if form == MetaForm::New { &[0] } else { &[] }),
        };
        let entry_length = (form == MetaForm::New).then(|| length(&person));
        let mut rest = person.rest_hex.0.to_vec();
        rest.extend(users_left.into_iter().flat_map(u32::to_le_bytes));
        person.rest_hex = Rest(&rest);
        let found = MetaInfo::Found(Found {
            entry_length,
            person,
        });
        self.reply(header, subcmd, MetaReply::OK, found);
    }

    fn unregister(&mut self, now: Now, header: &Header, request: &Unregister<'_>, base: &mut Base) {
        let account = base.network.accounts.get(&header.uin);
        let may = request.uin == header.uin
            && account.is_some_and(|account| account.has_password(request.password.0));
        let result = if may {
            MetaReply::OK
        } else {
            MetaReply::FAILED
        };
        self.reply(header, UNREGISTERED, result, MetaInfo::Nothing);
        if may {
            // The answer is sent before the session ends, or it would never be.
            self.flush(now, base);
            base.network.accounts.remove(&header.uin);
            base.network.letters.take_all(header.uin);
            self.end(now, header.uin, Ending::Unregistered, base);
        }
    }

    /// Changes the client's own profile.
    fn change(&mut self, header: &Header, request: &MetaRequest<'_>, base: &mut Base) {
        let Some(account) = base.network.accounts.get_mut(&header.uin) else {
            return;
        };
        let Some(subcmd) = profile::apply(account, request) else {
            return;
        };
        self.reply(header, subcmd, MetaReply::OK, MetaInfo::Nothing);
    }

    fn reply(&mut self, header: &Header, subcmd: u16, result: u8, info: MetaInfo<'_>) {
        let packet = FromServer::Meta(MetaReply {
            subcmd,
            result,
            info,
        });
        self.answer(header, &packet);
    }
}

/// Under which number a request is answered, or its answer begins.
const fn reply_to(request: &MetaRequest<'_>) -> Option<u16> {
    Some(match request {
        MetaRequest::SetGeneralOld(_) | MetaRequest::SetGeneral(_) => 0x0064,
        MetaRequest::SetWorkOld(_) | MetaRequest::SetWork(_) => 0x006E,
        MetaRequest::SetMoreOld(_) | MetaRequest::SetMore(_) => 0x0078,
        MetaRequest::SetAbout(_) => 0x0082,
        MetaRequest::SetInterests(_) => 0x008C,
        MetaRequest::SetAffiliations(_) => 0x0096,
        MetaRequest::SetSecurity(_) => 0x00A0,
        MetaRequest::SetPassword(_) => 0x00AA,
        MetaRequest::Unregister(_) => UNREGISTERED,
        MetaRequest::SetHomepageCategory(_) => 0x00BE,
        MetaRequest::ShortInfo(_) => SHORT,
        MetaRequest::SearchNameOld(_)
        | MetaRequest::SearchName(_)
        | MetaRequest::SearchUinOld(_)
        | MetaRequest::SearchUin(_)
        | MetaRequest::SearchEmailOld(_)
        | MetaRequest::SearchEmail(_) => USERS.last,
        MetaRequest::WhitePagesOld(_) | MetaRequest::WhitePages(_) => WHITE_PAGES.last,
        MetaRequest::FullInfoOld(_)
        | MetaRequest::FullInfo(_)
        | MetaRequest::OwnInfoOld(_)
        | MetaRequest::OwnInfo(_) => GENERAL,
        MetaRequest::Usage | MetaRequest::Login | MetaRequest::Unknown { .. } => return None,
    })
}

/// Whether somebody is whom the white pages are searched for.
fn fits<Homepage>(search: &WhitePages<'_, Homepage>, account: &Account, base: &Base) -> bool {
    let more = &account.more;
    let work = &account.work;
    let asks = asks_anything(&[
        search.first,
        search.last,
        search.nick,
        search.email,
        search.city,
        search.state,
        search.company,
        search.department,
        search.position,
        search.past_key,
        search.interest_key,
        search.affil_key,
    ]) || [
        search.min_age,
        search.max_age,
        search.gender.into(),
        search.language.into(),
        search.country,
        search.occupation.into(),
        search.past_code,
        search.interest_code,
        search.affil_code,
    ]
    .iter()
    .any(|code| *code != 0);
    asks && contains(&account.first, search.first)
        && contains(&account.last, search.last)
        && contains(&account.nick, search.nick)
        && contains(shown_email(account, &base.behaviour), search.email)
        && (search.min_age == 0 || more.age >= search.min_age)
        && (search.max_age == 0 || (1..=search.max_age).contains(&more.age))
        && (search.gender == 0 || more.gender == search.gender)
        && (search.language == 0 || more.languages.contains(&search.language))
        && contains(&account.home.city, search.city)
        && contains(&account.home.state, search.state)
        && (search.country == 0 || account.home.country == search.country)
        && contains(&work.company, search.company)
        && contains(&work.department, search.department)
        && contains(&work.position, search.position)
        && (search.occupation == 0 || work.occupation == u16::from(search.occupation))
        && has_coded(&account.past, search.past_code, search.past_key)
        && has_coded(
            &account.interests,
            search.interest_code,
            search.interest_key,
        )
        && has_coded(&account.affiliations, search.affil_code, search.affil_key)
        && (search.online_only == 0 || base.network.is_online(account.uin))
}

fn asks_anything(parts: &[&[u8]]) -> bool {
    parts.iter().any(|part| !part.is_empty())
}

fn has_coded(entries: &[(u16, Vec<u8>)], code: u16, key: &[u8]) -> bool {
    (code == 0 && key.is_empty())
        || entries
            .iter()
            .any(|(entry, text)| (code == 0 || *entry == code) && contains(text, key))
}

fn length(person: &FoundPerson<'_>) -> u16 {
    let mut bytes = Vec::new();
    person.write(&mut Writer::new(&mut bytes));
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

/// Under which numbers a search is answered.
struct SearchAnswers {
    found: u16,
    last: u16,
}

const USERS: SearchAnswers = SearchAnswers {
    found: 0x0190,
    last: 0x019A,
};
const WHITE_PAGES: SearchAnswers = SearchAnswers {
    found: 0x01A4,
    last: 0x01AE,
};

const UNREGISTERED: u16 = 0x00B4;
const GENERAL: u16 = 0x00C8;
const WORK: u16 = 0x00D2;
const MORE: u16 = 0x00DC;
const ABOUT: u16 = 0x00E6;
const INTERESTS: u16 = 0x00F0;
const AFFILIATIONS: u16 = 0x00FA;
const SHORT: u16 = 0x0104;
const HOMEPAGE_CATEGORY: u16 = 0x010E;

const SERVER_DOWN: u16 = 0x001E;
/// `u16 0x07D0, u16 0, u16 0x0046`.
const LAST_META: [u8; 6] = [0xD0, 0x07, 0, 0, 0x46, 0];
