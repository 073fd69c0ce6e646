//! Reports of a generated fleet, as the front door logs them.

use fleetward_domain::security_profile::AlertTarget;
use fleetward_domain::{
    Change, EpochMs, FormatLevel, Placement, Publisher, Record, Report, Target, ThingName,
};
use fleetward_fleet::engine_profile;
use fleetward_log::{EVERY_PARTITION, Entry, record};
use fleetward_report::{Format, parse};

use super::fixture::{PARTITIONS, text};

/// Whom an alert is for; nobody sends it.
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

/// Reads reports and writes their records, one after the other.
#[derive(Default)]
pub(super) struct Reports {
    report: Report,
}

impl Reports {
    /// What the log is given of a report.
    pub(super) fn entry(
        &mut self,
        thing: &str,
        at_ms: EpochMs,
        payload: &[u8],
    ) -> Result<Entry, String> {
        parse(Format::Json, payload, &mut self.report).map_err(|reject| reject.message)?;
        let name = ThingName::parse(thing).map_err(text)?;
        let head = (&name, at_ms, Publisher::Itself);
        let bytes = record::encode_report(head, &self.report, FormatLevel::CURRENT);
        let partition = Placement::even(PARTITIONS).partition_of(thing);
        Ok(Entry { partition, bytes: bytes.map_err(text)? })
    }
}

/// All things are judged by the ten behaviors; whether somebody is told of it.
pub(super) fn ten_behaviors(is_told: bool) -> Result<(u32, Record), String> {
    let mut profile = engine_profile()?;
    if is_told {
        let (arn, role_arn) = (TOPIC.to_owned(), String::new());
        profile.alert_targets.push(AlertTarget { arn, role_arn });
    }
    let change = Change::Profile(profile, vec![Target::AllThings]);
    Ok((EVERY_PARTITION, Record::Change(1, 0, change)))
}
