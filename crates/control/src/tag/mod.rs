//! Tags: what operators write on resources. They die with the resource.
//!
//! Source: AWS IoT's guide, "Tagging your AWS IoT resources", on what can be tagged and how often.

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod remove;
mod tagged;
#[cfg(test)]
mod tests;
