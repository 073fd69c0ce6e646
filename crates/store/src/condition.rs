//! Whether a store can do its work.

/// What a store knows of its own disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// It takes writes.
    #[default]
    Works,
    /// There is no room on its disk: writes are refused until there is, and commits of detection
    /// wait. What is stored can be read, and nothing was lost.
    Full(String),
    /// Nobody knows what is on its disk, so it takes nothing more. Only the next start finds out.
    Failed(String),
}
