//! All messages that wait for somebody or are retained, each once.

use std::sync::Arc;

use super::Message;
use crate::slab::Slab;

/// A message's place in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageId(u32);

#[derive(Debug)]
struct Pooled {
    message: Arc<Message>,
    holders: u32,
}

/// Messages, counted by who holds them.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    slab: Slab<Pooled>,
    bytes: usize,
}

impl Pool {
    /// Takes the message, held once.
    pub(crate) fn insert(&mut self, message: Arc<Message>) -> MessageId {
        self.bytes += message.held_bytes();
        MessageId(self.slab.insert(Pooled { message, holders: 1 }))
    }

    /// One more holds it.
    pub(crate) fn hold(&mut self, id: MessageId) {
        if let Some(pooled) = self.slab.get_mut(id.0) {
            pooled.holders += 1;
        }
    }

    /// One holds it no more; the last one's message is gone.
    pub(crate) fn release(&mut self, id: MessageId) {
        let Some(pooled) = self.slab.get_mut(id.0) else { return };
        pooled.holders -= 1;
        if pooled.holders == 0 {
            self.bytes -= pooled.message.held_bytes();
            self.slab.remove(id.0);
        }
    }

    pub(crate) fn get(&self, id: MessageId) -> Option<&Arc<Message>> {
        self.slab.get(id.0).map(|pooled| &pooled.message)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// What they cost, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
