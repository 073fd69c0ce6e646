//! Power cuts: what was acknowledged is there afterwards, and nothing is there twice.
//!
//! `FLEETWARD_TEST_KILL_ROUNDS` asks for more rounds than the fifty of every run.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::{listing, start};
use fleetward_hands::Device;
use fleetward_hands::Signer;
use fleetward_hands::{Stack, eventually};

const ROUNDS: u64 = 50;
const DEVICES: usize = 3;
const TELNET: u16 = 23;

/// What the server has acknowledged so far.
#[derive(Default)]
struct Acknowledged {
    things: Mutex<BTreeSet<String>>,
    /// Per device: the bad reports that were acknowledged make its violation be open.
    bad: Mutex<BTreeSet<String>>,
}

#[test]
fn a_kill_9_loop_loses_nothing_and_duplicates_nothing() {
    let rounds = std::env::var("FLEETWARD_TEST_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS);
    let mut stack = start();
    create_profile(&Signer::of(&stack));
    let acknowledged = Acknowledged::default();
    let report_id = AtomicI64::new(1);
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..rounds {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        let life = Duration::from_millis(30 + (seed >> 33) % 400);
        live_and_die(&mut stack, round, life, &acknowledged, &report_id);
        stack.boot();
        check(&stack, &acknowledged, round);
    }
    assert!(acknowledged.things.lock().unwrap().len() > usize::try_from(rounds).unwrap());
    assert!(!acknowledged.bad.lock().unwrap().is_empty());
}

fn create_profile(signer: &Signer) {
    let behaviors = json!([{
        "name": "no-telnet", "metric": "aws:listening-tcp-ports",
        "criteria": {
            "comparisonOperator": "not-in-port-set", "value": {"ports": [TELNET]},
            "consecutiveDatapointsToClear": 10
        }
    }]);
    listing::judge_all_things(signer, "ports", &behaviors);
}

/// Load from an administrator and some devices, and then the power cut.
fn live_and_die(
    stack: &mut Stack,
    round: u64,
    life: Duration,
    acknowledged: &Acknowledged,
    report_id: &AtomicI64,
) {
    let signer = Signer::of(stack);
    let mqtt = stack.address("mqtt");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                let name = format!("thing-{round}-{number}");
                if over.load(Ordering::Relaxed)
                    || signer.send("POST", &format!("/things/{name}"), b"{}").status != 200
                {
                    return;
                }
                acknowledged.things.lock().unwrap().insert(name);
            }
        });
        for device in 0..DEVICES {
            let (over, report_id) = (&over, report_id);
            scope.spawn(move || {
                let name = format!("device-{round}-{device}");
                let Some(mut connection) = Device::try_connect(mqtt, &name) else { return };
                while !over.load(Ordering::Relaxed) {
                    let id = report_id.fetch_add(1, Ordering::Relaxed);
                    if !connection.report(&name, id, &[22, TELNET]) {
                        return;
                    }
                    acknowledged.bad.lock().unwrap().insert(name.clone());
                }
            });
        }
        std::thread::sleep(life);
        stack.kill_nine();
        over.store(true, Ordering::Relaxed);
    });
}

fn check(stack: &Stack, acknowledged: &Acknowledged, round: u64) {
    let signer = Signer::of(stack);
    let stored = list(&signer, "/things?maxResults=250", "things", "thingName");
    let things = acknowledged.things.lock().unwrap();
    for thing in things.iter().filter(|thing| thing.starts_with(&format!("thing-{round}-"))) {
        assert!(stored.contains(thing), "{thing} was acknowledged and is gone");
    }
    assert!(things.iter().all(|thing| stored.contains(thing)), "an older thing is gone");
    let bad = acknowledged.bad.lock().unwrap();
    let open = eventually("every acknowledged violation", || {
        let open =
            list(&signer, "/active-violations?maxResults=250", "activeViolations", "thingName");
        bad.iter().all(|thing| open.contains(thing)).then_some(open)
    });
    assert_eq!(open.len(), open.iter().collect::<BTreeSet<_>>().len(), "a violation is open twice");
    let range = "/violation-events?startTime=0&endTime=4000000000&maxResults=250";
    let events = list(&signer, range, "violationEvents", "thingName");
    let distinct: BTreeSet<_> = events.iter().collect();
    assert_eq!(events.len(), distinct.len(), "an alarm rang twice");
    assert!(open.iter().all(|thing| distinct.contains(thing)), "an alarm has no event");
}

/// One member of every item of a listing.
fn list(signer: &Signer, path: &str, items: &str, member: &str) -> Vec<String> {
    let text = |item: Value| item[member].as_str().unwrap().to_owned();
    listing::all(signer, path, items).into_iter().map(text).collect()
}
