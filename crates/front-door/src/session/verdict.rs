//! What is known of topics: whether something may be done with one, and how it is counted.

use std::collections::HashMap;

use fleetward_policy::actions::IotAction;

use super::access::Access;
use crate::limits::REMEMBERED_TOPICS;
use crate::meter::{MeterPlan, TopicSet};

/// What is known of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    /// Whether the action is allowed.
    pub(super) is_allowed: bool,
    /// The dimensions that the topic is in.
    pub(super) set: TopicSet,
}

/// Decisions about topics, remembered: a device speaks of few of them, often.
pub(super) struct Remembered {
    action: IotAction,
    /// Of which rights and dimensions the decisions are.
    generation: u64,
    topics: HashMap<Box<str>, Verdict>,
}

impl Remembered {
    pub(super) fn new(action: IotAction) -> Self {
        Self { action, generation: 0, topics: HashMap::new() }
    }

    pub(super) fn verdict(
        &mut self,
        generation: u64,
        topic: &str,
        access: &mut Access,
        plan: &MeterPlan,
    ) -> Verdict {
        if self.generation != generation {
            self.generation = generation;
            self.topics.clear();
        }
        if let Some(verdict) = self.topics.get(topic) {
            return *verdict;
        }
        let is_allowed = access.allows(self.action, topic);
        let verdict = Verdict { is_allowed, set: plan.set_of(topic) };
        // Whoever speaks of ever new topics pays for it with its own decisions, not with memory.
        if self.topics.len() >= REMEMBERED_TOPICS {
            self.topics.clear();
        }
        self.topics.insert(topic.into(), verdict);
        verdict
    }
}
