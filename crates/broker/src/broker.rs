//! The broker: one value that its owner holds behind a lock, and calls.
//!
//! What comes from a client enters by a call a packet; what is to go to a client is taken by
//! [`Broker::take`], once [`Broker::dirty`] says that there is something. No call waits, none does
//! more than a bounded piece of work: what is left is done by [`Broker::tick`].

mod answers;
mod clock;
mod connect;
mod defer;
mod deliver;
mod fan_out;
mod leave;
mod notice;
mod pace;
mod publish;
mod replay;
mod restore;
mod retain;
mod subscribe;
mod take;

pub use connect::{ConnectRequest, Joined, Refusal};
pub use defer::Deferral;
pub use leave::Ending;
pub use notice::Notice;
pub use take::{Authority, Output};

use std::collections::{HashMap, VecDeque};

use fleetward_mqtt::{MqttError, ReasonCode};
use hashbrown::HashTable;

use crate::deadlines::Deadlines;
use crate::keep::{Keep, Ticket};
use crate::limits::Limits;
use crate::message::Pool;
use crate::retained::Retained;
use crate::seeded::Seeded;
use crate::session::{Gate, Held, LinkId, Online, Replay, Session, Sets};
use crate::slab::Slab;
use crate::subscriptions::{Matched, Slot, Subscriptions};
use fan_out::FanOut;

/// An MQTT broker without sockets, clock and disk.
#[derive(Debug)]
pub struct Broker {
    limits: Limits,
    seed: Seeded,
    sessions: Slab<Session>,
    by_client: HashTable<Slot>,
    subscriptions: Subscriptions,
    retained: Retained,
    pool: Pool,
    sets: Sets,
    usage: HashMap<u64, Usage, Seeded>,
    deadlines: Deadlines,
    /// What is to be kept and was not taken yet.
    keeps: Vec<Keep>,
    /// How much was ever to be kept.
    asked: Ticket,
    kept: Ticket,
    /// Connections with answers that wait for a ticket, in the order of tickets.
    gated: VecDeque<(Ticket, LinkId)>,
    dirty: Vec<LinkId>,
    /// Connections that the broker has ended, until their owners know.
    ended: HashMap<LinkId, ReasonCode, Seeded>,
    /// Entries in the queues of all sessions.
    queued: usize,
    /// Messages that are not with all their receivers. The first one goes on before the next.
    fan_outs: VecDeque<FanOut>,
    fan_out_waiters: Vec<LinkId>,
    replays: VecDeque<Replay>,
    /// Of connections, sessions and decisions.
    serials: u64,
    /// Of messages.
    numbers: u64,
    /// The receiver that did not keep up with the message that goes round now.
    congested: Option<Slot>,
    /// Kept from call to call.
    matched: Vec<Matched>,
    losses: Losses,
}

/// What one principal has.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    sessions: usize,
    retained: usize,
}

/// Messages that somebody did not get, by reason, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The receiver's queue was full.
    pub queue_full: u64,
    /// The receiver takes no packet that large.
    pub too_large: u64,
    /// It expired while it waited.
    pub expired: u64,
    /// The receiver may not receive it.
    pub not_authorized: u64,
    /// QoS 0, and all that the broker holds is full.
    pub broker_full: u64,
}

/// What the broker holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Messages that wait or are retained.
    pub messages: usize,
    /// What those cost, in bytes.
    pub message_bytes: usize,
    /// Retained messages.
    pub retained: usize,
    /// Places in queues: a message has one for each session that it waits for.
    pub queued: usize,
    /// Queued messages that matched several numbered subscriptions.
    pub identifier_sets: usize,
    /// Things that will happen by themselves.
    pub deadlines: usize,
}

/// Whether to go on reading a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pace {
    /// Read on.
    Go,
    /// Read no more until [`Output::may_read`] says so.
    Wait,
}

/// Why a connection is to be closed. An MQTT 5 client is told by DISCONNECT; its will is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection ends with reason code {:#04x}", .0.0)]
pub struct Close(pub ReasonCode);

impl From<MqttError> for Close {
    fn from(error: MqttError) -> Self {
        Self(error.reason_code())
    }
}

