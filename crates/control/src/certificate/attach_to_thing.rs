use fleetward_domain::{Certificate, Change, Thing, ThingName};
use fleetward_store::{CertificateAttachment, Noun, Tx};
use fleetward_wire::types::{
    AttachThingPrincipalRequest, AttachThingPrincipalResponse, ThingPrincipalType,
};

use super::certificate_of_arn;
use crate::control::Control;
use crate::limits::THINGS_PER_CERTIFICATE;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Attaching again what is attached succeeds; the kind of the attachment is the new one.
pub(crate) async fn attach_to_thing(
    control: &Control,
    input: AttachThingPrincipalRequest,
) -> Result<Prepared<AttachThingPrincipalResponse>, Refusal> {
    let id = certificate_of_arn(control, "principal", &input.principal)?;
    let is_exclusive = input.thing_principal_type == Some(ThingPrincipalType::ExclusiveThing);
    let thing = control.existing::<Thing>(&input.thing_name).await?;
    let certificate = control.existing::<Certificate>(&id).await?;
    require_free(control, &thing.value.name, &certificate.value, is_exclusive).await?;
    let mut changed = certificate.value;
    if !changed.things.contains(&thing.value.name) {
        if changed.things.len() >= THINGS_PER_CERTIFICATE {
            return Err(Refusal::Limit(format!(
                "Certificate {id} is attached to {THINGS_PER_CERTIFICATE} things, the limit."
            )));
        }
        changed.things.push(thing.value.name.clone());
        changed.modified_ms = control.now_ms();
    }
    let attachment = CertificateAttachment::new(&input.thing_name, &id, is_exclusive);
    let mut tx = Tx::default();
    // The thing may be deleted at this moment: no certificate must name one that is not there, and
    // none is deleted while it has certificates. So one of two has to try again.
    tx.replace(&thing.value, thing.version, control.level())?;
    tx.replace(&changed, certificate.version, control.level())?;
    tx.put(&attachment, control.level())?;
    tx.changes.push(Change::Certificate(changed.id));
    Ok(Prepared::write(tx, AttachThingPrincipalResponse {}))
}

/// Source: the service model on `thingPrincipalType`: what is attached exclusively is attached to
/// one thing.
async fn require_free(
    control: &Control,
    thing: &ThingName,
    certificate: &Certificate,
    is_exclusive: bool,
) -> Result<(), Refusal> {
    let id = certificate.id.as_str();
    let mut others = certificate.things.iter().filter(|other| *other != thing);
    let Some(other) = others.next() else { return Ok(()) };
    if is_exclusive {
        return Err(Refusal::Invalid(format!(
            "Certificate {id} cannot be attached exclusively: it is attached to thing {other}."
        )));
    }
    // Where one attachment is exclusive, it is the only one.
    let key = CertificateAttachment::new(other.as_str(), id, true);
    let attachment = control.find::<CertificateAttachment>(key.key()).await?;
    if attachment.is_some_and(|attachment| attachment.value.is_exclusive) {
        return Err(Refusal::Invalid(format!(
            "Certificate {id} is attached exclusively to thing {other}."
        )));
    }
    Ok(())
}
