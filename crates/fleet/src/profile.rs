//! The security profile that a simulated fleet is judged by: ten behaviors.

use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, Judgement, Metric,
    MetricValue, NameError, ProfileName, SecurityProfile,
};

const WINDOW_SECONDS: u32 = 300;

/// The ten behaviors, and nobody who hears of violations.
///
/// # Errors
/// A text, if a name or a value were not as the domain wants them; they are.
pub fn engine_profile() -> Result<SecurityProfile, String> {
    use ComparisonOperator::{InCidrSet, InPortSet, LessThanEquals};
    let count = MetricValue::Count;
    let ports = vec![22, 53, 80, 443, 1_883, 8_883, 24_800, 5_683, 8_080];
    let networks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "52.94.0.0/16"];
    let networks: Result<Vec<_>, _> = networks.iter().map(|network| network.parse()).collect();
    let networks = networks.map_err(|error| format!("{error}"))?;
    // The figures of docs/performance.md are about these ten: another row is another benchmark.
    let behaviors = [
        ("bytes-out", "aws:all-bytes-out", LessThanEquals, count(1_000_000), 3, 2),
        ("bytes-in", "aws:all-bytes-in", LessThanEquals, count(10_000_000), 1, 1),
        ("packets-out", "aws:all-packets-out", LessThanEquals, count(10_000), 2, 2),
        ("packets-in", "aws:all-packets-in", LessThanEquals, count(100_000), 3, 3),
        ("connections", "aws:num-established-tcp-connections", LessThanEquals, count(10), 2, 2),
        ("tcp-count", "aws:num-listening-tcp-ports", LessThanEquals, count(7), 1, 1),
        ("tcp-ports", "aws:listening-tcp-ports", InPortSet, MetricValue::Ports(ports), 1, 1),
        ("remotes", "aws:destination-ip-addresses", InCidrSet, MetricValue::Cidrs(networks), 2, 1),
        ("cpu-temp", "cpu_temp", LessThanEquals, MetricValue::Number(85.0), 1, 1),
        ("udp-count", "aws:num-listening-udp-ports", LessThanEquals, count(5), 1, 1),
    ];
    let behaviors: Result<Vec<_>, String> = behaviors
        .into_iter()
        .map(|(name, metric, operator, value, alarm, clear)| {
            behavior(name, metric, Comparison::new(operator, value)?, (alarm, clear))
        })
        .collect();
    Ok(SecurityProfile {
        name: ProfileName::parse("engine").map_err(in_words)?,
        description: None,
        behaviors: behaviors?,
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    })
}

fn behavior(
    name: &str,
    metric: &str,
    comparison: Comparison,
    (to_alarm, to_clear): (u8, u8),
) -> Result<Behavior, String> {
    let metric = Metric::parse(metric)?;
    let duration_seconds = metric.needs_duration().then_some(WINDOW_SECONDS);
    Ok(Behavior {
        name: BehaviorName::parse(name).map_err(in_words)?,
        metric: Some(metric),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Static(comparison),
            duration_seconds,
            datapoints_to_alarm: Some(to_alarm),
            datapoints_to_clear: Some(to_clear),
        }),
        suppress_alerts: false,
        export_metric: None,
    })
}

fn in_words(error: NameError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_ten_behaviors() {
        assert_eq!(engine_profile().unwrap().behaviors.len(), 10);
    }
}
