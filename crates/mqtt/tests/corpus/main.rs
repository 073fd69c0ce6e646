//! The packets of mosquitto's own tests: sequences of bytes with what a broker must do.
//!
//! All of them go through the scanner and the parsers. For those that are a CONNECT alone, the
//! verdict of our parser is held against that of the corpus. The corpus speaks of a broker, we
//! parse; what can be told apart only by a broker is on a list by name.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and may panic"
)]

mod read;

use fleetward_mqtt::packet::*;
use fleetward_mqtt::{MqttError, PacketType, ProtocolVersion, Scan, scan};
use read::{Case, corpus, read};

/// The most a broker of the corpus takes is more; no sequence has so large a frame for real.
const MAX_PACKET_BYTES: usize = 100_000;

/// CONNECTs whose verdict differs, each with the reason.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("v5.0   CONNECT / tiny max packet", "well formed, no CONNACK would fit"),
    (
        "v5.0   CONNECT EXTENDED AUTH / unsupported authentication method",
        "which methods there are is the server's to say",
    ),
];

#[test]
fn every_sequence_is_scanned_and_parsed() {
    let Some(folder) = corpus() else { return };
    let cases = read(&folder);
    let frames: usize = cases.iter().map(|case| parse_all(case).0).sum();
    assert!(cases.len() > 1_800, "{} sequences", cases.len());
    assert!(frames > 1_500, "{frames} whole frames");
}

#[test]
fn verdicts_on_connect_agree() {
    let Some(folder) = corpus() else { return };
    let mut agree = 0;
    let mut differ = Vec::new();
    for case in read(&folder).iter().filter(|case| is_lone_connect(case)) {
        let (_, error) = parse_all(case);
        if error.is_some() == case.must_disconnect {
            agree += 1;
        } else {
            differ.push((case.name.clone(), error));
        }
    }
    let mut names: Vec<_> = differ.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, EXCEPTIONS.map(|(name, _)| name), "{differ:#?}");
    assert_eq!(agree, 303);
}

/// A gateway that refuses what brokers take breaks devices that work today.
#[test]
fn nothing_that_a_broker_takes_is_refused() {
    let Some(folder) = corpus() else { return };
    let mut refused = Vec::new();
    for case in read(&folder).iter().filter(|case| !case.must_disconnect) {
        if let (_, Some(error)) = parse_all(case)
            && EXCEPTIONS.iter().all(|(name, _)| *name != case.name)
        {
            refused.push((case.name.clone(), error));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Nine of ten sequences that must end the connection are seen through by the parsers alone. The
/// others break the rules of a session: no CONNECT before, an answer to nothing, a packet that
/// only a server sends, a DISCONNECT that is in order.
#[test]
fn most_of_what_a_broker_refuses_is_refused() {
    let Some(folder) = corpus() else { return };
    let cases = read(&folder);
    let must_disconnect: Vec<_> = cases.iter().filter(|case| case.must_disconnect).collect();
    let refused = must_disconnect.iter().filter(|case| parse_all(case).1.is_some()).count();
    assert_eq!((refused, must_disconnect.len()), (1_433, 1_606));
}

fn is_lone_connect(case: &Case) -> bool {
    let is_connect = |bytes: &Vec<u8>| bytes.first().is_some_and(|first| first >> 4 == 1);
    !case.is_connected && case.sent().count() == 1 && case.sent().next().is_some_and(is_connect)
}

/// How many whole frames the client sends, and the first error; the connection ends with it.
/// A frame that never ends is an error too: a broker gives up waiting.
fn parse_all(case: &Case) -> (usize, Option<MqttError>) {
    let sent: Vec<u8> = case.sent().flatten().copied().collect();
    let mut rest = sent.as_slice();
    let mut frames = 0;
    while !rest.is_empty() {
        match scan(rest, MAX_PACKET_BYTES) {
            Ok(Scan::Frame(frame)) => {
                frames += 1;
                let body = frame.body(rest);
                if let Err(error) = parse(case.version, frame.packet_type, frame.flags, body) {
                    return (frames, Some(error));
                }
                rest = rest.get(frame.total_bytes..).unwrap();
            }
            Ok(Scan::Incomplete { .. }) => {
                return (frames, Some(MqttError::Truncated { field: "the frame" }));
            }
            Err(error) => return (frames, Some(error)),
        }
    }
    (frames, None)
}

fn parse(
    version: ProtocolVersion,
    packet_type: PacketType,
    flags: u8,
    body: &[u8],
) -> Result<(), MqttError> {
    match packet_type {
        PacketType::Connect => Connect::parse(body).map(drop),
        PacketType::Connack => Connack::parse(version, body).map(drop),
        PacketType::Publish => Publish::parse(version, flags, body)?.check_from_client(),
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => {
            let kind = AnswerKind::from_packet_type(packet_type).unwrap();
            Answer::parse(version, kind, body).map(drop)
        }
        PacketType::Subscribe => Subscribe::parse(version, body).map(drop),
        PacketType::Suback => Suback::parse(version, SubackKind::Suback, body).map(drop),
        PacketType::Unsubscribe => Unsubscribe::parse(version, body).map(drop),
        PacketType::Unsuback => Suback::parse(version, SubackKind::Unsuback, body).map(drop),
        PacketType::Pingreq | PacketType::Pingresp => ping::check_body(body),
        PacketType::Disconnect => Disconnect::parse(version, body).map(drop),
        PacketType::Auth => Ok(()),
    }
}
