//! CONNECT: a session is found, taken over or made.

use std::sync::Arc;

use fleetward_mqtt::packet::{Connack, Connect};
use fleetward_mqtt::{ProtocolVersion, ReasonCode};

use super::notice::is_servers_own;
use super::{Broker, Ending};
use crate::deadlines::Due;
use crate::keep::Keep;
use crate::session::{Held, Inbound, LinkId, Online, Outbound, Session};
use crate::subscriptions::Slot;
use crate::will::Will;

/// A client that was authenticated, and whom policy lets connect.
#[derive(Clone, Copy, Debug)]
pub struct ConnectRequest<'a> {
    /// What it said; its client id is the one it was given, if it sent none.
    pub connect: &'a Connect<'a>,
    /// The client id is of the server's choice.
    pub is_assigned: bool,
    /// Whose sessions it may have. Zero is the server itself, and no client's.
    pub principal: u64,
}

/// A client that is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Its connection.
    pub link: LinkId,
    /// Whether it finds its session again.
    pub session_present: bool,
    /// The connection that it took over; [`Broker::take`] says its end.
    pub taken_over: Option<LinkId>,
    /// The longest silence that is allowed, in seconds; what it was told, or should have asked for.
    pub keep_alive_seconds: u16,
}

/// A client that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is refused with reason code {:#04x}", .reason.0)]
pub struct Refusal {
    /// Why.
    pub reason: ReasonCode,
}

impl Refusal {
    /// The code for CONNACK in this version; `None` where MQTT 3.1.1 has none, or no CONNACK is
    /// small enough for the client, and the connection is closed without a word.
    pub fn code(self, version: ProtocolVersion) -> Option<u8> {
        if version.is_v5() {
            return Some(self.reason.0).filter(|_| self.reason != ReasonCode::PACKET_TOO_LARGE);
        }
        match self.reason {
            ReasonCode::CLIENT_ID_NOT_VALID => Some(2),
            ReasonCode::QUOTA_EXCEEDED => Some(3),
            ReasonCode::NOT_AUTHORIZED => Some(5),
            _ => None,
        }
    }
}

impl Broker {
    /// Connects a client. Its CONNACK comes out by [`Broker::take`], before all else.
    ///
    /// # Errors
    /// [`Refusal`]: the client id is too long or another principal's, the will's topic is not
    /// accepted, there are too many sessions.
    pub fn connect(
        &mut self,
        now_ms: u64,
        request: &ConnectRequest<'_>,
    ) -> Result<Joined, Refusal> {
        let (connect, before) = (request.connect, self.asked);
        self.check_connect(connect)?;
        let keep_alive_seconds = match connect.keep_alive_seconds {
            0 => self.limits.keep_alive_max_seconds,
            asked => asked.min(self.limits.keep_alive_max_seconds),
        };
        // Whoever does not take a packet that large cannot be told that it is connected.
        let connack_bytes = self.connack(request, false, keep_alive_seconds).len();
        let most = connect.maximum_packet_bytes.unwrap_or(u32::MAX);
        if u32::try_from(connack_bytes).is_ok_and(|bytes| bytes > most) {
            return Err(Refusal { reason: ReasonCode::PACKET_TOO_LARGE });
        }
        self.end_if_outlived(now_ms, connect.client_id);
        let known = self.find_client(connect.client_id);
        if let Some(slot) = known
            && self.sessions.get(slot).is_some_and(|known| known.principal != request.principal)
        {
            return Err(Refusal { reason: ReasonCode::NOT_AUTHORIZED });
        }
        if known.is_none() {
            self.check_room(request.principal)?;
        }
        let taken_over = known.and_then(|slot| self.take_over(now_ms, slot, connect.clean_start));
        // A session that ends with its connection has ended by now.
        let known = self.find_client(connect.client_id);
        if let Some(slot) = known
            && connect.clean_start
        {
            self.end_session(now_ms, slot);
        }
        let known = known.filter(|_| !connect.clean_start);
        let slot = match known {
            Some(slot) => slot,
            None => self.new_session(connect.client_id.into(), request.principal),
        };
        let serial = self.next_serial();
        let link = LinkId { slot, serial };
        self.begin_connection(link, connect, known.is_some());
        let connack = self.connack(request, known.is_some(), keep_alive_seconds);
        // A session that is promised to outlive the connection has to be kept first.
        self.respond(link, Held::Connack(connack.into()), self.asked > before);
        Ok(Joined { link, session_present: known.is_some(), taken_over, keep_alive_seconds })
    }

    /// Ends the client's session if its time is up and nobody has come round to it.
    fn end_if_outlived(&mut self, now_ms: u64, client_id: &str) {
        if let Some(slot) = self.find_client(client_id)
            && let Some(session) = self.sessions.get(slot)
            && session.ends_at_ms.is_some_and(|at| at <= now_ms)
        {
            self.end_session(now_ms, slot);
        }
    }

    fn check_connect(&self, connect: &Connect<'_>) -> Result<(), Refusal> {
        let refuse = |reason| Err(Refusal { reason });
        if connect.client_id.is_empty() || connect.client_id.len() > self.limits.client_id_max_bytes
        {
            return refuse(ReasonCode::CLIENT_ID_NOT_VALID);
        }
        if let Some(will) = connect.will {
            if self.limits.check_topic(will.topic).is_err() {
                return refuse(ReasonCode::TOPIC_NAME_INVALID);
            }
            if is_servers_own(will.topic) {
                return refuse(ReasonCode::NOT_AUTHORIZED);
            }
            if will.payload.len() > self.limits.payload_max_bytes {
                return refuse(ReasonCode::QUOTA_EXCEEDED);
            }
        }
        Ok(())
    }

