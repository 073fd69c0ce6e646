//! A server under load whose answers are kept, so that after a fault it can be asked for all that
//! it has acknowledged.

use std::collections::BTreeSet;
use std::time::Duration;

use fleetward_hands::{Device, Signer, Stack, eventually};
use serde_json::json;

use crate::listing;

const TELNET: u16 = 23;
/// How long a report may wait for its acknowledgement before the load goes on without.
const SHORT: Duration = Duration::from_secs(3);

/// What a server has acknowledged.
#[derive(Default)]
pub(crate) struct Acknowledged {
    things: BTreeSet<String>,
    /// Devices whose bad report was acknowledged.
    bad: BTreeSet<String>,
    made: usize,
}

/// Makes the profile that judges the bad reports.
pub(crate) fn create_profile(stack: &Stack) {
    let behaviors = json!([{
        "name": "no-telnet", "metric": "aws:listening-tcp-ports",
        "criteria": {
            "comparisonOperator": "not-in-port-set", "value": {"ports": [TELNET]},
            "consecutiveDatapointsToClear": 10
        }
    }]);
    listing::judge_all_things(&Signer::of(stack), "ports", &behaviors);
    listing::wait_until_in_force(stack, TELNET);
}

impl Acknowledged {
    /// Creates a thing; gives the answer's status.
    pub(crate) fn create_thing(&mut self, stack: &Stack) -> u16 {
        self.made += 1;
        let name = format!("thing-{}", self.made);
        let answer = Signer::of(stack).send("POST", &format!("/things/{name}"), b"{}");
        if answer.status == 200 {
            self.things.insert(name);
        }
        // Nothing else is an answer to a disk's trouble. 500 is for what was under way when the
        // process ended, 0 for what came after it.
        assert!([0, 200, 500, 503].contains(&answer.status), "{} {}", answer.head, answer.body);
        answer.status
    }

    /// Lets a new device report what is bad; false if that was not acknowledged in time.
    pub(crate) fn report_bad(&mut self, stack: &Stack) -> bool {
        self.made += 1;
        let name = format!("device-{}", self.made);
        let Some(mut device) = Device::try_connect(stack.address("mqtt"), &name) else {
            return false;
        };
        device.be_patient_for(SHORT);
        let is_safe = device.report(&name, 1, &[22, TELNET]);
        if is_safe {
            self.bad.insert(name);
        }
        is_safe
    }

    /// Some of each, until the server is gone or this often.
    pub(crate) fn load(&mut self, stack: &mut Stack, times: usize) {
        for _ in 0..times {
            // Who gets no answer has met a process that ends.
            if [0, 500].contains(&self.create_thing(stack)) {
                stack.wait_until_ended();
                return;
            }
            self.report_bad(stack);
        }
        if stack.health().0 == 0 {
            stack.wait_until_ended();
        }
    }

    /// Fails unless all that was acknowledged is there: things at once, violations soon.
    pub(crate) fn expect_all(&self, stack: &Stack) {
        let signer = Signer::of(stack);
        let text = |item: serde_json::Value| item["thingName"].as_str().unwrap().to_owned();
        let stored = listing::all(&signer, "/things?maxResults=250", "things");
        let stored: BTreeSet<_> = stored.into_iter().map(text).collect();
        let lost: Vec<_> = self.things.difference(&stored).collect();
        assert!(lost.is_empty(), "{lost:?} were acknowledged and are gone");
        eventually("every acknowledged violation", || {
            let open = listing::open_violations(&signer);
            let is_open = |thing: &String| open.contains_key(&(thing.clone(), "no-telnet".into()));
            self.bad.iter().all(is_open).then_some(())
        });
        let events = listing::events(&signer);
        let distinct: BTreeSet<_> = events.iter().collect();
        assert_eq!(events.len(), distinct.len(), "an alarm rang twice");
    }

    /// Whether all of it is among these things and the things with open violations.
    pub(crate) fn are_among(&self, things: &[String], open: &[String]) -> bool {
        self.things.iter().all(|thing| things.contains(thing))
            && self.bad.iter().all(|thing| open.contains(thing))
    }

    /// Fails unless the server does all its work now, or soon.
    pub(crate) fn expect_work(&mut self, stack: &Stack) {
        eventually("the API to write", || (self.create_thing(stack) == 200).then_some(()));
        eventually("a report to be taken", || self.report_bad(stack).then_some(()));
        eventually("/healthz to be content", || (stack.health().0 == 200).then_some(()));
        self.expect_all(stack);
    }
}

/// Fails unless the process said why it ended.
pub(crate) fn expect_a_sentence(said: &str) {
    let sentence = said.lines().find_map(|line| line.strip_prefix("fleetward: "));
    assert!(sentence.is_some_and(|it| it.len() > 20), "it ended without a sentence: {said}");
}
