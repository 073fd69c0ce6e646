//! What the page shows, read from the store and put into words.

use std::collections::BTreeSet;

use fleetward_domain::words::{behavior_in_words, value_in_words};
use fleetward_domain::{EpochMs, EventType, Target, VerificationState, Violation, ViolationEvent};
use fleetward_store::{EventFilter, Kind, ViolationFilter};

use crate::ConsoleState;
use crate::error::ConsoleError;
use crate::limits::{EVENTS_SHOWN, VIOLATIONS_SHOWN};

/// One look at the fleet. Two equal ones need not be shown twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Newest first; the oldest first if there are more.
    pub(crate) violations: Vec<Row>,
    /// There are more than are shown.
    pub(crate) has_more: bool,
    /// How many things the shown violations are of.
    pub(crate) things: usize,
    /// Newest first.
    pub(crate) events: Vec<Event>,
    /// What to say where nothing is wrong.
    pub(crate) quiet: Quiet,
    /// For the commands in hints.
    pub(crate) endpoint_url: String,
    /// For the commands in hints.
    pub(crate) all_things_arn: String,
}

/// An open violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) thing: String,
    pub(crate) profile: String,
    pub(crate) behavior: String,
    pub(crate) normal: String,
    pub(crate) value: String,
    pub(crate) since_ms: EpochMs,
    pub(crate) last_ms: EpochMs,
    pub(crate) verification: Verification,
    pub(crate) is_suppressed: bool,
}

/// An operator's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    /// For the stylesheet.
    pub(crate) class: &'static str,
    pub(crate) words: &'static str,
    pub(crate) description: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) class: &'static str,
    pub(crate) words: &'static str,
    pub(crate) thing: String,
    pub(crate) profile: String,
    pub(crate) behavior: String,
    pub(crate) value: Option<String>,
    pub(crate) at_ms: EpochMs,
}

/// Why nothing may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Nobody has said yet what is normal.
    NoProfile,
    /// No profile applies to any thing.
    NoTarget,
    /// So many profiles watch.
    Watched(u64),
}

/// Reads what the page shows.
pub(crate) async fn read(state: &ConsoleState) -> Result<View, ConsoleError> {
    let store = &state.store;
    let limit = VIOLATIONS_SHOWN.saturating_add(1);
    let mut open = store.active_violations(&ViolationFilter::default(), None, limit).await?;
    let has_more = open.len() > VIOLATIONS_SHOWN;
    open.truncate(VIOLATIONS_SHOWN);
    if !has_more {
        // With more, the shown ones are those that opened first, and the page says so.
        open.sort_by_key(|violation| std::cmp::Reverse(violation.started_ms));
    }
    let all_time =
        EventFilter { violations: ViolationFilter::default(), from_ms: 0, to_ms: EpochMs::MAX };
    let events = store.violation_events(&all_time, None, EVENTS_SHOWN).await?;
    let things: BTreeSet<&str> = open.iter().map(|violation| violation.thing.as_str()).collect();
    Ok(View {
        things: things.len(),
        violations: open.iter().map(row).collect(),
        has_more,
        events: events.iter().map(|(_, event)| event_in_words(event)).collect(),
        quiet: quiet(state).await?,
        endpoint_url: state.endpoint_url.clone(),
        all_things_arn: Target::AllThings.arn(&state.place),
    })
}

async fn quiet(state: &ConsoleState) -> Result<Quiet, ConsoleError> {
    let profiles = state.store.count(Kind::SecurityProfile, "").await?;
    if profiles == 0 {
        return Ok(Quiet::NoProfile);
    }
    let targets = state.store.count(Kind::TargetOfProfile, "").await?;
    Ok(if targets == 0 { Quiet::NoTarget } else { Quiet::Watched(profiles) })
}

fn row(violation: &Violation) -> Row {
    Row {
        id: violation.id.clone(),
        thing: violation.thing.to_string(),
        profile: violation.profile.to_string(),
        behavior: violation.behavior.name.to_string(),
        normal: behavior_in_words(&violation.behavior),
        value: value_in_words(&violation.last_value),
        since_ms: violation.started_ms,
        last_ms: violation.last_violation_ms,
        verification: verification(
            violation.verification,
            violation.verification_description.clone(),
        ),
        is_suppressed: violation.behavior.suppress_alerts,
    }
}

fn verification(state: VerificationState, description: Option<String>) -> Verification {
    let (class, words) = match state {
        VerificationState::Unknown => ("unknown", "not reviewed"),
        VerificationState::TruePositive => ("true-positive", "true positive"),
        VerificationState::BenignPositive => ("benign", "benign"),
        VerificationState::FalsePositive => ("false-positive", "false positive"),
    };
    Verification { class, words, description }
}

fn event_in_words(event: &ViolationEvent) -> Event {
    let (class, words) = match event.event_type {
        EventType::InAlarm => ("in-alarm", "in alarm"),
        EventType::AlarmCleared => ("cleared", "cleared"),
        EventType::AlarmInvalidated => ("invalidated", "invalidated"),
    };
    Event {
        class,
        words,
        thing: event.thing.to_string(),
        profile: event.profile.to_string(),
        behavior: event.behavior.name.to_string(),
        value: event.value.as_ref().map(value_in_words),
        at_ms: event.at_ms,
    }
}
