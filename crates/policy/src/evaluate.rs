//! Decides a request.

#[cfg(test)]
mod tests;

use crate::document::PatternList;
use crate::pattern::Match;
use crate::{Context, Effect, PolicyDocument, Statement};

/// Somebody asks to do something with something.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What, such as `iot:Publish`.
    pub action: &'a str,
    /// With what: an ARN, or `*` for an action that has no resource.
    pub resource: &'a str,
    /// What is known beside.
    pub context: &'a Context,
}

/// What the policies say to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement applies to it.
    ImplicitDeny,
}

impl Decision {
    /// Whether the request may go on.
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

/// Decides `request` by all of `policies` together: a statement that denies wins over any that
/// allows, and what no statement allows is denied ("Policy evaluation logic").
pub fn evaluate(policies: &[&PolicyDocument], request: &Request<'_>) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for policy in policies {
        match policy.effect_on(request) {
            Some(Effect::Deny) => return Decision::ExplicitDeny,
            Some(Effect::Allow) => decision = Decision::Allowed,
            None => {}
        }
    }
    decision
}

impl PolicyDocument {
    /// What this policy alone does with the request; `None` if no statement applies to it.
    pub fn effect_on(&self, request: &Request<'_>) -> Option<Effect> {
        let mut effect = None;
        for statement in self.statements() {
            // Another statement that allows what is allowed already says nothing new.
            if effect.is_some() && statement.effect() == Effect::Allow {
                continue;
            }
            if statement.applies_to(request) {
                match statement.effect() {
                    Effect::Deny => return Some(Effect::Deny),
                    Effect::Allow => effect = Some(Effect::Allow),
                }
            }
        }
        effect
    }
}

impl Statement {
    /// Whether its actions, resources and conditions all fit the request.
    pub fn applies_to(&self, request: &Request<'_>) -> bool {
        let (context, effect) = (request.context, self.effect());
        self.actions.fits(request.action, context, effect)
            && self.resources.fits(request.resource, context, effect)
            && self.conditions.iter().all(|condition| condition.holds(context, effect))
    }
}

impl PatternList {
    /// Whether `text` is one of these, or for `NotAction` and `NotResource` none of them. One
    /// of these it is not for want of a variable; none of them it is then only for a statement
    /// that denies.
    pub(crate) fn fits(&self, text: &str, context: &Context, effect: Effect) -> bool {
        if !self.is_negated {
            return self.patterns.iter().any(|pattern| pattern.matches(text, context));
        }
        self.patterns.iter().all(|pattern| match pattern.compare(text, context) {
            Match::Same => false,
            Match::Different => true,
            Match::Unresolved => effect == Effect::Deny,
        })
    }
}
