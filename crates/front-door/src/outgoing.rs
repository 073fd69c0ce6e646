//! Messages of the server's own, such as exported metrics: published through the front door's own
//! connection to the broker, so that every subscriber gets them.

use std::sync::{Arc, Mutex, PoisonError};

use fleetward_mqtt::topic::{TopicName, is_reserved};
use tokio::sync::mpsc;

use crate::limits::{PUBLISHED_MAX_BYTES, PUBLISHED_MESSAGES};
use crate::upstream::Service;

/// Messages of the server's own, on their way out. Cheap to clone; all clones share one queue,
/// which the front door empties that was given a clone in its settings.
#[derive(Clone, Debug)]
pub struct Outgoing {
    messages: mpsc::Sender<Vec<u8>>,
    /// Until a front door takes it.
    queue: Arc<Mutex<Option<mpsc::Receiver<Vec<u8>>>>>,
}

/// Why a message is not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The broker takes fewer messages than are to be published: this one may be offered again.
    #[error("{PUBLISHED_MESSAGES} messages wait for the broker already")]
    Full,
    /// Nobody can publish it.
    #[error("the message to topic {topic} {problem}")]
    Unsayable {
        /// Where it was to go.
        topic: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The front door is gone.
    #[error("the front door has ended")]
    Ended,
}

impl Default for Outgoing {
    fn default() -> Self {
        let (messages, queue) = mpsc::channel(PUBLISHED_MESSAGES);
        Self { messages, queue: Arc::new(Mutex::new(Some(queue))) }
    }
}

impl Outgoing {
    /// Hands the message over, to be published with QoS 0 and not retained. It never waits; what
    /// is handed over and not sent when the process ends is lost.
    ///
    /// # Errors
    /// [`PublishError`]; then it is not published.
    pub fn publish(&self, topic: &str, payload: &[u8]) -> Result<(), PublishError> {
        let frame = Self::frame(topic, payload)?;
        self.messages.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PublishError::Full,
            mpsc::error::TrySendError::Closed(_) => PublishError::Ended,
        })
    }

    /// The same, but that it waits for its turn where the broker takes fewer than there are.
    ///
    /// # Errors
    /// [`PublishError`], but not [`PublishError::Full`]; then it is not published.
    pub async fn publish_in_turn(&self, topic: &str, payload: &[u8]) -> Result<(), PublishError> {
        let frame = Self::frame(topic, payload)?;
        self.messages.send(frame).await.map_err(|_| PublishError::Ended)
    }

    fn frame(topic: &str, payload: &[u8]) -> Result<Vec<u8>, PublishError> {
        let unsayable = |problem| Err(PublishError::Unsayable { topic: topic.to_owned(), problem });
        if TopicName::parse(topic).is_err() || is_reserved(topic) {
            return unsayable("cannot be published: no message may go to that topic");
        }
        if payload.len() > PUBLISHED_MAX_BYTES {
            return unsayable("is longer than 128 KiB");
        }
        match Service::frame(topic, payload) {
            Some(frame) => Ok(frame),
            None => unsayable("cannot be said in MQTT"),
        }
    }

    /// The other end, for the first front door that asks. Another one gets an end at which nothing
    /// ever comes.
    pub(crate) fn take_queue(&self) -> mpsc::Receiver<Vec<u8>> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        queue.unwrap_or_else(|| mpsc::channel(1).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wait_in_a_bounded_queue_that_says_when_it_is_full() {
        let outgoing = Outgoing::default();
        let taken = (0..10_000).take_while(|_| outgoing.publish("metrics", b"{}").is_ok()).count();
        assert_eq!(taken, PUBLISHED_MESSAGES);
        assert_eq!(outgoing.publish("metrics", b"{}"), Err(PublishError::Full));
        let mut queue = outgoing.take_queue();
        assert!(queue.try_recv().is_ok());
        assert_eq!(outgoing.clone().publish("metrics", b"{}"), Ok(()));
        drop(queue);
        assert_eq!(outgoing.publish("metrics", b"{}"), Err(PublishError::Ended));
    }

    #[test]
    fn what_cannot_be_said_is_refused_by_name() {
        let outgoing = Outgoing::default();
        let long = vec![0; PUBLISHED_MAX_BYTES + 1];
        for (topic, payload) in
            [("", &b"x"[..]), ("a/#", b"x"), ("a/+", b"x"), ("$aws/x", b"x"), ("a", &long)]
        {
            let refused = outgoing.publish(topic, payload).unwrap_err();
            assert!(matches!(refused, PublishError::Unsayable { .. }), "{refused}");
        }
    }
}
