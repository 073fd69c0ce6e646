//! A device that reports more often than it may, against the real server.

use fleetward_hands::Device;
use fleetward_hands::device::{report, report_topic};
use serde_json::{Value, json};

use crate::start_with;

/// Reports, and waits for the answer that a subscriber gets.
fn submit(pump: &mut Device, report_id: i64, port: u16) -> Value {
    let metrics = json!({"listening_tcp_ports": {"ports": [{"port": port}], "total": 1}});
    assert!(pump.send(&report_topic("pump"), report(report_id, &metrics).as_bytes()).is_some());
    let message = pump.message();
    serde_json::from_str(&message[message.find('{').unwrap()..]).unwrap()
}

#[test]
fn who_reports_too_often_is_told_so_as_aws_does_and_is_heard_again_later() {
    let stack = start_with(&[], "[reports]\nrate = 0.5\nburst = 2\n");
    let mut pump = Device::connect(stack.address("mqtt"), "pump");
    pump.subscribe(&format!("{}/accepted", report_topic("pump")));
    pump.subscribe(&format!("{}/rejected", report_topic("pump")));
    for report_id in [1, 2] {
        assert_eq!(submit(&mut pump, report_id, 80)["status"], "ACCEPTED");
    }
    // What comes again owes nothing, however often.
    for _ in 0..5 {
        assert_eq!(submit(&mut pump, 2, 80)["status"], "ACCEPTED");
    }
    // On a machine that stands still meanwhile a third may be earned before it is asked for.
    let mut report_id = 2;
    let rejected = loop {
        report_id += 1;
        let answer = submit(&mut pump, report_id, 80);
        if answer["status"] != "ACCEPTED" {
            break answer;
        }
    };
    assert_eq!(rejected["thingName"], "pump");
    assert_eq!(rejected["reportId"], report_id);
    assert_eq!(rejected["status"], "REJECTED");
    assert_eq!(rejected["statusDetails"]["ErrorCode"], "Throttled");
    let message = rejected["statusDetails"]["ErrorMessage"].as_str().unwrap();
    assert!(message.contains("reports.rate"), "it says what to do: {message}");
    assert!(rejected["timestamp"].as_i64().is_some(), "{rejected}");
    // The same report is taken once its turn has come: it was refused, and not forgotten.
    fleetward_hands::eventually("a report that is taken again", || {
        (submit(&mut pump, report_id, 80)["status"] == "ACCEPTED").then_some(())
    });
}
