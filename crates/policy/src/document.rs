//! Policy documents: JSON in, compiled statements out.

mod json;
mod read;
#[cfg(test)]
mod tests;

use crate::condition::Condition;
use crate::limits::{
    API_KEY_POLICY_MAX_CHARACTERS, IOT_POLICY_MAX_CHARACTERS, POLICY_TEXT_MAX_BYTES,
};
use crate::{Effect, Pattern, PolicyError};

/// A policy, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    version: PolicyVersion,
    statements: Box<[Statement]>,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyVersion {
    /// 2008-10-17, which has no policy variables: `${…}` means itself. It is also that of a
    /// document without `Version` ("IAM JSON policy elements: Version").
    V2008,
    /// 2012-10-17.
    V2012,
}

/// One statement: it applies to requests that fit its actions, its resources and all of its
/// conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) actions: PatternList,
    pub(crate) resources: PatternList,
    pub(crate) conditions: Box<[Condition]>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PatternList {
    /// Whether it is all but these.
    pub(crate) is_negated: bool,
    pub(crate) patterns: Box<[Pattern]>,
}

impl PolicyDocument {
    /// Reads an IoT policy: at most [`IOT_POLICY_MAX_CHARACTERS`].
    ///
    /// # Errors
    /// [`PolicyError`], which names the place.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::parse_within(text, IOT_POLICY_MAX_CHARACTERS)
    }

    /// Reads the policy of an API key: at most [`API_KEY_POLICY_MAX_CHARACTERS`].
    ///
    /// # Errors
    /// [`PolicyError`], which names the place.
    pub fn parse_api_key_policy(text: &str) -> Result<Self, PolicyError> {
        Self::parse_within(text, API_KEY_POLICY_MAX_CHARACTERS)
    }

    fn parse_within(text: &str, limit: usize) -> Result<Self, PolicyError> {
        if text.len() > POLICY_TEXT_MAX_BYTES {
            let (characters, limit) = (text.len(), POLICY_TEXT_MAX_BYTES);
            return Err(PolicyError::TooLong { characters, unit: "bytes", limit });
        }
        let characters = count_characters(text);
        if characters > limit {
            let unit = "characters beside white space";
            return Err(PolicyError::TooLong { characters, unit, limit });
        }
        read::read_document(json::parse(text)?)
    }

    /// The version of its language.
    pub fn version(&self) -> PolicyVersion {
        self.version
    }

    /// Its statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    /// Its `Sid`.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What it does.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The patterns of `Action`, or of `NotAction` ([`Self::is_not_action`]).
    pub fn actions(&self) -> &[Pattern] {
        &self.actions.patterns
    }

    /// Whether it applies to all actions but [`Self::actions`].
    pub fn is_not_action(&self) -> bool {
        self.actions.is_negated
    }

    /// The patterns of `Resource`, or of `NotResource` ([`Self::is_not_resource`]).
    pub fn resources(&self) -> &[Pattern] {
        &self.resources.patterns
    }

    /// Whether it applies to all resources but [`Self::resources`].
    pub fn is_not_resource(&self) -> bool {
        self.resources.is_negated
    }

    /// Whether it has conditions.
    pub fn is_conditional(&self) -> bool {
        !self.conditions.is_empty()
    }
}

/// The characters that count: white space between JSON's tokens does not, within a string it
/// does, or a pattern could be as long as one likes.
fn count_characters(text: &str) -> usize {
    let (mut in_string, mut is_escaped) = (false, false);
    let counts = |c: &char| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        in_string || !c.is_whitespace()
    };
    text.chars().filter(counts).count()
}
