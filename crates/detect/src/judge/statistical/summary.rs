//! What the values of a fleet in one window come to: exact while they are few, and log-linear
//! buckets with the exact extremes beyond.
//!
//! A bucket is a stretch of values whose first bits are the same, so that no logarithm is taken
//! and every machine gives the same: at most 0.4 % wide (8 bits of the fraction), and as narrow as
//! 0.012 % (13 bits) while the values fill few of them. So a fleet whose values are close together
//! is told apart, too.

use fleetward_domain::Percentile;

use crate::limits::{EXACT_VALUES, EXTREME_VALUES, SUMMARY_BUCKETS};

/// Bits of the fraction that tell buckets apart at first.
pub(super) const FINEST_BITS: u8 = 13;
/// Buckets are never wider than this many bits make them.
pub(super) const COARSEST_BITS: u8 = 8;

/// What the values of one window come to. The same values give the same summary, whatever parts
/// they came in and in which order these were merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    whole: bool,
    negative: u64,
    body: Body,
}

/// The values that are not below zero.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// Each of them, sorted.
    Exact(Vec<u64>),
    Buckets(Buckets),
}

/// Values counted in buckets, and the exact extremes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buckets {
    /// How many bits of the fraction tell buckets apart.
    pub(super) bits: u8,
    /// How many values each bucket has, for those that have some, by the bucket's bits.
    pub(super) counts: Vec<(u32, u64)>,
    /// The least values, sorted.
    pub(super) lowest: Vec<u64>,
    /// The greatest values, sorted.
    pub(super) highest: Vec<u64>,
}

/// The bits of a value that is not below zero; they sort as the values do.
#[inline]
pub(super) fn key_of(value: f64) -> Option<u64> {
    // Minus zero is zero; what is no number compares with nothing.
    (value >= 0.0).then(|| (value + 0.0).to_bits())
}

impl Summary {
    pub(super) fn new(whole: bool, negative: u64, body: Body) -> Self {
        Self { whole, negative, body }
    }

    /// The summary of no values.
    #[must_use]
    pub fn none() -> Self {
        Self::new(true, 0, Body::Exact(Vec::new()))
    }

    /// How many values there were, those below zero included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.negative.saturating_add(self.body.count())
    }

    /// How many were below zero.
    #[must_use]
    pub fn negative(&self) -> u64 {
        self.negative
    }

    /// Whether all were whole numbers.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    pub(super) fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Takes over what is not in the values themselves.
    pub(super) fn note(&mut self, other: &Self) {
        self.whole &= other.whole;
        self.negative = self.negative.saturating_add(other.negative);
    }

    /// Makes it as small as it is to be.
    pub(super) fn settle(&mut self) {
        if let Body::Exact(keys) = &mut self.body
            && keys.len() > EXACT_VALUES
        {
            self.body = Body::Buckets(Buckets::count(keys));
        }
        if let Body::Buckets(buckets) = &mut self.body {
            while buckets.counts.len() > SUMMARY_BUCKETS && buckets.bits > COARSEST_BITS {
                buckets.coarsen(buckets.bits - 1);
            }
        }
    }

    /// The value of nearest rank. None without values, or if some were below zero: nothing is kept
    /// of those.
    #[must_use]
    pub fn percentile(&self, percentile: Percentile) -> Option<f64> {
        let count = self.body.count();
        if self.negative > 0 || count == 0 {
            return None;
        }
        let rank = percentile.rank(count);
        match &self.body {
            Body::Exact(keys) => {
                let place = usize::try_from(rank - 1).ok()?;
                keys.get(place).map(|key| f64::from_bits(*key))
            }
            Body::Buckets(buckets) => buckets.of_rank(rank, count, self.whole),
        }
    }
}

impl Body {
    fn count(&self) -> u64 {
        match self {
            Self::Exact(keys) => keys.len() as u64,
            Self::Buckets(buckets) => {
                buckets.counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
            }
        }
    }
}

impl Buckets {
    /// The finest buckets.
    pub(super) fn new(counts: Vec<(u32, u64)>, lowest: Vec<u64>, highest: Vec<u64>) -> Self {
        Self { bits: FINEST_BITS, counts, lowest, highest }
    }

    /// Counts sorted values.
    pub(super) fn count(keys: &[u64]) -> Self {
        let mut counts: Vec<(u32, u64)> = Vec::new();
        for key in keys {
            let bucket = bucket_of(*key, FINEST_BITS);
            match counts.last_mut() {
                Some((last, count)) if *last == bucket => *count = count.saturating_add(1),
                _ => counts.push((bucket, 1)),
            }
        }
        let lowest = keys.iter().take(EXTREME_VALUES).copied().collect();
        let highest = keys.get(keys.len().saturating_sub(EXTREME_VALUES)..).unwrap_or_default();
        Self::new(counts, lowest, highest.to_vec())
    }

    /// Joins neighbours, so that this many bits tell buckets apart.
    pub(super) fn coarsen(&mut self, bits: u8) {
        let by = self.bits.saturating_sub(bits);
        self.counts.iter_mut().for_each(|(bucket, _)| *bucket >>= by);
        self.counts.dedup_by(|(bucket, count), (kept, sum)| {
            let is_same = bucket == kept;
            if is_same {
                *sum = sum.saturating_add(*count);
            }
            is_same
        });
        self.bits = self.bits.min(bits);
    }

    /// The value of this rank, counted from one.
    fn of_rank(&self, rank: u64, count: u64, whole: bool) -> Option<f64> {
        let at = |keys: &[u64], place: u64| keys.get(usize::try_from(place).ok()?).copied();
        let from_above = (self.highest.len() as u64).checked_sub(count.saturating_sub(rank) + 1);
        let exact = at(&self.lowest, rank - 1);
        if let Some(key) = exact.or_else(|| from_above.and_then(|place| at(&self.highest, place))) {
            return Some(f64::from_bits(key));
        }
        let mut before = 0_u64;
        for (bucket, inside) in &self.counts {
            let until = before.saturating_add(*inside);
            if rank <= until {
                return Some(self.inside(*bucket, (rank - before, *inside), whole));
            }
            before = until;
        }
        None
    }

    /// The value of this place among those of a bucket, as if they were spread evenly over it. A
    /// bucket that holds one whole number only gives just that.
    fn inside(&self, bucket: u32, (place, count): (u64, u64), whole: bool) -> f64 {
        let (first, next) = (edge(bucket, self.bits), edge(bucket.saturating_add(1), self.bits));
        let part = (place as f64 - 0.5) / count.max(1) as f64;
        let value = first + (next - first) * part;
        if whole { value.floor().max(first.ceil()) } else { value }
    }
}

/// The bucket of a value, where this many bits tell them apart.
fn bucket_of(key: u64, bits: u8) -> u32 {
    u32::try_from(key >> (f64::MANTISSA_DIGITS - 1 - u32::from(bits))).unwrap_or(u32::MAX)
}

/// The least value in a bucket.
fn edge(bucket: u32, bits: u8) -> f64 {
    f64::from_bits(u64::from(bucket) << (f64::MANTISSA_DIGITS - 1 - u32::from(bits)))
}
