//! QoS 2 messages of the client that were taken and are not released: their identifiers.

/// The client sent the same identifier once more without releasing it. A second time in one
/// connection it is a fault; the first time it may be a client that was written for MQTT 3.1.
const AGAIN_MAX: u8 = 1;

/// Identifiers in use.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    taken: Vec<(u16, u8)>,
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

    /// Whether the identifier is in use, without counting it as sent again.
    pub(crate) fn knows(&self, packet_id: u16) -> bool {
        self.taken.iter().any(|(id, _)| *id == packet_id)
    }

    pub(crate) fn take(&mut self, packet_id: u16) -> Taken {
        match self.taken.iter_mut().find(|(id, _)| *id == packet_id) {
            Some((_, times)) if *times >= AGAIN_MAX => Taken::TooOften,
            Some((_, times)) => {
                *times += 1;
                Taken::Again
            }
            None => {
                self.taken.push((packet_id, 0));
                Taken::New
            }
        }
    }

    /// Whether it was in use.
    pub(crate) fn release(&mut self, packet_id: u16) -> bool {
        let Some(at) = self.taken.iter().position(|(id, _)| *id == packet_id) else {
            return false;
        };
        self.taken.swap_remove(at);
        if self.taken.is_empty() {
            self.taken = Vec::new();
        }
        true
    }

    /// A new connection may send each once more.
    pub(crate) fn begin_connection(&mut self) {
        for (_, times) in &mut self.taken {
            *times = 0;
        }
    }
}
