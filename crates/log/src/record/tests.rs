//! Golden files of each format are read for ever, and written at their level.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

fn folder(level: FormatLevel) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(format!("tests/formats/level-{level}/records"))
}

/// What a record of the first level keeps.
fn without_publisher(record: Record) -> Record {
    match record {
        Record::Report { thing, at_ms, report, .. } => {
            Record::Report { thing, at_ms, publisher: Publisher::Unknown, report }
        }
        other => other,
    }
}

#[test]
fn records_of_the_first_release_are_written_and_read_byte_for_byte() {
    for (name, record) in samples::all() {
        let golden = fs::read(folder(FormatLevel::First).join(format!("{name}.cbor"))).unwrap();
        assert_eq!(encode(&record, FormatLevel::First), golden, "{name}");
        assert_eq!(decode(&golden).unwrap(), without_publisher(record), "{name}");
    }
}

#[test]
fn records_of_the_second_level_are_written_and_read_byte_for_byte() {
    for (name, record) in samples::all() {
        let path = folder(FormatLevel::Named).join(format!("{name}.cbor"));
        let bytes = encode(&record, FormatLevel::Named);
        // What did not change has its golden file in the level before.
        let golden = if path.exists() {
            path
        } else {
            folder(FormatLevel::First).join(format!("{name}.cbor"))
        };
        assert_eq!(bytes, fs::read(golden).unwrap(), "{name}");
        assert_eq!(decode(&bytes).unwrap(), record, "{name}");
    }
}

#[test]
fn every_golden_file_is_a_sample() {
    let samples: BTreeSet<_> =
        samples::all().into_iter().map(|(name, _)| name.to_owned()).collect();
    for level in FormatLevel::ALL {
        for entry in fs::read_dir(folder(level)).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(samples.contains(stem), "{} is no sample", path.display());
        }
    }
}

#[test]
fn a_newer_kind_of_record_is_named_and_never_passed_over() {
    for (number, word) in [(5, "threshold"), (6, "model"), (8, "not known")] {
        let bytes = cbor::to_bytes(|e| begin_variant(e, number, 0));
        let error = decode(&bytes).unwrap_err();
        assert!(matches!(&error, RecordError::Newer { number: found, .. } if *found == number));
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains("level above 2"), "{error}");
    }
}

#[test]
fn what_a_newer_version_added_to_a_record_is_an_error() {
    let longer = cbor::to_bytes(|e| {
        begin_variant(e, TICK, 2)?;
        e.i64(1)?.i64(2)?;
        Ok(())
    });
    assert!(decode(&longer).unwrap_err().to_string().contains("a newer one wrote it"));
    let metric = cbor::to_bytes(|e| {
        begin_variant(e, CHANGE, 3)?;
        e.u64(1)?.i64(2)?;
        begin_variant(e, 6, 1)?;
        name::write(e, "later")
    });
    assert!(decode(&metric).unwrap_err().to_string().contains("change 6 is not known"));
}

#[test]
fn no_cut_record_is_read_and_no_byte_makes_it_panic() {
    for (name, record) in samples::all() {
        let bytes = encode(&record, FormatLevel::Named);
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let _ = decode(&damaged);
            }
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(decode(&longer).is_err(), "{name} with a byte more");
    }
}
