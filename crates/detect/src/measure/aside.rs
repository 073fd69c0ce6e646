//! What few things have, and those for the time of a window: it stands aside.

use super::begins::Own;
use super::waiting::Waiting;

/// What few things have, and those for the time of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Aside {
    /// Readers that began apart from the others.
    pub(crate) own: Vec<Own>,
    /// What was seen after the open windows, in the order of its time.
    pub(crate) waiting: Vec<Waiting>,
    /// The front doors through which it is connected, if they are several.
    pub(super) doors: u64,
    /// The values of series that no word holds, by slot.
    pub(super) values: Vec<(u32, u64)>,
}
