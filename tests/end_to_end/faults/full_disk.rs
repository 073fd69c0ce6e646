//! A disk that is full and has room again: a file system of 24 MiB in memory, filled up by a file
//! beside the server's.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fleetward_hands::{Device, Signer, Stack, eventually};
use serde_json::{Value, json};

use super::scene::{Acknowledged, create_profile, expect_a_sentence};
use crate::prepare;

/// What is written before the disk counts as full for the server, at most: it may use up what it
/// has asked for before.
const TRIES: usize = 3_000;

/// A small disk of its own below a server's data folder. Gone with it.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// None where nobody may mount: said, and the test has nothing to show.
    fn mount(folder: &Path) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("SKIPPED: only root may mount a small disk here");
            return None;
        }
        Some(Self { folder: folder.to_owned() })
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut file =
            fs::File::options().create(true).append(true).open(self.folder.join("filler")).unwrap();
        for size in [1 << 16, 1 << 10, 1] {
            let bytes = vec![0; size];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives the room back.
    fn relieve(&self) {
        fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may still run, and holds its files open.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

fn on_a_small_disk() -> Option<(SmallDisk, Stack)> {
    let mut stack = prepare(&[], "");
    let disk = SmallDisk::mount(&stack.path("data"))?;
    stack.boot();
    create_profile(&stack);
    Some((disk, stack))
}

/// Writes until nothing is taken any more, neither reports nor changes.
fn write_until_it_is_full(stack: &Stack, acknowledged: &mut Acknowledged) {
    let reports_end = (0..TRIES).any(|_| !acknowledged.report_bad(stack));
    assert!(reports_end, "reports are acknowledged on a full disk");
    let writes_end = (0..TRIES).any(|_| acknowledged.create_thing(stack) == 503);
    assert!(writes_end, "the API writes on a full disk");
}

#[test]
fn a_full_disk_refuses_what_is_to_be_kept_and_serves_the_rest_until_there_is_room() {
    let Some((disk, mut stack)) = on_a_small_disk() else { return };
    let mut acknowledged = Acknowledged::default();
    acknowledged.load(&mut stack, 20);
    disk.fill();
    write_until_it_is_full(&stack, &mut acknowledged);
    let refused = Signer::of(&stack).send("POST", "/things/one-more", b"{}");
    assert_eq!(refused.error_type(), Some("ServiceUnavailableException"), "{}", refused.head);
    // What is there can be read, and who asks is told.
    Signer::of(&stack).call("GET", "/things", &json!({}));
    let said = eventually("/healthz to say so", || {
        let (status, said) = stack.health();
        let is_whole = said.contains("reports and counts are not taken")
            && said.contains("changes are not taken and violations wait");
        (status == 503 && is_whole).then_some(said)
    });
    assert!(said.contains("space"), "{said}");
    // A report that is not taken comes again: the server must end the connection for that, since
    // clients send nothing again on one that lasts, or take it in the end.
    let mut waits = Device::connect(stack.address("mqtt"), "waits");
    waits.be_patient_for(Duration::from_secs(1));
    assert!(!waits.report("waits", 1, &[22, 23]), "it cannot be on the disk");
    disk.relieve();
    waits.be_patient_for(Duration::from_secs(10));
    if waits.acknowledged().is_none() {
        waits.be_patient_for(Duration::from_secs(1));
        assert!(waits.is_closed(), "it is neither taken nor told to come again");
        let mut again = Device::connect(stack.address("mqtt"), "waits");
        assert!(again.report("waits", 1, &[22, 23]));
    }
    acknowledged.expect_work(&stack);
    eventually("what waited", || {
        let open: Value =
            Signer::of(&stack).call("GET", "/active-violations?thingName=waits", &json!({}));
        (open["activeViolations"].as_array().unwrap().len() == 1).then_some(())
    });
    assert!(stack.is_up(), "and that without a restart");
    assert_eq!(stack.terminate(), Some(0));
}

#[test]
fn a_server_that_stops_or_starts_on_a_full_disk_says_so_and_starts_once_there_is_room() {
    let Some((disk, mut stack)) = on_a_small_disk() else { return };
    let mut acknowledged = Acknowledged::default();
    for kill in [false, true] {
        acknowledged.load(&mut stack, 20);
        disk.fill();
        write_until_it_is_full(&stack, &mut acknowledged);
        if kill {
            stack.kill_nine();
        } else {
            let began = stack.log().len();
            // It may find room for what is left, or says what it has not written.
            if stack.terminate() != Some(0) {
                expect_a_sentence(&stack.log()[began..]);
            }
        }
        if let Err(said) = stack.try_boot() {
            expect_a_sentence(&said);
            disk.relieve();
            stack.boot();
        } else {
            disk.relieve();
        }
        acknowledged.expect_work(&stack);
    }
}
