//! Refusals: what a device is told of a report that cannot be taken.

/// The notations of reports, as topics name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `…/defender/metrics/json`.
    Json,
    /// `…/defender/metrics/cbor`.
    Cbor,
}

/// Why a report was refused, as devices are told (`statusDetails.ErrorCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectCode {
    /// It cannot be read, or says what no report says.
    InvalidPayload,
    /// Its version is missing, or not `1.x`.
    InvalidVersion,
    /// The device sends more than settings allow. No parser says so.
    Throttled,
}

impl RejectCode {
    /// As AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPayload => "InvalidPayload",
            Self::InvalidVersion => "InvalidVersion",
            Self::Throttled => "Throttled",
        }
    }
}

/// A report that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The report's id, unless it could not be read.
    pub report_id: Option<i64>,
    /// Why.
    pub code: RejectCode,
    /// Why, in words: `Malformed metrics report: ` and which field, and what is wrong with it.
    pub message: String,
}
