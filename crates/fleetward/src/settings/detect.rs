//! `[detect]`: how verdicts end.

use serde::Deserialize;

use crate::duration::parse_duration;
use crate::failure::Failure;

/// The keys of the table.
pub(super) const DETECT_KEYS: [&str; 1] = ["silence"];
/// AWS's: two days.
const SILENCE: &str = "48h";
/// Thirty days: events are not kept for longer.
const LONGEST_SILENCE_MS: i64 = 30 * 24 * 3_600_000;

/// The table, as written.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FiledDetect {
    silence: Option<String>,
}

/// How verdicts end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DetectSettings {
    /// A violation whose behavior gave no datapoint for so long is invalidated.
    pub(crate) silence_ms: i64,
}

impl FiledDetect {
    /// With the defaults for what is not said.
    ///
    /// # Errors
    /// A sentence that names the setting and what would be right.
    pub(super) fn resolve(self, period_ms: i64) -> Result<DetectSettings, Failure> {
        let text = self.silence.as_deref().unwrap_or(SILENCE);
        let silence = parse_duration(text).map_err(Failure::of("setting detect.silence"))?;
        let silence_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
        // Within a period nothing that is counted gives a datapoint.
        if (period_ms..=LONGEST_SILENCE_MS).contains(&silence_ms) {
            return Ok(DetectSettings { silence_ms });
        }
        Err(Failure::new(format!(
            "setting detect.silence: {text} is not within one period ({}s) and 720h",
            period_ms / 1_000
        )))
    }
}
