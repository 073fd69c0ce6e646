//! The resources that can be tagged, found by their ARN.

use fleetward_domain::{CustomMetric, Dimension, Policy, SecurityProfile, ThingGroup};
use fleetward_store::{Noun, Tx, Versioned};

use crate::control::Control;
use crate::refusal::Refusal;
use crate::security_profile;

/// Keys and values, in the order in which they were written.
type Tags = Vec<(String, String)>;

/// A resource that has tags.
pub(super) enum Tagged {
    SecurityProfile(Versioned<SecurityProfile>),
    Dimension(Versioned<Dimension>),
    CustomMetric(Versioned<CustomMetric>),
    ThingGroup(Versioned<ThingGroup>),
    Policy(Versioned<Policy>),
}

impl Tagged {
    /// The resource of this ARN.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] where it names nothing that can be tagged;
    /// [`Refusal::NotFound`].
    pub(super) async fn find(control: &Control, arn: &str) -> Result<Self, Refusal> {
        let field = "resourceArn";
        let resource =
            control.place().resource_of(arn).map_err(|error| Refusal::field(field, error))?;
        Ok(match resource.split_once('/') {
            Some(("securityprofile", name)) => Self::SecurityProfile(control.existing(name).await?),
            Some(("dimension", name)) => Self::Dimension(control.existing(name).await?),
            Some(("custommetric", name)) => Self::CustomMetric(control.existing(name).await?),
            Some(("thinggroup", name)) => Self::ThingGroup(control.existing(name).await?),
            Some(("policy", name)) => Self::Policy(control.existing(name).await?),
            _ => {
                let problem = format!("{arn} does not name a resource that can be tagged");
                return Err(Refusal::field(field, problem));
            }
        })
    }

    pub(super) fn tags(&mut self) -> &mut Tags {
        match self {
            Self::SecurityProfile(found) => &mut found.value.tags,
            Self::Dimension(found) => &mut found.value.tags,
            Self::CustomMetric(found) => &mut found.value.tags,
            Self::ThingGroup(found) => &mut found.value.tags,
            Self::Policy(found) => &mut found.value.tags,
        }
    }

    /// Writes it back. Of a profile detectors learn, since tags say how severe its violations are.
    pub(super) async fn write(self, control: &Control) -> Result<Tx, Refusal> {
        match self {
            Self::SecurityProfile(found) => {
                let (profile, version) = (&found.value, found.version);
                let targets = security_profile::targets_of(control, profile.name.as_str()).await?;
                security_profile::rewrite(control, profile, version, targets)
            }
            Self::Dimension(found) => replacing(control, &found),
            Self::CustomMetric(found) => replacing(control, &found),
            Self::ThingGroup(found) => replacing(control, &found),
            Self::Policy(found) => replacing(control, &found),
        }
    }
}

fn replacing<T: Noun>(control: &Control, found: &Versioned<T>) -> Result<Tx, Refusal> {
    let mut tx = Tx::default();
    tx.replace(&found.value, found.version, control.level())?;
    Ok(tx)
}
