//! A naive broker: lists, and a walk through everything for each step. It says what each client
//! is to be sent, and which answers may not go before what is kept.

use std::collections::{BTreeMap, VecDeque};

use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::{AnswerKind, RetainHandling};
use fleetward_mqtt::topic::matches;

use super::frames::Wish;

/// What kind of frame it is: each kind is in order of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Answer,
    /// PUBREL: in any order.
    Release,
    Message(usize),
}

/// A frame that a client is to get.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) class: Class,
    pub(crate) word: String,
    /// The write that has to be done before.
    pub(crate) needs: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) qos: usize,
    pub(crate) retain: bool,
    pub(crate) expires_at: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) filter: String,
    pub(crate) qos: usize,
    pub(crate) no_local: bool,
    pub(crate) as_published: bool,
    pub(crate) identifier: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    message: Message,
    qos: usize,
    retain: bool,
    identifiers: Vec<u32>,
    id: u16,
    is_sent: bool,
    is_released: bool,
    is_old: bool,
}

#[derive(Clone, Debug)]
struct Will {
    message: Message,
    delay: u64,
    due: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Online {
    pub(crate) version: ProtocolVersion,
    window: usize,
    pub(crate) log: Vec<Expected>,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    slot: usize,
    principal: u64,
    /// In milliseconds.
    expiry: u64,
    is_kept: bool,
    ends_at: Option<u64>,
    subscriptions: Vec<Subscription>,
    queue: Vec<Entry>,
    last_id: u16,
    received: Vec<(u16, u8)>,
    will: Option<Will>,
    pub(crate) online: Option<Online>,
}

#[derive(Clone, Debug)]
struct Group {
    filter: String,
    members: Vec<String>,
    next: usize,
}

/// The naive broker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) sessions: BTreeMap<String, Session>,
    retained: BTreeMap<String, Message>,
    groups: Vec<Group>,
    free: Vec<usize>,
    slots: usize,
    /// Writes that the store has done, and those that the broker knows of.
    pub(crate) written: u64,
    pub(crate) known: u64,
    /// Something was to be kept since this was last false.
    touched: bool,
}

/// The longest expiry, in seconds.
pub(crate) const EXPIRY_MAX: u32 = 500;

impl Session {
    fn is_persistent(&self) -> bool {
        self.expiry > 0
    }

    fn say(&mut self, class: Class, word: String, needs: u64) {
        if let Some(online) = &mut self.online {
            online.log.push(Expected { class, word, needs });
        }
    }

    fn is_v5(&self) -> bool {
        self.online.as_ref().is_some_and(|online| online.version.is_v5())
    }
}

impl Model {
    /// What has to be written before an answer, if `waits`.
    fn needs(&self, waits: bool) -> u64 {
        if waits { self.written + 1 } else { 0 }
    }

