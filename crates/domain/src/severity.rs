//! How severe a violation is.

use crate::metric::{Measured, Metric};
use crate::name::BehaviorName;

/// How severe a violation is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are those that people use")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Every one, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// As tags and alerts write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// Reads what [`Severity::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }

    /// What a violation of a behavior on this metric has where no tag says anything: what a device
    /// opens or talks to is worse than how much.
    #[must_use]
    pub fn of_metric(metric: Option<&Metric>) -> Self {
        if metric == Some(&Metric::AuthorizationFailures) {
            return Self::High;
        }
        match metric.map(|metric| metric.facts().measured) {
            Some(Measured::Ports(_) | Measured::Remotes | Measured::Source) => Self::High,
            _ => Self::Medium,
        }
    }
}

/// What the tags of a profile say of severity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    /// Of all its behaviors.
    pub profile: Option<Severity>,
    /// Of single ones, which goes first; by name.
    pub behaviors: Vec<(BehaviorName, Severity)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_severity_reads_back_and_they_are_in_order() {
        for pair in Severity::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
        }
        assert_eq!(Severity::parse("high"), None);
    }

    #[test]
    fn without_a_tag_what_is_open_or_reached_is_high() {
        let of = |name: &str| Severity::of_metric(Some(&Metric::parse(name).unwrap()));
        for high in [
            "aws:listening-tcp-ports",
            "aws:listening-udp-ports",
            "aws:destination-ip-addresses",
            "aws:source-ip-address",
            "aws:num-authorization-failures",
        ] {
            assert_eq!(of(high), Severity::High, "{high}");
        }
        assert_eq!(of("aws:all-bytes-out"), Severity::Medium);
        assert_eq!(of("cpu_temp"), Severity::Medium);
    }
}
