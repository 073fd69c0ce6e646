//! The n-th call of one kind to one file fails, by `strace`: the server works again, or has ended
//! with a sentence and a code; started again it misses nothing that it has acknowledged.
//!
//! `FLEETWARD_TEST_INJECTIONS=40` tries the first forty calls of each kind instead of a few.

use std::fs;

use super::scene::{Acknowledged, create_profile, expect_a_sentence};
use super::tamper::{SEGMENT, STORE, STORE_WAL, tamper};
use crate::prepare;

/// Which calls fail in every run: at the start, soon after it, under load.
const SOME: [usize; 3] = [1, 4, 12];
/// How often each kind of load is tried.
const LOAD: usize = 12;

/// What may come of a failed call.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// The data on disk are unknown: only the next start finds out.
    Ended,
    /// There is no room for a moment: nobody may end for that once the server is up.
    Works,
    /// One of the two.
    Either,
}

/// The calls to one file that fail, one at a time.
fn inject(call: &str, error: &str, file: &str, outcome: Outcome) {
    let asked = std::env::var("FLEETWARD_TEST_INJECTIONS").ok();
    let calls = match asked.and_then(|most| most.parse().ok()) {
        Some(most) => (1..=most).collect(),
        None => SOME.to_vec(),
    };
    let mut stack = prepare(&[], "");
    stack.boot();
    create_profile(&stack);
    stack.kill_nine();
    let mut acknowledged = Acknowledged::default();
    let mut met = 0;
    for number in calls {
        let trace = stack.path("trace.txt");
        let name = format!("{call} {number} of {file}: {error}");
        let how = format!("error={error}:when={number}");
        tamper(&mut stack, &trace, call, &how, &[file]);
        let began = stack.log().len();
        let booted = stack.try_boot();
        if booted.is_ok() {
            acknowledged.load(&mut stack, LOAD);
        }
        let is_met = || fs::read_to_string(&trace).unwrap_or_default().contains("(INJECTED)");
        if is_met() && outcome == Outcome::Ended && stack.is_up() {
            assert!(!stack.wait_until_ended().success(), "{name}");
        }
        if stack.is_up() {
            acknowledged.expect_work(&stack);
            // The store writes into its own file last of all.
            if stack.terminate() != Some(0) {
                expect_a_sentence(&stack.log()[began..]);
            }
        } else {
            assert!(is_met(), "{name}: it ended for another reason: {:?}", booted);
            let is_right = outcome != Outcome::Works || booted.is_err();
            assert!(is_right, "{name}: it ended: {}", &stack.log()[began..]);
            expect_a_sentence(&stack.log()[began..]);
        }
        met += usize::from(is_met());
        stack.under.clear();
        stack.boot();
        acknowledged.expect_all(&stack);
        stack.kill_nine();
    }
    assert!(met > 0, "{call} of {file} never came");
}

#[test]
fn a_failed_sync_of_the_log_ends_the_process_and_loses_nothing() {
    inject("fdatasync", "EIO", SEGMENT, Outcome::Ended);
}

#[test]
fn a_failed_sync_of_the_store_ends_the_process_and_loses_nothing() {
    inject("fsync", "EIO", STORE_WAL, Outcome::Ended);
}

#[test]
fn a_failed_sync_of_the_stores_own_file_loses_nothing() {
    inject("fsync", "EIO", STORE, Outcome::Ended);
}

#[test]
fn a_full_disk_at_any_write_of_the_log_passes() {
    inject("pwrite64", "ENOSPC", SEGMENT, Outcome::Works);
}

#[test]
fn a_full_disk_at_any_write_of_the_store_passes() {
    inject("pwrite64", "ENOSPC", STORE_WAL, Outcome::Works);
}

#[test]
fn a_failed_write_of_the_log_loses_nothing() {
    inject("pwrite64", "EIO", SEGMENT, Outcome::Either);
}

#[test]
fn a_failed_write_of_the_store_loses_nothing() {
    inject("pwrite64", "EIO", STORE_WAL, Outcome::Either);
    inject("pwrite64", "EIO", STORE, Outcome::Either);
}
