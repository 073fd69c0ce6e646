//! The front door: where devices connect.
//!
//! It stands before an MQTT broker, any broker or the one it brings. It terminates TLS, knows
//! each certificate's status and policies, checks and counts every message, and passes frames on
//! without encoding them again. Device reports end here: they are logged, acknowledged when they
//! are safe on disk, and answered. What it counts goes to the event log a few times a second.
//!
//! It is no broker: sessions, retained messages and delivery are the broker's behind it. It
//! judges nothing: what a count means is the detectors' matter.
//!
//! The way of a message is the list of the files: `listener` (one file a kind), `directory` (who
//! is it), `session/connect`, `upstream/join`, `session/uplink`, `ingest` if it is a device
//! report, `session/downlink`, `meter`.

mod awaited;
mod changes;
mod directory;
mod error;
mod frames;
mod ingest;
pub mod limits;
mod listener;
mod meter;
mod outgoing;
mod running;
mod seldom;
mod session;
mod settings;
mod stamps;
mod start;
mod tls;
mod upstream;

pub use awaited::Awaited;
pub use error::FrontDoorError;
pub use outgoing::{Outgoing, PublishError};
pub use running::Running;
pub use settings::{ReportSettings, Settings, TlsIdentity, Upstream};
pub use stamps::{Stamped, Stamps};
pub use start::FrontDoor;
pub use upstream::{Pipe, Transport};
