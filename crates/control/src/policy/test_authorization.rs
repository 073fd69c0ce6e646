use std::collections::BTreeSet;

use fleetward_domain::{Certificate, Policy, Resource, ThingGroup};
use fleetward_policy::actions::IotAction;
use fleetward_policy::{Context, Decision, Effect, PolicyDocument, Request, evaluate, keys};
use fleetward_wire::types::{
    ActionType, Allowed, AuthDecision, AuthInfo, AuthResult, Denied, ExplicitDeny, ImplicitDeny,
    Policy as PolicyEntry, TestAuthorizationRequest, TestAuthorizationResponse,
};

use crate::certificate::certificate_of_arn;
use crate::control::Control;
use crate::limits::{TESTED_POLICIES, TESTED_RESOURCES};
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// What front doors would decide, by the evaluator that they decide with. The status of the
/// certificate plays no part: policies are tested.
pub(crate) async fn test_authorization(
    control: &Control,
    input: TestAuthorizationRequest,
) -> Result<Prepared<TestAuthorizationResponse>, Refusal> {
    let resources: usize = input.auth_infos.iter().map(|info| info.resources.len()).sum();
    if resources > TESTED_RESOURCES {
        return Err(Refusal::Limit(format!(
            "authInfos name {resources} resources; the limit is {TESTED_RESOURCES}. Test fewer at \
             a time."
        )));
    }
    let principal = read_principal(control, input.principal.as_deref()).await?;
    let added = input.policy_names_to_add.unwrap_or_default();
    let skipped = input.policy_names_to_skip.unwrap_or_default();
    let policies = tested_policies(control, &principal, added, skipped).await?;
    let tested = Tested { control, principal, policies, client_id: input.client_id };
    let results: Result<_, _> =
        input.auth_infos.into_iter().map(|info| tested.judge(info)).collect();
    Ok(Prepared::read(TestAuthorizationResponse { auth_results: Some(results?) }))
}

/// What is known of the principal.
#[derive(Default)]
struct Principal {
    policies: Vec<String>,
    things: Vec<String>,
}

async fn read_principal(control: &Control, arn: Option<&str>) -> Result<Principal, Refusal> {
    let Some(arn) = arn else {
        let problem = "it is required: give the ARN of a certificate or a thing group";
        return Err(Refusal::field("principal", problem));
    };
    let resource = control.place().resource_of(arn);
    if let Some(group) = resource.ok().and_then(|resource| resource.strip_prefix("thinggroup/")) {
        // Groups have no policies yet.
        control.existing::<ThingGroup>(group).await?;
        return Ok(Principal::default());
    }
    let id = certificate_of_arn(control, "principal", arn)?;
    let certificate: Certificate = control.existing(&id).await?.value;
    let policies = certificate.policies.iter().map(ToString::to_string).collect();
    let things = certificate.things.iter().map(ToString::to_string).collect();
    Ok(Principal { policies, things })
}

/// Those attached and those added, but for those skipped; by name.
async fn tested_policies(
    control: &Control,
    principal: &Principal,
    added: Vec<String>,
    skipped: Vec<String>,
) -> Result<Vec<(String, PolicyDocument)>, Refusal> {
    if added.len().saturating_add(skipped.len()) > TESTED_POLICIES {
        return Err(Refusal::Limit(format!(
            "policyNamesToAdd and policyNamesToSkip name more than {TESTED_POLICIES} policies, the \
             limit. Name fewer."
        )));
    }
    let skipped: BTreeSet<String> = skipped.into_iter().collect();
    for name in &skipped {
        control.existing::<Policy>(name).await?;
    }
    let mut names: BTreeSet<String> = principal.policies.iter().cloned().collect();
    names.extend(added);
    let mut policies = Vec::with_capacity(names.len());
    // Who skips what is added has named it all the same: it must be there.
    for name in names {
        let policy: Policy = control.existing(&name).await?.value;
        if !skipped.contains(&name) {
            let document =
                PolicyDocument::parse(&policy.document).map_err(Refusal::MalformedPolicy)?;
            policies.push((name, document));
        }
    }
    Ok(policies)
}

