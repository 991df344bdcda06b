//! What the server does where real ones differ: one knob per difference, and a preset per server.
//!
//! [`Behaviour::reference`] does what icq-udp.md recommends wherever it says "Use". The presets
//! named for real servers do what was seen of them (icq-udp.md §16 and §17) and what the reference
//! says of them elsewhere; where it is silent they keep the recommended value.

use std::time::Duration;

use crate::icq::udp::Version;

/// How the server behaves. Start from a preset and change what the test is about:
///
/// ```
/// use icq_transport::server::{Behaviour, SecondLogin};
///
/// let mut behaviour = Behaviour::reference();
/// behaviour.second_login = SecondLogin::Refuse;
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Behaviour {
    /// The versions it speaks. Datagrams of others get no answer of any kind (§1), as from `IServerd`,
    /// which speaks V3 and V5 only.
    pub versions: &'static [Version],
    /// What a login gets: its due, or always the same answer.
    pub login_answer: LoginAnswer,
    /// What happens to a login while the UIN is online (§4.4).
    pub second_login: SecondLogin,
    /// The envelope of the answer to a wrong password of a V5 client (§2.5, §4.8).
    pub bad_password: BadPassword,
    /// Wrong passwords for one UIN before every login for it gets 0x00FA for a minute (§12: three);
    /// one source address may fail ten times as often, because a gateway logs many users in from
    /// one. `None` never refuses, as `IServerd` (nothing was seen of a limit).
    pub wrong_passwords: Option<u32>,
    /// 0x03FC makes an account. `IServerd` as tried had it off and was silent (§6.6).
    pub registration: bool,

    /// Repeat what is not acknowledged. `None` sends everything once, as `IServerd` (§4.2).
    pub retransmission: Option<Retransmission>,
    /// Acknowledge a repeated packet and leave it at that (§4.3). `IServerd` executes it again (§4.2).
    pub suppress_duplicates: bool,
    /// What acknowledgements of V5 repeat beside seq1 (§4.1).
    pub acknowledgements: Acknowledgements,
    /// Several small packets that are due to one client at once travel as one 0x0212 (§4.6), up to
    /// this many bytes. `None` never; `IServerd` was never seen to do so.
    pub multi: Option<usize>,
    /// Which of the replies that §4.3 lists as exceptions repeat the seq2 of their request.
    pub numbered_replies: NumberedReplies,
    /// A session answers to its own port only (§12). When off, as in `IServerd` (§4.4), a keep-alive
    /// or a logoff from another port of the same address counts too.
    pub strict_ports: bool,
    /// A session that says nothing for so long ends (§4.5). `None` keeps it for ever, as `IServerd`.
    pub silence: Option<Duration>,
    /// What 0x005A advertises as the interval of keep-alives, in seconds (§6.3).
    pub ping_interval: u16,
    /// Packets a second that one client may send, with bursts of four times as many. `None` is no
    /// limit.
    pub packets_per_second: Option<u32>,

    /// When stored messages are handed out (§7.5).
    pub offline_messages: OfflineMessages,
    /// Stored messages reach their receiver as an empty text of type 0: open-oscar-server (§17).
    pub empties_stored_texts: bool,
    /// Messages stored for one UIN (§12: 100); later ones vanish like those to unknown UINs.
    pub stored_messages: usize,
    /// Bytes a message may have, its NUL not counted (§7.1); groupware may have 2025 at least. One that
    /// is too long for the version of its receiver arrives in pieces, the last first.
    pub message_limit: usize,
    /// What a longer message costs.
    pub over_message_limit: TooMuch,
    /// The mass-message flag 0x8000 of a message's type passes. open-oscar-server drops it (§17).
    pub keeps_mass_flag: bool,

    /// Entries a contact list packet may have (§6.4). One with exactly 100 says that more follows.
    pub list_limit: usize,
    /// What a longer list costs.
    pub over_list_limit: TooMuch,
    /// A list of exactly 100 is answered like any other, as in `IServerd`; only stored messages wait.
    /// When off, the answer waits for the rest of the list, two seconds at most.
    pub answers_full_lists: bool,
    /// 0x01A4 carries the status flags. `IServerd` sends the low word only (§7.6).
    pub status_flags: bool,
    /// Who goes invisible goes offline first even for those on the visible list: `IServerd` (§7.6).
    pub invisible_blinks: bool,

    /// What the authorisation byte of profiles says (§8.1).
    pub authorisation: AuthorisationByte,
    /// What follows the country in META 0x00C8 (§8.4).
    pub general_end: GeneralEnd,
    /// 0x0460 and 0x046A for nobody get 0x012C. open-oscar-server answers 0x0460 with empty fields (§17).
    pub names_unknown_uins: bool,
    /// 0x050A, 0x04A6, 0x04B0, 0x0514 and 0x049C change something and are answered. `IServerd`
    /// acknowledges them only, except those of groupware (§8.3).
    pub old_updates: bool,
    /// 0x044C is acknowledged. `IServerd` ignores it altogether in V5 (§4.1).
    pub acknowledges_offline_request: bool,
    /// 0x0438 is acknowledged. `IServerd` does not (§4.9).
    pub acknowledges_logoff: bool,
    /// 0x0438 with the other text, the probe, ends a session, too: open-oscar-server.
    pub probe_ends_session: bool,
    /// What packets without a session get.
    pub strangers: Strangers,
    /// 0x053C makes the server tell the added person with a type 0x000C message (§6.4). `IServerd`
    /// leaves that to the client, and so does the recommended behaviour.
    pub announces_added: bool,
    /// Short profiles and search results show the second e-mail address, and old updates change it:
    /// `IServerd` (§8.1).
    pub shows_second_email: bool,
    /// The answer to META (§8.4).
    pub meta: MetaAnswer,
    /// Results of one search; then the server says that there are more (§8.1: 40).
    pub search_limit: usize,
    /// 0x0424, 0x041A and 0x046A of groupware clients are answered. `IServerd` acknowledges them only:
    /// they have searches and questions of their own (§8.1, §9).
    pub old_groupware_searches: bool,
    /// 0x06A4 and 0x06AE of groupware clients have an effect. `IServerd` acknowledges them only (§16).
    pub groupware_exceptions: bool,
    /// What 0x0118 says to groupware clients: whom it is about, and a byte more, as open-oscar-server
    /// says it. When off it does not, as `IServerd` (§8.1).
    pub names_groupware_infos: bool,
    /// 0x0564 and 0x056E do something. `IServerd` acknowledges them only (§8.6).
    pub random_chat: bool,
    /// A packet of groupware is acknowledged once more when its last fragment has come: `IServerd`.
    pub acknowledges_assembled: bool,
    /// A groupware client gets messages under numbers that have nothing to do with its own requests
    /// and may equal them: `IServerd` (§4.3).
    pub foreign_numbers: bool,
    /// Somebody's addresses are shown to users of the same version only: `IServerd` (§7.6).
    pub conceals_across_versions: bool,
}

