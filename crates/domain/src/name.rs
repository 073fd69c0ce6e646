//! Names: each kind is its own type, and a value of it cannot be wrong.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{NAME_BYTES, THING_NAME_BYTES};

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {problem}")]
pub struct NameError {
    /// What kind of name it was meant to be, in AWS's words (`thingName`).
    pub kind: &'static str,
    /// What is wrong with it, with the limit.
    pub problem: String,
}

fn identifier(kind: &'static str, text: &str) -> Result<(), NameError> {
    let problem = if text.is_empty() {
        "must not be empty".to_owned()
    } else if text.len() > NAME_BYTES {
        format!("must be at most {NAME_BYTES} characters")
    } else if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b)) {
        "must match [a-zA-Z0-9:_-]+".to_owned()
    } else {
        return Ok(());
    };
    Err(NameError { kind, problem })
}

/// AWS allows these characters in policy names: `[\w+=,.@-]+` (service model, `PolicyName`).
fn policy_identifier(kind: &'static str, text: &str) -> Result<(), NameError> {
    let fits = (1..=NAME_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    let problem = format!("must match [\\w+=,.@-]+ and have 1 to {NAME_BYTES} characters");
    if fits { Ok(()) } else { Err(NameError { kind, problem }) }
}

/// A thing that is not registered is named by its MQTT client id, so any text goes that can be
/// shown: 1 to 128 bytes of UTF-8 without control characters.
fn device_name(kind: &'static str, text: &str) -> Result<(), NameError> {
    let problem = if text.is_empty() {
        "must not be empty".to_owned()
    } else if text.len() > THING_NAME_BYTES {
        format!("must be at most {THING_NAME_BYTES} bytes")
    } else if text.chars().any(char::is_control) {
        "must not hold control characters".to_owned()
    } else {
        return Ok(());
    };
    Err(NameError { kind, problem })
}

fn certificate_id(kind: &'static str, text: &str) -> Result<(), NameError> {
    let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let problem = "must be 64 hexadecimal digits".to_owned();
    if fits { Ok(()) } else { Err(NameError { kind, problem }) }
}

// Nine types with one body each: a macro is the only way to say it once.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes the text.
            ///
            /// # Errors
            /// [`NameError`] with the kind, the problem and the limit.
            pub fn parse(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                $check($kind, &text)?;
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name_type!(
    /// A device's name: of a registered thing, or the MQTT client id of one that is not.
    ThingName, "thingName", device_name);
name_type!(
    /// A thing group's name.
    GroupName, "thingGroupName", identifier);
name_type!(
    /// A security profile's name.
    ProfileName, "securityProfileName", identifier);
name_type!(
    /// A behavior's name, unique within its profile.
    BehaviorName, "behaviorName", identifier);
name_type!(
    /// A dimension's name.
    DimensionName, "dimensionName", identifier);
name_type!(
    /// A custom metric's name.
    CustomMetricName, "metricName", identifier);
name_type!(
    /// An IoT policy's name.
    PolicyName, "policyName", policy_identifier);
name_type!(
    /// A certificate's id: SHA-256 of its DER encoding, 64 hexadecimal digits.
    CertificateId, "certificateId", certificate_id);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_alphabet_and_length() {
        assert!(ProfileName::parse("a:b_c-1").is_ok());
        assert!(ProfileName::parse("").is_err());
        assert!(ProfileName::parse("a b").is_err());
        assert!(ProfileName::parse("x".repeat(129)).is_err());
        assert!(ThingName::parse("Lampe à côté/1").is_ok());
        assert!(ThingName::parse("a\u{0}b").is_err());
        assert!(ThingName::parse("é".repeat(65)).is_err());
        assert!(CertificateId::parse("ab".repeat(32)).is_ok());
        assert!(CertificateId::parse("zz".repeat(32)).is_err());
        assert_eq!(
            BehaviorName::parse("a/b").unwrap_err().to_string(),
            "behaviorName must match [a-zA-Z0-9:_-]+"
        );
    }
}
