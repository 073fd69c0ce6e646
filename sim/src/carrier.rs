//! The receiver of alerts: it notes what comes, and does not always say so.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fleetward_alerts::{AlertsError, Deliver, Message, Target};
use fleetward_environment::Clock;
use serde_json::Value;

use crate::dice::Dice;

/// What came of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Received {
    pub(crate) thing: String,
    pub(crate) profile: String,
    pub(crate) behavior: String,
    pub(crate) event_type: String,
    pub(crate) at_ms: i64,
}

/// All that was received, in order; crashes of the sender do not touch it.
pub(crate) type Inbox = Arc<Mutex<Vec<Received>>>;

pub(crate) struct Carrier {
    pub(crate) inbox: Inbox,
    pub(crate) clock: Clock,
    pub(crate) dice: Mutex<Dice>,
}

impl Carrier {
    fn throw(&self, limit: u64) -> u64 {
        self.dice.lock().unwrap().below(limit)
    }
}

#[async_trait]
impl Deliver for Carrier {
    async fn deliver(&self, _: &Target, message: &Message) -> Result<(), AlertsError> {
        self.clock.sleep(std::time::Duration::from_millis(self.throw(300))).await;
        let fate = self.throw(10);
        if fate == 0 {
            return Err(refused());
        }
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.inbox.lock().unwrap().push(Received {
            thing: text(&body["thingName"]),
            profile: text(&body["securityProfileName"]),
            behavior: text(&body["behavior"]["name"]),
            event_type: text(&body["violationEventType"]),
            at_ms: body["violationEventTime"].as_i64().unwrap(),
        });
        self.clock.sleep(std::time::Duration::from_millis(self.throw(50))).await;
        // It has the alert, and its answer is lost.
        if fate == 1 { Err(refused()) } else { Ok(()) }
    }
}

fn refused() -> AlertsError {
    AlertsError::Status { status: 503, excerpt: String::new() }
}
