//! Alerts in the outbox. Version 1 could tell of violations only; version 2 says what it tells of,
//! version 3 how severe that is.

use fleetward_domain::{Alert, FormatLevel, Notification, Severity, ViolationEvent};
use serde::{Deserialize, Serialize};

use super::event::EventV1;
use super::json::{self, Reader};
use crate::error::StoreError;

const WHAT: &str = "alert";
const READERS: &[Reader<Alert>] =
    &[json::reader::<V1, Alert>, json::reader::<V2, Alert>, json::reader::<V3, Alert>];

/// A row's body, in the version that the level names.
pub(crate) fn to_bytes(alert: &Alert, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
    let Notification::Violation(event) = &alert.notification;
    let (target_arn, event) = (alert.target_arn.clone(), EventV1::at(level, event)?);
    match level {
        FormatLevel::First => json::write(WHAT, &alert.key(), &V1 { target_arn, event }),
        FormatLevel::Named => {
            let notification = NotificationV2::Violation(event);
            json::write(WHAT, &alert.key(), &V2 { v: 2, target_arn, notification })
        }
        FormatLevel::Proven => {
            let Notification::Violation(ViolationEvent { severity, .. }) = &alert.notification;
            let severity = severity.as_str().to_owned();
            let notification = NotificationV2::Violation(event);
            json::write(WHAT, &alert.key(), &V3 { v: 3, target_arn, severity, notification })
        }
    }
}

/// Reads a row's body.
pub(crate) fn from_bytes(key: &str, bytes: &[u8]) -> Result<Alert, StoreError> {
    json::read(WHAT, key, bytes, READERS)
}

#[derive(Serialize, Deserialize)]
struct V1 {
    target_arn: String,
    event: EventV1,
}

#[derive(Serialize, Deserialize)]
struct V2 {
    v: u32,
    target_arn: String,
    notification: NotificationV2,
}

#[derive(Serialize, Deserialize)]
struct V3 {
    v: u32,
    target_arn: String,
    severity: String,
    notification: NotificationV2,
}

#[derive(Serialize, Deserialize)]
enum NotificationV2 {
    Violation(EventV1),
}

impl TryFrom<V1> for Alert {
    type Error = String;

    fn try_from(V1 { target_arn, event }: V1) -> Result<Self, String> {
        let notification = NotificationV2::Violation(event);
        V2 { v: 2, target_arn, notification }.try_into()
    }
}

impl TryFrom<V2> for Alert {
    type Error = String;

    fn try_from(V2 { target_arn, notification, .. }: V2) -> Result<Self, String> {
        let NotificationV2::Violation(event) = notification;
        Ok(Self { target_arn, notification: Notification::Violation(event.try_into()?) })
    }
}

impl TryFrom<V3> for Alert {
    type Error = String;

    fn try_from(V3 { target_arn, severity, notification, .. }: V3) -> Result<Self, String> {
        let mut alert: Self = V2 { v: 2, target_arn, notification }.try_into()?;
        let said = Severity::parse(&severity).ok_or("its severity is none that is known")?;
        let Notification::Violation(event) = &mut alert.notification;
        event.severity = said;
        Ok(alert)
    }
}
