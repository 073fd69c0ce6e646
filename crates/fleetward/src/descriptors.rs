//! File descriptors: as many as the system allows, and a share of them that connections cannot
//! take, so that a flood of devices never keeps log and store from their files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one connection takes: its own socket, and both ends of the one to the broker behind.
const PER_CONNECTION: u64 = 3;
/// Kept for the segments of the log, the store's connections, the API and alerts on their way.
const KEPT: u64 = 512;

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
            "{most} descriptors (the limit was {before}); {} are kept for log and store, the \
             others serve up to {} connections",
            descriptors.kept(),
            descriptors.connections()
        );
        descriptors
    }

    fn kept(self) -> u64 {
        KEPT.min(self.0 / 2)
    }

    /// How many devices can be connected at once.
    pub(crate) fn connections(self) -> usize {
        let connections = self.0.saturating_sub(self.kept()) / PER_CONNECTION;
        usize::try_from(connections).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_share_for_log_and_store() {
        for (descriptors, kept, connections) in
            [(1_048_576, 512, 349_354), (4_096, 512, 1_194), (1_024, 512, 170), (256, 128, 42)]
        {
            let found = Descriptors(descriptors);
            assert_eq!((found.kept(), found.connections()), (kept, connections), "{descriptors}");
        }
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        Descriptors::raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
