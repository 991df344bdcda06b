//! Random chat: who joins a group may be found in it, whoever asks (icq-udp.md §8.6).

use rand::RngExt;

use super::Service;
use crate::icq::udp::from_server::{RandomUser, RandomUserDetails};
use crate::icq::udp::to_server::{Group, RandomGroup};
use crate::icq::udp::{FromServer, Header};
use crate::model::Uin;
use crate::server::Base;

impl Service {
    /// Takes somebody into a group, out of their last one, or out of all.
    pub(super) fn join_group(&mut self, header: &Header, wish: &RandomGroup, base: &mut Base) {
        if base.behaviour.random_chat {
            base.network.join_random_group(header.uin, number(wish));
        }
    }

    /// Tells one member of a group, by chance.
    pub(super) fn meet_somebody(&mut self, header: &Header, wish: &RandomGroup, base: &mut Base) {
        if !base.behaviour.random_chat {
            return;
        }
        let members = base.network.random_group(header.uin, number(wish));
        let chosen = if members.is_empty() {
            None
        } else {
            members.get(base.random.random_range(0..members.len()))
        };
        let packet = FromServer::RandomUser(match chosen {
            None => RandomUser {
                target_uin: Uin(0),
                details: None,
            },
            Some((target_uin, presence)) => RandomUser {
                target_uin: *target_uin,
                details: Some(RandomUserDetails {
                    ip: presence.ip,
                    // Too high for a port is none.
                    tcp_port: u16::try_from(presence.port).unwrap_or(0),
                    x: 0,
                    real_ip: presence.real_ip,
                    dc_mode: presence.mode,
                    status: presence.status,
                    tcp_version: u16::try_from(presence.tcp_version).unwrap_or(u16::MAX),
                }),
            },
        });
        self.answer(header, &packet);
    }
}

const fn number(wish: &RandomGroup) -> u32 {
    match wish.group {
        Group::Long(group) => group,
        Group::Short(group) => group as u32,
    }
}
