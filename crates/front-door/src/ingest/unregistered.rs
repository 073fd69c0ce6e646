//! Custom metrics that reports carry and nobody registered: the reports are taken, and what would
//! be in vain is counted, so that somebody can be told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use fleetward_domain::{CustomMetric, CustomMetricName, Report};
use fleetward_environment::Clock;
use fleetward_store::{Documents, Kind, StoreError, readable};
use tokio::time::Instant;

use crate::limits::{METRICS_READ_EVERY, STORE_PAGE, UNREGISTERED_METRICS};
use crate::seldom::Seldom;

/// Counts values of custom metrics that are not registered.
#[derive(Default)]
pub(crate) struct Unregistered {
    /// The names that are registered, as of a moment ago; none before they are read once.
    registered: ArcSwap<Option<BTreeSet<CustomMetricName>>>,
    counts: Mutex<Counts>,
    told: Seldom,
}

#[derive(Default)]
struct Counts {
    by_name: BTreeMap<String, u64>,
    /// Of names beyond the limit: devices choose them.
    others: u64,
}

impl Unregistered {
    /// Counts what this report carries in vain.
    pub(super) fn note(&self, report: &Report, now: Instant) {
        if report.custom.is_empty() {
            return;
        }
        let registered = self.registered.load();
        let Some(registered) = registered.as_ref() else { return };
        let names = report.custom.iter().map(|metric| metric.name.as_str());
        for name in names.filter(|name| !registered.contains(*name)) {
            self.counts().add(name);
            self.told.tell(now, |values| {
                tracing::info!(name, values, "reports carry custom metrics nobody registered");
            });
        }
    }

    /// How many values came, by name, and how many of names that found no room.
    pub(crate) fn counted(&self) -> (Vec<(String, u64)>, u64) {
        let counts = self.counts();
        let by_name = counts.by_name.iter().map(|(name, count)| (name.clone(), *count));
        (by_name.collect(), counts.others)
    }

    /// Reads again and again which metrics are registered, for ever. A metric is as well known a
    /// moment later: only a count is at stake.
    pub(crate) async fn follow(self: Arc<Self>, store: Arc<dyn Documents>, clock: Clock) {
        loop {
            match registered(&*store).await {
                Ok(names) => self.registered.store(Arc::new(Some(names))),
                Err(error) => tracing::error!(%error, "custom metrics cannot be read"),
            }
            clock.sleep(METRICS_READ_EVERY).await;
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, name: &str) {
        let is_full = self.by_name.len() >= UNREGISTERED_METRICS;
        let count = match self.by_name.get_mut(name) {
            Some(count) => count,
            None if is_full => &mut self.others,
            None => self.by_name.entry(name.to_owned()).or_default(),
        };
        *count = count.saturating_add(1);
    }
}

async fn registered(store: &dyn Documents) -> Result<BTreeSet<CustomMetricName>, StoreError> {
    let (mut names, mut after) = (BTreeSet::new(), None::<String>);
    loop {
        let page = store.list(Kind::CustomMetric, "", after.as_deref(), STORE_PAGE).await?;
        let Some(last) = page.last() else { return Ok(names) };
        after = Some(last.key.clone());
        let found = page.iter().filter_map(|document| readable::<CustomMetric>(store, document));
        names.extend(found.map(|found| found.value.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_devices_make_up_are_bounded() {
        let mut counts = Counts::default();
        for number in 0..10_000 {
            counts.add(&format!("made-up-{number}"));
        }
        counts.add("made-up-0");
        assert_eq!(counts.by_name.len(), UNREGISTERED_METRICS);
        assert_eq!(counts.others, 10_000 - UNREGISTERED_METRICS as u64);
        assert_eq!(counts.by_name.values().max(), Some(&2));
    }
}
