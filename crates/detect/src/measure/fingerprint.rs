//! What is kept of a report to know it again: its id and content in sixty-four bits.
//!
//! The same on every machine and for ever, since it is stored. It is compared with reports of the
//! same thing only: who finds two reports that look alike fools nobody but himself.

use fleetward_domain::{CustomValue, PortList, Report};
use std::net::IpAddr;

/// Digits of pi.
const SEED: u64 = 0x243F_6A88_85A3_08D3;
const FACTOR: u64 = 0x1319_8A2E_0370_7345;

/// A report's id and content.
pub(crate) fn of_report(report: &Report) -> u64 {
    let mut mixed = Mixed(SEED);
    mixed.add(report.report_id.cast_unsigned());
    let network = &report.network;
    let counters = [network.bytes_in, network.bytes_out, network.packets_in, network.packets_out];
    counters.iter().for_each(|counter| mixed.add_optional(*counter));
    mixed.add_ports(report.listening_tcp.as_ref());
    mixed.add_ports(report.listening_udp.as_ref());
    // Each part says how long it is, or two reports could look alike in another division.
    mixed.add(u64::from(report.established.is_some()));
    if let Some(remotes) = &report.established {
        mixed.add_optional(remotes.total);
        mixed.add(remotes.listed);
        mixed.add_addresses(remotes.addresses.as_deref());
    }
    mixed.add(report.custom.len() as u64);
    for metric in &report.custom {
        mixed.add_text(&metric.name);
        match &metric.value {
            CustomValue::Number(number) => mixed.add(number.to_bits()),
            CustomValue::Numbers(list) => {
                mixed.add(list.len() as u64);
                list.iter().for_each(|number| mixed.add(number.to_bits()));
            }
            CustomValue::Strings(list) => {
                mixed.add(list.len() as u64);
                list.iter().for_each(|text| mixed.add_text(text));
            }
            CustomValue::Addresses(list) => mixed.add_addresses(Some(list)),
        }
    }
    mixed.0
}

/// A report's id alone: all that releases kept before [`of_report`].
pub(crate) fn of_id(report_id: i64) -> u64 {
    let mut mixed = Mixed(FACTOR);
    mixed.add(report_id.cast_unsigned());
    mixed.0
}

struct Mixed(u64);

impl Mixed {
    #[inline]
    fn add(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word ^ SEED) * u128::from(FACTOR);
        // Both halves: each depends on bits that the other does not.
        self.0 = (wide as u64 ^ (wide >> 64) as u64).rotate_left(23).wrapping_add(FACTOR);
    }

    fn add_optional(&mut self, word: Option<u64>) {
        self.add(u64::from(word.is_some()));
        self.add(word.unwrap_or(0));
    }

    fn add_text(&mut self, text: &str) {
        self.add(text.len() as u64);
        for part in text.as_bytes().chunks(8) {
            self.add(part.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn add_ports(&mut self, list: Option<&PortList>) {
        self.add(u64::from(list.is_some()));
        let Some(list) = list else { return };
        self.add_optional(list.total);
        self.add(list.ports.as_ref().map_or(u64::MAX, |ports| ports.len() as u64));
        for part in list.ports.iter().flat_map(|ports| ports.chunks(4)) {
            self.add(part.iter().fold(0, |word, port| word << 16 | u64::from(*port)));
        }
    }

    fn add_addresses(&mut self, list: Option<&[IpAddr]>) {
        self.add(list.map_or(u64::MAX, |list| list.len() as u64));
        for address in list.unwrap_or_default() {
            match address {
                IpAddr::V4(address) => self.add(address.to_bits().into()),
                IpAddr::V6(address) => {
                    self.add(6);
                    self.add((address.to_bits() >> 64) as u64);
                    self.add(address.to_bits() as u64);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_that_differ_in_anything_differ_and_equal_ones_do_not() {
        let ports = |ports: &[u16]| Some(PortList { total: None, ports: Some(ports.to_vec()) });
        let mut reports = vec![Report::default()];
        for id in 0..2_000 {
            reports.push(Report { report_id: id + 1, ..Report::default() });
        }
        for port in 0..2_000 {
            reports.push(Report { listening_tcp: ports(&[port]), ..Report::default() });
            reports.push(Report { listening_udp: ports(&[port, 0]), ..Report::default() });
        }
        let mut seen: Vec<u64> = reports.iter().map(of_report).collect();
        assert_eq!(seen, reports.iter().map(of_report).collect::<Vec<_>>());
        seen.iter_mut().for_each(|seen| *seen &= (1 << 40) - 1);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), reports.len(), "forty bits tell so few apart");
    }

    #[test]
    fn it_is_what_it_was_when_it_was_first_stored() {
        assert_eq!(of_report(&Report::default()) & 0xFFFF_FFFF_FFFF, STORED);
    }
    const STORED: u64 = 199_494_614_364_196;
}
