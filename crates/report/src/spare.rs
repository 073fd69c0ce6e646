//! Memory of the report before, for the next one.

use std::net::IpAddr;

use fleetward_domain::{NetworkStats, Report};

/// The lists of an earlier report, emptied.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    pub(crate) tcp_ports: Vec<u16>,
    pub(crate) udp_ports: Vec<u16>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Spare {
    /// Empties a report's metrics. Its custom metrics stay: they are written over.
    pub(crate) fn clear_metrics(&mut self, report: &mut Report) {
        report.network = NetworkStats::default();
        self.clear_tcp(report);
        self.clear_udp(report);
        self.clear_established(report);
    }

    pub(crate) fn clear_tcp(&mut self, report: &mut Report) {
        keep(report.listening_tcp.take().and_then(|list| list.ports), &mut self.tcp_ports);
    }

    pub(crate) fn clear_udp(&mut self, report: &mut Report) {
        keep(report.listening_udp.take().and_then(|list| list.ports), &mut self.udp_ports);
    }

    pub(crate) fn clear_established(&mut self, report: &mut Report) {
        keep(report.established.take().and_then(|list| list.addresses), &mut self.addresses);
    }
}

fn keep<T>(list: Option<Vec<T>>, spare: &mut Vec<T>) {
    if let Some(mut list) = list {
        list.clear();
        *spare = list;
    }
}