struct Tested<'a> {
    control: &'a Control,
    principal: Principal,
    policies: Vec<(String, PolicyDocument)>,
    client_id: Option<String>,
}

impl Tested<'_> {
    fn judge(&self, info: AuthInfo) -> Result<AuthResult, Refusal> {
        let Some(action_type) = info.action_type else {
            return Err(Refusal::field("authInfos", "each needs an actionType"));
        };
        let (action, kind) = action_of(action_type);
        let (mut allowing, mut denying) = (BTreeSet::new(), BTreeSet::new());
        let (mut missing, mut decisions) = (BTreeSet::new(), Vec::new());
        for arn in &info.resources {
            let named = self.control.place().resource_of(arn);
            let named = named.map_err(|error| Refusal::field("authInfos.resources", error))?;
            let Some(name) = named.strip_prefix(kind) else {
                let problem = format!("{arn} does not fit {action_type}, which is about {kind}");
                return Err(Refusal::field("authInfos.resources", problem));
            };
            // Who connects says its client id in the packet, whatever else the call says.
            let is_connect = action == IotAction::Connect;
            let client_id = if is_connect { Some(name) } else { self.client_id.as_deref() };
            let context = self.context(client_id);
            let request = Request { action: action.name(), resource: arn, context: &context };
            for (name, policy) in &self.policies {
                for statement in policy.statements() {
                    let keys = statement.missing_keys(&request).into_iter();
                    missing.extend(keys.map(str::to_owned));
                    if statement.applies_to(&request) {
                        let those = match statement.effect() {
                            Effect::Allow => &mut allowing,
                            Effect::Deny => &mut denying,
                        };
                        those.insert(name.as_str());
                    }
                }
            }
            let all: Vec<&PolicyDocument> = self.policies.iter().map(|(_, one)| one).collect();
            decisions.push(evaluate(&all, &request));
        }
        let neither = self.policies.iter().map(|(name, _)| name.as_str());
        let neither = neither.filter(|name| !allowing.contains(name) && !denying.contains(name));
        let implicit = ImplicitDeny { policies: Some(self.entries(neither)) };
        let explicit = ExplicitDeny { policies: Some(self.entries(denying.iter().copied())) };
        Ok(AuthResult {
            auth_info: Some(info),
            allowed: Some(Allowed { policies: Some(self.entries(allowing.iter().copied())) }),
            denied: Some(Denied { implicit_deny: Some(implicit), explicit_deny: Some(explicit) }),
            auth_decision: Some(of_all(&decisions)),
            missing_context_values: Some(missing.into_iter().collect()),
        })
    }

    /// What a front door knows of such a connection, but for the address it comes from.
    fn context(&self, client_id: Option<&str>) -> Context {
        let mut context = Context::new();
        // There is no way in for a certificate but TLS.
        context.set(keys::SECURE_TRANSPORT, "true");
        if let Some(client_id) = client_id {
            context.set_client_id(client_id);
            let is_attached = self.principal.things.iter().any(|thing| thing == client_id);
            context.set_is_attached(is_attached);
            if is_attached {
                context.set(keys::THING_NAME, client_id);
            }
        }
        context
    }

    fn entries<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<PolicyEntry> {
        let entry = |name: &str| PolicyEntry {
            policy_name: Some(name.to_owned()),
            policy_arn: Some(self.control.place().arn(Resource::Policy(name))),
        };
        names.map(entry).collect()
    }
}

fn action_of(action: ActionType) -> (IotAction, &'static str) {
    match action {
        ActionType::Connect => (IotAction::Connect, "client/"),
        ActionType::Publish => (IotAction::Publish, "topic/"),
        ActionType::Receive => (IotAction::Receive, "topic/"),
        ActionType::Subscribe => (IotAction::Subscribe, "topicfilter/"),
    }
}

/// One that is denied denies all, and one that is not allowed leaves nothing allowed.
fn of_all(decisions: &[Decision]) -> AuthDecision {
    if decisions.contains(&Decision::ExplicitDeny) {
        AuthDecision::ExplicitDeny
    } else if !decisions.is_empty() && decisions.iter().all(|decision| decision.is_allowed()) {
        AuthDecision::Allowed
    } else {
        AuthDecision::ImplicitDeny
    }
}
