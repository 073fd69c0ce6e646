//! What was found: printed as it comes, and counted for the verdict.

use std::io::Write;

use fleetward_store::Kind;
use fleetward_store::sqlite::check::Finding;
use indicatif::{ProgressBar, ProgressStyle};

use crate::data_dir::DataDir;
use crate::failure::Failure;

/// Problems that are printed; a folder that is all broken would print for hours.
const PROBLEMS_PRINTED: u64 = 100;
/// What a server makes by itself on its first start.
const MADE_BY_THE_START: [&str; 2] = [Kind::AccessKey.plural(), Kind::Setting.plural()];

/// Prints findings to standard output. How far it is shows on standard error, if that is a
/// terminal.
pub(super) struct Findings {
    spinner: ProgressBar,
    problems: u64,
    /// Whether anything is there that whoever uses the server has asked for or brought about.
    is_in_use: bool,
}

impl Findings {
    pub(super) fn new() -> Self {
        let spinner = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}: {pos} so far") {
            spinner.set_style(style);
        }
        Self { spinner, problems: 0, is_in_use: false }
    }

    /// A finding in the store.
    pub(super) fn note(&mut self, finding: Finding) {
        match finding {
            Finding::Progress(what, count) => self.progress(what, count),
            Finding::Problem(problem) => self.problem(&problem),
            Finding::Done(what, count) => {
                self.is_in_use |= count > 0 && !MADE_BY_THE_START.contains(&what);
                self.done(what, count);
            }
        }
    }

    /// So many were read so far.
    pub(super) fn progress(&mut self, what: &'static str, count: impl TryInto<u64>) {
        self.spinner.set_message(what);
        self.spinner.set_position(count.try_into().unwrap_or(u64::MAX));
    }

    /// Something that cannot be read, in a line.
    pub(super) fn problem(&mut self, problem: &str) {
        self.problems += 1;
        if self.problems <= PROBLEMS_PRINTED {
            self.print(&format!("  PROBLEM: {problem}"));
        }
    }

    /// All were read: so many there are. Of what there is none, nothing is said.
    pub(super) fn done(&mut self, what: &str, count: impl TryInto<u64>) {
        let count = count.try_into().unwrap_or(u64::MAX);
        if count == 0 {
            return;
        }
        self.print(&format!("  {count:>12}  {what}"));
    }

    /// Another fact, in a line.
    pub(super) fn fact(&mut self, sentence: &str) {
        self.print(&format!("  {:>12}  {sentence}", ""));
    }

    /// Prints a line. Whoever does not want to read on has seen enough: that is no failure.
    pub(super) fn print(&self, line: &str) {
        self.spinner.suspend(|| {
            let _ = writeln!(std::io::stdout(), "{line}");
        });
    }

    /// Success if there was no problem.
    pub(super) fn verdict(self, data: &DataDir) -> Result<(), Failure> {
        self.spinner.finish_and_clear();
        let untold = self.problems.saturating_sub(PROBLEMS_PRINTED);
        if untold > 0 {
            self.print(&format!("  and {untold} more problems"));
        }
        if self.problems == 0 {
            self.print(match self.is_in_use {
                true => "Everything can be read.",
                false => "Everything can be read. Nothing is registered yet, and nothing stored.",
            });
            return Ok(());
        }
        let what = if self.problems == 1 { "problem was" } else { "problems were" };
        Err(Failure::new(format!(
            "{} {what} found in {}. Documents, violations, events and alerts that cannot be read \
             are left out; a change, a state or a log that cannot be read stops the server. Put \
             back from a backup what is damaged; `fleetward repair --data {1}` says what can be \
             had without one",
            self.problems,
            data.as_argument()
        )))
    }
}
