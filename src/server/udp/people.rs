//! Searches, profiles and changes to them from before META (icq-udp.md §8.1 to §8.3).

use super::{Service, manners};
use crate::icq::udp::from_server::{EndOfSearch, ExtendedInfo, InfoReply, UserFound};
use crate::icq::udp::to_server::{
    ChangePassword, SearchUser, SetAuthorisation, Target, UpdateBasic, UpdateExtended,
};
use crate::icq::udp::{FromServer, Header};
use crate::model::Uin;
use crate::server::Base;
use crate::server::account::Account;
use crate::server::behaviour::{AuthorisationByte, Behaviour};

impl Service {
    pub(super) fn search_uin(&mut self, header: &Header, target: Uin, base: &Base) {
        if !manners::old_searches(header.version, &base.behaviour) {
            return;
        }
        self.found(header, |account| account.uin == target, base);
    }

    pub(super) fn search_user(&mut self, header: &Header, search: &SearchUser<'_>, base: &Base) {
        if !manners::old_searches(header.version, &base.behaviour) {
            return;
        }
        let asks = [search.nick, search.first, search.last, search.email]
            .iter()
            .any(|part| !part.is_empty());
        let matches = |account: &Account| {
            asks && contains(&account.nick, search.nick)
                && contains(&account.first, search.first)
                && contains(&account.last, search.last)
                && contains(shown_email(account, &base.behaviour), search.email)
        };
        self.found(header, matches, base);
    }

    pub(super) fn info(&mut self, header: &Header, target_uin: Uin, base: &Base) {
        let behaviour = &base.behaviour;
        let unknown = Account::new(target_uin, "");
        let account = match base.network.accounts.get(&target_uin) {
            Some(account) => account,
            None if behaviour.names_unknown_uins => {
                self.nobody(header, target_uin, base);
                return;
            }
            None => &unknown,
        };
        let packet = FromServer::InfoReply(InfoReply {
            target_uin: manners::info_uin(header.version, behaviour, target_uin),
            nick: &account.nick,
            first: &account.first,
            last: &account.last,
            email: shown_email(account, behaviour),
            status_byte: manners::info_status(header.version, behaviour),
            auth_byte: Some(auth_byte(account, behaviour)),
        });
        self.answer_alone(header, &packet, behaviour);
    }

    /// Says that nobody has a UIN.
    pub(super) fn nobody(&mut self, header: &Header, target_uin: Uin, base: &Base) {
        let packet = manners::nobody(header.version, Target { target_uin });
        self.answer_alone(header, &packet, &base.behaviour);
    }

    pub(super) fn extended_info(&mut self, header: &Header, target_uin: Uin, base: &Base) {
        if !manners::old_searches(header.version, &base.behaviour) {
            return;
        }
        let Some(account) = base.network.accounts.get(&target_uin) else {
            self.nobody(header, target_uin, base);
            return;
        };
        let packet = FromServer::ExtendedInfo(ExtendedInfo {
            target_uin,
            city: &account.home.city,
            country: account.home.country,
            timezone: account.home.timezone,
            state: &account.home.state,
            age: account.more.age,
            gender: account.more.gender,
            phone: &account.home.phone,
            homepage: &account.more.homepage,
            about: &account.about,
            zip: manners::tells_zip(header.version).then(|| number(&account.home.zip)),
        });
        self.answer_alone(header, &packet, &base.behaviour);
    }

    pub(super) fn update_basic(
        &mut self,
        header: &Header,
        update: &UpdateBasic<'_>,
        done: &FromServer<'_>,
        base: &mut Base,
    ) {
        let email = usize::from(base.behaviour.shows_second_email);
        self.update(header, done, base, |account| {
            account.nick = text(update.nick);
            account.first = text(update.first);
            account.last = text(update.last);
            account.emails[email] = text(update.email);
            if let Some(auth_byte) = update.auth_byte {
                account.authorisation_required = auth_byte == 0;
            }
        });
    }

