//! Thing groups: static ones, nested.

pub(crate) mod add_thing;
pub(crate) mod create;
#[cfg(test)]
mod tests;
