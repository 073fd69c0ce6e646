//! UNSUBSCRIBE (MQTT 3.1.1, 3.10; MQTT 5, 3.10).

use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::topic::TopicFilter;
use crate::writer::Writer;
use crate::{MqttError, PacketType, Properties, ProtocolVersion};

/// An UNSUBSCRIBE, all of whose filters are well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// What the UNSUBACK refers to.
    pub packet_id: u16,
    /// How many filters there are, at least one.
    pub filter_count: usize,
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
    version: ProtocolVersion,
    filters: &'a [u8],
}

impl<'a> Unsubscribe<'a> {
    /// Parses the body of an UNSUBSCRIBE frame.
    ///
    /// # Errors
    /// Whatever is malformed, no filter at all, a packet identifier of zero.
    pub fn parse(version: ProtocolVersion, body: &'a [u8]) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let packet_id = reader.packet_id()?;
        let properties = Properties::parse(&mut reader, version, PropertyOwner::Unsubscribe)?;
        let filters = reader.take_rest();
        let mut rest = Reader::new(filters);
        let mut filter_count = 0usize;
        while !rest.is_empty() {
            read_filter(&mut rest)?;
            filter_count = filter_count.saturating_add(1);
        }
        if filter_count == 0 {
            return Err(MqttError::Protocol { field: "UNSUBSCRIBE", problem: "has no filter" });
        }
        Ok(Self { packet_id, filter_count, properties, version, filters })
    }

    /// Each filter, in the order that the UNSUBACK answers.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut rest = Reader::new(self.filters);
        // The bytes were checked by `parse`, so reading fails only at their end.
        std::iter::from_fn(move || read_filter(&mut rest).ok())
    }

    /// The same UNSUBSCRIBE with these filters only, as a whole frame.
    ///
    /// # Errors
    /// [`MqttError::Protocol`] for no filter, [`MqttError::BadTopic`],
    /// [`MqttError::FieldTooLong`].
    pub fn encode_with_filters(&self, filters: &[&str]) -> Result<Vec<u8>, MqttError> {
        if filters.is_empty() {
            return Err(MqttError::Protocol { field: "UNSUBSCRIBE", problem: "has no filter" });
        }
        let mut out = Writer::new();
        out.packet_id(self.packet_id)?;
        if self.version.is_v5() {
            out.same_properties(self.properties.as_bytes())?;
        }
        for filter in filters {
            out.text("topic filter", TopicFilter::parse(filter)?.as_str())?;
        }
        out.frame(PacketType::Unsubscribe, 0b0010)
    }
}

fn read_filter<'a>(reader: &mut Reader<'a>) -> Result<&'a str, MqttError> {
    Ok(TopicFilter::parse(reader.text("topic filter")?)?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};

    #[test]
    fn filters_come_in_order() {
        let body = b"\0\x07\0\x03a/+\0\x01#";
        let unsubscribe = Unsubscribe::parse(V311, body).unwrap();
        let filters: Vec<_> = unsubscribe.iter().collect();
        assert_eq!(filters, ["a/+", "#"]);
        assert_eq!(&unsubscribe.encode_with_filters(&filters).unwrap()[2..], body);
        assert!(unsubscribe.encode_with_filters(&[]).is_err());
    }

    #[test]
    fn refuses_what_the_standard_refuses() {
        for (version, body) in [
            (V311, &b"\0\x01"[..]),
            (V311, b"\0\0\0\x01a"),
            (V311, b"\0\x01\0\0"),
            (V311, b"\0\x01\0\x05a"),
            (V5, b"\0\x01\0"),
            (V5, b"\0\x01\x02\x0B\x01\0\x01a"),
        ] {
            assert!(Unsubscribe::parse(version, body).is_err(), "{version:?} {body:?}");
        }
    }
}
