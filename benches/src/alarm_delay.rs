//! Alarm delay: from the deciding packet leaving the device's socket to the alert arriving at the
//! webhook's, while other devices report at about half of what the server can take.
//!
//! The server is the real one, built for release, in a process of its own. What limits it is the
//! network and the disk: a TCP echo, and two durable syncs of a file, measured in the same rounds.

mod limits;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fleetward_hands::{Device, Signer, Stack, TOPIC_ARN, Webhook};
use serde_json::json;

use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::Outcome;

/// Devices that report all the time.
const OTHERS: usize = 4;
/// Alarms of one round.
const ALARMS: usize = 60;
const TELNET: u16 = 23;
/// How long the server's pace is measured before the first round.
const WARM_UP: Duration = Duration::from_secs(2);

/// Runs the rounds.
///
/// # Errors
/// A text, if the server's binary is not there.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let binary = binary()?;
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let webhook = Webhook::listen();
    // Four devices report as fast as they can, which no rate of reports would allow.
    let settings = format!("{}[reports]\nrate = 0\nprincipal_rate = 0\n", webhook.settings());
    let stack = Stack::start(&binary, &[], &settings);
    create_profile(&Signer::of(&stack));
    // Measured while other devices report, too: an idle server tells nothing.
    let pace = pace(&stack);
    let mut outcome = Outcome {
        case: "alarm-delay",
        correct: true,
        unit: "microseconds, p99",
        ours: Vec::new(),
        limit_name: "echo + two syncs",
        limit: Vec::new(),
        notes: vec!["reports.rate = 0: reports are taken at any rate".to_owned()],
    };
    let mut medians = Vec::new();
    for round in 0..arguments.runs {
        let mut delays = under_load(&stack, pace, || one_round(&stack, &webhook, round));
        outcome.correct &= delays.len() == ALARMS;
        medians.push(percentile(&mut delays, 50));
        outcome.ours.push(percentile(&mut delays, 99));
        outcome.limit.push(limits::echo_and_two_syncs(stack.folder.path(), ALARMS)?);
    }
    if load > cpu::BUSY_LOAD {
        outcome.notes.push(format!("the machine was busy: load {load}"));
    }
    let median = percentile(&mut medians, 50);
    outcome.notes.push(format!("median delay: {median:.0} microseconds"));
    outcome.notes.push(format!("other devices: {OTHERS}, one report each {pace:?}"));
    Ok(outcome)
}

fn binary() -> Result<String, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let binary = own.with_file_name("fleetward");
    if binary.is_file() {
        Ok(binary.display().to_string())
    } else {
        Err(format!("{} is missing: cargo build --release --package fleetward", binary.display()))
    }
}

fn create_profile(signer: &Signer) {
    let body = json!({
        "behaviors": [{
            "name": "no-telnet", "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [TELNET]}}
        }],
        "alertTargets": {"SNS": {
            "alertTargetArn": TOPIC_ARN, "roleArn": "arn:aws:iam::123456789012:role/any"
        }}
    });
    signer.call("POST", "/security-profiles/ports", &body);
    let target = "arn%3Aaws%3Aiot%3Aus-east-1%3A123456789012%3Aall%2Fthings";
    let path = format!("/security-profiles/ports/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &path, &json!({}));
}

/// How far apart the reports of each device are at half of what the server takes.
fn pace(stack: &Stack) -> Duration {
    let sent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..OTHERS {
            let (sent, mqtt) = (&sent, stack.address("mqtt"));
            scope.spawn(move || {
                let name = format!("warm-{number}");
                let mut device = Device::connect(mqtt, &name);
                let began = Instant::now();
                for id in 0.. {
                    if began.elapsed() > WARM_UP || !device.report(&name, id, &[22]) {
                        return;
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let each = sent.load(Ordering::Relaxed).max(1) as f64 / OTHERS as f64;
    WARM_UP.div_f64(each).mul_f64(2.0)
}

/// Runs the measurement while the other devices report at their pace.
fn under_load<T>(stack: &Stack, pace: Duration, measure: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..OTHERS {
            let (over, mqtt) = (&over, stack.address("mqtt"));
            scope.spawn(move || {
                let name = format!("other-{number}");
                let mut device = Device::connect(mqtt, &name);
                for id in 0.. {
                    let began = Instant::now();
                    if over.load(Ordering::Relaxed) || !device.report(&name, id, &[22]) {
                        return;
                    }
                    std::thread::sleep(pace.saturating_sub(began.elapsed()));
                }
            });
        }
        let measured = measure();
        over.store(true, Ordering::Relaxed);
        measured
    })
}

/// One alarm after the other, each of a new device; delays in microseconds.
fn one_round(stack: &Stack, webhook: &Webhook, round: usize) -> Vec<f64> {
    let mut delays = Vec::new();
    for number in 0..ALARMS {
        let name = format!("bad-{round}-{number}");
        let mut device = Device::connect(stack.address("mqtt"), &name);
        let left = Instant::now();
        device.report(&name, 1, &[22, TELNET]);
        if let Some(arrived) = webhook.wait_for(&name) {
            delays.push(arrived.saturating_duration_since(left).as_secs_f64() * 1e6);
        }
    }
    delays
}

/// The value that this many of a hundred do not exceed.
fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1) - 1;
    values.get(rank).copied().unwrap_or(f64::NAN)
}
