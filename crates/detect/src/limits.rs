//! Limits of the detector, each with its name.

use fleetward_domain::EpochMs;

/// Things whose state is stored together.
pub const THINGS_PER_CHUNK: u32 = 1024;
/// Things that one step of what concerns everyone looks at.
pub const THINGS_PER_STEP: usize = 4_096;
/// Most things of one partition: chunk numbers and places stay small.
pub const THINGS_PER_PARTITION: u32 = 16_000_000;
/// Unregistered things that are kept unless a setting says otherwise, in all partitions together.
/// Their names are chosen by devices, so at the limit those that have been idle longest are
/// forgotten: disconnected ones first, and of those the ones that are not in alarm. Each
/// partition keeps its share.
pub const UNREGISTERED_THINGS: u32 = 100_000;
/// How many unregistered things are forgotten at once at the limit at most, so that the search
/// for them is paid for by many arrivals.
pub const UNREGISTERED_SWEEP: usize = 4_096;
/// In a small partition only this part of its unregistered things is forgotten at once.
pub const UNREGISTERED_SWEEP_PART: usize = 16;
/// Most rules, or series that are kept, of one thing: what lies beyond is not looked at. A profile
/// has at most a hundred behaviors, and a target at most five profiles.
pub const READERS_PER_PLAN: usize = 65_535;
/// Front doors that one partition tells apart at a time. A 65th takes the place of the one that
/// was silent longest; what was connected through that one counts as gone.
pub const DOORS: usize = 64;
/// Remembered reports of 256 things that are looked through one by one, where few are in order
/// behind which they stand.
pub const FRESH_REPORTS: usize = 16;
/// Stretches in which somebody counted nothing that are told apart at a time; further ones are
/// taken together with the last.
pub const UNCOUNTED: usize = 64;
/// A record's time is believed up to this far ahead of the line: more than the longest window and
/// any stall of a disk that somebody sits through.
pub const AHEAD_MS: EpochMs = 24 * 3_600_000;
/// How long it is remembered when what is judged as it comes began for a thing: a report that is
/// logged later than this after the line has passed it is late beyond all reason.
pub const LATE_MS: EpochMs = 600_000;
/// Stretches of a thing's time that wait for the line at most, each within one window: so far a
/// front door may lag behind. What comes beyond them counts in no window, and no window up to it
/// is whole.
pub const PENDING_WINDOWS: usize = 64;
/// Windows that are made up for at once for a connected thing after a gap in the records. Ten
/// datapoints in a row are the most that can matter to a verdict.
pub const CATCH_UP_WINDOWS: u32 = 64;
/// Elements of a violating list that are kept and shown.
pub const VALUE_ELEMENTS: usize = 100;
/// Silence is looked for in this many steps of the silence setting.
pub const SILENCE_STEPS: EpochMs = 256;
/// The shortest step between two looks for silent things.
pub const SILENCE_STEP_FLOOR_MS: EpochMs = 1_000;
/// Elements of a list up to which a search from the front beats anything else.
pub const SHORT_SET: usize = 8;
/// Bytes of a violating list of texts that are kept and shown.
pub const VALUE_BYTES: usize = 8 * 1024;
/// Values of a fleet's window that are kept one by one, in all partitions together: the percentile
/// of so many things is exact. Beyond, they are counted in buckets.
pub const EXACT_VALUES: usize = 100_000;
/// One partition keeps this many times its even share of [`EXACT_VALUES`]: things are spread by
/// hash, so that more of them mean that the fleet is beyond it.
pub const EXACT_SHARES: usize = 4;
/// However many partitions there are, each keeps so many values one by one.
pub const EXACT_VALUES_FLOOR: usize = 4_096;
/// The largest and the smallest values of a window that stay exact beside buckets.
pub const EXTREME_VALUES: usize = 128;
/// Buckets that a summary may fill before neighbours are joined, as long as they may be.
pub const SUMMARY_BUCKETS: usize = 8_192;
/// Windows of one thing that wait for the thresholds of a statistical behavior. Beyond, the oldest
/// is not judged.
pub const WAITING_WINDOWS: usize = 8;
/// Series that one profile exports at most: three for each of the behaviors it may have, and what
/// it retains.
pub const EXPORTS_PER_PROFILE: usize = 512;
/// The longest message of exported metrics: AWS IoT Core takes 128 KiB in one publish.
pub const EXPORT_BATCH_BYTES: usize = 120 * 1024;
/// A list that is exported is cut here, so that one metric fits a message with all its names.
pub const EXPORT_VALUE_BYTES: usize = 64 * 1024;
