//! A disk that is full and has room again: a file system of 24 MiB in memory, filled up by a file
//! beside the server's.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fleetward_hands::Stack;

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
