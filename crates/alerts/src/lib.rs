//! Alerts on their way out: the outbox's deliveries to webhooks.
//!
//! The store's outbox is filled by the commit that stores the violation event. From there an
//! alert goes through these files in this order:
//!
//! 1. [`outbox`](Alerts): which alerts are due, which may go now, what becomes of each.
//! 2. `payload`: what it says, the body that AWS IoT Device Defender sends to SNS.
//! 3. `target`: how that kind of target wants it.
//! 4. `dialler`: the one place in Fleetward that dials out. It decides by `address` whether the
//!    other end may be spoken to.
//!
//! A profile names SNS topics. There is no SNS here: the settings put a webhook behind a topic's
//! ARN, and the webhook gets what an HTTP subscription of that topic with *raw message delivery*
//! would get: a POST whose body is the message itself.
//!
//! | header | value |
//! |---|---|
//! | `content-type` | `application/json; charset=utf-8` |
//! | `x-amz-sns-message-type` | `Notification` |
//! | `x-amz-sns-topic-arn` | the ARN in the profile's alert targets |
//! | `x-amz-sns-message-id` | the same for every delivery of one alert: drop what you have seen |
//! | `x-amz-sns-rawdelivery` | `true` |
//!
//! A receiver answers with any 2xx status. Anything else, also a redirect, is a failure and is
//! tried again, 1 s to 5 min later, until [`Settings::retry_for_ms`] after the alert was made;
//! then it stays in the outbox as a dead letter. An alert whose topic has no target in the
//! settings becomes a dead letter at once, and the log says so once for each ARN. Of one thing
//! and one target, an alert is tried only when the one before it was delivered or is dead.
//!
//! This crate decides nothing about violations, and nothing in detection waits for it.

mod address;
mod backoff;
mod dialler;
mod endpoint;
mod error;
pub mod limits;
mod outbox;
mod payload;
#[cfg(test)]
mod receiver;
mod settings;
mod target;

pub use address::{AddressKind, AddressRules};
pub use dialler::Dialler;
pub use error::AlertsError;
pub use outbox::{Alerts, Running};
pub use payload::Message;
pub use settings::Settings;
pub use target::{Deliver, Target, TargetSettings, Webhook};
