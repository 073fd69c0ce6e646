//! A disk that takes its time: verdicts come late then, and none is false.

use std::fs;

use fleetward_hands::{Signer, eventually};

use super::talk::{Talker, expect_no_false_alarm, expect_silence_to_be_told, judge_talk};
use super::tamper::{SEGMENT, STORE_WAL, tamper};
use crate::prepare;

/// Longer than two windows.
const DELAY_US: u64 = 4_500_000;

#[test]
fn a_disk_that_stalls_for_seconds_delays_verdicts_and_makes_none() {
    let mut stack = prepare(&[], "");
    stack.boot();
    judge_talk(&Signer::of(&stack));
    assert_eq!(stack.terminate(), Some(0));
    let trace = stack.path("trace.txt");
    let how = format!("delay_enter={DELAY_US}:when=4+5");
    tamper(&mut stack, &trace, "fsync,fdatasync", &how, &[SEGMENT, STORE_WAL]);
    stack.boot();
    let (signer, mqtt) = (Signer::of(&stack), stack.address("mqtt"));
    let talker = Talker::start(mqtt, "steady");
    eventually("some delays", || {
        let traced = fs::read_to_string(&trace).unwrap_or_default();
        (traced.matches("(DELAYED)").count() >= 4).then_some(())
    });
    expect_silence_to_be_told(&signer, mqtt, "quiet");
    expect_no_false_alarm(&signer, "steady", &talker.stop(), &[0]);
}
