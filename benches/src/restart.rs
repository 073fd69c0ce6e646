//! Restart: from the start of the server's process to the first alert about a report sent then,
//! after a clean stop, and after a kill while devices report. What is in alarm afterwards must be
//! what was acknowledged, and nothing else. The limit is reading the bytes of the same state.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fleetward_fleet::thing_name;
use fleetward_hands::{Device, Signer, Stack, Webhook};
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::cpu;
use crate::outcome::{Figure, Outcome};
use crate::server::reporters::{Bad, Said, send_all};
use crate::server::{self, TELNET};

/// How often each kind of restart is measured.
const RUNS: u64 = 5;
/// Connections that report.
const DEVICES: u64 = 4;
/// Of a hundred things so many are in alarm before the first restart, and one more with each load.
const BAD_AT_FIRST: u64 = 5;
/// Before a kill one part in this many of the things reports; it also waits in the log.
const LOADED_PART: u64 = 2;
/// How often, and how far apart, a device reports until the profiles are in force.
const TRIES: i64 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Runs the benchmark.
///
/// # Errors
/// A text that says why it cannot run.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let binary = server::binary()?;
    let load = cpu::wait_until_idle(arguments.any_load)?;
    let figures = vec![
        Figure::new("first alert after a kill", "ms").at_most(2_000.0, 1_000.0),
        Figure::new("until ready after a kill", "ms"),
        Figure::new("first alert after a clean stop", "ms").at_most(2_000.0, 300.0),
        Figure::new("until ready after a clean stop", "ms"),
    ];
    let limit = Figure::new("reading the state's bytes", "ms");
    let mut outcome = Outcome::new("restart", figures, Some(limit));
    outcome.note_load(load);
    outcome.notes.push("reports.rate = 0: reports are taken at any rate".to_owned());
    let things = arguments.things.unwrap_or(1_000_000).max(DEVICES);
    let mut scene = Scene::set(&binary, things, &mut outcome)?;
    for _ in 0..arguments.runs.unwrap_or(RUNS) {
        scene.clean_restart(&mut outcome)?;
    }
    for _ in 0..arguments.runs.unwrap_or(RUNS) {
        scene.restart_after_a_kill(&mut outcome)?;
    }
    Ok(outcome)
}

/// A server, and what its devices know of it.
struct Scene {
    stack: Stack,
    webhook: Webhook,
    things: u64,
    /// How often there was a load, the first time included.
    loads: u64,
    probes: u64,
    bad: Bad,
    /// The violation of each thing that was seen in alarm.
    in_alarm: HashMap<String, String>,
}

/// What a restart took, in milliseconds.
struct Restart {
    ready_ms: f64,
    alert_ms: f64,
}

impl Scene {
    /// A server of which each thing has reported, and some are in alarm.
    fn set(binary: &str, things: u64, outcome: &mut Outcome) -> Result<Self, String> {
        let webhook = Webhook::listen();
        let settings = server::settings(&webhook, things);
        let stack = Stack::start(binary, &["--period", "300s"], &settings);
        let signer = Signer::of(&stack);
        server::create_engine_profile(&signer)?;
        // Only who asks for the first verdict is registered, so that only its alarms are told.
        server::create_telnet_profile(&signer, "all/registered-things");
        let (bad, in_alarm) = (Bad::default(), HashMap::new());
        let mut scene = Self { stack, webhook, things, loads: 0, probes: 0, bad, in_alarm };
        scene.wait_until_judged();
        scene.register_probe();
        let began = Instant::now();
        let each = usize::try_from(things.div_ceil(DEVICES)).unwrap_or(usize::MAX);
        let acknowledged = scene.load(each, |_, _| ());
        let seconds = began.elapsed().as_secs_f64();
        let all = each as u64 * DEVICES;
        outcome.check(acknowledged == all, || format!("{acknowledged} reports of {all}"));
        outcome.notes.push(format!("{things} things, each with a report within {seconds:.0} s"));
        scene.first_alert()?;
        scene.compare(outcome);
        Ok(scene)
    }

