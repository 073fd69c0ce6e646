//! Limits of a report, each with its name.

/// Most bytes of a report (spec: device reports).
pub const REPORT_BYTES: usize = 128 * 1024;
/// Deepest nesting; a report that means something has six.
pub const DEPTH: u32 = 32;
/// Most elements of one list. Agents sample long lists to fifty.
pub const LIST_ELEMENTS: usize = 16_384;
/// Most custom metrics in a report; AWS allows a hundred in an account.
pub const CUSTOM_METRICS: usize = 256;
/// Longest name of a custom metric (service model, `MetricName`).
pub const CUSTOM_NAME_BYTES: usize = 128;
/// Longest text in a `string_list`.
pub const CUSTOM_TEXT_BYTES: usize = 1_024;
/// Longest `remote_addr` that is looked at: IPv6 with a port fits in 48.
pub const REMOTE_ADDRESS_BYTES: usize = 64;
