//! The table of MQTT 5 properties (MQTT 5, 2.2.2.2).

/// Which packet, or which part of one, carries properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PropertyOwner {
    Connect,
    Will,
    Connack,
    Publish,
    /// PUBACK, PUBREC, PUBREL, PUBCOMP.
    PublishAnswer,
    Subscribe,
    /// SUBACK and UNSUBACK.
    SubscribeAnswer,
    Unsubscribe,
    Disconnect,
}

impl PropertyOwner {
    /// How an error names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Will => "the will",
            Self::Connack => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::PublishAnswer => "the answer to PUBLISH",
            Self::Subscribe => "SUBSCRIBE",
            Self::SubscribeAnswer => "SUBACK",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Disconnect => "DISCONNECT",
        }
    }
}

/// How a property's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Byte,
    TwoBytes,
    FourBytes,
    Variable,
    Text,
    Binary,
    Pair,
}

/// Which property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the standard's own, and so is their meaning")]
pub enum PropertyId {
    PayloadFormatIndicator = 0x01,
    MessageExpiryInterval = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiryInterval = 0x11,
    AssignedClientIdentifier = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    RequestProblemInformation = 0x17,
    WillDelayInterval = 0x18,
    RequestResponseInformation = 0x19,
    ResponseInformation = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardSubscriptionAvailable = 0x28,
    SubscriptionIdentifierAvailable = 0x29,
    SharedSubscriptionAvailable = 0x2A,
}

impl PropertyId {
    /// The property with this identifier.
    pub fn from_number(number: u32) -> Option<Self> {
        // The numbers are those of MQTT 5, 2.2.2.2; the gaps are the standard's.
        Some(match number {
            0x01 => Self::PayloadFormatIndicator,
            0x02 => Self::MessageExpiryInterval,
            0x03 => Self::ContentType,
            0x08 => Self::ResponseTopic,
            0x09 => Self::CorrelationData,
            0x0B => Self::SubscriptionIdentifier,
            0x11 => Self::SessionExpiryInterval,
            0x12 => Self::AssignedClientIdentifier,
            0x13 => Self::ServerKeepAlive,
            0x15 => Self::AuthenticationMethod,
            0x16 => Self::AuthenticationData,
            0x17 => Self::RequestProblemInformation,
            0x18 => Self::WillDelayInterval,
            0x19 => Self::RequestResponseInformation,
            0x1A => Self::ResponseInformation,
            0x1C => Self::ServerReference,
            0x1F => Self::ReasonString,
            0x21 => Self::ReceiveMaximum,
            0x22 => Self::TopicAliasMaximum,
            0x23 => Self::TopicAlias,
            0x24 => Self::MaximumQos,
            0x25 => Self::RetainAvailable,
            0x26 => Self::UserProperty,
            0x27 => Self::MaximumPacketSize,
            0x28 => Self::WildcardSubscriptionAvailable,
            0x29 => Self::SubscriptionIdentifierAvailable,
            0x2A => Self::SharedSubscriptionAvailable,
            _ => return None,
        })
    }

    /// The identifier; all fit one byte, and are below 64.
    pub fn bits(self) -> u8 {
        self as u8
    }

