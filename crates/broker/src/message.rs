//! A message as the broker holds it: once, however many receive it.

mod pool;

pub(crate) use pool::{MessageId, Pool};

use std::sync::Arc;

use fleetward_mqtt::QoS;

/// What a message takes beside its bytes: its parts' heads and its place in the pool, in bytes.
const OVERHEAD_BYTES: usize = 128;

/// A published message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Unique, and higher than that of every earlier message.
    pub number: u64,
    /// Where it was published.
    pub topic: Arc<str>,
    /// How surely.
    pub qos: QoS,
    /// Whether it was published with RETAIN.
    pub retain: bool,
    /// When it is not worth sending any more, in milliseconds.
    pub expires_at_ms: Option<u64>,
    /// How much of `content` is MQTT 5 properties, in bytes.
    pub properties_bytes: u32,
    /// Properties ([`fleetward_mqtt::Properties::passed_on`]), then the payload.
    pub content: Box<[u8]>,
}

impl Message {
    /// What the publisher said of it, as MQTT 5 properties.
    pub fn properties(&self) -> &[u8] {
        self.content.get(..self.properties_bytes as usize).unwrap_or_default()
    }

    /// What was published.
    pub fn payload(&self) -> &[u8] {
        self.content.get(self.properties_bytes as usize..).unwrap_or_default()
    }

    /// What holding it costs, in bytes.
    pub fn held_bytes(&self) -> usize {
        self.content.len() + self.topic.len() + OVERHEAD_BYTES
    }

    /// Whether it is not worth sending any more.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }

    /// What a receiver is told of its remaining time, in seconds, begun ones whole.
    pub fn expiry_seconds(&self, now_ms: u64) -> Option<u32> {
        let left = self.expires_at_ms?.saturating_sub(now_ms).div_ceil(1_000);
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    }
}
