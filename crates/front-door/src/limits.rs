//! Every limit of this crate.

use std::time::Duration;

use fleetward_domain::limits::REPEATED_REPORT_MS;

/// The largest MQTT packet that is taken from a client or from the upstream broker, in bytes.
pub const PACKET_MAX_BYTES: usize = 1024 * 1024;

/// The largest device report, in bytes (AWS IoT Core's quota for one publish: 128 KiB).
pub const REPORT_MAX_BYTES: usize = fleetward_report::limits::REPORT_BYTES;

/// How long a client has from the first byte to an accepted CONNECT, unless a setting says else.
pub const CONNECT_LIMIT_MS: u64 = 10_000;

/// Most connections of one front door; further ones are closed at once.
pub const CONNECTIONS: usize = 250_000;

/// Most things whose counters are held at once. Above the limit on connections, because things
/// that left since the last flush and refused clients are held until it is over.
pub const METERED_THINGS: usize = 500_000;

/// Dimensions that topics are sorted into; the account's quota is below it.
pub const PLAN_DIMENSIONS: usize = 128;

/// Periods of one thing that are kept apart while the log takes no records. Older ones are lost,
/// and the windows of that time are then not counted whole.
pub const UNFLUSHED_WINDOWS: usize = 16;

/// Addresses of one thing that are told at once, of its connections and of each side of each
/// dimension; with more the rest is not told.
pub const SOURCES: usize = 16;

/// The same, of all of these together. Beyond it each is told its first address only, so that
/// none is told nothing.
pub const SOURCES_IN_ALL: usize = 256;

/// Counters are flushed this often unless a setting says else, in milliseconds.
pub const FLUSH_MS: i64 = 200;

/// Watermarks are at least this far apart, however many times are waited for, in milliseconds.
pub const WATERMARK_SPACING_MS: i64 = 50;

/// Who wakes so much too late did not run meanwhile, and counted nothing.
pub const STOOD_STILL: Duration = Duration::from_secs(1);

/// How often it is looked at whether the process runs, while the log takes its time.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Most activity records in one append; what is left waits for the next one.
pub const FLUSH_RECORDS: usize = 20_000;

/// Bytes read at once from a socket that has much to say.
pub const READ_BYTES: usize = 16 * 1024;

/// Bytes of buffer that a quiet connection keeps.
pub const IDLE_BUFFER_BYTES: usize = 2 * 1024;

/// Topics whose decision a connection remembers, in each direction.
pub const REMEMBERED_TOPICS: usize = 512;

/// SUBSCRIBE packets with a refused filter that wait for the upstream broker's SUBACK.
pub const PENDING_SUBSCRIBES: usize = 64;

/// MQTT 5 topic aliases that a client may use (AWS IoT Core's quota).
pub const TOPIC_ALIASES: u16 = 8;

/// Frames of the front door's own that wait for a slow client: acknowledgements and refusals.
pub const FRAMES_TO_CLIENT: usize = 64;

/// Acknowledgements of dropped messages that wait for a slow upstream broker; with more the
/// connection is closed.
pub const FRAMES_TO_UPSTREAM: usize = 1024;

/// Device reports of one connection that wait for the log; then the connection is not read.
pub const REPORTS_IN_FLIGHT: usize = 16;

/// Reports of one thing a second, after a burst of [`REPORT_BURST`], unless a setting says else
/// (AWS: one in 300 s, "or may be throttled").
pub const REPORT_RATE_PER_SECOND: f64 = 1.0;

/// Reports of one thing that are taken at once.
pub const REPORT_BURST: u32 = 60;

/// Reports of one certificate a second, about whatever things, unless a setting says else; its
/// burst is as many times larger.
pub const PRINCIPAL_RATE_PER_SECOND: f64 = 100.0;

/// Senders whose rates are kept at once, of things and of certificates each. Those who reported
/// no more than they may for a moment are not kept.
pub const RATED_SENDERS: usize = 4_000_000;