    /// Whether the client is taken, and then what it replaces: its own earlier connection.
    pub(crate) fn connect(&mut self, wish: &Wish<'_>, principal: u64) -> bool {
        let id = wish.id.to_owned();
        if self.sessions.get(&id).is_some_and(|known| known.principal != principal) {
            return false;
        }
        self.touched = false;
        if let Some(old) = self.sessions.get_mut(&id) {
            let goes_on = old.is_persistent() && !wish.clean;
            let was_online = old.online.is_some();
            if let Some(will) = old.will.take()
                && (!goes_on || (was_online && will.delay == 0))
            {
                self.publish(Some(&id), &will.message);
            }
            if was_online {
                self.leave(&id, false);
            }
            if wish.clean && self.sessions.contains_key(&id) {
                self.end(&id);
            }
        }
        let is_present = self.sessions.contains_key(&id);
        let expiry = match wish.version {
            ProtocolVersion::V5 => wish.expiry.min(EXPIRY_MAX),
            ProtocolVersion::V311 if wish.clean => 0,
            ProtocolVersion::V311 => EXPIRY_MAX,
        };
        if !is_present {
            let slot = self.free.pop().unwrap_or(self.slots);
            self.slots = self.slots.max(slot + 1);
            let session = Session {
                slot,
                principal,
                expiry: 0,
                is_kept: false,
                ends_at: None,
                subscriptions: Vec::new(),
                queue: Vec::new(),
                last_id: 0,
                received: Vec::new(),
                will: None,
                online: None,
            };
            self.sessions.insert(id.clone(), session);
        }
        let is_kept = expiry > 0 || self.sessions[&id].is_kept;
        let needs = self.needs(self.touched || is_kept);
        let will = wish.will.map(|(topic, payload, qos, retain, delay)| {
            let (topic, payload) = (topic.to_owned(), payload.to_owned());
            let message = Message { topic, payload, qos, retain, expires_at: None };
            let delay = if wish.version.is_v5() { u64::from(delay) * 1_000 } else { 0 };
            Will { message, delay, due: None }
        });
        let session = self.sessions.get_mut(&id).unwrap();
        (session.expiry, session.is_kept) = (u64::from(expiry) * 1_000, is_kept);
        (session.ends_at, session.will) = (None, will);
        session.queue.iter_mut().for_each(|entry| entry.is_sent = false);
        session.received.iter_mut().for_each(|(_, times)| *times = 0);
        let window = match wish.version {
            ProtocolVersion::V5 => usize::from(wish.receive_maximum).min(100),
            ProtocolVersion::V311 => 100,
        };
        session.online = Some(Online { version: wish.version, window, log: Vec::new() });
        let mut word = format!("connack 0{}", if is_present { " present" } else { "" });
        if wish.version.is_v5() && expiry != wish.expiry {
            word += &format!(" expiry {expiry}");
        }
        session.say(Class::Answer, word, needs);
        true
    }

    /// The connection ends, with or without its will.
    pub(crate) fn leave(&mut self, id: &str, with_will: bool) {
        let now = self.now;
        let session = self.sessions.get_mut(id).unwrap();
        session.online = None;
        session.queue.retain(|entry| entry.qos > 0);
        let expiry = session.expiry;
        let will = session.will.take().filter(|_| with_will);
        if let Some(mut will) = will {
            let delay = will.delay.min(expiry);
            if delay == 0 {
                self.publish(Some(id), &will.message);
            } else {
                will.due = Some(now + delay);
                self.sessions.get_mut(id).unwrap().will = Some(will);
            }
        }
        if expiry == 0 {
            return self.end(id);
        }
        let session = self.sessions.get_mut(id).unwrap();
        session.ends_at = Some(now + expiry);
        self.touched |= session.is_kept;
    }

    /// DISCONNECT; whether it may say so.
    pub(crate) fn disconnect(&mut self, id: &str, with_will: bool, expiry: Option<u32>) -> bool {
        let session = self.sessions.get_mut(id).unwrap();
        if let Some(expiry) = expiry {
            if session.expiry == 0 && expiry > 0 {
                return false;
            }
            session.expiry = u64::from(expiry.min(EXPIRY_MAX)) * 1_000;
        }
        self.leave(id, with_will);
        true
    }

    fn end(&mut self, id: &str) {
        if let Some(will) = self.sessions.get_mut(id).unwrap().will.take() {
            self.publish(Some(id), &will.message);
        }
        let session = self.sessions.remove(id).unwrap();
        self.free.push(session.slot);
        self.touched |= session.is_kept;
        for subscription in session.subscriptions {
            self.leave_group(&subscription.filter, id);
        }
    }

    fn leave_group(&mut self, filter: &str, id: &str) {
        for group in self.groups.iter_mut().filter(|group| group.filter == filter) {
            if let Some(at) = group.members.iter().position(|member| member == id) {
                group.members.remove(at);
                if group.next > at {
                    group.next -= 1;
                }
            }
        }
        self.groups.retain(|group| !group.members.is_empty());
    }

