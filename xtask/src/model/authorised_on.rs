//! The resources that an operation is authorised on: templates over the members of its input.

use super::ModelError;
use super::service::{Kind, Service, Shape};

/// One resource, from one member of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// What stands before the name: `dimension/`. Empty where the member holds a whole ARN.
    pub(super) prefix: String,
    /// The member.
    pub(super) member: String,
}

/// The kinds of resources that ARNs of service `iot` name. A typing error would else authorise on
/// what no policy ever names.
const KINDS: [&str; 13] = [
    "billinggroup",
    "cacert",
    "cert",
    "custommetric",
    "dimension",
    "index",
    "mitigationaction",
    "policy",
    "scheduledaudit",
    "securityprofile",
    "thing",
    "thinggroup",
    "thingtype",
];

/// Reads the templates of an operation: for each resource, the alternatives of which the first
/// that the request holds is taken. None stand for `*`.
pub(super) fn parse(
    operation: &str,
    on: &[String],
    input: &Shape,
    service: &Service,
) -> Result<Vec<Vec<Template>>, ModelError> {
    if on == ["*"] {
        return Ok(Vec::new());
    }
    let wrong = |problem: &str| {
        ModelError::Unsupported(format!("model/served.toml: {operation}: on: {problem}"))
    };
    if on.is_empty() {
        return Err(wrong("no resource; one that is about none in particular says \"*\""));
    }
    let alternatives = |text: &String| {
        let read = |one: &str| template(one.trim(), input, service);
        text.split('|').map(read).collect::<Result<Vec<_>, _>>()
    };
    on.iter().map(alternatives).collect::<Result<_, _>>().map_err(|problem| wrong(&problem))
}

/// `dimension/{name}` or `{target}`; the member must be there and hold text.
fn template(text: &str, input: &Shape, service: &Service) -> Result<Template, String> {
    let parts =
        text.split_once('{').and_then(|(prefix, rest)| Some((prefix, rest.strip_suffix('}')?)));
    let Some((prefix, name)) = parts else {
        return Err(format!("{text:?} is neither kind/{{member}} nor {{member}}"));
    };
    let kind = prefix.strip_suffix('/').unwrap_or(prefix);
    if !prefix.is_empty() && (kind == prefix || !KINDS.contains(&kind)) {
        return Err(format!("{prefix:?} is no kind of resource followed by a slash"));
    }
    let member = input.members.iter().find(|member| member.name == name);
    let Some(member) = member else {
        return Err(format!("the input has no member {name:?}"));
    };
    let shape_of = |name: &str| service.shape(name).map_err(|error| error.to_string());
    let mut shape = shape_of(&member.shape)?;
    if let (Kind::List, Some(element)) = (shape.kind, &shape.member) {
        shape = shape_of(element)?;
    }
    if shape.kind != Kind::String {
        return Err(format!("the member {name:?} holds no text"));
    }
    Ok(Template { prefix: prefix.to_owned(), member: name.to_owned() })
}

/// The templates as they stand in `model/served.toml`, for the reference.
pub(super) fn show(on: &[Vec<Template>]) -> String {
    if on.is_empty() {
        return "`*`".to_owned();
    }
    let one = |template: &Template| format!("`{}{{{}}}`", template.prefix, template.member);
    let alternatives = |all: &Vec<Template>| all.iter().map(one).collect::<Vec<_>>().join(" or ");
    on.iter().map(alternatives).collect::<Vec<_>>().join(", ")
}
