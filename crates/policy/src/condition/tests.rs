use crate::{Context, Decision, Effect, PolicyDocument, Request, evaluate};

/// Whether a statement with this effect and this `Condition` applies.
fn applies(effect: Effect, condition: &str, context: &Context) -> bool {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect:?}","Action":"*",
        "Resource":"*","Condition":{condition}}}}}"#
    );
    let policy = PolicyDocument::parse(&text).unwrap();
    let request = Request { action: "iot:Connect", resource: "arn:x", context };
    match evaluate(&[&policy], &request) {
        Decision::Allowed => effect == Effect::Allow,
        Decision::ExplicitDeny => effect == Effect::Deny,
        Decision::ImplicitDeny => false,
    }
}

fn check(cases: &[(&str, bool)], context: &Context) {
    for (condition, expected) in cases {
        assert_eq!(applies(Effect::Allow, condition, context), *expected, "{condition}");
        assert_eq!(applies(Effect::Deny, condition, context), *expected, "deny {condition}");
    }
}

fn context(entries: &[(&str, &str)]) -> Context {
    let mut context = Context::new();
    for (key, value) in entries {
        context.set(key, value);
    }
    context
}

#[test]
fn texts() {
    check(
        &[
            (r#"{"StringEquals":{"k":"Pump-1"}}"#, true),
            (r#"{"StringEquals":{"k":["x","Pump-1"]}}"#, true),
            (r#"{"StringEquals":{"K":"Pump-1"}}"#, true),
            (r#"{"StringEquals":{"k":"pump-1"}}"#, false),
            (r#"{"StringEquals":{"k":"Pump-*"}}"#, false),
            (r#"{"StringNotEquals":{"k":["x","y"]}}"#, true),
            (r#"{"StringNotEquals":{"k":["x","Pump-1"]}}"#, false),
            (r#"{"StringEqualsIgnoreCase":{"k":"PUMP-1"}}"#, true),
            (r#"{"StringNotEqualsIgnoreCase":{"k":"PUMP-1"}}"#, false),
            (r#"{"StringLike":{"k":"Pump-*"}}"#, true),
            (r#"{"StringLike":{"k":"P?mp-?"}}"#, true),
            (r#"{"StringLike":{"k":"pump-*"}}"#, false),
            (r#"{"StringNotLike":{"k":"Pump-*"}}"#, false),
            (r#"{"StringNotLike":{"k":"Valve-*"}}"#, true),
        ],
        &context(&[("k", "Pump-1")]),
    );
}

#[test]
fn all_operators_and_all_keys_have_to_hold() {
    check(
        &[
            (r#"{"StringEquals":{"a":"1","b":"2"}}"#, true),
            (r#"{"StringEquals":{"a":"1","b":"3"}}"#, false),
            (r#"{"StringEquals":{"a":"1"},"StringLike":{"b":"*"}}"#, true),
            (r#"{"StringEquals":{"a":"1"},"StringLike":{"b":"x*"}}"#, false),
            ("{}", true),
        ],
        &context(&[("a", "1"), ("b", "2")]),
    );
}

#[test]
fn numbers() {
    check(
        &[
            (r#"{"NumericEquals":{"n":10}}"#, true),
            (r#"{"NumericEquals":{"n":"10.0"}}"#, true),
            (r#"{"NumericEquals":{"n":[9,10]}}"#, true),
            (r#"{"NumericNotEquals":{"n":[9,10]}}"#, false),
            (r#"{"NumericNotEquals":{"n":9}}"#, true),
            (r#"{"NumericLessThan":{"n":10}}"#, false),
            (r#"{"NumericLessThan":{"n":"10.5"}}"#, true),
            (r#"{"NumericLessThanEquals":{"n":10}}"#, true),
            (r#"{"NumericGreaterThan":{"n":-1}}"#, true),
            (r#"{"NumericGreaterThan":{"n":10}}"#, false),
            (r#"{"NumericGreaterThanEquals":{"n":10}}"#, true),
            (r#"{"NumericEquals":{"text":10}}"#, false),
            (r#"{"NumericNotEquals":{"text":10}}"#, true),
            (r#"{"NumericLessThan":{"nan":10}}"#, false),
        ],
        &context(&[("n", "10"), ("text", "ten"), ("nan", "NaN")]),
    );
}

#[test]
fn truth_values_and_absent_keys() {
    check(
        &[
            (r#"{"Bool":{"t":true}}"#, true),
            (r#"{"Bool":{"t":"True"}}"#, true),
            (r#"{"Bool":{"t":"false"}}"#, false),
            (r#"{"Bool":{"absent":"false"}}"#, false),
            (r#"{"BoolIfExists":{"absent":"true"}}"#, true),
            (r#"{"BoolIfExists":{"t":"false"}}"#, false),
            (r#"{"Null":{"absent":"true"}}"#, true),
            (r#"{"Null":{"absent":"false"}}"#, false),
            (r#"{"Null":{"t":"true"}}"#, false),
            (r#"{"Null":{"t":false}}"#, true),
            (r#"{"StringEquals":{"absent":""}}"#, false),
            (r#"{"StringLike":{"absent":"*"}}"#, false),
            (r#"{"StringEqualsIfExists":{"absent":"x"}}"#, true),
            (r#"{"StringEqualsIfExists":{"t":"x"}}"#, false),
            (r#"{"StringNotEquals":{"absent":"x"}}"#, true),
            (r#"{"NotIpAddress":{"absent":"10.0.0.0/8"}}"#, true),
            (r#"{"NumericLessThan":{"absent":"1"}}"#, false),
        ],
        &context(&[("t", "true")]),
    );
}

#[test]
fn addresses() {
    let cases = [
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.77/24"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.7"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}"#, false),
        (r#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}"#, true),
        (r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#, false),
    ];
    check(&cases, &context(&[("aws:SourceIp", "203.0.113.7")]));
    check(&cases, &context(&[("aws:SourceIp", "::ffff:203.0.113.7")]));
    let six = context(&[("aws:SourceIp", "2001:db8::1")]);
    check(&[(r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}"#, true)], &six);
    let garbage = context(&[("aws:SourceIp", "somewhere")]);
    check(&[(r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#, false)], &garbage);
}

#[test]
fn wildcards_of_arns_stay_in_their_part() {
    check(
        &[
            (r#"{"ArnEquals":{"a":"arn:aws:iot:*:1234:thing/*"}}"#, true),
            (r#"{"ArnLike":{"a":"arn:aws:*:*:*:*"}}"#, true),
            (r#"{"ArnLike":{"a":"arn:*:*:*:*:thing/a:b"}}"#, true),
            (r#"{"ArnLike":{"a":"arn:aws:iot:*:*:thing/a"}}"#, false),
            (r#"{"ArnLike":{"a":"arn:aws:*:1234:thing/a:b:*"}}"#, false),
            (r#"{"ArnNotLike":{"a":"arn:aws:iot:*:*:thing/*"}}"#, false),
            (r#"{"ArnNotEquals":{"a":"arn:aws:iot:*:*:cert/*"}}"#, true),
            (r#"{"ArnLike":{"a":"arn:aws:iot:*:*:thing/${iot:ClientId}"}}"#, true),
            (r#"{"ArnLike":{"short":"arn:*:*:*:*:*"}}"#, false),
        ],
        &context(&[
            ("a", "arn:aws:iot:eu-west-1:1234:thing/a:b"),
            ("short", "arn:aws:iot"),
            ("iot:ClientId", "a:b"),
        ]),
    );
}

#[test]
fn keys_with_several_values() {
    let mut context = Context::new();
    context.set_many("tags", ["red", "blue"]).set_many("none", []);
    check(
        &[
            (r#"{"ForAnyValue:StringEquals":{"tags":["red","green"]}}"#, true),
            (r#"{"ForAnyValue:StringEquals":{"tags":"green"}}"#, false),
            (r#"{"ForAnyValue:StringEquals":{"absent":"red"}}"#, false),
            (r#"{"ForAnyValue:StringEquals":{"none":"red"}}"#, false),
            (r#"{"ForAnyValue:StringNotEquals":{"tags":"red"}}"#, true),
            (r#"{"ForAnyValue:StringNotEquals":{"tags":["red","blue"]}}"#, false),
            (r#"{"ForAllValues:StringEquals":{"tags":["red","blue","green"]}}"#, true),
            (r#"{"ForAllValues:StringEquals":{"tags":"red"}}"#, false),
            (r#"{"ForAllValues:StringLike":{"tags":["r*","b*"]}}"#, true),
            (r#"{"ForAllValues:StringEquals":{"absent":"red"}}"#, true),
            (r#"{"ForAllValues:StringEquals":{"none":"red"}}"#, true),
            (r#"{"ForAllValues:StringNotEquals":{"tags":"green"}}"#, true),
            (r#"{"ForAllValues:StringNotEquals":{"tags":"red"}}"#, false),
            (r#"{"ForAnyValue:StringEqualsIfExists":{"absent":"red"}}"#, true),
            (r#"{"StringEquals":{"tags":"red"}}"#, true),
            (r#"{"StringNotEquals":{"tags":"red"}}"#, false),
            (r#"{"StringNotEquals":{"tags":"green"}}"#, true),
        ],
        &context,
    );
}

#[test]
fn a_variable_is_taken_literally_in_a_condition() {
    check(
        &[
            (r#"{"StringLike":{"k":"${iot:ClientId}"}}"#, false),
            (r#"{"StringEquals":{"iot:ClientId":"${iot:ClientId}"}}"#, true),
            (r#"{"StringEquals":{"iot:ClientId":"${*}"}}"#, true),
            (r#"{"StringLike":{"k":"${*}"}}"#, false),
        ],
        &context(&[("iot:ClientId", "*"), ("k", "pump")]),
    );
}

#[test]
fn a_variable_without_value_neither_widens_allow_nor_narrows_deny() {
    let context = context(&[("k", "pump")]);
    for operator in ["StringEquals", "StringLike", "ForAnyValue:StringEquals"] {
        let condition = format!(r#"{{"{operator}":{{"k":"${{iot:ClientId}}"}}}}"#);
        assert!(!applies(Effect::Allow, &condition, &context), "{condition}");
        assert!(!applies(Effect::Deny, &condition, &context), "{condition}");
    }
    for operator in ["StringNotEquals", "StringNotLike", "ForAllValues:StringNotEquals"] {
        let condition = format!(r#"{{"{operator}":{{"k":["x","${{iot:ClientId}}"]}}}}"#);
        assert!(!applies(Effect::Allow, &condition, &context), "{condition}");
        assert!(applies(Effect::Deny, &condition, &context), "{condition}");
        let known = format!(r#"{{"{operator}":{{"k":["pump","${{iot:ClientId}}"]}}}}"#);
        assert!(!applies(Effect::Deny, &known, &context), "{known}");
    }
}
