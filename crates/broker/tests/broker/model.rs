//! A naive broker: lists, and a walk through everything for each step. It says what each client
//! is to be sent, and which answers may not go before what is kept.

mod connection;
mod sending;

use std::collections::BTreeMap;

use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::RetainHandling;
use fleetward_mqtt::topic::matches;

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
    received: Vec<(u16, u8, usize)>,
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
            let length = message.payload.len();
            match session.received.iter_mut().find(|(known, ..)| *known == packet_id) {
                Some((_, times, of)) if *times > 0 && *of == length => return false,
                Some((_, times, of)) => {
                    // Of another length it is another message, not the same once more.
                    *times += u8::from(*of == length);
                    *of = length;
                    session.say(Class::Answer, format!("pubrec {packet_id}"), 0);
                    return true;
                }
                None => session.received.push((packet_id, 0, length)),
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
            let all = session.subscriptions.iter();
            let mut matching: Vec<_> =
                all.filter(|own| matches(&own.filter, &message.topic)).cloned().collect();
            let is_subscribed = !matching.is_empty();
            matching.retain(|own| !(own.no_local && from == Some(id)));
            let Some(qos) = matching.iter().map(|own| own.qos).max() else {
                receivers += usize::from(is_subscribed);
                continue;
            };
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
