//! Times as people read them.

use fleetward_domain::EpochMs;
use fleetward_wire::datetime::{date_and_time, format_iso8601};

/// `2026-11-23 20:04:05 UTC`.
pub(crate) fn in_full(at_ms: EpochMs) -> String {
    let (date, time) = date_and_time(at_ms.div_euclid(1000));
    format!("{date} {time} UTC")
}

/// `2026-11-23T20:04:05Z`, for machines.
pub(crate) fn machine_readable(at_ms: EpochMs) -> String {
    format_iso8601(at_ms.div_euclid(1000))
}

/// `just now`, `42 s ago`, `3 min ago`, `5 h ago`, `2 d ago`. The script says it the same way.
pub(crate) fn ago(at_ms: EpochMs, now_ms: EpochMs) -> String {
    let seconds = now_ms.saturating_sub(at_ms) / 1000;
    match seconds {
        ..5 => "just now".to_owned(),
        5..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told() {
        assert_eq!(in_full(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(in_full(1_709_164_799_999), "2024-02-28 23:59:59 UTC");
        assert_eq!(machine_readable(1_709_164_800_000), "2024-02-29T00:00:00Z");
        assert_eq!(in_full(-1), "1969-12-31 23:59:59 UTC");
        let table = [
            (0, "just now"),
            (-60_000, "just now"),
            (42_000, "42 s ago"),
            (60_000, "1 min ago"),
            (3_599_999, "59 min ago"),
            (7_200_000, "2 h ago"),
            (172_800_000, "2 d ago"),
        ];
        for (elapsed_ms, expected) in table {
            assert_eq!(ago(1_000_000_000, 1_000_000_000 + elapsed_ms), expected);
        }
        // No time is too far off to be told.
        for extreme in [EpochMs::MIN, EpochMs::MAX] {
            assert!(!in_full(extreme).is_empty());
            assert!(!ago(extreme, 0).is_empty());
        }
    }
}
