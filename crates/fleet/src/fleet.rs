//! The fleet: who reports when, and who misbehaves.

use std::io::{self, Write};

use fleetward_domain::EpochMs;

use crate::payload;
use crate::random::Random;

/// When the first round begins.
const START_MS: EpochMs = 1_700_000_000_000;
/// From one round to the next.
const ROUND_MS: EpochMs = 300_000;
/// Rounds in which one in fifty devices has a bad time.
const BURST_ROUNDS: std::ops::RangeInclusive<u64> = 3..=6;

/// A fleet that reports round by round, in another order each time.
#[derive(Debug)]
pub struct Fleet {
    things: u64,
    rounds: u64,
    random: Random,
    round: u64,
    /// The next place in this round's order.
    place: u64,
    /// This round's order: place `i` is thing `(i * step + offset) % things`.
    step: u64,
    offset: u64,
    payload: String,
}

/// One report.
#[derive(Clone, Copy, Debug)]
pub struct Simulated<'a> {
    /// Which thing: below the number of things.
    pub thing: u64,
    /// When it reports.
    pub at_ms: EpochMs,
    /// What it sends.
    pub payload: &'a str,
}

/// The name of a thing of a fleet.
#[must_use]
pub fn thing_name(thing: u64) -> String {
    format!("thing-{thing:08}")
}

impl Fleet {
    /// A fleet in which each of `things` reports `rounds` times.
    #[must_use]
    pub fn new(things: u64, rounds: u64) -> Self {
        let random = Random::new();
        let payload = String::new();
        Self { things, rounds, random, round: 0, place: 0, step: 1, offset: 0, payload }
    }

    /// The next report; none after the last.
    pub fn next_report(&mut self) -> Option<Simulated<'_>> {
        if self.place == self.things {
            self.place = 0;
            self.round += 1;
        }
        if self.round >= self.rounds || self.things == 0 {
            return None;
        }
        if self.place == 0 {
            self.shuffle();
        }
        let thing = (self.place * self.step + self.offset) % self.things;
        let at_ms = START_MS + ROUND_MS * EpochMs::try_from(self.round).unwrap_or(0);
        let in_burst = thing.wrapping_mul(2_654_435_761).is_multiple_of(50)
            && BURST_ROUNDS.contains(&self.round);
        let report_id = at_ms / 1_000 + EpochMs::try_from(self.place % 300).unwrap_or(0);
        let odds = payload::Odds { in_burst };
        payload::write(&mut self.payload, &mut self.random, odds, thing, report_id);
        self.place += 1;
        Some(Simulated { thing, at_ms, payload: &self.payload })
    }

    /// Writes all reports that are left, one a line, each with its thing and time:
    /// `{"thing":…,"ts":…,"header":…`. Gives their number.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_ndjson(&mut self, out: &mut impl Write) -> io::Result<u64> {
        let mut reports = 0;
        while let Some(report) = self.next_report() {
            let Simulated { thing, at_ms, payload } = report;
            let members = payload.strip_prefix('{').unwrap_or(payload);
            writeln!(out, r#"{{"thing":"{}","ts":{at_ms},{members}"#, thing_name(thing))?;
            reports += 1;
        }
        Ok(reports)
    }

    /// A step without a common divisor with the number of things reaches each of them once.
    fn shuffle(&mut self) {
        self.step = self.random.below(self.things) | 1;
        while greatest_common_divisor(self.step, self.things) != 1 {
            self.step += 2;
        }
        self.offset = self.random.below(self.things);
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_reports_once_a_round() {
        let mut fleet = Fleet::new(97, 3);
        let mut seen = vec![0; 97];
        let mut last_ms = 0;
        while let Some(report) = fleet.next_report() {
            seen[usize::try_from(report.thing).unwrap()] += 1;
            assert!(report.at_ms >= last_ms);
            last_ms = report.at_ms;
        }
        assert!(seen.iter().all(|count| *count == 3));
        assert_eq!(last_ms, START_MS + 2 * ROUND_MS);
    }

    #[test]
    fn the_lines_are_those_that_others_were_measured_with() {
        let mut lines = Vec::new();
        assert_eq!(Fleet::new(300, 8).write_ndjson(&mut lines).unwrap(), 2_400);
        let fnv = lines.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        assert_eq!((lines.len(), fnv), (REFERENCE_BYTES, REFERENCE_FNV));
    }

    const REFERENCE_BYTES: usize = 2_550_074;
    const REFERENCE_FNV: u64 = 0xfc84_5531_a282_ca63;
}
