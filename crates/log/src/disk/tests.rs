//! What a crash leaves of the simulated disk, and what it never takes.

use super::*;

fn path(name: &str) -> PathBuf {
    Path::new("folder").join(name)
}

#[test]
fn what_was_synced_survives_every_crash_and_what_was_not_does_not_always() {
    let (mut whole, mut gone, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let disk = SimulatedDisk::new(seed);
        let file = disk.create(&path("a")).unwrap();
        file.write_at(&[1; 100], 0).unwrap();
        file.sync().unwrap();
        disk.sync_folder(Path::new("folder")).unwrap();
        file.write_at(&[2; 2000], 100).unwrap();
        disk.crash();
        assert!(file.length().is_err(), "what was open before is dead");
        let file = disk.open(&path("a")).unwrap();
        let length = usize::try_from(file.length().unwrap()).unwrap();
        let mut bytes = vec![0; length];
        file.read_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes[..100], [1; 100]);
        match bytes[100..].iter().filter(|byte| **byte == 2).count() {
            2000 => whole += 1,
            0 => gone += 1,
            _ => torn += 1,
        }
    }
    assert!(whole > 20 && gone > 20 && torn > 20, "{whole} {gone} {torn}");
}

#[test]
fn a_name_that_was_not_synced_may_be_gone_and_a_rename_is_never_half() {
    let (mut old, mut new) = (0, 0);
    for seed in 0..50 {
        let disk = SimulatedDisk::new(seed);
        disk.create(&path("a")).unwrap();
        disk.sync_folder(Path::new("folder")).unwrap();
        disk.rename(&path("a"), &path("b")).unwrap();
        disk.crash();
        match (disk.open(&path("a")).is_ok(), disk.open(&path("b")).is_ok()) {
            (true, false) => old += 1,
            (false, true) => new += 1,
            both_or_none => panic!("{both_or_none:?}"),
        }
    }
    assert!(old > 5 && new > 5, "{old} {new}");
}

#[test]
fn a_full_disk_takes_a_part_and_a_failing_sync_keeps_nobody_knows_what() {
    let disk = SimulatedDisk::new(1);
    let file = disk.create(&path("a")).unwrap();
    disk.leave_room_for(10);
    let full = file.write_at(&[1; 20], 0).unwrap_err();
    assert_eq!((full.kind(), file.length().unwrap()), (io::ErrorKind::StorageFull, 10));
    disk.fail_a_sync_after(1);
    assert!(file.sync().is_ok());
    assert!(file.sync().is_err());
    assert!(file.sync().is_ok());
}

#[test]
fn a_lock_is_held_until_it_is_dropped_or_the_power_goes() {
    let disk = SimulatedDisk::new(1);
    let held = disk.lock(&path("lock")).unwrap();
    assert!(held.is_some());
    assert!(disk.lock(&path("lock")).unwrap().is_none());
    disk.crash();
    let again = disk.lock(&path("lock")).unwrap();
    assert!(again.is_some());
    drop(held);
    assert!(disk.lock(&path("lock")).unwrap().is_none(), "the dead give nothing back");
    drop(again);
    assert!(disk.lock(&path("lock")).unwrap().is_some());
}
