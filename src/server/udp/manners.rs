//! What sets the versions apart in a server, beyond envelopes and bodies: one question a function,
//! one answer a version (icq-udp.md §4, §6 to §8, §16). Everything else asks here and knows no version.

use crate::icq::udp::from_server::{
    LoginReply, LoginReplyV2, LoginReplyV3, LoginReplyV4, LoginReplyV5, Reason,
};
use crate::icq::udp::to_server::{Target, TextCode};
use crate::icq::udp::{FromServer, Header, ToServer, Version};
use crate::icq::wire::Rest;
use crate::model::Uin;
use crate::server::behaviour::{
    Acknowledgements, Behaviour, NumberedReplies, OfflineMessages, Strangers,
};

/// Whether a version has this request. What it does not have is acknowledged and nothing else.
pub(super) const fn knows(version: Version, command: u16) -> bool {
    match (version, command) {
        // §1.1: a login like that of V2 is as good as any. §8.4: META, "4 partly". §8.3: seen in V5.
        // §11: groupware begins its first run with it.
        (Version::V1, LOGIN)
        | (Version::V4, META_USER)
        | (Version::V5, CHANGE_PASSWORD)
        | (Version::V3, FIRST_LOGIN) => true,
        _ => ToServer::exists_in(command, version),
    }
}

/// Whether a version has this packet. What it does not have is not sent.
pub(super) const fn tells(version: Version, command: u16) -> bool {
    match (version, command) {
        (Version::V4, META_REPLY) | (Version::V5, PASSWORD_CHANGED) => true,
        _ => FromServer::exists_in(command, version),
    }
}

/// Whether 0x03F2 is the login (§1.1).
pub(super) const fn logs_in_with_pre_login(version: Version) -> bool {
    match version {
        Version::V1 => true,
        Version::V2 | Version::V3 | Version::V4 | Version::V5 => false,
    }
}

/// Whether 0x03F2 inside a session is refused with 0x00FA (§4.8).
pub(super) const fn refuses_late_pre_login(version: Version) -> bool {
    match version {
        Version::V5 => true,
        Version::V1 | Version::V2 | Version::V3 | Version::V4 => false,
    }
}

/// What 0x04EC gets (§6.5, §11).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FirstLogin {
    /// An acknowledgement.
    Acknowledged,
    /// An acknowledgement with the number it came with.
    Echoed,
    /// The departments list.
    Departments,
}

/// What 0x04EC gets in a version.
pub(super) const fn first_login(version: Version) -> FirstLogin {
    match version {
        Version::V1 | Version::V2 | Version::V3 => FirstLogin::Acknowledged,
        Version::V4 => FirstLogin::Departments,
        Version::V5 => FirstLogin::Echoed,
    }
}

/// Whether the answer to a registration form is followed by 0x0046 (§6.6).
pub(super) const fn gives_number_after_form(version: Version) -> bool {
    matches!(version, Version::V4)
}

/// Whether several packets may share a datagram (§4.6).
pub(super) const fn has_multi(version: Version) -> bool {
    matches!(version, Version::V5)
}

/// Whether one packet may take several datagrams (§4.7).
pub(super) const fn has_fragments(version: Version) -> bool {
    matches!(version, Version::V3)
}

/// The form of a few answers: V5 clients take them in that of V3 (§2.5).
pub(super) const fn lent_form(version: Version) -> Version {
    match version {
        Version::V3 | Version::V5 => Version::V3,
        Version::V1 | Version::V2 | Version::V4 => version,
    }
}

/// What a packet gets whose session the server does not know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ToStranger {
    /// 0x00F0.
    Refusal,
    /// An acknowledgement, as though there were a session.
    Acknowledgement,
    /// Nothing.
    Nothing,
}

