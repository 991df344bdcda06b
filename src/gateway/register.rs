//! Registration forms (XEP-0077, xmpp-gateway.md §5): what people are asked, what they answer, and what a
//! login that failed means for them. What happens then is told in [`user`](super::user).

use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType, Option_};
use xmpp_parsers::data_forms_validate::{Datatype, Method, Validate};
use xmpp_parsers::ns;

use super::user::NO_NUMBER;
use super::{Network, Settings, charsets, words};
use crate::icq::LogoutReason;
use crate::icq::wire::Version;
use crate::model::{Secret, Uin, UnixTime};
use crate::store::{Mode, Registration};
use crate::xmpp::{Condition, Refusal};

/// What somebody sent to register, to change a registration, or to end it.
#[derive(Debug)]
pub(super) enum Submission {
    /// `<remove/>`
    Remove,
    /// Fields, or a form.
    Fields(Fields),
}

/// The fields as they were filled in; an empty one is none.
#[derive(Debug, Default)]
pub(super) struct Fields {
    username: Option<String>,
    password: Option<Secret>,
    mode: Option<String>,
    network: Option<String>,
    version: Option<String>,
    charset: Option<String>,
    import: Option<String>,
}

/// The payload that asks to fill in a registration; `known` is the one there is, `lang` the language of
/// the request.
pub(super) fn form(
    settings: &Settings,
    known: Option<&Registration>,
    lang: Option<&str>,
    local: bool,
) -> Element {
    let uin = known.map(|known| known.uin.to_string());
    let text = |name, text: Option<&str>| {
        Element::builder(name, ns::REGISTER)
            .append_all(text.map(str::to_owned))
            .build()
    };
    let mut query = Element::builder("query", ns::REGISTER);
    if known.is_some() {
        query = query.append(Element::bare("registered", ns::REGISTER));
    }
    query
        .append(text("instructions", Some(words::FORM_INSTRUCTIONS)))
        .append(text("username", uin.as_deref()))
        .append(Element::bare("password", ns::REGISTER))
        .append(Element::from(data_form(settings, known, lang, local)))
        .build()
}

pub(super) fn data_form(
    settings: &Settings,
    known: Option<&Registration>,
    lang: Option<&str>,
    local: bool,
) -> DataForm {
    let warning = match local {
        true => words::FORM_WARNING,
        false => words::FORM_WARNING_REMOTE,
    };
    let mut instructions = format!("{} {warning}", words::FORM_INSTRUCTIONS);
    if known.is_some() {
        instructions = format!("{instructions} {}", words::FORM_UNCHANGED);
    }
    let gives_numbers = known.is_none() && settings.new_numbers;
    if gives_numbers {
        instructions = format!("{instructions} {}", words::FORM_NEW_NUMBER);
    }
    let username = Field {
        label: Some(words::FIELD_UIN.to_owned()),
        required: !gives_numbers,
        values: known.iter().map(|known| known.uin.to_string()).collect(),
        validate: Some(Validate {
            datatype: Some(Datatype::String),
            method: Some(Method::Regex(UIN_PATTERN.to_owned())),
            list_range: None,
        }),
        ..Field::new("username", FieldType::TextSingle)
    };
    let password = Field {
        label: Some(words::FIELD_PASSWORD.to_owned()),
        required: known.is_none(),
        ..Field::new("password", FieldType::TextPrivate)
    };
    let import = known.is_none_or(|known| known.import_contacts);
    let import = Field {
        label: Some(words::FIELD_IMPORT.to_owned()),
        ..Field::new("x-import", FieldType::Boolean).with_value(if import { "1" } else { "0" })
    };
    let mode = Field {
        label: Some(words::FIELD_MODE.to_owned()),
        options: MODES.map(|(_, value, label)| option(value, label)).into(),
        ..Field::new("x-mode", FieldType::ListSingle)
            .with_value(mode_name(known.map(|known| known.mode).unwrap_or_default()))
    };
    let network = network_of(known, settings);
    let charset = match (known, network) {
        (Some(known), _) => known.charset.as_str(),
        (None, Some(network)) => charsets::likely(lang, network),
        (None, None) => "",
    };
    let mut fields = vec![username, password, import, mode];
    fields.extend(network_field(settings, network));
    fields.extend(version_field(settings, known));
    fields.push(charset_field(charset));
    DataForm {
        title: Some(words::FORM_TITLE.to_owned()),
        instructions: Some(instructions),
        ..DataForm::new(DataFormType::Form, ns::REGISTER, fields)
    }
}

