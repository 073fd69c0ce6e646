//! Condition keys, which are also the names of variables ("AWS IoT Core policy variables" in
//! the developer guide).

/// The client id of the connection.
pub const CLIENT_ID: &str = "iot:ClientId";
/// The address the request comes from.
pub const SOURCE_IP: &str = "aws:SourceIp";
/// Whether the request came over TLS.
pub const SECURE_TRANSPORT: &str = "aws:SecureTransport";
/// The host name the client connected to.
pub const DOMAIN_NAME: &str = "iot:DomainName";
/// The name of the thing whose connection it is.
pub const THING_NAME: &str = "iot:Connection.Thing.ThingName";
/// The type of that thing.
pub const THING_TYPE_NAME: &str = "iot:Connection.Thing.ThingTypeName";
/// Whether the connection's principal is attached to that thing.
pub const IS_ATTACHED: &str = "iot:Connection.Thing.IsAttached";
/// Begin of the key of a thing's attribute; the attribute's name and `]` follow.
pub const THING_ATTRIBUTE_PREFIX: &str = "iot:Connection.Thing.Attributes[";
/// The common name in the subject of the client certificate.
pub const CERTIFICATE_COMMON_NAME: &str = "iot:Certificate.Subject.CommonName";
