//! Retained messages of the embedded broker, in memory.

use std::time::Duration;

use async_trait::async_trait;
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::types::{Retain, TopicFilter, TopicName};

use crate::limits::RETAINED_MESSAGES;

/// The broker's own in-memory storage, which it leaves to others to switch on, with a bound.
pub(crate) struct Retained(DefaultRetainStorage);

impl Retained {
    pub(crate) fn new() -> Self {
        Self(DefaultRetainStorage::new())
    }
}

#[async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    async fn set(
        &self,
        topic: &TopicName,
        retain: Retain,
        _expiry_interval: Option<Duration>,
    ) -> rmqtt::Result<()> {
        let limit = isize::try_from(RETAINED_MESSAGES).unwrap_or(isize::MAX);
        if !retain.publish.payload.is_empty() && self.0.count().await >= limit {
            tracing::warn!(limit, "a message is not retained: there are too many");
            return Ok(());
        }
        // Retained messages stay until they are replaced; one with an expiry of its own carries
        // it in its properties.
        let expiry = retain
            .publish
            .properties
            .as_ref()
            .and_then(|properties| properties.message_expiry_interval)
            .map(|seconds| Duration::from_secs(u64::from(seconds.get())));
        self.0.set_with_timeout(topic, retain, expiry).await
    }

    async fn get(&self, topic_filter: &TopicFilter) -> rmqtt::Result<Vec<(TopicName, Retain)>> {
        self.0.get_message(topic_filter).await
    }

    async fn count(&self) -> isize {
        self.0.count().await
    }

    async fn max(&self) -> isize {
        self.0.max().await
    }
}
