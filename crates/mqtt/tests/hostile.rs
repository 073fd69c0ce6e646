//! Whatever a peer sends, parsing ends with a value or an error, and frames do not depend on how
//! the bytes came.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on may panic"
)]

use fleetward_mqtt::packet::suback::SubackKind;
use fleetward_mqtt::packet::*;
use fleetward_mqtt::topic::{self, DefenderTopic, TopicFilter, TopicName};
use fleetward_mqtt::{Frame, MqttError, PacketType, ProtocolVersion, QoS, ReasonCode, Scan, scan};
use proptest::prelude::*;

/// Parses the body of a frame as whatever it is, and reads all that the parser lets one read.
fn parse(version: ProtocolVersion, frame: &Frame, body: &[u8]) -> Result<(), MqttError> {
    match frame.packet_type {
        PacketType::Connect => {
            let connect = Connect::parse(body)?;
            connect.encode().unwrap();
            connect.encode_for_upstream(None, None).unwrap();
        }
        PacketType::Connack => drop(Connack::parse(version, body)?.encode(version).unwrap()),
        PacketType::Publish => {
            let publish = Publish::parse(version, frame.flags, body)?;
            publish.properties.iter().for_each(drop);
            TopicAliases::new(10).resolve(&publish).ok();
            publish.encode_with_topic(version, "a").unwrap();
        }
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => {
            let kind = AnswerKind::from_packet_type(frame.packet_type).unwrap();
            Answer::parse(version, kind, body)?.encode(version).unwrap();
        }
        PacketType::Subscribe => {
            let subscribe = Subscribe::parse(version, body)?;
            let filters: Vec<_> = subscribe.iter().collect();
            assert_eq!(filters.len(), subscribe.filter_count);
            subscribe.encode_with_filters(&filters).unwrap();
        }
        PacketType::Suback => {
            drop(Suback::parse(version, SubackKind::Suback, body)?.encode(version).unwrap());
        }
        PacketType::Unsubscribe => {
            let unsubscribe = Unsubscribe::parse(version, body)?;
            let filters: Vec<_> = unsubscribe.iter().collect();
            assert_eq!(filters.len(), unsubscribe.filter_count);
            unsubscribe.encode_with_filters(&filters).unwrap();
        }
        PacketType::Unsuback => {
            drop(Suback::parse(version, SubackKind::Unsuback, body)?.encode(version).unwrap());
        }
        PacketType::Pingreq | PacketType::Pingresp => ping::check_body(body)?,
        PacketType::Disconnect => {
            drop(Disconnect::parse(version, body)?.encode(version).unwrap());
        }
        PacketType::Auth => {}
    }
    Ok(())
}

fn parse_all(mut bytes: &[u8]) {
    while let Ok(Scan::Frame(frame)) = scan(bytes, 10_000) {
        for version in [ProtocolVersion::V311, ProtocolVersion::V5] {
            if let Err(error) = parse(version, &frame, frame.body(bytes)) {
                assert!(error.reason_code().is_failure());
                assert!(!error.to_string().is_empty());
            }
        }
        bytes = &bytes[frame.total_bytes..];
    }
}

/// Valid frames of every kind, some with properties.
fn valid_frames() -> Vec<Vec<u8>> {
    let (v3, v5) = (ProtocolVersion::V311, ProtocolVersion::V5);
    let will = Will {
        topic: "will",
        payload: b"gone",
        qos: QoS::ExactlyOnce,
        retain: true,
        properties: Default::default(),
    };
    let connect = |version| Connect {
        will: Some(will),
        username: Some("user"),
        password: Some(b"password"),
        receive_maximum: (version == v5).then_some(9),
        session_expiry_seconds: (version == v5).then_some(3_600),
        ..Connect::new(version, "client", 60)
    };
    let publish = OutgoingPublish {
        topic: "a/b",
        payload: b"{}",
        retain: true,
        packet_id: Some(7),
        content_type: Some("text/plain"),
    };
    let connack = Connack { reason_string: Some("no"), ..Connack::not_authorized(v5) };
    let filters = [SubscribeFilter::new("a/+", QoS::AtLeastOnce)];
    let answer = Answer::new(AnswerKind::Pubrel, 5, ReasonCode::PACKET_ID_NOT_FOUND);
    let mut frames = vec![
        connack.encode(v5).unwrap(),
        Disconnect::new(ReasonCode::PROTOCOL_ERROR).encode(v5).unwrap(),
        ping::PINGREQ.to_vec(),
        answer.encode(v5).unwrap(),
        b"\x30\x17\0\x03a/b\x10\x23\0\x05\x26\0\x01k\0\x01v\x09\0\x03cor!".to_vec(),
        b"\xA2\x06\0\x01\0\x02a/".to_vec(),
    ];
    for version in [v3, v5] {
        frames.push(connect(version).encode().unwrap());
        frames.push(publish.encode(version).unwrap());
        frames.push(subscribe::encode(version, 3, Default::default(), &filters).unwrap());
        frames.push(Suback::new(SubackKind::Suback, 3, &[1, 0x80]).encode(version).unwrap());
        frames.push(Suback::new(SubackKind::Unsuback, 3, &[0]).encode(version).unwrap());
    }
    frames
}

