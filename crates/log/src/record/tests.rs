//! Golden files of each format are read for ever, and written at their level.

#[path = "../../../../tests/formats/first_release.rs"]
mod first_release;
#[path = "../../../../tests/formats/random.rs"]
mod random;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use fleetward_domain::{
    Activity, Change, Count, CustomValue, NetworkStats, PortList, RemoteList, ReportedMetric,
    Sizes, Source, Threshold,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

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
        assert_eq!(encode(&record, FormatLevel::First).unwrap(), golden, "{name}");
        assert_eq!(decode(&golden).unwrap(), without_publisher(record), "{name}");
    }
}

#[test]
fn records_of_the_second_level_are_written_and_read_byte_for_byte() {
    for (name, record) in samples::all() {
        let path = folder(FormatLevel::Named).join(format!("{name}.cbor"));
        let bytes = encode(&record, FormatLevel::Named).unwrap();
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
fn records_of_the_third_level_are_written_and_read_byte_for_byte() {
    for (name, record) in samples::proven() {
        let path = folder(FormatLevel::Proven).join(format!("{name}.cbor"));
        let bytes = encode(&record, FormatLevel::Proven).unwrap();
        assert_eq!(bytes, fs::read(path).unwrap(), "{name}");
        assert_eq!(decode(&bytes).unwrap(), record, "{name}");
    }
}

#[test]
fn what_the_third_level_brought_is_not_written_below_it() {
    for (name, record) in samples::proven() {
        let written = encode(&record, FormatLevel::Named);
        // Of an activity, what the level knows is said: nobody there asks for the rest.
        let is_said = matches!(record, Record::Activity(_));
        assert_eq!(written.is_ok(), is_said, "{name}");
    }
}

#[test]
fn every_golden_file_is_a_sample() {
    let samples: BTreeSet<_> = samples::all()
        .into_iter()
        .chain(samples::proven())
        .map(|(name, _)| name.to_owned())
        .collect();
    for level in FormatLevel::ALL {
        for entry in fs::read_dir(folder(level)).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(samples.contains(stem), "{} is no sample", path.display());
        }
    }
}

#[test]
fn every_metric_stands_in_a_golden_file() {
    let mut seen = BTreeSet::new();
    for (_, record) in samples::all().into_iter().chain(samples::proven()) {
        let Record::Change(_, _, Change::Profile(profile, _)) = record else { continue };
        let judged = profile.behaviors.into_iter().filter_map(|behavior| behavior.metric);
        seen.extend(judged.chain(profile.metrics_to_retain.into_iter().map(|it| it.metric)));
    }
    for metric in fleetward_domain::Metric::BUILT_IN {
        assert!(seen.contains(&metric), "{metric} is in no sample");
    }
}

#[test]
fn a_newer_kind_of_record_is_named_and_never_passed_over() {
    for (number, word) in [(6, "model"), (12, "not known")] {
        let bytes = cbor::to_bytes(FormatLevel::First, |e| begin_variant(e, number, 0)).unwrap();
        let error = decode(&bytes).unwrap_err();
        assert!(matches!(&error, RecordError::Newer { number: found, .. } if *found == number));
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains("level above 3"), "{error}");
    }
}

#[test]
fn what_a_newer_version_added_to_a_record_is_an_error() {
    let longer = cbor::to_bytes(FormatLevel::First, |e| {
        begin_variant(e, TICK, 2)?;
        e.i64(1)?.i64(2)?;
        Ok(())
    })
    .unwrap();
    let error = decode(&longer).unwrap_err();
    assert!(matches!(error, RecordError::HoldsNewer(_)), "{error}");
    assert!(error.to_string().contains("a newer one wrote it"));
    let change = cbor::to_bytes(FormatLevel::First, |e| {
        begin_variant(e, CHANGE, 3)?;
        e.u64(1)?.i64(2)?;
        begin_variant(e, 8, 1)?;
        name::write(e, "later")
    })
    .unwrap();
    let error = decode(&change).unwrap_err();
    assert!(matches!(error, RecordError::HoldsNewer(_)), "{error}");
    assert!(error.to_string().contains("change 8 is not known"));
}

