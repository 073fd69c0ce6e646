//! The inputs and outputs of the served operations, and what they are made of.

mod enums;
mod inputs;
mod outputs;
mod paging;
mod parts;

pub use enums::*;
pub use inputs::*;
pub use outputs::*;
pub use parts::*;
