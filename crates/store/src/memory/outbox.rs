//! Alerts on their way out.

use std::collections::{BTreeMap, BTreeSet};

use fleetward_domain::{Alert, EpochMs, EventType, Notification};
use tokio::sync::watch;

use super::MemoryStore;
use super::documents::DocumentTable;
use crate::error::StoreError;
use crate::held::{Hold, hold};
use crate::kind::Kind;
use crate::limits::{ALERT_LONGEST_WAIT_MS, FLAPPING_ALERTS};
use crate::outbox::{AlertStatus, DueAlert, Outbox, behavior_of};

#[async_trait::async_trait]
impl Outbox for MemoryStore {
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        let state = &mut *self.state();
        let (documents, violations) = (&state.documents, &state.violations);
        let muted_until_ms = |alert: &Alert| documents.muted_until_ms(alert, now_ms);
        state.outbox.let_go(now_ms, muted_until_ms, |id| violations.is_open(id));
        Ok(state.outbox.due(now_ms, limit))
    }

    /// One number tells of violations, events and alerts.
    fn newest_alert(&self) -> watch::Receiver<u64> {
        self.newest_event.subscribe()
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        Ok(self.state().outbox.next_ms(now_ms))
    }

    async fn alert_status(&self, id: i64) -> Result<Option<AlertStatus>, StoreError> {
        Ok(self.state().outbox.rows.get(&id).map(|row| row.status.clone()))
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.state().outbox.delivered(id);
        Ok(())
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.state().outbox.failed(id, retry_ms, reason);
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct OutboxTable {
    rows: BTreeMap<i64, Row>,
    /// Delivered and dead ones too: an alert that is replayed must not be sent again.
    keys: BTreeSet<String>,
    newest_id: i64,
}

#[derive(Clone, Debug)]
struct Row {
    alert: Alert,
    status: AlertStatus,
    /// While it waits.
    due_ms: EpochMs,
    failures: u32,
    /// Since when it may go, if it was held.
    released_ms: EpochMs,
    /// It is held since it is muted.
    is_muted: bool,
    /// It is the first of its lane.
    is_head: bool,
    /// When its lane has its turn, once it is the first of it.
    turn: i64,
    is_of_stranger: bool,
    /// It was held until what it tells of was over, and was never sent.
    is_untold: bool,
}

impl OutboxTable {
    /// `holds`: what comes and goes too often or is muted is held.
    pub(super) fn add(&mut self, alerts: Vec<Alert>, holds: bool, documents: &DocumentTable) {
        for alert in alerts {
            if !self.keys.insert(alert.key()) {
                continue;
            }
            // Before all else: what ends something untold is neither sent nor held.
            let is_untold = holds && self.ends_what_is_held(&alert);
            let at_ms = alert.notification.at_ms();
            let muted_ms = documents.muted_until_ms(&alert, at_ms);
            let hold = hold(self.first_ms(&alert), muted_ms, at_ms);
            let hold = hold.filter(|_| holds && !is_untold);
            let lane = (alert.notification.lane().to_owned(), alert.target_arn.clone());
            let is_head = hold.is_none() && !is_untold && self.is_lane_empty(&lane);
            self.newest_id += 1;
            let next_turn = self.next_turn();
            let row = Row {
                status: match hold {
                    _ if is_untold => AlertStatus::Delivered,
                    Some(Hold { until_ms, .. }) => AlertStatus::Held { until_ms },
                    None => AlertStatus::Waiting,
                },
                due_ms: EpochMs::MIN,
                failures: 0,
                released_ms: EpochMs::MIN,
                is_head,
                is_muted: hold.is_some_and(|hold| hold.is_muted),
                turn: next_turn,
                is_untold,
                is_of_stranger: !documents.has(Kind::Thing, alert.notification.lane()),
                alert,
            };
            self.rows.insert(self.newest_id, row);
        }
    }

    /// Whether this is the end of what the target was not told of, since it is held.
    fn ends_what_is_held(&mut self, ends: &Alert) -> bool {
        let mut begins = ends.clone();
        let Notification::Violation(event) = &mut begins.notification;
        event.event_type = EventType::InAlarm;
        let key = begins.key();
        let is_it = |row: &&mut Row| row.is_held() && row.alert.key() == key;
        let found = self.rows.values_mut().find(is_it).filter(|_| ends.key() != key);
        // The row stays: applied again, the beginning must not be sent either.
        found.map(Row::never_tell).is_some()
    }

    /// Since when the first could go of those ten that went last; none if there were fewer.
    fn first_ms(&self, held: &Alert) -> Option<EpochMs> {
        let notification = &held.notification;
        let (lane, behavior) = (notification.lane(), behavior_of(notification));
        let sent = self.rows.values().rev().filter(|row| {
            !row.is_held()
                && !row.is_untold
                && row.alert.target_arn == held.target_arn
                && row.alert.notification.lane() == lane
                && behavior_of(&row.alert.notification) == behavior
        });
        sent.map(Row::since_ms).nth(FLAPPING_ALERTS.saturating_sub(1))
    }

    /// A mute was taken away: what it held is looked at again, at once.
    pub(super) fn look_again_at_muted(&mut self) {
        for row in self.rows.values_mut().filter(|row| row.is_muted && row.is_held()) {
            row.status = AlertStatus::Held { until_ms: EpochMs::MIN };
        }
    }

    /// Lets go what was held until now, unless it is muted at that time, or what it tells of is
    /// over: its end went to other targets, or to none.
    fn let_go(
        &mut self,
        now_ms: EpochMs,
        muted_until_ms: impl Fn(&Alert) -> Option<EpochMs>,
        is_open: impl Fn(&str) -> bool,
    ) {
        let turn = self.next_turn();
        let over = self.rows.iter().filter_map(|(id, row)| {
            let hold = row.hold().filter(|hold| hold.is_over(now_ms))?;
            Some((hold.until_ms, *id))
        });
        for (_, id) in over.collect::<BTreeSet<_>>() {
            let Some(lane) = self.rows.get(&id).map(Row::lane) else { continue };
            let is_head = self.is_lane_empty(&lane);
            let Some(row) = self.rows.get_mut(&id) else { continue };
            let Notification::Violation(event) = &row.alert.notification;
            if event.event_type == EventType::InAlarm && !is_open(&event.violation_id) {
                row.never_tell();
                continue;
            }
            if let Some(until_ms) = muted_until_ms(&row.alert).filter(|_| row.is_muted) {
                row.status = AlertStatus::Held { until_ms };
                continue;
            }
            row.status = AlertStatus::Waiting;
            (row.released_ms, row.turn, row.is_head) = (now_ms, turn, is_head);
        }
    }

    pub(super) fn due(&self, now_ms: EpochMs, limit: usize) -> Vec<DueAlert> {
        let mut due: Vec<_> =
            self.heads().filter(|(_, due_ms, _)| is_due(*due_ms, now_ms)).collect();
        due.sort_by_key(|(id, _, row)| (row.is_of_stranger, row.turn, *id));
        due.into_iter()
            .take(limit)
            .map(|(id, _, row)| DueAlert {
                id,
                alert: row.alert.clone(),
                failures: row.failures,
                created_ms: row.since_ms(),
                is_of_stranger: row.is_of_stranger,
            })
            .collect()
    }

    pub(super) fn next_ms(&self, now_ms: EpochMs) -> Option<EpochMs> {
        let held = self.rows.values().filter_map(Row::hold);
        let held = held.filter(|hold| !hold.is_over(now_ms)).map(|hold| hold.until_ms);
        let due = self.heads().map(|(_, due_ms, _)| due_ms);
        due.chain(held).filter(|due_ms| *due_ms > now_ms).min()
    }

    /// The first pending alert of each (thing, target), with the time it is due.
    fn heads(&self) -> impl Iterator<Item = (i64, EpochMs, &Row)> {
        let heads = self.rows.iter().filter(|(_, row)| row.is_head && row.is_waiting());
        heads.map(|(id, row)| (*id, row.due_ms, row))
    }

    fn is_lane_empty(&self, lane: &(String, String)) -> bool {
        !self.rows.values().any(|row| row.is_waiting() && row.lane() == *lane)
    }

    pub(super) fn delivered(&mut self, id: i64) {
        if let Some(row) = self.waiting(id) {
            row.status = AlertStatus::Delivered;
            let lane = row.lane();
            self.promote(&lane);
        }
    }

    pub(super) fn failed(&mut self, id: i64, retry_ms: Option<EpochMs>, reason: &str) {
        let Some(row) = self.waiting(id) else { return };
        row.failures = row.failures.saturating_add(1);
        match retry_ms {
            Some(due_ms) => row.due_ms = due_ms,
            None => {
                row.status = AlertStatus::Dead { reason: reason.to_owned() };
                let lane = row.lane();
                self.promote(&lane);
            }
        }
    }

    /// Behind all that wait.
    fn next_turn(&self) -> i64 {
        self.rows.last_key_value().map_or(1, |(newest, _)| newest.saturating_add(1))
    }

    /// Who is first of a lane that has none now has its turn behind all that wait.
    fn promote(&mut self, lane: &(String, String)) {
        let turn = self.next_turn();
        let mut of_lane =
            self.rows.values_mut().filter(|row| row.is_waiting() && row.lane() == *lane);
        if let Some(first) = of_lane.next()
            && !first.is_head
            && !of_lane.any(|row| row.is_head)
        {
            (first.is_head, first.turn) = (true, turn);
        }
    }

    fn waiting(&mut self, id: i64) -> Option<&mut Row> {
        self.rows.get_mut(&id).filter(|row| row.status == AlertStatus::Waiting)
    }

    pub(super) fn expire(&mut self, before_ms: EpochMs) {
        let keys = &mut self.keys;
        self.rows.retain(|_, row| {
            let is_over = !row.is_held() && row.status != AlertStatus::Waiting;
            let kept = !is_over || row.alert.notification.at_ms() >= before_ms;
            if !kept {
                keys.remove(&row.alert.key());
            }
            kept
        });
    }
}

/// Whether its time has come, or was written by a clock that was set back since.
fn is_due(due_ms: EpochMs, now_ms: EpochMs) -> bool {
    due_ms <= now_ms || due_ms > now_ms.saturating_add(ALERT_LONGEST_WAIT_MS)
}

impl Row {
    fn is_waiting(&self) -> bool {
        self.status == AlertStatus::Waiting
    }

    /// What was held is over, and was never sent.
    fn never_tell(&mut self) {
        (self.status, self.is_untold) = (AlertStatus::Delivered, true);
    }

    fn is_held(&self) -> bool {
        self.hold().is_some()
    }

    fn hold(&self) -> Option<Hold> {
        match self.status {
            AlertStatus::Held { until_ms } => Some(Hold { until_ms, is_muted: self.is_muted }),
            AlertStatus::Waiting | AlertStatus::Delivered | AlertStatus::Dead { .. } => None,
        }
    }

    /// Its thing and target.
    fn lane(&self) -> (String, String) {
        (self.alert.notification.lane().to_owned(), self.alert.target_arn.clone())
    }

    fn since_ms(&self) -> EpochMs {
        self.released_ms.max(self.alert.notification.at_ms())
    }
}
