//! One lane a target: what waits for it and what is on its way, both bounded.

use std::collections::{HashMap, HashSet, VecDeque};

use fleetward_store::DueAlert;

use super::delivery::Outcome;
use crate::limits::{SLOTS_FOR_STRANGERS, SLOTS_PER_TARGET, WAITING_PER_TARGET};

#[derive(Default)]
pub(super) struct Lanes {
    by_target: HashMap<String, Lane>,
    /// Rows that wait or are on their way.
    known: HashSet<i64>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<DueAlert>,
    on_the_way: usize,
    /// How many of those are of things that nobody registered.
    strangers_on_the_way: usize,
    is_failing: bool,
}

impl Lane {
    /// Some slots are never taken by what anybody may have made up, so that a registered thing's
    /// alert leaves at once.
    fn has_slot_for_next(&self) -> bool {
        self.on_the_way < SLOTS_PER_TARGET
            && self.waiting.front().is_some_and(|next| {
                !next.is_of_stranger || self.strangers_on_the_way < SLOTS_FOR_STRANGERS
            })
    }
}

impl Lanes {
    /// Queues an alert, those of registered things before all others; gives back what finds its
    /// target's queue full. One that is known already changes nothing.
    pub(super) fn queue(&mut self, due: DueAlert) -> Option<DueAlert> {
        if self.known.contains(&due.id) {
            return None;
        }
        let lane = self.by_target.entry(due.alert.target_arn.clone()).or_default();
        // Names that anybody may have made up give way to a thing that somebody registered.
        let gives_way = |last: &DueAlert| last.is_of_stranger && !due.is_of_stranger;
        let mut surplus = None;
        if lane.waiting.len() >= WAITING_PER_TARGET {
            if !lane.waiting.back().is_some_and(gives_way) {
                return Some(due);
            }
            surplus = lane.waiting.pop_back();
        }
        if let Some(surplus) = &surplus {
            self.known.remove(&surplus.id);
        }
        self.known.insert(due.id);
        let after =
            lane.waiting.partition_point(|other| other.is_of_stranger <= due.is_of_stranger);
        lane.waiting.insert(after, due);
        surplus
    }

    /// An alert that may go now; it has a slot from here on.
    pub(super) fn next(&mut self) -> Option<DueAlert> {
        let lane = self.by_target.values_mut().find(|lane| lane.has_slot_for_next())?;
        lane.on_the_way = lane.on_the_way.saturating_add(1);
        let next = lane.waiting.pop_front()?;
        if next.is_of_stranger {
            lane.strangers_on_the_way = lane.strangers_on_the_way.saturating_add(1);
        }
        Some(next)
    }

    /// Frees the slot of an alert that has ended. True if nothing waits for its target.
    pub(super) fn free(&mut self, due: &DueAlert, outcome: &Outcome) -> bool {
        self.known.remove(&due.id);
        let arn = &due.alert.target_arn;
        let Some(lane) = self.by_target.get_mut(arn) else { return true };
        lane.on_the_way = lane.on_the_way.saturating_sub(1);
        if due.is_of_stranger {
            lane.strangers_on_the_way = lane.strangers_on_the_way.saturating_sub(1);
        }
        match (outcome, lane.is_failing) {
            (Outcome::Delivered, true) => tracing::info!(%arn, "alert target answers again"),
            (Outcome::Failed(reason), false) => {
                tracing::warn!(%arn, %reason, "alert target fails; its alerts are retried");
            }
            _ => {}
        }
        match outcome {
            Outcome::Delivered => lane.is_failing = false,
            Outcome::Failed(_) => lane.is_failing = true,
            Outcome::NoTarget => {}
        }
        let is_idle = lane.waiting.is_empty();
        // A lane that is at rest and well says nothing that an absent one does not.
        if is_idle && lane.on_the_way == 0 && !lane.is_failing {
            self.by_target.remove(arn);
        }
        is_idle
    }
}
