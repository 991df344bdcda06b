//! Accounts as META tells them, and as META changes them (icq-udp.md §8.4).

use super::people::{number, text, zip_text};
use crate::icq::wire::Rest;
use crate::icq::wire::meta::{
    Affiliations, General, HomepageCategory, Interests, MetaForm, MetaInfo, MetaRequest, More,
    Security, ShortYear, Work,
};
use crate::server::account::{self, Account};
use crate::server::behaviour::{AuthorisationByte, Behaviour, GeneralEnd};

/// Changes a profile as a request says; gives the number of the answer.
pub(super) fn apply(account: &mut Account, request: &MetaRequest<'_>) -> Option<u16> {
    match request {
        MetaRequest::SetGeneralOld(new) => {
            set_general(account, new);
            account.home.zip = zip_text(new.zip);
            Some(0x0064)
        }
        MetaRequest::SetGeneral(new) => {
            set_general(account, new);
            account.home.zip = text(new.zip);
            Some(0x0064)
        }
        MetaRequest::SetWorkOld(new) => {
            set_work(account, new);
            account.work.zip = zip_text(new.zip);
            Some(0x006E)
        }
        MetaRequest::SetWork(new) => {
            set_work(account, new);
            account.work.zip = text(new.zip);
            Some(0x006E)
        }
        MetaRequest::SetMoreOld(new) => {
            set_more(account, new);
            account.more.birth_year = match new.birth_year {
                ShortYear(0) => 0,
                ShortYear(year) => 1900 + u16::from(year),
            };
            Some(0x0078)
        }
        MetaRequest::SetMore(new) => {
            set_more(account, new);
            account.more.birth_year = new.birth_year;
            Some(0x0078)
        }
        MetaRequest::SetAbout(new) => {
            account.about = text(new.about);
            Some(0x0082)
        }
        MetaRequest::SetInterests(new) => {
            account.interests = coded(&new.interests, 4);
            Some(0x008C)
        }
        MetaRequest::SetAffiliations(new) => {
            account.past = coded(&new.past, 3);
            account.affiliations = coded(&new.affiliations, 3);
            Some(0x0096)
        }
        MetaRequest::SetSecurity(Security {
            auth_byte,
            webaware,
            rest_hex,
        }) => {
            account.authorisation_required = *auth_byte == 0;
            account.web_aware = *webaware;
            account.direct_connections = rest_hex.0.first().copied().unwrap_or(0);
            Some(0x00A0)
        }
        MetaRequest::SetPassword(new) => {
            account.set_password(new.password.0);
            Some(0x00AA)
        }
        MetaRequest::SetHomepageCategory(new) => {
            account.homepage_category = account::HomepageCategory {
                enabled: new.enabled,
                index: new.category,
                text: text(new.text),
            };
            Some(0x00BE)
        }
        MetaRequest::FullInfoOld(_)
        | MetaRequest::FullInfo(_)
        | MetaRequest::ShortInfo(_)
        | MetaRequest::Unregister(_)
        | MetaRequest::OwnInfoOld(_)
        | MetaRequest::OwnInfo(_)
        | MetaRequest::SearchNameOld(_)
        | MetaRequest::SearchName(_)
        | MetaRequest::SearchUinOld(_)
        | MetaRequest::SearchUin(_)
        | MetaRequest::SearchEmailOld(_)
        | MetaRequest::SearchEmail(_)
        | MetaRequest::WhitePagesOld(_)
        | MetaRequest::WhitePages(_)
        | MetaRequest::Usage
        | MetaRequest::Login
        | MetaRequest::Unknown { .. } => None,
    }
}

fn set_general<Zip>(account: &mut Account, new: &General<'_, Zip>) {
    account.nick = text(new.nick);
    account.first = text(new.first);
    account.last = text(new.last);
    account.emails = [text(new.email1), text(new.email2), text(new.email3)];
    account.home = account::Home {
        city: text(new.city),
        state: text(new.state),
        phone: text(new.phone),
        fax: text(new.fax),
        street: text(new.street),
        cellular: text(new.cellular),
        zip: Vec::new(),
        country: new.country,
        timezone: new.timezone,
    };
    // Clients disagree about the bytes behind the timezone; servers read the first as this.
    if let Some(publish) = new.rest_hex.0.first() {
        account.publish_email = *publish;
    }
}

fn set_work<Zip>(account: &mut Account, new: &Work<'_, Zip>) {
    account.work = account::Work {
        city: text(new.city),
        state: text(new.state),
        phone: text(new.phone),
        fax: text(new.fax),
        street: text(new.street),
        zip: Vec::new(),
        country: new.country,
        company: text(new.company),
        department: text(new.department),
        position: text(new.position),
        occupation: new.occupation,
        homepage: text(new.homepage),
    };
}

fn set_more<Year>(account: &mut Account, new: &More<'_, Year>) {
    account.more = account::More {
        age: new.age,
        gender: new.gender,
        homepage: text(new.homepage),
        birth_year: 0,
        birth_month: new.birth_month,
        birth_day: new.birth_day,
        languages: [new.lang1, new.lang2, new.lang3],
    };
}

