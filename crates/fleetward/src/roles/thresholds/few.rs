//! Fleets that are too small for the percentile that is asked of them: never refused, but told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fleetward_domain::{BehaviorName, Percentile, ProfileName};
use fleetward_store::SummarySeries;

/// With fewer things beyond a percentile it says little: with less than one it is the extreme, and
/// some thing is in alarm in about every second window, though nothing is wrong.
const LEAST_BEYOND: u64 = 5;
/// Behaviors that are remembered as told at most; beyond it all are forgotten, and told again.
const MOST_TOLD: usize = 10_000;

/// Which behaviors were told, with the generation of each.
#[derive(Debug, Default)]
pub(crate) struct Few {
    told: Mutex<BTreeMap<(ProfileName, BehaviorName), u64>>,
}

impl Few {
    /// Tells, once a generation, that too few things of a window lie beyond the percentile; whether
    /// it did.
    pub(super) fn look(&self, series: &SummarySeries, statistic: Percentile, things: u64) -> bool {
        let SummarySeries { profile, behavior, generation } = series;
        // Those on the rarer side: a low percentile bounds what is unusually little.
        let parts = statistic.parts().min(Percentile::WHOLE - statistic.parts());
        if parts == 0 {
            // p0 and p100 are the extremes themselves, of however many things: that is asked for.
            return false;
        }
        let whole = u128::from(Percentile::WHOLE);
        let beyond = u128::from(things) * u128::from(parts);
        if beyond >= u128::from(LEAST_BEYOND) * whole {
            return false;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_TOLD {
            told.clear();
        }
        let before = told.insert((profile.clone(), behavior.clone()), *generation);
        if before == Some(*generation) {
            return false;
        }
        tracing::warn!(
            "behavior {behavior} of profile {profile} compares with {statistic} of {things} things, \
             of which about {} lie beyond it: with fewer than {LEAST_BEYOND} the threshold is \
             nearly the fleet's extreme, and things are in alarm though nothing is wrong. Attach \
             the profile to more things, or take a percentile nearer to p50 (behaviors like this: \
             {})",
            beyond / whole,
            told.len()
        );
        true
    }

    /// How many behaviors were told.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_of_too_few_things_is_told_once_a_generation() {
        let few = Few::default();
        let series = |generation| SummarySeries {
            profile: ProfileName::parse("fleet").unwrap(),
            behavior: BehaviorName::parse("sent").unwrap(),
            generation,
        };
        let p = |text| Percentile::parse(text).unwrap();
        // Five of fifty lie beyond p90, and of fifty below p10; of forty-nine fewer do.
        assert!(!few.look(&series(1), p("p90"), 50));
        assert!(!few.look(&series(1), p("p10"), 50));
        assert_eq!(few.count(), 0);
        assert!(few.look(&series(1), p("p90"), 49));
        assert!(!few.look(&series(1), p("p90"), 48), "it was told");
        assert!(few.look(&series(2), p("p99.9"), 4_999), "that is another behavior");
        assert!(!few.look(&series(2), p("p99.9"), 5_000));
        assert!(!few.look(&series(3), p("p100"), 1_000_000), "no number of things would do");
        assert!(!few.look(&series(3), p("p0"), 1));
        assert_eq!(few.count(), 1);
    }
}
