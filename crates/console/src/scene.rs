//! A small fleet in a memory store, for the tests.

use std::sync::Arc;

use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, Effects, EpochMs, EventType,
    Judgement, Metric, MetricValue, Place, ProfileName, Severity, ThingName, VerificationState,
    Violation, ViolationEvent,
};
use fleetward_environment::Clock;
use fleetward_store::memory::MemoryStore;
use fleetward_store::{DetectionTx, Kind, Store, Tx};
use tokio::sync::watch;

use crate::ConsoleState;

pub(crate) const AT_MS: EpochMs = 1_700_000_000_000;

/// A console's state over an empty store, and what closes it.
pub(crate) fn state() -> (ConsoleState, watch::Sender<bool>) {
    let (close, closing) = watch::channel(false);
    let state = ConsoleState {
        store: Arc::new(MemoryStore::new()),
        allowed: true,
        endpoint_url: "http://127.0.0.1:8470".into(),
        place: Place { account: "123456789012".into(), region: "us-east-1".into() },
        clock: Clock::system(),
        closing,
    };
    (state, close)
}

pub(crate) fn behavior() -> Behavior {
    let allowed = MetricValue::Ports(vec![22, 8883]);
    let comparison = Comparison::new(ComparisonOperator::InPortSet, allowed).unwrap();
    Behavior {
        name: BehaviorName::parse("known-ports").unwrap(),
        metric: Some(Metric::ListeningTcpPorts),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Static(comparison),
            duration_seconds: None,
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        suppress_alerts: false,
        export_metric: None,
    }
}

pub(crate) fn violation(thing: &str, value: MetricValue) -> Violation {
    Violation {
        id: format!("id of {thing}"),
        thing: ThingName::parse(thing).unwrap(),
        profile: ProfileName::parse("lamps").unwrap(),
        behavior: behavior(),
        severity: Severity::Medium,
        last_value: value,
        last_violation_ms: AT_MS + 60_000,
        started_ms: AT_MS,
        verification: VerificationState::Unknown,
        verification_description: None,
    }
}

/// The event that opened it.
pub(crate) fn opening(violation: &Violation) -> ViolationEvent {
    ViolationEvent {
        violation_id: violation.id.clone(),
        thing: violation.thing.clone(),
        profile: violation.profile.clone(),
        behavior: violation.behavior.clone(),
        severity: Severity::Medium,
        value: Some(violation.last_value.clone()),
        event_type: EventType::InAlarm,
        at_ms: violation.started_ms,
        verification: violation.verification,
        verification_description: violation.verification_description.clone(),
    }
}

/// Opens violations.
pub(crate) async fn open(store: &dyn Store, violations: Vec<Violation>) {
    let events = violations.iter().map(opening).collect();
    let tx = DetectionTx::from(Effects { violations, events, ..Effects::default() });
    store.commit_detection(tx).await.unwrap();
}

/// Puts a document that is only counted.
pub(crate) async fn put(store: &dyn Store, kind: Kind, key: &str) {
    let puts = vec![(kind, key.to_owned(), b"{}".to_vec())];
    store.commit(Tx { puts, ..Tx::default() }).await.unwrap();
}