impl Broker {
    /// A broker that holds nothing. `seed` is a secret: with it clients could choose names that
    /// slow it down.
    pub fn new(limits: Limits, seed: u128) -> Self {
        let seed = Seeded(seed);
        Self {
            limits,
            seed,
            sessions: Slab::default(),
            by_client: HashTable::new(),
            subscriptions: Subscriptions::new(seed),
            retained: Retained::default(),
            pool: Pool::default(),
            sets: Sets::default(),
            usage: HashMap::with_hasher(seed),
            deadlines: Deadlines::default(),
            keeps: Vec::new(),
            asked: Ticket(0),
            kept: Ticket(0),
            gated: VecDeque::new(),
            dirty: Vec::new(),
            ended: HashMap::with_hasher(seed),
            queued: 0,
            fan_outs: VecDeque::new(),
            fan_out_waiters: Vec::new(),
            replays: VecDeque::new(),
            serials: 0,
            numbers: 0,
            congested: None,
            // An empty list costs nothing.
            matched: Vec::new(),
            losses: Losses::default(),
        }
    }

    /// Moves the connections that have something to take, or may be read again, into `out`.
    pub fn dirty(&mut self, out: &mut Vec<LinkId>) {
        out.append(&mut self.dirty);
    }

    /// Moves what is to be kept into `out`, in order. Once all of it is on disk the ticket is
    /// handed to [`Broker::kept`].
    pub fn take_keeps(&mut self, out: &mut Vec<Keep>) -> Ticket {
        out.append(&mut self.keeps);
        self.asked
    }

    /// All up to the ticket is on disk: lets the answers go that waited for it.
    pub fn kept(&mut self, ticket: Ticket) {
        self.kept = self.kept.max(ticket);
        while let Some((waits_for, link)) = self.gated.front().copied()
            && waits_for <= self.kept
        {
            self.gated.pop_front();
            let kept = self.kept;
            if let Some(online) = self.online_mut(link)
                && online.say_kept(kept)
            {
                self.mark_dirty(link.slot);
            }
        }
    }

    /// What was lost so far.
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// What is held now.
    pub fn holdings(&self) -> Holdings {
        Holdings {
            sessions: self.sessions.len(),
            subscriptions: self.subscriptions.len(),
            messages: self.pool.len(),
            message_bytes: self.pool.bytes(),
            retained: self.retained.len(),
            queued: self.queued,
            identifier_sets: self.sets.len(),
            deadlines: self.deadlines.len(),
        }
    }

    fn next_serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }

    fn keep(&mut self, keep: Keep) {
        self.asked.0 += 1;
        self.keeps.push(keep);
    }

    /// The session of a connection that still is its session's.
    fn session_of(&self, link: LinkId) -> Option<&Session> {
        let session = self.sessions.get(link.slot)?;
        session.online.as_ref().filter(|online| online.serial == link.serial).map(|_| session)
    }

    fn session_mut(&mut self, link: LinkId) -> Option<&mut Session> {
        let session = self.sessions.get_mut(link.slot)?;
        match &session.online {
            Some(online) if online.serial == link.serial => Some(session),
            _ => None,
        }
    }

    /// As [`Self::session_mut`], for calls of the owner: its connection may have been taken over.
    fn living(&mut self, link: LinkId) -> Result<&mut Session, Close> {
        let taken_over = Close(ReasonCode::SESSION_TAKEN_OVER);
        let reason = self.ended.get(&link).copied().map_or(taken_over, Close);
        self.session_mut(link).ok_or(reason)
    }

    fn online_mut(&mut self, link: LinkId) -> Option<&mut Online> {
        self.session_mut(link)?.online.as_deref_mut()
    }

    /// Tells the owner of the session's connection that there is something to take.
    fn mark_dirty(&mut self, slot: Slot) {
        if let Some(session) = self.sessions.get_mut(slot)
            && let Some(online) = session.online.as_deref_mut()
            && !online.is_dirty
        {
            online.is_dirty = true;
            self.dirty.push(LinkId { slot, serial: online.serial });
        }
    }

    /// Says something to a client, behind what it is to be said already: now, or once all that
    /// was to be kept so far is kept.
    fn respond(&mut self, link: LinkId, held: Held, waits: bool) {
        let (asked, kept) = (self.asked, self.kept);
        let Some(online) = self.online_mut(link) else { return };
        if online.waiting.is_empty() && (!waits || asked <= kept) {
            online.say(held);
            return self.mark_dirty(link.slot);
        }
        // What need not wait itself waits behind what does: answers keep their order.
        let ticket = if waits { asked } else { kept };
        online.waiting.push_back((Gate::Kept(ticket), held));
        if ticket > kept {
            self.gated.push_back((ticket, link));
        }
    }
}
