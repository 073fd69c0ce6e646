//! A session: what the broker keeps of a client, and what only a connected one has.

mod identifiers;
mod inbound;
mod online;
mod outbound;
mod writing;

pub(crate) use identifiers::{Identifiers, Sets};
pub(crate) use inbound::{Inbound, Taken};
pub(crate) use online::{Gate, Held, Online, Replay};
pub(crate) use outbound::{Entry, Outbound};

use std::sync::Arc;

use fleetward_mqtt::QoS;

use crate::subscriptions::{Place, Slot};
use crate::will::Will;

/// A connection: a session's number and which of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId {
    pub(crate) slot: Slot,
    pub(crate) serial: u64,
}

/// A session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client_id: Arc<str>,
    pub(crate) principal: u64,
    /// Tells it from earlier sessions of this number.
    pub(crate) born: u64,
    /// Number of the message that went round last: of several subscriptions that match, the
    /// first one that is met speaks for all.
    pub(crate) mark: u64,
    /// How long it outlives its connection, in seconds; zero: it does not, and is not kept.
    pub(crate) expiry_seconds: u32,
    /// The store knows of it.
    pub(crate) is_kept: bool,
    /// When it ends, in milliseconds, while it is not connected.
    pub(crate) ends_at_ms: Option<u64>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) outbound: Outbound,
    pub(crate) inbound: Inbound,
    pub(crate) will: Option<Box<Will>>,
    pub(crate) online: Option<Box<Online>>,
}

/// A subscription of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscription {
    pub(crate) place: Place,
    /// Which of its place's subscribers it is.
    pub(crate) position: u32,
    /// The number the client gave it; zero for none.
    pub(crate) identifier: u32,
    pub(crate) qos: QoS,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
}

impl Session {
    /// Whether what happens to it has to be on disk.
    pub(crate) fn is_persistent(&self) -> bool {
        self.expiry_seconds > 0
    }

    pub(crate) fn link(&self, slot: Slot) -> Option<LinkId> {
        let serial = self.online.as_ref()?.serial;
        Some(LinkId { slot, serial })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beside its client id, which its sixteen bytes of counts belong to.
    #[test]
    fn an_idle_session_is_small() {
        let session = size_of::<Option<Session>>() + size_of::<Slot>();
        let online = size_of::<Online>();
        assert!(session <= 240, "{session}");
        assert!(session + online <= 320, "{session} and {online}");
        assert_eq!((size_of::<Entry>(), size_of::<Subscription>()), (12, 24));
        println!("session {session}, connection {online}");
    }
}
