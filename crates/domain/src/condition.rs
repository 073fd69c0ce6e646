//! Whether what keeps things on a disk can do its work.

/// What a log, a store or another file knows of its own disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// It takes writes.
    #[default]
    Works,
    /// There is no room on its disk: writes are refused until there is, or wait. What is stored can
    /// be read, and nothing was lost. The sentence says what was tried.
    Full(String),
    /// Nobody knows what is on its disk, so it takes nothing more. Only the next start finds out.
    Failed(String),
}
