//! What clients send (`icq-udp.md` §5.1).

mod lists;
mod messages;
mod people;
mod session;

pub use lists::{Target, UinList, UpdateList};
pub use messages::{AckMessages, ReverseTcpRequest, SendMessage};
pub use people::{ChangePassword, Odd, SearchUser, SetAuthorisation, UpdateBasic, UpdateExtended};
pub use session::{
    ClientState, Group, Login, PreLogin, RandomGroup, Register, SetStatus, TextCode, Two,
};

use super::groupware::{Fragment, HomeInfo, RegistrationForm, Search, SetNotes, WebPage, WorkInfo};
use crate::icq::wire::meta::MetaRequest;
use crate::icq::wire::{DecodeError, Decoded, Reader, Version, Writer, commands};

commands! {
    /// A packet from a client.
    pub enum ToServer by Version {
        /// Acknowledges the packet whose `seq1` the header repeats (§4.1).
        0x000A "ACK" Ack,
        /// A message for somebody.
        0x010E "SEND_MESSAGE" SendMessage(SendMessage<'a>),
        /// Asks somebody to connect back.
        0x015E "TCP_REQUEST" TcpRequest(ReverseTcpRequest) where V3 | V4 | V5,
        /// The login.
        0x03E8 "LOGIN" Login(Login<'a>) where V2 | V3 | V4 | V5,
        /// Asks for the departments list before the login; the login of V1.
        0x03F2 "PRE_LOGIN" PreLogin(PreLogin<'a>),
        /// Registers a new UIN.
        0x03FC "NEW_USER" Register(Register<'a>) where V1 | V2 | V4 | V5,
        /// Whose presence is wanted.
        0x0406 "CONTACT_LIST" ContactList(UinList),
        /// Searches a UIN.
        0x041A "SEARCH_UIN" SearchUin(Target),
        /// Searches by name and e-mail.
        0x0424 "SEARCH_USER" SearchUser(SearchUser<'a>),
        /// Still there.
        0x042E "KEEP_ALIVE" KeepAlive,
        /// A text with a code: the logout, and a probe.
        0x0438 "SEND_TEXT_CODE" TextCode(TextCode<'a>),
        /// The messages that waited were received: the server may delete them.
        0x0442 "ACK_MESSAGES" AckMessages(AckMessages),
        /// Asks for the messages that waited. V3 clients add two numbers that nobody reads.
        0x044C "REQUEST_OFFLINE" RequestOffline,
        /// Another spelling of [`SendMessage`](Self::SendMessage), for authorisation (§7.4).
        0x0456 "AUTHORIZE" Authorize(SendMessage<'a>),
        /// Asks for somebody's short profile.
        0x0460 "INFO_REQ" InfoRequest(Target),
        /// Asks for more of somebody's profile.
        0x046A "EXT_INFO_REQ" ExtInfoRequest(Target),
        /// Changes the password, the old way.
        0x049C "CHANGE_PASSWORD" ChangePassword(ChangePassword<'a>) where V1 | V2 | V3,
        /// Changes one's names, the oldest way.
        0x04A6 "UPDATE_BASIC_OLD" UpdateBasicOld(UpdateBasic<'a>) where V1 | V2 | V5,
        /// Changes one's profile, the old way.
        0x04B0 "UPDATE_EXT" UpdateExtended(UpdateExtended<'a>) where V1 | V2 | V4 | V5,
        /// Asks for a list of servers.
        0x04BA "QUERY_SERVERS" QueryServers,
        /// Asks for a list of add-ons.
        0x04C4 "QUERY_ADDONS" QueryAddons,
        /// Asks for one's own profile before the login.
        0x04CE "LOGIN_INFO" LoginInfo(Target) where V4,
        /// Shows a status.
        0x04D8 "SET_STATUS" SetStatus(SetStatus),
        /// The first login ever.
        0x04EC "FIRST_LOGIN" FirstLogin where V1 | V2 | V4 | V5,
        /// Changes one's names, the old way.
        0x050A "UPDATE_BASIC" UpdateBasic(UpdateBasic<'a>) where V3 | V4 | V5,
        /// Says whether adding oneself needs authorisation, the old way.
        0x0514 "SET_AUTH" SetAuthorisation(SetAuthorisation) where V3 | V5,
        /// Still there, another spelling.
        0x051E "KEEP_ALIVE2" KeepAlive2 where V5,
        /// What the client's window looks like.
        0x0528 "CLIENT_STATE" ClientState(ClientState) where V1 | V2 | V3,
        /// What the client counted.
        0x0532 "USAGE" Usage where V3,
        /// Watches somebody from now on.
        0x053C "ADD_TO_LIST" AddToList(Target),
        /// Joins a random chat group, or leaves.
        0x0564 "RAND_SET" RandomSet(RandomGroup) where V5,
        /// Asks for somebody of a random chat group.
        0x056E "RAND_SEARCH" RandomSearch(RandomGroup) where V5,
        /// Changes what is known about work.
        0x0578 "SET_WORK" SetWork(WorkInfo<'a>) where V3,
        /// Changes what is known about home.
        0x0582 "SET_HOME" SetHome(HomeInfo<'a>) where V3,
        /// Changes the address of one's web page.
        0x058C "SET_HOME_WEB" SetHomeWeb(WebPage<'a>) where V3,
        /// Changes one's notes.
        0x0596 "SET_NOTES" SetNotes(SetNotes<'a>) where V3,
        /// Asks for somebody's notes.
        0x05AA "NOTES_REQ" NotesRequest(Target) where V3,
        /// Changes the address of the company's web page.
        0x05BE "SET_WORK_WEB" SetWorkWeb(WebPage<'a>) where V3,
        /// Searches by one property.
        0x05C8 "SEARCH" Search(Search<'a>) where V3,
        /// Part of a packet that is too long.
        0x05D2 "FRAGMENT" Fragment(Fragment<'a>) where V3,
        /// Asks what a registration needs.
        0x05DC "REGISTRATION_REQ" RegistrationRequest where V3 | V4,
        /// Registers a new UIN.
        0x05E6 "REGISTRATION_FORM" RegistrationForm(RegistrationForm<'a>) where V3 | V4,
        /// Asks for the departments list.
        0x05F0 "DEPARTMENTS_REQ" DepartmentsRequest where V3,
        /// Asks for all of somebody's profile, five packets.
        0x05FA "USER_INFO_REQ" UserInfoRequest(Target) where V3,
        /// A message to everybody. Its layout is not known.
        0x060E "BROADCAST_ALL" BroadcastAll where V3,
        /// A message to everybody who is online. Its layout is not known.
        0x0618 "BROADCAST_ONLINE" BroadcastOnline where V3,
        /// A message from a web page. Its layout is not known.
        0x0622 "WEB_MESSAGE" WebMessage where V3,
        /// Profiles and searches.
        0x064A "META_USER" Meta(MetaRequest<'a>) where V5,
        /// Who never sees the user.
        0x06A4 "INVISIBLE_LIST" InvisibleList(UinList),
        /// Who sees the user although invisible.
        0x06AE "VISIBLE_LIST" VisibleList(UinList),
        /// One change to one of these two lists.
        0x06B8 "UPDATE_LIST" UpdateList(UpdateList) where V5,
    }
}

impl<'a> ToServer<'a> {
    /// Reads the body of a client's packet, as `version` writes it.
    pub fn decode(
        version: Version,
        command: u16,
        body: &'a [u8],
    ) -> Result<Decoded<'a, Self>, DecodeError> {
        let mut reader = Reader::new(body).in_version(version);
        let packet = Self::read(command, &mut reader)?;
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
    pub fn read(command: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::read_body(command, reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_knows_what_a_version_can_carry() {
        let versions = |command| {
            Version::ALL
                .iter()
                .filter(|version| ToServer::exists_in(command, **version))
                .map(|version| version.word())
                .collect::<Vec<_>>()
        };
        assert_eq!(versions(ToServer::Ack.command()), [1, 2, 3, 4, 5]);
        assert_eq!(versions(0x03E8), [2, 3, 4, 5]);
        assert_eq!(versions(0x04A6), [1, 2, 5]);
        assert_eq!(versions(0x05C8), [3]);
        assert_eq!(versions(0x064A), [5]);
        assert_eq!(versions(0xFFFF), [0; 0]);
    }
}
