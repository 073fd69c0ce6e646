//! What a value of the context is held against.

use std::net::IpAddr;

use ipnet::IpNet;

use super::operator::{OperatorKind, Order};
use crate::pattern::{Match, Syntax};
use crate::{Context, Pattern};

/// How many parts an ARN has; the last may have colons of its own.
const ARN_PARTS: usize = 6;

/// The values of a condition, compiled for its operator. One that fits is enough.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Text(Box<[Pattern]>),
    Arn(Box<[ArnPattern]>),
    Number(Order, Box<[f64]>),
    Bool(Box<[bool]>),
    Address(Box<[IpNet]>),
    /// Whether the key is to be absent.
    Null(Box<[bool]>),
}

/// An ARN, part by part, so that a wildcard does not reach into the next part.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ArnPattern {
    parts: Box<[Pattern]>,
}

impl Test {
    /// Compiles `values`; the error says which is none of the operator's.
    pub(super) fn compile(
        kind: OperatorKind,
        values: &[String],
        variables: bool,
    ) -> Result<Self, String> {
        let text = |wildcards, ignores_case| {
            let syntax = Syntax { wildcards, variables, ignores_case };
            each(values, |value| Pattern::compile(value, syntax)).map(Self::Text)
        };
        match kind {
            OperatorKind::StringEquals => text(false, false),
            OperatorKind::StringEqualsIgnoreCase => text(false, true),
            OperatorKind::StringLike => text(true, false),
            OperatorKind::ArnLike => {
                each(values, |value| ArnPattern::compile(value, variables)).map(Self::Arn)
            }
            OperatorKind::Numeric(order) => each(values, |value| {
                parse_number(value).ok_or_else(|| format!("has the value {value:?}, no number"))
            })
            .map(|numbers| Self::Number(order, numbers)),
            OperatorKind::Bool => each(values, |value| read_bool(value)).map(Self::Bool),
            OperatorKind::IpAddress => each(values, |value| read_net(value)).map(Self::Address),
            OperatorKind::Null => each(values, |value| read_bool(value)).map(Self::Null),
        }
    }

    /// The patterns among the values.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let (texts, arns): (&[Pattern], &[ArnPattern]) = match self {
            Self::Text(patterns) => (patterns, &[]),
            Self::Arn(arns) => (&[], arns),
            Self::Number(..) | Self::Bool(_) | Self::Address(_) | Self::Null(_) => (&[], &[]),
        };
        texts.iter().chain(arns.iter().flat_map(|arn| &*arn.parts))
    }

    /// Whether `value` fits one of the values; a value that is not of the operator's kind, such
    /// as a number that is none, fits nothing.
    pub(super) fn compare(&self, value: &str, context: &Context) -> Match {
        match self {
            Self::Text(patterns) => {
                any(patterns.iter().map(|pattern| pattern.compare(value, context)))
            }
            Self::Arn(patterns) => {
                any(patterns.iter().map(|pattern| pattern.compare(value, context)))
            }
            Self::Number(order, wanted) => told(
                parse_number(value)
                    .is_some_and(|value| wanted.iter().any(|wanted| order.holds(value, *wanted))),
            ),
            Self::Bool(wanted) => {
                told(parse_bool(value).is_some_and(|value| wanted.contains(&value)))
            }
            Self::Address(nets) => told(value.parse::<IpAddr>().is_ok_and(|address| {
                let address = address.to_canonical();
                nets.iter().any(|net| net.contains(&address))
            })),
            // A key with a value is not absent.
            Self::Null(wanted) => told(wanted.contains(&false)),
        }
    }
}

impl Order {
    fn holds(self, value: f64, wanted: f64) -> bool {
        match self {
            Self::Equal => value == wanted,
            Self::Less => value < wanted,
            Self::LessOrEqual => value <= wanted,
            Self::Greater => value > wanted,
            Self::GreaterOrEqual => value >= wanted,
        }
    }
}

impl ArnPattern {
    fn compile(value: &str, variables: bool) -> Result<Self, String> {
        let syntax = Syntax { wildcards: true, variables, ignores_case: false };
        let sources = split_arn(value);
        if sources.len() != ARN_PARTS {
            return Err(format!("has the value {value:?}, which is no ARN"));
        }
        let parts = sources.into_iter().map(|part| Pattern::compile(part, syntax));
        Ok(Self { parts: parts.collect::<Result<_, _>>()? })
    }

    fn compare(&self, value: &str, context: &Context) -> Match {
        let mut parts = value.splitn(ARN_PARTS, ':');
        let mut found = Match::Same;
        for pattern in &self.parts {
            let Some(part) = parts.next() else { return Match::Different };
            match pattern.compare(part, context) {
                Match::Same => {}
                Match::Unresolved => found = Match::Unresolved,
                Match::Different => return Match::Different,
            }
        }
        found
    }
}

/// The parts of an ARN of a policy; colons within `${…}` belong to the variable's name.
fn split_arn(value: &str) -> Vec<&str> {
    let mut in_variable = false;
    let mut previous = ' ';
    let is_separator = |c: char| {
        match c {
            '{' if previous == '$' => in_variable = true,
            '}' => in_variable = false,
            _ => {}
        }
        previous = c;
        c == ':' && !in_variable
    };
    value.splitn(ARN_PARTS, is_separator).collect()
}

fn each<T>(
    values: &[String],
    compile: impl Fn(&String) -> Result<T, String>,
) -> Result<Box<[T]>, String> {
    values.iter().map(compile).collect()
}

fn any(matches: impl Iterator<Item = Match>) -> Match {
    let mut found = Match::Different;
    for next in matches {
        match next {
            Match::Same => return Match::Same,
            Match::Unresolved => found = Match::Unresolved,
            Match::Different => {}
        }
    }
    found
}

fn told(is_same: bool) -> Match {
    if is_same { Match::Same } else { Match::Different }
}

fn parse_number(value: &str) -> Option<f64> {
    value.parse().ok().filter(|number: &f64| number.is_finite())
}

fn parse_bool(value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn read_bool(value: &str) -> Result<bool, String> {
    parse_bool(value).ok_or_else(|| format!("has the value {value:?}, neither true nor false"))
}

/// An address alone is the network of just it.
fn read_net(value: &str) -> Result<IpNet, String> {
    let net = value.parse::<IpNet>().or_else(|_| value.parse::<IpAddr>().map(IpNet::from));
    net.map_err(|_| format!("has the value {value:?}, neither address nor network"))
}
