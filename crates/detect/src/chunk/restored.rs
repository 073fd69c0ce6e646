//! What a thing that is loaded has aside.

use crate::measure::{MeasuredThing, Own, Waiting};

/// Readers that begin apart from others, and what waits for the line.
#[derive(Default)]
pub(super) struct Begun {
    pub(super) own: Vec<Own>,
    pub(super) waiting: Vec<Waiting>,
}

impl Begun {
    pub(super) fn give(self, measured: &mut MeasuredThing) {
        measured.set_aside(self.own, self.waiting);
    }
}
