//! Mutes: what an operator does not want to be alerted of for a while. Ours; AWS has none.
//!
//! The store holds the alerts of what is muted, and lets go what is still so at the end.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
#[cfg(test)]
mod tests;
