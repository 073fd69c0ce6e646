//! Halves of a data folder that do not belong together, and settings that it was not made with: a
//! server says so and does not start, and a check says the same.

use std::path::Path;
use std::process::{Command, Output};

use fleetward_hands::http::{request, send};

use crate::{start, start_with};

/// What a server says that does not start here, or a check that finds something.
fn refusal(arguments: &[&str], data: &Path) -> String {
    let Output { status, stdout, stderr } = run(arguments, data);
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    assert!(!status.success(), "{said}");
    said
}

fn success(arguments: &[&str], data: &Path) -> String {
    let Output { status, stdout, stderr } = run(arguments, data);
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    assert!(status.success(), "{said}");
    said
}

fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleetward"));
    command.args(arguments).arg("--data").arg(data).output().unwrap()
}

const SERVE: [&str; 9] =
    ["serve", "--api", ":0", "--mqtt", ":0", "--mqtts", ":0", "--period", "1s"];

#[test]
fn a_lost_write_ahead_log_is_told_and_never_started_upon() {
    let mut stack = start_with(&["--auth", "off"], "");
    let api = stack.address("api");
    for number in 0..20 {
        let path = format!("/things/lamp-{number}");
        let answer = send(api, &request("POST", &path, &[], b"{}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    // The last of them are carried into the log when a change behind them is known there.
    fleetward_hands::eventually("changes in the log", || {
        let segment = stack.path("data").join("log/00000000000000000000.log");
        let bytes = std::fs::read(segment).unwrap();
        bytes.windows(7).any(|window| window == b"lamp-19").then_some(())
    });
    stack.kill_nine();
    let data = stack.path("data");
    std::fs::remove_file(data.join("fleetward.db-wal")).unwrap();
    for arguments in [&SERVE[..], &["check"]] {
        let said = refusal(arguments, &data);
        // How much of it had been moved into the file is SQLite's matter: nothing, or some.
        let told = ["and the store has made no more than", "was ever claimed"];
        assert!(told.iter().any(|told| said.contains(told)), "{said}");
    }
}

#[test]
fn a_repair_says_what_is_lost_and_with_consent_detection_begins_anew() {
    let mut stack = start_with(&["--auth", "off"], "");
    let api = stack.address("api");
    for number in 0..3 {
        let path = format!("/things/lamp-{number}");
        assert_eq!(send(api, &request("POST", &path, &[], b"{}")).status, 200);
    }
    assert_eq!(stack.terminate(), Some(0));
    let data = stack.path("data");
    let segment = data.join("log/00000000000000000000.log");
    let length = std::fs::metadata(&segment).unwrap().len();
    std::fs::File::options().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
    let before = std::fs::read(data.join("fleetward.db")).unwrap();
    let said = success(&["repair"], &data);
    assert!(said.contains("partitions are ahead of the log"), "{said}");
    assert!(said.contains("kept:  3 things"), "{said}");
    assert!(said.contains("Nothing was changed."), "{said}");
    assert!(before == std::fs::read(data.join("fleetward.db")).unwrap());
    refusal(&SERVE, &data);
    success(&["repair", "--accept-loss"], &data);
    success(&["check"], &data);
    // What is registered is carried to detection once more.
    let told = || {
        let bytes = std::fs::read(&segment).unwrap();
        bytes.windows(5).filter(|window| *window == b"lamp-").count()
    };
    let before = told();
    stack.boot();
    fleetward_hands::eventually("the things in the log", || (told() == before + 3).then_some(()));
    assert_eq!(stack.terminate(), Some(0));
    let checked = success(&["check"], &data);
    assert!(checked.contains("3  things in them"), "{checked}");
}

#[test]
fn a_repair_makes_a_new_log_in_place_of_a_damaged_one() {
    let mut stack = start();
    assert_eq!(stack.terminate(), Some(0));
    stack.boot();
    assert_eq!(stack.terminate(), Some(0));
    let data = stack.path("data");
    let segment = data.join("log/00000000000000000000.log");
    let mut bytes = std::fs::read(&segment).unwrap();
    // A bad batch before sound ones is damage, and no torn end.
    bytes[30] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    assert!(refusal(&SERVE, &data).contains("sound ones follow"));
    let said = success(&["repair", "--accept-loss"], &data);
    assert!(said.contains("put aside in log.damaged"), "{said}");
    assert!(data.join("log.damaged").is_dir());
    success(&["check"], &data);
    stack.boot();
    assert_eq!(stack.terminate(), Some(0));
}

#[test]
fn another_period_on_the_same_folder_is_refused_with_what_to_do() {
    let mut stack = start();
    assert_eq!(stack.terminate(), Some(0));
    let data = stack.path("data");
    let other: Vec<_> = SERVE.iter().map(|word| if *word == "1s" { "30s" } else { word }).collect();
    let said = refusal(&other, &data);
    assert!(said.contains("the windows of this data folder are of 1 s"), "{said}");
    assert!(said.contains("start with --period 1s"), "{said}");
    stack.boot();
}

#[test]
fn a_log_that_lost_its_end_behind_what_is_stored_is_refused() {
    let mut stack = start();
    assert_eq!(stack.terminate(), Some(0));
    let data = stack.path("data");
    let segment = data.join("log/00000000000000000000.log");
    let length = std::fs::metadata(&segment).unwrap().len();
    std::fs::File::options().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
    for arguments in [&SERVE[..], &["check"]] {
        let said = refusal(arguments, &data);
        assert!(said.contains("partitions are ahead of the log"), "{said}");
    }
}

#[test]
fn a_folder_that_is_taken_away_from_a_running_server_ends_it() {
    let mut stack = start_with(&["--auth", "off"], "");
    let api = stack.address("api");
    std::fs::rename(stack.path("data"), stack.path("elsewhere")).unwrap();
    // Whatever it answers: it is not kept, and the server says so by its end.
    let _ = std::panic::catch_unwind(|| send(api, &request("POST", "/things/a", &[], b"{}")));
    // Who notices first is a matter of the moment: SQLite that its file has moved, or that a file
    // beside it cannot be opened any more.
    fleetward_hands::eventually("the server's end", || {
        let log = stack.log();
        ["was removed or replaced while the server ran", "the store cannot go on"]
            .iter()
            .any(|said| log.contains(said))
            .then_some(())
    });
    assert_eq!(stack.wait(), Some(1));
}
