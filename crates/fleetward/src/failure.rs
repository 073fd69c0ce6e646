//! Why the process gives up: one sentence for the person at the terminal.

use std::fmt;

/// A sentence that says what was tried and what was in the way.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// For `map_err`: "tried: cause".
    pub fn of<E: fmt::Display>(tried: &str) -> impl FnOnce(E) -> Self + '_ {
        move |cause| Self(format!("{tried}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
