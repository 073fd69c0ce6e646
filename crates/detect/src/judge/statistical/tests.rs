#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use proptest::prelude::*;

use fleetward_domain::Percentile;

use super::summary::Body;
use super::{Sketch, Summary, decode, encode};
use crate::limits::EXACT_VALUES;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Between zero and one, never either.
    fn part(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.part().ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos()
    }

    /// Poisson; large means by the normal distribution.
    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.part(), 0.0);
        while product > limit {
            product *= self.part();
            count += 1.0;
        }
        count
    }
}

fn summary(values: &[f64], exact: usize) -> Summary {
    let is_count = |value: &f64| value.fract() == 0.0 && (0.0..1e18).contains(value);
    let whole = values.iter().all(is_count);
    let mut sketch = Sketch::new(exact, whole);
    values.iter().for_each(|value| sketch.add(*value));
    sketch.summary()
}

/// Ways a fleet's values can lie.
fn fleets(count: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut draw = |value: fn(&mut Random) -> f64| (0..count).map(|_| value(&mut random)).collect();
    vec![
        ("counts around 20", draw(|random| random.poisson(20.0))),
        ("counts around 50,000", draw(|random| random.poisson(50_000.0))),
        ("bytes over six powers of ten", draw(|r| (8.0 + 2.5 * r.normal()).exp().floor())),
        ("volts close together", draw(|random| 3.3 + 0.002 * random.normal())),
        ("a heavy tail", draw(|random| random.part().powf(-0.8))),
        ("mostly zero", draw(|random| random.poisson(0.02))),
        ("all the same", draw(|_| 41.0)),
    ]
}

/// How far the threshold is from the rank that was wanted, in things: zero within a tie.
fn rank_error(sorted: &[f64], threshold: f64, rank: usize) -> usize {
    let below = sorted.partition_point(|value| *value < threshold);
    let until = sorted.partition_point(|value| *value <= threshold);
    (below + 1).saturating_sub(rank) + rank.saturating_sub(until.max(below))
}

fn percentile(text: &str) -> Percentile {
    Percentile::parse(text).unwrap()
}

fn rank(count: usize, percentile: Percentile) -> usize {
    usize::try_from(percentile.rank(count as u64)).unwrap()
}

/// Through the bytes in which it is stored.
fn stored(summary: &Summary) -> Summary {
    decode(&encode(percentile("p50"), summary)).unwrap().1
}

#[test]
fn a_fleet_of_up_to_a_hundred_thousand_has_exact_percentiles() {
    for (name, values) in fleets(20_000) {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let whole = summary(&values, EXACT_VALUES);
        for percentile in Percentile::all() {
            let expected = sorted[rank(values.len(), percentile) - 1];
            assert_eq!(whole.percentile(percentile), Some(expected), "{name} {percentile}");
        }
    }
}

#[test]
fn a_larger_fleet_has_percentiles_within_the_gate() {
    for (name, values) in fleets(250_000) {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let whole = summary(&values, EXACT_VALUES);
        assert!(matches!(whole.body(), Body::Buckets(_)), "{name}");
        for percentile in Percentile::all() {
            let threshold = whole.percentile(percentile).unwrap();
            let (count, rank) = (values.len(), rank(values.len(), percentile));
            let error = rank_error(&sorted, threshold, rank);
            let part = f64::from(percentile.parts().min(10_000 - percentile.parts())) / 10_000.0;
            let allowed = (0.05 * part * count as f64).max(1.0);
            assert!(error as f64 <= allowed, "{name} {percentile}: {error} of {allowed}");
            // Judged otherwise than by the exact percentile: at most one thing in a thousand.
            let exact = sorted[rank - 1];
            let judged = |bound: f64| sorted.partition_point(|value| *value <= bound);
            let otherwise = judged(threshold).abs_diff(judged(exact));
            assert!(otherwise * 1_000 <= count, "{name} {percentile}: {otherwise} of {count}");
            if [0, 10_000].contains(&percentile.parts()) {
                assert_eq!(threshold.to_bits(), exact.to_bits(), "{name}: the extremes are exact");
            }
        }
    }
}

#[test]
fn the_second_opinion_is_within_its_own_error() {
    use sketches_ddsketch::{Config, DDSketch};
    for (name, values) in fleets(200_000) {
        let whole = summary(&values, EXACT_VALUES);
        let mut other = DDSketch::new(Config::new(0.005, 8_192, 1.0e-9));
        values.iter().for_each(|value| other.add(*value));
        for percentile in ["p10", "p50", "p90", "p99", "p99.9"].map(percentile) {
            let ours = whole.percentile(percentile).unwrap();
            let theirs = other.quantile(f64::from(percentile.parts()) / 10_000.0).unwrap().unwrap();
            let apart = (ours - theirs).abs();
            assert!(apart <= 0.011 * ours.max(1.0), "{name} {percentile}: {ours}, {theirs}");
        }
    }
}

