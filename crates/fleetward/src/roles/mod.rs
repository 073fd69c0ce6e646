//! What a process does besides answering the command line: roles, a file or folder each.
//!
//! Every role has `start(&Shared) -> Result<Role, Failure>`: it returns when the role works, and
//! leaves a task that runs until it is told to stop. No role fails silently: one that ends, fails
//! or panics before it was told to stop ends the process with a sentence ([`role`]).
//!
//! `console`, `audit`, `mitigation`, `history` and `trainer` will join: a file here, a row in the
//! compositions (`embedded.rs`).

pub(crate) mod alerts;
pub(crate) mod api;
pub mod detector;
pub(crate) mod disk;
pub(crate) mod front_door;
pub(crate) mod health;
pub(crate) mod housekeeping;
pub(crate) mod leaving;
pub(crate) mod relay;
pub(crate) mod role;
pub(crate) mod thresholds;

use std::collections::BTreeSet;
use std::sync::Arc;

use fleetward_environment::{Chance, Clock};
use fleetward_front_door::{Awaited, Outgoing, Stamps};
use fleetward_log::EventLog;
use fleetward_store::Store;
use tokio::sync::{mpsc, watch};

use crate::failure::Failure;
use crate::secrets::Secrets;
use crate::settings::Settings;

/// What roles are started with: the process's settings, and what its composition has opened.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    /// Stamps all that goes to the log.
    pub(crate) stamps: Arc<Stamps>,
    /// Until when the detector waits for the front door's watermark.
    pub(crate) awaited: Awaited,
    /// Publishes messages of the server's own through the front door.
    pub(crate) outgoing: Outgoing,
    pub(crate) chance: Chance,
    pub(crate) secrets: Secrets,
    /// The partitions that this process is to own, as long as they are these.
    pub(crate) assignment: watch::Receiver<BTreeSet<u32>>,
    /// What roles know of their own trouble, for `/healthz`.
    pub(crate) health: Arc<health::Health>,
    /// Whether log and store can do their work.
    pub(crate) disk: disk::Disk,
    /// Most devices that may be connected at once.
    pub(crate) connections: usize,
    /// Most connections that the API may have at once.
    pub(crate) api_connections: usize,
    /// Takes the reason why a role cannot go on.
    pub(crate) failures: mpsc::Sender<Failure>,
}
