use fleetward_domain::{Certificate, Change, Policy, Resource};
use fleetward_store::Tx;
use fleetward_wire::operation::NoOutput;
use fleetward_wire::types::AttachPolicyRequest;

use crate::certificate::certificate_of_arn;
use crate::control::Control;
use crate::limits::POLICIES_PER_CERTIFICATE;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::PRINCIPAL_TO_POLICY;

/// Attaching again what is attached succeeds and changes nothing.
pub(crate) async fn attach(
    control: &Control,
    input: AttachPolicyRequest,
) -> Result<Prepared<NoOutput>, Refusal> {
    let target = control.place().resource_of(&input.target);
    if target.is_ok_and(|resource| resource.starts_with("thinggroup/")) {
        let problem = "policies of thing groups are not supported yet; attach the policy to \
                       certificates";
        return Err(Refusal::field("target", problem));
    }
    let id = certificate_of_arn(control, "target", &input.target)?;
    let name = input.policy_name.as_str();
    let policy: Policy = control.existing(name).await?.value;
    let certificate = control.existing::<Certificate>(&id).await?;
    let mut changed = certificate.value;
    if changed.policies.contains(&policy.name) {
        return Ok(Prepared::read(NoOutput {}));
    }
    if changed.policies.len() >= POLICIES_PER_CERTIFICATE {
        return Err(Refusal::Limit(format!(
            "{POLICIES_PER_CERTIFICATE} policies are attached to certificate {id}, which is the \
             limit."
        )));
    }
    changed.policies.push(policy.name);
    changed.modified_ms = control.now_ms();
    let arn = control.place().arn(Resource::Certificate(&id));
    let mut tx = Tx::default();
    // The policy may be deleted at this moment: no certificate must name one that is not there.
    tx.require::<Policy>(name);
    tx.replace(&changed, certificate.version, control.level())?;
    PRINCIPAL_TO_POLICY.draw(&mut tx, &arn, name);
    tx.changes.push(Change::Certificate(changed.id));
    Ok(Prepared::write(tx, NoOutput {}))
}
