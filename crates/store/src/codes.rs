//! The numbers of words in files, as [`Kind::code`](crate::Kind::code) is that of a kind: they
//! never change and are never given to another.

use fleetward_domain::{CriteriaType, EventType, Severity, VerificationState};

/// An alert that waits, the oldest of its lane and target.
pub(crate) const ALERT_HEAD: u8 = 0;
/// An alert that waits for those before it.
pub(crate) const ALERT_BEHIND: u8 = 1;
/// An alert that was delivered.
pub(crate) const ALERT_DELIVERED: u8 = 2;
/// An alert that was given up.
pub(crate) const ALERT_DEAD: u8 = 3;
/// An alert that is held back for a while.
pub(crate) const ALERT_HELD: u8 = 4;

/// The number of a kind of criteria, or of having none.
pub(crate) fn of_criteria(criteria: Option<CriteriaType>) -> u8 {
    match criteria {
        None => 0,
        Some(CriteriaType::Static) => 1,
        Some(CriteriaType::Statistical) => 2,
        Some(CriteriaType::MachineLearning) => 3,
    }
}

/// The number of a type of event.
pub(crate) fn of_event(event_type: EventType) -> u8 {
    match event_type {
        EventType::InAlarm => 1,
        EventType::AlarmCleared => 2,
        EventType::AlarmInvalidated => 3,
    }
}

/// The type of event of this number; none where this release knows none of it.
pub(crate) fn event(code: u8) -> Option<EventType> {
    let all = [EventType::InAlarm, EventType::AlarmCleared, EventType::AlarmInvalidated];
    all.into_iter().find(|known| of_event(*known) == code)
}

/// The number of a severity.
pub(crate) fn of_severity(severity: Severity) -> u8 {
    match severity {
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

/// The severity of this number; none where this release knows none of it.
pub(crate) fn severity(code: u8) -> Option<Severity> {
    Severity::ALL.into_iter().find(|known| of_severity(*known) == code)
}

/// The number of an operator's word.
pub(crate) fn of_verification(state: VerificationState) -> u8 {
    match state {
        VerificationState::Unknown => 0,
        VerificationState::FalsePositive => 1,
        VerificationState::BenignPositive => 2,
        VerificationState::TruePositive => 3,
    }
}

/// The operator's word of this number; none where this release knows none of it.
pub(crate) fn verification(code: u8) -> Option<VerificationState> {
    Some(match code {
        0 => VerificationState::Unknown,
        1 => VerificationState::FalsePositive,
        2 => VerificationState::BenignPositive,
        3 => VerificationState::TruePositive,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_the_first_release_gave() {
        use EventType::{AlarmCleared, AlarmInvalidated, InAlarm};
        assert_eq!([InAlarm, AlarmCleared, AlarmInvalidated].map(of_event), [1, 2, 3]);
        assert_eq!([ALERT_HEAD, ALERT_BEHIND, ALERT_DELIVERED, ALERT_DEAD], [0, 1, 2, 3]);
        assert_eq!(ALERT_HELD, 4, "of the release that brought level 3");
        let words = [
            VerificationState::Unknown,
            VerificationState::FalsePositive,
            VerificationState::BenignPositive,
            VerificationState::TruePositive,
        ];
        for (word, code) in words.into_iter().zip(0..) {
            assert_eq!((of_verification(word), verification(code)), (code, Some(word)));
        }
        assert_eq!(verification(4), None);
        let kinds =
            [CriteriaType::Static, CriteriaType::Statistical, CriteriaType::MachineLearning];
        assert_eq!(kinds.map(|kind| of_criteria(Some(kind))), [1, 2, 3]);
        assert_eq!(of_criteria(None), 0);
        assert_eq!(
            [1, 2, 3, 4].map(event),
            [Some(InAlarm), Some(AlarmCleared), Some(AlarmInvalidated), None]
        );
        assert_eq!(Severity::ALL.map(of_severity), [1, 2, 3, 4]);
        assert_eq!([severity(0), severity(4), severity(5)], [None, Some(Severity::Critical), None]);
    }
}
