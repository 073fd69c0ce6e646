//! A device that reports for many things over one connection, as fast as it is answered.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use fleetward_fleet::thing_name;
use fleetward_hands::Device;
use fleetward_hands::device::report_topic;

use super::TELNET;

/// Reports that wait for their acknowledgement at most.
const IN_FLIGHT: usize = 64;

/// One report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    /// Of which thing.
    pub(crate) thing: u64,
    /// Whether it breaks a rule.
    pub(crate) is_bad: bool,
}

/// What became of reports that break a rule.
#[derive(Debug, Default)]
pub(crate) struct Bad {
    /// Things of which one was acknowledged.
    pub(crate) acknowledged: HashSet<u64>,
    /// Things of which one was sent, and nobody knows whether it came.
    pub(crate) perhaps: HashSet<u64>,
}

impl Bad {
    /// Takes what another device knows.
    pub(crate) fn join(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.perhaps.extend(other.perhaps);
    }
}

/// Sends all these reports; ends early if the server is gone. Counts what is acknowledged.
pub(crate) fn send_all(
    mqtt: SocketAddr,
    client_id: &str,
    reports: impl Iterator<Item = Said>,
    acknowledged: &AtomicU64,
) -> Bad {
    let mut bad = Bad::default();
    let mut in_flight: VecDeque<(u16, Said)> = VecDeque::new();
    let Some(mut device) = Device::try_connect(mqtt, client_id) else { return bad };
    let mut settle = |device: &mut Device, in_flight: &mut VecDeque<(u16, Said)>| {
        let Some(id) = device.acknowledged() else { return false };
        if let Some(place) = in_flight.iter().position(|(sent, _)| *sent == id)
            && let Some((_, said)) = in_flight.remove(place)
        {
            acknowledged.fetch_add(1, Ordering::Relaxed);
            if said.is_bad {
                bad.acknowledged.insert(said.thing);
            }
        }
        true
    };
    let mut is_up = true;
    for (number, said) in (1_u64..).zip(reports) {
        while is_up && in_flight.len() >= IN_FLIGHT {
            is_up = settle(&mut device, &mut in_flight);
        }
        let topic = report_topic(&thing_name(said.thing));
        let sent = device.send(&topic, payload(number, said.is_bad).as_bytes());
        // Also one that could not be written whole is of a thing that may alarm, or not.
        in_flight.push_back((sent.unwrap_or(0), said));
        is_up &= sent.is_some();
        if !is_up {
            break;
        }
    }
    while is_up && !in_flight.is_empty() {
        is_up = settle(&mut device, &mut in_flight);
    }
    bad.perhaps.extend(in_flight.iter().filter(|(_, said)| said.is_bad).map(|(_, it)| it.thing));
    bad
}

/// What a report says behind its id, up to the port that may be bad.
const BEFORE_PORT: &str = concat!(
    r#","version":"1.0"},"metrics":{"listening_udp_ports":{"ports":["#,
    r#"{"interface":"eth0","port":5353},{"interface":"eth0","port":5355}],"total":2},"#,
    r#""network_stats":{"bytes_in":29358,"bytes_out":26485,"packets_in":104,"packets_out":126},"#,
    r#""tcp_connections":{"established_connections":{"connections":["#,
    r#"{"local_interface":"eth0","local_port":33001,"remote_addr":"10.20.30.1:8883"},"#,
    r#"{"local_interface":"eth0","local_port":33002,"remote_addr":"192.168.30.2:443"},"#,
    r#"{"local_interface":"eth0","local_port":33003,"remote_addr":"172.16.30.3:8883"},"#,
    r#"{"local_interface":"eth0","local_port":33004,"remote_addr":"52.94.30.4:443"},"#,
    r#"{"local_interface":"eth0","local_port":33005,"remote_addr":"10.20.30.5:8883"}],"#,
    r#""total":5}},"listening_tcp_ports":{"ports":[{"interface":"eth0","port":22},"#,
    r#"{"interface":"eth0","port":8883},{"interface":"eth0","port":"#,
);
/// What it says behind that port.
const BEHIND_PORT: &str = concat!(
    r#"}],"total":3}},"custom_metrics":{"cpu_temp":[{"number":47}],"#,
    r#""fw":[{"string_list":["v1.2.3"]}],"peers":[{"ip_list":["10.0.0.7"]}]}}"#,
);

/// A report of a usual size with all that the ten behaviors judge. What is bad is one port.
pub(crate) fn payload(report_id: u64, is_bad: bool) -> String {
    let port = if is_bad { TELNET } else { 443 };
    format!(r#"{{"header":{{"report_id":{report_id}{BEFORE_PORT}{port}{BEHIND_PORT}"#)
}