/// The network of a registration; of a new one, or if it is not offered any more, the first.
fn network_of<'a>(known: Option<&Registration>, settings: &'a Settings) -> Option<&'a Network> {
    let network = known.and_then(|known| settings.network(&known.network));
    network.or_else(|| settings.networks.first())
}

/// The choice of a network, if there is one.
fn network_field(settings: &Settings, chosen: Option<&Network>) -> Option<Field> {
    let networks = settings.networks.iter();
    let options: Vec<Option_> = networks.map(|it| option(&it.name, &it.title)).collect();
    (options.len() > 1).then(|| Field {
        label: Some(words::FIELD_NETWORK.to_owned()),
        options,
        values: chosen.iter().map(|it| it.name.clone()).collect(),
        ..Field::new("x-network", FieldType::ListSingle)
    })
}

/// The choice of a version, if there is one: all that some network is spoken to in.
fn version_field(settings: &Settings, known: Option<&Registration>) -> Option<Field> {
    let mut versions: Vec<Version> = Vec::new();
    for version in settings.networks.iter().flat_map(|it| &it.versions) {
        if !versions.contains(version) {
            versions.push(*version);
        }
    }
    if versions.len() < 2 {
        return None;
    }
    let chosen = known.and_then(|known| Version::of_word(known.version?));
    let chosen = chosen.filter(|version| versions.contains(version));
    let chosen = chosen.map_or_else(|| AUTOMATIC.to_owned(), |version| version.to_string());
    let automatic = option(AUTOMATIC, words::VERSION_AUTOMATIC);
    let versions = versions.into_iter();
    let versions = versions.map(|it| option(&it.to_string(), words::version(it)));
    Some(Field {
        label: Some(words::FIELD_VERSION.to_owned()),
        options: std::iter::once(automatic).chain(versions).collect(),
        ..Field::new("x-version", FieldType::ListSingle).with_value(&chosen)
    })
}

/// The choice of a code page; what the operator or an earlier form chose is among them.
fn charset_field(chosen: &str) -> Field {
    let known = charsets::ALL.iter();
    let mut options: Vec<Option_> = known.map(|(value, label)| option(value, label)).collect();
    if !charsets::is_known(chosen) {
        options.push(option(chosen, chosen));
    }
    Field {
        label: Some(words::FIELD_CHARSET.to_owned()),
        options,
        ..Field::new("x-charset", FieldType::ListSingle).with_value(chosen)
    }
}

impl Submission {
    /// Reads the payload of a set. A data form wins over plain fields beside it.
    pub(super) fn read(query: &Element) -> Result<Self, Refusal> {
        let bad = |why| Err(Refusal::new(Condition::BadRequest, why));
        if query.name() != "query" {
            return bad(words::NOT_A_FORM);
        }
        if query.has_child("remove", ns::REGISTER) {
            return match query.children().count() {
                1 => Ok(Self::Remove),
                _ => bad(words::REMOVE_ALONE),
            };
        }
        if let Some(form) = query.get_child("x", ns::DATA_FORMS) {
            return match form.attr("type") {
                Some("submit") => Ok(Self::Fields(Fields::of_form(form))),
                _ => bad(words::NOT_A_FORM),
            };
        }
        let fields = Fields::of_plain(query);
        if fields.username.is_none() && fields.password.is_none() {
            return bad(words::NOT_A_FORM);
        }
        Ok(Self::Fields(fields))
    }
}