#[test]
fn no_cut_record_is_read_and_no_byte_makes_it_panic() {
    for (name, record) in samples::all() {
        let bytes = encode(&record, FormatLevel::Named).unwrap();
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

fn report() -> impl Strategy<Value = Report> {
    let number = || of(any::<u64>());
    let network = (number(), number(), number(), number()).prop_map(
        |(bytes_in, bytes_out, packets_in, packets_out)| NetworkStats {
            bytes_in,
            bytes_out,
            packets_in,
            packets_out,
        },
    );
    let ports = || {
        (number(), of(vec(any::<u16>(), 0..4))).prop_map(|(total, ports)| PortList { total, ports })
    };
    let addresses = || vec(any::<std::net::IpAddr>(), 0..3);
    let remotes = (number(), of(addresses()), any::<u64>())
        .prop_map(|(total, addresses, listed)| RemoteList { total, addresses, listed });
    let value = prop_oneof![
        random::number().prop_map(CustomValue::Number),
        vec(random::number(), 0..3).prop_map(CustomValue::Numbers),
        vec(any::<String>(), 0..3).prop_map(CustomValue::Strings),
        addresses().prop_map(CustomValue::Addresses),
    ];
    let custom = (any::<String>(), value).prop_map(|(name, value)| ReportedMetric { name, value });
    (any::<i64>(), network, of(ports()), of(ports()), of(remotes), vec(custom, 0..3)).prop_map(
        |(report_id, network, listening_tcp, listening_udp, established, custom)| Report {
            report_id,
            network,
            listening_tcp,
            listening_udp,
            established,
            custom,
        },
    )
}

fn activity() -> impl Strategy<Value = Activity> {
    let count = (random::metric(), of(random::name()), any::<u64>())
        .prop_map(|(metric, dimension, value)| Count { metric, dimension, value });
    let parts = (any::<String>(), any::<(u64, u64)>(), random::name(), any::<(i64, bool)>());
    (parts, vec(count, 0..4)).prop_map(|((door, numbers, thing, (until_ms, connected)), counts)| {
        let (boot, seq) = numbers;
        Activity {
            door,
            boot,
            seq,
            thing,
            until_ms,
            since_ms: None,
            connected,
            counts,
            sizes: Vec::new(),
            sources: Vec::new(),
            away_since_ms: None,
        }
    })
}

/// What every level says.
fn early_record() -> impl Strategy<Value = Record> {
    let publisher = [Publisher::Itself, Publisher::Another, Publisher::Unknown];
    prop_oneof![
        (random::name(), any::<i64>(), proptest::sample::select(publisher.to_vec()), report())
            .prop_map(|(thing, at_ms, publisher, report)| Record::Report {
                thing,
                at_ms,
                publisher,
                report
            }),
        activity().prop_map(Record::Activity),
        any::<(String, u64, i64)>().prop_map(|(door, boot, at_ms)| Record::DoorStarted {
            door,
            boot,
            at_ms
        }),
        (any::<u64>(), any::<i64>(), random::change())
            .prop_map(|(seq, at_ms, change)| Record::Change(seq, at_ms, change)),
        any::<i64>().prop_map(Record::Tick),
    ]
}

/// What came with [`FormatLevel::Proven`].
fn proven_record() -> impl Strategy<Value = Record> {
    let of_door = || any::<(String, u64, i64)>();
    let threshold =
        (random::name(), random::name(), any::<(u64, i64, u64)>(), of(random::number())).prop_map(
            |(profile, behavior, (generation, from_ms, things), value)| Threshold {
                profile,
                behavior,
                generation,
                from_ms,
                value,
                things,
            },
        );
    prop_oneof![
        of_door().prop_map(|(door, boot, until_ms)| Record::Watermark { door, boot, until_ms }),
        of_door().prop_map(|(door, boot, until_ms)| Record::DoorGone { door, boot, until_ms }),
        (of_door(), any::<i64>()).prop_map(|((door, boot, from_ms), to_ms)| Record::ClockSet {
            door,
            boot,
            from_ms,
            to_ms
        }),
        threshold.prop_map(Record::Threshold),
        measured().prop_map(Record::Activity),
        (random::name(), vec(random::name(), 0..3)).prop_map(|(name, ancestors)| {
            Record::Change(1, 2, Change::GroupDeleted { name, ancestors })
        }),
    ]
}

/// An activity that says more than counts.
fn measured() -> impl Strategy<Value = Activity> {
    let sizes = (of(random::dimension()), any::<[u64; 4]>()).prop_map(
        |(dimension, [min, max, total, messages])| Sizes { dimension, min, max, total, messages },
    );
    let source = (of(random::dimension()), any::<std::net::IpAddr>())
        .prop_map(|(dimension, address)| Source { dimension, address });
    (activity(), vec(sizes, 0..3), vec(source, 0..3), of(any::<i64>())).prop_map(
        |(activity, sizes, sources, away_since_ms)| Activity {
            sizes,
            sources,
            away_since_ms,
            ..activity
        },
    )
}

proptest! {
    #[test]
    fn every_record_of_the_first_level_is_read_by_the_first_release_and_by_this_one(
        any in early_record(),
    ) {
        let bytes = encode(&any, FormatLevel::First).unwrap();
        first_release::reads::<first_release::Record>(&bytes);
        prop_assert_eq!(decode(&bytes).unwrap(), without_publisher(any));
    }

    #[test]
    fn every_record_of_every_later_level_is_read_by_this_release(any in early_record()) {
        for level in FormatLevel::ALL.into_iter().filter(|level| *level > FormatLevel::First) {
            let bytes = encode(&any, level).unwrap();
            prop_assert_eq!(&decode(&bytes).unwrap(), &any);
        }
    }

    #[test]
    fn every_record_of_the_third_level_is_read_by_this_release(any in proven_record()) {
        let bytes = encode(&any, FormatLevel::Proven).unwrap();
        prop_assert_eq!(&decode(&bytes).unwrap(), &any);
    }
}
