//! Frames that clients send, and what they read of those that they get, as words.

use fleetward_mqtt::packet::{
    Answer, AnswerKind, Connack, Delivery, Disconnect, Publish, Suback, SubackKind,
    SubscribeFilter, subscribe,
};
use fleetward_mqtt::{
    Frame, PacketType, Properties, PropertyId, PropertyValue, ProtocolVersion, QoS, ReasonCode,
    Scan, scan,
};

use ProtocolVersion::V5;

pub(crate) const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// A PUBLISH to be changed and encoded.
pub(crate) fn message<'a>(topic: &'a str, payload: &'a str, qos: usize, id: u16) -> Delivery<'a> {
    Delivery {
        topic,
        topic_alias: None,
        packet_id: (qos > 0).then_some(id),
        qos: QOS[qos],
        dup: false,
        retain: false,
        expiry_seconds: None,
        subscription_identifiers: &[],
        properties: &[],
        payload: payload.as_bytes(),
    }
}

pub(crate) fn encode(version: ProtocolVersion, message: &Delivery<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.append(version, &mut out);
    out
}

pub(crate) fn filter(text: &str, qos: usize) -> SubscribeFilter<'_> {
    SubscribeFilter::new(text, QOS[qos])
}

/// SUBSCRIBE; `identifier` zero means none.
pub(crate) fn subscribe_frame(
    version: ProtocolVersion,
    id: u16,
    identifier: u8,
    filters: &[SubscribeFilter<'_>],
) -> Vec<u8> {
    let plain = subscribe::encode(version, id, Properties::default(), filters).unwrap();
    if identifier == 0 {
        return plain;
    }
    // The packet identifier, then properties of two bytes in place of none.
    let Ok(Scan::Frame(frame)) = scan(&plain, plain.len()) else { panic!("no frame") };
    let body = frame.body(&plain);
    let mut longer = body[..2].to_vec();
    longer.extend([2, 0x0B, identifier]);
    longer.extend(&body[3..]);
    with_header(0x82, &longer)
}

pub(crate) fn unsubscribe_frame(version: ProtocolVersion, id: u16, filters: &[&str]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    if version.is_v5() {
        body.push(0);
    }
    for filter in filters {
        body.extend(u16::try_from(filter.len()).unwrap().to_be_bytes());
        body.extend(filter.as_bytes());
    }
    with_header(0xA2, &body)
}

pub(crate) fn answer(version: ProtocolVersion, kind: AnswerKind, id: u16, reason: u8) -> Vec<u8> {
    Answer::new(kind, id, ReasonCode(reason)).encode(version).unwrap()
}

/// What a CONNECT of a test may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) version: ProtocolVersion,
    pub(crate) id: &'a str,
    pub(crate) clean: bool,
    /// For MQTT 5.
    pub(crate) expiry: u32,
    pub(crate) receive_maximum: u16,
    /// Topic, payload, QoS, retain, and for MQTT 5 the delay.
    pub(crate) will: Option<(&'a str, &'a str, usize, bool, u32)>,
}

/// The body of a CONNECT.
pub(crate) fn connect_body(wish: &Wish<'_>) -> Vec<u8> {
    let is_v5 = wish.version.is_v5();
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        out.extend(text.as_bytes());
    };
    let clean = if wish.clean { 2 } else { 0 };
    let will = wish.will.map_or(0, |(_, _, qos, retain, _)| {
        4 | u8::try_from(qos).unwrap() << 3 | if retain { 0x20 } else { 0 }
    });
    let mut body = b"\0\x04MQTT".to_vec();
    body.extend([wish.version.level(), clean | will, 0, 60]);
    if is_v5 {
        body.extend([8, 0x11]);
        body.extend(wish.expiry.to_be_bytes());
        body.push(0x21);
        body.extend(wish.receive_maximum.to_be_bytes());
    }
    text(&mut body, wish.id);
    if let Some((topic, payload, _, _, delay)) = wish.will {
        if is_v5 {
            body.extend([5, 0x18]);
            body.extend(delay.to_be_bytes());
        }
        text(&mut body, topic);
        text(&mut body, payload);
    }
    body
}

