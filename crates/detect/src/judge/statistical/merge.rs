//! Summaries of parts become the summary of all: in any order, to the same.

use super::summary::{Body, Buckets, Summary};
use crate::limits::EXTREME_VALUES;

impl Summary {
    /// Takes over the values of another part. What it comes to depends on the values alone: they
    /// are counted in buckets once there are more of them than are kept, and buckets are as wide
    /// as it takes to have few enough of them, which more values never make narrower.
    pub fn merge(&mut self, other: &Self) {
        self.note(other);
        match (self.body_mut(), other.body()) {
            (Body::Exact(keys), Body::Exact(others)) => {
                *keys = merged(keys, others);
            }
            (Body::Exact(keys), Body::Buckets(others)) => {
                let mut buckets = Buckets::count(keys);
                buckets.merge(others);
                *self.body_mut() = Body::Buckets(buckets);
            }
            (Body::Buckets(buckets), Body::Exact(others)) => {
                buckets.merge(&Buckets::count(others));
            }
            (Body::Buckets(buckets), Body::Buckets(others)) => buckets.merge(others),
        }
        self.settle();
    }
}

impl Buckets {
    fn merge(&mut self, other: &Self) {
        let bits = self.bits.min(other.bits);
        self.coarsen(bits);
        let mut other = other.clone();
        other.coarsen(bits);
        self.counts = added(&self.counts, &other.counts);
        self.lowest = merged(&self.lowest, &other.lowest);
        self.lowest.truncate(EXTREME_VALUES);
        let mut highest = merged(&self.highest, &other.highest);
        self.highest = highest.split_off(highest.len().saturating_sub(EXTREME_VALUES));
    }
}

/// Two sorted lists as one.
fn merged(one: &[u64], other: &[u64]) -> Vec<u64> {
    // Two runs that are sorted are what a stable sort is quickest with.
    let mut all: Vec<u64> = Vec::with_capacity(one.len() + other.len());
    all.extend_from_slice(one);
    all.extend_from_slice(other);
    all.sort();
    all
}

/// Two sorted lists of counts as one.
fn added(one: &[(u32, u64)], other: &[(u32, u64)]) -> Vec<(u32, u64)> {
    let mut all: Vec<(u32, u64)> = Vec::with_capacity(one.len() + other.len());
    all.extend_from_slice(one);
    all.extend_from_slice(other);
    all.sort_by_key(|(bucket, _)| *bucket);
    all.dedup_by(|(bucket, count), (kept, sum)| {
        let is_same = bucket == kept;
        if is_same {
            *sum = sum.saturating_add(*count);
        }
        is_same
    });
    all
}