pub(super) fn general<'a>(
    account: &'a Account,
    form: MetaForm,
    end: &'a (u8, Vec<u8>),
) -> MetaInfo<'a> {
    let (timezone, rest) = end;
    let [email1, email2, email3] = &account.emails;
    let home = &account.home;
    macro_rules! general {
        ($zip:expr) => {
            General {
                nick: &account.nick,
                first: &account.first,
                last: &account.last,
                email1,
                email2,
                email3,
                city: &home.city,
                state: &home.state,
                phone: &home.phone,
                fax: &home.fax,
                street: &home.street,
                cellular: &home.cellular,
                zip: $zip,
                country: home.country,
                timezone: *timezone,
                rest_hex: Rest(rest),
            }
        };
    }
    match form {
        MetaForm::Old => MetaInfo::GeneralOld(general!(number(&home.zip))),
        MetaForm::New | MetaForm::Unknown => MetaInfo::General(general!(home.zip.as_slice())),
    }
}

/// The timezone of 0x00C8, and what stands behind its first byte.
pub(super) fn general_end(
    account: &Account,
    form: MetaForm,
    behaviour: &Behaviour,
) -> (u8, Vec<u8>) {
    let timezone = account.home.timezone;
    let auth = match behaviour.authorisation {
        AuthorisationByte::True => u8::from(!account.authorisation_required),
        AuthorisationByte::Muddled => u8::from(account.authorisation_required),
    };
    let sign = if timezone >= 0x80 { 0xFF } else { 0x00 };
    let web_aware = account.web_aware;
    let rest = match (behaviour.general_end, form) {
        (GeneralEnd::Flags, _) => vec![
            auth,
            web_aware,
            account.direct_connections,
            u8::from(account.publish_email == 0),
        ],
        (GeneralEnd::WideTimezone, _) => vec![0, auth, 0, 0, 0, 0],
        (GeneralEnd::WideTimezoneByForm, MetaForm::Old) => {
            vec![sign, auth, web_aware, account.direct_connections, 0, 0]
        }
        (GeneralEnd::WideTimezoneByForm, MetaForm::New | MetaForm::Unknown) => {
            vec![sign, 1, account.publish_email, 0, 0, 0]
        }
    };
    (timezone, rest)
}

pub(super) fn work(account: &Account, form: MetaForm) -> MetaInfo<'_> {
    let work = &account.work;
    macro_rules! work {
        ($zip:expr) => {
            Work {
                city: &work.city,
                state: &work.state,
                phone: &work.phone,
                fax: &work.fax,
                street: &work.street,
                zip: $zip,
                country: work.country,
                company: &work.company,
                department: &work.department,
                position: &work.position,
                occupation: work.occupation,
                homepage: &work.homepage,
            }
        };
    }
    match form {
        MetaForm::Old => MetaInfo::WorkOld(work!(number(&work.zip))),
        MetaForm::New | MetaForm::Unknown => MetaInfo::Work(work!(work.zip.as_slice())),
    }
}

pub(super) fn more(account: &Account, form: MetaForm) -> MetaInfo<'_> {
    let more = &account.more;
    let [lang1, lang2, lang3] = more.languages;
    macro_rules! more {
        ($year:expr) => {
            More {
                age: more.age,
                gender: more.gender,
                homepage: &more.homepage,
                birth_year: $year,
                birth_month: more.birth_month,
                birth_day: more.birth_day,
                lang1,
                lang2,
                lang3,
            }
        };
    }
    match form {
        MetaForm::Old => {
            let year = more.birth_year.saturating_sub(1900);
            MetaInfo::MoreOld(more!(ShortYear(u8::try_from(year).unwrap_or(0))))
        }
        MetaForm::New | MetaForm::Unknown => MetaInfo::More(more!(more.birth_year)),
    }
}

pub(super) fn homepage_category(account: &Account) -> MetaInfo<'_> {
    MetaInfo::HomepageCategory(HomepageCategory {
        enabled: account.homepage_category.enabled,
        category: account.homepage_category.index,
        text: &account.homepage_category.text,
        end: Some(Default::default()),
    })
}

pub(super) fn interests(account: &Account) -> MetaInfo<'_> {
    MetaInfo::Interests(Interests {
        interests: borrowed(&account.interests),
    })
}

pub(super) fn affiliations(account: &Account) -> MetaInfo<'_> {
    MetaInfo::Affiliations(Affiliations {
        past: borrowed(&account.past),
        affiliations: borrowed(&account.affiliations),
    })
}

fn coded(entries: &[(u16, &[u8])], most: usize) -> Vec<(u16, Vec<u8>)> {
    entries
        .iter()
        .take(most)
        .map(|(code, words)| (*code, text(words)))
        .collect()
}

fn borrowed(entries: &[(u16, Vec<u8>)]) -> Vec<(u16, &[u8])> {
    entries
        .iter()
        .map(|(code, words)| (*code, words.as_slice()))
        .collect()
}
