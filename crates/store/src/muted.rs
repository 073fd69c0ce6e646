//! Whether an alert is muted: judged when its row is made, and again when it is let go.

use fleetward_domain::{Alert, EpochMs, EventType, GroupName, Mute, Notification};

use crate::error::StoreError;

/// Until when an alert is held since it is muted; none if it is not. Only beginnings are: the end
/// of what a target was told of goes out, lest it stays open there. `groups_of` gives the groups
/// of a thing by name and all above them; it is asked only where a group is muted.
pub(crate) fn muted_until_ms(
    mutes: &[Mute],
    alert: &Alert,
    at_ms: EpochMs,
    mut groups_of: impl FnMut(&str) -> Result<Vec<GroupName>, StoreError>,
) -> Result<Option<EpochMs>, StoreError> {
    let Notification::Violation(event) = &alert.notification;
    if event.event_type != EventType::InAlarm {
        return Ok(None);
    }
    let in_force = |mute: &&Mute| mute.until_ms_for(event.severity) > at_ms;
    let mutes: Vec<&Mute> = mutes.iter().filter(in_force).collect();
    let groups = match mutes.iter().any(|mute| mute.asks_for_groups()) {
        true => groups_of(event.thing.as_str())?,
        false => Vec::new(),
    };
    let about = mutes.iter().filter(|mute| mute.is_about(event, &groups));
    Ok(about.map(|mute| mute.until_ms_for(event.severity)).max())
}
