//! Policy variables: `${iot:ClientId}` and its like, and `${*}`, `${?}`, `${$}`.

use crate::Context;

/// What a `${…}` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// A character that has no meaning of its own here.
    Character(char),
    /// The value of a key of the context.
    Variable(Variable),
}

/// A name that the context gives a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    key: Box<str>,
}

impl Variable {
    /// The name of the key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The value, to be taken literally; `None` if there is none, or several.
    pub(crate) fn value<'c>(&self, context: &'c Context) -> Option<&'c str> {
        context.single_value(&self.key)
    }
}

/// Reads the placeholder at the start of `text`, which begins with `${`, and returns it with
/// what follows it. Any name will do: one the context does not know has no value.
pub(crate) fn parse_placeholder(text: &str) -> Result<(Placeholder, &str), String> {
    let Some((name, rest)) = text.strip_prefix("${").and_then(|text| text.split_once('}')) else {
        return Err("has a policy variable without closing brace".to_owned());
    };
    let placeholder = match name {
        "*" => Placeholder::Character('*'),
        "?" => Placeholder::Character('?'),
        "$" => Placeholder::Character('$'),
        "" => return Err("has a policy variable without name".to_owned()),
        _ if name.contains(|c: char| c.is_whitespace() || "${*?'\"".contains(c)) => {
            return Err(format!("has a policy variable with the name {name:?}, which is none"));
        }
        _ => Placeholder::Variable(Variable { key: name.into() }),
    };
    Ok((placeholder, rest))
}
