//! Packets as a session makes them are read as they were made.

use icq_transport::icq::oscar::family::icbm::{
    CommonTlv, Fragments, IcqBlock, Message, MessageTlv, Relay, RelayEnd, Rendezvous,
    RendezvousTlv, Service,
};
use icq_transport::icq::oscar::family::icq::{Envelope, MetaRequest, Request};
use icq_transport::icq::oscar::family::login::LoginTlv;
use icq_transport::icq::oscar::family::ssi::{Item, ItemTlv, ItemType, Items};
use icq_transport::icq::oscar::family::{icbm, icq, login, ssi};
use icq_transport::icq::oscar::flap::{Framer, Splitter};
use icq_transport::icq::oscar::parts::{All, Hidden, Octets, ScreenName, Str16, Text};
use icq_transport::icq::oscar::tlv::{Chain, SizedChain, UnknownTlv};
use icq_transport::icq::oscar::{Frame, Snac, ToServer, capability};
use icq_transport::icq::wire::Rest;
use icq_transport::icq::wire::meta::SearchName;
use icq_transport::model::Uin;
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_a_session_makes_is_read_as_it_was_made(
        cookie in any::<[u8; 8]>(),
        name in "[0-9]{5,9}|[a-z ]{3,16}",
        charset in prop::sample::select(vec![0_u16, 2, 3]),
        text in prop::collection::vec(1_u8.., 0..300),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        numbers in prop::collection::vec(any::<u16>(), 0..20),
        (gid, iid, uin, request_id, first) in any::<(u16, u16, u32, u32, u16)>(),
    ) {
        let name = ScreenName(name.as_bytes());
        let message = |channel, tlv| {
            ToServer::Icbm(icbm::ToServer::Send(Message {
                cookie: Octets(cookie),
                channel,
                peer: name,
                tlvs: Chain(vec![
                    tlv,
                    MessageTlv::Common(CommonTlv::WantAck),
                    MessageTlv::Common(CommonTlv::Store),
                ]),
            }))
        };
        let relay = Relay {
            protocol: 8,
            plugin: Octets([0; 16]),
            unk16: 0,
            client_features: 3,
            unk8: 0,
            seq: gid,
            more1: b"",
            seq2: gid,
            zeros: Relay::ZEROS,
            msg_type: 4,
            msg_flags: 1,
            status: iid,
            priority: 1,
            message: &text,
            end: RelayEnd::Nothing,
        };
        let rendezvous = Rendezvous {
            kind: Rendezvous::PROPOSE,
            cookie: Octets(cookie),
            capability: capability::RELAY,
            tlvs: Chain(vec![
                RendezvousTlv::Sequence(1),
                RendezvousTlv::HostCheck,
                RendezvousTlv::Service(Service::Relay(Box::new(relay))),
            ]),
        };
        let block = IcqBlock {
            uin: Uin(uin),
            msg_type: 4,
            msg_flags: 0,
            message: &text,
            rest: Rest(b""),
        };
        let item = Item {
            name: Str16(&bytes),
            gid,
            iid,
            r#type: ItemType(iid),
            data: SizedChain::new(vec![
                ItemTlv::AwaitingAuthorisation,
                ItemTlv::Nick(Text(&text)),
                ItemTlv::Members(All(numbers)),
                ItemTlv::Unknown(UnknownTlv { kind: 0x015C, value: &bytes }),
            ]),
        };
        let search = SearchName { first: &text, last: b"", nick: &text };
        let made = [
            message(1, MessageTlv::Common(CommonTlv::Text(Fragments::of(charset, &bytes)))),
            message(2, MessageTlv::Rendezvous(rendezvous)),
            message(4, MessageTlv::Icq(block)),
            ToServer::Ssi(ssi::ToServer::Add(Items { items: All(vec![item.clone(), item]) })),
            ToServer::Login(login::ToServer::Login(login::Login {
                tlvs: Chain(vec![
                    LoginTlv::ScreenName(Text(name.0)),
                    LoginTlv::Digest(Hidden(&bytes)),
                    LoginTlv::StrongHash,
                    LoginTlv::MultiConnection(3),
                ]),
            })),
            ToServer::Icq(icq::ToServer::Request(Envelope {
                owner_uin: Uin(uin),
                seq: gid,
                body: Request::meta(MetaRequest::SearchName(search)),
            })),
        ];

        let mut framer = Framer::new(first);
        let mut splitter = Splitter::new();
        for body in made {
            let frame = Frame::Snac(Snac::request(request_id, body));
            let flap = framer.frame(frame.channel(), &frame.encode()).expect("it is short");
            splitter.push(&flap).expect("it is a frame");
            let flap = splitter.poll().expect("it is whole");
            let read = Frame::from_client(flap.channel, &flap.payload).expect("it can be read");
            prop_assert_eq!(read.rest, b"");
            prop_assert_eq!(read.packet, frame);
        }
    }
}
