//! Windows: sums over stretches of time that are aligned to the epoch and do not overlap.
//!
//! One window is kept for each behavior of a thing. What comes late counts in the current one.

use fleetward_domain::{EpochMs, MetricValue};

use crate::effects::Effects;
use crate::limits::CATCH_UP_WINDOWS;
use crate::plan::feed::{Feed, Observed};
use crate::plan::{Plan, PlannedRule};
use crate::thing_state::{Flags, ThingState};

/// The number, since the epoch, of the window that holds this time.
#[inline]
pub(crate) fn window_at(at_ms: EpochMs, window_ms: EpochMs) -> u32 {
    u32::try_from(at_ms.div_euclid(window_ms.max(1))).unwrap_or_default()
}

/// When a window begins.
#[inline]
pub(crate) fn start_of(window: u32, window_ms: EpochMs) -> EpochMs {
    EpochMs::from(window).saturating_mul(window_ms)
}

impl ThingState {
    /// Whether some window that ends at or before `line_ms` has anything in it. Those of things
    /// that were away are left as they are: they cost nothing.
    pub(crate) fn has_windows_to_close(&self, plan: &Plan, line_ms: EpochMs) -> bool {
        self.rules.iter().zip(&plan.rules).any(|(state, planned)| {
            planned.rule.window_ms.is_some_and(|window_ms| {
                let lived = self.is_connected()
                    || state.sum != 0
                    || state.flags.has(Flags::OF_THE_WINDOW)
                    || self.seen_ms >= start_of(state.window, window_ms);
                lived && state.window < window_at(line_ms, window_ms)
            })
        })
    }

    /// Closes the windows that end at or before `line_ms`, and moves on to those that hold it.
    pub(crate) fn close_windows(&mut self, plan: &Plan, line_ms: EpochMs, effects: &mut Effects) {
        let mut last = (0, 0);
        for (planned, place) in plan.rules.iter().zip(0..) {
            let Some(window_ms) = planned.rule.window_ms else { continue };
            // Most windows of a profile have the same length: divide once.
            if last.0 != window_ms {
                last = (window_ms, window_at(line_ms, window_ms));
            }
            let reached = last.1;
            let Some(state) = self.rules.get(place as usize) else { continue };
            if state.window < reached {
                self.close(planned, place, window_ms, reached, effects);
            }
        }
    }

    /// Adds to the current window; judges it at once if it crossed an upper bound.
    #[inline]
    pub(crate) fn add_to_window(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        growth: u64,
        at_ms: EpochMs,
        effects: &mut Effects,
    ) {
        let Some(state) = self.rules.get_mut(place as usize) else { return };
        state.sum = state.sum.saturating_add(growth);
        state.flags.set(Flags::FED);
        if state.flags.has(Flags::JUDGED) || !planned.rule.check.is_upper_bound() {
            return;
        }
        let sum = state.sum;
        if planned.rule.check.conforms(Observed::Count(sum)) == Some(false) {
            state.flags.set(Flags::JUDGED);
            self.datapoint_ms = self.datapoint_ms.max(at_ms);
            self.judge(planned, place, at_ms, false, || MetricValue::Count(sum), effects);
        }
    }

    /// Closes the current window of a rule and those up to `reached`.
    fn close(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        window_ms: EpochMs,
        reached: u32,
        effects: &mut Effects,
    ) {
        self.close_current(planned, place, window_ms, effects);
        // A connected thing that says nothing goes through windows of zero. All others have
        // nothing more to be judged: any sign of them would have closed the window before.
        if self.is_connected() && matches!(planned.rule.feed, Feed::Activity(_)) {
            let first = reached.saturating_sub(CATCH_UP_WINDOWS);
            while let Some(state) = self.rules.get_mut(place as usize) {
                state.window = state.window.max(first);
                if state.window >= reached {
                    break;
                }
                self.close_current(planned, place, window_ms, effects);
            }
        }
        if let Some(state) = self.rules.get_mut(place as usize) {
            state.window = reached;
        }
    }

    /// Judges the current window as it stands, and goes on to the one after it.
    fn close_current(
        &mut self,
        planned: &PlannedRule,
        place: u32,
        window_ms: EpochMs,
        effects: &mut Effects,
    ) {
        let Some(&closing) = self.rules.get(place as usize) else { return };
        let present = match planned.rule.feed {
            Feed::Activity(_) => {
                self.is_connected()
                    || self.seen_ms >= start_of(closing.window, window_ms)
                    || closing.flags.has(Flags::FED)
            }
            // Without a report that carries it, nobody knows the counter: that is not zero.
            _ => closing.flags.has(Flags::FED),
        };
        if let Some(state) = self.rules.get_mut(place as usize) {
            state.sum = 0;
            state.flags.next_window();
            state.window = state.window.saturating_add(1);
        }
        if !present || closing.flags.has(Flags::JUDGED) || closing.flags.has(Flags::PARTIAL) {
            return;
        }
        let Some(conforms) = planned.rule.check.conforms(Observed::Count(closing.sum)) else {
            return;
        };
        let end_ms = start_of(closing.window.saturating_add(1), window_ms);
        self.datapoint_ms = self.datapoint_ms.max(end_ms);
        self.judge(planned, place, end_ms, conforms, || MetricValue::Count(closing.sum), effects);
    }
}
