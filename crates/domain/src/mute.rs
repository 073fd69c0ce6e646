//! Mutes: what an operator does not want to be alerted of for a while.

use crate::EpochMs;
use crate::limits::CRITICAL_MUTE_MS;
use crate::name::{BehaviorName, GroupName, ProfileName, ThingName};
use crate::severity::Severity;
use crate::violation::ViolationEvent;

/// What an operator does not want to be alerted of for a while. Violations open all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Unique.
    pub id: String,
    /// What is muted.
    pub subject: MuteSubject,
    /// When it ends, exclusive.
    pub until_ms: EpochMs,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who asked for it: the caller's ARN.
    pub created_by: String,
    /// When it was made.
    pub created_ms: EpochMs,
}

/// What is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MuteSubject {
    /// Everything of a thing.
    Thing(ThingName),
    /// Everything of the things in a group or in one below it.
    Group(GroupName),
    /// Everything of a profile.
    Profile(ProfileName),
    /// One behavior of a profile.
    Behavior(ProfileName, BehaviorName),
}

impl Mute {
    /// Until when it mutes what is as severe as this: of what is critical a day at most.
    #[must_use]
    pub fn until_ms_for(&self, severity: Severity) -> EpochMs {
        match severity {
            Severity::Critical => {
                self.until_ms.min(self.created_ms.saturating_add(CRITICAL_MUTE_MS))
            }
            Severity::Low | Severity::Medium | Severity::High => self.until_ms,
        }
    }

    /// Whether a thing's groups decide: those that it is in, and all above them.
    #[must_use]
    pub fn asks_for_groups(&self) -> bool {
        matches!(self.subject, MuteSubject::Group(_))
    }

    /// Whether it speaks of this event. `groups` are those of the thing, and all above them.
    #[must_use]
    pub fn is_about(&self, event: &ViolationEvent, groups: &[GroupName]) -> bool {
        match &self.subject {
            MuteSubject::Thing(thing) => event.thing == *thing,
            MuteSubject::Group(group) => groups.contains(group),
            MuteSubject::Profile(profile) => event.profile == *profile,
            MuteSubject::Behavior(profile, behavior) => {
                event.profile == *profile && event.behavior.name == *behavior
            }
        }
    }
}
