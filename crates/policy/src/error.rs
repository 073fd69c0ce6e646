//! The crate's one error: why a document is not a policy.

/// Why a policy document was refused; its text is the message of MalformedPolicyException.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The document has too many characters.
    #[error("The policy document has {characters} {unit}, the limit is {limit}")]
    TooLong {
        /// How many it has.
        characters: usize,
        /// "characters beside white space" or "bytes".
        unit: &'static str,
        /// How many it may have.
        limit: usize,
    },
    /// The document is not JSON, has a key twice, or nests too deep.
    #[error("The policy document is not valid JSON: {problem}")]
    NotJson {
        /// What the JSON reader says, with line and column.
        problem: String,
    },
    /// The document is JSON and not a policy.
    #[error("Policy element {place} {problem}")]
    Malformed {
        /// Where, such as `Statement[0].Action[1]`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl PolicyError {
    pub(crate) fn at(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed { place: place.into(), problem: problem.into() }
    }
}
