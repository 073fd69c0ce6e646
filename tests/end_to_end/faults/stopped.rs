//! A process that stands still for a while, and one that is one too many.

use std::time::Duration;

use fleetward_hands::eventually;

use super::scene::{Acknowledged, create_profile, expect_a_sentence};
use crate::start;

#[test]
fn a_server_that_was_stopped_for_ten_seconds_goes_on() {
    let mut stack = start();
    create_profile(&stack);
    let mut acknowledged = Acknowledged::default();
    acknowledged.load(&mut stack, 3);
    stack.signal("STOP");
    // What is tested is that time passes for everyone but the server.
    std::thread::sleep(Duration::from_secs(10));
    stack.signal("CONT");
    acknowledged.expect_work(&stack);
    assert!(stack.is_up(), "and that without a restart");
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
