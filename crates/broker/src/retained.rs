//! Retained messages, in the order of their topics: whoever subscribes goes through them in steps
//! and needs no more than the last topic seen to go on.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use fleetward_mqtt::topic::matches;

use crate::message::MessageId;

/// A retained message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) message: MessageId,
    pub(crate) bytes: usize,
    /// Whose it is; zero for the server's own.
    pub(crate) principal: u64,
}

/// The retained message of each topic.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    topics: BTreeMap<Arc<str>, Entry>,
    bytes: usize,
}

/// What one step over the topics found.
pub(crate) struct Step {
    pub(crate) found: Vec<MessageId>,
    /// Where the next step begins; `None` at the end.
    pub(crate) after: Option<Arc<str>>,
}

impl Retained {
    pub(crate) fn get(&self, topic: &str) -> Option<Entry> {
        self.topics.get(topic).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.topics.len()
    }

    /// What all of them cost, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts the entry in the place of the one that is returned.
    pub(crate) fn put(&mut self, topic: Arc<str>, entry: Entry) -> Option<Entry> {
        self.bytes += entry.bytes;
        let old = self.topics.insert(topic, entry);
        self.bytes -= old.map_or(0, |old| old.bytes);
        old
    }

    pub(crate) fn remove(&mut self, topic: &str) -> Option<Entry> {
        let old = self.topics.remove(topic)?;
        self.bytes -= old.bytes;
        Some(old)
    }

    /// Looks at up to `steps` topics behind `after` for those that the filter matches.
    pub(crate) fn step(&self, filter: &str, after: Option<&str>, steps: usize) -> Step {
        if !filter.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
            let found = self.get(filter).map(|entry| entry.message);
            return Step { found: found.into_iter().collect(), after: None };
        }
        // Only topics that begin as the filter does before its first wildcard can match; `a/#`
        // matches `a` too.
        let wild = filter.find(['+', '#']).unwrap_or(filter.len());
        let prefix = filter.get(..wild).unwrap_or_default();
        let prefix = prefix.strip_suffix('/').filter(|_| filter.ends_with("/#")).unwrap_or(prefix);
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let mut step = Step { found: Vec::new(), after: None };
        for (at, (topic, entry)) in (1..).zip(self.topics.range::<str, _>((from, Bound::Unbounded)))
        {
            if !topic.starts_with(prefix) {
                return step;
            }
            if matches(filter, topic) {
                step.found.push(entry.message);
            }
            if at == steps {
                step.after = Some(Arc::clone(topic));
                return step;
            }
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Pool};
    use fleetward_mqtt::QoS;

    fn retained(topics: &[&str]) -> (Retained, Pool) {
        let (mut all, mut pool) = (Retained::default(), Pool::default());
        for topic in topics {
            let topic: Arc<str> = (*topic).into();
            let message = pool.insert(Arc::new(Message {
                number: 1,
                topic: Arc::clone(&topic),
                qos: QoS::AtMostOnce,
                retain: true,
                expires_at_ms: None,
                properties_bytes: 0,
                content: Box::default(),
            }));
            all.put(topic, Entry { message, bytes: 10, principal: 1 });
        }
        (all, pool)
    }

    fn found(all: &Retained, pool: &Pool, filter: &str, steps: usize) -> Vec<String> {
        let (mut topics, mut after) = (Vec::new(), None);
        loop {
            let step = all.step(filter, after.as_deref(), steps);
            let names = step.found.iter().map(|id| pool.get(*id).unwrap().topic.to_string());
            topics.extend(names);
            after = step.after;
            if after.is_none() {
                return topics;
            }
        }
    }

    #[test]
    fn a_filter_finds_the_same_in_steps_of_any_size() {
        let topics = ["a", "a-b", "a/b", "a/b/c", "a/c", "b", "$s/a", "/a"];
        let (all, pool) = retained(&topics);
        for filter in ["#", "a/#", "+/b", "a/+", "a", "+", "$s/#", "/+", "+/+/c", "x/#"] {
            let mut expected: Vec<_> =
                topics.into_iter().filter(|topic| matches(filter, topic)).collect();
            expected.sort_unstable();
            for steps in [1, 2, 3, 100] {
                assert_eq!(found(&all, &pool, filter, steps), expected, "{filter} by {steps}");
            }
        }
    }

    #[test]
    fn bytes_are_those_of_the_newest_of_each_topic() {
        let (mut all, _pool) = retained(&["a", "b", "a"]);
        assert_eq!((all.len(), all.bytes()), (2, 20));
        assert!(all.remove("a").is_some() && all.remove("a").is_none());
        assert_eq!((all.len(), all.bytes()), (1, 10));
    }
}
