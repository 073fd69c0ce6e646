//! Percentiles: what a statistical criterion compares with.

use std::fmt;

/// A percentile that AWS knows (service model, `EvaluationStatistic`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentile {
    /// Ten-thousandths of the whole: exact for all that AWS knows.
    parts: u32,
}

/// Each with the ten-thousandths below it.
const KNOWN: [(&str, u32); 11] = [
    ("p0", 0),
    ("p0.01", 1),
    ("p0.1", 10),
    ("p1", 100),
    ("p10", 1_000),
    ("p50", 5_000),
    ("p90", 9_000),
    ("p99", 9_900),
    ("p99.9", 9_990),
    ("p99.99", 9_999),
    ("p100", 10_000),
];

impl Percentile {
    /// Ten-thousandths that make up the whole.
    pub const WHOLE: u32 = 10_000;

    /// Reads one as AWS writes it: `p99.9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (_, parts) = KNOWN.into_iter().find(|(known, _)| *known == text)?;
        Some(Self { parts })
    }

    /// Every one, the lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.into_iter().map(|(_, parts)| Self { parts })
    }

    /// As AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KNOWN.into_iter().find(|(_, parts)| *parts == self.parts).map_or("p0", |(text, _)| text)
    }

    /// Ten-thousandths of the whole that lie below it: 9,990 of `p99.9`.
    #[must_use]
    pub fn parts(self) -> u32 {
        self.parts
    }

    /// The place of its value among `values` sorted ones, from 1: the nearest rank `ceil(q n)`, and
    /// the first for `p0`. Zero if there are none.
    #[must_use]
    pub fn rank(self, values: u64) -> u64 {
        let rank = (u128::from(self.parts) * u128::from(values)).div_ceil(u128::from(Self::WHOLE));
        u64::try_from(rank).unwrap_or(values).max(1).min(values)
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_percentile_of_aws_reads_back() {
        for percentile in Percentile::all() {
            assert_eq!(Percentile::parse(percentile.as_str()), Some(percentile));
        }
        for other in ["p95", "P99", "99", "p99.90", "Average", ""] {
            assert_eq!(Percentile::parse(other), None, "{other}");
        }
    }

    #[test]
    fn ranks_are_exact_where_floating_point_would_not_be() {
        let rank = |text: &str, values| Percentile::parse(text).unwrap().rank(values);
        assert_eq!(rank("p0", 20), 1);
        assert_eq!(rank("p50", 20), 10);
        assert_eq!(rank("p50", 21), 11);
        assert_eq!(rank("p99.9", 1_000), 999);
        assert_eq!(rank("p99.9", 1_001), 1_000);
        assert_eq!(rank("p99.99", 20), 20);
        assert_eq!(rank("p100", 7), 7);
        assert_eq!(rank("p90", 0), 0);
        assert_eq!(rank("p100", u64::MAX), u64::MAX);
    }
}
