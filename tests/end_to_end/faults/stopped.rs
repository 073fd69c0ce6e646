//! A process that is one too many.

use fleetward_hands::eventually;

use super::scene::{Acknowledged, create_profile, expect_a_sentence};
use crate::start;

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
