//! State that is not what was stored: an error, or another state, but never a fall.

use fleetward_detect::{DetectError, Partition};
use fleetward_domain::{Effects, FormatLevel, Record, Target};
use proptest::prelude::*;
use proptest::sample::select;

use crate::random_records::{cases, records};
use crate::scenario::*;

fn load(chunks: &[(u32, Vec<u8>)]) -> Result<Partition, DetectError> {
    let chunks = chunks.iter().map(|(number, bytes)| (*number, &bytes[..]));
    Partition::load(SETTINGS, chunks)
}

fn stored(level: FormatLevel) -> Vec<(u32, Vec<u8>)> {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    s.register(0, "a", &["lights"]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.partition.take_dirty(level).unwrap()
}

#[test]
fn nothing_stored_is_a_new_partition() {
    assert_eq!(load(&[]).unwrap().thing_count(), 0);
}

#[test]
fn what_is_wrong_is_said() {
    for level in LEVELS {
        let chunks = stored(level);
        assert_eq!(load(&chunks).unwrap().thing_count(), 1);
        let error = |chunks: &[(u32, Vec<u8>)]| load(chunks).err().unwrap().to_string();
        assert_eq!(error(&chunks[1..]), "the detection state has chunks but no header");
        let mut later = chunks.clone();
        later[1].1[1] = 9;
        let newer = "chunk 1 of the detection state has format 9, and this release reads formats \
                     1 to 3: start the release that wrote it, or a newer one";
        assert_eq!(error(&later), newer);
        let mut cut = chunks.clone();
        cut[1].1.truncate(10);
        assert!(error(&cut).starts_with("chunk 1 of the detection state cannot be read: "));
        let twice = [chunks.clone(), vec![(2, chunks[1].1.clone())]].concat();
        let mismatch = "chunk 2 of the detection state does not fit its header: thing a";
        assert_eq!(error(&twice), mismatch);
    }
}

#[test]
fn chunks_of_different_commits_do_not_fit() {
    let chunks = stored(FormatLevel::First);
    let mut s = Scenario::new();
    s.attach("p", &[], &[Target::AllThings]);
    let header = s.partition.take_dirty(FormatLevel::First).unwrap().remove(0);
    let error = load(&[header, chunks[1].clone()]).err().unwrap();
    assert!(matches!(error, DetectError::Mismatch { chunk: 1, .. }), "{error}");
}

#[test]
fn many_things_are_stored_in_chunks_of_a_thousand() {
    let mut s = Scenario::new();
    for n in 0..2_500 {
        s.register(0, &format!("thing-{n}"), &[]);
    }
    let numbers: Vec<u32> = s
        .partition
        .take_dirty(FormatLevel::Named)
        .unwrap()
        .iter()
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    s.report(1_000, "thing-1500", bytes_out(1));
    let numbers: Vec<u32> = s
        .partition
        .take_dirty(FormatLevel::Named)
        .unwrap()
        .iter()
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(numbers, [0, 2]);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn damage_never_makes_it_fall(
        records in records(60),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<(bool, u8)>()), 1..4),
        level in select(LEVELS.to_vec()),
    ) {
        let mut partition = Partition::new(SETTINGS);
        let mut effects = Effects::default();
        let (before, after): (&[Record], &[Record]) = records.split_at(records.len() / 2);
        before.iter().for_each(|record| partition.apply_whole(record, &mut effects));
        let mut chunks = partition.take_dirty(level).unwrap();
        for (place, (header, byte)) in damage {
            let chunk = if header { 0 } else { chunks.len().saturating_sub(1) };
            let Some((_, bytes)) = chunks.get_mut(chunk) else { continue };
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(mut damaged) = load(&chunks) {
            after.iter().for_each(|record| damaged.apply_whole(record, &mut effects));
            let _deadline = damaged.next_deadline_ms();
            damaged.take_dirty(level).unwrap();
        }
    }
}
