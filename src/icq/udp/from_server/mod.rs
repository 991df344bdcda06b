//! What servers send (`icq-udp.md` §5.2).

mod messages;
mod people;
mod presence;
mod session;

pub use messages::{Date, OfflineMessage, ReceiveMessage, ReverseTcp, Sent};
pub use people::{EndOfSearch, ExtendedInfo, InfoReply, RandomUser, RandomUserDetails, UserFound};
pub use presence::{ListDone, StatusUpdate, UserOnline};
pub use session::{
    LoginReply, LoginReplyV2, LoginReplyV3, LoginReplyV4, LoginReplyV5, Multi, Reason,
};

use super::groupware::{BasicInfo, Fragment, HomeInfo, Notes, WebPage, WorkInfo};
use super::to_server::Target;
use crate::icq::wire::meta::{MetaForm, MetaReply};
use crate::icq::wire::{DecodeError, Decoded, Reader, Version, Writer, commands};

commands! {
    /// A packet from a server.
    pub enum FromServer by Version {
        /// Acknowledges the packet whose `seq1` the header repeats (§4.1).
        0x000A "ACK" Ack,
        /// The server goes down; also an answer to META 0x07D0 (§4.8).
        0x001E "SERVER_DOWN" ServerDown where V5,
        /// The server dropped the session.
        0x0028 "GO_AWAY" GoAway(Reason<'a>),
        /// The answer to a pre-login.
        0x0032 "PRE_LOGIN_LIST" PreLoginList where V3 | V4 | V5,
        /// A new UIN, in the header.
        0x0046 "NEW_UIN" NewUin,
        /// The login is accepted.
        0x005A "LOGIN_REPLY" LoginReply(LoginReply<'a>),
        /// The password is wrong.
        0x0064 "BAD_PASSWORD" BadPassword,
        /// Somebody is online.
        0x006E "USER_ONLINE" UserOnline(UserOnline),
        /// Somebody is offline.
        0x0078 "USER_OFFLINE" UserOffline(Target),
        /// A list the client asked for.
        0x0082 "QUERY_REPLY" QueryReply where V3 | V4 | V5,
        /// Somebody an old search found.
        0x008C "USER_FOUND" UserFound(UserFound<'a>),
        /// An old search is over.
        0x00A0 "END_OF_SEARCH" EndOfSearch(EndOfSearch),
        /// Names changed, in answer to 0x04A6.
        0x00B4 "BASIC_UPDATED_OLD" BasicUpdatedOld where V1 | V2 | V5,
        /// Names not changed, in answer to 0x04A6.
        0x00BE "BASIC_REFUSED_OLD" BasicRefusedOld where V1 | V2 | V5,
        /// Profile changed.
        0x00C8 "EXTENDED_UPDATED" ExtendedUpdated where V1 | V2 | V4 | V5,
        /// Profile not changed.
        0x00D2 "EXTENDED_REFUSED" ExtendedRefused where V1 | V2 | V4 | V5,
        /// A message that waited.
        0x00DC "OFFLINE_MESSAGE" OfflineMessage(OfflineMessage<'a>),
        /// All that waited were sent.
        0x00E6 "END_OFFLINE_MESSAGES" EndOfflineMessages,
        /// The server does not know this session.
        0x00F0 "NOT_CONNECTED" NotConnected,
        /// Busy, or already online.
        0x00FA "TRY_AGAIN" TryAgain,
        /// A message.
        0x0104 "SYS_MESSAGE" Message(ReceiveMessage<'a>),
        /// Somebody's short profile.
        0x0118 "INFO_REPLY" InfoReply(InfoReply<'a>),
        /// More of somebody's profile.
        0x0122 "EXT_INFO_REPLY" ExtendedInfo(ExtendedInfo<'a>),
        /// Nobody has this UIN.
        0x012C "INVALID_UIN" InvalidUin(Target),
        /// The password was changed.
        0x0140 "PASSWORD_CHANGED" PasswordChanged where V3,
        /// Somebody asks to be connected to.
        0x015E "REVERSE_TCP" ReverseTcp(ReverseTcp) where V3 | V4 | V5,
        /// Somebody's status changed.
        0x01A4 "STATUS_UPDATE" StatusUpdate(StatusUpdate),
        /// A message of the service to everybody.
        0x01C2 "SYSTEM_MESSAGE" SystemMessage(Reason<'a>) where V3 | V4 | V5,
        /// Names changed, in answer to 0x050A.
        0x01E0 "BASIC_UPDATED" BasicUpdated where V3 | V4 | V5,
        /// Names not changed, in answer to 0x050A.
        0x01EA "BASIC_REFUSED" BasicRefused where V3 | V4 | V5,
        /// An answer to `SET_AUTH`: sources disagree whether yes or no (§5.2).
        0x01F4 "SET_AUTH_ANSWER" SetAuthAnswer where V3 | V4 | V5,
        /// Another answer to `SET_AUTH`.
        0x01FE "SET_AUTH_ANSWER2" SetAuthAnswer2 where V3 | V4 | V5,
        /// Several packets in one.
        0x0212 "MULTI" Multi(Multi<'a>) where V5,
        /// The presence of everybody on the list was told.
        0x021C "USER_LIST_DONE" ListDone(ListDone),
        /// Somebody of a random chat group.
        0x024E "RAND_USER" RandomUser(RandomUser) where V5,
        /// The company's web page was changed.
        0x0258 "WORK_WEB_CHANGED" WorkWebChanged where V3,
        /// What is known about work was changed.
        0x026C "WORK_CHANGED" WorkChanged where V3,
        /// What is known about home was changed.
        0x0280 "HOME_CHANGED" HomeChanged where V3,
        /// The own web page was changed.
        0x0294 "HOME_WEB_CHANGED" HomeWebChanged where V3,
        /// The notes were changed.
        0x02A8 "NOTES_CHANGED" NotesChanged where V3,
        /// Somebody's names.
        0x02E4 "BASIC_INFO" BasicInfo(BasicInfo<'a>) where V3,
        /// Nobody has this UIN; what [`InvalidUin`](Self::InvalidUin) is to others.
        0x02EE "INVALID_USER" InvalidUser(Target) where V3,
        /// Where somebody works.
        0x02F8 "WORK_INFO" WorkInfo(WorkInfo<'a>) where V3,
        /// The web page of somebody's company.
        0x030C "WORK_WEB" WorkWeb(WebPage<'a>) where V3,
        /// Where somebody lives.
        0x0320 "HOME_INFO" HomeInfo(HomeInfo<'a>) where V3,
        /// Somebody's web page.
        0x0334 "HOME_WEB" HomeWeb(WebPage<'a>) where V3,
        /// Somebody's notes.
        0x0352 "NOTES" Notes(Notes<'a>) where V3,
        /// Part of a packet that is too long.
        0x0366 "FRAGMENT" Fragment(Fragment<'a>) where V3,
        /// The login is refused, with a text.
        0x0370 "LOGIN_ERROR" LoginError(Reason<'a>) where V3 | V4 | V5,
        /// What a registration needs. Its layout is not known.
        0x037A "REGISTRATION_INFO" RegistrationInfo where V3 | V4,
        /// The registration is accepted.
        0x0384 "REGISTRATION_OK" RegistrationOk(Reason<'a>) where V3 | V4,
        /// Profiles and search results.
        0x03DE "META_USER" Meta(MetaReply<'a>) where V5,
    }
}

impl<'a> FromServer<'a> {
    /// Reads the body of a server's packet, as `version` writes it: the session's version, not
    /// that of the form the packet came in. `form` is the form of the request that a META reply
    /// answers, where the caller knows it; other packets do not look at it.
    pub fn decode(
        version: Version,
        command: u16,
        body: &'a [u8],
        form: MetaForm,
    ) -> Result<Decoded<'a, Self>, DecodeError> {
        let mut reader = Reader::new(body).in_version(version);
        let packet = Self::read(command, form, &mut reader)?;
        let clamped = reader.clamped();
        Ok(Decoded {
            packet,
            clamped,
            rest: reader.rest("rest_hex"),
        })
    }

    /// Appends the body, as `version` writes it.
    pub fn encode(&self, version: Version, out: &mut Vec<u8>) {
        self.write_body(&mut Writer::new(out).in_version(version));
    }

    /// Reads the body that `reader` stands at; what is left in the reader belongs to no field.
    pub fn read(
        command: u16,
        form: MetaForm,
        reader: &mut Reader<'a>,
    ) -> Result<Self, DecodeError> {
        if command == META_USER {
            return MetaReply::read_as(form, reader).map(Self::Meta);
        }
        Self::read_body(command, reader)
    }
}

/// The one packet that says different things to different requests.
const META_USER: u16 = 0x03DE;