    /// How an error names it.
    pub(crate) fn name(self) -> &'static str {
        // As the standard's headings have it, so that a reader of the error finds it there.
        match self {
            Self::PayloadFormatIndicator => "payload format indicator",
            Self::MessageExpiryInterval => "message expiry interval",
            Self::ContentType => "content type",
            Self::ResponseTopic => "response topic",
            Self::CorrelationData => "correlation data",
            Self::SubscriptionIdentifier => "subscription identifier",
            Self::SessionExpiryInterval => "session expiry interval",
            Self::AssignedClientIdentifier => "assigned client identifier",
            Self::ServerKeepAlive => "server keep alive",
            Self::AuthenticationMethod => "authentication method",
            Self::AuthenticationData => "authentication data",
            Self::RequestProblemInformation => "request problem information",
            Self::WillDelayInterval => "will delay interval",
            Self::RequestResponseInformation => "request response information",
            Self::ResponseInformation => "response information",
            Self::ServerReference => "server reference",
            Self::ReasonString => "reason string",
            Self::ReceiveMaximum => "receive maximum",
            Self::TopicAliasMaximum => "topic alias maximum",
            Self::TopicAlias => "topic alias",
            Self::MaximumQos => "maximum QoS",
            Self::RetainAvailable => "retain available",
            Self::UserProperty => "user property",
            Self::MaximumPacketSize => "maximum packet size",
            Self::WildcardSubscriptionAvailable => "wildcard subscription available",
            Self::SubscriptionIdentifierAvailable => "subscription identifier available",
            Self::SharedSubscriptionAvailable => "shared subscription available",
        }
    }

    pub(crate) fn kind(self) -> ValueKind {
        // MQTT 5, 2.2.2.2. Without a default, so that a property without a type does not compile.
        match self {
            Self::PayloadFormatIndicator
            | Self::RequestProblemInformation
            | Self::RequestResponseInformation
            | Self::MaximumQos
            | Self::RetainAvailable
            | Self::WildcardSubscriptionAvailable
            | Self::SubscriptionIdentifierAvailable
            | Self::SharedSubscriptionAvailable => ValueKind::Byte,
            Self::ServerKeepAlive
            | Self::ReceiveMaximum
            | Self::TopicAliasMaximum
            | Self::TopicAlias => ValueKind::TwoBytes,
            Self::MessageExpiryInterval
            | Self::SessionExpiryInterval
            | Self::WillDelayInterval
            | Self::MaximumPacketSize => ValueKind::FourBytes,
            Self::SubscriptionIdentifier => ValueKind::Variable,
            Self::ContentType
            | Self::ResponseTopic
            | Self::AssignedClientIdentifier
            | Self::AuthenticationMethod
            | Self::ResponseInformation
            | Self::ServerReference
            | Self::ReasonString => ValueKind::Text,
            Self::CorrelationData | Self::AuthenticationData => ValueKind::Binary,
            Self::UserProperty => ValueKind::Pair,
        }
    }

    pub(crate) fn is_allowed_in(self, owner: PropertyOwner) -> bool {
        use PropertyOwner as O;
        // MQTT 5, 2.2.2.2. Without a default: a property that nobody placed does not compile.
        match self {
            Self::UserProperty => true,
            Self::PayloadFormatIndicator
            | Self::MessageExpiryInterval
            | Self::ContentType
            | Self::ResponseTopic
            | Self::CorrelationData => matches!(owner, O::Publish | O::Will),
            Self::SubscriptionIdentifier => matches!(owner, O::Publish | O::Subscribe),
            Self::SessionExpiryInterval => {
                matches!(owner, O::Connect | O::Connack | O::Disconnect)
            }
            Self::AuthenticationMethod
            | Self::AuthenticationData
            | Self::ReceiveMaximum
            | Self::TopicAliasMaximum
            | Self::MaximumPacketSize => matches!(owner, O::Connect | O::Connack),
            Self::RequestProblemInformation | Self::RequestResponseInformation => {
                owner == O::Connect
            }
            Self::WillDelayInterval => owner == O::Will,
            Self::TopicAlias => owner == O::Publish,
            Self::ServerReference => matches!(owner, O::Connack | O::Disconnect),
            Self::ReasonString => {
                matches!(owner, O::Connack | O::PublishAnswer | O::SubscribeAnswer | O::Disconnect)
            }
            Self::AssignedClientIdentifier
            | Self::ServerKeepAlive
            | Self::ResponseInformation
            | Self::MaximumQos
            | Self::RetainAvailable
            | Self::WildcardSubscriptionAvailable
            | Self::SubscriptionIdentifierAvailable
            | Self::SharedSubscriptionAvailable => owner == O::Connack,
        }
    }

    /// A message that matched several subscriptions carries the identifier of each (3.3.2.3.8).
    pub(crate) fn may_repeat_in(self, owner: PropertyOwner) -> bool {
        self == Self::UserProperty
            || self == Self::SubscriptionIdentifier && owner == PropertyOwner::Publish
    }
}