/// What a packet gets whose session the server does not know (§4.1, §4.9, §11).
pub(super) fn answer_to_stranger(
    header: &Header,
    packet: &ToServer<'_>,
    behaviour: &Behaviour,
) -> ToStranger {
    let by_whim = behaviour.strangers == Strangers::RefusedByWhim;
    let is_v5 = header.version == Version::V5;
    match packet {
        ToServer::TextCode(text) if by_whim && text.text == TextCode::LOGOUT => ToStranger::Refusal,
        ToServer::TextCode(_) => ToStranger::Nothing,
        ToServer::InfoRequest(_) | ToServer::ExtInfoRequest(_) | ToServer::RequestOffline
            if by_whim && is_v5 =>
        {
            ToStranger::Nothing
        }
        // What `IServerd` has no handler for.
        ToServer::UpdateBasic(_)
        | ToServer::UpdateExtended(_)
        | ToServer::QueryServers
        | ToServer::RandomSet(_)
            if by_whim && is_v5 =>
        {
            ToStranger::Acknowledgement
        }
        _ if by_whim && !knows(header.version, header.command) => ToStranger::Acknowledgement,
        _ => ToStranger::Refusal,
    }
}

/// The number of a 0x00F0: that of the refused packet, but for a keep-alive of V5 (§4.8).
pub(super) const fn unconnected_number(refused: &Header) -> u16 {
    match (refused.version, refused.command) {
        (Version::V5, KEEP_ALIVE) => 0,
        _ => refused.seq2,
    }
}

/// Whether a version enciphers: then a command without a name and a wrong check word are a wrong key
/// (§12). Elsewhere check words prove nothing.
pub(super) const fn enciphers(version: Version) -> bool {
    match version {
        Version::V1 | Version::V2 | Version::V3 => false,
        Version::V4 | Version::V5 => true,
    }
}

/// Whether logins can be told apart: later versions say when they were written (§6.1). A V2 client
/// begins every session with number 1 and nothing else that is new.
pub(super) const fn tells_logins_apart(version: Version) -> bool {
    match version {
        Version::V1 | Version::V2 | Version::V3 => false,
        Version::V4 | Version::V5 => true,
    }
}

/// Whether a client may be heard from another port than its own, where the server is lenient: the
/// session's number has to prove it (§4.4).
pub(super) const fn has_session_ids(version: Version) -> bool {
    matches!(version, Version::V5)
}

/// Whether a packet's number counts it among its sender's packets: the logoff and the probe of groupware
/// both bear 0 (§4.9).
pub(super) const fn counts(command: u16) -> bool {
    command != SEND_TEXT_CODE
}

/// Which stored messages a client deletes with 0x0442 (§7.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Deletion {
    /// All that it got.
    All,
    /// All that it got, if the packet bears the number of a 0x00E6.
    ByEnd,
    /// Those not written later than it says.
    ByTime,
}

/// How a version deletes stored messages.
pub(super) const fn deletion(version: Version) -> Deletion {
    match version {
        Version::V1 | Version::V2 => Deletion::ByEnd,
        Version::V3 => Deletion::ByTime,
        Version::V4 | Version::V5 => Deletion::All,
    }
}

/// When a version's stored messages are handed out: only V5 clients get them unasked (§7.5).
pub(super) const fn offline_messages(version: Version, behaviour: &Behaviour) -> OfflineMessages {
    match version {
        Version::V1 | Version::V2 | Version::V3 | Version::V4 => OfflineMessages::OnRequest,
        Version::V5 => behaviour.offline_messages,
    }
}

/// Whether 0x044C is acknowledged: `IServerd` ignores it in V5 only (§4.1).
pub(super) const fn acknowledges_offline_request(version: Version, behaviour: &Behaviour) -> bool {
    behaviour.acknowledges_offline_request || !matches!(version, Version::V5)
}

/// What the acknowledgement of a packet repeats beside its seq1 (§4.1).
pub(super) const fn acknowledged_number(header: &Header, behaviour: &Behaviour) -> u16 {
    match (behaviour.acknowledgements, header.version, header.command) {
        (_, _, LOGIN | META_USER) | (Acknowledgements::Both, ..) => header.seq2,
        (Acknowledgements::FirstOnly, Version::V5, _) => 0,
        (Acknowledgements::FirstOnly, ..) => header.seq2,
    }
}

