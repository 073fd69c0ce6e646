//! Serves the console over a small made-up fleet, to work on its looks:
//! `cargo run -p fleetward-console --example console -- [quiet|new|full]`.

use std::sync::Arc;
use std::time::Duration;

use fleetward_console::{ConsoleState, routes};
use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator as Op, Criteria, Effects, EventType,
    Judgement, Metric, MetricValue as Value, Place, ProfileName, Severity, ThingName,
    VerificationState, Violation, ViolationEvent,
};
use fleetward_environment::Clock;
use fleetward_store::memory::MemoryStore;
use fleetward_store::{DetectionTx, Kind, Store, Tx};
use tokio::sync::watch;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let scene = std::env::args().nth(1).unwrap_or_default();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    if scene != "new" {
        let puts = [(Kind::SecurityProfile, "lamps"), (Kind::TargetOfProfile, "lamps\0all")]
            .map(|(kind, key)| (kind, key.to_owned(), b"{}".to_vec()));
        store.commit(Tx { puts: puts.into(), ..Tx::default() }).await?;
    }
    if scene.is_empty() || scene == "full" {
        seed(&*store, if scene == "full" { 130 } else { 1 }).await?;
    }
    let (_close, closing) = watch::channel(false);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8471").await?;
    let address = listener.local_addr()?;
    println!("http://{address}/console");
    let state = ConsoleState {
        store: Arc::clone(&store),
        allowed: true,
        endpoint_url: format!("http://{address}"),
        place: Place { account: "123456789012".into(), region: "us-east-1".into() },
        clock: Clock::system(),
        closing,
    };
    // The scene without a name is the one that changes, so that one sees the page follow.
    if scene.is_empty() {
        tokio::spawn(async move {
            for n in 1.. {
                Clock::system().sleep(Duration::from_secs(10)).await;
                let thing = format!("camera-{n}");
                let seen = violation(&thing, ports()?, Value::Ports(vec![23]), 0)?;
                commit(&*store, vec![seen]).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    axum::serve(listener, routes(state)).await?;
    Ok(())
}

async fn seed(store: &dyn Store, times: usize) -> Result<(), Failure> {
    let mut open = Vec::new();
    for n in 0..times {
        let name = |thing: &str| if n == 0 { thing.to_owned() } else { format!("{thing}-{n}") };
        let chatter = judged("chatty", Metric::MessagesSent, Op::LessThan, Value::Count(600))?;
        let places = Value::Cidrs(vec!["10.0.0.0/8".parse()?, "192.168.0.0/16".parse()?]);
        let home = judged("stays-home", Metric::DestinationIpAddresses, Op::InCidrSet, places)?;
        let far = Value::Cidrs(vec!["185.220.101.4/32".parse()?, "2001:67c:289c::9/128".parse()?]);
        open.push(violation(&name("lamp-0412"), ports()?, Value::Ports(vec![23, 4444]), 42)?);
        open.push(violation(&name("thermostat-kitchen"), chatter, Value::Count(18_204), 840)?);
        open.push(violation(&name("gateway/berlin/7"), home, far, 7_500)?);
        let authorized = judged(
            "no-refusals",
            Metric::AuthorizationFailures,
            Op::LessThanEquals,
            Value::Count(3),
        )?;
        // Judged by a person and silenced: shown, and no reason to worry.
        let mut quiet = violation(&name("door-lock-12"), authorized, Value::Count(9), 200_000)?;
        quiet.behavior.suppress_alerts = true;
        quiet.verification = VerificationState::BenignPositive;
        quiet.verification_description = Some("Firmware test bench, ends Friday".into());
        open.push(quiet);
    }
    let chatty = open.get(1).ok_or("the fleet is empty")?;
    let mut cleared = event(chatty, EventType::AlarmCleared);
    cleared.violation_id = "an older one".into();
    cleared.at_ms -= 60_000;
    cleared.value = Some(Value::Count(240));
    commit(store, open).await?;
    store
        .commit_detection(DetectionTx::from(Effects {
            events: vec![cleared],
            ..Effects::default()
        }))
        .await?;
    Ok(())
}

async fn commit(store: &dyn Store, violations: Vec<Violation>) -> Result<(), Failure> {
    let events = violations.iter().map(|v| event(v, EventType::InAlarm)).collect();
    Ok(store
        .commit_detection(DetectionTx::from(Effects { violations, events, ..Effects::default() }))
        .await?)
}

fn ports() -> Result<Behavior, Failure> {
    let allowed = Value::Ports(vec![22, 8883]);
    judged("known-ports", Metric::ListeningTcpPorts, Op::InPortSet, allowed)
}

fn judged(name: &str, metric: Metric, operator: Op, value: Value) -> Result<Behavior, Failure> {
    Ok(Behavior {
        name: BehaviorName::parse(name)?,
        criteria: Some(Criteria {
            judgement: Judgement::Static(Comparison::new(operator, value)?),
            duration_seconds: metric.needs_duration().then_some(300),
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        metric: Some(metric),
        dimension: None,
        suppress_alerts: false,
        export_metric: None,
    })
}

fn violation(
    thing: &str,
    behavior: Behavior,
    value: Value,
    seconds_ago: i64,
) -> Result<Violation, Failure> {
    let now_ms = Clock::system().now_ms();
    Ok(Violation {
        id: format!("{thing} {}", behavior.name),
        thing: ThingName::parse(thing)?,
        profile: ProfileName::parse("lamps")?,
        behavior,
        severity: Severity::Medium,
        last_value: value,
        last_violation_ms: now_ms - 1000 * seconds_ago.min(12),
        started_ms: now_ms - 1000 * seconds_ago,
        verification: VerificationState::Unknown,
        verification_description: None,
    })
}

fn event(violation: &Violation, event_type: EventType) -> ViolationEvent {
    ViolationEvent {
        violation_id: violation.id.clone(),
        thing: violation.thing.clone(),
        profile: violation.profile.clone(),
        behavior: violation.behavior.clone(),
        severity: Severity::Medium,
        value: Some(violation.last_value.clone()),
        event_type,
        at_ms: violation.started_ms,
        verification: violation.verification,
        verification_description: violation.verification_description.clone(),
    }
}
