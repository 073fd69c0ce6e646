//! The retained messages of a new subscription: in steps, and no faster than the client reads.

use std::sync::Arc;

use super::Broker;
use super::deliver::Copy;
use crate::session::Replay;

impl Broker {
    /// Begins with one step; the client is not read until the last one is done.
    pub(super) fn replay(&mut self, now_ms: u64, replay: Replay) {
        if let Some(online) = self.online_mut(replay.link) {
            online.replays = online.replays.saturating_add(1);
        }
        self.step_replay(now_ms, replay);
    }

    /// Goes on with one step of the first one; whether any is left.
    pub(super) fn run_replays(&mut self, now_ms: u64) -> bool {
        if let Some(replay) = self.replays.pop_front() {
            self.step_replay(now_ms, replay);
        }
        // Whoever has just subscribed waits for these anyway.
        self.congested = None;
        !self.replays.is_empty()
    }

    fn step_replay(&mut self, now_ms: u64, mut replay: Replay) {
        let link = replay.link;
        if self.session_of(link).is_none() {
            return;
        }
        let steps = self.limits.retained_per_call;
        let step = self.retained.step(&replay.filter, replay.after.as_deref(), steps);
        for id in step.found {
            if self.is_behind(&replay) {
                return self.park(replay);
            }
            let Some(message) = self.pool.get(id).map(Arc::clone) else { continue };
            replay.after = Some(Arc::clone(&message.topic));
            if message.is_expired(now_ms) {
                continue;
            }
            let mut copy = Copy::of(id);
            copy.add(&replay.subscription);
            copy.is_replay = true;
            // The store may have the message as another session's already, or not.
            self.deliver(now_ms, link.slot, &copy, &mut false);
        }
        match step.after {
            Some(after) => {
                replay.after = Some(after);
                self.replays.push_back(replay);
            }
            None => self.end_replay(&replay),
        }
    }

    fn is_behind(&self, replay: &Replay) -> bool {
        self.session_of(replay.link).is_some_and(|session| {
            self.limits.is_congested(session.outbound.len(), session.outbound.bytes())
        })
    }

    /// It goes on once the client has caught up.
    fn park(&mut self, replay: Replay) {
        if let Some(online) = self.online_mut(replay.link) {
            online.behind.get_or_insert_default().parked.push(replay);
        }
    }

    fn end_replay(&mut self, replay: &Replay) {
        let Some(online) = self.online_mut(replay.link) else { return };
        online.replays = online.replays.saturating_sub(1);
        if online.replays == 0 {
            self.mark_dirty(replay.link.slot);
        }
    }
}
