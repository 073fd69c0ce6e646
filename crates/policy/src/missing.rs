//! What a request lacks: names that statements ask for and nothing has filled.

use std::collections::BTreeSet;

use crate::{Pattern, Request, Statement};

impl Statement {
    /// The names of variables and condition keys that the statement needs to be decided and that
    /// the context has no value for; none if the statement is about other actions.
    pub fn missing_keys(&self, request: &Request<'_>) -> BTreeSet<&str> {
        let (context, mut missing) = (request.context, BTreeSet::new());
        if !self.actions.fits(request.action, context, self.effect()) {
            return missing;
        }
        let mut keys: Vec<&str> = Vec::new();
        keys.extend(self.actions.patterns.iter().flat_map(Pattern::variables));
        keys.extend(self.resources.patterns.iter().flat_map(Pattern::variables));
        for condition in &self.conditions {
            keys.extend(condition.needed_key());
            keys.extend(condition.variables());
        }
        missing.extend(keys.into_iter().filter(|key| context.values(key).is_none()));
        missing
    }
}

#[cfg(test)]
mod tests {
    use crate::{Context, PolicyDocument, Request};

    fn missing(statement: &str, context: &Context) -> Vec<String> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        let policy = PolicyDocument::parse(&text).unwrap();
        let request = Request { action: "iot:Publish", resource: "arn:x", context };
        let keys = policy.statements()[0].missing_keys(&request);
        keys.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_a_statement_needs_and_nothing_fills_is_missing_once() {
        let statement = r#"{"Effect":"Allow","Action":"iot:Publish",
            "Resource":["arn:${b}/${a}","arn:${a}"],
            "Condition":{"StringEquals":{"c":"${d}"},"StringLikeIfExists":{"e":"x"},
                "Null":{"f":"true"},"ArnLike":{"c":"arn:aws:iot:${g:h}:1:x"}}}"#;
        let mut context = Context::new();
        assert_eq!(missing(statement, &context), ["a", "b", "c", "d", "g:h"]);
        context.set("a", "1").set("C", "2");
        assert_eq!(missing(statement, &context), ["b", "d", "g:h"]);
    }

    #[test]
    fn a_statement_about_other_actions_needs_nothing() {
        let statement = r#"{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:${a}"}"#;
        assert!(missing(statement, &Context::new()).is_empty());
    }
}
