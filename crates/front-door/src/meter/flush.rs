//! Sends what was counted to the log, and says up to when that is all.

mod collect;
mod line;
#[cfg(test)]
mod tests;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::FormatLevel;
use fleetward_environment::Clock;
use fleetward_log::{Entry, EventLog, LogError};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Meter, ThingMeter};
use crate::Settings;
use crate::limits::{FLUSH_RECORDS, LOOK_EVERY, STOOD_STILL};
use crate::seldom::Seldom;
use line::Line;

/// Collects what was counted and appends it, one record a thing and period. When somebody waits
/// for it, the door's watermark follows in the same append, last.
pub(crate) struct Flusher {
    meter: Arc<Meter>,
    log: Arc<dyn EventLog>,
    clock: Clock,
    door: String,
    boot: u64,
    format_level: FormatLevel,
    flush_ms: i64,
    line: Line,
    /// The number of the last record, by partition.
    seqs: Vec<u64>,
    /// Things whose counts are sent now, in as many appends as it takes, and what is said behind
    /// all of them.
    round: Round,
    /// What the log did not take: it is sent again as it is, so that what it did take after all
    /// is known by its number.
    unsent: Vec<Entry>,
    /// Whether this woke far too late since the last round: the process did not run (SIGSTOP, a
    /// machine that gave it no time), and nobody counted.
    stood_still: bool,
    unlogged: Seldom,
}

/// What is sent before anything new is looked at.
struct Round {
    things: Vec<Arc<ThingMeter>>,
    /// Only what was counted before this many jumps of the clock.
    jumps: u64,
    /// The last entry: a watermark, or that the clock was set.
    last: Option<Entry>,
}

/// What a flusher works with.
pub(crate) struct Sources {
    pub(crate) meter: Arc<Meter>,
    pub(crate) log: Arc<dyn EventLog>,
}

impl Flusher {
    pub(crate) fn new(settings: &Settings, format_level: FormatLevel, sources: Sources) -> Self {
        let Sources { meter, log } = sources;
        let partitions = usize::try_from(log.partitions()).unwrap_or(0);
        Self {
            meter,
            log,
            clock: settings.clock.clone(),
            door: settings.name.clone(),
            boot: settings.boot,
            format_level,
            flush_ms: settings.flush_ms,
            line: Line::new(&settings.awaited, &settings.stamps),
            seqs: vec![0; partitions],
            round: Round { things: Vec::new(), jumps: u64::MAX, last: None },
            unsent: Vec::new(),
            stood_still: false,
            unlogged: Seldom::default(),
        }
    }

    /// Flushes at each multiple of the interval and of the period and when a watermark is due,
    /// until `stop` is true and everything is sent or was tried once more.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut regular = self.next_regular();
        while !*stop.borrow() {
            // What the log did not take goes first, and not more often than anything else.
            let due = self.line.due_in().filter(|_| !self.is_sending());
            let moment = due.map_or(regular, |due| regular.min(self.after(due)));
            if self.clock.instant() < moment {
                tokio::select! {
                    () = self.clock.sleep_until_instant(moment) => {}
                    // Only the moment is another now: counts are not sent more often for it.
                    () = self.line.moved() => continue,
                    changed = stop.changed() => match changed {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                }
            }
            // Whatever woke this: after a stop all that it waits for is ready at once.
            self.look_at_lateness(regular);
            self.flush().await;
            regular = self.next_regular();
        }
        while self.flush().await {}
    }

    fn next_regular(&self) -> Instant {
        let now_ms = self.line.now_ms();
        let to_next = |step: i64| step.saturating_sub(now_ms.rem_euclid(step.max(1))).max(1);
        let pause_ms = to_next(self.flush_ms).min(to_next(self.meter.period_ms));
        self.after(Duration::from_millis(pause_ms.unsigned_abs()))
    }

    fn after(&self, pause: Duration) -> Instant {
        self.clock.instant() + pause
    }

