//! What we build `mqtt-protocol-core` parses to the same, and the other way round.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on may panic"
)]

use std::sync::Arc;

use fleetward_mqtt::packet::{
    Connect, OutgoingPublish, Publish, RetainHandling, Subscribe, SubscribeFilter, Will, subscribe,
};
use fleetward_mqtt::{
    Frame, Properties, PropertyId, PropertyValue, ProtocolVersion, QoS, Scan, scan,
};
use mqtt_protocol_core::mqtt::packet as other;
use mqtt_protocol_core::mqtt::packet::{v3_1_1, v5_0};
use proptest::prelude::*;

use ProtocolVersion::{V5, V311};

fn frame(bytes: &[u8]) -> Frame {
    let Ok(Scan::Frame(frame)) = scan(bytes, bytes.len()) else { unreachable!("{bytes:02x?}") };
    assert_eq!(frame.total_bytes, bytes.len());
    frame
}

fn their_qos(qos: QoS) -> other::Qos {
    match qos {
        QoS::AtMostOnce => other::Qos::AtMostOnce,
        QoS::AtLeastOnce => other::Qos::AtLeastOnce,
        QoS::ExactlyOnce => other::Qos::ExactlyOnce,
    }
}

/// What a CONNECT says, in terms of neither.
#[derive(Clone, Debug, PartialEq)]
struct PlainConnect {
    client_id: String,
    keep_alive: u16,
    clean: bool,
    will: Option<(String, Vec<u8>, QoS, bool)>,
    username: Option<String>,
    password: Option<Vec<u8>>,
    /// For MQTT 5: receive maximum, session expiry, and a user property.
    receive_maximum: Option<u16>,
    session_expiry: Option<u32>,
    user_property: Option<(String, String)>,
}

impl PlainConnect {
    fn from_ours(connect: &Connect<'_>) -> Self {
        let pair = match connect.properties.get(PropertyId::UserProperty) {
            Some(PropertyValue::Pair(name, value)) => Some((name.to_owned(), value.to_owned())),
            _ => None,
        };
        let will = connect
            .will
            .map(|will| (will.topic.to_owned(), will.payload.to_vec(), will.qos, will.retain));
        Self {
            client_id: connect.client_id.to_owned(),
            keep_alive: connect.keep_alive_seconds,
            clean: connect.clean_start,
            will,
            username: connect.username.map(str::to_owned),
            password: connect.password.map(<[u8]>::to_vec),
            receive_maximum: connect.receive_maximum,
            session_expiry: connect.session_expiry_seconds,
            user_property: pair,
        }
    }

    fn encode_ours(&self, version: ProtocolVersion) -> Vec<u8> {
        let will = self.will.as_ref().map(|(topic, payload, qos, retain)| Will {
            topic,
            payload,
            qos: *qos,
            retain: *retain,
            properties: Properties::default(),
        });
        Connect {
            clean_start: self.clean,
            will,
            username: self.username.as_deref(),
            password: self.password.as_deref(),
            receive_maximum: self.receive_maximum,
            session_expiry_seconds: self.session_expiry,
            ..Connect::new(version, &self.client_id, self.keep_alive)
        }
        .encode()
        .unwrap()
    }
}

/// The two versions of the other crate have the same methods and no common trait.
macro_rules! plain_connect_of_theirs {
    ($connect:expr) => {{
        let connect = $connect;
        let qos = QoS::from_bits(connect.will_qos() as u8).unwrap();
        let will = connect.will_topic().map(|topic| {
            let payload = connect.will_payload().unwrap_or_default().to_vec();
            (topic.to_owned(), payload, qos, connect.will_retain())
        });
        PlainConnect {
            client_id: connect.client_id().to_owned(),
            keep_alive: connect.keep_alive(),
            clean: connect.clean_start(),
            will,
            username: connect.user_name().map(str::to_owned),
            password: connect.password().map(<[u8]>::to_vec),
            receive_maximum: None,
            session_expiry: None,
            user_property: None,
        }
    }};
}

macro_rules! build_connect_of_theirs {
    ($version:ident, $plain:expr) => {{
        let plain = $plain;
        let mut builder = $version::Connect::builder()
            .client_id(plain.client_id.as_str())
            .unwrap()
            .keep_alive(plain.keep_alive)
            .clean_start(plain.clean);
        if let Some((topic, payload, qos, retain)) = &plain.will {
            builder = builder
                .will_message(topic.as_str(), payload.clone(), their_qos(*qos), *retain)
                .unwrap();
        }
        if let Some(username) = &plain.username {
            builder = builder.user_name(username.as_str()).unwrap();
        }
        if let Some(password) = &plain.password {
            builder = builder.password(password.clone()).unwrap();
        }
        builder
    }};
}

