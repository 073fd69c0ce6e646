//! Exported metrics on their way to the front door, once what they are made of is committed.
//!
//! Nothing waits for them: where more come than the broker takes, those that find no room are
//! lost, which is told and counted.

use std::sync::atomic::{AtomicU64, Ordering};

use fleetward_domain::Export;
use fleetward_front_door::Outgoing;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;

/// Messages that wait for the front door at most: some for each of 256 partitions, and 60 MiB if
/// every one is as long as may be.
const WAITING: usize = 512;

/// Takes messages, and hands them to the front door one after the other.
pub(super) struct Exports {
    waiting: mpsc::Sender<Export>,
    lost: AtomicU64,
    /// Ends with this.
    _sending: JoinSet<()>,
}

impl Exports {
    /// Messages that are published by this.
    pub(super) fn published_by(outgoing: Outgoing) -> Self {
        let (waiting, messages) = mpsc::channel(WAITING);
        let mut sending = JoinSet::new();
        sending.spawn(publish(messages, outgoing));
        Self { waiting, lost: AtomicU64::new(0), _sending: sending }
    }

    /// Sends what a commit made: at once or never.
    pub(super) fn send(&self, exports: Vec<Export>) {
        for export in exports {
            let Err(TrySendError::Full(export)) = self.waiting.try_send(export) else { continue };
            let lost = self.lost.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            // Once in a while: there may be thousands.
            if lost.is_power_of_two() {
                tracing::warn!(
                    "exported metrics to topic {} are lost, since the broker takes fewer than \
                     there are: {lost} messages since the start",
                    export.topic
                );
            }
        }
    }

    /// Messages that found no room since the start.
    #[cfg(test)]
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

async fn publish(mut messages: mpsc::Receiver<Export>, outgoing: Outgoing) {
    while let Some(Export { topic, payload }) = messages.recv().await {
        if let Err(error) = outgoing.publish_in_turn(&topic, &payload).await {
            tracing::warn!("exported metrics are lost: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_no_room_is_lost_and_counted_and_nobody_waits() {
        // Nobody empties the queue of this one.
        let exports = Exports::published_by(Outgoing::default());
        let export = Export { topic: "exports".to_owned(), payload: b"{}".to_vec() };
        exports.send(vec![export.clone(); WAITING]);
        assert_eq!(exports.lost(), 0);
        exports.send(vec![export; 3]);
        assert_eq!(exports.lost(), 3);
    }
}
