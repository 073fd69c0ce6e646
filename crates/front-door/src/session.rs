//! One connection, from its CONNECT to its end.
//!
//! `connect` admits it and joins it to the upstream broker; then two pumps pass frames on as
//! they are, each checking, counting and now and then answering in the broker's place: `uplink`
//! what the client sends, `downlink` what it is sent.

mod access;
mod admit;
mod connect;
mod downlink;
mod end;
mod pump;
mod subscribe;
mod uplink;

pub(crate) use connect::serve;
pub(crate) use end::End;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fleetward_policy::actions::ResourceArns;
use tokio::sync::watch;

use crate::Clock;
use crate::directory::{Directory, Identity, Principal};
use crate::meter::Meter;
use crate::reports::Ingest;
use crate::upstream::Broker;

/// What all connections share.
pub(crate) struct Door {
    pub(crate) directory: Arc<Directory>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) arns: Arc<ResourceArns>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) broker: Broker,
    pub(crate) clock: Clock,
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
