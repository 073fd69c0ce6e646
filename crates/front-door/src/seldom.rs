//! What may happen often, told seldom: with a count instead of a line each.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::limits::TOLD_EVERY;

/// Tells something once a second at most.
#[derive(Default)]
pub(crate) struct Seldom(Mutex<Told>);

#[derive(Default)]
struct Told {
    last: Option<Instant>,
    untold: u64,
}

impl Seldom {
    /// Counts one, and says how many there were since it was told last, unless that was just now.
    pub(crate) fn tell(&self, now: Instant, say: impl FnOnce(u64)) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.untold = told.untold.saturating_add(1);
        if told.last.is_some_and(|last| now.saturating_duration_since(last) < TOLD_EVERY) {
            return;
        }
        let count = std::mem::take(&mut told.untold);
        told.last = Some(now);
        drop(told);
        say(count);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fleetward_environment::Clock;

    use super::*;

    #[test]
    fn it_is_told_at_once_and_then_once_a_second_with_its_count() {
        let (seldom, mut told) = (Seldom::default(), Vec::new());
        let begin = Clock::system().instant();
        for tenth in 0..25 {
            seldom.tell(begin + Duration::from_millis(100) * tenth, |count| told.push(count));
        }
        assert_eq!(told, [1, 10, 10]);
    }
}
