//! What a session has only while it is connected. It holds no buffer while nothing is to be said.

use std::collections::VecDeque;
use std::sync::Arc;

use fleetward_mqtt::packet::{Answer, AnswerKind};
use fleetward_mqtt::{ProtocolVersion, ReasonCode};

use super::{LinkId, Subscription};
use crate::keep::Ticket;

/// A connection.
#[derive(Debug)]
pub(crate) struct Online {
    pub(crate) serial: u64,
    /// Answers, whole frames, to be taken.
    pub(crate) answers: Vec<u8>,
    /// Answers that wait for something to be kept, or decided.
    pub(crate) waiting: VecDeque<(Gate, Held)>,
    /// QoS 2 messages whose identifiers are kept now.
    pub(crate) due: Vec<u16>,
    /// Who and what waits until the client has caught up.
    pub(crate) behind: Option<Box<Behind>>,
    /// Topics that have an alias, from 1.
    pub(crate) aliases: Vec<Box<str>>,
    /// Largest packet that the client takes, in bytes.
    pub(crate) packet_max_bytes: u32,
    pub(crate) alias_maximum: u16,
    pub(crate) receive_maximum: u16,
    /// QoS 1 messages of the client that are not answered.
    pub(crate) unanswered: u16,
    /// Subscriptions whose retained messages are not all on their way.
    pub(crate) replays: u16,
    pub(crate) version: ProtocolVersion,
    /// CONNACK is on its way.
    pub(crate) is_open: bool,
    /// A message of its own waits for it, and goes before the answer to it.
    pub(crate) has_own: bool,
    /// The owner was told that there is something to take.
    pub(crate) is_dirty: bool,
    /// It waits for a receiver, or for the broker, to catch up.
    pub(crate) is_slow: bool,
    /// Publishers have waited long enough for it.
    pub(crate) is_stalled: bool,
}

/// What waits for a client that does not keep up; few have it, so it is apart.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// Publishers.
    pub(crate) waiters: Vec<LinkId>,
    /// When they stop waiting, in milliseconds, if some do.
    pub(crate) stalls_at_ms: Option<u64>,
    /// Retained messages of new subscriptions.
    pub(crate) parked: Vec<Replay>,
}

/// The retained messages of a new subscription, on their way.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) link: LinkId,
    pub(crate) filter: Box<str>,
    pub(crate) subscription: Subscription,
    /// The last topic that was looked at.
    pub(crate) after: Option<Arc<str>>,
}

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// All up to here is kept.
    Kept(Ticket),
    /// Somebody says how it went, by this number.
    Decided(u64),
}

/// An answer that is held back.
#[derive(Debug)]
pub(crate) enum Held {
    /// CONNACK; nothing goes before it.
    Connack(Box<[u8]>),
    /// SUBACK or UNSUBACK.
    Frame(Box<[u8]>),
    /// One of the answers to PUBLISH.
    Answer { kind: AnswerKind, packet_id: u16, reason: ReasonCode },
    /// A QoS 2 message: its identifier has to be kept before it is used.
    Publish { packet_id: u16 },
}

impl Online {
    /// Appends what is held to the answers; whether there is something to take now.
    pub(crate) fn say(&mut self, held: Held) {
        match held {
            Held::Connack(frame) => {
                self.is_open = true;
                self.answers.extend_from_slice(&frame);
            }
            Held::Frame(frame) => self.answers.extend_from_slice(&frame),
            Held::Answer { kind, packet_id, reason } => {
                if kind == AnswerKind::Puback {
                    self.unanswered = self.unanswered.saturating_sub(1);
                }
                // Only an identifier of zero cannot be encoded, and parsing lets none in.
                if let Ok(frame) = Answer::new(kind, packet_id, reason).encode(self.version) {
                    self.answers.extend_from_slice(&frame);
                }
            }
            Held::Publish { packet_id } => self.due.push(packet_id),
        }
    }

    /// Says what waits no more; whether that was anything.
    pub(crate) fn say_kept(&mut self, kept: Ticket) -> bool {
        let mut any = false;
        while let Some((Gate::Kept(ticket), _)) = self.waiting.front()
            && *ticket <= kept
        {
            if let Some((_, held)) = self.waiting.pop_front() {
                self.say(held);
                any = true;
            }
        }
        any
    }

    /// Whether more of the client is to be read.
    pub(crate) fn may_read(&self, answers_max_bytes: usize, receive_maximum: u16) -> bool {
        !self.is_slow
            && self.replays == 0
            && self.answers.len() <= answers_max_bytes
            && self.unanswered < receive_maximum
    }
}
