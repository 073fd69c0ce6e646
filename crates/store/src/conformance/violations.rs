use fleetward_domain::{
    Comparison, ComparisonOperator, Criteria, CriteriaType, Effects, EventType, Judgement,
    MetricValue, Percentile, ProfileName, ThingName, VerificationState,
};

use super::fixtures::{CASE, Case, always, event, verify, violation};
use super::on_each;
use crate::{DetectionTx, EventFilter, Store, ViolationFilter};

const CASES: [Case; 4] = [
    Case { id: "1", thing: "b", profile: "p", suppressed: false },
    Case { id: "2", thing: "a", profile: "p", suppressed: true },
    Case { id: "3", thing: "a", profile: "q", suppressed: false },
    Case { id: "4", thing: "c", profile: "q", suppressed: true },
];

async fn open(store: &dyn Store, cases: &[Case]) {
    let violations = cases.iter().map(|case| violation(*case, 10)).collect();
    let events = cases.iter().zip(10..).map(|(case, at)| event(*case, EventType::InAlarm, at));
    let tx =
        DetectionTx::from(Effects { violations, events: events.collect(), ..Effects::default() });
    store.commit_detection(tx).await.unwrap();
}

async fn close(store: &dyn Store, case: Case, at_ms: i64) {
    let events = vec![event(case, EventType::AlarmCleared, at_ms)];
    let closed = vec![case.id.to_owned()];
    let tx = DetectionTx::from(Effects { events, closed, ..Effects::default() });
    store.commit_detection(tx).await.unwrap();
}

async fn active(store: &dyn Store, filter: &ViolationFilter) -> Vec<String> {
    let found = store.active_violations(filter, None, 9).await.unwrap();
    found.into_iter().map(|violation| violation.id).collect()
}

async fn event_ids(store: &dyn Store, filter: &EventFilter) -> Vec<String> {
    let found = store.violation_events(filter, None, 9).await.unwrap();
    found.into_iter().map(|(_, event)| event.violation_id).collect()
}

fn filters() -> [(ViolationFilter, &'static [&'static str]); 6] {
    let all = ViolationFilter::default();
    let thing = Some(ThingName::parse("a").unwrap());
    let profile = Some(ProfileName::parse("q").unwrap());
    let verification = Some(VerificationState::Unknown);
    [
        (all.clone(), &["1", "2", "3", "4"]),
        (ViolationFilter { thing: thing.clone(), ..all.clone() }, &["2", "3"]),
        (ViolationFilter { profile: profile.clone(), ..all.clone() }, &["3", "4"]),
        (ViolationFilter { suppressed: Some(true), ..all.clone() }, &["2", "4"]),
        (ViolationFilter { verification, suppressed: Some(false), ..all.clone() }, &["1", "3"]),
        (ViolationFilter { thing, profile, suppressed: Some(true), verification, ..all }, &[]),
    ]
}

