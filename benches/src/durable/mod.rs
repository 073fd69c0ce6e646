//! Detection on real files: what state costs, how long a restart takes, and what it costs when
//! everyone violates at once.

mod checkpoints;
mod everyone;
mod fixture;
mod restart;

pub use checkpoints::run as checkpoints;
pub use everyone::run as everyone_violates;
pub use restart::run as restart;