fn qos() -> impl Strategy<Value = QoS> {
    prop::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn plain_connect(version: ProtocolVersion) -> impl Strategy<Value = PlainConnect> {
    let will = ("[a-zé/]{1,20}", bytes(), qos(), any::<bool>());
    let is_v5 = version == V5;
    let v5 = (
        prop::option::of(1u16..),
        prop::option::of(any::<u32>()),
        prop::option::of(("[a-z]{0,5}", "[a-zé\n]{0,5}")),
    );
    (
        "[a-zé0-9:_-]{1,30}",
        any::<u16>(),
        any::<bool>(),
        prop::option::of(will),
        prop::option::of("[ -~é]{0,30}"),
        prop::option::of(bytes()),
        v5,
    )
        .prop_map(move |(client_id, keep_alive, clean, will, username, password, v5)| {
            // MQTT 5 allows a password alone (3.1.2.9), which the other crate refuses.
            let password = password.filter(|_| username.is_some());
            let (receive_maximum, session_expiry, user_property) =
                if is_v5 { v5 } else { (None, None, None) };
            PlainConnect {
                client_id,
                keep_alive,
                clean,
                will,
                username,
                password,
                receive_maximum,
                session_expiry,
                user_property,
            }
        })
}

fn filters() -> impl Strategy<Value = Vec<(String, QoS, u8)>> {
    let filter = "([a-z]{1,4}|\\+)(/([a-z]{0,4}|\\+)){0,3}(/#)?";
    prop::collection::vec((filter, qos(), 0u8..12), 1..6)
}

/// Options from a number: no local and retain as published in the low bits, handling above.
fn filter_with(filter: &str, qos: QoS, options: u8) -> SubscribeFilter<'_> {
    let retain_handling =
        [RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    SubscribeFilter {
        no_local: options & 1 != 0,
        retain_as_published: options & 2 != 0,
        retain_handling: retain_handling[usize::from(options >> 2)],
        ..SubscribeFilter::new(filter, qos)
    }
}

proptest! {
    #[test]
    fn connect_of_mqtt_3_1_1(plain in plain_connect(V311)) {
        let ours = plain.encode_ours(V311);
        let (theirs, used) = v3_1_1::Connect::parse(frame(&ours).body(&ours)).unwrap();
        prop_assert_eq!(used, frame(&ours).body(&ours).len());
        prop_assert_eq!(&plain_connect_of_theirs!(&theirs), &plain);

        let built = build_connect_of_theirs!(v3_1_1, &plain).build().unwrap();
        let built = built.to_continuous_buffer();
        prop_assert_eq!(&built, &ours);
        let parsed = Connect::parse(frame(&built).body(&built)).unwrap();
        prop_assert_eq!(PlainConnect::from_ours(&parsed), plain);
    }

    #[test]
    fn connect_of_mqtt_5(plain in plain_connect(V5)) {
        let ours = plain.encode_ours(V5);
        let (theirs, _) = v5_0::Connect::parse(frame(&ours).body(&ours)).unwrap();
        let without_properties = PlainConnect {
            receive_maximum: None,
            session_expiry: None,
            user_property: None,
            ..plain.clone()
        };
        prop_assert_eq!(plain_connect_of_theirs!(&theirs), without_properties);

        let mut properties = other::Properties::new();
        if let Some(maximum) = plain.receive_maximum {
            properties.push(other::ReceiveMaximum::new(maximum).unwrap().into());
        }
        if let Some(seconds) = plain.session_expiry {
            properties.push(other::SessionExpiryInterval::new(seconds).unwrap().into());
        }
        if let Some((name, value)) = &plain.user_property {
            properties.push(other::UserProperty::new(name, value).unwrap().into());
        }
        let built = build_connect_of_theirs!(v5_0, &plain).props(properties).build().unwrap();
        let built = built.to_continuous_buffer();
        let parsed = Connect::parse(frame(&built).body(&built)).unwrap();
        prop_assert_eq!(&PlainConnect::from_ours(&parsed), &plain);
        // What goes on to the broker has the other credentials and all the rest.
        let upstream = parsed.encode_for_upstream(Some("gateway"), None).unwrap();
        let again = Connect::parse(frame(&upstream).body(&upstream)).unwrap();
        let expected =
            PlainConnect { username: Some("gateway".into()), password: None, ..plain };
        prop_assert_eq!(PlainConnect::from_ours(&again), expected);
        prop_assert!(v5_0::Connect::parse(frame(&upstream).body(&upstream)).is_ok());
    }

    #[test]
    fn publish_we_build(
        topic in "[a-zé/$]{1,30}", payload in bytes(), retain in any::<bool>(),
        packet_id in prop::option::of(1u16..), content_type in prop::option::of("[a-z/]{0,9}"),
    ) {
        let content_type = content_type.as_deref();
        let (topic, payload) = (topic.as_str(), payload.as_slice());
        let ours = OutgoingPublish { topic, payload, retain, packet_id, content_type };
        for version in [V311, V5] {
            let bytes = ours.encode(version).unwrap();
            let flags = frame(&bytes).flags;
            let body: Arc<[u8]> = frame(&bytes).body(&bytes).into();
            let (name, id, kept, content) = if version == V5 {
                let (theirs, _) = v5_0::Publish::parse(flags, body).unwrap();
                let content = theirs.payload().as_slice().to_vec();
                (theirs.topic_name().to_owned(), theirs.packet_id(), theirs.retain(), content)
            } else {
                let (theirs, _) = v3_1_1::Publish::parse(flags, body).unwrap();
                let content = theirs.payload().as_slice().to_vec();
                (theirs.topic_name().to_owned(), theirs.packet_id(), theirs.retain(), content)
            };
            prop_assert_eq!((name.as_str(), content.as_slice()), (topic, payload));
            prop_assert_eq!((id, kept), (packet_id, retain));
        }
    }

    #[test]
    fn publish_they_build(
        topic in "[a-zé/$]{1,30}", payload in bytes(), retain in any::<bool>(), qos in qos(),
        dup in any::<bool>(), packet_id in 1u16.., alias in prop::option::of(1u16..),
    ) {
        let dup = dup && qos != QoS::AtMostOnce;
        let packet_id = (qos != QoS::AtMostOnce).then_some(packet_id);
        macro_rules! build {
            ($version:ident) => {{
                let mut builder = $version::Publish::builder()
                    .topic_name(topic.as_str())
                    .unwrap()
                    .qos(their_qos(qos))
                    .dup(dup)
                    .retain(retain)
                    .payload(payload.clone());
                if let Some(id) = packet_id {
                    builder = builder.packet_id(id);
                }
                builder
            }};
        }
        let mut properties = other::Properties::new();
        if let Some(alias) = alias {
            properties.push(other::TopicAlias::new(alias).unwrap().into());
        }
        let three = build!(v3_1_1).build().unwrap().to_continuous_buffer();
        let five = build!(v5_0).props(properties).build().unwrap().to_continuous_buffer();
        for (version, bytes, alias) in [(V311, &three, None), (V5, &five, alias)] {
            let found = frame(bytes);
            let ours = Publish::parse(version, found.flags, found.body(bytes)).unwrap();
            prop_assert_eq!((ours.topic, ours.payload), (topic.as_str(), payload.as_slice()));
            prop_assert_eq!((ours.qos, ours.dup, ours.retain), (qos, dup, retain));
            prop_assert_eq!((ours.packet_id, ours.topic_alias), (packet_id, alias));
        }
        let ours = Publish::parse(V311, frame(&three).flags, frame(&three).body(&three)).unwrap();
        prop_assert_eq!(ours.encode_with_topic(V311, &topic).unwrap(), three);
    }

    #[test]
    fn subscribe_of_both_versions(filters in filters(), packet_id in 1u16..) {
        let v5: Vec<_> = (filters.iter())
            .map(|(filter, qos, options)| filter_with(filter, *qos, *options))
            .collect();
        let v3: Vec<_> =
            filters.iter().map(|(filter, qos, _)| SubscribeFilter::new(filter, *qos)).collect();
        let entries = |filters: &[SubscribeFilter<'_>]| -> Vec<_> {
            let entry = |filter: &SubscribeFilter<'_>| {
                let options = other::SubOpts::new()
                    .set_qos(their_qos(filter.qos))
                    .set_nl(filter.no_local)
                    .set_rap(filter.retain_as_published)
                    .set_rh(match filter.retain_handling {
                        RetainHandling::Send => other::RetainHandling::SendRetained,
                        RetainHandling::SendIfNew => other::RetainHandling::SendRetainedIfNotExists,
                        RetainHandling::DoNotSend => other::RetainHandling::DoNotSendRetained,
                    });
                other::SubEntry::new(filter.filter, options).unwrap()
            };
            filters.iter().map(entry).collect()
        };
        let builder_3 = v3_1_1::Subscribe::builder().packet_id(packet_id);
        let built_3 = builder_3.entries(entries(&v3)).build().unwrap();
        let builder_5 = v5_0::Subscribe::builder().packet_id(packet_id);
        let built_5 = builder_5.entries(entries(&v5)).build().unwrap();
        for (version, built, wanted) in [
            (V311, built_3.to_continuous_buffer(), v3),
            (V5, built_5.to_continuous_buffer(), v5),
        ] {
            let parsed = Subscribe::parse(version, frame(&built).body(&built)).unwrap();
            prop_assert_eq!(parsed.packet_id, packet_id);
            prop_assert_eq!(parsed.iter().collect::<Vec<_>>(), wanted.clone());
            let ours = subscribe::encode(version, packet_id, Properties::default(), &wanted);
            prop_assert_eq!(ours.unwrap(), built);
        }
    }
}
