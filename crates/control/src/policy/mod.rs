//! IoT policies and their attachments.

pub(crate) mod attach;
pub(crate) mod create;
#[cfg(test)]
mod tests;
