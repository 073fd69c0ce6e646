//! What has to be on disk, as commands in order, and what they come to.
//!
//! The broker writes nothing: it says what is to be kept, and holds back what it would answer
//! until it is told that this is kept. [`Kept`] is what a store must be able to give back.

mod kept;

pub use kept::{Kept, KeptEntry, KeptSession};

use std::sync::Arc;

use fleetward_mqtt::QoS;

use crate::message::Message;

/// How many commands have been given out; all up to it are kept, or asked to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A subscription as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSubscription {
    /// The filter, with `$share/GROUP/` where it has it.
    pub filter: Box<str>,
    /// The most the subscriber wants.
    pub qos: QoS,
    /// Not the subscriber's own messages.
    pub no_local: bool,
    /// Keep the retain flag as published.
    pub retain_as_published: bool,
    /// The number the subscriber gave it; zero for none.
    pub identifier: u32,
}

/// One thing to keep, or to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A session begins, or what is known of it changes.
    Session {
        /// Whose.
        client_id: Arc<str>,
        /// Whom it belongs to.
        principal: u64,
        /// How long it outlives its connection, in seconds.
        expiry_seconds: u32,
        /// When its connection ended, in milliseconds; `None` while it is connected.
        offline_since_ms: Option<u64>,
    },
    /// The session is over, with all that was kept of it.
    Ended {
        /// Whose.
        client_id: Arc<str>,
    },
    /// A subscription begins, or takes the place of the one with the same filter.
    Subscribed {
        /// Whose.
        client_id: Arc<str>,
        /// To what.
        subscription: KeptSubscription,
    },
    /// A subscription ends.
    Unsubscribed {
        /// Whose.
        client_id: Arc<str>,
        /// To what.
        filter: Box<str>,
    },
    /// A message that [`Keep::Queued`] will name. It may come again.
    Message(Arc<Message>),
    /// A message waits for a session, behind those that wait already.
    Queued {
        /// Whose.
        client_id: Arc<str>,
        /// Which message.
        message: u64,
        /// How surely this receiver gets it, never QoS 0.
        qos: QoS,
        /// With the retain flag.
        retain: bool,
        /// The numbers of the subscriptions that it matched.
        identifiers: Box<[u32]>,
    },
    /// A QoS 2 message gets its packet identifier and is sent as soon as this is kept. It is the
    /// first one of this number that has none yet.
    Sent {
        /// To whom.
        client_id: Arc<str>,
        /// Which message.
        message: u64,
        /// Its packet identifier.
        packet_id: u16,
    },
    /// A QoS 2 message was received there and is to be released.
    Released {
        /// By whom.
        client_id: Arc<str>,
        /// Its packet identifier.
        packet_id: u16,
    },
    /// A message waits no more: it was acknowledged, has expired or may not be received. It is the
    /// first one with this number and this packet identifier.
    Done {
        /// For whom.
        client_id: Arc<str>,
        /// Which message.
        message: u64,
        /// The packet identifier of [`Keep::Sent`], or zero.
        packet_id: u16,
    },
    /// A QoS 2 message of this session was taken; its identifier means it until it is forgotten.
    Received {
        /// From whom.
        client_id: Arc<str>,
        /// Its packet identifier.
        packet_id: u16,
    },
    /// The identifier is free again.
    Forgotten {
        /// Whose.
        client_id: Arc<str>,
        /// Which.
        packet_id: u16,
    },
    /// The topic's retained message.
    Retained {
        /// The message, which names the topic.
        message: Arc<Message>,
        /// Whose it is.
        principal: u64,
    },
    /// The topic has no retained message any more.
    Cleared {
        /// Which topic.
        topic: Arc<str>,
    },
}
