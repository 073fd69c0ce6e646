//! What the naive broker sends, and what it is answered.

use std::collections::VecDeque;

use fleetward_mqtt::packet::AnswerKind;

use super::{Class, Entry, Expected, Message, Model};

impl Model {
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
                let is_known = session.received.iter().any(|(known, ..)| *known == packet_id);
                session.received.retain(|(known, ..)| *known != packet_id);
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
