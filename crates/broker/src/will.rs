//! The message that a client leaves behind.

use fleetward_mqtt::packet::Connect;
use fleetward_mqtt::{PropertyId, PropertyValue, QoS};

/// A will.
#[derive(Debug)]
pub(crate) struct Will {
    pub(crate) topic: Box<str>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) expiry_seconds: Option<u32>,
    pub(crate) properties: Vec<u8>,
    pub(crate) payload: Box<[u8]>,
    /// How long after the end of the connection, in seconds.
    pub(crate) delay_seconds: u32,
    /// When it is published, in milliseconds, once the connection has ended.
    pub(crate) due_at_ms: Option<u64>,
}

impl Will {
    pub(crate) fn of(connect: &Connect<'_>) -> Option<Box<Self>> {
        let will = connect.will?;
        let delay_seconds = match will.properties.get(PropertyId::WillDelayInterval) {
            Some(PropertyValue::FourBytes(seconds)) => seconds,
            _ => 0,
        };
        Some(Box::new(Self {
            topic: will.topic.into(),
            qos: will.qos,
            retain: will.retain,
            expiry_seconds: will.properties.message_expiry_seconds(),
            properties: will.properties.passed_on(),
            payload: will.payload.into(),
            delay_seconds,
            due_at_ms: None,
        }))
    }
}
