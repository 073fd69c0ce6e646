//! The resources that an operation is authorised on.
//!
//! Source: AWS's Service Authorization Reference, "Actions, resources, and condition keys for AWS
//! IoT". Where it names several resources, the operation must be allowed on each that is given.

use fleetward_domain::{Place, Resource};
use fleetward_wire::Operation;
use serde_json::Value;

/// The ARNs that a call of the operation is about; `*` where it is about none in particular.
pub(crate) fn resources_of<'a>(
    place: &Place,
    operation: Operation,
    input: &'a Value,
) -> Vec<String> {
    use Operation as Op;
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let arn = |member: &str, resource: fn(&'a str) -> Resource<'a>| {
        text(member).map(|name| place.arn(resource(name)))
    };
    let given = |member: &str| text(member).map(str::to_owned);
    let thing_group = || arn("thingGroupName", Resource::ThingGroup);
    let found = match operation {
        Op::CreateSecurityProfile
        | Op::DescribeSecurityProfile
        | Op::UpdateSecurityProfile
        | Op::DeleteSecurityProfile
        | Op::ListTargetsForSecurityProfile => {
            vec![arn("securityProfileName", Resource::SecurityProfile)]
        }
        Op::AttachSecurityProfile | Op::DetachSecurityProfile => vec![
            arn("securityProfileName", Resource::SecurityProfile),
            given("securityProfileTargetArn"),
        ],
        Op::ListSecurityProfilesForTarget => vec![given("securityProfileTargetArn")],
        Op::ListActiveViolations | Op::ListViolationEvents => vec![
            arn("securityProfileName", Resource::SecurityProfile),
            arn("thingName", Resource::Thing),
        ],
        Op::CreateDimension | Op::DescribeDimension | Op::DeleteDimension => {
            vec![arn("name", Resource::Dimension)]
        }
        Op::CreateThing | Op::DescribeThing => vec![arn("thingName", Resource::Thing)],
        Op::CreateThingGroup => {
            vec![thing_group(), arn("parentGroupName", Resource::ThingGroup)]
        }
        Op::AddThingToThingGroup => vec![
            given("thingArn").or_else(|| arn("thingName", Resource::Thing)),
            given("thingGroupArn").or_else(thing_group),
        ],
        Op::UpdateCertificate => vec![arn("certificateId", Resource::Certificate)],
        Op::AttachThingPrincipal => vec![given("principal")],
        Op::CreatePolicy => vec![arn("policyName", Resource::Policy)],
        Op::AttachPolicy => vec![given("target")],
        _ => Vec::new(),
    };
    let found: Vec<String> = found.into_iter().flatten().collect();
    if found.is_empty() { vec!["*".to_owned()] } else { found }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_about_what_their_input_names() {
        let place = Place { account: "123456789012".into(), region: "us-east-1".into() };
        let arn = |rest: &str| format!("arn:aws:iot:us-east-1:123456789012:{rest}");
        let group = arn("thinggroup/g");
        let table = [
            (
                Operation::CreateSecurityProfile,
                json!({"securityProfileName": "p"}),
                vec![arn("securityprofile/p")],
            ),
            (
                Operation::AttachSecurityProfile,
                json!({"securityProfileName": "p", "securityProfileTargetArn": group}),
                vec![arn("securityprofile/p"), group.clone()],
            ),
            (
                Operation::AddThingToThingGroup,
                json!({"thingName": "t", "thingGroupArn": group}),
                vec![arn("thing/t"), group.clone()],
            ),
            (Operation::UpdateCertificate, json!({"certificateId": "ab"}), vec![arn("cert/ab")]),
            (Operation::ListThings, json!({"maxResults": 3}), vec!["*".to_owned()]),
            (Operation::ListActiveViolations, json!({}), vec!["*".to_owned()]),
            (Operation::ListActiveViolations, json!({"thingName": "t"}), vec![arn("thing/t")]),
            (Operation::CreateThing, json!({}), vec!["*".to_owned()]),
        ];
        for (operation, input, expected) in table {
            assert_eq!(resources_of(&place, operation, &input), expected, "{operation:?}");
        }
    }
}
