//! QoS 2 messages of the client that were taken and are not released: their identifiers.

/// The client sent the same identifier once more without releasing it. A second time in one
/// connection it is a fault; the first time it may be a client that was written for MQTT 3.1.
const AGAIN_MAX: u8 = 1;

/// Identifiers in use.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    taken: Vec<Use>,
}

#[derive(Debug)]
struct Use {
    packet_id: u16,
    /// How often the message came again in this connection.
    again: u8,
    /// What came last. One of another length is another message, and the client's fault, but no
    /// copy: others pass over it.
    payload_bytes: u32,
}

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// In use since now.
    New,
    /// In use already: the message came before.
    Again,
    /// It came too often.
    TooOften,
}

impl Inbound {
    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether the identifier is in use.
    pub(crate) fn knows(&self, packet_id: u16) -> bool {
        self.taken.iter().any(|used| used.packet_id == packet_id)
    }

    pub(crate) fn take(&mut self, packet_id: u16, payload_bytes: usize) -> Taken {
        let payload_bytes = u32::try_from(payload_bytes).unwrap_or(u32::MAX);
        match self.taken.iter_mut().find(|used| used.packet_id == packet_id) {
            Some(used) if used.payload_bytes != payload_bytes => {
                used.payload_bytes = payload_bytes;
                Taken::Again
            }
            Some(used) if used.again >= AGAIN_MAX => Taken::TooOften,
            Some(used) => {
                used.again += 1;
                Taken::Again
            }
            None => {
                self.taken.push(Use { packet_id, again: 0, payload_bytes });
                Taken::New
            }
        }
    }

    /// Whether it was in use.
    pub(crate) fn release(&mut self, packet_id: u16) -> bool {
        let is_it = |used: &Use| used.packet_id == packet_id;
        let Some(at) = self.taken.iter().position(is_it) else { return false };
        self.taken.swap_remove(at);
        if self.taken.is_empty() {
            self.taken = Vec::new();
        }
        true
    }

    /// A new connection may send each once more.
    pub(crate) fn begin_connection(&mut self) {
        for used in &mut self.taken {
            used.again = 0;
        }
    }
}
