//! A partition, and short words for what happens to it.

use fleetward_detect::{Partition, Settings};
use fleetward_domain::Effects;
use fleetward_domain::{
    Activity, Behavior, BehaviorName, Change, Comparison, ComparisonOperator, Count, Criteria,
    CustomValue, FormatLevel, Judgement, Metric, MetricDimension, MetricValue, NetworkStats,
    PortList, ProfileName, Publisher, Record, RemoteList, Report, ReportedMetric, SecurityProfile,
    Target, ThingName, security_profile::AlertTarget,
};

/// Windows of ten seconds are allowed, an hour of silence.
pub(crate) const SETTINGS: Settings = Settings {
    period_ms: 1_000,
    silence_ms: 3_600_000,
    unregistered_things: 100_000,
    partitions: 1,
    things_per_step: 4_096,
    level: FormatLevel::CURRENT,
};

/// Both levels at which state can be written.
pub(crate) const LEVELS: [FormatLevel; 3] = FormatLevel::ALL;

pub(crate) struct Scenario {
    pub(crate) partition: Partition,
    pub(crate) effects: Effects,
    changes: u64,
    activities: u64,
    reports: i64,
}

impl Scenario {
    pub(crate) fn new() -> Self {
        Self {
            partition: Partition::new(SETTINGS),
            effects: Effects::default(),
            changes: 0,
            activities: 0,
            reports: 0,
        }
    }

    /// One profile `p` for all things, from the beginning.
    pub(crate) fn judged_by(behaviors: &[Behavior]) -> Self {
        let mut scenario = Self::new();
        scenario.attach("p", behaviors, &[Target::AllThings]);
        scenario
    }

    /// The same, and registered things `a` and `b`: their first windows are whole.
    pub(crate) fn with_two(behaviors: &[Behavior]) -> Self {
        let mut scenario = Self::judged_by(behaviors);
        scenario.register(0, "a", &[]);
        scenario.register(0, "b", &[]);
        scenario
    }

    pub(crate) fn apply(&mut self, record: &Record) {
        self.partition.apply_whole(record, &mut self.effects);
    }

    pub(crate) fn change(&mut self, at_ms: i64, change: Change) {
        self.changes += 1;
        self.apply(&Record::Change(self.changes, at_ms, change));
    }

    /// At time zero, or when the partition stands.
    pub(crate) fn attach(&mut self, name: &str, behaviors: &[Behavior], targets: &[Target]) {
        self.attach_at(0, name, behaviors, targets);
    }

    pub(crate) fn attach_at(
        &mut self,
        at_ms: i64,
        name: &str,
        behaviors: &[Behavior],
        targets: &[Target],
    ) {
        self.change(at_ms, Change::Profile(profile(name, behaviors), targets.to_vec()));
    }

    pub(crate) fn register(&mut self, at_ms: i64, thing: &str, groups: &[&str]) {
        self.set_thing(at_ms, thing, true, groups);
    }

    pub(crate) fn set_thing(&mut self, at_ms: i64, name: &str, registered: bool, groups: &[&str]) {
        let groups = groups.iter().map(|group| group.to_string().try_into().unwrap()).collect();
        self.change(at_ms, Change::Thing { name: thing(name), registered, groups });
    }

    /// A report with an id that was not there before.
    pub(crate) fn report(&mut self, at_ms: i64, name: &str, report: Report) {
        self.reports += 1;
        let report = Report { report_id: self.reports, ..report };
        self.apply(&report_record(name, at_ms, report));
    }

    /// So many reports came before.
    pub(crate) fn skip_reports(&mut self, count: i64) {
        self.reports += count;
    }

    /// A connected thing, counted by front door `d` in its first start.
    pub(crate) fn active(&mut self, until_ms: i64, name: &str, counts: &[Count]) {
        self.activity(until_ms, name, true, counts);
    }

    pub(crate) fn gone(&mut self, until_ms: i64, name: &str) {
        self.activity(until_ms, name, false, &[]);
    }

    pub(crate) fn activity(&mut self, until_ms: i64, name: &str, up: bool, counts: &[Count]) {
        self.activities += 1;
        let activity = activity("d", 1, self.activities, until_ms, name, up, counts);
        self.apply(&Record::Activity(activity));
    }

    /// What a connected thing did in a stretch of time.
    pub(crate) fn stretch(&mut self, since_ms: i64, until_ms: i64, name: &str, counts: &[Count]) {
        self.activities += 1;
        let activity = activity("d", 1, self.activities, until_ms, name, true, counts);
        self.apply(&Record::Activity(Activity { since_ms: Some(since_ms), ..activity }));
    }

    /// The only front door has logged what it stamped before this.
    pub(crate) fn tick(&mut self, at_ms: i64) {
        self.apply(&Record::Tick(at_ms));
    }