#[test]
fn a_fleet_in_parts_is_the_fleet_as_a_whole_in_any_order() {
    for (name, values) in fleets(160_000) {
        let whole = summary(&values, EXACT_VALUES);
        for parts in [3_usize, 16] {
            let part = |from: usize| {
                let of_part: Vec<f64> = values.iter().skip(from).step_by(parts).copied().collect();
                stored(&summary(&of_part, 4_096))
            };
            let mut forth = Summary::none();
            (0..parts).for_each(|from| forth.merge(&part(from)));
            let mut back = Summary::none();
            (0..parts).rev().for_each(|from| back.merge(&part(from)));
            assert_eq!(forth.percentiles(), whole.percentiles(), "{name} in {parts}");
            assert_eq!(forth, back, "{name} in {parts}");
            assert_eq!(forth.body(), whole.body(), "{name} in {parts}");
        }
    }
}

/// Of 10,000 things over a day of windows, the part that violates the percentile of the window
/// before, by 1-q.
fn violating_parts(mean: impl Fn(usize) -> f64) -> [f64; 3] {
    const THINGS: usize = 10_000;
    const WINDOWS: usize = 288;
    let watched = ["p90", "p99", "p99.9"].map(percentile);
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut violating = [0; 3];
    let mut before: Option<Summary> = None;
    for number in 0..=WINDOWS {
        let values: Vec<f64> = (0..THINGS).map(|_| random.poisson(mean(number))).collect();
        if let Some(before) = before {
            for (violating, percentile) in violating.iter_mut().zip(watched) {
                let threshold = before.percentile(percentile).unwrap();
                *violating += values.iter().filter(|value| **value > threshold).count();
            }
        }
        before = Some(summary(&values, EXACT_VALUES));
    }
    let all = (THINGS * WINDOWS) as f64;
    let above = |at: usize| f64::from(Percentile::WHOLE - watched[at].parts()) / 1e4;
    std::array::from_fn(|at| violating[at] as f64 / all / above(at))
}

#[test]
fn the_part_of_a_poisson_fleet_that_violates_is_what_the_percentile_says() {
    let day = |number: usize| (std::f64::consts::TAU * number as f64 / 288.0).sin();
    let stationary = violating_parts(|_| 100.0);
    let curved = violating_parts(|number| 100.0 * (1.0 + 0.5 * day(number)));
    for part in stationary.into_iter().chain(curved) {
        assert!((0.8..=1.1).contains(&part), "stationary {stationary:?}, by day {curved:?}");
    }
}

#[test]
fn nothing_is_said_of_no_values_or_of_values_below_zero() {
    assert_eq!(Summary::none().percentile(percentile("p50")), None);
    assert_eq!(summary(&[1.0, -0.25, 3.0], 10).percentile(percentile("p50")), None);
    assert_eq!(summary(&[0.0], 10).percentile(percentile("p0")), Some(0.0));
}

#[test]
fn damaged_bytes_are_told() {
    let values: Vec<f64> = (0..9_000).map(f64::from).collect();
    let bytes = encode(percentile("p99"), &summary(&values, 4_096));
    for end in [0, 1, 3, bytes.len() / 2, bytes.len() - 1] {
        assert!(decode(&bytes[..end]).is_err(), "{end}");
    }
    let mut newer = bytes;
    newer[1] = 2;
    assert!(decode(&newer).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever the values, the parts and their order: the same bytes, and through bytes the same.
    #[test]
    fn any_values_in_any_parts_come_to_the_same(
        values in proptest::collection::vec((any::<u8>(), any::<f64>()), 1..400),
        negative in any::<bool>(),
    ) {
        let value = |value: f64| if negative && value.is_finite() { value } else { value.abs() };
        let values: Vec<(u8, f64)> = values.into_iter()
            .map(|(part, number)| (part, value(number)))
            .filter(|(_, number)| number.is_finite())
            .collect();
        let of_part = |part: u8| {
            let of_part: Vec<f64> =
                values.iter().filter(|(p, _)| p % 4 == part).map(|(_, value)| *value).collect();
            summary(&of_part, 16)
        };
        let mut forth = Summary::none();
        (0..4).for_each(|part| forth.merge(&of_part(part)));
        let mut back = Summary::none();
        (0..4).rev().for_each(|part| back.merge(&of_part(part)));
        prop_assert_eq!(&forth, &back);
        prop_assert_eq!(&stored(&forth), &forth);
        prop_assert_eq!(forth.count(), values.len() as u64);
    }

    /// Bytes that anything wrote are read or refused, and never more than that.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }
}

impl Summary {
    fn percentiles(&self) -> Vec<Option<f64>> {
        Percentile::all().map(|percentile| self.percentile(percentile)).collect()
    }
}
