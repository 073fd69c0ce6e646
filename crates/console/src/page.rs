//! The view as HTML. The templates escape everything that is not ours.

use askama::Template;
use fleetward_domain::EpochMs;

use crate::error::ConsoleError;
use crate::limits::{EVENTS_SHOWN, VIOLATIONS_SHOWN};
use crate::moment;
use crate::view::{Quiet, View};

/// The whole page.
pub(crate) fn render_page(view: &View, now_ms: EpochMs) -> Result<String, ConsoleError> {
    Ok(Page { fleet: Fleet { view, now_ms } }.render()?)
}

/// The part that changes.
pub(crate) fn render_fleet(view: &View, now_ms: EpochMs) -> Result<String, ConsoleError> {
    Ok(Fleet { view, now_ms }.render()?)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    fleet: Fleet<'a>,
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct Fleet<'a> {
    view: &'a View,
    now_ms: EpochMs,
}

impl Fleet<'_> {
    /// `1 open violation on 1 thing`, without the number in front.
    fn title(&self) -> String {
        let violations = if self.view.violations.len() == 1 { "violation" } else { "violations" };
        let things = if self.view.things == 1 { "thing" } else { "things" };
        if self.view.has_more {
            return format!("open {violations}");
        }
        format!("open {violations} on {} {things}", self.view.things)
    }

    fn suppressed(&self) -> usize {
        self.view.violations.iter().filter(|row| row.is_suppressed).count()
    }

    fn unreviewed(&self) -> usize {
        let is_unknown = |class: &str| class == "unknown";
        self.view.violations.iter().filter(|row| is_unknown(row.verification.class)).count()
    }

    fn ago(&self, at_ms: &EpochMs) -> String {
        moment::ago(*at_ms, self.now_ms)
    }
}

#[cfg(test)]
mod tests;
