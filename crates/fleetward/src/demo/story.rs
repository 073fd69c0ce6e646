//! How the demo tells its story: one line a step, a bar where one waits.

use std::time::Duration;

use fleetward_environment::Clock;
use indicatif::{ProgressBar, ProgressStyle};

/// Says that something was done.
pub(super) fn step(sentence: &str) {
    println!("  {sentence}");
}

/// Says where a new part begins.
pub(super) fn part(title: &str) {
    println!("\n{title}");
}

/// A bar that counts things; it does not show where standard error is no terminal.
pub(super) fn counting(total: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(what.to_owned());
    bar
}

/// A bar that fills while one waits this long.
pub(super) async fn wait(length: Duration, what: &str) {
    const STEP: Duration = Duration::from_millis(100);
    let steps = usize::try_from(length.as_millis() / STEP.as_millis()).unwrap_or(1);
    let bar = counting(steps, what);
    for _ in 0..steps {
        Clock::system().sleep(STEP).await;
        bar.inc(1);
    }
    bar.finish_and_clear();
}
