use fleetward_domain::SecurityProfile;
use fleetward_store::{Kind, edge_ends, edges_from};
use fleetward_wire::types::{
    ListTargetsForSecurityProfileRequest, ListTargetsForSecurityProfileResponse,
    SecurityProfileTarget,
};

use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By ARN.
pub(crate) async fn list_targets(
    control: &Control,
    input: ListTargetsForSecurityProfileRequest,
) -> Result<Prepared<ListTargetsForSecurityProfileResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let name = input.security_profile_name.as_str();
    control.existing::<SecurityProfile>(name).await?;
    let (edges, next_token) = page.keys(Kind::TargetOfProfile, &edges_from(name)).await?;
    let shown = |edge: &String| SecurityProfileTarget { arn: edge_ends(edge).1.to_owned() };
    Ok(Prepared::read(ListTargetsForSecurityProfileResponse {
        security_profile_targets: Some(edges.iter().map(shown).collect()),
        next_token,
    }))
}