/// The answer to META.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MetaAnswer {
    /// What it asks for.
    Due,
    /// A failure (0x32), whatever it asks for.
    Refused,
    /// An acknowledgement and nothing else: a server from before META.
    AcknowledgedOnly,
}

/// What a login gets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum LoginAnswer {
    /// What it deserves.
    #[default]
    Due,
    /// 0x00FA, whatever the password: a busy server.
    TryAgain,
    /// 0x0370 with this text.
    Refused(String),
    /// 0x00F0.
    NotConnected,
    /// An acknowledgement and nothing else.
    AcknowledgedOnly,
    /// Nothing at all.
    Silence,
}

/// What happens to a login while the UIN is online.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecondLogin {
    /// The old session is told with 0x0028 and ends: icq-udp.md §11.
    Replace,
    /// The old session ends and is told nothing: open-oscar-server (§17).
    ReplaceSilently,
    /// The new login gets 0x00FA and the old session stays: `IServerd` (§4.4).
    Refuse,
}

/// The envelope of 0x0064.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadPassword {
    /// V5, empty: open-oscar-server.
    V5,
    /// V3 with a `u16 0` behind it: `IServerd`.
    V3,
}

/// How often and how long what is not acknowledged is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retransmission {
    /// The time between two sends.
    pub interval: Duration,
    /// How often a packet is sent altogether before the session counts as dead. Then its
    /// unacknowledged messages join those stored for the UIN: none is lost, and one whose
    /// acknowledgements alone were lost arrives a second time, as a stored message.
    pub sends: u32,
    /// What concerns one contact (status and messages), the stored messages and the parts of one
    /// answer leave one at a time, each after the one before was acknowledged: nothing overtakes.
    /// Real servers send at once and leave order to chance.
    pub in_order: bool,
}

/// What acknowledgements of V5 repeat of the packet beside its seq1. Others always repeat all there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Acknowledgements {
    /// Its seq2.
    Both,
    /// Nothing, but for a login and META: open-oscar-server.
    FirstOnly,
}

/// Which of the replies 0x021C, 0x00DC, 0x00E6, 0x0118, 0x0122 and 0x012C repeat the seq2 of their
/// request (§4.3). The others all do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NumberedReplies {
    /// All of them.
    All,
    /// The ends of lists, 0x021C and 0x00E6, and what is not V5: open-oscar-server.
    Lists,
    /// None of them: `IServerd`.
    None,
}

/// When stored messages are handed out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OfflineMessages {
    /// On 0x044C, and by themselves if none came two seconds after the first 0x021C (§7.5), or ten
    /// seconds after a login without a list.
    OnRequestOrSoon,
    /// On 0x044C only.
    OnRequest,
    /// After every contact list of less than 100 entries, all that are still there; 0x044C does
    /// nothing, but for groupware, which gets them on every 0x044C: `IServerd`.
    AfterEachList,
}

/// What packets without a session get.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strangers {
    /// 0x00F0, unless they are acknowledgements or the last or the first of a session (§11).
    Refused,
    /// As before, but a logoff gets 0x00F0, 0x0460, 0x046A and 0x044C get nothing, and commands the
    /// server does not know get an acknowledgement: `IServerd` (§4.1, §4.9).
    RefusedByWhim,
}

