//! `fleetward demo`: the real server, ten simulated lights, and one of them turns bad.
//!
//! Nothing here is a short cut: the lights are registered through the signed API, connect over
//! MQTTS with their certificates, and the alarm comes back through the outbox and a webhook.

mod alarm;
mod fleet;
mod light;
mod story;
mod webhook;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fleetward_alerts::TargetSettings;
use fleetward_environment::{Chance, Clock};
use fleetward_wire::sigv4::Secret;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::api_client::ApiClient;
use crate::command_line::{DemoArguments, ServeArguments};
use crate::embedded::{self, Running};
use crate::failure::Failure;
use crate::settings::{AlertSettings, Settings};
use alarm::{Alarm, Deciding};
use light::Light;
use webhook::Arrived;

/// All is well for this long, so that one sees that nothing rings.
const QUIET: Duration = Duration::from_secs(4);
/// How often each light publishes its state and reports.
const EVERY: Duration = Duration::from_secs(2);
/// The bad light stays bad for this long, so that one finds its violations open.
const STAYS_BAD: Duration = Duration::from_secs(6);
/// How long an alarm may take before the demo says that it did not come.
const PATIENCE: Duration = Duration::from_secs(15);
/// The light that turns bad.
const BAD: usize = 6;
const TELNET: u16 = 23;

/// Plays the demo until Ctrl-C, or as long as asked.
///
/// # Errors
/// A sentence, if anything fails or the alarms did not come.
pub(crate) fn run(arguments: DemoArguments) -> Result<(), Failure> {
    crate::tracing_output::start("warn");
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::of("cannot start"))?;
    runtime.block_on(play(arguments.run_for))
}

async fn play(run_for: Option<Duration>) -> Result<(), Failure> {
    let began = Clock::system().instant();
    let folder = tempfile::tempdir().map_err(Failure::of("no temporary folder"))?;
    let (hook, mut arrived) = webhook::listen().await?;
    story::part("Fleetward demo: ten smart lights, one of which turns bad");
    let settings = settings(folder.path(), hook)?;
    let server = embedded::start(settings, Clock::system(), Chance::system()).await?;
    let outcome = stage(&server, &mut arrived, began, run_for).await;
    story::part("Stopping; the demo's data goes with its temporary folder.");
    server.shutdown().await?;
    outcome
}

async fn stage(
    server: &Running,
    arrived: &mut mpsc::Receiver<Arrived>,
    began: Instant,
    run_for: Option<Duration>,
) -> Result<(), Failure> {
    let api = api_client(server)?;
    introduce(server);
    let mut lights = set_up(server, &api).await?;
    story::part("All is well: each light publishes its state and reports its open ports.");
    lights.all_report().await?;
    story::wait(QUIET, "quiet").await;
    lights.all_report().await?;
    let alarms = turn_bad(&mut lights, arrived).await;
    if let Ok(alarms) = &alarms {
        story::part(&format!(
            "{} alarms, the first {:.1} s after the start of the demo. Look for yourself:",
            alarms.len(),
            began.elapsed().as_secs_f64()
        ));
        commands(server, &api);
    }
    let left = run_for.map(|length| length.saturating_sub(began.elapsed()));
    go_on(&mut lights, arrived, left).await?;
    alarms.map(|_| ())
}

fn settings(folder: &Path, hook: SocketAddr) -> Result<Settings, Failure> {
    let flags = ServeArguments {
        data: Some(folder.join("data")),
        api: Some(free_or_any("127.0.0.1:8470")),
        mqtt: Some(free_or_any("127.0.0.1:1883")),
        mqtts: vec![free_or_any("127.0.0.1:8883")],
        period: Some("1s".to_owned()),
        ..ServeArguments::default()
    };
    let mut settings = Settings::resolve(flags)?;
    let webhook = format!("http://{hook}/alerts");
    settings.alerts = AlertSettings {
        allow_addresses: vec![hook.ip().into()],
        targets: [(fleet::ALARMS.to_owned(), TargetSettings { webhook: Some(webhook) })].into(),
    };
    Ok(settings)
}

/// The usual port, or any, if the usual one is taken (by a server that runs for real, say).
fn free_or_any(usual: &str) -> String {
    match std::net::TcpListener::bind(usual) {
        Ok(_) => usual.to_owned(),
        Err(_) => "127.0.0.1:0".to_owned(),
    }
}

fn api_client(server: &Running) -> Result<ApiClient, Failure> {
    let secret =
        server.new_secret.as_deref().ok_or_else(|| Failure::new("the server made no key"))?;
    Ok(ApiClient {
        address: server.ready.api,
        region: "us-east-1".to_owned(),
        access_key_id: server.ready.access_key_id.clone(),
        secret: Secret::new(secret),
    })
}

