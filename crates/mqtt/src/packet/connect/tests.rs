use super::*;
use crate::topic::DefenderTopic;
use ProtocolVersion::{V5, V311};

fn full() -> Connect<'static> {
    Connect {
        clean_start: false,
        will: Some(Will {
            topic: "last/words",
            payload: b"gone",
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: Properties::default(),
        }),
        username: Some("someone"),
        password: Some(b"secret"),
        ..Connect::new(V311, "pump-1", 60)
    }
}

/// The frame without its fixed header.
fn body(frame: &[u8]) -> &[u8] {
    match crate::scan(frame, usize::MAX) {
        Ok(crate::Scan::Frame(found)) => found.body(frame),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_encoded_parses_to_the_same() {
    let frame = full().encode().unwrap();
    assert_eq!(Connect::parse(body(&frame)), Ok(full()));
}

#[test]
fn credentials_are_replaced_or_taken_out() {
    let stripped = full().encode_for_upstream(None, None).unwrap();
    let wanted = Connect { username: None, password: None, ..full() };
    assert_eq!(Connect::parse(body(&stripped)), Ok(wanted));
    let replaced = full().encode_for_upstream(Some("gateway"), Some(b"key")).unwrap();
    let wanted = Connect { username: Some("gateway"), password: Some(b"key"), ..full() };
    assert_eq!(Connect::parse(body(&replaced)), Ok(wanted));
}

/// As the Python device agent sends it: flags 0x80, metrics of the SDK as user name.
#[test]
fn a_user_name_without_password_is_legal() {
    let username = "?SDK=IoTDeviceSDK/Python&Platform=Unix&Metadata=(CRTVersion=0.36.1;)";
    let mut bytes = b"\0\x04MQTT\x04\x80\0\x06\0\x02t1\0".to_vec();
    bytes.push(u8::try_from(username.len()).unwrap());
    bytes.extend_from_slice(username.as_bytes());
    let connect = Connect::parse(&bytes).unwrap();
    assert_eq!((connect.username, connect.password), (Some(username), None));
    assert_eq!((connect.clean_start, connect.keep_alive_seconds), (false, 6));
    assert_eq!(connect.client_id, "t1");
    let upstream = connect.encode_for_upstream(None, None).unwrap();
    assert_eq!(upstream, b"\x10\x0E\0\x04MQTT\x04\0\0\x06\0\x02t1");
}

#[test]
fn mqtt_5_properties_become_fields_and_the_others_stay() {
    let mut bytes = b"\0\x04MQTT\x05\x02\0\x0A".to_vec();
    let properties =
        b"\x11\0\0\0\x1E\x21\0\x05\x27\0\0\x10\0\x22\0\x07\x26\0\x01k\0\x01v\x15\0\x01m";
    bytes.push(u8::try_from(properties.len()).unwrap());
    bytes.extend_from_slice(properties);
    bytes.extend_from_slice(b"\0\x01p");
    let mut connect = Connect::parse(&bytes).unwrap();
    assert_eq!(connect.session_expiry_seconds, Some(30));
    assert_eq!(connect.receive_maximum, Some(5));
    assert_eq!(connect.maximum_packet_bytes, Some(4096));
    assert_eq!(connect.topic_alias_maximum, Some(7));
    assert_eq!(connect.authentication_method(), Some("m"));
    connect.topic_alias_maximum = None;
    let frame = connect.encode().unwrap();
    let again = Connect::parse(body(&frame)).unwrap();
    assert_eq!(again.topic_alias_maximum, None);
    assert_eq!(again.session_expiry_seconds, Some(30));
    assert_eq!(again.authentication_method(), Some("m"));
    let pair = Some(PropertyValue::Pair("k", "v"));
    assert_eq!(again.properties.get(PropertyId::UserProperty), pair);
}

#[test]
fn an_empty_client_id_asks_for_a_clean_session_or_mqtt_5() {
    let kept = |version| Connect { clean_start: false, ..Connect::new(version, "", 0) };
    assert_eq!(
        Connect::parse(body(&kept(V311).encode().unwrap())),
        Err(MqttError::ClientIdMissing)
    );
    assert!(Connect::parse(body(&Connect::new(V311, "", 0).encode().unwrap())).is_ok());
    assert!(Connect::parse(body(&kept(V5).encode().unwrap())).is_ok());
}

#[test]
fn a_password_alone_is_for_mqtt_5_only() {
    let alone = |version| Connect { password: Some(b"p"), ..Connect::new(version, "c", 0) };
    assert!(alone(V311).encode().is_err());
    assert!(Connect::parse(b"\0\x04MQTT\x04\x42\0\0\0\x01c\0\x01p").is_err());
    assert!(Connect::parse(body(&alone(V5).encode().unwrap())).is_ok());
}

#[test]
fn other_protocols_are_told_apart_from_garbage() {
    let level = |bytes| Connect::parse(bytes).unwrap_err();
    let unsupported = |level| MqttError::UnsupportedProtocol { level };
    assert_eq!(level(&b"\0\x06MQIsdp\x04\x02\0\x0A\0\x01p"[..]), unsupported(4));
    assert_eq!(level(&b"\0\x04MQTT\x06\x02\0\x0A\0\x01p"[..]), unsupported(6));
    let garbage = level(&b"\0\x04HTTP\x04\x02\0\x0A\0\x01p"[..]);
    assert_eq!(garbage.connect_return_code(), None);
    assert_eq!(unsupported(3).connect_return_code(), Some(1));
}

#[test]
fn mqtt_3_1_is_spoken_as_3_1_1_and_needs_a_client_id() {
    let old = Connect::parse(b"\0\x06MQIsdp\x03\x02\0\x0A\0\x01p").unwrap();
    assert_eq!((old.version, old.client_id), (V311, "p"));
    let nameless = Connect::parse(b"\0\x06MQIsdp\x03\x02\0\x0A\0\0");
    assert_eq!(nameless, Err(MqttError::ClientIdMissing));
}

#[test]
fn what_does_not_fit_is_refused() {
    let long = "x".repeat(65_536);
    let connect = Connect::new(V5, &long, 0);
    assert!(matches!(connect.encode(), Err(MqttError::FieldTooLong { .. })));
    assert!(Connect::new(V5, "a\0", 0).encode().is_err());
}

#[test]
fn a_will_may_name_a_reserved_topic_and_the_caller_can_tell() {
    let topic = "$aws/things/t/defender/metrics/json";
    let will = Will { topic, ..full().will.unwrap() };
    let frame = Connect { will: Some(will), ..full() }.encode().unwrap();
    let parsed = Connect::parse(body(&frame)).unwrap().will.unwrap();
    assert!(DefenderTopic::parse(parsed.topic).is_some());
}
