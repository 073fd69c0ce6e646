//! Times as people read them.

use std::time::{SystemTime, UNIX_EPOCH};

use fleetward_domain::EpochMs;

/// Now.
pub(crate) fn now_ms() -> EpochMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EpochMs::try_from(since.as_millis()).unwrap_or(EpochMs::MAX)
}

/// `2026-11-23 20:04:05 UTC`.
pub(crate) fn in_full(at_ms: EpochMs) -> String {
    let (date, time) = civil(at_ms);
    format!("{date} {time} UTC")
}

/// `2026-11-23T20:04:05Z`, for machines.
pub(crate) fn machine_readable(at_ms: EpochMs) -> String {
    let (date, time) = civil(at_ms);
    format!("{date}T{time}Z")
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

/// The date and the time of day in UTC. Days to a date by Howard Hinnant's `civil_from_days`.
fn civil(at_ms: EpochMs) -> (String, String) {
    let seconds = at_ms.div_euclid(1000);
    let days = seconds.div_euclid(86_400).saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"))
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
