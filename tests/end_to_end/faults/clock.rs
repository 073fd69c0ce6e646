//! A wall clock that is set: an hour ahead, and back.

use std::fs;
use std::path::PathBuf;

use fleetward_hands::{Device, Signer, Stack, TOPIC_ARN, Webhook};
use serde_json::json;

use super::talk::{Talker, expect_no_false_alarm, expect_silence_to_be_told, judge_talk};
use crate::prepare;

const HOUR_SECONDS: i64 = 3600;

/// A server whose wall clock is what a file says.
fn on_a_clock_of_its_own(toml: &str) -> Stack {
    let mut stack = prepare(&[], toml);
    set_clock(&stack, 0);
    let environment = [
        ("LD_PRELOAD", faketime()),
        ("FAKETIME_TIMESTAMP_FILE", stack.path("clock")),
        ("FAKETIME_CACHE_DURATION", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ("DONT_FAKE_MONOTONIC", "1".into()),
        ("NO_FAKE_STAT", "1".into()),
    ];
    let text = |path: PathBuf| path.display().to_string();
    stack.environment =
        environment.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
    stack.boot();
    stack
}

/// The library, wherever this processor's libraries are.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let mut found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    found.find(|library| library.exists()).expect("libfaketime: `cargo xtask test` installs it")
}

fn set_clock(stack: &Stack, ahead_seconds: i64) {
    let new = stack.path("clock.new");
    fs::write(&new, format!("{ahead_seconds:+}\n")).unwrap();
    fs::rename(new, stack.path("clock")).unwrap();
}

#[test]
fn a_clock_that_is_set_ahead_and_back_makes_no_verdict_and_windows_go_on_closing() {
    let stack = on_a_clock_of_its_own("");
    judge_talk(&Signer::of(&stack));
    let mqtt = stack.address("mqtt");
    let talker = Talker::start(mqtt, "steady");
    for (number, ahead) in [0, HOUR_SECONDS, 0, -HOUR_SECONDS, 0].into_iter().enumerate() {
        set_clock(&stack, ahead);
        let mut signer = Signer::of(&stack);
        // The signature's time must be near the server's, which follows within seconds.
        let is_set = |signer: &Signer| signer.send("GET", "/things", b"").status == 200;
        signer.skew_seconds = ahead;
        fleetward_hands::eventually("the clock to be set", || is_set(&signer).then_some(()));
        expect_silence_to_be_told(&signer, mqtt, &format!("quiet-{number}"));
    }
    let aheads = [0, HOUR_SECONDS * 1_000, -HOUR_SECONDS * 1_000];
    expect_no_false_alarm(&Signer::of(&stack), "steady", &talker.stop(), &aheads);
}

#[test]
fn alerts_are_tried_again_after_the_clock_was_set_back() {
    let webhook = Webhook::listen();
    let stack = on_a_clock_of_its_own(&webhook.settings());
    let signer = Signer::of(&stack);
    let profile = json!({
        "behaviors": [{
            "name": "no-telnet", "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [23]}}
        }],
        "alertTargets": {"SNS": {
            "alertTargetArn": TOPIC_ARN, "roleArn": "arn:aws:iam::123456789012:role/any"
        }}
    });
    signer.call("POST", "/security-profiles/ports", &profile);
    let target = "arn%3Aaws%3Aiot%3Aus-east-1%3A123456789012%3Aall%2Fthings";
    let path = format!("/security-profiles/ports/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &path, &json!({}));
    crate::listing::wait_until_in_force(&stack, 23);
    webhook.refuse(true);
    assert!(Device::connect(stack.address("mqtt"), "bad").report("bad", 1, &[23]));
    webhook.wait_for_a_refusal();
    set_clock(&stack, -HOUR_SECONDS);
    let behind = Signer { skew_seconds: -HOUR_SECONDS, ..signer };
    fleetward_hands::eventually("the clock to be set", || {
        (behind.send("GET", "/things", b"").status == 200).then_some(())
    });
    webhook.refuse(false);
    assert!(webhook.wait_for("bad").is_some(), "the alert is not tried again");
}