    pub(crate) fn subscribe(
        &mut self,
        id: &str,
        packet_id: u16,
        wanted: Subscription,
        handling: RetainHandling,
    ) {
        let now = self.now;
        let shared = wanted.filter.starts_with("$share/");
        let session = self.sessions.get_mut(id).unwrap();
        let waits = session.is_persistent();
        let mut own = session.subscriptions.iter_mut();
        let is_new = match own.find(|own| own.filter == wanted.filter) {
            Some(own) => {
                *own = wanted.clone();
                false
            }
            None => {
                session.subscriptions.push(wanted.clone());
                true
            }
        };
        if is_new && shared {
            match self.groups.iter_mut().find(|group| group.filter == wanted.filter) {
                Some(group) => group.members.push(id.to_owned()),
                None => self.groups.push(Group {
                    filter: wanted.filter.clone(),
                    members: vec![id.to_owned()],
                    next: 0,
                }),
            }
        }
        let needs = self.needs(waits);
        let session = self.sessions.get_mut(id).unwrap();
        let word = format!("suback {packet_id} [{:02x}]", wanted.qos);
        session.say(Class::Answer, word, needs);
        let brings = match handling {
            RetainHandling::Send => !shared,
            RetainHandling::SendIfNew => is_new && !shared,
            RetainHandling::DoNotSend => false,
        };
        if !brings {
            return;
        }
        for message in self.retained.values() {
            let is_over = message.expires_at.is_some_and(|at| at <= now);
            if matches(&wanted.filter, &message.topic) && !is_over {
                let identifiers = Some(wanted.identifier).filter(|id| *id > 0);
                let qos = wanted.qos.min(message.qos);
                queue(session, message, qos, true, identifiers.into_iter().collect());
            }
        }
    }

    pub(crate) fn unsubscribe(&mut self, id: &str, packet_id: u16, filter: &str) {
        let session = self.sessions.get_mut(id).unwrap();
        let before = session.subscriptions.len();
        session.subscriptions.retain(|own| own.filter != filter);
        let is_gone = session.subscriptions.len() < before;
        let waits = is_gone && session.is_persistent();
        if is_gone {
            self.leave_group(filter, id);
        }
        let needs = self.needs(waits);
        let session = self.sessions.get_mut(id).unwrap();
        let word = match (session.is_v5(), is_gone) {
            (false, _) => format!("unsuback {packet_id} []"),
            (true, true) => format!("unsuback {packet_id} [00]"),
            (true, false) => format!("unsuback {packet_id} [11]"),
        };
        session.say(Class::Answer, word, needs);
    }

    /// PUBLISH of a client; whether its connection may go on.
    pub(crate) fn client_publishes(&mut self, id: &str, packet_id: u16, message: &Message) -> bool {
        let session = self.sessions.get_mut(id).unwrap();
        let (is_v5, mut waits) = (session.is_v5(), false);
        if message.qos == 2 {
            match session.received.iter_mut().find(|(known, _)| *known == packet_id) {
                Some((_, times)) if *times > 0 => return false,
                Some((_, times)) => {
                    *times += 1;
                    session.say(Class::Answer, format!("pubrec {packet_id}"), 0);
                    return true;
                }
                None => session.received.push((packet_id, 0)),
            }
            waits = session.is_persistent();
        }
        let (receivers, is_kept) = self.publish(Some(id), message);
        let needs = self.needs(waits || is_kept);
        let session = self.sessions.get_mut(id).unwrap();
        match message.qos {
            0 => {}
            1 if receivers == 0 && is_v5 => {
                session.say(Class::Answer, format!("puback {packet_id} 10"), needs);
            }
            1 => session.say(Class::Answer, format!("puback {packet_id}"), needs),
            _ => session.say(Class::Answer, format!("pubrec {packet_id}"), needs),
        }
        true
    }

