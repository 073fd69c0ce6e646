//! Whether a log can do its work.

/// What a log knows of its own disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// It takes records.
    #[default]
    Works,
    /// There is no room on its disk: records are refused until there is. What is stored can be
    /// read, and nothing was lost.
    Full(String),
    /// Nobody knows what is on its disk, so it takes nothing more. Only the next start finds out.
    Failed(String),
}
