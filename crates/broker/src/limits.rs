//! Every limit of the broker, with its default and where that comes from.
//!
//! "AWS" is the page "AWS IoT Core endpoints and quotas", section "AWS IoT Core message broker and
//! protocol limits and quotas" (docs.aws.amazon.com/general/latest/gr/iot-core.html). What has no
//! quota there is a bound of our own on memory or on the work of one call.

use fleetward_mqtt::MqttError;
use fleetward_mqtt::limits as mqtt;
use fleetward_mqtt::topic::check_limits;

/// The most slashes that [`Limits::topic_max_slashes`] can allow: matching a topic looks at up to
/// two to the power of its levels places of the index.
pub const TOPIC_SLASHES_HARD_MAX: usize = 15;

/// What a broker holds at most, and what a client may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest client id, in bytes. AWS: 128.
    pub client_id_max_bytes: usize,
    /// Longest topic name or filter, in bytes; `$aws/rules/RULE/` does not count. AWS: 256.
    pub topic_max_bytes: usize,
    /// Most slashes in a topic name or filter, counted likewise; at most
    /// [`TOPIC_SLASHES_HARD_MAX`]. AWS: 7.
    pub topic_max_slashes: usize,
    /// Largest payload, in bytes. AWS: 128 KB.
    pub payload_max_bytes: usize,
    /// Largest packet that clients are told of, in bytes; whoever reads the socket holds to it.
    pub packet_max_bytes: u32,
    /// Most filters of one SUBSCRIBE. AWS: 8.
    pub filters_per_subscribe: usize,
    /// Most subscriptions of one session. AWS: 50 a connection.
    pub subscriptions_per_session: usize,
    /// Most subscriptions in all. AWS: 500,000 an account.
    pub subscriptions_max: usize,
    /// Most members of one group of a shared subscription. AWS: 100.
    pub group_max_members: usize,
    /// Most unanswered QoS 1 and 2 messages from one client. AWS: 100.
    pub receive_maximum: u16,
    /// Most unanswered QoS 1 and 2 messages to one client. AWS: 100.
    pub outbound_in_flight: u16,
    /// Highest topic alias, either way. AWS: 8.
    pub topic_alias_maximum: u16,
    /// Longest keep alive, in seconds; it is also the one of who asks for none. AWS: 1,200.
    pub keep_alive_max_seconds: u16,
    /// Longest time that a session outlives its connection, in seconds, and the time of MQTT
    /// 3.1.1 sessions that are not clean. AWS: 1 hour, up to 7 days on request.
    pub session_expiry_max_seconds: u32,
    /// Most sessions in all, connected or not. AWS: 500,000 connections.
    pub sessions_max: usize,
    /// Most sessions of one principal.
    pub sessions_per_principal: usize,
    /// Most retained messages in all. AWS: 500,000.
    pub retained_max: usize,
    /// Most bytes of retained messages in all.
    pub retained_max_bytes: usize,
    /// Most retained messages of one principal.
    pub retained_per_principal: usize,
    /// Most messages that wait for one session.
    pub queue_max_messages: usize,
    /// Most bytes that wait for one session; a message counts for each session it waits for.
    pub queue_max_bytes: usize,
    /// Most messages that wait for sessions in all, each for each of them: twelve bytes each.
    pub queued_max: usize,
    /// Most bytes of messages in all; a message counts once.
    pub held_max_bytes: usize,
    /// Most bytes of answers that wait for a client that does not read; beyond, it is not read.
    pub answers_max_bytes: usize,
    /// How long publishers wait for a receiver that does not keep up, in milliseconds; then what
    /// does not fit its queue is lost to it.
    pub stall_max_ms: u64,
    /// Receivers that one call looks at before it leaves the rest to [`crate::Broker::tick`].
    pub receivers_per_call: usize,
    /// Retained messages that one call looks at before it leaves the rest.
    pub retained_per_call: usize,
    /// Sessions, wills and retained messages that one call lets end.
    pub ends_per_call: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // AWS's numbers where AWS has them.
        Self {
            client_id_max_bytes: mqtt::AWS_CLIENT_ID_MAX_BYTES,
            topic_max_bytes: mqtt::AWS_TOPIC_MAX_BYTES,
            topic_max_slashes: mqtt::AWS_TOPIC_MAX_SLASHES,
            payload_max_bytes: mqtt::AWS_PAYLOAD_MAX_BYTES,
            packet_max_bytes: 149_504,
            filters_per_subscribe: mqtt::AWS_FILTERS_PER_SUBSCRIBE,
            subscriptions_per_session: 50,
            subscriptions_max: 500_000,
            group_max_members: 100,
            receive_maximum: 100,
            outbound_in_flight: 100,
            topic_alias_maximum: 8,
            keep_alive_max_seconds: 1_200,
            session_expiry_max_seconds: 3_600,
            sessions_max: 500_000,
            sessions_per_principal: 500_000,
            retained_max: 500_000,
            retained_max_bytes: 512 << 20,
            retained_per_principal: 100_000,
            queue_max_messages: 10_000,
            queue_max_bytes: 4 << 20,
            queued_max: 20_000_000,
            held_max_bytes: 1 << 30,
            answers_max_bytes: 16 << 10,
            stall_max_ms: 5_000,
            receivers_per_call: 1_000,
            retained_per_call: 1_000,
            ends_per_call: 100,
        }
    }
}

impl Limits {
    /// Checks a topic name, or a filter without `$share/GROUP/`.
    pub(crate) fn check_topic(&self, topic: &str) -> Result<(), MqttError> {
        let slashes = self.topic_max_slashes.min(TOPIC_SLASHES_HARD_MAX);
        check_limits(topic, self.topic_max_bytes, slashes)
    }

    /// From here on publishers wait for a receiver: half of what may wait for it.
    pub(crate) fn is_congested(&self, messages: usize, bytes: usize) -> bool {
        messages > self.queue_max_messages / 2 || bytes > self.queue_max_bytes / 2
    }

    /// From here on they go on: a quarter.
    pub(crate) fn is_drained(&self, messages: usize, bytes: usize) -> bool {
        messages <= self.queue_max_messages / 4 && bytes <= self.queue_max_bytes / 4
    }
}
