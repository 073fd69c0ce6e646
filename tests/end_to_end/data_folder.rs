//! The data folder of a server that does not run: checked, and raised to the newest formats.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::start;

/// What a command did, and what it said.
struct Said {
    success: bool,
    stdout: String,
    stderr: String,
}

fn fleetward(arguments: &[&str], data: &Path) -> Said {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_fleetward"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { success: status.success(), stdout: text(stdout), stderr: text(stderr) }
}

/// The first release's folder, as a crash left it.
fn of_the_first_release() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats/level-1/folder.tar.gz");
    let unpacked =
        Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(unpacked.success());
    folder
}

/// Starts the server on a folder and stops it, so that nothing waits to be applied again.
fn start_and_stop(folder: &Path) {
    let ready = folder.join("ready.json");
    let mut server = Command::new(env!("CARGO_BIN_EXE_fleetward"))
        .args(["serve", "--api", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--mqtts", "127.0.0.1:0"])
        .args(["--period", "1s", "--ready-file"])
        .arg(&ready)
        .arg("--data")
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    fleetward_hands::eventually("the server is ready", || ready.exists().then_some(()));
    let told = Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap();
    assert!(told.success() && server.wait().unwrap().success());
    std::fs::remove_file(ready).unwrap();
}

/// Replaces text in a file by text of the same length.
fn damage(file: &Path, text: &str, damaged: &str) {
    assert_eq!(text.len(), damaged.len());
    let mut bytes = std::fs::read(file).unwrap();
    let places: Vec<_> =
        (0..bytes.len()).filter(|place| bytes[*place..].starts_with(text.as_bytes())).collect();
    assert!(!places.is_empty(), "{text} is not in {}", file.display());
    for place in places {
        bytes[place..place + text.len()].copy_from_slice(damaged.as_bytes());
    }
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn everything_in_a_folder_of_the_first_release_can_be_read_before_and_after_the_upgrade() {
    let folder = of_the_first_release();
    let before = fleetward(&["check"], folder.path());
    assert!(before.success, "{}{}", before.stdout, before.stderr);
    for line in [
        "which is at format level 1",
        "6  things\n",
        "8  open violations\n",
        "8  alerts that wait or are dead\n",
        "16  partitions of the event log\n",
        "8  of them not in the detection state yet\n",
        "Everything can be read.\n",
    ] {
        assert!(before.stdout.contains(line), "{line}: {}", before.stdout);
    }
    let refused = fleetward(&["upgrade", "finish"], folder.path());
    assert!(!refused.success, "records wait to be applied again");
    assert!(refused.stderr.contains("stop it with Ctrl-C"), "{}", refused.stderr);
    start_and_stop(folder.path());
    let before = fleetward(&["check"], folder.path());
    assert!(before.success, "{}{}", before.stdout, before.stderr);
    let raised = fleetward(&["upgrade", "finish"], folder.path());
    assert!(raised.success && raised.stdout.contains("now; it was at 1."), "{}", raised.stdout);
    let again = fleetward(&["upgrade", "finish"], folder.path());
    assert!(again.success && again.stdout.contains("nothing is to be done"), "{}", again.stdout);
    let after = fleetward(&["check"], folder.path());
    assert!(after.success && after.stdout.contains("format level 3"), "{}", after.stdout);
    // All that differs is the level, which is one setting more.
    let counts = |said: &str| said.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (counts(&before.stdout), counts(&after.stdout));
    let differ: Vec<_> =
        after.iter().zip(&before).filter(|(after, before)| after != before).collect();
    assert_eq!(differ.len(), 1, "{differ:?}");
    assert!(differ[0].0.ends_with("single settings"), "{differ:?}");
}

#[test]
fn what_cannot_be_read_is_named_in_a_line_and_the_check_fails() {
    let folder = of_the_first_release();
    // Brings what stands in the write-ahead log into the file itself.
    start_and_stop(folder.path());
    damage(&folder.path().join("fleetward.db"), "\"topic_filters\"", "\"topic_filterz\"");
    let said = fleetward(&["check"], folder.path());
    assert!(!said.success);
    let problems: Vec<_> = said.stdout.lines().filter(|line| line.contains("PROBLEM")).collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let begin = "  PROBLEM: Dimension \"telemetry\" is corrupt: its JSON is not of this shape";
    assert!(problems[0].starts_with(begin), "{problems:?}");
    assert!(said.stderr.contains("1 problem was found in "), "{}", said.stderr);
}

/// Every file of a folder and of those in it, with its bytes.
fn bytes_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(bytes_of(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

const SEGMENT: &str = "log/00000000000000000000.log";

#[test]
fn a_check_changes_no_byte_of_a_folder_whatever_is_damaged() {
    type Damage = fn(&Path);
    let cases: [(Damage, &str); 9] = [
        (|_| (), "Everything can be read."),
        (
            |folder| cut_short(&folder.join(SEGMENT), 7),
            "are no sound batch; a server that is started cuts them off at byte 4888",
        ),
        (|folder| flip(&folder.join(SEGMENT), 5040), "the last 162 bytes of "),
        (|folder| flip(&folder.join(SEGMENT), 100), "sound ones follow"),
        (
            |folder| std::fs::remove_file(folder.join("log/partitions")).unwrap(),
            "log/partitions is missing",
        ),
        (|folder| std::fs::remove_file(folder.join(SEGMENT)).unwrap(), "a check makes nothing"),
        (
            |folder| {
                std::fs::write(folder.join("fleetward.db"), "").unwrap();
                std::fs::remove_file(folder.join("fleetward.db-wal")).unwrap();
            },
            "the store has no partition that was ever claimed",
        ),
        (|folder| std::fs::remove_file(folder.join("fleetward.db")).unwrap(), "is missing"),
        (|folder| cut_short(&folder.join("master.key"), 1), "is not 32 bytes long"),
    ];
    for (damage, told) in cases {
        let folder = of_the_first_release();
        damage(folder.path());
        let before = bytes_of(folder.path());
        let said = fleetward(&["check"], folder.path());
        assert!(said.stdout.contains(told), "{told}: {}{}", said.stdout, said.stderr);
        assert_eq!(said.success, told == "Everything can be read.", "{told}: {}", said.stdout);
        assert!(before == bytes_of(folder.path()), "{told}");
    }
}

fn cut_short(file: &Path, bytes: u64) {
    let length = std::fs::metadata(file).unwrap().len() - bytes;
    std::fs::File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_folder_that_is_in_use_or_is_none_is_left_alone() {
    let mut stack = start();
    let data = stack.path("data");
    for arguments in [["check"].as_slice(), &["upgrade", "finish"], &["keys", "list"]] {
        let refused = fleetward(arguments, &data);
        assert!(!refused.success && refused.stderr.contains("is in use by another process"));
        let nowhere = data.join("nowhere");
        let refused = fleetward(arguments, &nowhere);
        assert!(!refused.success && refused.stderr.contains("there is no data folder"));
        assert!(!nowhere.exists());
        let empty = tempfile::tempdir().unwrap();
        let refused = fleetward(arguments, empty.path());
        assert!(!refused.success && refused.stderr.contains("there is no data folder"));
        assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    }
    assert_eq!(stack.terminate(), Some(0));
    let checked = fleetward(&["check"], &data);
    assert!(checked.success, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains("which is at format level 3"), "{}", checked.stdout);
}

#[test]
fn a_lost_master_key_is_told_and_no_other_takes_its_place() {
    let folder = of_the_first_release();
    let key = folder.path().join("master.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let serve = ["serve", "--api", ":0", "--mqtt", ":0", "--mqtts", ":0"];
    for arguments in [&serve[..], &["keys", "create"], &["check"]] {
        let said = fleetward(arguments, folder.path());
        let told = format!("{}{}", said.stdout, said.stderr);
        assert!(!said.success && told.contains("master.key is lost"), "{told}");
        assert!(!key.exists());
    }
    std::fs::write(&key, [7; 32]).unwrap();
    let said = fleetward(&["check"], folder.path());
    assert!(!said.success && said.stdout.contains("with this master key"), "{}", said.stdout);
    std::fs::write(&key, bytes).unwrap();
    assert!(fleetward(&["check"], folder.path()).success);
}
