//! One partition's values of one window as they come: kept one by one, and beyond a limit counted
//! in buckets, at a few nanoseconds each.

use super::summary::{Body, Buckets, FINEST_BITS, Summary, key_of};
use crate::limits::EXTREME_VALUES;

/// Buckets of one octave: between a power of two and the next.
const PAGE: usize = 1 << FINEST_BITS;
/// How far a value's bits are shifted to get its bucket: the sign and the exponent stay, and as
/// many bits of the fraction as buckets of an octave need.
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - FINEST_BITS as u32;

/// Takes the values of a window one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// Most values that are kept one by one.
    exact: usize,
    /// Whether every value is a whole number.
    whole: bool,
    negative: u64,
    /// While there are few, all of them, in the order in which they came.
    keys: Vec<u64>,
    /// Once there are more than a few.
    counted: Option<Box<Counted>>,
}

/// Values counted in buckets.
#[derive(Clone, Debug, Default, PartialEq)]
struct Counted {
    /// Counts by octave, and in it by bucket; octaves without a value take no memory.
    octaves: Vec<Vec<u32>>,
    lowest: Extremes,
    highest: Extremes,
}

/// The least keys of all that came; kept unsorted, twice as many as asked for.
#[derive(Clone, Debug, PartialEq)]
struct Extremes {
    keys: Vec<u64>,
    /// Keys that are not below this are none of the least.
    bound: u64,
}

impl Sketch {
    /// A sketch that keeps so many values one by one; `whole` promises that all of them are whole
    /// numbers.
    #[must_use]
    pub fn new(exact: usize, whole: bool) -> Self {
        Self { exact, whole, negative: 0, keys: Vec::new(), counted: None }
    }

    /// Takes one value. Of those below zero only the number is kept.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let Some(key) = key_of(value) else {
            self.negative = self.negative.saturating_add(1);
            return;
        };
        match &mut self.counted {
            Some(counted) => counted.add(key),
            None => {
                self.keys.push(key);
                if self.keys.len() > self.exact {
                    self.count_all();
                }
            }
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let body = match &self.counted {
            Some(counted) => Body::Buckets(counted.buckets()),
            None => {
                let mut keys = self.keys.clone();
                keys.sort_unstable();
                Body::Exact(keys)
            }
        };
        let mut summary = Summary::new(self.whole, self.negative, body);
        summary.settle();
        summary
    }

    /// From here on values are counted.
    #[cold]
    fn count_all(&mut self) {
        let mut counted = Box::<Counted>::default();
        for key in std::mem::take(&mut self.keys) {
            counted.add(key);
        }
        self.counted = Some(counted);
    }
}

impl Counted {
    #[inline]
    fn add(&mut self, key: u64) {
        let bucket = (key >> SHIFT) as usize;
        let (octave, place) = (bucket / PAGE, bucket % PAGE);
        let counts = self.octaves.get_mut(octave).and_then(|page| page.get_mut(place));
        if let Some(count) = counts {
            *count = count.saturating_add(1);
        } else if let Some(count) = self.place(octave, place) {
            *count = 1;
        }
        if key < self.lowest.bound {
            self.lowest.add(key);
        }
        if !key < self.highest.bound {
            self.highest.add(!key);
        }
    }

    /// The count of a bucket, in an octave that may be new.
    #[cold]
    fn place(&mut self, octave: usize, place: usize) -> Option<&mut u32> {
        if self.octaves.len() <= octave {
            self.octaves.resize_with(octave + 1, Vec::new);
        }
        let page = self.octaves.get_mut(octave)?;
        if page.is_empty() {
            page.resize(PAGE, 0);
        }
        page.get_mut(place)
    }

    fn buckets(&self) -> Buckets {
        let mut counts = Vec::new();
        for (octave, page) in self.octaves.iter().enumerate() {
            for (place, count) in page.iter().enumerate().filter(|(_, count)| **count > 0) {
                let bucket = u32::try_from(octave * PAGE + place).unwrap_or(u32::MAX);
                counts.push((bucket, u64::from(*count)));
            }
        }
        let lowest = self.lowest.sorted();
        // Kept turned round, so that the largest are the least.
        let mut highest: Vec<u64> = self.highest.sorted().into_iter().map(|key| !key).collect();
        highest.reverse();
        Buckets::new(counts, lowest, highest)
    }
}

impl Default for Extremes {
    fn default() -> Self {
        Self { keys: Vec::with_capacity(2 * EXTREME_VALUES), bound: u64::MAX }
    }
}

impl Extremes {
    fn add(&mut self, key: u64) {
        self.keys.push(key);
        if self.keys.len() >= 2 * EXTREME_VALUES {
            let (_, last, _) = self.keys.select_nth_unstable(EXTREME_VALUES - 1);
            self.bound = *last;
            self.keys.truncate(EXTREME_VALUES);
        }
    }

    fn sorted(&self) -> Vec<u64> {
        let mut keys = self.keys.clone();
        keys.sort_unstable();
        keys.truncate(EXTREME_VALUES);
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_kept_and_more_are_counted_with_their_extremes() {
        let mut sketch = Sketch::new(1_000, true);
        (0..1_000).rev().for_each(|value| sketch.add(f64::from(value)));
        assert!(matches!(sketch.summary().body(), Body::Exact(keys) if keys.len() == 1_000));
        (1_000..3_000).for_each(|value| sketch.add(f64::from(value)));
        let summary = sketch.summary();
        assert_eq!(summary.count(), 3_000);
        let Body::Buckets(buckets) = summary.body() else { panic!("they are counted") };
        let sum_of = |keys: &[u64]| keys.iter().map(|key| f64::from_bits(*key)).sum::<f64>();
        let sum = |range: std::ops::Range<u32>| range.map(f64::from).sum::<f64>();
        assert_eq!(sum_of(&buckets.lowest), sum(0..128));
        assert_eq!(sum_of(&buckets.highest), sum(2_872..3_000));
    }

    #[test]
    fn of_values_below_zero_only_the_number_is_kept() {
        let mut sketch = Sketch::new(10, false);
        [-0.5, -0.0, 0.0, 3.5].into_iter().for_each(|value| sketch.add(value));
        let summary = sketch.summary();
        assert_eq!((summary.negative(), summary.count()), (1, 4));
    }
}
