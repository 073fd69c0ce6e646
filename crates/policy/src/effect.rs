//! Allow or deny.

/// What a statement does with the requests it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It allows them, unless another statement denies them.
    Allow,
    /// It denies them, whatever others say.
    Deny,
}
