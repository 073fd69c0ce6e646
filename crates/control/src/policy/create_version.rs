use fleetward_domain::{Change, FormatLevel, Policy, Resource};
use fleetward_policy::PolicyDocument;
use fleetward_store::Tx;
use fleetward_wire::types::{CreatePolicyVersionRequest, CreatePolicyVersionResponse};

use crate::control::Control;
use crate::limits::VERSIONS_PER_POLICY;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The same document again is another version.
pub(crate) async fn create_version(
    control: &Control,
    input: CreatePolicyVersionRequest,
) -> Result<Prepared<CreatePolicyVersionResponse>, Refusal> {
    if control.level() < FormatLevel::Proven {
        return Err(Refusal::Invalid(
            "Versions of policies are kept from format level 3 on: run `fleetward upgrade finish` \
             first."
                .to_owned(),
        ));
    }
    PolicyDocument::parse(&input.policy_document).map_err(Refusal::MalformedPolicy)?;
    let policy = control.existing::<Policy>(&input.policy_name).await?;
    let mut changed = policy.value;
    if changed.count_versions() >= VERSIONS_PER_POLICY {
        return Err(Refusal::Versions(format!(
            "The policy {} already has the maximum number of versions ({VERSIONS_PER_POLICY}).",
            changed.name
        )));
    }
    let number = changed.add_version(input.policy_document.clone(), control.now_ms());
    let is_default = input.set_as_default.unwrap_or_default();
    let mut tx = Tx::default();
    // Front doors look at the default only: another one is no news to them.
    if is_default && changed.set_default(number) {
        tx.changes.push(Change::Policy(changed.name.clone()));
    }
    tx.replace(&changed, policy.version, control.level())?;
    let created = CreatePolicyVersionResponse {
        policy_arn: Some(control.place().arn(Resource::Policy(changed.name.as_str()))),
        policy_document: Some(input.policy_document),
        policy_version_id: Some(number.to_string()),
        is_default_version: Some(is_default),
    };
    Ok(Prepared::write(tx, created))
}
