//! Who waits for whom: publishers for receivers that do not keep up, everybody for a message that
//! is still on its round.

use super::{Broker, Pace};
use crate::deadlines::Due;
use crate::session::LinkId;
use crate::subscriptions::Slot;

impl Broker {
    /// Whether to read on, after a packet of this client was done.
    pub(super) fn pace(&mut self, now_ms: u64, link: LinkId) -> Pace {
        if let Some(receiver) = self.congested.take() {
            self.wait_for_receiver(now_ms, link, receiver);
        }
        if !self.fan_outs.is_empty()
            && let Some(online) = self.online_mut(link)
            && !online.is_slow
        {
            online.is_slow = true;
            self.fan_out_waiters.push(link);
        }
        let (answers, unanswered) = (self.limits.answers_max_bytes, self.limits.receive_maximum);
        match self.online_mut(link) {
            Some(online) if online.may_read(answers, unanswered) => Pace::Go,
            _ => Pace::Wait,
        }
    }

    fn wait_for_receiver(&mut self, now_ms: u64, link: LinkId, receiver: Slot) {
        let stalls_at = now_ms.saturating_add(self.limits.stall_max_ms);
        match self.online_mut(link) {
            // Whoever waits for itself would wait for ever.
            Some(online) if !online.is_slow && link.slot != receiver => online.is_slow = true,
            _ => return,
        }
        let Some(session) = self.sessions.get_mut(receiver) else { return };
        let Some(online) = session.online.as_deref_mut() else { return };
        let behind = online.behind.get_or_insert_default();
        behind.waiters.push(link);
        if behind.stalls_at_ms.is_none() {
            behind.stalls_at_ms = Some(stalls_at);
            self.deadlines.add(stalls_at, Due::Stall(receiver));
        }
    }

    /// Lets publishers go on once the receiver has caught up.
    pub(super) fn check_drained(&mut self, slot: Slot) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if !self.limits.is_drained(session.outbound.len(), session.outbound.bytes()) {
            return;
        }
        let Some(online) = session.online.as_deref_mut() else { return };
        online.is_stalled = false;
        let Some(behind) = online.behind.as_deref_mut() else { return };
        self.replays.extend(behind.parked.drain(..));
        self.wake_waiters(slot);
        if let Some(session) = self.sessions.get_mut(slot)
            && let Some(online) = session.online.as_deref_mut()
        {
            online.behind = None;
        }
    }

    /// Publishers have waited long enough: from here on what does not fit is lost to the receiver.
    pub(super) fn stall(&mut self, slot: Slot) {
        if let Some(session) = self.sessions.get_mut(slot)
            && let Some(online) = session.online.as_deref_mut()
        {
            online.is_stalled = true;
            self.wake_waiters(slot);
        }
    }

    pub(super) fn wake_waiters(&mut self, slot: Slot) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let Some(online) = session.online.as_deref_mut() else { return };
        let Some(behind) = online.behind.as_deref_mut() else { return };
        if let Some(at) = behind.stalls_at_ms.take() {
            self.deadlines.remove(at, Due::Stall(slot));
        }
        let waiters = std::mem::take(&mut behind.waiters);
        self.wake(waiters);
    }

    /// Lets these be read again.
    pub(super) fn wake(&mut self, waiters: Vec<LinkId>) {
        for link in waiters {
            if let Some(online) = self.online_mut(link) {
                online.is_slow = false;
                self.mark_dirty(link.slot);
            }
        }
    }
}
