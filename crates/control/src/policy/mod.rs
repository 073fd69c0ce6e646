//! IoT policies and their attachments.

pub(crate) mod attach;
pub(crate) mod create;
pub(crate) mod create_version;
pub(crate) mod detach;
pub(crate) mod set_default_version;
pub(crate) mod test_authorization;
#[cfg(test)]
mod tests;
