//! SUBSCRIBE (MQTT 3.1.1, 3.8; MQTT 5, 3.8).

use crate::property_id::PropertyOwner;
use crate::reader::Reader;
use crate::topic::TopicFilter;
use crate::writer::Writer;
use crate::{MqttError, PacketType, Properties, PropertyId, PropertyValue, ProtocolVersion, QoS};

const NO_LOCAL: u8 = 0b0000_0100;
const RETAIN_AS_PUBLISHED: u8 = 0b0000_1000;

/// A SUBSCRIBE, all of whose filters are well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// What the SUBACK refers to.
    pub packet_id: u16,
    /// How many filters there are, at least one.
    pub filter_count: usize,
    /// MQTT 5 properties.
    pub properties: Properties<'a>,
    version: ProtocolVersion,
    filters: &'a [u8],
}

/// One filter of a SUBSCRIBE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscribeFilter<'a> {
    /// The topic filter, with `$share/GROUP/` where it has it.
    pub filter: &'a str,
    /// The most the subscriber wants.
    pub qos: QoS,
    /// MQTT 5: not the subscriber's own messages.
    pub no_local: bool,
    /// MQTT 5: keep the retain flag as published.
    pub retain_as_published: bool,
    /// MQTT 5: which retained messages to send.
    pub retain_handling: RetainHandling,
}

/// Which retained messages a new subscription brings (MQTT 5, 3.8.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainHandling {
    /// All that match.
    Send,
    /// All that match if the subscription is new.
    SendIfNew,
    /// None.
    DoNotSend,
}

impl<'a> SubscribeFilter<'a> {
    /// A filter without MQTT 5's options.
    pub fn new(filter: &'a str, qos: QoS) -> Self {
        Self {
            filter,
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
        }
    }

    fn read(version: ProtocolVersion, reader: &mut Reader<'a>) -> Result<Self, MqttError> {
        let field = "subscription options";
        let filter = TopicFilter::parse(reader.text("topic filter")?)?;
        let options = reader.u8(field)?;
        let refuse = |problem| Err(MqttError::Malformed { field, problem });
        let used = if version.is_v5() { 0b0011_1111 } else { 0b0000_0011 };
        if options & !used != 0 {
            return refuse("have reserved bits set");
        }
        let Some(qos) = QoS::from_bits(options & 0b11) else { return refuse("ask for QoS 3") };
        let retain_handling = match options >> 4 {
            0 => RetainHandling::Send,
            1 => RetainHandling::SendIfNew,
            2 => RetainHandling::DoNotSend,
            _ => return refuse("ask for retain handling 3"),
        };
        let no_local = options & NO_LOCAL != 0;
        if no_local && filter.shared().is_some() {
            let problem = "ask for no local in a shared subscription";
            return Err(MqttError::Protocol { field, problem });
        }
        let retain_as_published = options & RETAIN_AS_PUBLISHED != 0;
        Ok(Self { filter: filter.as_str(), qos, no_local, retain_as_published, retain_handling })
    }

    fn options(&self, version: ProtocolVersion) -> u8 {
        if !version.is_v5() {
            return self.qos.bits();
        }
        let retain_handling = match self.retain_handling {
            RetainHandling::Send => 0,
            RetainHandling::SendIfNew => 1,
            RetainHandling::DoNotSend => 2,
        };
        let no_local = if self.no_local { NO_LOCAL } else { 0 };
        let as_published = if self.retain_as_published { RETAIN_AS_PUBLISHED } else { 0 };
        self.qos.bits() | no_local | as_published | retain_handling << 4
    }
}

impl<'a> Subscribe<'a> {
    /// Parses the body of a SUBSCRIBE frame.
    ///
    /// # Errors
    /// Whatever is malformed, no filter at all, a packet identifier of zero.
    pub fn parse(version: ProtocolVersion, body: &'a [u8]) -> Result<Self, MqttError> {
        let mut reader = Reader::new(body);
        let packet_id = reader.packet_id()?;
        let properties = Properties::parse(&mut reader, version, PropertyOwner::Subscribe)?;
        let filters = reader.take_rest();
        let mut rest = Reader::new(filters);
        let mut filter_count = 0usize;
        while !rest.is_empty() {
            SubscribeFilter::read(version, &mut rest)?;
            filter_count = filter_count.saturating_add(1);
        }
        if filter_count == 0 {
            return Err(MqttError::Protocol { field: "SUBSCRIBE", problem: "has no filter" });
        }
        Ok(Self { packet_id, filter_count, properties, version, filters })
    }

