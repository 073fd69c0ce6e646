//! A file that is damaged while the server is down: a bit of it, half of it, or all. Whoever starts
//! it is told, or misses nothing: there is never less without a word.

use std::fs;
use std::path::Path;
use std::process::Command;

use fleetward_hands::{Signer, Stack, eventually};
use serde_json::Value;

use super::scene::{Acknowledged, create_profile, expect_a_sentence};
use super::tamper::{SEGMENT, STORE, STORE_WAL};
use crate::prepare;

/// Things and bad reports before the damage.
const LOAD: usize = 40;

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// One bit, so many hundredths into the file.
    Bit(usize),
    Half,
    Missing,
}

const ALL: [Damage; 6] = [
    Damage::Bit(10),
    Damage::Bit(40),
    Damage::Bit(60),
    Damage::Bit(80),
    Damage::Half,
    Damage::Missing,
];

impl Damage {
    fn be_done_to(self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        match self {
            Self::Missing => return fs::remove_file(file).unwrap(),
            Self::Half => bytes.truncate(bytes.len() / 2),
            Self::Bit(hundredths) => {
                let place = bytes.len() * hundredths / 100;
                bytes[place] ^= 4;
            }
        }
        fs::write(file, bytes).unwrap();
    }
}

/// How the server came to its end before its files were damaged.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// All is where it was written first.
    KillNine,
    /// Everything is in its last place.
    Stopped,
}

/// A server's folder, and what it had acknowledged.
struct Left {
    stack: Stack,
    acknowledged: Acknowledged,
}

impl Left {
    fn behind(end: End) -> Self {
        let mut stack = prepare(&[], "");
        stack.boot();
        create_profile(&stack);
        let mut acknowledged = Acknowledged::default();
        acknowledged.load(&mut stack, LOAD);
        acknowledged.expect_all(&stack);
        match end {
            End::KillNine => stack.kill_nine(),
            End::Stopped => assert_eq!(stack.terminate(), Some(0)),
        }
        let kept = stack.path("kept");
        copy(&stack.path("data"), &kept);
        Self { stack, acknowledged }
    }

    /// Puts everything back as it was left.
    fn restore(&self) {
        fs::remove_dir_all(self.stack.path("data")).unwrap();
        copy(&self.stack.path("kept"), &self.stack.path("data"));
    }

    /// Starts with this damage; fails if something is gone and nothing was said.
    fn expect_no_silent_loss(&mut self, file: &str, damage: Damage) {
        self.restore();
        let path = self.stack.path("data").join(file);
        damage.be_done_to(&path);
        let began = self.stack.log().len();
        match self.stack.try_boot() {
            Err(said) => expect_a_sentence(&said),
            Ok(()) => {
                let is_told = eventually("what is there, or a word", || self.looks(began));
                println!("{file}, {damage:?}: {is_told}");
                if self.stack.is_up() {
                    self.stack.kill_nine();
                }
            }
        }
    }

    /// How the server takes it; none while something is missing without a word.
    fn looks(&mut self, began: usize) -> Option<&'static str> {
        if let Some(status) = self.stack.ended() {
            assert!(!status.success());
            expect_a_sentence(&self.stack.log()[began..]);
            return Some("it has ended");
        }
        let (status, said) = self.stack.health();
        if status != 200 || said.contains("cannot be read") {
            return Some("/healthz says so");
        }
        let signer = Signer::of(&self.stack);
        let things = signer.send("GET", "/things?maxResults=250", b"");
        let open = signer.send("GET", "/active-violations?maxResults=250", b"");
        if things.status == 500 || open.status == 500 {
            return Some("whoever asks is told");
        }
        let items = |body: &str, items: &str| -> Vec<String> {
            let Ok(body) = serde_json::from_str::<Value>(body) else { return Vec::new() };
            let all = body[items].as_array().cloned().unwrap_or_default();
            all.iter().map(|it| it["thingName"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let things = items(&things.body, "things");
        let open = items(&open.body, "activeViolations");
        self.acknowledged.are_among(&things, &open).then_some("all is there")
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

fn damage_each_way(end: End, files: &[&str]) {
    let mut left = Left::behind(end);
    for file in files {
        assert!(left.stack.path("kept").join(file).exists(), "{file} is not one of its files");
        for damage in ALL {
            left.expect_no_silent_loss(file, damage);
        }
    }
}

#[test]
fn a_damaged_store_never_says_less_without_a_word() {
    damage_each_way(End::Stopped, &[STORE]);
}

#[test]
fn a_damaged_store_behind_its_own_log_never_says_less_without_a_word() {
    damage_each_way(End::KillNine, &[STORE, STORE_WAL]);
}

#[test]
fn a_damaged_detection_state_never_says_less_without_a_word() {
    damage_each_way(End::Stopped, &["state.db"]);
}

#[test]
fn a_damaged_event_log_never_says_less_without_a_word() {
    damage_each_way(End::KillNine, &[SEGMENT, "log/partitions"]);
    damage_each_way(End::Stopped, &[SEGMENT]);
}

#[test]
fn a_damaged_secret_never_says_less_without_a_word() {
    damage_each_way(End::Stopped, &["master.key", "ca.pem"]);
}

#[test]
fn a_lost_number_of_partitions_is_told_and_never_guessed() {
    let mut stack = prepare(&[], "partitions = 4\n");
    stack.boot();
    create_profile(&stack);
    let mut acknowledged = Acknowledged::default();
    acknowledged.load(&mut stack, 4);
    stack.kill_nine();
    let (file, kept) = (stack.path("data").join("log/partitions"), stack.path("partitions"));
    fs::rename(&file, &kept).unwrap();
    // The setting is only asked for when a folder is made, so people take it out again; with it
    // nobody knows either how a release that is older than the number's own placed its things.
    for settings in ["", "partitions = 4\n"] {
        fs::write(stack.path("settings.toml"), settings).unwrap();
        let said = stack.try_boot().expect_err("things would be looked for in other partitions");
        expect_a_sentence(&said);
        assert!(said.contains("log/partitions is missing"), "{said}");
        assert!(!file.exists(), "a guess would be taken for what was lost");
    }
    fs::rename(&kept, &file).unwrap();
    stack.boot();
    acknowledged.expect_work(&stack);
}

#[test]
fn a_lost_log_of_the_store_with_two_hundred_things_in_it_is_refused() {
    let mut stack = prepare(&[], "");
    stack.boot();
    let mut acknowledged = Acknowledged::default();
    for _ in 0..200 {
        assert_eq!(acknowledged.create_thing(&stack), 200);
    }
    stack.kill_nine();
    fs::remove_file(stack.path("data").join(STORE_WAL)).unwrap();
    let said = stack.try_boot().expect_err("200 acknowledged things are gone");
    expect_a_sentence(&said);
    assert!(said.contains("repair"), "it says what to do: {said}");
}

#[test]
fn another_period_on_the_same_folder_is_refused_with_what_to_do() {
    let mut stack = prepare(&["--period", "1s"], "");
    stack.boot();
    assert_eq!(stack.terminate(), Some(0));
    let period = stack.arguments.iter().position(|argument| argument == "1s").unwrap();
    stack.arguments[period] = "2s".to_owned();
    let said = stack.try_boot().expect_err("windows of another length");
    expect_a_sentence(&said);
    assert!(said.contains("period"), "{said}");
    stack.arguments[period] = "1s".to_owned();
    stack.boot();
}