    pub(super) fn update_extended(
        &mut self,
        header: &Header,
        update: &UpdateExtended<'_>,
        base: &mut Base,
    ) {
        self.update(header, &FromServer::ExtendedUpdated, base, |account| {
            account.home.city = text(update.city);
            account.home.country = update.country;
            account.home.timezone = update.timezone;
            account.home.state = text(update.state);
            account.home.phone = text(update.phone);
            account.more.age = update.age;
            account.more.gender = update.gender;
            account.more.homepage = text(update.homepage);
            account.about = text(update.about);
            if let Some(zip) = update.zip {
                account.home.zip = zip_text(zip);
            }
        });
    }

    pub(super) fn set_authorisation(
        &mut self,
        header: &Header,
        update: &SetAuthorisation,
        base: &mut Base,
    ) {
        // 0x01FE is yes for licq, and whatever else for others: icq-udp.md §5.2.
        let done = manners::authorisation_set(header.version);
        self.update(header, &done, base, |account| {
            account.authorisation_required = update.auth_byte == 0;
        });
    }

    pub(super) fn change_password(
        &mut self,
        header: &Header,
        change: &ChangePassword<'_>,
        base: &mut Base,
    ) {
        self.update(header, &FromServer::PasswordChanged, base, |account| {
            account.set_password(change.password.0);
        });
    }

    pub(super) fn update(
        &mut self,
        header: &Header,
        done: &FromServer<'_>,
        base: &mut Base,
        change: impl FnOnce(&mut Account),
    ) {
        if !manners::updates(header.version, &base.behaviour) {
            return;
        }
        let Some(account) = base.network.accounts.get_mut(&header.uin) else {
            return;
        };
        change(account);
        self.answer(header, done);
    }

    /// Tells whom an old search found.
    pub(super) fn found(
        &mut self,
        header: &Header,
        matches: impl Fn(&Account) -> bool,
        base: &Base,
    ) {
        let limit = base.behaviour.search_limit;
        let accounts = base.network.accounts.values();
        let found: Vec<&Account> = accounts
            .filter(|account| matches(account))
            .take(limit.saturating_add(1))
            .collect();
        for account in found.iter().take(limit) {
            let packet = FromServer::UserFound(UserFound {
                target_uin: account.uin,
                nick: &account.nick,
                first: &account.first,
                last: &account.last,
                email: shown_email(account, &base.behaviour),
                auth_byte: Some(auth_byte(account, &base.behaviour)),
                // Servers say so even of who is online (icq-udp.md §8.1).
                status_byte: Some(0),
            });
            self.answer(header, &packet);
        }
        let more = Some(u8::from(found.len() > limit));
        let packet = FromServer::EndOfSearch(EndOfSearch { more });
        self.answer(header, &packet);
    }
}

/// Whether a field holds the words searched for; an empty search matches everything, ASCII letters
/// match in either case (icq-udp.md §8.1: substrings).
pub(super) fn contains(field: &[u8], searched: &[u8]) -> bool {
    searched.is_empty()
        || field
            .windows(searched.len())
            .any(|part| part.eq_ignore_ascii_case(searched))
}

/// The e-mail address that short profiles and search results show.
pub(super) fn shown_email<'a>(account: &'a Account, behaviour: &Behaviour) -> &'a [u8] {
    let [primary, second, _] = &account.emails;
    if behaviour.shows_second_email {
        second
    } else {
        primary
    }
}

/// The authorisation byte of short profiles and old searches.
pub(super) fn auth_byte(account: &Account, behaviour: &Behaviour) -> u8 {
    match behaviour.authorisation {
        AuthorisationByte::True => u8::from(!account.authorisation_required),
        AuthorisationByte::Muddled => 0,
    }
}

/// A text as an account keeps it.
pub(super) fn text(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take(MAX_FIELD).collect()
}

/// A postal code as old packets have it: its digits, if it has only those.
pub(super) fn number(zip: &[u8]) -> u32 {
    std::str::from_utf8(zip)
        .ok()
        .and_then(|zip| zip.parse().ok())
        .unwrap_or(0)
}

/// A postal code from an old packet.
pub(super) fn zip_text(zip: u32) -> Vec<u8> {
    if zip == 0 {
        return Vec::new();
    }
    zip.to_string().into_bytes()
}

/// Bytes of one field of a profile, long enough for a page about oneself.
const MAX_FIELD: usize = 1024;
