//! What `cargo xtask model` makes of AWS IoT's service model.

pub(crate) mod error_codes;
pub(crate) mod operations;
pub(crate) mod routes;
pub(crate) mod shapes;
// The members are AWS's and are documented in AWS IoT's API reference under the same names.
#[allow(missing_docs)]
pub mod types;
