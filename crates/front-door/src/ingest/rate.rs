//! How often somebody may report: a burst, and then so many a second.

use std::collections::HashMap;

use super::fingerprint::AsItIs;

/// A rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// What one report costs, in nanoseconds of waiting; zero: nothing is limited.
    cost_ns: u64,
    /// What may be owed.
    burst_ns: u64,
}

impl Rate {
    /// So many a second after a burst of so many; zero or less a second: no limit.
    pub(super) fn new(per_second: f64, burst: f64) -> Self {
        if !(per_second > 0.0 && per_second.is_finite()) {
            return Self { cost_ns: 0, burst_ns: 0 };
        }
        // As casts go, both end at the largest number: a wait of centuries.
        let cost_ns = ((1e9 / per_second) as u64).max(1);
        Self { cost_ns, burst_ns: (cost_ns as f64 * burst.max(1.0)) as u64 }
    }
}

/// Who owes how much. One who owes nothing is not kept: so it holds as many as have reported in
/// the last moment, and those who flood.
#[derive(Default)]
pub(super) struct Debts {
    /// Until when each one's reports are spread out, by fingerprint, in nanoseconds.
    until_ns: HashMap<u64, u64, AsItIs>,
    /// At how many those who owe nothing any more are removed.
    sweep_at: usize,
    /// When they were removed last.
    swept_ns: u64,
}

/// Fewer are not swept.
const SWEPT_FROM: usize = 256;

/// A full table is swept this often.
const SWEEP_EVERY_NS: u64 = 1_000_000_000;

impl Debts {
    /// Whether one more report of `who` is within the rate; then it is owed. Where `limit` others
    /// owe, nobody new may report: nobody's debt is forgotten for another's.
    pub(super) fn owe(&mut self, who: u64, rate: Rate, now_ns: u64, limit: usize) -> bool {
        if rate.cost_ns == 0 {
            return true;
        }
        // Where there is no room that is tried now and then, else only as often as they double.
        let is_full = self.until_ns.len() >= limit;
        let is_stale = now_ns >= self.swept_ns.saturating_add(SWEEP_EVERY_NS);
        if self.until_ns.len() >= self.sweep_at.max(SWEPT_FROM) || (is_full && is_stale) {
            self.until_ns.retain(|_, until_ns| *until_ns > now_ns);
            self.sweep_at = self.until_ns.len().saturating_mul(2);
            self.swept_ns = now_ns;
        }
        let owed_until = self.until_ns.get(&who).copied();
        if owed_until.is_none() && self.until_ns.len() >= limit {
            return false;
        }
        let until_ns = owed_until.unwrap_or(0).max(now_ns).saturating_add(rate.cost_ns);
        let is_within = until_ns.saturating_sub(now_ns) <= rate.burst_ns;
        if is_within {
            self.until_ns.insert(who, until_ns);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn taken(debts: &mut Debts, who: u64, rate: Rate, now_ns: u64, tries: usize) -> usize {
        (0..tries).filter(|_| debts.owe(who, rate, now_ns, 1_000)).count()
    }

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let (mut debts, rate) = (Debts::default(), Rate::new(2.0, 60.0));
        assert_eq!(taken(&mut debts, 1, rate, 0, 100), 60);
        assert_eq!(taken(&mut debts, 1, rate, SECOND / 2 - 1, 100), 0);
        assert_eq!(taken(&mut debts, 1, rate, 10 * SECOND, 100), 20);
        assert_eq!(taken(&mut debts, 2, rate, 10 * SECOND, 100), 60, "each for itself");
        assert_eq!(taken(&mut debts, 1, rate, 100 * SECOND, 100), 60, "no more than the burst");
        let seldom = Rate::new(1.0 / 300.0, 1.0);
        assert_eq!(taken(&mut debts, 3, seldom, 0, 9), 1);
        assert_eq!(taken(&mut debts, 3, seldom, 299 * SECOND, 9), 0);
        assert_eq!(taken(&mut debts, 3, seldom, 301 * SECOND, 9), 1);
        for off in [0.0, -1.0, f64::NAN] {
            assert_eq!(taken(&mut debts, 4, Rate::new(off, 60.0), 0, 1_000), 1_000);
        }
    }

    #[test]
    fn who_owes_nothing_is_not_kept_and_nobody_gives_way_to_another() {
        let (mut debts, rate) = (Debts::default(), Rate::new(1.0, 60.0));
        for who in 0..100_000 {
            assert!(debts.owe(who, rate, who * SECOND / 100, 1_000));
        }
        assert!(debts.until_ns.len() <= 1_000, "{}", debts.until_ns.len());
        let (mut full, now_ns) = (Debts::default(), 7 * SECOND);
        assert_eq!(taken(&mut full, 1, rate, now_ns, 60), 60);
        assert_eq!((2..3_000).filter(|who| full.owe(*who, rate, now_ns, 1_000)).count(), 999);
        assert_eq!(taken(&mut full, 1, rate, now_ns, 1), 0, "it still owes");
        assert_eq!(taken(&mut full, 2, rate, now_ns, 60), 59, "it is still known");
        assert!(full.owe(3_000, rate, now_ns + 2 * SECOND, 1_000), "there is room again");
    }
}
