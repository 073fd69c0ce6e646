//! Names of condition operators.

/// A condition operator, taken apart: `[ForAllValues:|ForAnyValue:]NAME[IfExists]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Quantifier,
    pub(super) kind: OperatorKind,
    pub(super) is_negated: bool,
    pub(super) if_exists: bool,
}

/// How many values of a key have to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    None,
    ForAllValues,
    ForAnyValue,
}

/// What is compared, and how, without negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperatorKind {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    /// `ArnEquals` and `ArnLike`, which AWS treats alike.
    ArnLike,
    Numeric(Order),
    Bool,
    IpAddress,
    Null,
}

/// How a number of the context stands to that of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::ForAllValues, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::ForAnyValue, rest)
        } else {
            (Quantifier::None, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (kind, is_negated) =
            parse_base(base).ok_or_else(|| format!("has the unknown operator {name}"))?;
        if kind == OperatorKind::Null && (if_exists || quantifier != Quantifier::None) {
            return Err(format!("has the operator {name}, Null stands alone"));
        }
        Ok(Self { quantifier, kind, is_negated, if_exists })
    }
}

/// The operator and whether it is negated.
fn parse_base(name: &str) -> Option<(OperatorKind, bool)> {
    use OperatorKind as K;
    Some(match name {
        "StringEquals" => (K::StringEquals, false),
        "StringNotEquals" => (K::StringEquals, true),
        "StringEqualsIgnoreCase" => (K::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (K::StringEqualsIgnoreCase, true),
        "StringLike" => (K::StringLike, false),
        "StringNotLike" => (K::StringLike, true),
        "ArnEquals" | "ArnLike" => (K::ArnLike, false),
        "ArnNotEquals" | "ArnNotLike" => (K::ArnLike, true),
        "NumericEquals" => (K::Numeric(Order::Equal), false),
        "NumericNotEquals" => (K::Numeric(Order::Equal), true),
        "NumericLessThan" => (K::Numeric(Order::Less), false),
        "NumericLessThanEquals" => (K::Numeric(Order::LessOrEqual), false),
        "NumericGreaterThan" => (K::Numeric(Order::Greater), false),
        "NumericGreaterThanEquals" => (K::Numeric(Order::GreaterOrEqual), false),
        "Bool" => (K::Bool, false),
        "IpAddress" => (K::IpAddress, false),
        "NotIpAddress" => (K::IpAddress, true),
        "Null" => (K::Null, false),
        _ => return None,
    })
}