/// How long a report is known when it comes again, in minutes.
pub const REPORT_MEMORY_MINUTES: u64 = REPEATED_REPORT_MS.unsigned_abs() / 60_000;

/// Memory for that, unless a setting says else, in bytes: reports of six million things that
/// report every five minutes. It is taken as reports come.
pub const REPORT_MEMORY_BYTES: u64 = 256 << 20;

/// What one remembered report takes at most, in bytes: a table is at worst half empty.
pub const REPORT_MEMORY_ENTRY_BYTES: u64 = 20;

/// In how many parts rates and reports are kept, each with its lock.
pub const ADMISSION_SHARDS: usize = 64;

/// What peers can make happen often is told in the server's own log at most this often.
pub const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Characters of a name or topic that a peer made up which such a line shows.
pub const TOLD_CHARS: usize = 128;

/// Names of custom metrics that nobody registered and whose values are counted each.
pub const UNREGISTERED_METRICS: usize = 1000;

/// How often it is read which custom metrics are registered.
pub const METRICS_READ_EVERY: Duration = Duration::from_secs(10);

/// Messages of the server's own that wait for the broker; more are refused.
pub const PUBLISHED_MESSAGES: usize = 64;

/// The longest of them, in bytes (AWS IoT Core's quota for one publish).
pub const PUBLISHED_MAX_BYTES: usize = 128 * 1024;

/// QoS 2 messages that wait for their release, in each direction.
pub const UNRELEASED: usize = 256;

/// Answers to device reports that wait for the service connection; then reports wait.
pub const SERVICE_FRAMES: usize = 4096;

/// How long an answer to a device report may wait for the service connection: devices give up
/// after two seconds.
pub const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// How long the service connection waits before it dials again.
pub const SERVICE_RETRY: Duration = Duration::from_millis(250);

/// How often the service connection says that it is alive.
pub const SERVICE_PING: Duration = Duration::from_secs(30);

/// How long to dial the upstream broker and wait for its CONNACK.
pub const UPSTREAM_CONNECT: Duration = Duration::from_secs(10);

/// How often the upstream broker is asked to take a client while it says it is not available.
pub const UPSTREAM_ATTEMPTS: u32 = 6;

/// How long to wait before it is asked again; each time twice as long.
pub const UPSTREAM_RETRY: Duration = Duration::from_millis(20);

/// How long the end of a connection waits for its reports and for the upstream broker.
pub const SESSION_END: Duration = Duration::from_secs(5);

/// How long a connection whose report the log did not take is kept before it is ended.
pub const UNLOGGED_PAUSE: Duration = Duration::from_secs(1);

/// How long a closed connection is still read, so that the peer gets what was said last.
pub const LINGER: Duration = Duration::from_secs(1);

/// How long a shutdown waits for the connections to end.
pub const SHUTDOWN: Duration = Duration::from_secs(10);

/// How long a listener rests after an error of `accept`, such as too many open files.
pub const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Certificates whose policies are kept ready though nobody is connected with them.
pub const WARM_IDENTITIES: usize = 4096;

/// Parsed policies that are kept ready.
pub const WARM_POLICIES: usize = 1024;

/// Changes and documents that are read from the store at once.
pub const STORE_PAGE: usize = 256;

/// How long the feed of changes rests after an error of the store.
pub const CHANGES_REST: Duration = Duration::from_millis(500);

/// Largest client certificate that is looked at, in bytes.
pub const CERTIFICATE_MAX_BYTES: usize = 32 * 1024;

/// Retained messages that the embedded broker keeps.
pub const RETAINED_MESSAGES: usize = 100_000;

/// Messages that the embedded broker keeps for one client that is away.
pub const QUEUED_MESSAGES: usize = 1000;

/// Messages that the embedded broker sends a client before it waits for acknowledgements (AWS
/// IoT Core's quota).
pub const MESSAGES_IN_FLIGHT: u16 = 100;

/// How long the embedded broker keeps the session of a client that is away, and messages in it
/// (AWS IoT Core's default is one hour).
pub const SESSION_KEPT: Duration = Duration::from_secs(3600);
