//! A folder whose halves do not belong together: from the start that is refused, over the check and
//! the repair, to the stock client that goes on.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use fleetward_hands::Stack;
use serde_json::Value;

use crate::start;
use crate::tools::aws;

const SEGMENT: &str = "log/00000000000000000000.log";

/// What a command over the stack's folder says, and whether it succeeded.
fn run(stack: &Stack, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetward"));
    let output = command.args(arguments).arg("--data").arg(stack.path("data")).output().unwrap();
    let Output { status, stdout, stderr } = output;
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

fn register(stack: &Stack, thing: &str) {
    aws(stack, &["iot", "create-thing", "--thing-name", thing]);
}

fn things(stack: &Stack) -> Vec<Value> {
    let listed = aws(stack, &["iot", "list-things"]);
    let things = listed["things"].as_array().unwrap();
    things.iter().map(|thing| thing["thingName"].clone()).collect()
}

/// The start is refused, the check names the gap, and the repair says what it would do and does
/// nothing until the loss is accepted; what it says.
fn repair(stack: &mut Stack) -> String {
    let refused = stack.try_boot().expect_err("the halves do not belong together");
    assert!(refused.contains("fleetward repair --data"), "it says what to do: {refused}");
    let (is_well, checked) = run(stack, &["check"]);
    assert!(!is_well, "{checked}");
    let (done, said) = run(stack, &["repair"]);
    assert!(done && said.contains("Nothing was changed."), "{said}");
    assert!(stack.try_boot().is_err(), "nobody has accepted the loss");
    let (done, repaired) = run(stack, &["repair", "--accept-loss"]);
    assert!(done, "{repaired}");
    let (is_well, checked) = run(stack, &["check"]);
    assert!(is_well, "{checked}");
    said
}

fn cut_short(file: &Path) {
    let length = fs::metadata(file).unwrap().len();
    fs::File::options().write(true).open(file).unwrap().set_len(length - 1).unwrap();
}

#[test]
fn after_a_log_that_lost_its_end_the_stock_client_goes_on_with_its_key() {
    let mut stack = start();
    register(&stack, "pump");
    assert_eq!(stack.terminate(), Some(0));
    cut_short(&stack.path("data").join(SEGMENT));
    let said = repair(&mut stack);
    assert!(said.contains("kept:  1 things"), "{said}");
    assert!(said.contains("lost:  detection begins anew"), "{said}");
    stack.boot();
    assert_eq!(things(&stack), ["pump"]);
    register(&stack, "valve");
    assert_eq!(things(&stack), ["pump", "valve"]);
}

#[test]
fn after_a_store_that_lost_everything_the_stock_client_goes_on_with_the_new_key() {
    let mut stack = start();
    register(&stack, "pump");
    stack.kill_nine();
    for file in ["fleetward.db", "fleetward.db-wal"] {
        fs::remove_file(stack.path("data").join(file)).unwrap();
    }
    let said = repair(&mut stack);
    assert!(said.contains("fleetward.db is missing"), "{said}");
    assert!(said.contains("lost:  all that was registered"), "{said}");
    assert!(said.contains("lost:  the keys of the API"), "{said}");
    stack.secret.clear();
    stack.boot();
    assert_eq!(things(&stack), Vec::<Value>::new());
    register(&stack, "pump");
    assert_eq!(things(&stack), ["pump"]);
}

#[test]
fn a_damaged_file_is_named_by_the_start_and_by_the_check_with_what_to_do() {
    let mut stack = start();
    let (sound, said) = run(&stack, &["repair"]);
    assert!(!sound && said.contains("is in use by another process"), "{said}");
    assert_eq!(stack.terminate(), Some(0));
    let (_, said) = run(&stack, &["repair"]);
    assert!(said.contains("Nothing was changed, and nothing has to be."), "{said}");
    for name in ["fleetward.db", "state.db"] {
        let file = stack.path("data").join(name);
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        let refused = stack.try_boot().expect_err("half of it is lost");
        let (_, checked) = run(&stack, &["check"]);
        for said in [refused, checked] {
            assert!(said.contains(&format!("{name}: ")), "it names the file: {said}");
            assert!(said.contains("fleetward repair --data"), "it says what to do: {said}");
        }
        fs::write(&file, bytes).unwrap();
    }
    stack.boot();
}
