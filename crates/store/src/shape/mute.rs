//! Mutes. Written from format level 3 on: releases before hold nothing back.

use fleetward_domain::{
    BehaviorName, EpochMs, FormatLevel, GroupName, Mute, MuteSubject, ProfileName, ThingName,
};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<Mute>] = &[json::reader::<V1, Mute>];

impl Noun for Mute {
    const KIND: Kind = Kind::Mute;
    const WORD: &'static str = "Mute";

    fn key(&self) -> &str {
        &self.id
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1::from(self))
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, READERS)
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    id: String,
    subject: Subject,
    until_ms: EpochMs,
    reason: String,
    created_by: String,
    created_ms: EpochMs,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subject {
    Thing(ThingName),
    Group(GroupName),
    Profile(ProfileName),
    Behavior(ProfileName, BehaviorName),
}

impl From<&Mute> for V1 {
    fn from(mute: &Mute) -> Self {
        let Mute { id, subject, until_ms, reason, created_by, created_ms } = mute.clone();
        let subject = match subject {
            MuteSubject::Thing(thing) => Subject::Thing(thing),
            MuteSubject::Group(group) => Subject::Group(group),
            MuteSubject::Profile(profile) => Subject::Profile(profile),
            MuteSubject::Behavior(profile, behavior) => Subject::Behavior(profile, behavior),
        };
        Self { id, subject, until_ms, reason, created_by, created_ms }
    }
}

impl From<V1> for Mute {
    fn from(stored: V1) -> Self {
        let V1 { id, subject, until_ms, reason, created_by, created_ms } = stored;
        let subject = match subject {
            Subject::Thing(thing) => MuteSubject::Thing(thing),
            Subject::Group(group) => MuteSubject::Group(group),
            Subject::Profile(profile) => MuteSubject::Profile(profile),
            Subject::Behavior(profile, behavior) => MuteSubject::Behavior(profile, behavior),
        };
        Self { id, subject, until_ms, reason, created_by, created_ms }
    }
}
