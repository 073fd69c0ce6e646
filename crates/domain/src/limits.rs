//! Limits of the domain, each with its name and source.

/// Longest thing name in bytes of UTF-8 (service model, `ThingName`).
pub const THING_NAME_BYTES: usize = 128;
/// Longest name of a profile, behavior, group, dimension or policy (service model).
pub const NAME_BYTES: usize = 128;
/// Most behaviors in one security profile (AWS IoT Device Defender quotas).
pub const BEHAVIORS_PER_PROFILE: usize = 100;
/// Most value elements (ports, CIDRs, numbers, strings) in one profile (AWS quotas).
pub const VALUE_ELEMENTS_PER_PROFILE: usize = 1000;
/// Most security profiles attached to one target (AWS quotas).
pub const PROFILES_PER_TARGET: usize = 5;
/// Most string values of one dimension (AWS quotas).
pub const DIMENSION_VALUES: usize = 5;
/// Most dimensions in an account (AWS quotas).
pub const DIMENSIONS: usize = 100;
/// Most custom metrics in an account (AWS quotas).
pub const CUSTOM_METRICS: usize = 100;
/// Most tags of a resource (AWS quotas).
pub const TAGS_OF_A_RESOURCE: usize = 50;
/// How long a report is known when it comes again, in milliseconds: to front doors, who owe it
/// nothing then, and to detectors, who do not count it twice (ours: ten minutes).
pub const REPEATED_REPORT_MS: i64 = 600_000;
/// Most mutes at a time (ours): each alarm is held to all of them.
pub const MUTES: usize = 1_000;
/// The longest that anything is muted, in milliseconds: 30 days (ours).
pub const LONGEST_MUTE_MS: i64 = 30 * 24 * 3_600_000;
/// The longest that what is critical is muted, in milliseconds: a day (ours).
pub const CRITICAL_MUTE_MS: i64 = 24 * 3_600_000;
/// Most groups that contain one thing, counting the parents (AWS quotas allow ten direct ones).
pub const GROUPS_OF_A_THING: usize = 10;
/// Deepest nesting of thing groups (AWS quotas).
pub const GROUP_DEPTH: usize = 7;
/// Window lengths that AWS accepts, in seconds (service model documentation of `durationSeconds`).
pub const DURATIONS_SECONDS: [u32; 5] = [300, 600, 900, 1800, 3600];
