//! How connections and sessions of the naive broker begin and end.

use fleetward_mqtt::ProtocolVersion;

use super::{Class, EXPIRY_MAX, Group, Message, Model, Online, Session, Will};
use crate::frames::Wish;

impl Model {
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
        session.received.iter_mut().for_each(|(_, times, _)| *times = 0);
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
            session.received.iter_mut().for_each(|(_, _, length)| *length = 0);
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
