//! What one shows of oneself, allows, and logs in with (icq-udp.md §8.3, §8.4, §9).

use icq_transport::icq::udp::{FromServer, ToServer, Version};
use icq_transport::icq::wire::Password;
use icq_transport::icq::wire::meta::{MetaInfo, MetaRequest};
use icq_transport::icq::{Ability, Command};
use icq_transport::model::{Answer, NoAnswer, Question, Secret};

use super::super::scene::*;
use super::*;

/// What answers each request of somebody who publishes all of themselves.
fn consent(request: &Heard) -> FromServer<'static> {
    let yes = |subcmd| meta(subcmd, MetaInfo::Nothing);
    match request.packet() {
        ToServer::UpdateBasicOld(_) => FromServer::BasicUpdatedOld,
        ToServer::UpdateBasic(_) => FromServer::BasicUpdated,
        ToServer::UpdateExtended(_) => FromServer::ExtendedUpdated,
        ToServer::SetHome(_) => FromServer::HomeChanged,
        ToServer::SetHomeWeb(_) => FromServer::HomeWebChanged,
        ToServer::SetWork(_) => FromServer::WorkChanged,
        ToServer::SetWorkWeb(_) => FromServer::WorkWebChanged,
        ToServer::SetNotes(_) => FromServer::NotesChanged,
        ToServer::SetAuthorisation(_) => FromServer::SetAuthAnswer,
        ToServer::ChangePassword(_) => FromServer::PasswordChanged,
        ToServer::Meta(request) => match request {
            MetaRequest::SetGeneral(_) => yes(0x0064),
            MetaRequest::SetWork(_) => yes(0x006E),
            MetaRequest::SetMore(_) => yes(0x0078),
            MetaRequest::SetAbout(_) => yes(0x0082),
            MetaRequest::SetInterests(_) => yes(0x008C),
            MetaRequest::SetAffiliations(affiliations) => {
                assert_eq!(affiliations.past.len(), 3);
                assert_eq!(affiliations.affiliations.len(), 3);
                yes(0x0096)
            }
            MetaRequest::SetSecurity(_) => yes(0x00A0),
            MetaRequest::SetPassword(_) => yes(0x00AA),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_one_shows_of_oneself_is_published_with_the_commands_of_each_version() {
    for (version, expected) in [
        (Version::V1, &[0x04A6, 0x04B0][..]),
        (Version::V2, &[0x04A6, 0x04B0]),
        (
            Version::V3,
            &[0x050A, 0x0582, 0x0578, 0x058C, 0x05BE, 0x0596, 0x0514],
        ),
        (Version::V4, &[0x050A, 0x04B0]),
        (Version::V5, &[META_USER; 7]),
    ] {
        let (mut scene, mut request) = asking(version, publish());
        let mut asked = vec![request.header.command];
        scene.acknowledges(&request);
        scene.answers(&request, &consent(&request));
        while asked.len() < expected.len() {
            assert_eq!(scene.take_events(), [], "{version:?}");
            request = next_request(&mut scene);
            asked.push(request.header.command);
            scene.acknowledges(&request);
            scene.answers(&request, &consent(&request));
        }

        assert_eq!(asked, expected, "{version:?}");
        assert_eq!(answer(&mut scene), Ok(Answer::Done), "{version:?}");
    }
}

#[test]
fn what_was_published_says_what_it_was_asked_to() {
    let (_, request) = asking(Version::V5, publish());
    let ToServer::Meta(MetaRequest::SetGeneral(general)) = request.packet() else {
        panic!("not the first part");
    };
    assert_eq!(general.email1, b"ben@example.org");
    assert_eq!(general.email2, b"private@example.org");
    assert_eq!((general.country, general.timezone), (39, 0xFE));

    let (_, request) = asking(Version::V2, publish());
    let ToServer::UpdateBasicOld(names) = request.packet() else {
        panic!("not names");
    };
    assert_eq!((names.nick, names.auth_byte), (&b"Ben"[..], Some(0)));
}

#[test]
fn a_field_takes_only_so_much_of_a_text() {
    let mut details = all_of_ben();
    details.profile.nick = "N".repeat(300);
    details.home.city = "\n".repeat(300);
    for version in Version::ALL {
        let (_, request) = asking(version, Question::Publish(Box::new(details.clone())));
        assert!(request.body.len() < 400, "{version:?}");
    }
}

#[test]
fn a_refusal_of_one_part_is_a_refusal_after_the_others_were_published() {
    let (mut scene, request) = asking(Version::V2, publish());
    scene.answers(&request, &FromServer::BasicRefusedOld);
    assert_eq!(scene.take_events(), []);
    let request = next_request(&mut scene);
    scene.answers(&request, &consent(&request));
    assert_eq!(answer(&mut scene), Err(NoAnswer::Refused));

    let (mut scene, request) = asking(Version::V5, Question::RequireAuthorisation(true));
    scene.answers(&request, &meta_no(0x00A0));
    assert_eq!(answer(&mut scene), Err(NoAnswer::Refused));
}

#[test]
fn authorisation_is_required_with_a_command_of_its_own_where_there_is_one() {
    for version in Version::ALL {
        let question = Question::RequireAuthorisation(true);
        if !version.can(Ability::RequireAuthorisation) {
            let mut scene = Scene::online_in(version);
            scene.asks(Command::Ask { id: ID, question });
            assert_eq!(answer(&mut scene), Err(NoAnswer::Unsupported));
            assert!(scene.sent_commands().is_empty());
            continue;
        }
        let (mut scene, request) = asking(version, question);
        scene.acknowledges(&request);
        let auth_byte = match request.packet() {
            ToServer::SetAuthorisation(packet) => packet.auth_byte,
            ToServer::Meta(MetaRequest::SetSecurity(security)) => security.auth_byte,
            other => panic!("{other:?}"),
        };
        assert_eq!(auth_byte, 0);
        scene.answers(&request, &consent(&request));
        assert_eq!(answer(&mut scene), Ok(Answer::Done), "{version:?}");
    }
}

#[test]
fn a_password_is_changed_where_that_exists() {
    for version in Version::ALL {
        let question = Question::ChangePassword(Secret::new("capulet-no-more"));
        if !version.can(Ability::ChangePassword) {
            continue;
        }
        let (mut scene, request) = asking(version, question);
        let password = match request.packet() {
            ToServer::ChangePassword(packet) => packet.password,
            ToServer::Meta(MetaRequest::SetPassword(packet)) => packet.password,
            other => panic!("{other:?}"),
        };
        assert_eq!(password, Password(b"capulet-"));
        scene.acknowledges(&request);
        assert_eq!(scene.take_events(), [], "an acknowledgement is no consent");
        scene.answers(&request, &consent(&request));
        assert_eq!(answer(&mut scene), Ok(Answer::Done), "{version:?}");
    }
}
