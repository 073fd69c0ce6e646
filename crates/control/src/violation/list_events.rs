use fleetward_domain::CriteriaType;
use fleetward_store::{EventCursor, EventFilter};
use fleetward_wire::ApiError;
use fleetward_wire::convert::show_event;
use fleetward_wire::types::{ListViolationEventsRequest, ListViolationEventsResponse};

use super::read_filter;
use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Newest first.
pub(crate) async fn list_events(
    control: &Control,
    input: ListViolationEventsRequest,
) -> Result<Prepared<ListViolationEventsResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let (from_ms, to_ms) = (input.start_time.epoch_ms(), input.end_time.epoch_ms());
    if from_ms > to_ms {
        return Err(Refusal::Invalid("startTime must not be after endTime.".to_owned()));
    }
    let violations = read_filter(
        input.thing_name,
        input.security_profile_name,
        input.list_suppressed_alerts,
        input.verification_state,
        input.behavior_criteria_type,
    )?;
    let mut events = Vec::new();
    // Nothing learns yet: looking through all that there is would find nothing.
    if violations.criteria != Some(CriteriaType::MachineLearning) {
        let after = page.after.as_deref().map(read_cursor).transpose()?;
        let filter = EventFilter { violations, from_ms, to_ms };
        let limit = page.items.saturating_add(1);
        events = control.store().violation_events(&filter, after, limit).await?;
    }
    let next_token =
        page.cut(&mut events, |(cursor, _)| format!("{}:{}", cursor.at_ms, cursor.row));
    Ok(Prepared::read(ListViolationEventsResponse {
        violation_events: Some(events.iter().map(|(_, event)| show_event(event)).collect()),
        next_token,
    }))
}

/// The position was sealed by us; that it cannot be read would be our fault.
fn read_cursor(position: &str) -> Result<EventCursor, ApiError> {
    let parts = position.split_once(':');
    let cursor = parts.and_then(|(at_ms, row)| {
        Some(EventCursor { at_ms: at_ms.parse().ok()?, row: row.parse().ok()? })
    });
    cursor.ok_or_else(ApiError::internal)
}