/// What the header of a reply repeats of its request (§4.3).
pub(super) const fn reply_number(
    version: Version,
    behaviour: &Behaviour,
    command: u16,
    seq2: u16,
) -> u16 {
    // It stands in the body there, and the answer is nothing without it.
    if matches!(version, Version::V1 | Version::V2) {
        return seq2;
    }
    let is_numbered = match (behaviour.numbered_replies, command) {
        (NumberedReplies::All, _) => true,
        (NumberedReplies::Lists, OFFLINE_MESSAGE) => matches!(version, Version::V3),
        (NumberedReplies::Lists, INFO_REPLY | EXT_INFO_REPLY | INVALID_UIN) => {
            matches!(version, Version::V3 | Version::V4)
        }
        (NumberedReplies::None, USER_LIST_DONE | OFFLINE_MESSAGE) => false,
        (
            NumberedReplies::None,
            END_OFFLINE_MESSAGES | INFO_REPLY | EXT_INFO_REPLY | INVALID_UIN,
        ) => matches!(version, Version::V3),
        (NumberedReplies::Lists | NumberedReplies::None, _) => true,
    };
    if is_numbered { seq2 } else { 0 }
}

/// Whether the old updates do anything: `IServerd` executes those of groupware only (§8.3).
pub(super) const fn updates(version: Version, behaviour: &Behaviour) -> bool {
    behaviour.old_updates || matches!(version, Version::V3)
}

/// Whether the lists of exceptions from a status have an effect: `IServerd` only acknowledges those of
/// groupware (§16).
pub(super) const fn has_exceptions(version: Version, behaviour: &Behaviour) -> bool {
    behaviour.groupware_exceptions || !matches!(version, Version::V3)
}

/// Whether the old searches are answered: `IServerd` leaves groupware to its own (§8.1).
pub(super) const fn old_searches(version: Version, behaviour: &Behaviour) -> bool {
    behaviour.old_groupware_searches || !matches!(version, Version::V3)
}

/// The type of a message as its receiver gets it: groupware knows no flags (§7.2).
pub(super) const fn message_type(version: Version, kind: u16) -> u16 {
    match version {
        Version::V3 => kind & 0x00FF,
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => kind,
    }
}

/// The pieces in which a text reaches its receiver, in the order in which they are sent: cut from the
/// end, and the end first, where the receiver's version takes less than the sender's (§7.1).
pub(super) fn pieces<'a>(version: Version, behaviour: &Behaviour, text: &'a [u8]) -> Vec<&'a [u8]> {
    let limit = message_limit(version, behaviour).max(1);
    if text.len() <= limit {
        return vec![text];
    }
    text.rchunks(limit).collect()
}

/// What the header of a relayed message bears: nothing, or with `IServerd` in groupware the number of
/// its sender's request, which is nobody's business here (§4.3).
pub(super) const fn relayed_number(
    version: Version,
    behaviour: &Behaviour,
    senders_seq2: u16,
) -> u16 {
    match version {
        Version::V3 if behaviour.foreign_numbers => senders_seq2,
        Version::V1 | Version::V2 | Version::V3 | Version::V4 | Version::V5 => 0,
    }
}

/// The version of the direct protocol as 0x006E has room for it (§7.6).
pub(super) const fn tcp_version(version: Version, tcp_version: u32) -> u32 {
    match version {
        Version::V3 | Version::V4 => tcp_version & 0xFFFF,
        Version::V1 | Version::V2 | Version::V5 => tcp_version,
    }
}

/// Whether 0x021C says whose list was told (§5.2).
pub(super) const fn ends_list_with_uin(version: Version) -> bool {
    match version {
        Version::V1 | Version::V2 | Version::V5 => true,
        Version::V3 | Version::V4 => false,
    }
}

/// Whether 0x00DC gives the time as a number instead of as a date (§7.5).
pub(super) const fn counts_seconds(version: Version) -> bool {
    matches!(version, Version::V3)
}

/// How long a message may be: groupware has fragments (§7.1).
pub(super) fn message_limit(version: Version, behaviour: &Behaviour) -> usize {
    match version {
        Version::V3 => behaviour.message_limit.max(GROUPWARE_MESSAGE),
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => behaviour.message_limit,
    }
}

