//! How often who may report, and what comes again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use fleetward_mqtt::QoS;
use fleetward_mqtt::packet::AnswerKind;
use serde_json::json;

use crate::client::{Client, Version};
use crate::reports::{agent, report, submit, topic};
use crate::stack::{ALLOW_ALL, Stack, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_that_reports_too_often_is_throttled_and_goes_on() {
    let stack = Stack::start_with(|settings| settings.reports.burst = 5).await;
    let mut pump = agent(&stack, Version::V5, "pump", "json").await;
    for id in 1..=5 {
        assert_eq!(submit(&mut pump, "pump", &report(id), 1).await["status"], "ACCEPTED");
    }
    let answer = submit(&mut pump, "pump", &report(6), 1).await;
    assert_eq!((&answer["status"], &answer["reportId"]), (&json!("REJECTED"), &json!(6)));
    assert_eq!(answer["statusDetails"]["ErrorCode"], "Throttled");
    let message = answer["statusDetails"]["ErrorMessage"].as_str().unwrap();
    assert!(message.contains("burst of 5") && message.contains("reports.rate"), "{message}");
    // Garbage is no way around.
    let garbage = submit(&mut pump, "pump", &json!({}), 1).await;
    assert_eq!(garbage["statusDetails"]["ErrorCode"], "Throttled");
    // Another thing is not the worse for it.
    let mut valve = agent(&stack, Version::V5, "valve", "json").await;
    assert_eq!(submit(&mut valve, "valve", &report(1), 1).await["status"], "ACCEPTED");
    assert_eq!(stack.log.reports("pump").len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_again_is_acknowledged_again_logged_once_and_owes_nothing() {
    let stack = Stack::start_with(|settings| settings.reports.burst = 2).await;
    let mut pump = agent(&stack, Version::V311, "pump", "json").await;
    for _ in 0..20 {
        assert_eq!(submit(&mut pump, "pump", &report(1), 7).await["status"], "ACCEPTED");
    }
    assert_eq!(stack.log.reports("pump").len(), 1);
    // The same id with other content is another report.
    let mut other = report(1);
    other["metrics"]["listening_tcp_ports"]["ports"] = json!([{"port": 23}]);
    assert_eq!(submit(&mut pump, "pump", &other, 7).await["status"], "ACCEPTED");
    assert_eq!(stack.log.reports("pump").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_not_logged_is_logged_when_it_comes_again() {
    let stack = Stack::start_with(|settings| settings.reports.burst = 1).await;
    let mut pump = agent(&stack, Version::V311, "pump", "json").await;
    stack.log.fails.store(true, Ordering::SeqCst);
    let (at, payload) = (topic("pump", "json"), report(1).to_string());
    pump.publish(&at, payload.as_bytes(), QoS::AtLeastOnce, 1).await;
    assert!(pump.closes().await);
    stack.log.fails.store(false, Ordering::SeqCst);
    let mut pump = agent(&stack, Version::V311, "pump", "json").await;
    assert_eq!(submit(&mut pump, "pump", &report(1), 1).await["status"], "ACCEPTED");
    assert_eq!(stack.log.reports("pump").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_names_leave_the_rate_of_whom_they_name_alone() {
    let stack = Stack::start_with(|settings| settings.reports.burst = 3).await;
    stack.policy("all", ALLOW_ALL).await;
    let leaf = stack.device("rogue", &["rogue"], &["all"]).await;
    let ca = &stack.ca.der;
    let rogue = Client::secure(stack.secure(), Version::V5, ca, Some(leaf), &[]).await.unwrap();
    let mut rogue = rogue.connected("rogue").await;
    for id in 1..=10 {
        let payload = report(id).to_string();
        rogue.publish(&topic("pump", "json"), payload.as_bytes(), QoS::AtLeastOnce, 1).await;
        rogue.acknowledged(AnswerKind::Puback, 1).await;
    }
    assert_eq!(stack.log.reports("pump").len(), 3);
    let mut pump = stack.client(Version::V5, "pump").await;
    let payload = report(11).to_string();
    pump.publish(&topic("pump", "json"), payload.as_bytes(), QoS::AtLeastOnce, 1).await;
    pump.acknowledged(AnswerKind::Puback, 1).await;
    assert_eq!(stack.log.reports("pump").last().unwrap().report_id, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_no_answer_has_its_reports_logged_and_holds_no_window_open() {
    let awaited = fleetward_front_door::Awaited::default();
    let stack = Stack::start_with(|settings| {
        settings.awaited = awaited.clone();
        settings.reports.rate_per_second = 0.0;
    })
    .await;
    let mut deaf = stack.client(Version::V311, "deaf").await;
    // Acknowledgements and answers that it does not read fill every buffer on the way.
    let accepted = format!("{}/accepted", topic("deaf", "json"));
    deaf.subscribe(&[(&accepted, QoS::AtMostOnce)]).await;
    let flood = async {
        for id in 0..200_000 {
            let payload = report(id).to_string();
            deaf.publish(&topic("deaf", "json"), payload.as_bytes(), QoS::AtLeastOnce, 1).await;
        }
    };
    let watched = async {
        eventually("a flood", || stack.log.reports("deaf").len() > 200).await;
        for _ in 0..3 {
            let now_ms = fleetward_environment::Clock::system().now_ms();
            awaited.until(Some(now_ms));
            eventually("a watermark", || stack.log.watermark_ms() >= Some(now_ms)).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = flood => panic!("nothing held the flood up"),
        () = watched => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_metric_that_nobody_registered_is_taken_and_counted() {
    let stack = Stack::start().await;
    let mut pump = agent(&stack, Version::V311, "pump", "json").await;
    let reports = async {
        for id in 1..50 {
            let mut odd = report(id);
            odd["custom_metrics"] = json!({"fan": [{"number": 7}]});
            assert_eq!(submit(&mut pump, "pump", &odd, 1).await["status"], "ACCEPTED");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // Which are registered is read at the start, beside everything else.
    let counted = eventually("a count", || {
        let (names, others) = stack.running.unregistered_metrics();
        others == 0 && names.iter().any(|(name, count)| name == "fan" && *count > 0)
    });
    tokio::select! {
        () = reports => panic!("fifty reports, and none counted"),
        () = counted => {}
    }
    assert!(!stack.log.reports("pump").is_empty());
}
