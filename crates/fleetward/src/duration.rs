//! Durations as people write them: `1s`, `500ms`, `5m`, `24h`.

use std::time::Duration;

/// Reads a whole number with one of the units ms, s, m, h.
///
/// # Errors
/// A sentence that shows the text and an example.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text} is not a duration, such as 30s, 500ms, 5m or 1h");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let amount: u64 = digits.parse().map_err(|_| wrong())?;
    let ms = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    amount.checked_mul(ms).map(Duration::from_millis).ok_or_else(wrong)
}
