use fleetward_domain::{Certificate, Change, Resource, ThingGroup};
use fleetward_store::Tx;
use fleetward_wire::operation::NoOutput;
use fleetward_wire::types::DetachPolicyRequest;

use crate::certificate::certificate_of_arn;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::PRINCIPAL_TO_POLICY;

/// Detaching what is not attached, or does not exist, succeeds and changes nothing.
pub(crate) async fn detach(
    control: &Control,
    input: DetachPolicyRequest,
) -> Result<Prepared<NoOutput>, Refusal> {
    let target = input.target.as_str();
    let unknown = || Refusal::Invalid(format!("Invalid Target: {target} does not exist."));
    let resource = control.place().resource_of(target);
    // Groups have no policies yet, so that there is nothing to detach from one.
    if let Some(group) = resource.ok().and_then(|resource| resource.strip_prefix("thinggroup/")) {
        let found = control.find::<ThingGroup>(group).await?;
        return found.map(|_| Prepared::read(NoOutput {})).ok_or_else(unknown);
    }
    let id = certificate_of_arn(control, "target", target)?;
    let certificate = control.find::<Certificate>(&id).await?.ok_or_else(unknown)?;
    let name = input.policy_name.as_str();
    let mut changed = certificate.value;
    if !changed.policies.iter().any(|attached| attached.as_str() == name) {
        return Ok(Prepared::read(NoOutput {}));
    }
    changed.policies.retain(|attached| attached.as_str() != name);
    changed.modified_ms = control.now_ms();
    let arn = control.place().arn(Resource::Certificate(&id));
    let mut tx = Tx::default();
    tx.replace(&changed, certificate.version, control.level())?;
    PRINCIPAL_TO_POLICY.erase(&mut tx, &arn, name);
    tx.changes.push(Change::Certificate(changed.id));
    Ok(Prepared::write(tx, NoOutput {}))
}