impl Fields {
    fn of_plain(query: &Element) -> Self {
        let text = |name| filled(query.get_child(name, ns::REGISTER)?.text());
        Self {
            username: text("username"),
            password: text("password").map(Secret::new),
            ..Self::default()
        }
    }

    /// Reads a form by hand: fields this program does not know, or that a client wrote oddly, must not
    /// spoil the others.
    pub(super) fn of_form(form: &Element) -> Self {
        let text = |var: &str| {
            let field = form.children().find(|field| {
                field.is("field", ns::DATA_FORMS) && field.attr("var") == Some(var)
            })?;
            filled(field.get_child("value", ns::DATA_FORMS)?.text())
        };
        Self {
            username: text("username"),
            password: text("password").map(Secret::new),
            mode: text("x-mode"),
            network: text("x-network"),
            version: text("x-version"),
            charset: text("x-charset"),
            import: text("x-import"),
        }
    }

    /// The registration these fields ask for. What is left out stays as it is in `known`, or gets its
    /// default, which depends on the language they were sent in; a password belongs to its number.
    pub(super) fn complete(
        self,
        known: Option<&Registration>,
        settings: &Settings,
        lang: Option<&str>,
        now: UnixTime,
    ) -> Result<Registration, Refusal> {
        let refuse = |text| Refusal::new(Condition::NotAcceptable, text);
        let empty = |field| refuse(words::empty_field(field));
        let bad = |field, why| refuse(words::bad_field(field, why));
        let uin = match (&self.username, known) {
            (Some(typed), _) => Uin::from_person(typed, settings.lowest_uin)
                .map_err(|_| bad(words::FIELD_UIN, words::NOT_A_NUMBER))?,
            (None, Some(known)) => known.uin,
            (None, None) if settings.new_numbers => NO_NUMBER,
            (None, None) => return Err(empty(words::FIELD_UIN)),
        };
        let network = match &self.network {
            Some(name) => settings.network(name),
            None => network_of(known, settings),
        };
        let network = network.ok_or_else(|| bad(words::FIELD_NETWORK, words::NOT_A_CHOICE))?;
        let stored = known.filter(|known| known.uin == uin && known.network == network.name);
        let password = match (self.password, stored) {
            (Some(password), _) => password,
            (None, Some(known)) => known.password.clone(),
            (None, None) => return Err(empty(words::FIELD_PASSWORD)),
        };
        if !is_password(&password) {
            return Err(bad(words::FIELD_PASSWORD, words::PASSWORD_TOO_LONG));
        }
        let mode = match self.mode {
            Some(name) => {
                mode_of(&name).ok_or_else(|| bad(words::FIELD_MODE, words::NOT_A_CHOICE))?
            }
            None => known.map(|known| known.mode).unwrap_or_default(),
        };
        let version = match self.version.as_deref() {
            Some(AUTOMATIC) => None,
            Some(name) => {
                let mut all = Version::ALL.into_iter();
                let version = all.find(|version| version.to_string() == name);
                let version =
                    version.ok_or_else(|| bad(words::FIELD_VERSION, words::NOT_A_CHOICE))?;
                if !network.versions.contains(&version) {
                    return Err(bad(words::FIELD_VERSION, words::NOT_IN_NETWORK));
                }
                Some(version.word())
            }
            None => stored.and_then(|known| known.version),
        };
        let default = known.map_or_else(
            || charsets::likely(lang, network),
            |known| known.charset.as_str(),
        );
        let charset = match self.charset {
            Some(label) if charsets::is_known(&label) || label == default => label,
            Some(_) => return Err(bad(words::FIELD_CHARSET, words::NOT_A_CHOICE)),
            None => default.to_owned(),
        };
        let import_contacts = match self.import.as_deref() {
            Some("1" | "true") => true,
            Some("0" | "false") => false,
            Some(_) => return Err(bad(words::FIELD_IMPORT, words::NOT_A_CHOICE)),
            None => known.is_none_or(|known| known.import_contacts),
        };
        Ok(Registration {
            uin,
            password,
            mode,
            charset,
            import_contacts,
            registered: known.map_or(now, |known| known.registered),
            network: network.name.clone(),
            version,
        })
    }