    /// What happened since this was last asked, an event each: `in-alarm a/p/b@1000 7`.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        effects
            .events
            .iter()
            .map(|event| {
                let kind = event.event_type.as_str();
                let (thing, profile) = (&event.thing, &event.profile);
                let behavior = event.behavior.name.as_str();
                let value = event.value.as_ref().map_or(String::new(), |v| format!(" {}", show(v)));
                format!("{kind} {thing}/{profile}/{behavior}@{}{value}", event.at_ms)
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, events: &[&str]) {
        assert_eq!(self.events(), events);
    }
}

/// A value in few characters.
pub(crate) fn show(value: &MetricValue) -> String {
    match value {
        MetricValue::Count(count) => count.to_string(),
        MetricValue::Number(number) => number.to_string(),
        MetricValue::Ports(ports) => format!("{ports:?}"),
        MetricValue::Cidrs(list) => format!("{list:?}"),
        MetricValue::Numbers(list) => format!("{list:?}"),
        MetricValue::Strings(list) => format!("{list:?}"),
    }
}

pub(crate) fn thing(name: &str) -> ThingName {
    ThingName::parse(name).unwrap()
}

pub(crate) fn report_record(name: &str, at_ms: i64, report: Report) -> Record {
    Record::Report { thing: thing(name), at_ms, publisher: Publisher::Itself, report }
}

pub(crate) fn profile(name: &str, behaviors: &[Behavior]) -> SecurityProfile {
    SecurityProfile {
        name: ProfileName::parse(name).unwrap(),
        description: None,
        behaviors: behaviors.to_vec(),
        alert_targets: vec![AlertTarget { arn: format!("arn:{name}"), role_arn: String::new() }],
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    }
}

/// One datapoint to alarm and to clear, windows of ten seconds where there are any.
pub(crate) fn behavior(
    name: &str,
    metric: &str,
    operator: ComparisonOperator,
    value: MetricValue,
) -> Behavior {
    let metric = Metric::parse(metric).unwrap();
    Behavior {
        name: BehaviorName::parse(name).unwrap(),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Static(Comparison::new(operator, value).unwrap()),
            duration_seconds: metric.needs_duration().then_some(10),
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        metric: Some(metric),
        suppress_alerts: false,
        export_metric: None,
    }
}

pub(crate) fn at_most(name: &str, metric: &str, limit: u64) -> Behavior {
    behavior(name, metric, ComparisonOperator::LessThanEquals, MetricValue::Count(limit))
}

pub(crate) fn more_than(name: &str, metric: &str, limit: u64) -> Behavior {
    behavior(name, metric, ComparisonOperator::GreaterThan, MetricValue::Count(limit))
}

/// As many datapoints to alarm and to clear.
pub(crate) fn after(mut behavior: Behavior, to_alarm: u8, to_clear: u8) -> Behavior {
    let criteria = behavior.criteria.as_mut().unwrap();
    criteria.datapoints_to_alarm = Some(to_alarm);
    criteria.datapoints_to_clear = Some(to_clear);
    behavior
}

pub(crate) fn group_deleted(name: &str, ancestors: &[&str]) -> Change {
    let group = |name: &str| name.to_owned().try_into().unwrap();
    let ancestors = ancestors.iter().map(|above| group(above)).collect();
    Change::GroupDeleted { name: name.to_owned().try_into().unwrap(), ancestors }
}

pub(crate) fn over_seconds(mut behavior: Behavior, seconds: u32) -> Behavior {
    behavior.criteria.as_mut().unwrap().duration_seconds = Some(seconds);
    behavior
}

pub(crate) fn narrowed(mut behavior: Behavior, dimension: MetricDimension) -> Behavior {
    behavior.dimension = Some(dimension);
    behavior
}

pub(crate) fn bytes_out(bytes: u64) -> Report {
    let network = NetworkStats { bytes_out: Some(bytes), ..NetworkStats::default() };
    Report { network, ..Report::default() }
}

pub(crate) fn tcp_ports(ports: &[u16]) -> Report {
    let list = PortList { total: None, ports: Some(ports.to_vec()) };
    Report { listening_tcp: Some(list), ..Report::default() }
}

pub(crate) fn remotes(addresses: &[&str]) -> Report {
    let addresses: Vec<_> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let listed = addresses.len() as u64;
    let list = RemoteList { total: None, addresses: Some(addresses), listed };
    Report { established: Some(list), ..Report::default() }
}

pub(crate) fn custom(name: &str, value: CustomValue) -> Report {
    let metric = ReportedMetric { name: name.to_owned(), value };
    Report { custom: vec![metric], ..Report::default() }
}

pub(crate) fn number(name: &str, value: f64) -> Report {
    custom(name, CustomValue::Number(value))
}

pub(crate) fn sent(value: u64) -> Count {
    Count { metric: Metric::MessagesSent, dimension: None, value }
}

pub(crate) fn sent_in(dimension: &str, value: u64) -> Count {
    let dimension = Some(dimension.to_owned().try_into().unwrap());
    Count { metric: Metric::MessagesSent, dimension, value }
}

pub(crate) fn activity(
    door: &str,
    boot: u64,
    seq: u64,
    until_ms: i64,
    name: &str,
    connected: bool,
    counts: &[Count],
) -> Activity {
    Activity {
        door: door.to_owned(),
        boot,
        seq,
        thing: thing(name),
        until_ms,
        since_ms: None,
        connected,
        counts: counts.to_vec(),
        sizes: Vec::new(),
        sources: Vec::new(),
        away_since_ms: None,
    }
}
