//! Mutes.

use fleetward_domain::{Mute, MuteSubject};

use crate::Timestamp;
use crate::types;

/// A mute, as `ListMutes` answers it.
#[must_use]
pub fn show_mute(mute: &Mute) -> types::Mute {
    let mut shown = types::Mute {
        mute_id: Some(mute.id.clone()),
        thing_name: None,
        thing_group_name: None,
        security_profile_name: None,
        behavior_name: None,
        until: Some(Timestamp::from_epoch_ms(mute.until_ms)),
        reason: Some(mute.reason.clone()),
        created_by: Some(mute.created_by.clone()),
        creation_date: Some(Timestamp::from_epoch_ms(mute.created_ms)),
    };
    match &mute.subject {
        MuteSubject::Thing(thing) => shown.thing_name = Some(thing.to_string()),
        MuteSubject::Group(group) => shown.thing_group_name = Some(group.to_string()),
        MuteSubject::Profile(profile) => shown.security_profile_name = Some(profile.to_string()),
        MuteSubject::Behavior(profile, behavior) => {
            shown.security_profile_name = Some(profile.to_string());
            shown.behavior_name = Some(behavior.to_string());
        }
    }
    shown
}
