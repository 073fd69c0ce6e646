//! What happens by itself, and when.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::subscriptions::Slot;

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A delayed will is published. Before its session ends, should both be due.
    Will(Slot),
    /// A session that is not connected ends.
    Session(Slot),
    /// Publishers stop waiting for a receiver.
    Stall(Slot),
    /// A retained message expires.
    Retained(Arc<str>),
}

/// Deadlines in their order. Each is taken out when what it is about changes, so that there are
/// never more than there are things to end.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(BTreeSet<(u64, Due)>);

impl Deadlines {
    pub(crate) fn add(&mut self, at_ms: u64, due: Due) {
        self.0.insert((at_ms, due));
    }

    pub(crate) fn remove(&mut self, at_ms: u64, due: Due) {
        self.0.remove(&(at_ms, due));
    }

    /// The first one's time, in milliseconds.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out the first one that is due.
    pub(crate) fn pop(&mut self, now_ms: u64) -> Option<Due> {
        if self.next_ms()? > now_ms {
            return None;
        }
        self.0.pop_first().map(|(_, due)| due)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
