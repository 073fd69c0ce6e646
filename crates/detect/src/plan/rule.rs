//! A behavior made ready to judge.

use std::sync::Arc;

use fleetward_domain::{Behavior, EpochMs, Judgement};

use crate::plan::check::Check;
use crate::plan::feed::Feed;
use crate::settings::Settings;
use crate::thing_state::RuleState;
use crate::window::window_at;

/// A behavior made ready to judge: what every report needs stands together, the rest is shared.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// As it stands in the profile.
    pub(crate) behavior: Arc<Behavior>,
    pub(crate) feed: Feed,
    pub(crate) check: Check,
    /// The length of its windows; none for what is judged as it comes.
    pub(crate) window_ms: Option<EpochMs>,
    pub(crate) to_alarm: u8,
    pub(crate) to_clear: u8,
}

impl Rule {
    /// None for a behavior that only retains, or whose metric cannot be judged yet.
    pub(crate) fn new(behavior: &Behavior, settings: &Settings) -> Option<Self> {
        let criteria = behavior.criteria.as_ref()?;
        let Judgement::Static(comparison) = &criteria.judgement;
        let feed = Feed::new(behavior.metric.as_ref()?, behavior.dimension.as_ref())?;
        let window_ms = feed.is_sum().then(|| settings.window_ms(criteria.duration_seconds));
        Some(Self {
            behavior: Arc::new(behavior.clone()),
            check: Check::new(comparison),
            window_ms,
            feed,
            to_alarm: criteria.to_alarm().max(1),
            to_clear: criteria.to_clear().max(1),
        })
    }

    /// The state of a thing that was never seen before `line_ms`.
    pub(crate) fn first_state(&self, line_ms: EpochMs) -> RuleState {
        let window = self.window_ms.map_or(0, |window_ms| window_at(line_ms, window_ms));
        RuleState { window, ..RuleState::default() }
    }
}