    /// How many get it, and whether anything of it has to be kept.
    fn publish(&mut self, from: Option<&str>, message: &Message) -> (usize, bool) {
        let (mut receivers, mut is_kept) = (0, false);
        if message.retain {
            is_kept |= !message.payload.is_empty();
            self.retained.remove(&message.topic);
            if !message.payload.is_empty() {
                self.retained.insert(message.topic.clone(), message.clone());
            }
        }
        for (id, session) in &mut self.sessions {
            let matching: Vec<_> = session
                .subscriptions
                .iter()
                .filter(|own| matches(&own.filter, &message.topic))
                .filter(|own| !(own.no_local && from == Some(id)))
                .cloned()
                .collect();
            let Some(qos) = matching.iter().map(|own| own.qos).max() else { continue };
            let retain = message.retain && matching.iter().any(|own| own.as_published);
            let ids = matching.iter().map(|own| own.identifier).filter(|id| *id > 0).collect();
            let gets = queue(session, message, qos.min(message.qos), retain, ids);
            receivers += usize::from(gets);
            is_kept |= gets && session.is_persistent() && qos.min(message.qos) > 0;
        }
        for group in &mut self.groups {
            let filter = group.filter.splitn(3, '/').last().unwrap();
            if !matches(filter, &message.topic) {
                continue;
            }
            let first = if group.next < group.members.len() { group.next } else { 0 };
            group.next = first + 1;
            let turns = group.members.iter().cycle().skip(first).take(group.members.len());
            let rank = |id: &&String| self.sessions[*id].online.is_none();
            let member = turns.min_by_key(rank).unwrap();
            let session = self.sessions.get_mut(member).unwrap();
            let mut own = session.subscriptions.iter();
            let own = own.find(|own| own.filter == group.filter).unwrap().clone();
            let ids = Some(own.identifier).filter(|id| *id > 0).into_iter().collect();
            let qos = own.qos.min(message.qos);
            let gets = queue(session, message, qos, message.retain && own.as_published, ids);
            receivers += usize::from(gets);
            is_kept |= gets && session.is_persistent() && qos > 0;
        }
        self.touched |= is_kept;
        (receivers, is_kept)
    }

    /// PUBACK, PUBREC, PUBREL or PUBCOMP of a client, all in place.
    pub(crate) fn answer(&mut self, id: &str, kind: AnswerKind, packet_id: u16) {
        let waits = self.sessions[id].is_persistent();
        let needs = self.needs(waits);
        let session = self.sessions.get_mut(id).unwrap();
        let at = session.queue.iter().position(|entry| entry.is_sent && entry.id == packet_id);
        match (kind, at) {
            (AnswerKind::Puback | AnswerKind::Pubcomp, Some(at)) => drop(session.queue.remove(at)),
            (AnswerKind::Pubrec, Some(at)) => {
                session.queue[at].is_released = true;
                session.say(Class::Release, format!("pubrel {packet_id}"), needs);
            }
            (AnswerKind::Pubrel, _) => {
                let is_known = session.received.iter().any(|(known, _)| *known == packet_id);
                session.received.retain(|(known, _)| *known != packet_id);
                let needs = if is_known { needs } else { 0 };
                session.say(Class::Answer, format!("pubcomp {packet_id}"), needs);
            }
            _ => {}
        }
    }

    /// The client reads: what its window lets go goes out.
    pub(crate) fn take(&mut self, id: &str) {
        let (now, known) = (self.now, self.known);
        let next_write = self.written + 1;
        let session = self.sessions.get_mut(id).unwrap();
        let is_persistent = session.is_persistent();
        let online = session.online.as_mut().unwrap();
        if online.log[0].needs > known {
            return;
        }
        let is_v5 = online.version.is_v5();
        let mut queue: VecDeque<Entry> = std::mem::take(&mut session.queue).into();
        let mut in_flight = queue.iter().filter(|entry| entry.is_sent).count();
        let mut stays: Vec<Entry> = Vec::new();
        while let Some(mut entry) = queue.pop_front() {
            if entry.is_sent {
                stays.push(entry);
                continue;
            }
            if entry.qos > 0 && in_flight >= online.window {
                stays.push(entry);
                stays.extend(queue);
                break;
            }
            let is_over = entry.message.expires_at.is_some_and(|at| at <= now);
            if is_over && entry.id == 0 {
                continue;
            }
            let is_again = entry.id != 0;
            if entry.qos > 0 {
                in_flight += 1;
                entry.is_sent = true;
                while entry.id == 0 {
                    session.last_id += 1;
                    let id = session.last_id;
                    if !stays.iter().chain(&queue).any(|other| other.id == id) {
                        entry.id = id;
                    }
                }
            }
            if entry.is_released {
                let word = format!("pubrel {}", entry.id);
                online.log.push(Expected { class: Class::Release, word, needs: 0 });
            } else {
                let needs = entry.qos == 2 && !is_again && is_persistent;
                let word = word_of(&entry, is_again, is_v5, now);
                let class = Class::Message(entry.qos);
                online.log.push(Expected {
                    class,
                    word,
                    needs: if needs { next_write } else { 0 },
                });
            }
            if entry.qos > 0 {
                stays.push(entry);
            }
        }
        session.queue = stays;
    }