    fn check_room(&self, principal: u64) -> Result<(), Refusal> {
        let usage = self.usage.get(&principal).copied().unwrap_or_default();
        if self.sessions.len() >= self.limits.sessions_max
            || usage.sessions >= self.limits.sessions_per_principal
        {
            return Err(Refusal { reason: ReasonCode::QUOTA_EXCEEDED });
        }
        Ok(())
    }

    pub(super) fn find_client(&self, client_id: &str) -> Option<Slot> {
        let is_it = |slot: &Slot| {
            self.sessions.get(*slot).is_some_and(|session| *session.client_id == *client_id)
        };
        self.by_client.find(self.seed.of(client_id), is_it).copied()
    }

    /// Ends the session's connection in favour of a new one, and decides on its will: it is not
    /// published if it is to wait and the session goes on (MQTT 5, 3.1.2.5).
    fn take_over(&mut self, now_ms: u64, slot: Slot, clean_start: bool) -> Option<LinkId> {
        let session = self.sessions.get_mut(slot)?;
        let goes_on = session.is_persistent() && !clean_start;
        let old = session.link(slot);
        if let Some(will) = session.will.take() {
            if let Some(at) = will.due_at_ms {
                self.deadlines.remove(at, Due::Will(slot));
            }
            if !goes_on || (old.is_some() && will.delay_seconds == 0) {
                self.publish_will(now_ms, slot, &will);
            }
        }
        if let Some(link) = old {
            self.detach(now_ms, link, Ending::Cut);
            self.ended.insert(link, ReasonCode::SESSION_TAKEN_OVER);
            self.dirty.push(link);
        }
        old
    }

    pub(super) fn new_session(&mut self, client_id: Arc<str>, principal: u64) -> Slot {
        let hash = self.seed.of(&*client_id);
        let born = self.next_serial();
        let slot = self.sessions.insert(Session {
            client_id,
            principal,
            born,
            mark: 0,
            expiry_seconds: 0,
            is_kept: false,
            ends_at_ms: None,
            subscriptions: Vec::new(),
            outbound: Outbound::default(),
            inbound: Inbound::default(),
            will: None,
            online: None,
        });
        let (seed, sessions) = (self.seed, &self.sessions);
        let rehash =
            |slot: &Slot| sessions.get(*slot).map_or(0, |session| seed.of(&*session.client_id));
        self.by_client.insert_unique(hash, slot, rehash);
        self.usage.entry(principal).or_default().sessions += 1;
        slot
    }

    fn begin_connection(&mut self, link: LinkId, connect: &Connect<'_>, is_resumed: bool) {
        let expiry_seconds = self.expiry_of(connect);
        let limits = &self.limits;
        let Some(session) = self.sessions.get_mut(link.slot) else { return };
        if let Some(at) = session.ends_at_ms.take() {
            self.deadlines.remove(at, Due::Session(link.slot));
        }
        session.expiry_seconds = expiry_seconds;
        session.will = Will::of(connect);
        session.outbound.begin_connection();
        session.inbound.begin_connection();
        let receive_maximum = connect.receive_maximum.unwrap_or(u16::MAX);
        session.online = Some(Box::new(Online {
            serial: link.serial,
            answers: Vec::new(),
            waiting: std::collections::VecDeque::new(),
            due: Vec::new(),
            behind: None,
            aliases: Vec::new(),
            packet_max_bytes: connect.maximum_packet_bytes.unwrap_or(u32::MAX),
            alias_maximum: connect.topic_alias_maximum.unwrap_or(0).min(limits.topic_alias_maximum),
            receive_maximum: receive_maximum.min(limits.outbound_in_flight),
            unanswered: 0,
            replays: 0,
            version: connect.version,
            is_open: false,
            has_own: false,
            is_dirty: false,
            is_slow: false,
            is_stalled: false,
        }));
        // One that ends with its connection is kept only to be forgotten, should it have been kept.
        if session.is_persistent() || (is_resumed && session.is_kept) {
            session.is_kept = true;
            let keep = Keep::Session {
                client_id: Arc::clone(&session.client_id),
                principal: session.principal,
                expiry_seconds,
                offline_since_ms: None,
            };
            self.keep(keep);
        }
    }

    fn expiry_of(&self, connect: &Connect<'_>) -> u32 {
        let most = self.limits.session_expiry_max_seconds;
        match connect.version {
            ProtocolVersion::V5 => connect.session_expiry_seconds.unwrap_or(0).min(most),
            ProtocolVersion::V311 if connect.clean_start => 0,
            ProtocolVersion::V311 => most,
        }
    }

    fn connack(
        &self,
        request: &ConnectRequest<'_>,
        session_present: bool,
        keep_alive_seconds: u16,
    ) -> Vec<u8> {
        let connect = request.connect;
        let limits = &self.limits;
        let expiry = self.expiry_of(connect);
        let asked = connect.keep_alive_seconds;
        // What is as the standard has it, or as the client asked, is not said.
        let connack = Connack {
            assigned_client_id: request.is_assigned.then_some(connect.client_id),
            server_keep_alive_seconds: (keep_alive_seconds != asked).then_some(keep_alive_seconds),
            topic_alias_maximum: Some(limits.topic_alias_maximum).filter(|most| *most > 0),
            maximum_packet_bytes: Some(limits.packet_max_bytes).filter(|most| *most < u32::MAX),
            receive_maximum: Some(limits.receive_maximum).filter(|most| *most < u16::MAX),
            session_expiry_seconds: (connect.session_expiry_seconds.unwrap_or(0) != expiry)
                .then_some(expiry),
            ..Connack::accepted(session_present)
        };
        // A client id that fits CONNECT fits CONNACK.
        connack.encode(connect.version).unwrap_or_default()
    }
}
