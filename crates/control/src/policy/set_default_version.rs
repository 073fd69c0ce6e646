use fleetward_domain::{Change, Policy};
use fleetward_store::Tx;
use fleetward_wire::operation::NoOutput;
use fleetward_wire::types::SetDefaultPolicyVersionRequest;

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Setting the default to what it is changes nothing.
pub(crate) async fn set_default_version(
    control: &Control,
    input: SetDefaultPolicyVersionRequest,
) -> Result<Prepared<NoOutput>, Refusal> {
    let policy = control.existing::<Policy>(&input.policy_name).await?;
    let mut changed = policy.value;
    let asked = input.policy_version_id;
    // `01` is another name than `1`, and so the name of none.
    let number = asked.parse::<i64>().ok().filter(|number| number.to_string() == asked);
    if number == Some(changed.version) {
        return Ok(Prepared::read(NoOutput {}));
    }
    if !number.is_some_and(|number| changed.set_default(number)) {
        return Err(Refusal::not_found("Version", format!("{asked} of policy {}", changed.name)));
    }
    let mut tx = Tx::default();
    tx.replace(&changed, policy.version, control.level())?;
    tx.changes.push(Change::Policy(changed.name));
    Ok(Prepared::write(tx, NoOutput {}))
}
