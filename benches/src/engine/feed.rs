//! Reports as they come in: who (from the topic), when (from the server), what (the payload).

use fleetward_domain::EpochMs;
use fleetward_sim::{Fleet, thing_name};

/// All reports of a fleet, in memory.
#[derive(Debug)]
pub struct Feed {
    names: Vec<String>,
    bytes: Vec<u8>,
    reports: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    thing: u32,
    at_ms: EpochMs,
    end: usize,
}

/// One report.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The thing that its topic names.
    pub thing: &'a str,
    /// When it came.
    pub at_ms: EpochMs,
    /// What was sent.
    pub payload: &'a [u8],
}

impl Feed {
    /// Lets a fleet report.
    #[must_use]
    pub fn new(things: u64, rounds: u64) -> Self {
        let mut feed = Self {
            names: (0..things).map(thing_name).collect(),
            bytes: Vec::new(),
            reports: Vec::new(),
        };
        let mut fleet = Fleet::new(things, rounds);
        while let Some(report) = fleet.next_report() {
            feed.bytes.extend_from_slice(report.payload.as_bytes());
            let thing = u32::try_from(report.thing).unwrap_or(u32::MAX);
            feed.reports.push(Place { thing, at_ms: report.at_ms, end: feed.bytes.len() });
        }
        feed
    }

    /// How many reports there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reports.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// How long a payload is.
    #[must_use]
    pub fn mean_bytes(&self) -> f64 {
        self.bytes.len() as f64 / self.reports.len().max(1) as f64
    }

    /// The reports in their order.
    pub fn iter(&self) -> impl Iterator<Item = Arrival<'_>> {
        let mut start = 0;
        self.reports.iter().map(move |place| {
            let payload = self.bytes.get(start..place.end).unwrap_or_default();
            start = place.end;
            let thing = self.names.get(place.thing as usize).map_or("", String::as_str);
            Arrival { thing, at_ms: place.at_ms, payload }
        })
    }
}
