use fleetward_domain::{Change, Policy, PolicyName, Resource};
use fleetward_policy::PolicyDocument;
use fleetward_store::Tx;
use fleetward_wire::convert::read_tags;
use fleetward_wire::types::{CreatePolicyRequest, CreatePolicyResponse};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// A name is used once, whatever the document.
pub(crate) async fn create(
    control: &Control,
    input: CreatePolicyRequest,
) -> Result<Prepared<CreatePolicyResponse>, Refusal> {
    PolicyDocument::parse(&input.policy_document).map_err(Refusal::MalformedPolicy)?;
    let policy = Policy {
        name: PolicyName::parse(input.policy_name)?,
        document: input.policy_document,
        version: 1,
        tags: read_tags(input.tags).map_err(|problem| Refusal::field("tags", problem))?,
        created_ms: control.now_ms(),
        history: None,
    };
    let name = policy.name.as_str();
    let arn = control.place().arn(Resource::Policy(name));
    control.require_new::<Policy>(name, &arn).await?;
    let mut tx = Tx::default();
    tx.create(&policy, control.level())?;
    tx.changes.push(Change::Policy(policy.name.clone()));
    let created = CreatePolicyResponse {
        policy_name: Some(name.to_owned()),
        policy_arn: Some(arn),
        policy_document: Some(policy.document),
        policy_version_id: Some(policy.version.to_string()),
    };
    Ok(Prepared::write(tx, created))
}
