//! What a client has read of the broker.

use fleetward_broker::LinkId;
use fleetward_mqtt::ProtocolVersion;
use fleetward_mqtt::packet::AnswerKind;

use super::model::Class;

/// A connected client of the broker, and what it has read.
pub(crate) struct Reader {
    pub(crate) link: LinkId,
    pub(crate) version: ProtocolVersion,
    pub(crate) log: Vec<(Class, String)>,
    /// What it can answer.
    pub(crate) open: Vec<(AnswerKind, u16)>,
}

impl Reader {
    pub(crate) fn read(&mut self, words: Vec<String>) {
        for word in words {
            let number = |mark: &str| {
                let after = word.split(mark).nth(1)?;
                after.split(' ').next()?.parse::<u16>().ok()
            };
            let class = match word.split(' ').next().unwrap() {
                "pubrel" => {
                    self.open.push((AnswerKind::Pubcomp, number("pubrel ").unwrap()));
                    Class::Release
                }
                first if first.contains('=') => {
                    let qos = usize::from(number(" q").unwrap());
                    match qos {
                        1 => self.open.push((AnswerKind::Puback, number(" id").unwrap())),
                        2 => self.open.push((AnswerKind::Pubrec, number(" id").unwrap())),
                        _ => {}
                    }
                    Class::Message(qos)
                }
                _ => Class::Answer,
            };
            self.log.push((class, without_time(class, word)));
        }
    }

    pub(crate) fn of(&self, class: Class) -> Vec<&String> {
        self.log.iter().filter(|(own, _)| *own == class).map(|(_, word)| word).collect()
    }
}

/// A QoS 2 message says how long it may wait when it goes out, which is when it is kept.
pub(crate) fn without_time(class: Class, word: String) -> String {
    match word.find(" expiry").filter(|_| class == Class::Message(2)) {
        Some(at) => word.split_at(at).0.to_owned(),
        None => word,
    }
}
