//! When a watermark is due, and how far it may go.

use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::EpochMs;
use fleetward_environment::Jump;
use tokio::sync::watch;

use crate::Awaited;
use crate::limits::WATERMARK_SPACING_MS;
use crate::stamps::Stamps;

/// The line up to which everything is logged.
pub(super) struct Line {
    /// Keeps the wait open while nobody waits.
    _awaited: Awaited,
    deadline: watch::Receiver<Option<EpochMs>>,
    stamps: Arc<Stamps>,
    /// The last watermark.
    said_ms: EpochMs,
    jump: JumpStage,
}

/// How far a jump of the wall clock is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JumpStage {
    /// There is none.
    None,
    /// No report is stamped, until those on their way are settled.
    Held,
    /// The records' time has followed it; reports are stamped again once the log says so.
    Followed,
}

impl Line {
    pub(super) fn new(awaited: &Awaited, stamps: &Arc<Stamps>) -> Self {
        Self {
            _awaited: awaited.clone(),
            deadline: awaited.follow(),
            stamps: Arc::clone(stamps),
            said_ms: EpochMs::MIN,
            jump: JumpStage::None,
        }
    }

    pub(super) fn now_ms(&self) -> EpochMs {
        self.stamps.clock().now_ms()
    }

    /// How long until a watermark is due. None if nobody waits for more than was said, or a report
    /// on its way holds it back.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let deadline_ms = self.deadline_ms()?;
        let next_ms = deadline_ms.max(self.said_ms.saturating_add(WATERMARK_SPACING_MS));
        let in_ms = u64::try_from(next_ms.saturating_sub(self.now_ms())).unwrap_or(0);
        let is_settled = in_ms > 0 || self.stamps.settled_until() >= deadline_ms;
        is_settled.then_some(Duration::from_millis(in_ms))
    }

    /// The watermark that is to be said now. What is collected after this call belongs before it.
    pub(super) fn due(&mut self) -> Option<EpochMs> {
        let deadline_ms = self.due_in().filter(Duration::is_zero).and(self.deadline_ms())?;
        let until_ms = Some(self.stamps.settled_until()).filter(|until| *until >= deadline_ms)?;
        self.said_ms = until_ms;
        Some(until_ms)
    }

    /// The jump of the wall clock that the records' time followed just now, and how many it has
    /// followed. Everything that was stamped before is counted or logged then, and nobody stamps
    /// reports until [`Self::logged`], so that the log holds all records of the old time before
    /// the one that says so, and all of the new time behind it.
    pub(super) fn jumped(&mut self) -> Option<(Jump, u64)> {
        let jump = self.stamps.clock().jump();
        if jump.is_none() && self.jump == JumpStage::Held {
            // It came back by itself.
            self.jump = JumpStage::None;
            self.stamps.resume();
        }
        let jump = jump?;
        self.jump = JumpStage::Held;
        self.stamps.hold();
        if !self.stamps.is_empty() {
            return None;
        }
        tracing::warn!(
            by_ms = jump.by_ms(),
            "the wall clock was set: windows are not counted whole"
        );
        self.stamps.clock().follow(&jump);
        self.jump = JumpStage::Followed;
        // What was said was said of another time.
        self.said_ms = EpochMs::MIN;
        Some((jump, self.stamps.clock().stamp().jumps))
    }

    /// What was to be said last is in the log.
    pub(super) fn logged(&mut self) {
        if self.jump == JumpStage::Followed {
            self.jump = JumpStage::None;
            self.stamps.resume();
        }
    }

    /// Waits until another deadline is given, or the oldest report on its way is settled.
    pub(super) async fn moved(&mut self) {
        let awaits_reports = self.due_in().is_none() && self.deadline_ms().is_some();
        tokio::select! {
            // Its sender is held here, so this never fails.
            _ = self.deadline.changed() => {}
            () = self.stamps.settled(), if awaits_reports => {}
        }
    }

    /// What somebody waits for, if it is more than was said.
    fn deadline_ms(&self) -> Option<EpochMs> {
        (*self.deadline.borrow()).filter(|deadline_ms| *deadline_ms > self.said_ms)
    }
}
