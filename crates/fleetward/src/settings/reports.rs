//! `[reports]`: which device reports are taken.

use fleetward_front_door::ReportSettings;
use serde::Deserialize;

use crate::failure::Failure;

/// The keys of the table.
pub(super) const REPORT_KEYS: [&str; 5] = ["rate", "burst", "principal_rate", "memory", "counted"];

/// The table, as written.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FiledReports {
    rate: Option<f64>,
    burst: Option<u32>,
    principal_rate: Option<f64>,
    memory: Option<u64>,
    counted: Option<bool>,
}

impl FiledReports {
    /// With the defaults for what is not said.
    ///
    /// # Errors
    /// A sentence that names the setting and what would be right.
    pub(super) fn resolve(self) -> Result<ReportSettings, Failure> {
        let default = ReportSettings::default();
        let settings = ReportSettings {
            rate_per_second: rate("rate", self.rate, default.rate_per_second)?,
            burst: self.burst.unwrap_or(default.burst),
            principal_rate_per_second: rate(
                "principal_rate",
                self.principal_rate,
                default.principal_rate_per_second,
            )?,
            memory_bytes: self.memory.unwrap_or(default.memory_bytes),
            counted: self.counted.unwrap_or(default.counted),
        };
        if settings.burst == 0 {
            return Err(Failure::new(
                "setting reports.burst: 0 takes no report at all; use 1 or more".to_owned(),
            ));
        }
        Ok(settings)
    }
}

fn rate(key: &str, filed: Option<f64>, default: f64) -> Result<f64, Failure> {
    let rate = filed.unwrap_or(default);
    if (0.0..=1e9).contains(&rate) {
        return Ok(rate);
    }
    Err(Failure::new(format!(
        "setting reports.{key}: {rate} is not a number of reports a second within 0 (no limit) to \
         1000000000"
    )))
}
