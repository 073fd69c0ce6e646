//! How severe a violation is.

use crate::behavior::Behavior;
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
            // That one stays away is seldom an attack.
            Some(Measured::Silence) => Self::Low,
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

/// The tag that says how severe what a profile finds is; with `:` and a name, of one behavior.
const TAG: &str = "fleetward:severity";

impl Severities {
    /// What a profile's tags say. A tag that says nothing readable counts as none.
    #[must_use]
    pub fn of_tags(tags: &[(String, String)]) -> Self {
        let mut said = Self::default();
        for (key, value) in tags {
            let (Some(whose), Some(severity)) = (key.strip_prefix(TAG), Severity::parse(value))
            else {
                continue;
            };
            match whose.strip_prefix(':').map(BehaviorName::parse) {
                None if whose.is_empty() => said.profile = Some(severity),
                Some(Ok(behavior)) => said.behaviors.push((behavior, severity)),
                _ => {}
            }
        }
        said
    }

    /// What is wrong with tags that speak of severity, within a sentence.
    #[must_use]
    pub fn problem_of_tags(tags: &[(String, String)]) -> Option<String> {
        let speaks = |key: &str| key == TAG || key.starts_with(&format!("{TAG}:"));
        let mut wrong = tags.iter().filter(|(k, v)| speaks(k) && Severity::parse(v).is_none());
        let (key, value) = wrong.next()?;
        Some(format!("the value of {key} is LOW, MEDIUM, HIGH or CRITICAL, and not {value:?}"))
    }

    /// How severe a violation of this behavior is.
    #[must_use]
    pub fn of(&self, behavior: &Behavior) -> Severity {
        let own = self.behaviors.iter().find(|(name, _)| *name == behavior.name);
        let said = own.map(|(_, severity)| *severity).or(self.profile);
        said.unwrap_or_else(|| Severity::of_metric(behavior.metric.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[(&str, &str)]) -> Vec<(String, String)> {
        tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_tag_of_a_behavior_goes_before_that_of_its_profile_and_that_before_the_metric() {
        let behavior = |name: &str| Behavior {
            name: BehaviorName::parse(name).unwrap(),
            metric: Some(Metric::parse("aws:listening-tcp-ports").unwrap()),
            dimension: None,
            criteria: None,
            suppress_alerts: false,
            export_metric: None,
        };
        let whole = [("fleetward:severity", "LOW"), ("fleetward:severity:ports", "CRITICAL")];
        for (tagged, ports, other) in [
            (tags(&whole), Severity::Critical, Severity::Low),
            (tags(&whole[..1]), Severity::Low, Severity::Low),
            (tags(&whole[1..]), Severity::Critical, Severity::High),
            (
                tags(&[("severity", "LOW"), ("fleetward:severity", "?")]),
                Severity::High,
                Severity::High,
            ),
        ] {
            let said = Severities::of_tags(&tagged);
            assert_eq!((said.of(&behavior("ports")), said.of(&behavior("b"))), (ports, other));
        }
    }

    #[test]
    fn a_tag_that_says_no_severity_is_told_by_name() {
        let told = |key: &str, value: &str| Severities::problem_of_tags(&tags(&[(key, value)]));
        assert_eq!(told("fleetward:severity", "LOW"), None);
        assert_eq!(told("fleetward:severity-of-it", "?"), None);
        let problem = told("fleetward:severity:b", "high").unwrap();
        assert!(problem.starts_with("the value of fleetward:severity:b is LOW"), "{problem}");
    }

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