/// What it costs to send more than allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TooMuch {
    /// The packet is acknowledged and vanishes.
    Ignored,
    /// The session ends with 0x00F0, and its contacts see it go: `IServerd` (§6.4, §7.1).
    EndsSession,
}

/// What the authorisation byte of profiles says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthorisationByte {
    /// 0 where authorisation is required, else 1, everywhere.
    True,
    /// 0 in 0x0104, 0x0118 and 0x008C whatever the account says, reversed in 0x00C8 and right in
    /// search results: open-oscar-server (§17).
    Muddled,
}

/// What follows the country in META 0x00C8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GeneralEnd {
    /// One byte of timezone; then authorisation, web aware, hide address, hide e-mail.
    Flags,
    /// Two bytes of timezone, then authorisation and four zeros: open-oscar-server.
    WideTimezone,
    /// Two bytes of timezone; then for old requests authorisation, web aware, the third security
    /// byte and two zeros, for new ones 1, publish e-mail and three zeros: `IServerd`.
    WideTimezoneByForm,
}

impl Behaviour {
    /// What icq-udp.md recommends.
    pub const fn reference() -> Self {
        Self {
            versions: &Version::ALL,
            login_answer: LoginAnswer::Due,
            second_login: SecondLogin::Replace,
            bad_password: BadPassword::V5,
            wrong_passwords: Some(3),
            registration: true,
            retransmission: Some(Retransmission {
                interval: Duration::from_secs(10),
                sends: 5,
                in_order: true,
            }),
            suppress_duplicates: true,
            acknowledgements: Acknowledgements::Both,
            multi: None,
            numbered_replies: NumberedReplies::All,
            strict_ports: true,
            silence: Some(Duration::from_secs(180)),
            ping_interval: 110,
            packets_per_second: Some(50),
            offline_messages: OfflineMessages::OnRequestOrSoon,
            empties_stored_texts: false,
            stored_messages: 100,
            message_limit: 2048,
            over_message_limit: TooMuch::Ignored,
            keeps_mass_flag: true,
            list_limit: 255,
            over_list_limit: TooMuch::Ignored,
            answers_full_lists: false,
            status_flags: true,
            invisible_blinks: false,
            authorisation: AuthorisationByte::True,
            general_end: GeneralEnd::Flags,
            names_unknown_uins: true,
            old_updates: true,
            acknowledges_offline_request: true,
            acknowledges_logoff: true,
            probe_ends_session: false,
            strangers: Strangers::Refused,
            announces_added: false,
            shows_second_email: false,
            meta: MetaAnswer::Due,
            search_limit: 40,
            old_groupware_searches: true,
            groupware_exceptions: true,
            names_groupware_infos: false,
            random_chat: true,
            acknowledges_assembled: false,
            foreign_numbers: false,
            conceals_across_versions: false,
        }
    }

    /// `IServerd` 2.5.5 as it was tried (icq-udp.md §16).
    pub fn iserverd() -> Self {
        Self {
            versions: &[Version::V3, Version::V5],
            second_login: SecondLogin::Refuse,
            bad_password: BadPassword::V3,
            wrong_passwords: None,
            registration: false,
            retransmission: None,
            suppress_duplicates: false,
            numbered_replies: NumberedReplies::None,
            strict_ports: false,
            silence: None,
            packets_per_second: None,
            offline_messages: OfflineMessages::AfterEachList,
            message_limit: 450,
            over_message_limit: TooMuch::EndsSession,
            list_limit: 100,
            over_list_limit: TooMuch::EndsSession,
            answers_full_lists: true,
            status_flags: false,
            invisible_blinks: true,
            old_updates: false,
            acknowledges_offline_request: false,
            acknowledges_logoff: false,
            strangers: Strangers::RefusedByWhim,
            general_end: GeneralEnd::WideTimezoneByForm,
            shows_second_email: true,
            old_groupware_searches: false,
            groupware_exceptions: false,
            random_chat: false,
            acknowledges_assembled: true,
            foreign_numbers: true,
            conceals_across_versions: true,
            ..Self::reference()
        }
    }

    /// open-oscar-server as it was tried (icq-udp.md §17). Its habit of executing a burst out of
    /// order belongs to the network between, not here.
    pub fn open_oscar() -> Self {
        Self {
            second_login: SecondLogin::ReplaceSilently,
            bad_password: BadPassword::V5,
            wrong_passwords: None,
            numbered_replies: NumberedReplies::Lists,
            acknowledgements: Acknowledgements::FirstOnly,
            probe_ends_session: true,
            silence: Some(Duration::from_secs(120)),
            ping_interval: 50,
            offline_messages: OfflineMessages::OnRequest,
            empties_stored_texts: true,
            keeps_mass_flag: false,
            authorisation: AuthorisationByte::Muddled,
            general_end: GeneralEnd::WideTimezone,
            names_unknown_uins: false,
            names_groupware_infos: true,
            ..Self::reference()
        }
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::reference()
    }
}
