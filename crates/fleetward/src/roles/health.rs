//! What `/healthz` says: whether something is worse than it should be while every role runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::Instant;

use super::disk::Disk;

/// Changes that do not reach the log are told after this long: a moment's trouble is nobody's.
const PATIENCE: Duration = Duration::from_secs(5);

/// What roles know of their own trouble.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Since when the relay tries in vain.
    changes_wait_since: Mutex<Option<Instant>>,
    /// Since when summaries of windows wait for those of some partition.
    summaries_wait_since: Mutex<Option<Instant>>,
}

impl Health {
    /// The relay begins to try, for the first time or again.
    pub(crate) fn changes_wait(&self, now: Instant) {
        self.relay().get_or_insert(now);
    }

    /// The relay has carried what there was.
    pub(crate) fn changes_go(&self) {
        *self.relay() = None;
    }

    /// Some summaries wait for those of other partitions.
    pub(crate) fn summaries_wait(&self, now: Instant) {
        self.thresholds().get_or_insert(now);
    }

    /// None waits.
    pub(crate) fn summaries_go(&self) {
        *self.thresholds() = None;
    }

    fn relay(&self) -> MutexGuard<'_, Option<Instant>> {
        self.changes_wait_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thresholds(&self) -> MutexGuard<'_, Option<Instant>> {
        self.summaries_wait_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Status and text: `ok`, or what does not work in a line each; then come the documents that
    /// the server goes on without.
    pub(crate) fn answer(
        &self,
        now: Instant,
        disk: &Disk,
        unreadable: usize,
    ) -> (StatusCode, String) {
        // A full disk is told at once, for it does not pass in a moment as the relay's trouble may.
        let mut troubles = disk.full();
        let waited = self.relay().map(|since| now.saturating_duration_since(since));
        if let Some(waited) = waited.filter(|waited| *waited >= PATIENCE) {
            troubles.push(format!(
                "changes have not reached the log for {} seconds and detectors do not know them; \
                 the server's messages say why",
                waited.as_secs()
            ));
        }
        let waited = self.thresholds().map(|since| now.saturating_duration_since(since));
        if let Some(waited) = waited.filter(|waited| *waited >= PATIENCE) {
            troubles.push(format!(
                "statistical thresholds have waited for some partition for {} seconds: behaviors \
                 with a statisticalThreshold are not judged; the detector's messages say why",
                waited.as_secs()
            ));
        }
        let (status, mut text) = match troubles.is_empty() {
            true => (StatusCode::OK, "ok\n".to_owned()),
            false => (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n") + "\n"),
        };
        match unreadable {
            0 => {}
            1 => text.push_str("1 document cannot be read; fleetward check --data DIR names it\n"),
            many => text.push_str(&format!(
                "{many} documents cannot be read; fleetward check --data DIR names them\n"
            )),
        }
        (status, text)
    }
}

#[cfg(test)]
mod tests {
    use fleetward_environment::Clock;

    use super::*;

    #[test]
    fn changes_that_wait_are_told_after_a_while_and_until_they_go() {
        let (health, begin) = (Health::default(), Clock::of_the_runtime(0).instant());
        let disk = Disk::that_works();
        let ok = (StatusCode::OK, "ok\n".to_owned());
        assert_eq!(health.answer(begin, &disk, 0), ok);
        health.changes_wait(begin);
        assert_eq!(health.answer(begin + PATIENCE / 2, &disk, 0), ok, "it may pass");
        health.changes_wait(begin + PATIENCE);
        let (status, text) = health.answer(begin + Duration::from_secs(7), &disk, 2);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.starts_with("changes have not reached the log for 7 seconds"), "{text}");
        assert!(text.contains("\n2 documents cannot be read"), "{text}");
        health.changes_go();
        assert_eq!(health.answer(begin + 2 * PATIENCE, &disk, 0), ok);
    }
}
