use super::*;
use crate::actions::{IotAction, ResourceArns};

fn policy(text: &str) -> PolicyDocument {
    PolicyDocument::parse(text).unwrap()
}

fn arns() -> ResourceArns {
    ResourceArns::new("us-east-1", "123456789012")
}

/// `BASE:` stands for the begin of each ARN.
fn decide(text: &str, action: IotAction, name: &str, context: &Context) -> Decision {
    let mut resource = String::new();
    arns().write(&mut resource, action, name);
    let text = text.replace("BASE:", "arn:aws:iot:us-east-1:123456789012:");
    evaluate(&[&policy(&text)], &Request { action: action.name(), resource: &resource, context })
}

fn client(client_id: &str) -> Context {
    let mut context = Context::new();
    context.set_client_id(client_id);
    context
}

/// What AWS suggests for a fleet: each device on its own topics, and only while it is attached.
const FLEET: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "iot:Connect",
      "Resource": "BASE:client/${iot:Connection.Thing.ThingName}",
      "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}
    },
    {
      "Effect": "Allow",
      "Action": ["iot:Publish", "iot:Receive"],
      "Resource": "BASE:topic/dt/${iot:Connection.Thing.ThingName}/*"
    },
    {
      "Effect": "Allow",
      "Action": "iot:Subscribe",
      "Resource": "BASE:topicfilter/dt/${iot:Connection.Thing.ThingName}/#"
    },
    {
      "Effect": "Deny",
      "Action": "iot:Publish",
      "Resource": "BASE:topic/dt/*/secret"
    }
  ]
}"#;

#[test]
fn a_fleet_policy_keeps_each_device_to_itself() {
    use Decision::{Allowed, ExplicitDeny, ImplicitDeny};
    let mut context = client("pump-1");
    context.set(crate::keys::THING_NAME, "pump-1").set_is_attached(true);
    for (action, name, expected) in [
        (IotAction::Connect, "pump-1", Allowed),
        (IotAction::Connect, "pump-2", ImplicitDeny),
        (IotAction::Publish, "dt/pump-1/temperature", Allowed),
        (IotAction::Publish, "dt/pump-1/a/b/c", Allowed),
        (IotAction::Publish, "dt/pump-2/temperature", ImplicitDeny),
        (IotAction::Publish, "dt/pump-1", ImplicitDeny),
        (IotAction::Publish, "dt/pump-1/secret", ExplicitDeny),
        (IotAction::Receive, "dt/pump-1/secret", Allowed),
        (IotAction::RetainPublish, "dt/pump-1/x", ImplicitDeny),
        (IotAction::Subscribe, "dt/pump-1/#", Allowed),
        (IotAction::Subscribe, "dt/pump-1/x", ImplicitDeny),
        (IotAction::Subscribe, "dt/+/#", ImplicitDeny),
    ] {
        assert_eq!(decide(FLEET, action, name, &context), expected, "{action:?} {name}");
    }
    context.set_is_attached(false);
    assert_eq!(decide(FLEET, IotAction::Connect, "pump-1", &context), ImplicitDeny);
    let unknown = client("pump-1");
    assert_eq!(decide(FLEET, IotAction::Connect, "pump-1", &unknown), ImplicitDeny);
    let dollar = "dt/${iot:Connection.Thing.ThingName}/x";
    assert_eq!(decide(FLEET, IotAction::Publish, dollar, &unknown), ImplicitDeny);
}

#[test]
fn a_client_id_is_never_a_wildcard() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Publish",
        "Resource":"arn:aws:iot:us-east-1:123456789012:topic/${iot:ClientId}"}}"#;
    for client_id in ["*", "?", "${*}", "*/"] {
        let context = client(client_id);
        let with = |name| decide(text, IotAction::Publish, name, &context);
        assert_eq!(with("a"), Decision::ImplicitDeny, "{client_id}");
        assert_eq!(with("a/"), Decision::ImplicitDeny, "{client_id}");
        assert_eq!(with(client_id), Decision::Allowed, "{client_id}");
    }
}

/// AWS says so in as many words ("Basic AWS IoT Core policy variables"): to a policy `+` is a
/// plain character, so who may connect as `+` may subscribe to `my/+/topic`. Operators close
/// this with the client ids they allow; the evaluator does not differ from AWS behind their back.
#[test]
fn an_mqtt_wildcard_in_a_client_id_is_a_plain_character() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Subscribe",
        "Resource":"arn:aws:iot:us-east-1:123456789012:topicfilter/my/${iot:ClientId}/topic"}}"#;
    let subscribe = |id, filter| decide(text, IotAction::Subscribe, filter, &client(id));
    assert_eq!(subscribe("+", "my/+/topic"), Decision::Allowed);
    assert_eq!(subscribe("pump", "my/+/topic"), Decision::ImplicitDeny);
}

