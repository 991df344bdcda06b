//! What clients send (`icq-udp.md` §5.1).

mod lists;
mod messages;
mod people;
mod session;

pub use lists::{Target, UinList, UpdateList};
pub use messages::{ReverseTcpRequest, SendMessage};
pub use people::{ChangePassword, SearchUser, SetAuthorisation, UpdateBasic, UpdateExtended};
pub use session::{Group, Login, PreLogin, RandomGroup, Register, SetStatus, TextCode};

use crate::icq::wire::meta::MetaRequest;
use crate::icq::wire::{DecodeError, Decoded, Reader, Writer, commands};

commands! {
    /// A packet from a client.
    pub enum ToServer {
        /// Acknowledges the packet whose `seq1` the header repeats (§4.1).
        0x000A "ACK" Ack,
        /// A message for somebody.
        0x010E "SEND_MESSAGE" SendMessage(SendMessage<'a>),
        /// Asks somebody to connect back.
        0x015E "TCP_REQUEST" TcpRequest(ReverseTcpRequest),
        /// The login.
        0x03E8 "LOGIN" Login(Login<'a>),
        /// Asks for the departments list before the login.
        0x03F2 "PRE_LOGIN" PreLogin(PreLogin<'a>),
        /// Registers a new UIN.
        0x03FC "NEW_USER" Register(Register<'a>),
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
        0x0442 "ACK_MESSAGES" AckMessages,
        /// Asks for the messages that waited.
        0x044C "REQUEST_OFFLINE" RequestOffline,
        /// Another spelling of [`SendMessage`](Self::SendMessage), for authorisation (§7.4).
        0x0456 "AUTHORIZE" Authorize(SendMessage<'a>),
        /// Asks for somebody's short profile.
        0x0460 "INFO_REQ" InfoRequest(Target),
        /// Asks for more of somebody's profile.
        0x046A "EXT_INFO_REQ" ExtInfoRequest(Target),
        /// Changes the password, the old way.
        0x049C "CHANGE_PASSWORD" ChangePassword(ChangePassword<'a>),
        /// Changes one's names, the oldest way.
        0x04A6 "UPDATE_BASIC_OLD" UpdateBasicOld(UpdateBasic<'a>),
        /// Changes one's profile, the old way.
        0x04B0 "UPDATE_EXT" UpdateExtended(UpdateExtended<'a>),
        /// Asks for a list of servers.
        0x04BA "QUERY_SERVERS" QueryServers,
        /// Asks for a list of add-ons.
        0x04C4 "QUERY_ADDONS" QueryAddons,
        /// Shows a status.
        0x04D8 "SET_STATUS" SetStatus(SetStatus),
        /// The first login ever.
        0x04EC "FIRST_LOGIN" FirstLogin,
        /// Changes one's names, the old way.
        0x050A "UPDATE_BASIC" UpdateBasic(UpdateBasic<'a>),
        /// Says whether adding oneself needs authorisation, the old way.
        0x0514 "SET_AUTH" SetAuthorisation(SetAuthorisation),
        /// Still there, another spelling.
        0x051E "KEEP_ALIVE2" KeepAlive2,
        /// Watches somebody from now on.
        0x053C "ADD_TO_LIST" AddToList(Target),
        /// Joins a random chat group, or leaves.
        0x0564 "RAND_SET" RandomSet(RandomGroup),
        /// Asks for somebody of a random chat group.
        0x056E "RAND_SEARCH" RandomSearch(RandomGroup),
        /// Profiles and searches.
        0x064A "META_USER" Meta(MetaRequest<'a>),
        /// Who never sees the user.
        0x06A4 "INVISIBLE_LIST" InvisibleList(UinList),
        /// Who sees the user although invisible.
        0x06AE "VISIBLE_LIST" VisibleList(UinList),
        /// One change to one of these two lists.
        0x06B8 "UPDATE_LIST" UpdateList(UpdateList),
    }
}

impl<'a> ToServer<'a> {
    /// Reads the body of a client's packet.
    pub fn decode(command: u16, body: &'a [u8]) -> Result<Decoded<'a, Self>, DecodeError> {
        let mut reader = Reader::new(body);
        let packet = Self::read(command, &mut reader)?;
        let clamped = reader.clamped();
        Ok(Decoded {
            packet,
            clamped,
            rest: reader.rest("rest_hex"),
        })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.write_body(&mut Writer::new(out));
    }

    /// Reads the body that `reader` stands at; what is left in the reader belongs to no field.
    pub fn read(command: u16, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::read_body(command, reader)
    }
}
