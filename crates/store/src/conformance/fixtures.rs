//! Values to store.

use fleetward_domain::{
    Alert, Behavior, BehaviorName, Change, DimensionName, Effects, EpochMs, EventType, MetricValue,
    Notification, ProfileName, Severity, ThingName, VerificationState, Violation, ViolationEvent,
};

use crate::{DetectionTx, EventFilter, Store, Tx, Verification, ViolationFilter};

/// What tells the violations of these tests apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) thing: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) suppressed: bool,
}

pub(crate) const CASE: Case =
    Case { id: "violation", thing: "lamp", profile: "lamps", suppressed: false };

pub(crate) fn behavior(suppressed: bool) -> Behavior {
    Behavior {
        name: BehaviorName::parse("bytes-out").unwrap(),
        metric: None,
        dimension: None,
        criteria: None,
        suppress_alerts: suppressed,
        export_metric: None,
    }
}

pub(crate) fn violation(case: Case, last_violation_ms: EpochMs) -> Violation {
    Violation {
        id: case.id.to_owned(),
        thing: ThingName::parse(case.thing).unwrap(),
        profile: ProfileName::parse(case.profile).unwrap(),
        behavior: behavior(case.suppressed),
        severity: Severity::of_metric(behavior(case.suppressed).metric.as_ref()),
        last_value: MetricValue::Number(0.1),
        last_violation_ms,
        started_ms: 1,
        verification: VerificationState::Unknown,
        verification_description: None,
    }
}

pub(crate) fn event(case: Case, event_type: EventType, at_ms: EpochMs) -> ViolationEvent {
    ViolationEvent {
        violation_id: case.id.to_owned(),
        thing: ThingName::parse(case.thing).unwrap(),
        profile: ProfileName::parse(case.profile).unwrap(),
        behavior: behavior(case.suppressed),
        severity: Severity::of_metric(behavior(case.suppressed).metric.as_ref()),
        value: Some(MetricValue::Count(7)),
        event_type,
        at_ms,
        verification: VerificationState::Unknown,
        verification_description: None,
    }
}

pub(crate) fn alert(case: Case, target: &str, event_type: EventType, at_ms: EpochMs) -> Alert {
    let notification = Notification::Violation(event(case, event_type, at_ms));
    Alert { target_arn: target.to_owned(), notification }
}

/// Enqueues alerts, and opens and ends the violations that they tell of.
pub(crate) fn alerts(alerts: Vec<Alert>) -> DetectionTx {
    let (mut violations, mut closed) = (Vec::new(), Vec::new());
    for Alert { notification: Notification::Violation(event), .. } in &alerts {
        let case = Case { id: "", ..CASE };
        match event.event_type {
            EventType::InAlarm => violations.push(Violation {
                id: event.violation_id.clone(),
                thing: event.thing.clone(),
                ..violation(case, event.at_ms)
            }),
            _ => closed.push(event.violation_id.clone()),
        }
    }
    DetectionTx::from(Effects { violations, closed, alerts, ..Effects::default() })
}

pub(crate) fn change(name: &str) -> Change {
    Change::Dimension(DimensionName::parse(name).unwrap())
}

/// All events there are.
pub(crate) fn always() -> EventFilter {
    EventFilter { violations: ViolationFilter::default(), from_ms: i64::MIN, to_ms: i64::MAX }
}

/// An operator's word on a violation; false where the store knows none of this id.
pub(super) async fn verify(
    store: &dyn Store,
    violation_id: &str,
    state: VerificationState,
    description: Option<String>,
) -> bool {
    let known = store.knows_violation(violation_id).await.unwrap();
    let violation_id = violation_id.to_owned();
    let verifications = vec![Verification { violation_id, state, description }];
    store.commit(Tx { verifications, ..Tx::default() }).await.unwrap();
    known
}
