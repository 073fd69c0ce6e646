//! What waits for a client, in order: first what was sent and is not acknowledged, then the rest.

use std::collections::VecDeque;

use fleetward_mqtt::QoS;

use super::Identifiers;
use crate::message::MessageId;

/// Entries that a queue keeps room for once it is empty.
const ROOM: usize = 8;

/// A message that waits; twelve bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) message: MessageId,
    pub(crate) identifiers: Identifiers,
    /// Zero until it is sent, and always for QoS 0.
    pub(crate) packet_id: u16,
    bits: u8,
}

const QOS: u8 = 0b011;
const RETAIN: u8 = 0b100;
/// QoS 2: the client has it.
const RELEASED: u8 = 0b1000;
/// It may have been sent before the broker started.
const OLD: u8 = 0b1_0000;

impl Entry {
    pub(crate) fn new(
        message: MessageId,
        qos: QoS,
        retain: bool,
        identifiers: Identifiers,
    ) -> Self {
        let retain = if retain { RETAIN } else { 0 };
        Self { message, identifiers, packet_id: 0, bits: qos.bits() | retain }
    }

    /// One that was kept: it may have been sent already.
    pub(crate) fn restored(mut self, packet_id: u16, is_released: bool) -> Self {
        self.packet_id = packet_id;
        self.bits |= OLD | if is_released { RELEASED } else { 0 };
        self
    }

    /// The same with its packet identifier.
    pub(crate) fn numbered(self, packet_id: u16) -> Self {
        Self { packet_id, ..self }
    }

    pub(crate) fn qos(self) -> QoS {
        QoS::from_bits(self.bits & QOS).unwrap_or(QoS::AtMostOnce)
    }

    pub(crate) fn retain(self) -> bool {
        self.bits & RETAIN != 0
    }

    pub(crate) fn is_released(self) -> bool {
        self.bits & RELEASED != 0
    }

    pub(crate) fn release(&mut self) {
        self.bits |= RELEASED;
    }

    /// Whether it was kept from before the broker started.
    pub(crate) fn is_old(self) -> bool {
        self.bits & OLD != 0
    }

    /// Whether a copy of it may be with the client.
    pub(crate) fn may_be_there(self) -> bool {
        self.packet_id != 0 || self.bits & OLD != 0
    }
}

/// The queue of one session.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    entries: VecDeque<Entry>,
    /// How many entries, from the front, were sent in this connection.
    sent: u16,
    last_id: u16,
    /// What all entries cost, in bytes.
    bytes: u32,
}

impl Outbound {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// How many are sent and not acknowledged.
    pub(crate) fn in_flight(&self) -> u16 {
        self.sent
    }

    pub(crate) fn push(&mut self, entry: Entry, bytes: usize) {
        self.bytes = self.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.entries.push_back(entry);
    }

    /// Where the next one to send stands, and it.
    pub(crate) fn next(&self) -> Option<(usize, Entry)> {
        let at = usize::from(self.sent);
        self.entries.get(at).map(|entry| (at, *entry))
    }

    /// Counts the next one as sent, with its identifier from before or a new one; the identifier.
    pub(crate) fn send_next(&mut self) -> Option<u16> {
        let at = usize::from(self.sent);
        let id = match self.entries.get(at)?.packet_id {
            0 => self.free_id(),
            known => known,
        };
        self.entries.get_mut(at)?.packet_id = id;
        self.sent = self.sent.saturating_add(1);
        Some(id)
    }

    /// Where the sent entry with this identifier stands, and it.
    pub(crate) fn find(&self, packet_id: u16) -> Option<(usize, Entry)> {
        let sent = self.entries.iter().take(usize::from(self.sent)).enumerate();
        sent.into_iter().find(|(_, e)| e.packet_id == packet_id).map(|(at, e)| (at, *e))
    }

    /// The client has the QoS 2 message there.
    pub(crate) fn release(&mut self, at: usize) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.release();
        }
    }

    /// Takes one out that cost so many bytes.
    pub(crate) fn remove(&mut self, at: usize, bytes: usize) {
        if self.entries.remove(at).is_none() {
            return;
        }
        if at < usize::from(self.sent) {
            self.sent -= 1;
        }
        self.bytes = self.bytes.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.entries.is_empty() && self.entries.capacity() > ROOM {
            self.entries.shrink_to(ROOM);
        }
    }

    /// All is to be sent again, in order.
    pub(crate) fn begin_connection(&mut self) {
        self.sent = 0;
    }

    /// What was not received at QoS 0 is over with the connection: takes it out.
    pub(crate) fn end_connection(&mut self) -> Vec<Entry> {
        self.sent = 0;
        let is_lost = |entry: &Entry| entry.qos() == QoS::AtMostOnce;
        let lost: Vec<Entry> = self.entries.iter().copied().filter(is_lost).collect();
        if !lost.is_empty() {
            self.entries.retain(|entry| !is_lost(entry));
        }
        self.entries.shrink_to_fit();
        lost
    }

    /// One of those taken out by [`Self::end_connection`] cost so much.
    pub(crate) fn forget_bytes(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Everything, for a session that is over.
    pub(crate) fn drain(&mut self) -> VecDeque<Entry> {
        (self.sent, self.bytes) = (0, 0);
        std::mem::take(&mut self.entries)
    }

    /// The one that has waited longest.
    pub(crate) fn oldest(&self) -> Option<Entry> {
        self.entries.front().copied()
    }

    /// An identifier that no entry has. Entries with one stand in front, and are few.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = if self.last_id == u16::MAX { 1 } else { self.last_id + 1 };
            let mut used = self.entries.iter().take_while(|entry| entry.may_be_there());
            if !used.any(|entry| entry.packet_id == self.last_id) {
                return self.last_id;
            }
        }
    }
}