#[tokio::test]
async fn violations_and_events_are_found_by_the_kind_of_their_criteria() {
    let comparison = Comparison::new(ComparisonOperator::LessThan, MetricValue::Count(1)).unwrap();
    let (operator, statistic) = (ComparisonOperator::LessThan, Percentile::parse("p90").unwrap());
    let judgements =
        [Judgement::Static(comparison), Judgement::Statistical { operator, statistic }];
    on_each(async |store| {
        let mut effects = Effects::default();
        for (case, judgement) in CASES.into_iter().zip(&judgements) {
            let (mut open, mut begun) = (violation(case, 10), event(case, EventType::InAlarm, 10));
            let criteria = Some(Criteria {
                judgement: judgement.clone(),
                duration_seconds: Some(300),
                datapoints_to_alarm: None,
                datapoints_to_clear: None,
            });
            open.behavior.criteria.clone_from(&criteria);
            begun.behavior.criteria = criteria;
            effects.violations.push(open);
            effects.events.push(begun);
        }
        // Of no kind: it only has a name.
        effects.violations.push(violation(CASES[2], 10));
        effects.events.push(event(CASES[2], EventType::InAlarm, 10));
        store.commit_detection(DetectionTx::from(effects)).await.unwrap();
        for (criteria, expected) in [
            (CriteriaType::Static, &["1"][..]),
            (CriteriaType::Statistical, &["2"]),
            (CriteriaType::MachineLearning, &[]),
        ] {
            let filter = ViolationFilter { criteria: Some(criteria), ..ViolationFilter::default() };
            assert_eq!(active(store, &filter).await, expected, "{criteria:?}");
            let filter = EventFilter { violations: filter, ..always() };
            assert_eq!(event_ids(store, &filter).await, expected, "{criteria:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn open_violations_are_found_by_what_is_asked_in_the_order_they_opened() {
    on_each(async |store| {
        open(store, &CASES).await;
        for (filter, expected) in filters() {
            assert_eq!(active(store, &filter).await, expected, "{filter:?}");
        }
        let all = ViolationFilter::default();
        let page = store.active_violations(&all, None, 3).await.unwrap();
        let last = page.last().map(|last| last.id.clone());
        assert_eq!(page.len(), 3);
        let rest = store.active_violations(&all, last, 3).await.unwrap();
        assert_eq!(rest, [violation(CASES[3], 10)]);
        close(store, CASES[3], 50).await;
        assert_eq!(active(store, &all).await, ["1", "2", "3"]);
    })
    .await;
}

#[tokio::test]
async fn events_are_found_by_what_is_asked_newest_first() {
    on_each(async |store| {
        open(store, &CASES).await;
        for (filter, expected) in filters() {
            let mut expected = expected.to_vec();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let filter = EventFilter { violations: filter, ..always() };
            assert_eq!(event_ids(store, &filter).await, expected, "{filter:?}");
        }
        let ranged = |from_ms, to_ms| EventFilter { from_ms, to_ms, ..always() };
        assert_eq!(event_ids(store, &ranged(11, 12)).await, ["3", "2"]);
        assert!(event_ids(store, &ranged(12, 11)).await.is_empty());
        let page = store.violation_events(&always(), None, 3).await.unwrap();
        let rest = store.violation_events(&always(), Some(page[2].0), 3).await.unwrap();
        assert_eq!(rest[0].1, event(CASES[0], EventType::InAlarm, 10));
        assert_eq!(rest.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn events_of_one_time_keep_their_order_over_pages() {
    on_each(async |store| {
        for case in CASES {
            let events = vec![event(case, EventType::InAlarm, 10)];
            let tx = DetectionTx::from(Effects { events, ..Effects::default() });
            store.commit_detection(tx).await.unwrap();
        }
        let mut ids = Vec::new();
        let mut after = None;
        loop {
            let page = store.violation_events(&always(), after, 1).await.unwrap();
            let Some((cursor, event)) = page.into_iter().next() else { break };
            ids.push(event.violation_id);
            after = Some(cursor);
        }
        assert_eq!(ids, ["4", "3", "2", "1"]);
    })
    .await;
}

#[tokio::test]
async fn an_event_is_stored_once() {
    on_each(async |store| {
        open(store, &[CASE]).await;
        let newest = store.newest_event();
        let again = event(CASE, EventType::InAlarm, 99);
        let tx = DetectionTx::from(Effects { events: vec![again], ..Effects::default() });
        store.commit_detection(tx).await.unwrap();
        assert!(newest.has_changed().unwrap());
        let found = store.violation_events(&always(), None, 9).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, event(CASE, EventType::InAlarm, 10));
    })
    .await;
}

#[tokio::test]
async fn an_operators_word_stays_with_the_violation_and_all_its_events() {
    on_each(async |store| {
        let (word, why) = (VerificationState::FalsePositive, Some("a test".to_owned()));
        assert!(!verify(store, "violation", word, None).await);
        open(store, &[CASE]).await;
        let newest = store.newest_event();
        assert!(verify(store, "violation", word, why.clone()).await);
        assert!(newest.has_changed().unwrap());
        let update = DetectionTx::from(Effects {
            violations: vec![violation(CASE, 20)],
            ..Effects::default()
        });
        store.commit_detection(update).await.unwrap();
        let filter = ViolationFilter { verification: Some(word), ..ViolationFilter::default() };
        let found = store.active_violations(&filter, None, 9).await.unwrap();
        let mut expected = violation(CASE, 20);
        expected.verification = word;
        expected.verification_description.clone_from(&why);
        assert_eq!(found, [expected]);
        close(store, CASE, 30).await;
        let by_word = EventFilter { violations: filter, ..always() };
        let found = store.violation_events(&by_word, None, 9).await.unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, event)| event.verification_description == why));
        // It may change its mind, also when the violation is over.
        let word = VerificationState::TruePositive;
        assert!(verify(store, "violation", word, None).await);
        let found = store.violation_events(&always(), None, 9).await.unwrap();
        assert!(found.iter().all(|(_, event)| event.verification == word));
        let late = vec![event(CASE, EventType::AlarmInvalidated, 40)];
        let tx = DetectionTx::from(Effects { events: late, ..Effects::default() });
        store.commit_detection(tx).await.unwrap();
        let found = store.violation_events(&always(), None, 1).await.unwrap();
        assert_eq!(found[0].1.verification, word);
    })
    .await;
}

#[tokio::test]
async fn old_events_expire_and_open_violations_do_not() {
    on_each(async |store| {
        open(store, &CASES).await;
        assert_eq!(store.expire_events(12).await.unwrap(), 2);
        assert_eq!(store.expire_events(12).await.unwrap(), 0);
        assert_eq!(event_ids(store, &always()).await, ["4", "3"]);
        assert_eq!(active(store, &ViolationFilter::default()).await.len(), 4);
    })
    .await;
}
