//! Reports that come again: because the server died before it could acknowledge them, or because a
//! device has one id for two of them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fleetward_hands::device::{report, report_topic};
use fleetward_hands::{Device, Signer, Stack, eventually};
use serde_json::{Value, json};

use crate::{listing, start_with};

const DEVICES: usize = 4;
/// What a client has unacknowledged at once, as MQTT libraries have by default or less.
const IN_FLIGHT: i64 = 16;
const ROUNDS: i64 = 3;
/// What each report says was sent.
const BYTES: i64 = 10;
const HOUR_SECONDS: u64 = 3600;

/// Starts a server whose windows do not end before a test does.
fn start_with_long_windows() -> Stack {
    let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % HOUR_SECONDS;
    if second > HOUR_SECONDS - 90 {
        std::thread::sleep(Duration::from_secs(HOUR_SECONDS - second));
    }
    start_with(&["--period", "300s"], "")
}

/// One behavior is violated from this sum on, the other above it; a port says where reports end.
fn exactly(sum: i64) -> Value {
    let bytes = |name: &str, operator: &str| {
        json!({
            "name": name, "metric": "aws:all-bytes-out",
            "criteria": {
                "comparisonOperator": operator, "value": {"count": sum}, "durationSeconds": 3600
            }
        })
    };
    json!([
        bytes("less", "less-than"),
        bytes("at-most", "less-than-equals"),
        {
            "name": "end", "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [23]}}
        }
    ])
}

fn bytes_report(id: i64, bytes: i64) -> String {
    report(id, &json!({"network_stats": {"bytes_out": bytes}}))
}

/// Sends what no window counts, and waits until the detector has come to it: everything that the
/// device sent before has been judged then.
fn let_it_be_judged(stack: &Stack, things: &[String]) -> BTreeMap<(String, String), Value> {
    for thing in things {
        let mut device = Device::connect(stack.address("mqtt"), thing);
        assert!(device.report(thing, 1_000_000, &[23]));
    }
    let signer = Signer::of(stack);
    eventually("the reports' end", || {
        let open = listing::open_violations(&signer);
        let is_there = |thing: &String| open.contains_key(&(thing.clone(), "end".to_owned()));
        things.iter().all(is_there).then_some(open)
    })
}

/// Fails unless each thing's sum was just this.
fn expect_the_sum(open: &BTreeMap<(String, String), Value>, things: &[String]) {
    for thing in things {
        let is_open = |name: &str| open.contains_key(&(thing.clone(), name.to_owned()));
        assert!(is_open("less"), "{thing}: something is not counted");
        assert!(!is_open("at-most"), "{thing}: something is counted twice");
    }
}

#[test]
fn sixteen_reports_in_flight_at_a_kill_9_and_sent_again_count_once() {
    let mut stack = start_with_long_windows();
    let sum = ROUNDS * IN_FLIGHT * BYTES;
    listing::judge_all_things(&Signer::of(&stack), "sum", &exactly(sum));
    listing::wait_until_in_force(&stack, 23);
    let things: Vec<String> = (0..DEVICES).map(|number| format!("device-{number}")).collect();
    for round in 0..ROUNDS {
        let ids = round * IN_FLIGHT..(round + 1) * IN_FLIGHT;
        let mut devices: Vec<_> =
            things.iter().map(|thing| Device::connect(stack.address("mqtt"), thing)).collect();
        for (device, thing) in devices.iter_mut().zip(&things) {
            for id in ids.clone() {
                device.send(&report_topic(thing), bytes_report(id, BYTES).as_bytes()).unwrap();
            }
        }
        // All in the log, or some, or none: the round says which.
        for _ in 0..round * IN_FLIGHT / 2 {
            devices[0].acknowledged().unwrap();
        }
        stack.kill_nine();
        stack.boot();
        for thing in &things {
            let mut device = Device::connect(stack.address("mqtt"), thing);
            for id in ids.clone() {
                device.send(&report_topic(thing), bytes_report(id, BYTES).as_bytes()).unwrap();
            }
            for _ in ids.clone() {
                device.acknowledged().expect("a report that came again is acknowledged");
            }
        }
    }
    let open = let_it_be_judged(&stack, &things);
    expect_the_sum(&open, &things);
}

#[test]
fn one_id_with_other_content_is_another_report_and_with_the_same_content_is_none() {
    let stack = start_with_long_windows();
    let things = ["restarted".to_owned()];
    // An agent that counts its reports from one at each start of its own.
    let contents = [BYTES, 2 * BYTES, 3 * BYTES];
    listing::judge_all_things(&Signer::of(&stack), "sum", &exactly(contents.iter().sum()));
    listing::wait_until_in_force(&stack, 23);
    let mut device = Device::connect(stack.address("mqtt"), &things[0]);
    for _ in 0..4 {
        for bytes in contents {
            assert!(device.publish(&report_topic(&things[0]), bytes_report(1, bytes).as_bytes()));
        }
    }
    let open = let_it_be_judged(&stack, &things);
    expect_the_sum(&open, &things);
}