    fn clean_restart(&mut self, outcome: &mut Outcome) -> Result<(), String> {
        let began = Instant::now();
        let code = self.stack.terminate();
        let seconds = began.elapsed().as_secs_f64();
        outcome.check(code == Some(0), || format!("a stop that ended with {code:?}"));
        let read_ms = self.read_state()?;
        outcome.limit.iter_mut().for_each(|limit| limit.push(read_ms));
        let restart = self.restart()?;
        note(outcome, [(2, restart.alert_ms), (3, restart.ready_ms)]);
        self.compare(outcome);
        outcome.notes.push(format!("a clean stop took {seconds:.1} s"));
        Ok(())
    }

    fn restart_after_a_kill(&mut self, outcome: &mut Outcome) -> Result<(), String> {
        let written = server::states_written(&self.data());
        let enough = self.things.div_ceil(LOADED_PART);
        let acknowledged = self.load(usize::MAX, |stack, acknowledged| {
            while acknowledged.load(Ordering::Relaxed) < enough && stack.is_up() {
                std::thread::sleep(Duration::from_millis(5));
            }
            stack.kill_nine();
        });
        let written = server::states_written(&self.data()).saturating_sub(written);
        let restart = self.restart()?;
        note(outcome, [(0, restart.alert_ms), (1, restart.ready_ms)]);
        self.compare(outcome);
        outcome.notes.push(format!(
            "killed after {acknowledged} reports more; states written meanwhile: {written}"
        ));
        Ok(())
    }

    /// Lets each device send so many reports, of its share of the things in turn; meanwhile
    /// something else may be done to the server. How many were acknowledged.
    fn load(&mut self, each: usize, meanwhile: impl FnOnce(&mut Stack, &AtomicU64)) -> u64 {
        let (things, bad_below) = (self.things, BAD_AT_FIRST + self.loads);
        self.loads += 1;
        let acknowledged = AtomicU64::new(0);
        let mqtt = self.stack.address("mqtt");
        let devices = std::thread::scope(|scope| {
            let devices: Vec<_> = (0..DEVICES)
                .map(|device| {
                    let acknowledged = &acknowledged;
                    // Once a thing is bad it stays so, and nothing is cleared.
                    let report = move |number: u64| {
                        let thing = (number * DEVICES + device) % things;
                        Said { thing, is_bad: thing % 100 < bad_below }
                    };
                    let reports = (0..).map(report).take(each);
                    let client = format!("device-{device}");
                    scope.spawn(move || send_all(mqtt, &client, reports, acknowledged))
                })
                .collect();
            meanwhile(&mut self.stack, &acknowledged);
            devices.into_iter().filter_map(|device| device.join().ok()).collect::<Vec<_>>()
        });
        devices.into_iter().for_each(|bad| self.bad.join(bad));
        acknowledged.into_inner()
    }

    fn restart(&mut self) -> Result<Restart, String> {
        let began = Instant::now();
        self.stack.boot();
        let ready_ms = began.elapsed().as_secs_f64() * 1e3;
        self.first_alert()?;
        Ok(Restart { ready_ms, alert_ms: began.elapsed().as_secs_f64() * 1e3 })
    }

    /// Who asks for the next first alert.
    fn probe(&self) -> String {
        format!("probe-{}", self.probes)
    }

    fn register_probe(&self) {
        let path = format!("/things/{}", self.probe());
        Signer::of(&self.stack).call("POST", &path, &json!({}));
    }

