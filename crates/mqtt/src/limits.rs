//! Every limit of this crate, with its source.

/// The largest remaining length four bytes can say (MQTT 5, 1.5.5), in bytes.
pub const REMAINING_LENGTH_MAX_BYTES: usize = 268_435_455;

/// The longest fixed header: one type byte and four length bytes, in bytes.
pub const FIXED_HEADER_MAX_BYTES: usize = 5;

/// The longest UTF-8 string or binary field, in bytes (its length is sixteen bits).
pub const FIELD_MAX_BYTES: usize = 65_535;

/// AWS IoT Core's quota for the MQTT payload of one publish: 128 KiB, in bytes.
pub const AWS_PAYLOAD_MAX_BYTES: usize = 131_072;

/// AWS IoT Core's quota for the length of a topic name or filter, in bytes of UTF-8. The first
/// three levels of a Basic Ingest topic (`$aws/rules/RULE/`) do not count.
pub const AWS_TOPIC_MAX_BYTES: usize = 256;

/// AWS IoT Core's quota for forward slashes in a topic name or filter, counted likewise.
pub const AWS_TOPIC_MAX_SLASHES: usize = 7;

/// AWS IoT Core's quota for filters in one SUBSCRIBE.
pub const AWS_FILTERS_PER_SUBSCRIBE: usize = 8;

/// AWS IoT Core's quota for the length of a client id, in bytes.
pub const AWS_CLIENT_ID_MAX_BYTES: usize = 128;
