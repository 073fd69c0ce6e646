//! A message on its round through all that are subscribed to it, in steps.
//!
//! Places of the index are gone through from the last subscriber to the first. Whoever is taken
//! away meanwhile is replaced by the last one, which has the message already and says so by its
//! mark; whoever is added stands behind and does not get it.

use fleetward_mqtt::ReasonCode;
use fleetward_mqtt::packet::AnswerKind;

use super::Broker;
use super::deliver::Copy;
use crate::message::MessageId;
use crate::session::{LinkId, Subscription};
use crate::subscriptions::{GroupId, Matched, NodeId, Slot};

/// Who published a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Publisher {
    pub(super) slot: Slot,
    pub(super) born: u64,
}

/// A message on its round.
#[derive(Debug)]
pub(super) struct FanOut {
    message: MessageId,
    number: u64,
    /// Where it matches, in the order of nodes.
    places: Vec<Matched>,
    place: usize,
    /// How many are left of the place's groups and subscribers, once it was begun.
    left: Option<(usize, usize)>,
    from: Option<Publisher>,
    pub(super) receivers: u32,
    /// The store was told of the message.
    pub(super) is_kept: bool,
    /// The publisher's answer waits for this decision.
    pub(super) decision: u64,
    pub(super) answer_to: Option<(LinkId, AnswerKind)>,
}

impl FanOut {
    pub(super) fn new(
        message: MessageId,
        number: u64,
        mut places: Vec<Matched>,
        from: Option<Publisher>,
    ) -> Self {
        places.sort_unstable_by_key(|matched| matched.node);
        Self {
            message,
            number,
            places,
            place: 0,
            left: None,
            from,
            receivers: 0,
            is_kept: false,
            decision: 0,
            answer_to: None,
        }
    }

    fn is_at(&self, node: NodeId) -> bool {
        self.places.binary_search_by_key(&node, |matched| matched.node).is_ok()
    }

    fn is_own(&self, slot: Slot, born: u64) -> bool {
        self.from == Some(Publisher { slot, born })
    }
}

impl Broker {
    /// Goes on with the messages that are on their round; whether any is left.
    pub(super) fn run_fan_outs(&mut self, now_ms: u64) -> bool {
        let mut budget = self.limits.receivers_per_call;
        while let Some(mut fan_out) = self.fan_outs.pop_front() {
            if !self.run(now_ms, &mut fan_out, &mut budget) {
                self.fan_outs.push_front(fan_out);
                break;
            }
            let (answer_to, decision) = (fan_out.answer_to, fan_out.decision);
            let receivers = fan_out.receivers;
            self.finish(fan_out);
            if let Some((link, kind)) = answer_to {
                let reason: ReasonCode = self.reason(kind, receivers);
                self.decide(link, decision, reason, true);
            }
        }
        // Whoever published these was told to wait already.
        self.congested = None;
        if self.fan_outs.is_empty() {
            let waiters = std::mem::take(&mut self.fan_out_waiters);
            self.wake(waiters);
        }
        !self.fan_outs.is_empty()
    }

    /// Goes on until the round is over, which is returned, or the budget of receivers is used up.
    pub(super) fn run(&mut self, now_ms: u64, fan_out: &mut FanOut, budget: &mut usize) -> bool {
        while let Some(place) = fan_out.places.get(fan_out.place).copied() {
            let groups = self.subscriptions.groups(place).len();
            let subscribers = self.subscriptions.subscribers(place).len();
            // It may have become shorter since the last step.
            let (mut groups_left, mut left) = fan_out.left.unwrap_or((groups, subscribers));
            groups_left = groups_left.min(groups);
            left = left.min(subscribers);
            while groups_left + left > 0 {
                if *budget == 0 {
                    fan_out.left = Some((groups_left, left));
                    return false;
                }
                *budget -= 1;
                if groups_left > 0 {
                    groups_left -= 1;
                    if let Some(group) = self.subscriptions.groups(place).get(groups_left).copied()
                    {
                        self.share(now_ms, fan_out, group);
                    }
                } else {
                    left -= 1;
                    if let Some(slot) = self.subscriptions.subscribers(place).get(left).copied() {
                        self.pass_to(now_ms, fan_out, slot);
                    }
                }
            }
            fan_out.left = None;
            fan_out.place += 1;
        }
        true
    }

    /// Lets go of the message; the list of places, to be used again.
    pub(super) fn finish(&mut self, fan_out: FanOut) -> Vec<Matched> {
        self.pool.release(fan_out.message);
        fan_out.places
    }

    /// One copy for a session, however many of its subscriptions match.
    fn pass_to(&mut self, now_ms: u64, fan_out: &mut FanOut, slot: Slot) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if session.mark == fan_out.number {
            return;
        }
        session.mark = fan_out.number;
        let is_own = fan_out.is_own(slot, session.born);
        let matches = |subscription: &&Subscription| {
            subscription.place.group.is_none() && fan_out.is_at(subscription.place.node)
        };
        let mut copy: Option<Copy> = None;
        let mut is_held_back = false;
        for subscription in session.subscriptions.iter().filter(matches) {
            if subscription.no_local && is_own {
                is_held_back = true;
                continue;
            }
            let copy = copy.get_or_insert_with(|| Copy::of(fan_out.message));
            copy.add(subscription);
        }
        let gets = match copy {
            Some(copy) => self.deliver(now_ms, slot, &copy, &mut fan_out.is_kept),
            // It is subscribed, and wants its own messages not.
            None => is_held_back,
        };
        if gets {
            fan_out.receivers = fan_out.receivers.saturating_add(1);
        }
    }

    /// One copy for a group: to the first member in turn that reads, else that is connected, else
    /// that will be.
    fn share(&mut self, now_ms: u64, fan_out: &mut FanOut, group: GroupId) {
        if !self.subscriptions.visit(group, fan_out.number) {
            return;
        }
        let Self { subscriptions, sessions, limits, .. } = self;
        let rank = |slot: &Slot| {
            let Some(session) = sessions.get(*slot) else { return 3 };
            let is_congested =
                limits.is_congested(session.outbound.len(), session.outbound.bytes());
            match &session.online {
                Some(_) if !is_congested => 0,
                Some(_) => 1,
                None => 2,
            }
        };
        // Of equals the first one in turn is taken.
        let Some(slot) = subscriptions.turn(group).min_by_key(rank) else { return };
        let Some(session) = self.sessions.get(slot) else { return };
        let is_it = |subscription: &&Subscription| subscription.place.group == Some(group);
        let Some(subscription) = session.subscriptions.iter().find(is_it) else { return };
        let mut copy = Copy::of(fan_out.message);
        copy.add(subscription);
        if self.deliver(now_ms, slot, &copy, &mut fan_out.is_kept) {
            fan_out.receivers = fan_out.receivers.saturating_add(1);
        }
    }
}
