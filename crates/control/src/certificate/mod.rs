//! Certificates: issuing them, their status, and the things they belong to.

pub(crate) mod attach_to_thing;
pub(crate) mod create_with_keys;
pub(crate) mod detach_from_thing;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod update;

use fleetward_domain::CertificateId;

use crate::control::Control;
use crate::refusal::Refusal;

/// The id in a certificate's ARN.
///
/// # Errors
/// [`Refusal::InvalidField`] where it is the ARN of something else.
pub(crate) fn certificate_of_arn(
    control: &Control,
    member: &str,
    arn: &str,
) -> Result<String, Refusal> {
    let resource =
        control.place().resource_of(arn).map_err(|error| Refusal::field(member, error))?;
    let id = resource.strip_prefix("cert/").map(str::to_ascii_lowercase);
    id.filter(|id| CertificateId::parse(id.as_str()).is_ok())
        .ok_or_else(|| Refusal::field(member, format!("{arn} does not name a certificate")))
}
