use fleetward_domain::SecurityProfile;
use fleetward_wire::convert::show_profile;
use fleetward_wire::types::{DescribeSecurityProfileRequest, DescribeSecurityProfileResponse};

use super::arn_of;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

pub(crate) async fn describe(
    control: &Control,
    input: DescribeSecurityProfileRequest,
) -> Result<Prepared<DescribeSecurityProfileResponse>, Refusal> {
    let profile: SecurityProfile = control.existing(&input.security_profile_name).await?.value;
    let arn = arn_of(control, &profile.name);
    Ok(Prepared::read(show_profile(&profile, arn)))
}