/// The frames in `bytes` as they come when the buffer grows by `chunks`, and how it ended.
fn scan_in_chunks(bytes: &[u8], chunks: &[usize]) -> (Vec<(usize, Frame)>, Option<MqttError>) {
    let (mut frames, mut start, mut end) = (Vec::new(), 0, 0);
    let mut chunks = chunks.iter().copied().chain(std::iter::repeat(1));
    loop {
        match scan(&bytes[start..end], 200) {
            Ok(Scan::Frame(frame)) => {
                frames.push((start, frame));
                start += frame.total_bytes;
            }
            Ok(Scan::Incomplete { need }) => {
                assert!(need > end - start, "it must ask for more than there is");
                assert!(need <= 200, "it must not ask for more than a frame may have");
                if end == bytes.len() {
                    return (frames, None);
                }
                end = (end + chunks.next().unwrap()).min(bytes.len());
            }
            Err(error) => return (frames, Some(error)),
        }
    }
}

#[test]
fn every_valid_frame_is_parsed_whole() {
    for bytes in valid_frames() {
        let Ok(Scan::Frame(frame)) = scan(&bytes, 10_000) else { unreachable!("{bytes:02x?}") };
        assert_eq!(frame.total_bytes, bytes.len(), "{bytes:02x?}");
        let parsed = [ProtocolVersion::V311, ProtocolVersion::V5]
            .map(|version| parse(version, &frame, frame.body(&bytes)));
        assert!(parsed.contains(&Ok(())), "{bytes:02x?} {parsed:?}");
    }
}

#[test]
fn every_cut_and_every_changed_byte_ends_well() {
    for bytes in valid_frames() {
        for at in 0..bytes.len() {
            for value in 0..=255 {
                let mut changed = bytes.clone();
                changed[at] = value;
                parse_all(&changed);
            }
            // Cut off inside the body, with a length that fits what is left.
            if at > 2 && bytes.len() < 128 {
                let mut cut = bytes[..at].to_vec();
                cut[1] = u8::try_from(at - 2).unwrap();
                parse_all(&cut);
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_well(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse_all(&bytes);
    }

    #[test]
    fn arbitrary_bodies_end_well(
        packet in 1u8..16, body in prop::collection::vec(any::<u8>(), 0..120), qos in 0u8..3,
    ) {
        let flags = match packet {
            3 => qos << 1,
            6 | 8 | 10 => 2,
            _ => 0,
        };
        let mut frame = vec![packet << 4 | flags, u8::try_from(body.len()).unwrap()];
        frame.extend(body);
        prop_assert!(matches!(scan(&frame, 10_000), Ok(Scan::Frame(_))));
        parse_all(&frame);
    }

    #[test]
    fn frames_do_not_depend_on_how_the_bytes_came(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        chunks in prop::collection::vec(1usize..50, 0..20),
        noise in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let frames = valid_frames();
        let mut bytes: Vec<u8> = picks.iter().flat_map(|pick| pick.get(&frames).clone()).collect();
        bytes.extend(noise);
        let whole = scan_in_chunks(&bytes, &[bytes.len()]);
        prop_assert!(whole.0.len() >= picks.len());
        prop_assert_eq!(&whole, &scan_in_chunks(&bytes, &[]));
        prop_assert_eq!(&whole, &scan_in_chunks(&bytes, &chunks));
    }

    #[test]
    fn arbitrary_text_ends_well(text in ".{0,60}", filter in "[a+#/$]{0,8}") {
        let (name, parsed) = (TopicName::parse(&text), TopicFilter::parse(&filter));
        if let (Ok(name), Ok(parsed)) = (name, parsed) {
            topic::matches(parsed.subject(), name.as_str());
        }
        topic::check_aws_limits(&text).ok();
        DefenderTopic::parse(&text);
    }

    #[test]
    fn a_filter_matches_what_the_plain_rule_says(
        filter in prop::collection::vec("[ab+]|", 1..5), hash in any::<bool>(),
        name in prop::collection::vec("\\$?[ab]|", 1..5),
    ) {
        let mut levels: Vec<&str> = filter.iter().map(String::as_str).collect();
        if hash {
            levels.push("#");
        }
        let (filter, name) = (levels.join("/"), name.join("/"));
        prop_assume!(TopicFilter::parse(&filter).is_ok() && TopicName::parse(&name).is_ok());
        prop_assert_eq!(topic::matches(&filter, &name), matches_plainly(&levels, &name));
    }
}

fn matches_plainly(filter: &[&str], name: &str) -> bool {
    fn levels_match(filter: &[&str], name: &[&str]) -> bool {
        match (filter, name) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, name @ ..]) => levels_match(filter, name),
            ([wanted, filter @ ..], [level, name @ ..]) => {
                wanted == level && levels_match(filter, name)
            }
            _ => false,
        }
    }
    let begins_with_wildcard = matches!(filter.first(), Some(&("+" | "#")));
    !(name.starts_with('$') && begins_with_wildcard)
        && levels_match(filter, &name.split('/').collect::<Vec<_>>())
}
