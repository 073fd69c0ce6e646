//! Detection on real files: what the engine costs there, what state costs, and what it costs when
//! everyone violates at once.

mod checkpoints;
mod engine;
mod everyone;
mod fixture;
mod reports;
mod spent;

pub use checkpoints::run as checkpoints;
pub use engine::run as engine;
pub use everyone::run as everyone_violates;
