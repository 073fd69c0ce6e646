//! One connection, from its CONNECT to its end.
//!
//! `connect` admits it and joins it to the upstream broker; then two pumps pass frames on as
//! they are, each checking, counting and now and then answering in the other side's place:
//! `uplink` what the client sends, `downlink` what it is sent, `link` what both do alike. Device
//! reports go to `reports` instead.

mod access;
mod admit;
mod connect;
mod downlink;
mod end;
mod link;
mod pump;
mod reports;
mod subscribe;
mod uplink;
mod verdict;

pub(crate) use connect::serve;
pub(crate) use end::End;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fleetward_environment::{Chance, Clock};
use fleetward_policy::actions::ResourceArns;
use tokio::sync::watch;

use crate::directory::{Directory, Identity, Principal};
use crate::ingest::Ingest;
use crate::meter::Meter;
use crate::seldom::{OfAllPeers, Seldom};
use crate::stamps::Stamps;
use crate::upstream::{Broker, Service};

/// What all connections share.
pub(crate) struct Door {
    pub(crate) directory: Arc<Directory>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) arns: Arc<ResourceArns>,
    pub(crate) ingest: Arc<Ingest>,
    /// Whether a thing's own reports and the answers to them count as messages.
    pub(crate) counts_reports: bool,
    /// Tells of what was refused: whoever tries again and again is told of once a second.
    pub(crate) refusals: Seldom,
    /// Tells of the rest of what peers make happen.
    pub(crate) told: OfAllPeers,
    /// Tells of reports that the log did not take.
    pub(crate) unlogged: Seldom,
    /// Stamps the reports.
    pub(crate) stamps: Arc<Stamps>,
    pub(crate) broker: Broker,
    /// The front door's own session at the broker.
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) connect_limit: Duration,
    /// True: every connection ends.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Whom a connection is with.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) principal: Principal,
    pub(crate) identity: Arc<Identity>,
}
