//! The demo, as a new user runs it.

use std::process::Command;

#[test]
fn the_demo_rings_and_exits_with_success() {
    let output = Command::new(env!("CARGO_BIN_EXE_fleetward"))
        .args(["demo", "--for", "40s"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{complained}");
    for expected in [
        "ALARM  thing light-07, behavior listening-ports",
        "ALARM  thing light-07, behavior num-messages-sent-to-unexpected-topic",
        "from the deciding packet to the alert",
        "aws iot list-active-violations --endpoint-url",
        "alarm-cleared  thing light-07, behavior listening-ports",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}\n{complained}");
    }
}