fn introduce(server: &Running) {
    let ready = &server.ready;
    story::step(&format!("API and console   http://{}/console", ready.api));
    story::step(&format!("MQTT over TLS     {} (client certificates)", ready.mqtts));
    story::step(&format!("MQTT              {} (this machine only)", ready.mqtt));
    story::step("Everything is embedded: broker, log, store, detector. Period: 1 s.");
}

struct Lights(Vec<(String, Light)>);

async fn set_up(server: &Running, api: &ApiClient) -> Result<Lights, Failure> {
    story::part("Setting up, through the API and over MQTTS");
    fleet::create_policy(api).await?;
    fleet::create_topics_profile(api).await?;
    story::step(&format!(
        "profile {}: no message outside the dimension FavoriteTopics",
        fleet::TOPICS_PROFILE
    ));
    fleet::create_ports_profile(api).await?;
    story::step(&format!(
        "profile {}: listening TCP ports are {:?} only",
        fleet::PORTS_PROFILE,
        fleet::GOOD_PORTS
    ));
    let ca_pem = std::fs::read_to_string(&server.ready.ca_file)
        .map_err(Failure::of("cannot read the CA file"))?;
    let bar = story::counting(fleet::LIGHTS, "registering and connecting lights");
    // One after the other: making ten RSA keys at once would only hide how long one takes.
    let mut lights = Vec::new();
    for number in 1..=fleet::LIGHTS {
        let name = format!("light-{number:02}");
        let papers = fleet::register(api, &name).await?;
        let light = Light::connect(&name, server.ready.mqtts, &ca_pem, &papers).await?;
        lights.push((name, light));
        bar.inc(1);
    }
    bar.finish_and_clear();
    story::step(&format!(
        "{} things registered, each with an RSA-2048 certificate, and connected with TLS",
        lights.len()
    ));
    Ok(Lights(lights))
}

impl Lights {
    /// Every light publishes its state and sends a report of ports as they should be.
    async fn all_report(&mut self) -> Result<(), Failure> {
        for (name, light) in &mut self.0 {
            light.publish(&format!("lights/{name}/state"), br#"{"on":true}"#).await?;
            light.report(&fleet::GOOD_PORTS).await?;
        }
        Ok(())
    }

    fn bad(&mut self) -> Result<&mut (String, Light), Failure> {
        self.0.get_mut(BAD).ok_or_else(|| Failure::new("there is no bad light"))
    }
}

/// One light opens telnet and sends where it should not; gives the alarms.
async fn turn_bad(
    lights: &mut Lights,
    arrived: &mut mpsc::Receiver<Arrived>,
) -> Result<Vec<Alarm>, Failure> {
    let (name, light) = lights.bad()?;
    story::part(&format!("{name} turns bad"));
    let mut ports = fleet::GOOD_PORTS.to_vec();
    ports.push(TELNET);
    let left = light.report(&ports).await?;
    story::step("it opened telnet: its next report lists TCP port 23");
    let deciding = Deciding { thing: name.clone(), profile: fleet::PORTS_PROFILE, left };
    let first = alarm::wait_for(arrived, deciding, PATIENCE).await?;
    first.tell();
    let topic = format!("botnet/{name}/hello");
    let left = light.publish(&topic, b"ready").await?;
    story::step(&format!("it sent a message to {topic}"));
    let deciding = Deciding { thing: name.clone(), profile: fleet::TOPICS_PROFILE, left };
    let second = alarm::wait_for(arrived, deciding, PATIENCE).await?;
    second.tell();
    Ok(vec![first, second])
}

fn commands(server: &Running, api: &ApiClient) {
    let endpoint = format!("http://{}", server.ready.api);
    println!("  export AWS_ACCESS_KEY_ID={}", api.access_key_id);
    println!("  export AWS_SECRET_ACCESS_KEY={}", server.new_secret.as_deref().unwrap_or_default());
    println!("  export AWS_DEFAULT_REGION={}", api.region);
    for command in [
        "list-active-violations".to_owned(),
        format!("describe-security-profile --security-profile-name {}", fleet::TOPICS_PROFILE),
        "list-things".to_owned(),
    ] {
        println!("  aws iot {command} --endpoint-url {endpoint}");
    }
    println!("  and in a browser: {endpoint}/console");
}

/// The lights live on, all of them good again, until Ctrl-C or for as long as asked.
async fn go_on(
    lights: &mut Lights,
    arrived: &mut mpsc::Receiver<Arrived>,
    left: Option<Duration>,
) -> Result<(), Failure> {
    story::part("Ctrl-C ends the demo. The bad light will be repaired in a moment.");
    let end = async {
        match left {
            Some(left) => Clock::system().sleep(left).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(end);
    let clock = Clock::system();
    let mut again = clock.interval_at(clock.instant() + STAYS_BAD, EVERY);
    loop {
        tokio::select! {
            _ = again.tick() => lights.all_report().await?,
            Some(news) = arrived.recv() => alarm::tell_news(&news),
            () = &mut end => return Ok(()),
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}
