//! The alarm, as it arrives at the webhook.

use std::time::Duration;

use fleetward_environment::Clock;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::story;
use super::webhook::Arrived;
use crate::failure::Failure;

/// The packet that decides, and the alarm that it should lead to.
pub(super) struct Deciding {
    pub(super) thing: String,
    pub(super) profile: &'static str,
    /// When its last byte left the device.
    pub(super) left: Instant,
}

/// An alarm that came.
pub(super) struct Alarm {
    body: Value,
    delay: Duration,
}

/// Waits for the alarm; other alerts that come meanwhile are told, too.
pub(super) async fn wait_for(
    arrived: &mut mpsc::Receiver<Arrived>,
    deciding: Deciding,
    patience: Duration,
) -> Result<Alarm, Failure> {
    let missing = format!("no alarm of {} by profile {} came", deciding.thing, deciding.profile);
    let clock = Clock::system();
    let deadline = clock.instant() + patience;
    loop {
        let next = clock.timeout_at(deadline, arrived.recv()).await;
        let Ok(Some(news)) = next else { return Err(Failure::new(missing)) };
        let is = |field: &str, value: &str| text(&news.body, field) == value;
        if is("thingName", &deciding.thing)
            && is("securityProfileName", deciding.profile)
            && is("violationEventType", "in-alarm")
        {
            let delay = news.at.saturating_duration_since(deciding.left);
            return Ok(Alarm { body: news.body, delay });
        }
        tell_news(&news);
    }
}

impl Alarm {
    /// Says what rang, and how long it took.
    pub(super) fn tell(&self) {
        story::step(&format!("ALARM  {}", sentence(&self.body)));
        story::step(&format!(
            "       {:.1} ms from the deciding packet to the alert at the webhook",
            self.delay.as_secs_f64() * 1000.0
        ));
    }
}

/// Says what else arrived.
pub(super) fn tell_news(news: &Arrived) {
    story::step(&format!("{}  {}", text(&news.body, "violationEventType"), sentence(&news.body)));
}

fn sentence(body: &Value) -> String {
    let behavior = body.pointer("/behavior/name").and_then(Value::as_str).unwrap_or("?");
    let value = body.get("metricValue").map(value_in_words).unwrap_or_default();
    format!(
        "thing {}, behavior {behavior} of profile {}, value {value}",
        text(body, "thingName"),
        text(body, "securityProfileName")
    )
}

/// `{"ports":[22,23]}` as `ports 22, 23`.
fn value_in_words(value: &Value) -> String {
    let member = value.as_object().and_then(|object| object.iter().next());
    let Some((kind, value)) = member else { return value.to_string() };
    let elements: Vec<_> = match value {
        Value::Array(elements) => elements.iter().map(Value::to_string).collect(),
        single => vec![single.to_string()],
    };
    format!("{kind} {}", elements.join(", "))
}

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body.get(field).and_then(Value::as_str).unwrap_or("?")
}
