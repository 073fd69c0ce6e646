//! Endpoints: where devices connect to.

pub(crate) mod describe;
