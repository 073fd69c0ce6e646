//! Amazon Resource Names of this deployment: one account, one region.

use std::fmt;

/// The account and the region that every ARN of this deployment carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Twelve digits.
    pub account: String,
    /// Such as `us-east-1`.
    pub region: String,
}

impl Place {
    /// The ARN of a resource here.
    #[must_use]
    pub fn arn(&self, resource: Resource<'_>) -> String {
        self.arn_of(&resource.to_string())
    }

    /// The ARN with this resource part (`thinggroup/lights`).
    #[must_use]
    pub fn arn_of(&self, resource: &str) -> String {
        format!("arn:aws:iot:{}:{}:{resource}", self.region, self.account)
    }

    /// The resource part (`thinggroup/lights`) of an ARN of service `iot` in this place. There is
    /// one ARN of a resource: another partition would be a second spelling, which a policy that
    /// denies the first does not know.
    ///
    /// # Errors
    /// [`ArnError`] if it is no ARN, or belongs to another service, account or region.
    pub fn resource_of<'a>(&self, arn: &'a str) -> Result<&'a str, ArnError> {
        let parsed = Arn::parse(arn)?;
        if parsed.service != "iot" {
            return Err(ArnError::OtherService(arn.to_owned()));
        }
        if parsed.partition != "aws"
            || parsed.account != self.account
            || parsed.region != self.region
        {
            return Err(ArnError::Elsewhere(arn.to_owned()));
        }
        Ok(parsed.resource)
    }
}

/// What an ARN of service `iot` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the kind of resource that its name says")]
pub enum Resource<'a> {
    Thing(&'a str),
    ThingGroup(&'a str),
    Certificate(&'a str),
    Policy(&'a str),
    SecurityProfile(&'a str),
    Dimension(&'a str),
    CustomMetric(&'a str),
    /// An MQTT client id, for `iot:Connect`.
    Client(&'a str),
    /// A topic, for `iot:Publish` and `iot:Receive`.
    Topic(&'a str),
    /// A topic filter, for `iot:Subscribe`.
    TopicFilter(&'a str),
    /// `all/registered-things`, `all/unregistered-things`, `all/things`.
    All(&'a str),
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::Thing(name) => ("thing", name),
            Self::ThingGroup(name) => ("thinggroup", name),
            Self::Certificate(name) => ("cert", name),
            Self::Policy(name) => ("policy", name),
            Self::SecurityProfile(name) => ("securityprofile", name),
            Self::Dimension(name) => ("dimension", name),
            Self::CustomMetric(name) => ("custommetric", name),
            Self::Client(name) => ("client", name),
            Self::Topic(name) => ("topic", name),
            Self::TopicFilter(name) => ("topicfilter", name),
            Self::All(name) => ("all", name),
        };
        write!(f, "{kind}/{name}")
    }
}

/// The parts of any ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, or another world of theirs.
    pub partition: &'a str,
    /// Such as `iot` or `sns`.
    pub service: &'a str,
    /// Such as `us-east-1`; empty for global services.
    pub region: &'a str,
    /// Twelve digits, or empty.
    pub account: &'a str,
    /// The rest.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits `arn:partition:service:region:account:resource`.
    ///
    /// # Errors
    /// [`ArnError::Malformed`] if a part is missing.
    pub fn parse(text: &'a str) -> Result<Self, ArnError> {
        let malformed = || ArnError::Malformed(text.to_owned());
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(malformed);
        if next()? != "arn" {
            return Err(malformed());
        }
        let arn = Self {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        };
        let missing = [arn.partition, arn.service, arn.resource].iter().any(|part| part.is_empty());
        if missing { Err(malformed()) } else { Ok(arn) }
    }
}

/// Why an ARN was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Not `arn:partition:service:region:account:resource`.
    #[error("{0} is not an ARN")]
    Malformed(String),
    /// Names another service than the one that was expected.
    #[error("{0} does not name a resource of AWS IoT")]
    OtherService(String),
    /// Another account or region than this deployment's.
    #[error("{0} belongs to another account or region")]
    Elsewhere(String),
    /// A resource of the right service, but not of a kind that fits here.
    #[error("{0} does not name a resource that fits here")]
    OtherKind(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_this_place_gives_its_resource() {
        let place = Place { account: "123456789012".into(), region: "us-east-1".into() };
        let arn = place.arn(Resource::ThingGroup("lights:1"));
        assert_eq!(arn, "arn:aws:iot:us-east-1:123456789012:thinggroup/lights:1");
        assert_eq!(place.resource_of(&arn).unwrap(), "thinggroup/lights:1");
        assert!(place.resource_of("arn:aws:iot:eu-west-1:123456789012:thing/a").is_err());
        assert!(place.resource_of("arn:aws-cn:iot:us-east-1:123456789012:thing/a").is_err());
        assert!(place.resource_of("arn:AWS:iot:us-east-1:123456789012:thing/a").is_err());
        assert!(place.resource_of("arn:aws:sns:us-east-1:123456789012:t").is_err());
        assert!(place.resource_of("arn:aws:iot").is_err());
    }
}
