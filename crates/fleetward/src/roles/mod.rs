//! What a process does besides answering: each role is a task that runs until it is told to stop.

pub(crate) mod detector;
pub(crate) mod housekeeping;
pub(crate) mod relay;
