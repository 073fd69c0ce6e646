//! What may happen often, told seldom: with a count instead of a line each.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::limits::{TOLD_CHARS, TOLD_EVERY};

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

/// What peers can make happen on as many connections as they like: each is told for all of them.
#[derive(Default)]
pub(crate) struct OfAllPeers {
    /// `accept` failed.
    pub(crate) accepts: Seldom,
    /// A connection was closed for want of room.
    pub(crate) crowded: Seldom,
    /// A TLS handshake failed, or did not come.
    pub(crate) handshakes: Seldom,
    /// A certificate is not known or not active.
    pub(crate) certificates: Seldom,
    /// No CONNECT came, or one that is none.
    pub(crate) connects: Seldom,
    /// A connection is over.
    pub(crate) ends: Seldom,
    /// A report was rejected.
    pub(crate) reports: Seldom,
    /// The registry cannot be read for a connection.
    pub(crate) registry: Seldom,
    /// The upstream broker did not take a connection.
    pub(crate) broker: Seldom,
}

/// As much of what a peer named as a line of the log shall hold.
pub(crate) fn beginning(named: &str) -> &str {
    let end = named.char_indices().nth(TOLD_CHARS).map_or(named.len(), |(at, _)| at);
    named.get(..end).unwrap_or_default()
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

    #[test]
    fn of_a_long_name_only_the_beginning_is_told() {
        assert_eq!(beginning("pump"), "pump");
        assert_eq!(beginning(&"\u{fc}".repeat(65_000)), "\u{fc}".repeat(TOLD_CHARS));
    }
}
