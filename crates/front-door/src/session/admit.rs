//! Whether a client may connect, and as which thing.

use std::sync::Arc;

use fleetward_domain::{Metric, ThingName};
use fleetward_mqtt::packet::Connect;
use fleetward_mqtt::topic::is_reserved;
use fleetward_mqtt::{ProtocolVersion, ReasonCode};
use fleetward_policy::actions::IotAction;

use super::access::{Access, Subject};
use super::{Door, Peer};
use crate::directory::Identity;
use crate::meter::{Counts, ThingMeter, TopicSet};

/// AWS's condition key for what a CONNECT asks for beyond a plain connection ("Connect and
/// publish policy examples" in the AWS IoT Core developer guide).
const CONNECT_ATTRIBUTES: &str = "iot:ConnectAttributes";

/// A client that may connect. Its thing's counters are held.
pub(super) struct Admitted {
    pub(super) access: Access,
    pub(super) meter: Arc<ThingMeter>,
    pub(super) counts: Counts,
}

/// Why a client may not connect.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: ReasonCode,
    pub(super) problem: &'static str,
}

impl Refusal {
    pub(super) fn new(reason: ReasonCode, problem: &'static str) -> Self {
        Self { reason, problem }
    }

    /// What the client is told, in CONNACK.
    pub(super) fn code(&self, version: ProtocolVersion) -> u8 {
        connack_code(version, self.reason)
    }
}

/// The reason as a CONNACK says it; MQTT 3.1.1 knows few.
pub(super) fn connack_code(version: ProtocolVersion, reason: ReasonCode) -> u8 {
    match (version, reason) {
        (ProtocolVersion::V5, reason) => reason.0,
        (ProtocolVersion::V311, ReasonCode::CLIENT_ID_NOT_VALID) => 2,
        (ProtocolVersion::V311, ReasonCode::SERVER_UNAVAILABLE) => 3,
        (ProtocolVersion::V311, _) => 5,
    }
}

/// Checks a CONNECT whose client id is not empty, and counts the attempt: against a thing that is
/// proven, by policies that allow the client id or by a certificate that belongs to the thing. A
/// client id alone is a claim, and counts against nobody.
pub(super) async fn admit(
    door: &Arc<Door>,
    peer: &Peer,
    connect: &Connect<'_>,
) -> Result<Admitted, Refusal> {
    let refuse = |reason, problem| Err(Refusal::new(reason, problem));
    let Ok(client) = ThingName::parse(connect.client_id) else {
        return refuse(ReasonCode::CLIENT_ID_NOT_VALID, "the client id is no thing name");
    };
    if connect.authentication_method().is_some() {
        let problem = "enhanced authentication is not supported";
        return refuse(ReasonCode::BAD_AUTHENTICATION_METHOD, problem);
    }
    let thing = thing_of(client, &peer.identity);
    let subject = Subject {
        principal: &peer.principal,
        identity: &peer.identity,
        client_id: connect.client_id,
        thing: &thing,
        source: peer.address.ip(),
    };
    let mut access = Access::new(&door.directory, &door.arns, &subject);
    // The identity was looked up when the connection came, and CONNECT may be seconds later.
    if access.renew().await.is_err() {
        return refuse(ReasonCode::SERVER_UNAVAILABLE, "the registry cannot be read");
    }
    let authorised = authorise(&mut access, connect);
    if let Err(problem) = authorised
        && !access.identity().things.contains(&thing)
    {
        return refuse(ReasonCode::NOT_AUTHORIZED, problem);
    }
    let Some(meter) = door.meter.hold(&thing) else {
        return refuse(ReasonCode::SERVER_UNAVAILABLE, "too many things are counted already");
    };
    let mut counts = Counts::new(door.meter.plan());
    counts.count(Metric::ConnectionAttempts, TopicSet::NONE);
    let Err(problem) = authorised else {
        return Ok(Admitted { access, meter, counts });
    };
    // The reason may be the will, and then the failure is one about the will's topic.
    let topic = connect.will.map_or("", |will| will.topic);
    let set = if topic.is_empty() { TopicSet::NONE } else { counts.plan.set_of(topic) };
    counts.count(Metric::AuthorizationFailures, set);
    door.meter.add(&meter, &mut counts);
    door.meter.release(&meter);
    refuse(ReasonCode::NOT_AUTHORIZED, problem)
}

/// The thing is named by the client id, unless the certificate belongs to exactly one thing and
/// the client id is another name.
fn thing_of(client: ThingName, identity: &Identity) -> ThingName {
    match identity.things.as_slice() {
        [only] if *only != client => only.clone(),
        _ => client,
    }
}

fn authorise(access: &mut Access, connect: &Connect<'_>) -> Result<(), &'static str> {
    if !access.identity().is_active() {
        return Err("the certificate is not active");
    }
    let attributes =
        [(connect.will.is_some(), "LastWill"), (!connect.clean_start, "PersistentConnect")];
    let attributes: Vec<&str> =
        attributes.iter().filter(|(asked, _)| *asked).map(|(_, name)| *name).collect();
    if !attributes.is_empty() {
        access.context_mut().set_many(CONNECT_ATTRIBUTES, attributes);
    }
    let may_connect = access.allows(IotAction::Connect, connect.client_id);
    access.context_mut().remove(CONNECT_ATTRIBUTES);
    if !may_connect {
        return Err("the policies do not allow iot:Connect");
    }
    let Some(will) = &connect.will else { return Ok(()) };
    if is_reserved(will.topic) {
        return Err("the will's topic is reserved");
    }
    if !access.allows(IotAction::Publish, will.topic) {
        return Err("the policies do not allow iot:Publish of the will");
    }
    if will.retain && !access.allows(IotAction::RetainPublish, will.topic) {
        return Err("the policies do not allow iot:RetainPublish of the will");
    }
    Ok(())
}
