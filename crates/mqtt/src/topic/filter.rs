//! Topic filters: which messages a subscriber wants.

use crate::MqttError;
use crate::characters::check_name;
use crate::limits::FIELD_MAX_BYTES;

const SHARE: &str = "$share/";

/// A well-formed topic filter (MQTT 5, 4.7 and 4.8.2): `+` alone in its level, `#` alone in the
/// last one, and with `$share/` a group and a filter behind it.
///
/// MQTT 3.1.1 does not know shared subscriptions; AWS gives them to its clients all the same, so
/// `$share/` means the same here in both versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicFilter<'a> {
    text: &'a str,
    shared: Option<SharedFilter<'a>>,
}

/// The parts of `$share/GROUP/FILTER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SharedFilter<'a> {
    /// The group whose members share the messages.
    pub group: &'a str,
    /// What the group is subscribed to.
    pub filter: &'a str,
}

impl<'a> TopicFilter<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`MqttError::BadTopic`] and [`MqttError::ForbiddenCharacter`].
    pub fn parse(text: &'a str) -> Result<Self, MqttError> {
        if text.len() > FIELD_MAX_BYTES {
            return refuse("has more than 65,535 bytes");
        }
        check_name("topic filter", text)?;
        let shared = match text.strip_prefix(SHARE) {
            Some(rest) => Some(parse_shared(rest)?),
            None => None,
        };
        check_levels(shared.map_or(text, |shared| shared.filter))?;
        Ok(Self { text, shared })
    }

    /// The whole filter, with `$share/GROUP/`.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The group and its filter, for a shared subscription.
    pub fn shared(&self) -> Option<SharedFilter<'a>> {
        self.shared
    }

    /// What topic names are matched with: the filter without `$share/GROUP/`.
    pub fn subject(&self) -> &'a str {
        self.shared.map_or(self.text, |shared| shared.filter)
    }

    /// Whether it can match more than one topic name.
    pub fn has_wildcard(&self) -> bool {
        self.subject().bytes().any(|byte| matches!(byte, b'+' | b'#'))
    }
}

fn refuse<T>(problem: &'static str) -> Result<T, MqttError> {
    Err(MqttError::BadTopic { kind: "topic filter", problem })
}

fn parse_shared(rest: &str) -> Result<SharedFilter<'_>, MqttError> {
    let Some((group, filter)) = rest.split_once('/') else {
        return refuse("shares a group and no filter");
    };
    if group.is_empty() {
        return refuse("shares a group without a name");
    }
    if group.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
        return refuse("has a wildcard in the name of its group");
    }
    Ok(SharedFilter { group, filter })
}

fn check_levels(filter: &str) -> Result<(), MqttError> {
    if filter.is_empty() {
        return refuse("is empty");
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        match level {
            "+" => {}
            "#" if levels.peek().is_none() => {}
            "#" => return refuse("has # before its last level"),
            _ if level.bytes().any(|byte| matches!(byte, b'+' | b'#')) => {
                return refuse("has a wildcard that is not alone in its level");
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_alone() {
        for good in ["#", "+", "+/+", "a/#", "/#", "+/a/#", "a//b", "/", "$aws/#", "$share"] {
            assert!(TopicFilter::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+", "##", "a\0", "a\u{1}"] {
            assert!(TopicFilter::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn shared_filters_have_a_group_and_a_filter() {
        let filter = TopicFilter::parse("$share/g/a/+").unwrap();
        assert_eq!(filter.shared(), Some(SharedFilter { group: "g", filter: "a/+" }));
        assert_eq!((filter.subject(), filter.as_str()), ("a/+", "$share/g/a/+"));
        for bad in ["$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/g/a#"] {
            assert!(TopicFilter::parse(bad).is_err(), "{bad}");
        }
    }
}