#[test]
fn attributes_and_types_of_the_thing_and_the_certificate_are_variables() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Publish",
        "Resource":"BASE:topic/TYPE/${iot:Connection.Thing.Attributes[site]}/NAME"}}"#
        .replace("TYPE", "${iot:Connection.Thing.ThingTypeName}")
        .replace("NAME", "${iot:Certificate.Subject.CommonName}");
    let mut context = client("c");
    context.set_thing_attribute("site", "berlin");
    context.set(crate::keys::CERTIFICATE_COMMON_NAME, "cn");
    let publish = |context: &Context, name| decide(&text, IotAction::Publish, name, context);
    assert_eq!(publish(&context, "pump/berlin/cn"), Decision::ImplicitDeny);
    context.set(crate::keys::THING_TYPE_NAME, "pump");
    assert_eq!(publish(&context, "pump/berlin/cn"), Decision::Allowed);
    assert_eq!(publish(&context, "pump/paris/cn"), Decision::ImplicitDeny);
}

#[test]
fn deny_wins_whichever_policy_it_stands_in() {
    let allow = policy(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#);
    let deny = policy(r#"{"Statement":{"Effect":"Deny","Action":"IOT:publish","Resource":"*"}}"#);
    let context = Context::new();
    let request = |action| Request { action, resource: "arn:x", context: &context };
    for policies in [[&allow, &deny], [&deny, &allow]] {
        assert_eq!(evaluate(&policies, &request("iot:Publish")), Decision::ExplicitDeny);
        assert_eq!(evaluate(&policies, &request("iot:Connect")), Decision::Allowed);
    }
    assert_eq!(evaluate(&[], &request("iot:Connect")), Decision::ImplicitDeny);
    assert_eq!(deny.effect_on(&request("iot:Publish")), Some(Effect::Deny));
    assert_eq!(deny.effect_on(&request("iot:Connect")), None);
    assert!(!Decision::ImplicitDeny.is_allowed() && !Decision::ExplicitDeny.is_allowed());
}

#[test]
fn not_action_and_not_resource_are_all_but_those() {
    let text = r#"{"Statement":{"Effect":"Allow","NotAction":["iot:Connect","iot:Re*"],
        "NotResource":"arn:aws:iot:us-east-1:123456789012:topic/secret/*"}}"#;
    let context = Context::new();
    for (action, name, is_allowed) in [
        (IotAction::Publish, "a", true),
        (IotAction::Publish, "secret/a", false),
        (IotAction::Connect, "a", false),
        (IotAction::Receive, "a", false),
    ] {
        assert_eq!(decide(text, action, name, &context).is_allowed(), is_allowed, "{action:?}");
    }
}

#[test]
fn not_resource_without_value_denies_and_does_not_allow() {
    let with = |effect: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"*",
            "NotResource":"arn:aws:iot:us-east-1:123456789012:topic/${{iot:ClientId}}"}}}}"#
        )
    };
    let (unknown, known) = (Context::new(), client("c"));
    let publish = |effect, context| decide(&with(effect), IotAction::Publish, "x", context);
    assert_eq!(publish("Allow", &unknown), Decision::ImplicitDeny);
    assert_eq!(publish("Deny", &unknown), Decision::ExplicitDeny);
    assert_eq!(publish("Allow", &known), Decision::Allowed);
    assert_eq!(decide(&with("Deny"), IotAction::Publish, "c", &known), Decision::ImplicitDeny);
}

#[test]
fn the_policy_of_an_api_key_is_decided_by_the_same_rules() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["iot:*SecurityProfile*","iot:List*"],"Resource":"*"},
        {"Effect":"Deny","Action":"iot:Delete*",
         "Resource":"arn:aws:iot:*:*:securityprofile/production-*",
         "Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#;
    let key = PolicyDocument::parse_api_key_policy(text).unwrap();
    let mut context = Context::new();
    context.set_source_ip("192.0.2.1".parse().unwrap());
    let decide = |action, name: &str, context: &Context| {
        let resource = format!("arn:aws:iot:us-east-1:123456789012:securityprofile/{name}");
        evaluate(&[&key], &Request { action, resource: &resource, context })
    };
    let delete = "iot:DeleteSecurityProfile";
    assert_eq!(decide(delete, "test", &context), Decision::Allowed);
    assert_eq!(decide(delete, "production-1", &context), Decision::ExplicitDeny);
    assert_eq!(decide("iot:CreateThing", "x", &context), Decision::ImplicitDeny);
    context.set_source_ip("10.1.2.3".parse().unwrap());
    assert_eq!(decide(delete, "production-1", &context), Decision::Allowed);
}
