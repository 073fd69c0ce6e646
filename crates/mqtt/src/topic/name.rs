//! Topic names: where a message goes.

use crate::MqttError;
use crate::characters::check_name;
use crate::limits::FIELD_MAX_BYTES;

/// A well-formed topic name (MQTT 5, 4.7): not empty, no wildcards, no control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicName<'a>(&'a str);

impl<'a> TopicName<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`MqttError::BadTopic`] and [`MqttError::ForbiddenCharacter`].
    pub fn parse(text: &'a str) -> Result<Self, MqttError> {
        let refuse = |problem| Err(MqttError::BadTopic { kind: "topic name", problem });
        if text.is_empty() {
            return refuse("is empty");
        }
        if text.len() > FIELD_MAX_BYTES {
            return refuse("has more than 65,535 bytes");
        }
        if text.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
            return refuse("has a wildcard");
        }
        check_name("topic name", text)?;
        Ok(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_wildcards_and_no_control_characters() {
        for good in ["a", "/", "a//b", "$aws/things/t", "\u{2A6D4}", "with space"] {
            assert!(TopicName::parse(good).is_ok(), "{good}");
        }
        let bad = ["", "+", "a/#", "a+", "a\0", "a\n", "\u{7f}", "\u{9f}", "\u{FFFF}", "\u{FDD0}"];
        for bad in bad {
            assert!(TopicName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(TopicName::parse(&"a".repeat(65_535)).is_ok());
        assert!(TopicName::parse(&"a".repeat(65_536)).is_err());
    }
}
