//! Conditions of a statement: an operator, a key of the context, and values
//! ("IAM JSON policy elements: Condition operators" and "Multivalued context keys").

mod operator;
mod test;
#[cfg(test)]
mod tests;

use operator::{Operator, Quantifier};
use test::Test;

use crate::pattern::Match;
use crate::{Context, Effect, Pattern};

/// One operator on one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    operator: Operator,
    key: Box<str>,
    /// What a value of the key is held against, without the operator's negation.
    test: Test,
}

impl Condition {
    /// Compiles `operator: {key: values}`; the error says what is wrong.
    pub(crate) fn compile(
        operator: &str,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Self, String> {
        let operator = Operator::parse(operator)?;
        if key.is_empty() {
            return Err("is without a key".to_owned());
        }
        let test = Test::compile(operator.kind, values, variables)?;
        Ok(Self { operator, key: key.into(), test })
    }

    /// Whether there is such an operator.
    pub(crate) fn check_operator(operator: &str) -> Result<(), String> {
        Operator::parse(operator).map(drop)
    }

    /// Whether it holds, for a statement of this effect: what cannot be told, since a variable
    /// has no value, holds for a statement that denies only.
    pub(crate) fn holds(&self, context: &Context, effect: Effect) -> bool {
        let values = context.values(&self.key);
        if let Test::Null(wanted) = &self.test {
            return wanted.contains(&values.is_none());
        }
        let Some(values) = values else { return self.holds_without_key() };
        let compare = |value: &str| self.test.compare(value, context);
        match self.operator.quantifier {
            Quantifier::ForAllValues => {
                values.iter().all(|value| self.value_holds(compare(value), effect))
            }
            Quantifier::ForAnyValue => {
                values.iter().any(|value| self.value_holds(compare(value), effect))
            }
            // "Not equal" of several values means that none is equal.
            Quantifier::None if self.operator.is_negated => {
                values.iter().all(|value| self.value_holds(compare(value), effect))
            }
            Quantifier::None => values.iter().any(|value| self.value_holds(compare(value), effect)),
        }
    }

    /// The key, if it takes its value to decide: `Null` and `…IfExists` can be told without.
    pub(crate) fn needed_key(&self) -> Option<&str> {
        let is_needed = !self.operator.if_exists && !matches!(self.test, Test::Null(_));
        is_needed.then_some(&*self.key)
    }

    /// The names of the variables in its values.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.test.patterns().flat_map(Pattern::variables)
    }

    fn value_holds(&self, found: Match, effect: Effect) -> bool {
        match found {
            Match::Same => !self.operator.is_negated,
            Match::Different => self.operator.is_negated,
            Match::Unresolved => self.operator.is_negated && effect == Effect::Deny,
        }
    }

    /// A key that is not there is equal to nothing.
    fn holds_without_key(&self) -> bool {
        if self.operator.if_exists {
            return true;
        }
        match self.operator.quantifier {
            Quantifier::ForAllValues => true,
            Quantifier::ForAnyValue => false,
            Quantifier::None => self.operator.is_negated,
        }
    }
}