/// Whom 0x0118 names: nobody in groupware, where the number of the request has to do (§8.1).
pub(super) const fn info_uin(version: Version, behaviour: &Behaviour, uin: Uin) -> Uin {
    match version {
        Version::V3 if !behaviour.names_groupware_infos => Uin(0),
        Version::V1 | Version::V2 | Version::V3 | Version::V4 | Version::V5 => uin,
    }
}

/// The byte of 0x0118 before the last (§8.1).
pub(super) const fn info_status(version: Version, behaviour: &Behaviour) -> Option<u8> {
    match version {
        Version::V3 if !behaviour.names_groupware_infos => None,
        Version::V3 | Version::V4 => Some(0),
        Version::V1 | Version::V2 | Version::V5 => None,
    }
}

/// What says that nobody has a UIN (§5.2).
pub(super) const fn nobody(version: Version, target: Target) -> FromServer<'static> {
    match version {
        Version::V3 => FromServer::InvalidUser(target),
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => FromServer::InvalidUin(target),
    }
}

/// Whether 0x0122 ends with the postal code (§8.2).
pub(super) const fn tells_zip(version: Version) -> bool {
    matches!(version, Version::V5)
}

/// The yes to 0x0514 (§5.2).
pub(super) const fn authorisation_set(version: Version) -> FromServer<'static> {
    match version {
        Version::V3 => FromServer::SetAuthAnswer,
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => FromServer::SetAuthAnswer2,
    }
}

/// The acceptance of a login (§6.3). The server keeps what it advertises.
pub(super) fn login_reply(
    version: Version,
    behaviour: &Behaviour,
    own_uin: Uin,
    ip: std::net::Ipv4Addr,
    login_seq: u16,
) -> LoginReply<'static> {
    let sends_without = match version {
        Version::V3 => 3,
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => 5,
    };
    let (interval, sends) = behaviour
        .retransmission
        .map_or((10, sends_without), |r| (r.interval.as_secs(), r.sends));
    let timeout = u16::try_from(interval).unwrap_or(u16::MAX);
    let retries = u16::try_from(sends).unwrap_or(u16::MAX);
    match version {
        Version::V1 | Version::V2 => LoginReply::V2(LoginReplyV2 {
            own_uin,
            ip,
            login_seq,
            rest_hex: Rest(LoginReplyV2::TAIL),
        }),
        Version::V3 => LoginReply::V3(LoginReplyV3 {
            ip,
            zero: 0,
            externals: 0,
            deplist_version: DEPARTMENTS_VERSION,
            must_change_pw: 0,
            can_broadcast: 0,
            xfa: 0xFA,
            ping: OLD_PING,
            timeout,
            xa: 0x0A,
            retries,
        }),
        Version::V4 => LoginReply::V4(LoginReplyV4 {
            ip,
            w0: 0,
            w1: 0,
            x19: 0x19,
            x2: 2,
            x1: 1,
            xfa: 0xFA,
            ping: OLD_PING,
            timeout,
            xa: 0x0A,
            retries,
        }),
        Version::V5 => LoginReply::V5(LoginReplyV5 {
            x8c: 0x8C,
            ping: behaviour.ping_interval,
            timeout,
            xa: 0x0A,
            retries,
            ip: Some(ip),
            server_id: Some(SERVER_ID),
        }),
    }
}

/// How a login is refused while its UIN is online (§4.4).
pub(super) const fn already_online(version: Version, text: &str) -> FromServer<'_> {
    match version {
        Version::V3 => FromServer::LoginError(Reason {
            text: Some(text.as_bytes()),
        }),
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => FromServer::TryAgain,
    }
}

/// The end of a session, with its reason where a version has room for it (§4.8).
pub(super) const fn go_away(version: Version, reason: &str) -> FromServer<'_> {
    let text = match version {
        Version::V3 => Some(reason.as_bytes()),
        Version::V1 | Version::V2 | Version::V4 | Version::V5 => None,
    };
    FromServer::GoAway(Reason { text })
}

