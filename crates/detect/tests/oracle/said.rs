//! What devices report, and what front doors count of them.

use fleetward_domain::{
    Count, CustomValue, DimensionOperator, Metric, NetworkStats, PortList, RemoteList, Report,
    ReportedMetric, Sizes, Source,
};

use crate::dice::Dice;
use crate::profiles::{ADDRESSES, DIMENSION, LEVELS, PORTS, VERSIONS, dimension as narrowed};

/// Every part is left out now and then: a window without a value is not one with a zero.
pub(crate) fn report(dice: &mut Dice) -> Report {
    let report_id = 1 + dice.below(12) as i64;
    let often = |dice: &mut Dice| !dice.once_in(3);
    let ports = |dice: &mut Dice| PortList {
        total: dice.once_in(3).then(|| dice.below(8)),
        ports: dice.once_in(2).then(|| dice.some_of(&PORTS, 2)),
    };
    let addresses = |dice: &mut Dice| {
        let some = dice.some_of(&ADDRESSES, 2);
        some.iter().map(|address| address.parse().unwrap()).collect::<Vec<_>>()
    };
    let (peers, remotes) = (addresses(dice), addresses(dice));
    let values = [
        ("temperature", CustomValue::Number(dice.below(20) as f64 - 5.0)),
        ("versions", CustomValue::Strings(dice.some_of(&VERSIONS.map(str::to_owned), 2))),
        ("levels", CustomValue::Numbers(dice.some_of(&LEVELS, 2))),
        ("peers", CustomValue::Addresses(peers)),
    ];
    let custom = values.map(|(name, value)| ReportedMetric { name: name.to_owned(), value });
    Report {
        report_id,
        network: NetworkStats {
            bytes_out: often(dice).then(|| dice.below(80)),
            packets_in: often(dice).then(|| dice.below(6)),
            ..NetworkStats::default()
        },
        listening_tcp: often(dice).then(|| ports(dice)),
        listening_udp: often(dice).then(|| ports(dice)),
        established: often(dice).then(|| RemoteList {
            total: dice.once_in(3).then(|| dice.below(8)),
            listed: remotes.len() as u64,
            addresses: Some(remotes),
        }),
        custom: dice.some_of(&custom, 2),
    }
}

/// Now and then a door counts a dimension, or does not yet.
pub(crate) fn counts(dice: &mut Dice) -> Vec<Count> {
    let mut counts = Vec::new();
    let others = [
        Metric::MessagesReceived,
        Metric::AuthorizationFailures,
        Metric::ConnectionAttempts,
        Metric::Disconnects,
    ];
    if !dice.once_in(4) {
        let (metric, inside) = (Metric::MessagesSent, dice.below(4));
        let value = inside + dice.below(4);
        counts.push(Count { metric: metric.clone(), dimension: None, value });
        if !dice.once_in(6) {
            let dimension = Some(DIMENSION.to_owned().try_into().unwrap());
            counts.push(Count { metric, dimension, value: inside });
        }
    }
    for metric in dice.some_of(&others, 3) {
        counts.push(Count { metric, dimension: None, value: dice.below(5) });
    }
    counts
}

/// Of all messages, and of those inside and outside of the dimension.
pub(crate) fn sizes(dice: &mut Dice) -> Vec<Sizes> {
    let messages: Vec<_> = (0..dice.below(4)).map(|_| (dice.once_in(2), dice.below(60))).collect();
    let of = |dimension: Option<DimensionOperator>| {
        let is_in = |(inside, _): &&(bool, u64)| {
            dimension.is_none_or(|side| (side == DimensionOperator::In) == *inside)
        };
        let sizes: Vec<u64> = messages.iter().filter(is_in).map(|(_, bytes)| *bytes).collect();
        Some(Sizes {
            dimension: dimension.map(narrowed),
            min: *sizes.iter().min()?,
            max: *sizes.iter().max()?,
            total: sizes.iter().sum(),
            messages: sizes.len() as u64,
        })
    };
    [None, Some(DimensionOperator::In), Some(DimensionOperator::NotIn)]
        .into_iter()
        .filter_map(of)
        .collect()
}

pub(crate) fn sources(dice: &mut Dice) -> Vec<Source> {
    let sides = [None, Some(DimensionOperator::In), Some(DimensionOperator::NotIn)];
    let mut sources = Vec::new();
    for side in dice.some_of(&sides, 3) {
        for address in dice.some_of(&ADDRESSES, 2) {
            let address = address.parse().unwrap();
            sources.push(Source { dimension: side.map(narrowed), address });
        }
    }
    sources
}