    /// The number these fields name, if they name one.
    pub(super) fn uin(&self, settings: &Settings) -> Option<Uin> {
        Uin::from_person(self.username.as_deref()?, settings.lowest_uin).ok()
    }

    /// The name of the network, if they say one.
    pub(super) fn network(&self) -> Option<&str> {
        self.network.as_deref()
    }
}

/// What a login that ended means to somebody who waits for it: the condition of §5.3 and §6.4.
pub(super) fn condition(reason: &LogoutReason) -> Condition {
    match reason {
        LogoutReason::WrongPassword => Condition::NotAuthorized,
        LogoutReason::Refused(_) => Condition::Forbidden,
        LogoutReason::TryAgainLater | LogoutReason::AlreadyOnline => Condition::ResourceConstraint,
        LogoutReason::Asked
        | LogoutReason::Kicked(_)
        | LogoutReason::SessionLost
        | LogoutReason::NoAnswer
        | LogoutReason::ConnectionLost
        | LogoutReason::Unreachable(_) => Condition::RemoteServerTimeout,
    }
}

/// The answer to a registration whose login failed; `answers` is what each version led to, if several were
/// tried.
pub(super) fn refusal(reason: &LogoutReason, answers: &[(Version, LogoutReason)]) -> Refusal {
    if answers.is_empty() {
        return Refusal::new(condition(reason), words::registration_failed(reason));
    }
    let tried = words::versions_tried(answers);
    Refusal::new(
        condition(reason),
        format!("{tried} {}", words::NOTHING_STORED),
    )
}

fn option(value: &str, label: &str) -> Option_ {
    Option_ {
        label: Some(label.to_owned()),
        value: value.to_owned(),
    }
}

/// An empty field is none.
fn filled(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

/// Whether this can be somebody's password on ICQ.
pub(super) fn is_password(secret: &Secret) -> bool {
    secret.reveal().chars().count() <= MAX_PASSWORD_CHARS
}

pub(super) fn mode_of(name: &str) -> Option<Mode> {
    let found = MODES.iter().find(|(_, value, _)| *value == name)?;
    Some(found.0)
}

pub(super) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Follow => "follow",
        Mode::Always => "always",
        Mode::Manual => "manual",
    }
}

pub(super) const MODES: [(Mode, &str, &str); 3] = [
    (Mode::Follow, "follow", words::MODE_FOLLOW),
    (Mode::Always, "always", words::MODE_ALWAYS),
    (Mode::Manual, "manual", words::MODE_MANUAL),
];

/// The choice of no version in particular.
const AUTOMATIC: &str = "automatic";

/// Digits with spaces, dots and dashes between them: five to ten digits, fewer on private servers.
const UIN_PATTERN: &str = "^[0-9 .-]{1,16}$";

