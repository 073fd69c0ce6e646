//! The model's scalar types that Rust has no own type for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, in seconds since 1970 (UTC), fractions allowed.
///
/// In JSON it is a number, because some of AWS's SDKs accept nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Timestamp(pub f64);

impl Timestamp {
    /// From milliseconds since 1970 (UTC).
    pub fn from_epoch_ms(epoch_ms: i64) -> Self {
        Self(epoch_ms as f64 / 1000.0)
    }

    /// Milliseconds since 1970 (UTC), rounded to the nearest; saturates at the ends of `i64`.
    pub fn epoch_ms(self) -> i64 {
        (self.0 * 1000.0).round() as i64
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

/// Bytes, in JSON as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A string that is none of the values of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a value of {enumeration}")]
pub struct UnknownValue {
    /// AWS's name of the enumeration.
    pub enumeration: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_numbers() {
        let json = |timestamp| serde_json::to_string(&timestamp).unwrap();
        assert_eq!(json(Timestamp(1_700_000_000.0)), "1700000000");
        assert_eq!(json(Timestamp::from_epoch_ms(1_700_000_000_250)), "1700000000.25");
        assert_eq!(serde_json::from_str::<Timestamp>("17").unwrap(), Timestamp(17.0));
        assert_eq!(Timestamp(1.0005).epoch_ms(), 1001);
    }

    #[test]
    fn blobs_are_base64() {
        let blob = Blob(b"hello".to_vec());
        let json = serde_json::to_string(&blob).unwrap();
        assert_eq!(json, "\"aGVsbG8=\"");
        assert_eq!(serde_json::from_str::<Blob>(&json).unwrap(), blob);
    }
}
