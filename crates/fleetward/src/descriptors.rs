//! File descriptors: as many as the system allows, and a share of them that connections cannot
//! take, so that a flood of devices never keeps log and store from their files.

use fleetward_control::limits::CONNECTIONS as API_CONNECTIONS;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one connection takes: its own socket, and both ends of the one to the broker behind.
const PER_CONNECTION: u64 = 3;
/// Kept for the segments of the log, the store's connections and alerts on their way.
const KEPT: u64 = 512;
/// The API gets at most this part of all: who connects to it has shown no key yet.
const API_PART: u64 = 8;

/// How many descriptors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptors(u64);

impl Descriptors {
    /// Raises the soft limit of this process to the hard one, and says so. Where that is refused,
    /// it stays as it is.
    pub(crate) fn raise() -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        if let Err(error) = raised {
            tracing::warn!("the limit on descriptors stays as it is: {error}");
        }
        // No limit at all is told as none.
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let before = current.unwrap_or(u64::MAX);
        let descriptors = Self(most);
        tracing::info!(
            "{most} descriptors (the limit was {before}); {} are kept for log and store, {} serve \
             the API, the others up to {} connections of devices",
            descriptors.kept(),
            descriptors.api(),
            descriptors.connections()
        );
        descriptors
    }

    fn kept(self) -> u64 {
        KEPT.min(self.0 / 2)
    }

    /// How many connections the API can have at once.
    pub(crate) fn api(self) -> usize {
        let part = usize::try_from(self.0 / API_PART).unwrap_or(usize::MAX);
        part.clamp(1, API_CONNECTIONS)
    }

    /// How many devices can be connected at once.
    pub(crate) fn connections(self) -> usize {
        let others = self.kept().saturating_add(self.api() as u64);
        let connections = self.0.saturating_sub(others) / PER_CONNECTION;
        usize::try_from(connections).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_share_for_log_and_store() {
        for (descriptors, kept, api, connections) in [
            (1_048_576, 512, 1_024, 349_013),
            (4_096, 512, 512, 1_024),
            (1_024, 512, 128, 128),
            (256, 128, 32, 32),
        ] {
            let found = Descriptors(descriptors);
            let shares = (found.kept(), found.api(), found.connections());
            assert_eq!(shares, (kept, api, connections), "{descriptors}");
            let taken = api as u64 + connections as u64 * PER_CONNECTION;
            assert!(descriptors - taken >= kept, "{descriptors}");
        }
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        Descriptors::raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