/// ICQ's own limit is 8; servers of our time take a few more.
const MAX_PASSWORD_CHARS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("icq.example.org".parse().unwrap())
    }

    fn registration() -> Registration {
        Registration {
            uin: Uin(123_456),
            password: Secret::new("old"),
            mode: Mode::Always,
            charset: "windows-1251".into(),
            import_contacts: false,
            registered: UnixTime::from_secs(1),
            network: "icq".to_owned(),
            version: None,
        }
    }

    fn read(children: &str) -> Result<Submission, Refusal> {
        let query = format!("<query xmlns='jabber:iq:register'>{children}</query>");
        Submission::read(&query.parse().unwrap())
    }

    fn complete(children: &str, known: Option<&Registration>) -> Result<Registration, Refusal> {
        let Submission::Fields(fields) = read(children)? else {
            panic!("these were fields");
        };
        fields.complete(known, &settings(), None, UnixTime::from_secs(2))
    }

    fn condition_of<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Condition {
        result.unwrap_err().condition
    }

    #[test]
    fn the_form_comes_in_both_styles() {
        let expected: Element = "<query xmlns='jabber:iq:register'>\
            <instructions>Enter your ICQ number and ICQ password. ICQ passwords have up to 8 \
            characters; of a longer one, only the first 8 are used.</instructions>\
            <username/><password/>\
            <x xmlns='jabber:x:data' type='form'><title>ICQ account</title>\
            <instructions>Enter your ICQ number and ICQ password. ICQ passwords have up to 8 \
            characters; of a longer one, only the first 8 are used. \
            The password is kept encrypted on this server, because ICQ needs it at \
            each login.</instructions>\
            <field type='hidden' var='FORM_TYPE'><value>jabber:iq:register</value></field>\
            <field var='username' label='ICQ number'><required/>\
            <validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:string'>\
            <regex>^[0-9 .-]{1,16}$</regex></validate></field>\
            <field type='text-private' var='password' label='ICQ password'><required/></field>\
            <field type='boolean' var='x-import' label='Put my ICQ contacts into my contact list'>\
            <value>1</value></field>\
            <field type='list-single' var='x-mode' label='When to be online on ICQ'>\
            <option label='While I am online'><value>follow</value></option>\
            <option label='Always'><value>always</value></option>\
            <option label='Only when I say so'><value>manual</value></option>\
            <value>follow</value></field>\
            <field type='list-single' var='x-version' label='Version of the ICQ protocol'>\
            <option label='Automatic'><value>automatic</value></option>\
            <option label='V5 (ICQ 99 and 2000)'><value>V5</value></option>\
            <option label='V4 (ICQ 98)'><value>V4</value></option>\
            <option label='V3 (ICQ Groupware)'><value>V3</value></option>\
            <option label='V2 (ICQ up to 98 beta)'><value>V2</value></option>\
            <value>automatic</value></field>\
            <field type='list-single' var='x-charset' label='Old clients write in'>\
            <option label='Western (windows-1252)'><value>windows-1252</value></option>\
            <option label='Cyrillic (windows-1251)'><value>windows-1251</value></option>\
            <option label='Central European (windows-1250)'><value>windows-1250</value></option>\
            <option label='Greek (windows-1253)'><value>windows-1253</value></option>\
            <option label='Turkish (windows-1254)'><value>windows-1254</value></option>\
            <option label='Hebrew (windows-1255)'><value>windows-1255</value></option>\
            <option label='Arabic (windows-1256)'><value>windows-1256</value></option>\
            <option label='Japanese (Shift_JIS)'><value>shift_jis</value></option>\
            <option label='Chinese (GBK)'><value>gbk</value></option>\
            <option label='Cyrillic (KOI8-R)'><value>koi8-r</value></option>\
            <value>windows-1252</value></field></x></query>"
            .parse()
            .unwrap();
        assert_eq!(form(&settings(), None, None, true), expected);
    }

    #[test]
    fn a_known_registration_is_shown_without_its_password() {
        let form = form(&settings(), Some(&registration()), None, true);

        let xml = String::from(&form);
        assert!(form.has_child("registered", ns::REGISTER));
        assert!(xml.contains("<username>123456</username>"));
        assert!(xml.contains("<password/>"));
        assert!(!xml.contains("old"));
        let x = form.get_child("x", ns::DATA_FORMS).unwrap();
        let password = x
            .children()
            .find(|field| field.attr("var") == Some("password"));
        assert_eq!(password.unwrap().children().count(), 0);
    }

    #[test]
    fn people_from_elsewhere_are_told_who_can_read_their_password() {
        let xml = String::from(&form(&settings(), None, None, false));
        assert!(xml.contains("whose operator can read it"));
    }

    #[test]
    fn who_asks_in_russian_writes_to_people_with_russian_clients() {
        let offered = |known| {
            let form = form(&settings(), known, Some("ru"), true);
            let x = form.get_child("x", ns::DATA_FORMS).unwrap();
            let mut fields = x.children();
            let charset = fields.find(|field| field.attr("var") == Some("x-charset"));
            let value = charset.unwrap().get_child("value", ns::DATA_FORMS);
            value.unwrap().text()
        };
        let western = Registration {
            charset: "windows-1252".into(),
            ..registration()
        };

        assert_eq!(offered(None), "windows-1251");
        assert_eq!(offered(Some(&western)), "windows-1252");

        // Old clients send the plain fields back, where there is no choice.
        let plain = "<username>123456</username><password>secret</password>";
        let Submission::Fields(fields) = read(plain).unwrap() else {
            panic!("these were fields");
        };
        let now = UnixTime::from_secs(2);
        let registration = fields.complete(None, &settings(), Some("ru-RU"), now);
        assert_eq!(registration.unwrap().charset, "windows-1251");
    }

    #[test]
    fn plain_fields_register() {
        let registration = complete(
            "<username>123-456-789</username><password>secret</password>",
            None,
        )
        .unwrap();

        assert_eq!(registration.uin, Uin(123_456_789));
        assert_eq!(registration.password, Secret::new("secret"));
        assert_eq!(registration.mode, Mode::Follow);
        assert_eq!(registration.charset, "windows-1252");
        assert!(registration.import_contacts);
        assert_eq!(registration.registered, UnixTime::from_secs(2));
    }

    #[test]
    fn the_data_form_wins_over_plain_fields() {
        let registration = complete(
            "<username>1</username><password>no</password>\
             <x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>jabber:iq:register</value></field>\
             <field var='username'><value>123456</value></field>\
             <field var='password'><value>yes</value></field>\
             <field var='x-mode'><value>always</value></field>\
             <field var='x-charset'><value>windows-1251</value></field>\
             <field var='x-import'><value>0</value></field>\
             <field var='x-import'/><field/><reported/></x>",
            None,
        )
        .unwrap();

        assert_eq!(registration.uin, Uin(123_456));
        assert_eq!(registration.password, Secret::new("yes"));
        assert_eq!(registration.mode, Mode::Always);
        assert_eq!(registration.charset, "windows-1251");
        assert!(!registration.import_contacts);
    }

    #[test]
    fn an_empty_password_keeps_the_old_one_of_the_same_number() {
        let known = registration();

        let same = complete("<username>123456</username><password/>", Some(&known));
        assert_eq!(same.unwrap(), known);

        let other = complete("<username>654321</username><password/>", Some(&known));
        assert_eq!(condition_of(other), Condition::NotAcceptable);
    }

    #[test]
    fn a_field_that_cannot_be_is_named() {
        let long = "x".repeat(MAX_PASSWORD_CHARS + 1);
        for (children, text) in [
            (
                "<username>juliet</username><password>x</password>",
                "ICQ number: This is not an ICQ number. Numbers have five to ten digits.",
            ),
            ("<password>x</password>", "ICQ number: Please fill this in."),
            (
                "<username>123456</username><password> </password>",
                "ICQ password: Please fill this in.",
            ),
            (
                &format!("<username>123456</username><password>{long}</password>"),
                "ICQ password: This is too long. ICQ passwords have up to 8 characters.",
            ),
            (
                "<x xmlns='jabber:x:data' type='submit'><field var='username'><value>123456</value>\
                 </field><field var='password'><value>x</value></field>\
                 <field var='x-mode'><value>sometimes</value></field></x>",
                "When to be online on ICQ: This is none of the choices.",
            ),
        ] {
            let refusal = complete(children, None).unwrap_err();
            assert_eq!(refusal.condition, Condition::NotAcceptable, "{children}");
            assert_eq!(refusal.text, text, "{children}");
        }
    }

    fn two_networks() -> Settings {
        let mut settings = settings();
        settings.networks.push(Network {
            title: "Verona".into(),
            versions: vec![Version::V3, Version::V1],
            charset: "shift_jis".into(),
            ..Network::new("verona")
        });
        settings
    }

    /// The values of a field's options, and the one that is chosen.
    fn choices(settings: &Settings, known: Option<&Registration>, var: &str) -> Vec<String> {
        let form = form(settings, known, None, true);
        let x = form.get_child("x", ns::DATA_FORMS).unwrap();
        let field = x.children().find(|field| field.attr("var") == Some(var));
        let Some(field) = field else { return vec![] };
        let value = |element: &Element| Some(element.get_child("value", ns::DATA_FORMS)?.text());
        let options = field.children().filter(|child| child.name() == "option");
        options.filter_map(value).chain(value(field)).collect()
    }

    #[test]
    fn networks_and_versions_are_offered_where_there_is_a_choice() {
        let mut one = settings();
        one.networks[0].versions = vec![Version::V5];
        assert_eq!(choices(&one, None, "x-network"), [""; 0]);
        assert_eq!(choices(&one, None, "x-version"), [""; 0]);

        let two = two_networks();
        assert_eq!(choices(&two, None, "x-network"), ["icq", "verona", "icq"]);
        let versions = ["automatic", "V5", "V4", "V3", "V2", "V1", "automatic"];
        assert_eq!(choices(&two, None, "x-version"), versions);

        let known = Registration {
            network: "verona".into(),
            version: Some(3),
            ..registration()
        };
        assert_eq!(
            choices(&two, Some(&known), "x-network").pop().unwrap(),
            "verona"
        );
        assert_eq!(
            choices(&two, Some(&known), "x-version").pop().unwrap(),
            "V3"
        );
        let gone = Registration {
            network: "mantua".into(),
            version: Some(9),
            ..known
        };
        assert_eq!(
            choices(&two, Some(&gone), "x-network").pop().unwrap(),
            "icq"
        );
        assert_eq!(
            choices(&two, Some(&gone), "x-version").pop().unwrap(),
            "automatic"
        );
    }

    #[test]
    fn a_network_and_a_version_are_chosen_and_stay_until_another_is() {
        let settings = two_networks();
        let complete = |fields: &[(&str, &str)], known| {
            let fields: String = fields
                .iter()
                .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
                .collect();
            let form = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
            let Submission::Fields(fields) = read(&form)? else {
                panic!("these were fields");
            };
            fields.complete(known, &settings, None, UnixTime::from_secs(2))
        };
        let number = ("username", "123456");
        let password = ("password", "x");

        let plain = complete(&[number, password], None).unwrap();
        assert_eq!((plain.network.as_str(), plain.version), ("icq", None));

        let verona = ("x-network", "verona");
        let chosen = complete(&[number, password, verona, ("x-version", "V3")], None).unwrap();
        assert_eq!(
            (chosen.network.as_str(), chosen.version),
            ("verona", Some(3))
        );
        assert_eq!(chosen.charset, "shift_jis");

        assert_eq!(complete(&[number], Some(&chosen)).unwrap(), chosen);
        let automatic = complete(&[("x-version", "automatic")], Some(&chosen)).unwrap();
        assert_eq!(
            (automatic.network.as_str(), automatic.version),
            ("verona", None)
        );

        // The password of a number on one network is not shown to another.
        let moved = complete(&[("x-network", "icq")], Some(&chosen));
        assert_eq!(condition_of(moved), Condition::NotAcceptable);

        for (field, text) in [
            (
                ("x-network", "mantua"),
                "ICQ network: This is none of the choices.",
            ),
            (
                ("x-version", "V6"),
                "Version of the ICQ protocol: This is none of the choices.",
            ),
            (
                ("x-version", "V1"),
                "Version of the ICQ protocol: This network is not spoken to in that version.",
            ),
        ] {
            let refusal = complete(&[number, password, field], None).unwrap_err();
            assert_eq!(refusal.text, text);
        }
    }

    #[test]
    fn remove_stands_alone() {
        assert!(matches!(read("<remove/>"), Ok(Submission::Remove)));
        assert_eq!(
            condition_of(read("<remove/><username>123456</username>")),
            Condition::BadRequest
        );
    }

    #[test]
    fn what_is_neither_form_nor_fields_is_a_bad_request() {
        for children in [
            "",
            "<email>romeo@example.org</email>",
            "<x xmlns='jabber:x:data' type='cancel'/>",
        ] {
            assert_eq!(condition_of(read(children)), Condition::BadRequest);
        }
    }
}
