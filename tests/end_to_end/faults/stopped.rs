//! A process that stands still for a while, and one that is one too many.

use std::time::Duration;

use fleetward_hands::{Signer, eventually};

use super::scene::{Acknowledged, create_profile, expect_a_sentence};
use super::talk::{Talker, expect_silence_to_be_told, judge_talk};
use crate::{listing, start};

#[test]
fn a_server_that_was_stopped_for_ten_seconds_goes_on_and_calls_nobody_silent() {
    let mut stack = start();
    create_profile(&stack);
    let (signer, mqtt) = (Signer::of(&stack), stack.address("mqtt"));
    judge_talk(&signer);
    let mut acknowledged = Acknowledged::default();
    acknowledged.load(&mut stack, 3);
    let talker = Talker::start(mqtt, "steady");
    expect_silence_to_be_told(&signer, mqtt, "quiet-before");
    stack.signal("STOP");
    // What is tested is that time passes for everyone but the server.
    std::thread::sleep(Duration::from_secs(10));
    stack.signal("CONT");
    acknowledged.expect_work(&stack);
    expect_silence_to_be_told(&signer, mqtt, "quiet-after");
    talker.stop();
    let silent: Vec<_> = listing::events(&signer)
        .into_iter()
        .filter(|(thing, behavior, _)| thing == "steady" && behavior == "not-silent")
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let mut stack = start();
    create_profile(&stack);
    let mut acknowledged = Acknowledged::default();
    acknowledged.load(&mut stack, 3);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_fleetward"))
        .args(["serve", "--api", ":0", "--mqtt", ":0", "--mqtts", ":0", "--data"])
        .arg(stack.path("data"))
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    expect_a_sentence(&said);
    assert!(said.contains("in use"), "{said}");
    acknowledged.expect_work(&stack);
    eventually("its end", || (stack.terminate() == Some(0)).then_some(()));
}
