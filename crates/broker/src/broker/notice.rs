//! What is published by nobody's PUBLISH, and where only the server publishes.

use fleetward_mqtt::QoS;
use fleetward_mqtt::topic::matches;

/// A message that no client publishes, such as the answer to a report.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// Where to.
    pub topic: &'a str,
    /// How surely.
    pub qos: QoS,
    /// Whether it is kept for later subscribers.
    pub retain: bool,
    /// MQTT 5 properties, encoded ([`fleetward_mqtt::Properties::passed_on`]).
    pub properties: &'a [u8],
    /// How long it may wait, in seconds.
    pub expiry_seconds: Option<u32>,
    /// What it says.
    pub payload: &'a [u8],
}

/// The principal of what the server itself publishes.
pub(super) const SERVER: u64 = 0;

/// Topics that no client publishes to: the server's own, and those that no filter can name. A
/// bridge says its state among the former.
pub(super) fn is_servers_own(topic: &str) -> bool {
    topic.starts_with("$share/")
        || (topic.starts_with("$SYS/") && !matches("$SYS/broker/connection/+/state", topic))
}
