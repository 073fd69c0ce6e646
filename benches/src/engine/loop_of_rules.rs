//! What limits us: `sonic-rs` into the types of exactly these reports, and the rules in the
//! program. It knows no window, no profile and no change, checks no text and keeps no id.

use std::borrow::Cow;

use hashbrown::HashMap;
use serde::Deserialize;

use crate::engine::Found;
use crate::engine::feed::Feed;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    metrics: Metrics<'a>,
    custom_metrics: Custom,
}

#[derive(Deserialize)]
struct Metrics<'a> {
    listening_tcp_ports: Ports,
    listening_udp_ports: Ports,
    network_stats: Network,
    #[serde(borrow)]
    tcp_connections: Tcp<'a>,
}

#[derive(Deserialize)]
struct Ports {
    ports: Vec<Port>,
    total: u64,
}

#[derive(Deserialize)]
struct Port {
    port: u64,
}

#[derive(Deserialize)]
struct Network {
    bytes_in: u64,
    bytes_out: u64,
    packets_in: u64,
    packets_out: u64,
}

#[derive(Deserialize)]
struct Tcp<'a> {
    #[serde(borrow)]
    established_connections: Established<'a>,
}

#[derive(Deserialize)]
struct Established<'a> {
    #[serde(borrow)]
    connections: Vec<Connection<'a>>,
    total: u64,
}

#[derive(Deserialize)]
struct Connection<'a> {
    #[serde(borrow)]
    remote_addr: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Custom {
    cpu_temp: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    number: f64,
}

const RULES: usize = 10;
const TO_ALARM: [u8; RULES] = [3, 1, 2, 3, 2, 1, 1, 2, 1, 1];
const TO_CLEAR: [u8; RULES] = [2, 1, 2, 3, 2, 1, 1, 1, 1, 1];

#[derive(Clone, Copy, Default)]
struct Rule {
    in_alarm: bool,
    violating: u8,
    conforming: u8,
}

/// The state of the loop.
#[derive(Default)]
pub struct LoopOfRules {
    places: HashMap<Box<str>, u32>,
    things: Vec<[Rule; RULES]>,
    found: Found,
}

impl LoopOfRules {
    /// Takes a whole feed.
    ///
    /// # Errors
    /// The first report that cannot be read.
    pub fn run(feed: &Feed) -> Result<Found, String> {
        let mut this = Self::default();
        for arrival in feed.iter() {
            this.take(arrival.thing, arrival.payload)?;
        }
        Ok(this.found)
    }

    /// Takes one report.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn take(&mut self, thing: &str, payload: &[u8]) -> Result<(), String> {
        let document: Document<'_> =
            sonic_rs::from_slice(payload).map_err(|error| error.to_string())?;
        self.judge(thing, &document);
        Ok(())
    }

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> Found {
        self.found
    }

    fn judge(&mut self, thing: &str, document: &Document<'_>) {
        let place = match self.places.get(thing) {
            Some(place) => *place as usize,
            None => {
                let place = self.things.len();
                self.places.insert(thing.into(), u32::try_from(place).unwrap_or(u32::MAX));
                self.things.push([Rule::default(); RULES]);
                place
            }
        };
        // Consecutive datapoints as the ten behaviors have them, and nothing that is not needed.
        let Some(rules) = self.things.get_mut(place) else { return };
        let conforms = conforming(document);
        for (((rule, conforms), to_alarm), to_clear) in
            rules.iter_mut().zip(conforms).zip(TO_ALARM).zip(TO_CLEAR)
        {
            if conforms {
                rule.violating = 0;
                rule.conforming = rule.conforming.saturating_add(1);
                if rule.in_alarm && rule.conforming >= to_clear {
                    rule.in_alarm = false;
                    self.found.clears += 1;
                }
            } else {
                rule.conforming = 0;
                rule.violating = rule.violating.saturating_add(1);
                if !rule.in_alarm && rule.violating >= to_alarm {
                    rule.in_alarm = true;
                    self.found.alarms += 1;
                }
            }
        }
    }
}

fn conforming(document: &Document<'_>) -> [bool; RULES] {
    let metrics = &document.metrics;
    let network = &metrics.network_stats;
    let established = &metrics.tcp_connections.established_connections;
    [
        network.bytes_out <= 1_000_000,
        network.bytes_in <= 10_000_000,
        network.packets_out <= 10_000,
        network.packets_in <= 100_000,
        established.total <= 10,
        metrics.listening_tcp_ports.total <= 7,
        metrics.listening_tcp_ports.ports.iter().all(|listed| is_good_port(listed.port)),
        established.connections.iter().all(|c| is_good_address(ipv4(c.remote_addr.as_bytes()))),
        document.custom_metrics.cpu_temp.iter().all(|element| element.number <= 85.0),
        metrics.listening_udp_ports.total <= 5,
    ]
}

fn is_good_port(port: u64) -> bool {
    matches!(port, 22 | 53 | 80 | 443 | 1_883 | 8_883 | 24_800 | 5_683 | 8_080)
}

fn is_good_address(address: u32) -> bool {
    address >> 24 == 10
        || address >> 16 == (192 << 8 | 168)
        || address >> 20 == (172 << 4 | 1)
        || address >> 16 == (52 << 8 | 94)
}

/// Without a check of any kind.
fn ipv4(text: &[u8]) -> u32 {
    let (mut address, mut octet) = (0_u32, 0_u32);
    for &byte in text {
        match byte {
            b':' => break,
            b'.' => {
                address = address << 8 | octet;
                octet = 0;
            }
            _ => octet = octet * 10 + u32::from(byte.wrapping_sub(b'0')),
        }
    }
    address << 8 | octet
}
