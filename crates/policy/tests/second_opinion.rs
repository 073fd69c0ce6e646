//! The evaluator against one that is as slow as it is plain: it substitutes variables in the
//! text, matches by trying everything, and keeps nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on may panic"
)]

use fleetward_policy::{Context, Decision, PolicyDocument, Request, evaluate};
use proptest::prelude::*;

/// A statement before it becomes JSON. Patterns are lists of single characters or variables.
#[derive(Clone, Debug)]
struct PlainStatement {
    deny: bool,
    not_action: bool,
    actions: Vec<String>,
    not_resource: bool,
    resources: Vec<Vec<String>>,
    condition: Option<(String, Vec<String>)>,
}

const VARIABLE: &str = "${iot:ClientId}";
const STAR: &str = "${*}";

fn resource_text(resource: &[String]) -> String {
    format!("arn:{}", resource.concat())
}

fn document(statements: &[PlainStatement]) -> String {
    let statements: Vec<_> = statements.iter().map(statement).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn statement(statement: &PlainStatement) -> String {
    let list = |texts: Vec<String>| format!("[\"{}\"]", texts.join("\",\""));
    let effect = if statement.deny { "Deny" } else { "Allow" };
    let not = |is_not| if is_not { "Not" } else { "" };
    let resources = statement.resources.iter().map(|resource| resource_text(resource)).collect();
    let condition = statement.condition.as_ref().map_or(String::new(), |(operator, values)| {
        format!(r#","Condition":{{"{operator}":{{"k":{}}}}}"#, list(values.clone()))
    });
    format!(
        r#"{{"Effect":"{effect}","{}Action":{},"{}Resource":{}{condition}}}"#,
        not(statement.not_action),
        list(statement.actions.clone()),
        not(statement.not_resource),
        list(resources),
    )
}

/// A character of a pattern: a plain one, or a wildcard.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Plain(char),
    Any,
    One,
}

fn try_all(pattern: &[Part], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((Part::Any, rest)) => (0..=text.len()).any(|at| try_all(rest, &text[at..])),
        Some((Part::One, rest)) => !text.is_empty() && try_all(rest, &text[1..]),
        Some((Part::Plain(c), rest)) => text.first() == Some(c) && try_all(rest, &text[1..]),
    }
}

/// `None` if a variable has no value.
fn parts(pieces: &[String], client_id: Option<&str>, wildcards: bool) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for piece in pieces {
        match piece.as_str() {
            VARIABLE => parts.extend(client_id?.chars().map(Part::Plain)),
            STAR => parts.push(Part::Plain('*')),
            "*" if wildcards => parts.push(Part::Any),
            "?" if wildcards => parts.push(Part::One),
            plain => parts.extend(plain.chars().map(Part::Plain)),
        }
    }
    Some(parts)
}

fn is_match(pieces: &[String], text: &str, id: Option<&str>, wildcards: bool) -> Option<bool> {
    let text: Vec<_> = text.chars().collect();
    parts(pieces, id, wildcards).map(|parts| try_all(&parts, &text))
}

struct PlainRequest<'a> {
    action: &'a str,
    /// Without `arn:`.
    resource: &'a str,
    client_id: Option<&'a str>,
    key: Option<&'a str>,
}

fn applies(statement: &PlainStatement, request: &PlainRequest<'_>) -> bool {
    let pieces = |text: &String| text.chars().map(String::from).collect::<Vec<_>>();
    let is_action = |action: &String| {
        let (pattern, text) = (action.to_lowercase(), request.action.to_lowercase());
        is_match(&pieces(&pattern), &text, None, true).unwrap()
    };
    if statement.actions.iter().any(is_action) == statement.not_action {
        return false;
    }
    let found: Vec<_> = (statement.resources.iter())
        .map(|resource| is_match(resource, request.resource, request.client_id, true))
        .collect();
    let is_resource = found.contains(&Some(true));
    let is_unknown = found.contains(&None);
    let fits = match (statement.not_resource, statement.deny) {
        (false, _) => is_resource,
        (true, true) => !is_resource,
        (true, false) => !is_resource && !is_unknown,
    };
    fits && statement
        .condition
        .as_ref()
        .is_none_or(|condition| condition_holds(condition, statement.deny, request))
}

fn condition_holds(
    (operator, values): &(String, Vec<String>),
    deny: bool,
    request: &PlainRequest<'_>,
) -> bool {
    let is_not = operator.contains("Not");
    let Some(key) = request.key else { return is_not || operator.ends_with("IfExists") };
    let found: Vec<_> = values
        .iter()
        .map(|value| {
            let pieces = if value == VARIABLE {
                vec![value.clone()]
            } else {
                value.chars().map(String::from).collect()
            };
            is_match(&pieces, key, request.client_id, operator.contains("Like"))
        })
        .collect();
    let (is_same, is_unknown) = (found.contains(&Some(true)), found.contains(&None));
    if is_not { !is_same && (deny || !is_unknown) } else { is_same }
}

fn decide(statements: &[PlainStatement], request: &PlainRequest<'_>) -> Decision {
    let effects: Vec<_> = (statements.iter())
        .filter(|statement| applies(statement, request))
        .map(|statement| statement.deny)
        .collect();
    if effects.contains(&true) {
        Decision::ExplicitDeny
    } else if effects.contains(&false) {
        Decision::Allowed
    } else {
        Decision::ImplicitDeny
    }
}

fn plain_statement() -> impl Strategy<Value = PlainStatement> {
    let action =
        prop_oneof![Just("*".to_owned()), "[iI]ot:[abA*?]{1,3}", Just("iot:*".to_owned()),];
    let piece = prop_oneof![
        4 => "[ab*?]",
        1 => Just(VARIABLE.to_owned()),
        1 => Just(STAR.to_owned()),
    ];
    let resource = prop::collection::vec(piece, 0..4);
    let operator = "(String(Not)?(Equals|Like))(IfExists)?";
    let value = prop_oneof![3 => "[ab*?]{0,2}", 1 => Just(VARIABLE.to_owned())];
    let condition = (operator, prop::collection::vec(value, 1..3));
    (
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(action, 1..3),
        any::<bool>(),
        prop::collection::vec(resource, 1..3),
        prop::option::of(condition),
    )
        .prop_map(|(deny, not_action, actions, not_resource, resources, condition)| {
            PlainStatement { deny, not_action, actions, not_resource, resources, condition }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn agrees_with_the_plain_evaluator(
        statements in prop::collection::vec(plain_statement(), 1..4),
        action in "iot:[ab]{1,2}",
        resource in "[ab*]{0,4}",
        client_id in prop::option::of("[ab*]{0,2}"),
        key in prop::option::of("[ab]{0,2}"),
    ) {
        let mut context = Context::new();
        if let Some(id) = &client_id {
            context.set_client_id(id);
        }
        if let Some(value) = &key {
            context.set("k", value);
        }
        let policy = PolicyDocument::parse(&document(&statements)).unwrap();
        let arn = format!("arn:{resource}");
        let request = Request { action: &action, resource: &arn, context: &context };
        let plain = PlainRequest {
            action: &action,
            resource: &resource,
            client_id: client_id.as_deref(),
            key: key.as_deref(),
        };
        prop_assert_eq!(evaluate(&[&policy], &request), decide(&statements, &plain));
        // Split over several policies, the statements say the same.
        let apart: Vec<_> = (statements.chunks(1))
            .map(|statement| PolicyDocument::parse(&document(statement)).unwrap())
            .collect();
        let apart: Vec<_> = apart.iter().collect();
        prop_assert_eq!(evaluate(&apart, &request), decide(&statements, &plain));
    }
}
