//! When a failed alert is tried again.

use fleetward_domain::EpochMs;
use fleetward_environment::Chance;

use crate::limits::{FIRST_RETRY_MS, LONGEST_RETRY_MS};

/// When to try again an alert that failed now and `failures` times before; none once its time is
/// over. The last try falls on the end of its time.
pub(crate) fn retry_at(
    now_ms: EpochMs,
    created_ms: EpochMs,
    retry_for_ms: i64,
    failures: u32,
    jitter: f64,
) -> Option<EpochMs> {
    let end_ms = created_ms.saturating_add(retry_for_ms);
    (now_ms < end_ms).then(|| now_ms.saturating_add(delay_ms(failures, jitter)).min(end_ms))
}

/// Doubles with each failure; `jitter` (0 to 1) takes up to half of it away, so that what failed
/// together does not come back together.
pub(crate) fn delay_ms(failures: u32, jitter: f64) -> i64 {
    let factor = 1_i64.checked_shl(failures.min(32)).unwrap_or(i64::MAX);
    let full_ms = FIRST_RETRY_MS.saturating_mul(factor).min(LONGEST_RETRY_MS);
    full_ms - (full_ms as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as i64
}

/// A random number of 0 to 1.
pub(crate) fn jitter(chance: &Chance) -> f64 {
    chance.fraction().unwrap_or_else(|error| {
        tracing::warn!(%error, "retries of alerts are not spread");
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_one_second_to_five_minutes() {
        let table = [(0, 1_000), (1, 2_000), (5, 32_000), (9, 300_000), (u32::MAX, 300_000)];
        for (failures, expected) in table {
            assert_eq!(delay_ms(failures, 0.0), expected);
            assert_eq!(delay_ms(failures, 1.0), expected / 2);
        }
        let drawn = jitter(&Chance::system());
        assert!((0.0..=1.0).contains(&drawn));
        assert!(jitter(&Chance::exhausted()).abs() < f64::EPSILON);
    }

    #[test]
    fn the_last_try_falls_on_the_end() {
        assert_eq!(retry_at(1_000, 0, 10_000, 0, 0.0), Some(2_000));
        assert_eq!(retry_at(9_500, 0, 10_000, 9, 0.0), Some(10_000));
        assert_eq!(retry_at(10_000, 0, 10_000, 9, 0.0), None);
        assert_eq!(retry_at(0, i64::MAX, i64::MAX, 0, 0.0), Some(1_000));
    }
}
