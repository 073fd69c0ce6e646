//! Alarm delay: from the deciding packet leaving the device's socket to the alert arriving at the
//! webhook's, while other devices report at about half of what the server can take.
//!
//! The server is the real one, built for release, in a process of its own. What limits it is the
//! network and the disk: a TCP echo, and two durable syncs of a file, measured in the same rounds.

mod limits;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fleetward_fleet::thing_name;
use fleetward_hands::device::report_topic;
use fleetward_hands::{Device, Signer, Stack, Webhook};

use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome, percentile};
use crate::server::reporters::{Said, payload, send_all};
use crate::server::{self, TELNET};

/// How often each side is measured.
const RUNS: u64 = 5;
/// Devices that report all the time.
const OTHERS: usize = 4;
/// Alarms of one round.
const ALARMS: usize = 60;
/// How long the server's pace is measured before the first round.
const WARM_UP: Duration = Duration::from_secs(2);

/// Ids of reports that each round has for itself: one that comes again is not judged again.
const IDS_OF_A_ROUND: u64 = 1 << 20;
/// Things of a server that writes state all the time.
const THINGS: u64 = 200_000;
/// Log that it keeps: an eighth may be held back, so that each partition's state is written again
/// after so little log.
const RETENTION_BYTES: u64 = 8 << 20;

/// Runs the rounds.
///
/// # Errors
/// A text, if the server's binary is not there.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let binary = server::binary()?;
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let figures = vec![
        Figure::new("alarm delay, p99", "us").at_most(50_000.0, 10_000.0),
        Figure::new("alarm delay, median", "us"),
        Figure::new("beside checkpoints, p99", "us").at_most(50_000.0, 10_000.0),
        Figure::new("beside checkpoints, median", "us"),
        Figure::new("states written meanwhile", "a round"),
    ];
    let limit = Figure::new("echo + two syncs, p99", "us");
    let mut outcome = Outcome::new("alarm-delay", figures, Some(limit));
    outcome.notes.push("reports.rate = 0: reports are taken at any rate".to_owned());
    outcome.note_load(load);
    let webhook = Webhook::listen();
    let stack = Stack::start(&binary, &[], &server::settings(&webhook, 0));
    server::create_telnet_profile(&Signer::of(&stack), "all/things");
    rounds(arguments, (&stack, &webhook), Others::Few, &mut outcome)?;
    // Two servers at once would share what one has on the machines of users.
    drop(stack);
    let things = arguments.things.unwrap_or(THINGS);
    let settings = server::settings(&webhook, things);
    let settings = format!("log_retention_bytes = {RETENTION_BYTES}\n{settings}");
    let stack = Stack::start(&binary, &["--period", "300s"], &settings);
    server::create_engine_profile(&Signer::of(&stack))?;
    server::create_telnet_profile(&Signer::of(&stack), "all/things");
    let reports = (0..things).map(|thing| Said { thing, is_bad: false });
    send_all(stack.address("mqtt"), "filler", reports, &AtomicU64::new(0));
    rounds(arguments, (&stack, &webhook), Others::Of(things), &mut outcome)?;
    Ok(outcome)
}

/// What other devices report of.
#[derive(Clone, Copy)]
enum Others {
    /// Each of itself.
    Few,
    /// Each of all of so many things in turn, so that their state is written.
    Of(u64),
}

fn rounds(
    arguments: &Arguments,
    (stack, webhook): (&Stack, &Webhook),
    others: Others,
    outcome: &mut Outcome,
) -> Result<(), String> {
    // Measured while other devices report, too: an idle server tells nothing.
    let pace = pace(stack, others);
    let data = stack.path("data");
    for round in 0..arguments.runs.unwrap_or(RUNS) {
        let written = server::states_written(&data);
        let names = format!("{}-{round}", others.name());
        let first_id = i64::try_from((round + 1) * IDS_OF_A_ROUND).unwrap_or(0);
        let others_of_round = (pace, others, first_id);
        let delays = under_load(stack, others_of_round, || one_round(stack, webhook, &names));
        let written = server::states_written(&data).saturating_sub(written);
        outcome.check(delays.len() == ALARMS, || format!("{} alarms of {ALARMS}", delays.len()));
        // Smaller fleets may write too little log for any turn to come.
        let is_beside = matches!(others, Others::Of(things) if things >= THINGS);
        outcome.check(!is_beside || written > 0, || "no state was written meanwhile".to_owned());
        let mut put = |place: usize, value: f64| {
            outcome.figures.get_mut(place).into_iter().for_each(|figure| figure.push(value));
        };
        let first = if matches!(others, Others::Few) { 0 } else { 2 };
        put(first, percentile(&delays, 99));
        put(first + 1, percentile(&delays, 50));
        if matches!(others, Others::Of(_)) {
            put(4, f64::from(written));
        }
        let limit = limits::echo_and_two_syncs(stack.folder.path(), ALARMS)?;
        outcome.limit.iter_mut().for_each(|figure| figure.push(limit));
    }
    outcome.notes.push(format!("{OTHERS} other devices, one report each {pace:?}"));
    Ok(())
}

impl Others {
    fn name(self) -> &'static str {
        match self {
            Self::Few => "bad",
            Self::Of(_) => "bad-beside",
        }
    }

    /// Sends one report; false if nobody takes it.
    fn report(self, device: &mut Device, name: &str, (number, id): (usize, i64)) -> bool {
        let things = match self {
            Self::Few => return device.report(name, id, &[22]),
            Self::Of(things) => things,
        };
        let turn = u64::try_from(id).unwrap_or(0);
        // Each device has every so-manieth thing for itself.
        let thing = (turn * OTHERS as u64 + number as u64) % things.max(1);
        let payload = payload(1_000_000 + turn, false);
        device.publish(&report_topic(&thing_name(thing)), payload.as_bytes())
    }
}

/// How far apart the reports of each device are at half of what the server takes.
fn pace(stack: &Stack, others: Others) -> Duration {
    let sent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..OTHERS {
            let (sent, mqtt) = (&sent, stack.address("mqtt"));
            scope.spawn(move || {
                let name = format!("warm-{number}");
                let mut device = Device::connect(mqtt, &name);
                let began = Instant::now();
                for id in 0.. {
                    if began.elapsed() > WARM_UP || !others.report(&mut device, &name, (number, id))
                    {
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
fn under_load<T>(
    stack: &Stack,
    (pace, others, first_id): (Duration, Others, i64),
    measure: impl FnOnce() -> T,
) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..OTHERS {
            let (over, mqtt) = (&over, stack.address("mqtt"));
            scope.spawn(move || {
                let name = format!("other-{number}");
                let mut device = Device::connect(mqtt, &name);
                for id in 0.. {
                    let began = Instant::now();
                    let at = (number, first_id + id);
                    if over.load(Ordering::Relaxed) || !others.report(&mut device, &name, at) {
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
fn one_round(stack: &Stack, webhook: &Webhook, names: &str) -> Vec<f64> {
    let mut delays = Vec::new();
    for number in 0..ALARMS {
        let name = format!("{names}-{number}");
        let mut device = Device::connect(stack.address("mqtt"), &name);
        let left = Instant::now();
        device.report(&name, 1, &[22, TELNET]);
        if let Some(arrived) = webhook.wait_for(&name) {
            delays.push(arrived.saturating_duration_since(left).as_secs_f64() * 1e6);
        }
    }
    delays
}