/// A packet's body as a version has it: its fields, and what stands behind those that clients know.
/// `header` is that of the packet, whose form may be another than `version` (§2.5).
pub(super) fn body(version: Version, header: &Header, packet: &FromServer<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    packet.encode(version, &mut body);
    match (packet, version) {
        (FromServer::BadPassword, Version::V5) if header.version == Version::V3 => {
            body.extend([0; 2]);
        }
        (FromServer::LoginError(_), Version::V5) => body.extend([0; 4]),
        // §6.6; in V2 the number itself is the body.
        (FromServer::NewUin, Version::V3 | Version::V4 | Version::V5) => body.extend([0; 4]),
        (FromServer::EndOfflineMessages, Version::V1 | Version::V2) => {
            body.extend(header.uin.0.to_le_bytes());
        }
        // §6.5.
        (FromServer::PreLoginList, Version::V3 | Version::V4) => body.extend(departments()),
        (FromServer::QueryReply, Version::V3 | Version::V4) => {
            body.extend([0x3C, 0]);
            body.extend(departments());
        }
        (FromServer::RandomUser(user), _) if user.details.is_some() => body.extend([0; 14]),
        _ => {}
    }
    body
}

/// The departments list: there are none.
fn departments() -> impl Iterator<Item = u8> {
    let head = [DEPARTMENTS_VERSION, 0].map(u32::to_le_bytes);
    let tail = [2_u16, 0x2A].map(u16::to_le_bytes);
    head.into_iter().flatten().chain(tail.into_iter().flatten())
}

const LOGIN: u16 = 0x03E8;
const KEEP_ALIVE: u16 = 0x042E;
const SEND_TEXT_CODE: u16 = 0x0438;
const CHANGE_PASSWORD: u16 = 0x049C;
const FIRST_LOGIN: u16 = 0x04EC;
const META_USER: u16 = 0x064A;

const PASSWORD_CHANGED: u16 = 0x0140;
const META_REPLY: u16 = 0x03DE;
const OFFLINE_MESSAGE: u16 = 0x00DC;
const END_OFFLINE_MESSAGES: u16 = 0x00E6;
const INFO_REPLY: u16 = 0x0118;
const EXT_INFO_REPLY: u16 = 0x0122;
const INVALID_UIN: u16 = 0x012C;
const USER_LIST_DONE: u16 = 0x021C;

/// As live servers say it (§6.3): 9B C1 CD 80.
const SERVER_ID: u32 = 0x80CD_C19B;
/// Seconds between keep-alives of V3 and V4 (§4.5, §6.3).
const OLD_PING: u16 = 45;
const DEPARTMENTS_VERSION: u32 = 1;
/// §7.1.
const GROUPWARE_MESSAGE: usize = 2025;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_from_its_end_and_no_byte_of_it_is_lost() {
        let behaviour = Behaviour::iserverd();
        let text: Vec<u8> = (0..1000_u16).map(|at| (at % 251) as u8).collect();

        let pieces = pieces(Version::V5, &behaviour, &text);

        let sizes: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(sizes, [450, 450, 100]);
        let whole: Vec<u8> = pieces.into_iter().rev().flatten().copied().collect();
        assert_eq!(whole, text);
    }

    #[test]
    fn a_text_that_may_be_there_is_one_piece_even_if_it_is_none() {
        for behaviour in [Behaviour::reference(), Behaviour::iserverd()] {
            for version in Version::ALL {
                assert_eq!(pieces(version, &behaviour, b""), [b""]);
                assert_eq!(pieces(version, &behaviour, &[1; 450]), [[1; 450]]);
            }
        }
    }

    #[test]
    fn what_has_no_name_is_known_to_no_version() {
        for version in Version::ALL {
            assert!(!knows(version, 0x0CCC));
            assert!(!tells(version, 0x0CCC));
            assert!(knows(version, 0x000A));
        }
    }

    #[test]
    fn every_version_can_log_in() {
        for version in Version::ALL {
            assert!(knows(version, LOGIN));
            assert_eq!(logs_in_with_pre_login(version), version == Version::V1);
        }
    }
}
