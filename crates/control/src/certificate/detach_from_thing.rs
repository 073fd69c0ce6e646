use fleetward_domain::{Certificate, Change, Thing};
use fleetward_store::{Kind, Tx};
use fleetward_wire::types::{DetachThingPrincipalRequest, DetachThingPrincipalResponse};

use super::certificate_of_arn;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// What is not attached cannot be detached.
pub(crate) async fn detach_from_thing(
    control: &Control,
    input: DetachThingPrincipalRequest,
) -> Result<Prepared<DetachThingPrincipalResponse>, Refusal> {
    let id = certificate_of_arn(control, "principal", &input.principal)?;
    let thing: Thing = control.existing(&input.thing_name).await?.value;
    let certificate = control.existing::<Certificate>(&id).await?;
    let mut changed = certificate.value;
    if !changed.things.contains(&thing.name) {
        let between = format!("of certificate {id} to thing {}", thing.name);
        return Err(Refusal::not_found("Attachment", between));
    }
    changed.things.retain(|other| *other != thing.name);
    changed.modified_ms = control.now_ms();
    let mut tx = Tx::default();
    tx.replace(&changed, certificate.version, control.level())?;
    tx.remove_edge(Kind::CertificateOfThing, thing.name.as_str(), &id);
    tx.changes.push(Change::Certificate(changed.id));
    Ok(Prepared::write(tx, DetachThingPrincipalResponse {}))
}