    /// Each filter, in the order that the SUBACK answers.
    pub fn iter(&self) -> impl Iterator<Item = SubscribeFilter<'a>> + use<'a> {
        let (version, mut rest) = (self.version, Reader::new(self.filters));
        // The bytes were checked by `parse`, so reading fails only at their end.
        std::iter::from_fn(move || SubscribeFilter::read(version, &mut rest).ok())
    }

    /// MQTT 5: the number the server puts on messages of these subscriptions.
    pub fn subscription_identifier(&self) -> Option<u32> {
        match self.properties.get(PropertyId::SubscriptionIdentifier) {
            Some(PropertyValue::Variable(id)) => Some(id),
            _ => None,
        }
    }

    /// The same SUBSCRIBE with these filters only, as a whole frame.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn encode_with_filters(
        &self,
        filters: &[SubscribeFilter<'_>],
    ) -> Result<Vec<u8>, MqttError> {
        encode(self.version, self.packet_id, self.properties, filters)
    }
}

/// A whole SUBSCRIBE frame.
///
/// # Errors
/// [`MqttError::Protocol`] for no filter or a packet identifier of zero, and
/// [`MqttError::FieldTooLong`].
pub fn encode(
    version: ProtocolVersion,
    packet_id: u16,
    properties: Properties<'_>,
    filters: &[SubscribeFilter<'_>],
) -> Result<Vec<u8>, MqttError> {
    if filters.is_empty() {
        return Err(MqttError::Protocol { field: "SUBSCRIBE", problem: "has no filter" });
    }
    let mut out = Writer::new();
    out.packet_id(packet_id)?;
    if version.is_v5() {
        out.same_properties(properties.as_bytes())?;
    }
    for filter in filters {
        out.text("topic filter", TopicFilter::parse(filter.filter)?.as_str())?;
        out.u8(filter.options(version));
    }
    out.frame(PacketType::Subscribe, 0b0010)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolVersion::{V5, V311};

    #[test]
    fn filters_come_in_order_with_their_options() {
        let body = b"\0\x07\x02\x0B\x05\0\x03a/+\x01\0\x01#\x2E";
        let subscribe = Subscribe::parse(V5, body).unwrap();
        assert_eq!((subscribe.packet_id, subscribe.filter_count), (7, 2));
        assert_eq!(subscribe.subscription_identifier(), Some(5));
        let filters: Vec<_> = subscribe.iter().collect();
        assert_eq!(filters[0], SubscribeFilter::new("a/+", QoS::AtLeastOnce));
        let all = SubscribeFilter {
            filter: "#",
            qos: QoS::ExactlyOnce,
            no_local: true,
            retain_as_published: true,
            retain_handling: RetainHandling::DoNotSend,
        };
        assert_eq!(filters[1], all);
        let frame = subscribe.encode_with_filters(&filters).unwrap();
        assert_eq!(&frame[2..], body);
        let one = subscribe.encode_with_filters(&filters[..1]).unwrap();
        assert_eq!(&one[2..], b"\0\x07\x02\x0B\x05\0\x03a/+\x01");
    }

    #[test]
    fn refuses_what_the_standard_refuses() {
        for (version, body) in [
            (V311, &b"\0\x01"[..]),             // no filter
            (V311, b"\0\0\0\x01a\0"),           // packet identifier 0
            (V311, b"\0\x01\0\x01a"),           // no options
            (V311, b"\0\x01\0\x01a\x03"),       // QoS 3
            (V311, b"\0\x01\0\x01a\x04"),       // an option of MQTT 5
            (V311, b"\0\x01\0\0\0"),            // an empty filter
            (V311, b"\0\x01\0\x02a#\0"),        // a misplaced wildcard
            (V5, b"\0\x01\0\0\x01a\x30"),       // retain handling 3
            (V5, b"\0\x01\0\0\x01a\x40"),       // a reserved bit
            (V5, b"\0\x01\x02\x0B\0\0\x01a\0"), // subscription identifier 0
            (V5, b"\0\x01\0\0\x0A$share/g/a\x04"),
        ] {
            assert!(Subscribe::parse(version, body).is_err(), "{version:?} {body:?}");
        }
    }
}