    /// What came before a behavior began never counts, so nothing that counts is sent before.
    fn wait_until_judged(&mut self) {
        self.register_probe();
        let name = self.probe();
        self.probes += 1;
        let mut device = Device::connect(self.stack.address("mqtt"), &name);
        for report_id in 1.. {
            device.report(&name, report_id, &[22, TELNET]);
            let is_told = |alert: &Value| alert["thingName"] == name.as_str();
            if report_id > TRIES || self.webhook.posted().iter().any(is_told) {
                break;
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
    }

    /// A new thing reports what it must not, and the webhook hears of it.
    fn first_alert(&mut self) -> Result<(), String> {
        let name = self.probe();
        self.probes += 1;
        let mut device = Device::connect(self.stack.address("mqtt"), &name);
        device.report(&name, 1, &[22, TELNET]);
        let arrived = self.webhook.wait_for(&name);
        arrived.map(|_| ()).ok_or_else(|| format!("no alert about {name}\n{}", self.stack.log()))
    }

    /// What the log held before the first alert is judged: so what is in alarm must be what was
    /// acknowledged, perhaps with what was on its way.
    fn compare(&mut self, outcome: &mut Outcome) {
        let found = violations(&Signer::of(&self.stack));
        let mut twice = 0;
        let mut now = HashMap::new();
        for (thing, id) in found {
            twice += u64::from(now.insert(thing, id).is_some());
        }
        let (acknowledged, perhaps) = (&self.bad.acknowledged, &self.bad.perhaps);
        let missing = acknowledged.iter().filter(|it| !now.contains_key(&thing_name(**it))).count();
        let known = |name: &String| {
            let number = name.strip_prefix("thing-").and_then(|number| number.parse().ok());
            number.is_some_and(|it: u64| acknowledged.contains(&it) || perhaps.contains(&it))
        };
        let made_up = now.keys().filter(|name| !known(name)).count();
        let others =
            self.in_alarm.iter().filter(|(thing, id)| now.get(*thing) != Some(*id)).count();
        outcome.check(missing + made_up + others == 0 && twice == 0, || {
            format!(
                "of {} violations {missing} are missing, {made_up} made up, {twice} there twice, \
                 {others} not those of before",
                now.len()
            )
        });
        outcome.notes.push(format!("{} violations are open, as they must be", now.len()));
        // Once it was seen, it has to stay.
        let seen = perhaps.iter().filter(|it| now.contains_key(&thing_name(**it))).copied();
        let seen: Vec<u64> = seen.collect();
        self.bad.acknowledged.extend(seen);
        self.bad.perhaps.clear();
        self.in_alarm = now;
        self.register_probe();
    }

    /// How long it takes to read the bytes of the state, in milliseconds.
    fn read_state(&self) -> Result<f64, String> {
        let began = Instant::now();
        let bytes = std::fs::read(self.data().join("state.db")).map_err(|it| it.to_string())?;
        std::hint::black_box(bytes.iter().fold(0_u64, |sum, byte| sum + u64::from(*byte)));
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }

    fn data(&self) -> PathBuf {
        self.stack.path("data")
    }
}

fn note(outcome: &mut Outcome, values: [(usize, f64); 2]) {
    for (place, value) in values {
        outcome.figures.get_mut(place).into_iter().for_each(|figure| figure.push(value));
    }
}

/// All open violations of the engine's profile: thing and id.
fn violations(signer: &Signer) -> Vec<(String, String)> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!(
            "/active-violations?maxResults=250&securityProfileName=engine{}",
            if token.is_empty() { String::new() } else { format!("&nextToken={token}") }
        );
        let page = signer.call("GET", &path, &json!({}));
        let text =
            |of: &Value, member: &str| of.get(member).and_then(Value::as_str).map(str::to_owned);
        let all = page.get("activeViolations").and_then(Value::as_array).into_iter().flatten();
        let named = all.filter_map(|it| Some((text(it, "thingName")?, text(it, "violationId")?)));
        // Who asks for the first alert breaks this profile's rule, too.
        found.extend(named.filter(|(thing, _)| thing.starts_with("thing-")));
        match text(&page, "nextToken") {
            Some(next) => token = next,
            None => return found,
        }
    }
}
