//! Alarm delay: from the deciding packet leaving the device's socket to the alert arriving at the
//! webhook's, while other devices report at about half of what the server can take.
//!
//! The server is the real one, built for release, in a process of its own. What limits it is the
//! network and the disk: a TCP echo, and two durable syncs of a file, measured in the same rounds.

mod limits;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fleetward_hands::{Device, Signer, Stack, Webhook};

use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome, percentile};
use crate::server::{self, TELNET};

/// How often each side is measured.
const RUNS: u64 = 5;
/// Devices that report all the time.
const OTHERS: usize = 4;
/// Alarms of one round.
const ALARMS: usize = 60;
/// How long the server's pace is measured before the first round.
const WARM_UP: Duration = Duration::from_secs(2);

/// Runs the rounds.
///
/// # Errors
/// A text, if the server's binary is not there.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let binary = server::binary()?;
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let webhook = Webhook::listen();
    let stack = Stack::start(&binary, &[], &server::settings(&webhook, 0));
    server::create_telnet_profile(&Signer::of(&stack), "all/things");
    // Measured while other devices report, too: an idle server tells nothing.
    let pace = pace(&stack);
    let mut late = Figure::new("alarm delay, p99", "us").at_most(50_000.0, 10_000.0);
    let mut usual = Figure::new("alarm delay, median", "us");
    let mut limit = Figure::new("echo + two syncs, p99", "us");
    let mut outcome = Outcome::new("alarm-delay", Vec::new(), None);
    outcome.notes.push("reports.rate = 0: reports are taken at any rate".to_owned());
    outcome.note_load(load);
    for round in 0..arguments.runs.unwrap_or(RUNS) {
        let delays = under_load(&stack, pace, || one_round(&stack, &webhook, round));
        outcome.check(delays.len() == ALARMS, || format!("{} alarms of {ALARMS}", delays.len()));
        usual.push(percentile(&delays, 50));
        late.push(percentile(&delays, 99));
        limit.push(limits::echo_and_two_syncs(stack.folder.path(), ALARMS)?);
    }
    outcome.figures = vec![late, usual];
    outcome.limit = Some(limit);
    outcome.notes.push(format!("other devices: {OTHERS}, one report each {pace:?}"));
    Ok(outcome)
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
fn one_round(stack: &Stack, webhook: &Webhook, round: u64) -> Vec<f64> {
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
