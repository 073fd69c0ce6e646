//! IoT policies and their attachments.

use fleetward_domain::{Change, Policy, PolicyName, Resource};
use fleetward_policy::PolicyDocument;
use fleetward_store::Kind;
use fleetward_wire::convert::read_tags;
use fleetward_wire::operation::NoOutput;
use fleetward_wire::types::{AttachPolicyRequest, CreatePolicyRequest, CreatePolicyResponse};
use fleetward_wire::{ApiError, ErrorCode};

use crate::control::Control;
use crate::documents::{Draft, Race, find};
use crate::limits::POLICIES_PER_CERTIFICATE;

#[cfg(test)]
mod tests;

impl Control {
    /// A name is used once, whatever the document.
    pub(crate) async fn create_policy(
        &self,
        input: CreatePolicyRequest,
    ) -> Result<CreatePolicyResponse, ApiError> {
        let malformed = |error: fleetward_policy::PolicyError| {
            ApiError::new(ErrorCode::MalformedPolicy, format!("{error}."))
        };
        PolicyDocument::parse(&input.policy_document).map_err(malformed)?;
        let policy = Policy {
            name: PolicyName::parse(input.policy_name)
                .map_err(|error| ApiError::invalid_request(error.to_string()))?,
            document: input.policy_document,
            version: 1,
            tags: read_tags(input.tags),
            created_ms: self.now_ms(),
        };
        let name = policy.name.as_str();
        let arn = self.place().arn(Resource::Policy(name));
        let mut race = Race::default();
        loop {
            if find::<Policy>(self.store(), Kind::Policy, name).await?.is_some() {
                let message = format!("Policy {name} already exists.");
                return Err(ApiError::already_exists(message, name, arn));
            }
            let mut draft = Draft::default();
            draft.create(Kind::Policy, name, &policy);
            draft.change(Change::Policy(policy.name.clone()));
            if race.won(self.store(), draft).await? {
                return Ok(CreatePolicyResponse {
                    policy_name: Some(name.to_owned()),
                    policy_arn: Some(arn),
                    policy_document: Some(policy.document),
                    policy_version_id: Some(policy.version.to_string()),
                });
            }
        }
    }

    /// Attaching again what is attached succeeds and changes nothing.
    pub(crate) async fn attach_policy(
        &self,
        input: AttachPolicyRequest,
    ) -> Result<NoOutput, ApiError> {
        if self.is_thing_group(&input.target) {
            return Err(ApiError::invalid_request(
                "target: policies of thing groups are not supported yet; attach the policy to \
                 certificates.",
            ));
        }
        let id = self.certificate_of_arn("target", &input.target)?;
        let arn = self.place().arn(Resource::Certificate(&id));
        let name = input.policy_name.as_str();
        let mut race = Race::default();
        loop {
            let policy = find::<Policy>(self.store(), Kind::Policy, name).await?;
            let policy = policy
                .ok_or_else(|| ApiError::not_found(format!("Policy {name} does not exist.")))?;
            let certificate = self.certificate(&id).await?;
            let mut changed = certificate.value;
            if changed.policies.contains(&policy.value.name) {
                return Ok(NoOutput {});
            }
            if changed.policies.len() >= POLICIES_PER_CERTIFICATE {
                return Err(ApiError::limit_exceeded(format!(
                    "{POLICIES_PER_CERTIFICATE} policies are attached to certificate {id}, which \
                     is the limit."
                )));
            }
            changed.policies.push(policy.value.name);
            changed.modified_ms = self.now_ms();
            let mut draft = Draft::default();
            draft.require(Kind::Policy, name);
            draft.replace(Kind::Certificate, &id, certificate.version, &changed);
            draft.draw_edge(Kind::PolicyOfTarget, &arn, name);
            draft.change(Change::Certificate(changed.id));
            if race.won(self.store(), draft).await? {
                return Ok(NoOutput {});
            }
        }
    }

    fn is_thing_group(&self, arn: &str) -> bool {
        self.place().resource_of(arn).is_ok_and(|resource| resource.starts_with("thinggroup/"))
    }
}
