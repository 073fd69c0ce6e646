use fleetward_domain::{CriteriaType, SecurityProfile};
use fleetward_wire::convert::show_violation;
use fleetward_wire::types::{ListActiveViolationsRequest, ListActiveViolationsResponse};

use super::read_filter;
use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By violation id, which is by when they opened.
pub(crate) async fn list_active(
    control: &Control,
    input: ListActiveViolationsRequest,
) -> Result<Prepared<ListActiveViolationsResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    if let Some(name) = &input.security_profile_name {
        control.existing::<SecurityProfile>(name).await?;
    }
    let filter = read_filter(
        input.thing_name,
        input.security_profile_name,
        input.list_suppressed_alerts,
        input.verification_state,
        input.behavior_criteria_type,
    )?;
    let mut violations = Vec::new();
    // Nothing learns yet: looking through all that there is would find nothing.
    if filter.criteria != Some(CriteriaType::MachineLearning) {
        let after = page.after.clone();
        let limit = page.items.saturating_add(1);
        violations = control.store().active_violations(&filter, after, limit).await?;
    }
    let next_token = page.cut(&mut violations, |violation| violation.id.clone());
    Ok(Prepared::read(ListActiveViolationsResponse {
        active_violations: Some(violations.iter().map(show_violation).collect()),
        next_token,
    }))
}
