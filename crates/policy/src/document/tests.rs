use proptest::prelude::*;

use super::*;
use crate::limits::JSON_MAX_DEPTH;

fn refusal(text: &str) -> String {
    PolicyDocument::parse(text).unwrap_err().to_string()
}

/// A document with one statement, made of `members` beside those every statement needs.
fn statement(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{{members}}}}}"#)
}

const NEEDED: &str = r#""Effect":"Allow","Action":"iot:Connect","Resource":"*""#;

#[test]
fn a_statement_may_stand_alone_or_in_an_array() {
    let one = PolicyDocument::parse(&statement(NEEDED)).unwrap();
    assert_eq!(one.version(), PolicyVersion::V2012);
    let text = format!(r#"{{"Id":"x","Statement":[{{{NEEDED}}},{{"Sid":"s",{NEEDED}}}]}}"#);
    let two = PolicyDocument::parse(&text).unwrap();
    assert_eq!(two.version(), PolicyVersion::V2008);
    assert_eq!(two.statements()[1].sid(), Some("s"));
    assert_eq!(two.statements()[0].effect(), Effect::Allow);
    assert_eq!(two.statements()[0].actions()[0].source(), "iot:Connect");
    assert!(!two.statements()[0].is_conditional());
}

#[test]
fn arrays_and_negations_are_read() {
    let text = statement(
        r#""Effect":"Deny","NotAction":["iot:Connect","iot:Pub*"],"NotResource":["arn:a","arn:b"]"#,
    );
    let policy = PolicyDocument::parse(&text).unwrap();
    let statement = &policy.statements()[0];
    assert!(statement.is_not_action() && statement.is_not_resource());
    assert_eq!((statement.actions().len(), statement.resources().len()), (2, 2));
}

#[test]
fn the_message_names_the_place() {
    for (text, expected) in [
        ("[]", "Policy element document is not an object"),
        ("{}", "Policy element Statement is missing"),
        (r#"{"Statement":[]}"#, "Policy element Statement is empty"),
        (r#"{"Statement":[1]}"#, "Policy element Statement[0] is not an object"),
        (r#"{"Foo":1}"#, "Policy element Foo is not known"),
        (
            r#"{"Version":"2013-01-01","Statement":[]}"#,
            "Policy element Version is neither 2012-10-17 nor 2008-10-17",
        ),
        (r#"{"Version":1,"Statement":[]}"#, "Policy element Version is not a string"),
    ] {
        assert_eq!(refusal(text), expected);
    }
}

#[test]
fn the_message_names_the_place_in_the_statement() {
    let condition = |block: &str| format!(r#"{NEEDED},"Condition":{block}"#);
    for (members, expected) in [
        (String::new(), "Statement.Effect is missing"),
        (r#""Effect":"Allow","Resource":"*""#.into(), "Statement.Action is missing"),
        (r#""Effect":"Allow","Action":"*""#.into(), "Statement.Resource is missing"),
        (r#""Effect":"allow""#.into(), "Statement.Effect is neither Allow nor Deny"),
        (r#""Action":[]"#.into(), "Statement.Action is empty"),
        (r#""Action":["iot:A",7]"#.into(), "Statement.Action[1] is not a string"),
        (
            r#""Action":["Connect"]"#.into(),
            "Statement.Action[0] is neither * nor of the form service:action",
        ),
        (r#""Resource":"topic/a""#.into(), "Statement.Resource is neither * nor an ARN"),
        (
            r#""Resource":"arn:${iot:ClientId""#.into(),
            "Statement.Resource has a policy variable without closing brace",
        ),
        (format!(r#"{NEEDED},"NotAction":"*""#), "Statement has both Action and NotAction"),
        (format!(r#"{NEEDED},"NotResource":"*""#), "Statement has both Resource and NotResource"),
        (
            format!(r#"{NEEDED},"Principal":"*""#),
            "Statement.Principal is not for policies attached to a principal",
        ),
        (format!(r#"{NEEDED},"Foo":"*""#), "Statement.Foo is not known"),
        (
            condition(r#"{"StringSame":{"a":"b"}}"#),
            "Statement.Condition.StringSame.a has the unknown operator StringSame",
        ),
        (
            condition(r#"{"StringSame":{}}"#),
            "Statement.Condition.StringSame has the unknown operator StringSame",
        ),
        (
            condition(r#"{"NullIfExists":{"a":"true"}}"#),
            "Statement.Condition.NullIfExists.a has the operator NullIfExists, Null stands alone",
        ),
        (
            condition(r#"{"NumericEquals":{"a":["1","x"]}}"#),
            r#"Statement.Condition.NumericEquals.a has the value "x", no number"#,
        ),
        (
            condition(r#"{"Bool":{"a":"yes"}}"#),
            r#"Statement.Condition.Bool.a has the value "yes", neither true nor false"#,
        ),
        (
            condition(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}"#),
            "Statement.Condition.IpAddress.aws:SourceIp has the value \"10.0.0.0/33\", neither \
             address nor network",
        ),
        (
            condition(r#"{"ArnLike":{"a":"arn:aws:iot"}}"#),
            r#"Statement.Condition.ArnLike.a has the value "arn:aws:iot", which is no ARN"#,
        ),
        (condition(r#"{"Bool":{"a":[]}}"#), "Statement.Condition.Bool.a is empty"),
        (
            condition(r#"{"Bool":{"a":null}}"#),
            "Statement.Condition.Bool.a has a value that is no string, number or truth value",
        ),
        (condition("[]"), "Statement.Condition is not an object"),
    ] {
        assert_eq!(refusal(&statement(&members)), format!("Policy element {expected}"));
    }
}

#[test]
fn white_space_between_tokens_does_not_count() {
    let spaced = statement(NEEDED).replace(',', &format!(",{}", " \n\t".repeat(1_000)));
    assert!(PolicyDocument::parse(&spaced).is_ok());
    let at_limit = |extra: usize| {
        let used = statement(&format!(r#""Sid":"",{NEEDED}"#)).chars().count();
        let sid = " ".repeat(IOT_POLICY_MAX_CHARACTERS - used + extra);
        statement(&format!(r#""Sid":"{sid}",{NEEDED}"#))
    };
    assert!(PolicyDocument::parse(&at_limit(0)).is_ok());
    assert_eq!(
        refusal(&at_limit(1)),
        "The policy document has 2049 characters beside white space, the limit is 2048"
    );
    assert!(PolicyDocument::parse_api_key_policy(&at_limit(1)).is_ok());
    let huge = " ".repeat(POLICY_TEXT_MAX_BYTES + 1);
    assert!(refusal(&huge).contains("404601 bytes"));
}

#[test]
fn a_key_may_not_come_twice() {
    let text = statement(&format!(r#"{NEEDED},"Effect":"Deny""#));
    assert!(refusal(&text).contains(r#"the key "Effect" comes twice"#), "{}", refusal(&text));
    let same = r#"{"Version":"2012-10-17","Version":"2012-10-17"}"#;
    assert!(refusal(same).contains("comes twice"));
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), (r#"{"Statement":"#, "}")] {
        for depth in [JSON_MAX_DEPTH, 1_000, 50_000] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(PolicyDocument::parse_within(&text, usize::MAX).is_err());
        }
    }
}

#[test]
fn the_older_language_has_no_variables() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:${iot:ClientId"}}"#;
    assert!(!PolicyDocument::parse(text).unwrap().statements()[0].resources()[0].has_variables());
}

proptest! {
    #[test]
    fn any_text_is_a_policy_or_refused(text in ".{0,200}") {
        PolicyDocument::parse(&text).ok();
    }

    #[test]
    fn any_cut_or_changed_policy_is_a_policy_or_refused(at in 0usize..400, with in ".{0,3}") {
        let text = statement(&format!(
            r#"{NEEDED},"Condition":{{"StringLike":{{"iot:ClientId":["a*","${{aws:SourceIp}}"]}},
            "NumericLessThan":{{"x":5}},"IpAddress":{{"aws:SourceIp":"10.0.0.0/8"}}}}"#
        ));
        prop_assert!(PolicyDocument::parse(&text).is_ok());
        let at = at.min(text.len());
        let end = (at + with.chars().count()).min(text.len());
        PolicyDocument::parse(&format!("{}{with}{}", &text[..at], &text[end..])).ok();
        PolicyDocument::parse(&text[..at]).ok();
    }
}
