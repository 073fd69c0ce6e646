//! Values of metrics, in rows that have all else in columns: CBOR, an array with the value or
//! without.

use fleetward_domain::{FormatLevel, MetricValue};
use fleetward_shape::cbor::{self, Decoder, Fields, Newer, begin_fields, optional, value};

use crate::error::StoreError;

/// A row's body.
pub(crate) fn to_bytes(
    measured: Option<&MetricValue>,
    level: FormatLevel,
) -> Result<Vec<u8>, StoreError> {
    let bytes = cbor::to_bytes(level, |e| {
        begin_fields(e, &[measured.is_some()])?;
        optional(e, false, measured, value::write)
    });
    Ok(bytes?)
}

/// Reads the body of a row.
pub(crate) fn from_bytes(
    (what, key): (&str, &str),
    bytes: &[u8],
) -> Result<Option<MetricValue>, StoreError> {
    let mut d = Decoder::new(bytes);
    let read = Fields::begin(&mut d, 1).and_then(|mut fields| fields.optional(&mut d, value::read));
    read.map_err(|error| match Newer::of(&error) {
        Some(newer) => StoreError::WrittenNewer {
            what: what.to_owned(),
            key: key.to_owned(),
            shape: format!("a newer shape ({newer})"),
        },
        None => StoreError::corrupt(what, key)(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_takes_five_bytes_and_none_takes_one() {
        let count = (Some(MetricValue::Count(7)), &[0x81, 0x82, 0x00, 0x81, 0x07][..]);
        for (measured, expected) in [count, (None, &[0x80])] {
            let bytes = to_bytes(measured.as_ref(), FormatLevel::Proven).unwrap();
            assert_eq!(bytes, expected);
            assert_eq!(from_bytes(("event", "1"), &bytes).unwrap(), measured);
        }
        let newer = from_bytes(("event", "1"), &[0x82, 0x01, 0x02]).unwrap_err();
        assert!(matches!(newer, StoreError::WrittenNewer { .. }), "{newer}");
    }
}
