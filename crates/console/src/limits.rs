//! Limits of the console, each with its name.

use std::time::Duration;

/// Most open violations on the page; beyond, it says that there are more.
pub const VIOLATIONS_SHOWN: usize = 100;
/// Most recent events on the page.
pub const EVENTS_SHOWN: usize = 20;
/// Most browsers that follow changes at the same time.
pub const FOLLOWERS: usize = 32;
/// The page is pushed to a browser at most this often: what changes in between comes together.
pub const PUSH_PAUSE: Duration = Duration::from_millis(250);
/// A comment goes to a browser this often, so that a dead connection is noticed.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A browser that lost its connection comes back after this.
pub const RECONNECT: Duration = Duration::from_secs(2);
/// Longest `Host` header that is looked at, in bytes.
pub const HOST_BYTES: usize = 256;
