//! The resources that a call is authorised on, from the templates of its operation.

use fleetward_domain::Place;
use fleetward_wire::Operation;
use fleetward_wire::operation::ResourceTemplate;
use serde_json::Value;

/// The ARNs that a call of the operation is about; `*` where it names none.
pub(crate) fn resources_of(place: &Place, operation: Operation, input: &Value) -> Vec<String> {
    let mut resources = Vec::new();
    for alternatives in operation.authorised_on() {
        let given = alternatives.iter().map(|template| named(place, template, input));
        resources.extend(given.into_iter().find(|named| !named.is_empty()).unwrap_or_default());
    }
    if resources.is_empty() { vec!["*".to_owned()] } else { resources }
}

/// What one member names: nothing where it is not given.
fn named(place: &Place, template: &ResourceTemplate, input: &Value) -> Vec<String> {
    let texts = match input.get(template.member) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text.as_str()],
        _ => Vec::new(),
    };
    let arn = |name: &str| match template.prefix {
        "" => name.to_owned(),
        prefix => place.arn_of(&format!("{prefix}{name}")),
    };
    texts.into_iter().map(|name| one_spelling(arn(name))).collect()
}

/// Ids of certificates are hexadecimal and found in any case: a policy that denies one spelling
/// of an id denies them all.
fn one_spelling(arn: String) -> String {
    match arn.rsplit_once(":cert/") {
        Some((place, id)) => format!("{place}:cert/{}", id.to_ascii_lowercase()),
        None => arn,
    }
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
            (Operation::UpdateCertificate, json!({"certificateId": "aB"}), vec![arn("cert/ab")]),
            (Operation::AttachPolicy, json!({"target": arn("cert/AB")}), vec![arn("cert/ab")]),
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