    /// Notes that the process stood still, if it did not run at this moment nor long after.
    fn look_at_lateness(&mut self, moment: Instant) {
        let late = self.clock.instant().saturating_duration_since(moment);
        self.stood_still |= late >= STOOD_STILL;
    }

    /// Appends what waits, and looks meanwhile whether the process runs: a log that is slow is no
    /// reason to doubt what was counted, a process that stood still is.
    async fn append(&mut self) -> Result<(), LogError> {
        let (log, entries) = (Arc::clone(&self.log), self.unsent.clone());
        let mut appended = log.append(entries);
        loop {
            let moment = self.after(LOOK_EVERY);
            let result = tokio::select! {
                result = &mut appended => Some(result),
                () = self.clock.sleep_until_instant(moment) => None,
            };
            self.look_at_lateness(moment);
            if let Some(result) = result {
                return result;
            }
        }
    }

    /// Appends what changed; whether there may be more.
    async fn flush(&mut self) -> bool {
        if !self.is_sending() {
            self.begin_round();
        }
        let mut was_sent = false;
        while self.fill() {
            match self.append().await {
                Ok(()) => {
                    self.unsent.clear();
                    was_sent = true;
                }
                Err(error) => {
                    let records = self.unsent.len();
                    self.unlogged.tell(self.clock.instant(), |times| {
                        tracing::error!(%error, records, times, "activity was not logged");
                    });
                    return false;
                }
            }
        }
        self.line.logged();
        was_sent
    }

    /// Whether there is something that the log did not take.
    fn is_sending(&self) -> bool {
        !self.unsent.is_empty() || !self.round.is_over()
    }

    /// Looks at what is to be sent next.
    fn begin_round(&mut self) {
        // Before the counts of those windows, so that none of them is taken for whole.
        let is_told = self.tell_lost();
        if !is_told && mem::take(&mut self.stood_still) {
            // What came meanwhile is counted from now on only: nobody was silent for that.
            tracing::warn!("the process stood still: windows are not counted whole");
            self.unsent.extend(self.nothing_is_whole());
        }
        let jumped = match self.format_level {
            // No record of these levels says it. The time of records goes on as it was, which
            // makes no verdict either.
            FormatLevel::First | FormatLevel::Named => None,
            FormatLevel::Proven => self.line.jumped(),
        };
        let all = u64::MAX;
        self.round = match jumped {
            // Drawn after the clock has jumped: whatever is counted from here is counted by it.
            Some((jump, jumps)) => {
                let last = self.clock_set(jump);
                Round { things: self.meter.draw_line(), jumps, last }
            }
            None => match self.line.due() {
                Some(until_ms) => {
                    let last = self.watermark(until_ms);
                    Round { things: self.meter.draw_line(), jumps: all, last }
                }
                None => {
                    let things = self.meter.take_changed(FLUSH_RECORDS);
                    Round { things, jumps: all, last: None }
                }
            },
        };
    }

    /// Says that windows are not whole if counts were lost since this was asked last; whether.
    fn tell_lost(&mut self) -> bool {
        let lost = self.meter.take_lost();
        if lost > 0 {
            tracing::error!(lost, "the log took nothing for too long: counts of periods are lost");
            self.unsent.extend(self.nothing_is_whole());
        }
        lost > 0
    }

    /// Makes the next append of the round, unless one waits already; whether there is one.
    fn fill(&mut self) -> bool {
        while self.unsent.is_empty() && !self.round.is_over() {
            let keep = self.round.things.len().saturating_sub(FLUSH_RECORDS);
            let things = self.round.things.split_off(keep);
            self.unsent = self.collect(&things);
            if self.round.things.is_empty() {
                // Asked again: what was lost since the round began may be of a window that the
                // watermark closes. A clock that was set leaves none whole by itself.
                if self.round.jumps == u64::MAX && self.round.last.is_some() {
                    self.tell_lost();
                }
                self.unsent.extend(self.round.last.take());
            }
        }
        !self.unsent.is_empty()
    }
}

impl Round {
    fn is_over(&self) -> bool {
        self.things.is_empty() && self.last.is_none()
    }
}
