//! What happens by itself, and what was left for later.

use std::sync::Arc;

use super::Broker;
use crate::deadlines::Due;
use crate::keep::Keep;
use crate::subscriptions::Slot;

impl Broker {
    /// Does a bounded piece of what is due and what was left; whether more can be done at once.
    pub fn tick(&mut self, now_ms: u64) -> bool {
        for _ in 0..self.limits.ends_per_call {
            let Some(due) = self.deadlines.pop(now_ms) else { break };
            match due {
                Due::Will(slot) => self.will_is_due(now_ms, slot),
                Due::Session(slot) => self.session_is_due(now_ms, slot),
                Due::Stall(slot) => self.stall(slot),
                Due::Retained(topic) => self.retained_is_due(topic),
            }
        }
        self.run_fan_outs(now_ms);
        self.run_replays(now_ms);
        self.has_work() || self.next_deadline_ms().is_some_and(|at| at <= now_ms)
    }

    /// Whether [`Self::tick`] has something to do at once, whatever the time.
    pub fn has_work(&self) -> bool {
        !self.fan_outs.is_empty() || !self.replays.is_empty()
    }

    /// When [`Self::tick`] has something to do at the latest, in milliseconds.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.deadlines.next_ms()
    }

    fn will_is_due(&mut self, now_ms: u64, slot: Slot) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if let Some(will) = session.will.take() {
            self.publish_will(now_ms, slot, &will);
        }
    }

    fn session_is_due(&mut self, now_ms: u64, slot: Slot) {
        if let Some(session) = self.sessions.get_mut(slot) {
            // The deadline is out already.
            session.ends_at_ms = None;
            self.end_session(now_ms, slot);
        }
    }

    fn retained_is_due(&mut self, topic: Arc<str>) {
        if self.forget_retained(&topic) {
            self.keep(Keep::Cleared { topic });
        }
    }
}
