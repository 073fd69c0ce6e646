//! Reports as they come in: who (from the topic), when (from the server), what (the payload).

use fleetward_domain::EpochMs;
use fleetward_fleet::{Fleet, thing_name};

/// All reports of a fleet, in memory.
#[derive(Debug)]
pub struct Feed {
    things: u64,
    /// Each report's thing and payload, one behind the other, as they are in a packet.
    bytes: String,
    reports: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    at_ms: EpochMs,
    /// Where its thing's name ends.
    payload: usize,
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
        let mut feed = Self { things, bytes: String::new(), reports: Vec::new() };
        let mut fleet = Fleet::new(things, rounds);
        while let Some(report) = fleet.next_report() {
            feed.bytes.push_str(&thing_name(report.thing));
            let payload = feed.bytes.len();
            feed.bytes.push_str(report.payload);
            feed.reports.push(Place { at_ms: report.at_ms, payload, end: feed.bytes.len() });
        }
        feed
    }

    /// How many things report.
    #[must_use]
    pub fn things(&self) -> u64 {
        self.things
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
        let payloads = self.iter().map(|arrival| arrival.payload.len()).sum::<usize>();
        payloads as f64 / self.reports.len().max(1) as f64
    }

    /// The reports in their order.
    pub fn iter(&self) -> impl Iterator<Item = Arrival<'_>> {
        let mut start = 0;
        self.reports.iter().map(move |place| {
            let thing = self.bytes.get(start..place.payload).unwrap_or_default();
            let payload = self.bytes.as_bytes().get(place.payload..place.end).unwrap_or_default();
            start = place.end;
            Arrival { thing, at_ms: place.at_ms, payload }
        })
    }
}
