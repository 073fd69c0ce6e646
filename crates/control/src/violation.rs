//! Violations: the open ones, and what happened to all of them.

use fleetward_domain::{ProfileName, SecurityProfile, ThingName};
use fleetward_store::{EventCursor, EventFilter, Kind, ViolationFilter};
use fleetward_wire::ApiError;
use fleetward_wire::convert::{read_verification, show_event, show_violation};
use fleetward_wire::types::{
    BehaviorCriteriaType, ListActiveViolationsRequest, ListActiveViolationsResponse,
    ListViolationEventsRequest, ListViolationEventsResponse, VerificationState,
};

use crate::control::Control;
use crate::documents::{edge_ends, edge_key, find};
use crate::error::ControlError;
use crate::page::Page;

#[cfg(test)]
mod tests;

impl Control {
    /// By thing and violation id.
    pub(crate) async fn list_active_violations(
        &self,
        input: ListActiveViolationsRequest,
    ) -> Result<ListActiveViolationsResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        if let Some(name) = &input.security_profile_name {
            let found = find::<SecurityProfile>(self.store(), Kind::SecurityProfile, name).await?;
            if found.is_none() {
                return Err(ApiError::not_found(format!(
                    "Security profile {name} does not exist."
                )));
            }
        }
        let mut violations = Vec::new();
        if is_static(input.behavior_criteria_type) {
            let filter = read_filter(
                input.thing_name,
                input.security_profile_name,
                input.list_suppressed_alerts,
                input.verification_state,
            )?;
            let after = page.after.as_deref().map(|position| {
                let (thing, id) = edge_ends(position);
                (thing.to_owned(), id.to_owned())
            });
            let limit = page.items.saturating_add(1);
            let listed = self.store().active_violations(&filter, after, limit).await;
            violations = listed.map_err(ControlError::from)?;
        }
        let next_token = page
            .cut(&mut violations, |violation| edge_key(violation.thing.as_str(), &violation.id));
        Ok(ListActiveViolationsResponse {
            active_violations: Some(violations.iter().map(show_violation).collect()),
            next_token,
        })
    }

    /// Newest first.
    pub(crate) async fn list_violation_events(
        &self,
        input: ListViolationEventsRequest,
    ) -> Result<ListViolationEventsResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        let (from_ms, to_ms) = (input.start_time.epoch_ms(), input.end_time.epoch_ms());
        if from_ms > to_ms {
            return Err(ApiError::invalid_request("startTime must not be after endTime."));
        }
        let mut events = Vec::new();
        if is_static(input.behavior_criteria_type) {
            let violations = read_filter(
                input.thing_name,
                input.security_profile_name,
                input.list_suppressed_alerts,
                input.verification_state,
            )?;
            let after = page.after.as_deref().map(read_cursor).transpose()?;
            let filter = EventFilter { violations, from_ms, to_ms };
            let limit = page.items.saturating_add(1);
            let listed = self.store().violation_events(&filter, after, limit).await;
            events = listed.map_err(ControlError::from)?;
        }
        let next_token =
            page.cut(&mut events, |(cursor, _)| format!("{}:{}", cursor.at_ms, cursor.row));
        Ok(ListViolationEventsResponse {
            violation_events: Some(events.iter().map(|(_, event)| show_event(event)).collect()),
            next_token,
        })
    }
}

/// Whether violations of static criteria are asked for: there are no others yet.
fn is_static(criteria_type: Option<BehaviorCriteriaType>) -> bool {
    matches!(criteria_type, None | Some(BehaviorCriteriaType::Static))
}

fn read_filter(
    thing: Option<String>,
    profile: Option<String>,
    suppressed: Option<bool>,
    verification: Option<VerificationState>,
) -> Result<ViolationFilter, ApiError> {
    let invalid = |error: fleetward_domain::NameError| ApiError::invalid_request(error.to_string());
    Ok(ViolationFilter {
        thing: thing.map(ThingName::parse).transpose().map_err(invalid)?,
        profile: profile.map(ProfileName::parse).transpose().map_err(invalid)?,
        suppressed,
        verification: verification.map(read_verification),
    })
}

/// The position was sealed by us; that it cannot be read would be our fault.
fn read_cursor(position: &str) -> Result<EventCursor, ApiError> {
    let parts = position.split_once(':');
    let cursor = parts.and_then(|(at_ms, row)| {
        Some(EventCursor { at_ms: at_ms.parse().ok()?, row: row.parse().ok()? })
    });
    cursor.ok_or_else(ApiError::internal)
}