    /// Time goes on, and what is due happens in order.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now += ms;
        loop {
            let wills = self.sessions.iter().filter_map(|(id, session)| {
                let due = session.will.as_ref()?.due?;
                Some((due, 0, session.slot, id.clone()))
            });
            let ends = self
                .sessions
                .iter()
                .filter_map(|(id, session)| Some((session.ends_at?, 1, session.slot, id.clone())));
            let Some((at, kind, _, id)) = wills.chain(ends).min() else { return };
            if at > self.now {
                return;
            }
            if kind == 1 {
                self.end(&id);
            } else {
                let will = self.sessions.get_mut(&id).unwrap().will.take().unwrap();
                self.publish(Some(&id), &will.message);
            }
        }
    }

    /// What is there after the process died, this being what was written last.
    pub(crate) fn restored(mut self, now: u64) -> Self {
        self.now = now;
        self.known = self.written;
        self.sessions.retain(|_, session| session.is_persistent());
        (self.free, self.slots) = (Vec::new(), self.sessions.len());
        self.groups.clear();
        for (slot, (id, session)) in self.sessions.iter_mut().enumerate() {
            session.slot = slot;
            session.last_id = 0;
            session.ends_at = session.ends_at.or(Some(now + session.expiry));
            (session.online, session.will) = (None, None);
            session.queue.retain(|entry| entry.qos > 0);
            for entry in &mut session.queue {
                (entry.is_old, entry.is_sent) = (true, false);
                if entry.qos == 1 {
                    entry.id = 0;
                }
            }
            for own in session.subscriptions.iter().filter(|own| own.filter.starts_with("$share")) {
                match self.groups.iter_mut().find(|group| group.filter == own.filter) {
                    Some(group) => group.members.push(id.clone()),
                    None => self.groups.push(Group {
                        filter: own.filter.clone(),
                        members: vec![id.clone()],
                        next: 0,
                    }),
                }
            }
        }
        self.pass(0);
        self
    }
}

/// Whether the session gets the message.
fn queue(
    session: &mut Session,
    message: &Message,
    qos: usize,
    retain: bool,
    mut identifiers: Vec<u32>,
) -> bool {
    if session.online.is_none() && qos == 0 {
        return false;
    }
    identifiers.sort_unstable();
    let message = message.clone();
    session.queue.push(Entry {
        message,
        qos,
        retain,
        identifiers,
        id: 0,
        is_sent: false,
        is_released: false,
        is_old: false,
    });
    true
}

fn word_of(entry: &Entry, is_again: bool, is_v5: bool, now: u64) -> String {
    let Message { topic, payload, expires_at, .. } = &entry.message;
    let mut word = format!("{topic}={payload} q{}", entry.qos);
    if entry.qos > 0 {
        word += &format!(" id{}", entry.id);
        if is_again || entry.is_old {
            word += " dup";
        }
    }
    if entry.retain {
        word += " retain";
    }
    if is_v5 && !entry.identifiers.is_empty() {
        word += &format!(" ids{:?}", entry.identifiers);
    }
    if is_v5 && let Some(at) = expires_at {
        word += &format!(" expiry{}", at.saturating_sub(now).div_ceil(1_000));
    }
    word
}
