//! MQTT 5 topic aliases: numbers that stand for topic names within one connection.

use super::Publish;
use crate::MqttError;

/// The topic aliases of one direction of one connection.
///
/// It holds at most as many names as the receiver allowed, so its size is bounded by
/// `maximum` times the longest topic name.
#[derive(Clone, Debug, Default)]
pub struct TopicAliases {
    maximum: u16,
    names: Vec<Option<Box<str>>>,
}

impl TopicAliases {
    /// No alias yet; the receiver of the messages allows aliases from 1 to `maximum`.
    pub fn new(maximum: u16) -> Self {
        Self { maximum, names: Vec::new() }
    }

    /// The topic name of the message, and remembers it if the message gives it an alias.
    ///
    /// # Errors
    /// [`MqttError::UnknownTopicAlias`] for an alias of zero or above the maximum, and
    /// [`MqttError::Protocol`] for one without a name (MQTT 5, 3.3.2.3.4).
    pub fn resolve<'s>(&'s mut self, publish: &Publish<'s>) -> Result<&'s str, MqttError> {
        let Some(alias) = publish.topic_alias else { return Ok(publish.topic) };
        let unknown = MqttError::UnknownTopicAlias { alias };
        if alias > self.maximum {
            return Err(unknown);
        }
        let at = usize::from(alias).checked_sub(1).ok_or(unknown)?;
        if publish.topic.is_empty() {
            let unset = MqttError::Protocol { field: "topic alias", problem: "has no topic yet" };
            return self.names.get(at).and_then(|name| name.as_deref()).ok_or(unset);
        }
        if self.names.len() <= at {
            self.names.resize(usize::from(alias), None);
        }
        if let Some(name) = self.names.get_mut(at)
            && name.as_deref() != Some(publish.topic)
        {
            *name = Some(publish.topic.into());
        }
        Ok(publish.topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProtocolVersion;

    fn resolve(aliases: &mut TopicAliases, topic: &str, alias: u8) -> Result<String, MqttError> {
        let mut body = vec![0, u8::try_from(topic.len()).unwrap()];
        body.extend_from_slice(topic.as_bytes());
        body.extend_from_slice(&[3, 0x23, 0, alias]);
        let publish = Publish::parse(ProtocolVersion::V5, 0, &body)?;
        aliases.resolve(&publish).map(str::to_owned)
    }

    #[test]
    fn an_alias_stands_for_the_name_it_was_given_last() {
        let mut aliases = TopicAliases::new(2);
        assert!(resolve(&mut aliases, "", 1).is_err());
        assert_eq!(resolve(&mut aliases, "a", 2).unwrap(), "a");
        assert!(resolve(&mut aliases, "", 1).is_err());
        assert_eq!(resolve(&mut aliases, "", 2).unwrap(), "a");
        assert_eq!(resolve(&mut aliases, "b", 2).unwrap(), "b");
        assert_eq!(resolve(&mut aliases, "", 2).unwrap(), "b");
    }

    #[test]
    fn an_alias_above_the_maximum_is_refused() {
        let refused = Err(MqttError::UnknownTopicAlias { alias: 3 });
        assert_eq!(resolve(&mut TopicAliases::new(2), "a", 3), refused);
        assert!(resolve(&mut TopicAliases::default(), "a", 1).is_err());
        assert!(resolve(&mut TopicAliases::new(2), "a", 0).is_err());
    }
}