/// DISCONNECT of MQTT 5 with a session expiry.
pub(crate) fn disconnect_with_expiry(reason: u8, seconds: u32) -> Vec<u8> {
    let mut body = vec![reason, 5, 0x11];
    body.extend(seconds.to_be_bytes());
    with_header(0xE0, &body)
}

pub(crate) fn with_header(first: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    let mut left = body.len();
    loop {
        let low = u8::try_from(left & 0x7F).unwrap();
        left >>= 7;
        frame.push(if left == 0 { low } else { low | 0x80 });
        if left == 0 {
            break;
        }
    }
    frame.extend(body);
    frame
}

/// Every frame of `bytes`, as words.
pub(crate) fn words(version: ProtocolVersion, mut bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let Ok(Scan::Frame(frame)) = scan(bytes, usize::MAX) else { panic!("half a frame") };
        all.push(word(version, frame, frame.body(bytes)));
        bytes = &bytes[frame.total_bytes..];
    }
    all
}

fn word(version: ProtocolVersion, frame: Frame, body: &[u8]) -> String {
    match frame.packet_type {
        PacketType::Connack => connack(&Connack::parse(version, body).unwrap()),
        PacketType::Publish => publish(&Publish::parse(version, frame.flags, body).unwrap()),
        PacketType::Suback => {
            let codes = Suback::parse(version, SubackKind::Suback, body).unwrap();
            format!("suback {} {:02x?}", codes.packet_id, codes.codes)
        }
        PacketType::Unsuback => {
            let codes = Suback::parse(version, SubackKind::Unsuback, body).unwrap();
            format!("unsuback {} {:02x?}", codes.packet_id, codes.codes)
        }
        PacketType::Pingresp => "pingresp".to_owned(),
        PacketType::Disconnect => {
            format!("disconnect {:02x}", Disconnect::parse(V5, body).unwrap().reason.0)
        }
        other => {
            let kind = AnswerKind::from_packet_type(other).unwrap();
            let answer = Answer::parse(version, kind, body).unwrap();
            let name = format!("{kind:?} {}", answer.packet_id).to_lowercase();
            match answer.reason {
                ReasonCode::SUCCESS => name,
                reason => format!("{name} {:02x}", reason.0),
            }
        }
    }
}

fn connack(connack: &Connack<'_>) -> String {
    let mut word = format!("connack {}", connack.code);
    if connack.session_present {
        word += " present";
    }
    if let Some(id) = connack.assigned_client_id {
        word += &format!(" id {id}");
    }
    if let Some(seconds) = connack.server_keep_alive_seconds {
        word += &format!(" keep {seconds}");
    }
    if let Some(seconds) = connack.session_expiry_seconds {
        word += &format!(" expiry {seconds}");
    }
    word
}

/// `topic=payload q1 id5 dup retain ids[1, 2] expiry3 alias1`, as far as it is so.
fn publish(publish: &Publish<'_>) -> String {
    let payload = String::from_utf8_lossy(publish.payload);
    let mut word = format!("{}={payload} q{}", publish.topic, publish.qos.bits());
    if let Some(id) = publish.packet_id {
        word += &format!(" id{id}");
    }
    if publish.dup {
        word += " dup";
    }
    if publish.retain {
        word += " retain";
    }
    let id = |value| match value {
        PropertyValue::Variable(id) => Some(id),
        _ => None,
    };
    let properties = publish.properties.iter();
    let numbered = properties.filter(|p| p.id == PropertyId::SubscriptionIdentifier);
    let mut ids: Vec<u32> = numbered.filter_map(|p| id(p.value)).collect();
    // Their order means nothing.
    ids.sort_unstable();
    if !ids.is_empty() {
        word += &format!(" ids{ids:?}");
    }
    if let Some(seconds) = publish.properties.message_expiry_seconds() {
        word += &format!(" expiry{seconds}");
    }
    if let Some(alias) = publish.topic_alias {
        word += &format!(" alias{alias}");
    }
    word
}
