//! The settings file: TOML. An unknown key is an error that names the nearest known one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fleetward_alerts::TargetSettings;
use ipnet::IpNet;
use serde::Deserialize;

use super::detect::{DETECT_KEYS, FiledDetect};
use super::reports::{FiledReports, REPORT_KEYS};
use crate::failure::Failure;

/// The keys at the top of the file.
pub(super) const TOP_KEYS: [&str; 18] = [
    "data",
    "api",
    "mqtt",
    "mqtts",
    "mqtt_policy",
    "period",
    "auth",
    "account",
    "region",
    "ready_file",
    "partitions",
    "log_retention_bytes",
    "unregistered_things",
    "statistical_things",
    "detect",
    "reports",
    "alerts",
    "config",
];
const ALERT_KEYS: [&str; 2] = ["allow_addresses", "targets"];

/// The file, as written.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FileSettings {
    pub(super) data: Option<PathBuf>,
    pub(super) api: Option<String>,
    pub(super) mqtt: Option<String>,
    pub(super) mqtts: Option<OneOrMore>,
    pub(super) mqtt_policy: Option<String>,
    pub(super) period: Option<String>,
    pub(super) auth: Option<String>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) ready_file: Option<PathBuf>,
    pub(super) partitions: Option<u32>,
    pub(super) log_retention_bytes: Option<u64>,
    pub(super) unregistered_things: Option<u32>,
    pub(super) statistical_things: Option<u32>,
    #[serde(default)]
    pub(super) detect: FiledDetect,
    #[serde(default)]
    pub(super) reports: FiledReports,
    #[serde(default)]
    pub(super) alerts: AlertSettings,
}

/// `mqtts = "a"` or `mqtts = ["a", "b"]`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(super) fn into_list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

/// `[alerts]`: where alerts go.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct AlertSettings {
    /// Inward networks that webhooks may live in.
    #[serde(default)]
    pub(crate) allow_addresses: Vec<IpNet>,
    /// By the ARN that profiles name.
    #[serde(default)]
    pub(crate) targets: BTreeMap<String, TargetSettings>,
}

impl FileSettings {
    /// Reads the file.
    ///
    /// # Errors
    /// A sentence with the file's name and the key or line.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(Failure::of(&format!("cannot read the settings file {name}")))?;
        Self::parse(&text).map_err(Failure::of(&format!("settings file {name}")))
    }

    /// Reads the file's text.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let table: toml::Table = text.parse().map_err(|error| Failure::new(format!("{error}")))?;
        check_keys("", &table, &TOP_KEYS)?;
        if table.contains_key("config") {
            return Err(Failure::new("config names this file and cannot stand in it"));
        }
        if let Some(toml::Value::Table(detect)) = table.get("detect") {
            check_keys("detect.", detect, &DETECT_KEYS)?;
        }
        if let Some(toml::Value::Table(reports)) = table.get("reports") {
            check_keys("reports.", reports, &REPORT_KEYS)?;
        }
        if let Some(toml::Value::Table(alerts)) = table.get("alerts") {
            check_keys("alerts.", alerts, &ALERT_KEYS)?;
            if let Some(toml::Value::Table(targets)) = alerts.get("targets") {
                for (arn, target) in targets {
                    if let toml::Value::Table(target) = target {
                        check_keys(
                            &format!("alerts.targets.\"{arn}\"."),
                            target,
                            &TargetSettings::KEYS,
                        )?;
                    }
                }
            }
        }
        table.try_into().map_err(|error| Failure::new(format!("{error}")))
    }
}

fn check_keys(place: &str, table: &toml::Table, known: &[&str]) -> Result<(), Failure> {
    let Some(unknown) = table.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let nearest = known
        .iter()
        .max_by(|a, b| {
            strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
        })
        .copied()
        .unwrap_or_default();
    Err(Failure::new(format!("unknown key {place}{unknown}; did you mean {place}{nearest}?")))
}
