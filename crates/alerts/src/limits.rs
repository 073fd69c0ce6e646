//! Limits of alert delivery, each with its name.

use std::time::Duration;

/// How long a failing alert is retried unless the settings say otherwise, in milliseconds.
pub const RETRY_FOR_MS: i64 = 24 * 60 * 60 * 1000;
/// The first retry comes at most this long after the failure, in milliseconds.
pub const FIRST_RETRY_MS: i64 = 1_000;
/// No two tries are further apart than this, in milliseconds.
pub const LONGEST_RETRY_MS: i64 = 5 * 60 * 1000;

/// Most targets in the settings.
pub const TARGETS: usize = 32;
/// Deliveries to one target at the same time.
pub const SLOTS_PER_TARGET: usize = 8;
/// Of those, the most that are about things that nobody registered.
pub const SLOTS_FOR_STRANGERS: usize = 6;
/// Alerts of one target that wait in memory for a slot; the others wait in the outbox.
pub const WAITING_PER_TARGET: usize = 16;
/// Alerts read from the outbox at once: more than all targets together can have in memory, so
/// that there is always room for one that is not.
pub const PAGE: usize = 1024;
const _: () = assert!(TARGETS * (SLOTS_PER_TARGET + WAITING_PER_TARGET) < PAGE);
/// Postponements that are written at the same time.
pub const POSTPONEMENTS_AT_ONCE: usize = 64;
/// Rows of a page for each millisecond that the outbox then rests before it is read again.
pub const ROWS_PER_REST_MS: usize = 20;
/// ARNs without a target that are remembered as warned of.
pub const WARNED_ARNS: usize = 1024;

/// Longest webhook URL, in bytes.
pub const WEBHOOK_BYTES: usize = 2048;
/// Addresses of a host that are tried.
pub const ADDRESSES_TRIED: usize = 4;
/// Time to connect, all addresses together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a whole delivery: resolve, connect, handshake, request and response.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a response's head.
pub const RESPONSE_HEAD_BYTES: usize = 16 * 1024;
/// Most bytes of all that is read of an exchange: a receiver may answer with interim responses
/// for as long as it likes.
pub const EXCHANGE_BYTES: usize = 4 * RESPONSE_HEAD_BYTES;
/// Most bytes that are read of a failure's response, for the reason.
pub const RESPONSE_BODY_BYTES: usize = 1024;
/// Most characters of a failure's response that are kept as the reason.
pub const RESPONSE_EXCERPT_CHARS: usize = 160;

/// Wait after the store failed the first time; doubles up to [`STORE_RETRY_LONGEST`].
pub const STORE_RETRY: Duration = Duration::from_millis(250);
/// How often in a row the outbox may be unreadable before deliveries end, and the process with
/// them: a full disk, which passes, does not count.
pub const UNREADABLE_LOOKS: u32 = 12;
/// Longest wait after the store failed.
pub const STORE_RETRY_LONGEST: Duration = Duration::from_secs(30);
/// Time for deliveries under way to end when the outbox is told to stop.
pub const DRAIN: Duration = Duration::from_secs(5);
