//! What the process says on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Logs to standard error at `default`, or as `FLEETWARD_LOG` says (`tracing`'s filter syntax).
pub(crate) fn start(default: &str) {
    let filter =
        EnvFilter::try_from_env("FLEETWARD_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // A second start (two servers in one test process) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
