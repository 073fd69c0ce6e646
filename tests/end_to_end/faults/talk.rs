//! A device that sends messages steadily and knows when, so that an alarm about it can be told to
//! be false whatever the machine was busy with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fleetward_hands::{Device, Signer, eventually};
use serde_json::json;

use crate::listing;

/// Of the windows that are judged.
pub(crate) const WINDOW_MS: i64 = 2_000;
/// Between two messages.
const PAUSE: Duration = Duration::from_millis(100);
/// More messages than come in one window, and fewer than in two.
const CHATTY: usize = 33;
/// What may be counted in the window before or after the one in which it was sent.
const ON_ITS_WAY_MS: i64 = 900;

/// Now, by the wall clock.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A device that talks until it is told to stop.
pub(crate) struct Talker {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(i64, i64)>>,
}

impl Talker {
    /// Connects, and again whenever it has to.
    pub(crate) fn start(mqtt: SocketAddr, name: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, name) = (stop.clone(), name.to_owned());
        let thread = spawn(move || {
            let (mut sent, mut device) = (Vec::new(), Device::connect(mqtt, &name));
            while !stopped.load(Ordering::Relaxed) {
                let began = now_ms();
                assert!(device.tell("telemetry", b"hello"), "the server is gone");
                sent.push((began, now_ms()));
                sleep(PAUSE);
            }
            sent
        });
        Self { stop, thread }
    }

    /// When each message left: before and after.
    pub(crate) fn stop(self) -> Vec<(i64, i64)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Alarms for who is silent for a window, and for who sends more than in a window of the talker's.
pub(crate) fn judge_talk(signer: &Signer) {
    let messages = |name: &str, operator: &str, count: usize| {
        json!({
            "name": name, "metric": "aws:num-messages-sent",
            "criteria": {
                "comparisonOperator": operator, "value": {"count": count},
                "durationSeconds": WINDOW_MS / 1_000
            }
        })
    };
    let behaviors = json!([
        messages("not-silent", "greater-than", 0),
        messages("not-chatty", "less-than", CHATTY),
    ]);
    listing::judge_all_things(signer, "talk", &behaviors);
}

/// Waits until a device that is connected and says nothing is told of: windows close.
pub(crate) fn expect_silence_to_be_told(signer: &Signer, mqtt: SocketAddr, name: &str) {
    let _quiet = Device::connect(mqtt, name);
    let key = (name.to_owned(), "not-silent".to_owned());
    eventually("a window to close", || {
        listing::open_violations(signer).contains_key(&key).then_some(())
    });
}

/// Fails for each alarm about the device that its messages do not bear out. The server's clock was
/// ahead by one of these when it judged.
pub(crate) fn expect_no_false_alarm(
    signer: &Signer,
    name: &str,
    sent: &[(i64, i64)],
    ahead_ms: &[i64],
) {
    let range = "/violation-events?startTime=0&endTime=4000000000&maxResults=250";
    let (first, last) = (sent.first().unwrap().0, sent.last().unwrap().1);
    for event in listing::all(signer, range, "violationEvents") {
        if event["thingName"] != name || event["violationEventType"] != "in-alarm" {
            continue;
        }
        let at = (event["violationEventTime"].as_f64().unwrap() * 1e3) as i64;
        let real = ahead_ms.iter().map(|ahead| at - ahead);
        let real = real.min_by_key(|real| (real - (first + last) / 2).abs()).unwrap();
        // A verdict at a window's very end is about that window.
        let begin = (real - 1).div_euclid(WINDOW_MS) * WINDOW_MS;
        let end = begin + WINDOW_MS;
        let is_true = if event["behavior"]["name"] == "not-silent" {
            let (from, until) = (begin + ON_ITS_WAY_MS, end - ON_ITS_WAY_MS);
            !sent.iter().any(|(left, gone)| *left >= from && *gone < until)
        } else {
            let (from, until) = (begin - ON_ITS_WAY_MS, end + ON_ITS_WAY_MS);
            sent.iter().filter(|(left, gone)| *gone >= from && *left < until).count() >= CHATTY
        };
        assert!(is_true, "a false alarm: {event}");
    }
}
