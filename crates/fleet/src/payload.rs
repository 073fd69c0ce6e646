//! What a device sends: a metrics report in long JSON, with three custom metrics.

use std::fmt::Write;

use fleetward_domain::EpochMs;

use crate::random::Random;

/// Ports that a device may listen on.
const GOOD_PORTS: [u64; 9] = [22, 53, 80, 443, 1_883, 8_883, 24_800, 5_683, 8_080];

/// How likely a device misbehaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds {
    /// Eight times in ten; else once in four hundred.
    pub(crate) in_burst: bool,
}

impl Odds {
    fn is_bad(self, random: &mut Random) -> bool {
        (self.in_burst && random.below(10) < 8) || random.below(400) == 0
    }

    /// What to add to a good value.
    fn excess(self, random: &mut Random, excess: u64) -> u64 {
        if self.is_bad(random) { excess } else { 0 }
    }
}

/// Writes a report over `out`. The order in which the dice are thrown is part of the numbers.
pub(crate) fn write(
    out: &mut String,
    random: &mut Random,
    odds: Odds,
    thing: u64,
    report_id: EpochMs,
) {
    out.clear();
    put(out, format_args!(r#"{{"header":{{"report_id":{report_id},"version":"1.0"}},"#));
    put(out, format_args!(r#""metrics":{{"listening_tcp_ports":{{"ports":["#));
    let tcp_ports = tcp_ports(out, random, odds);
    put(out, format_args!(r#"],"total":{tcp_ports}}},"listening_udp_ports":{{"ports":["#));
    let udp_ports = udp_ports(out, random, odds);
    put(out, format_args!(r#"],"total":{udp_ports}}},"#));
    network_stats(out, random, odds);
    put(out, format_args!(r#""tcp_connections":{{"established_connections":{{"connections":["#));
    let connections = connections(out, random, odds);
    put(out, format_args!(r#"],"total":{connections}}}}}}},"#));
    custom_metrics(out, random, odds, thing);
}

fn tcp_ports(out: &mut String, random: &mut Random, odds: Odds) -> u64 {
    let count = if odds.is_bad(random) { 8 } else { 3 + random.below(3) };
    let has_bad_port = odds.is_bad(random);
    for place in 0..count {
        let port =
            if has_bad_port && place == 1 { 31_337 + random.below(100) } else { good_port(random) };
        listed_port(out, place, port);
    }
    count
}

fn udp_ports(out: &mut String, random: &mut Random, odds: Odds) -> u64 {
    let count = if odds.is_bad(random) { 6 } else { 2 + random.below(2) };
    for place in 0..count {
        listed_port(out, place, 5_353 + random.below(10));
    }
    count
}

fn good_port(random: &mut Random) -> u64 {
    let place = usize::try_from(random.below(9)).unwrap_or(0);
    GOOD_PORTS.get(place).copied().unwrap_or_default()
}

fn listed_port(out: &mut String, place: u64, port: u64) {
    put(out, format_args!(r#"{}{{"interface":"eth0","port":{port}}}"#, comma(place)));
}

fn network_stats(out: &mut String, random: &mut Random, odds: Odds) {
    let bytes_out = random.below(900_000) + odds.excess(random, 5_000_000);
    let bytes_in = random.below(9_000_000) + odds.excess(random, 50_000_000);
    let packets_out = random.below(9_000) + odds.excess(random, 50_000);
    let packets_in = random.below(90_000) + odds.excess(random, 500_000);
    put(out, format_args!(r#""network_stats":{{"bytes_in":{bytes_in},"bytes_out":{bytes_out},"#));
    put(out, format_args!(r#""packets_in":{packets_in},"packets_out":{packets_out}}},"#));
}

fn connections(out: &mut String, random: &mut Random, odds: Odds) -> u64 {
    let count = if odds.is_bad(random) { 11 } else { 3 + random.below(4) };
    let has_bad_address = odds.is_bad(random);
    for place in 0..count {
        let bits = random.next();
        let local_port = 32_768 + bits % 20_000;
        put(out, format_args!(r#"{}{{"local_interface":"eth0","#, comma(place)));
        put(out, format_args!(r#""local_port":{local_port},"remote_addr":""#));
        remote_address(out, bits, has_bad_address && place == 0);
        let port = if bits >> 50 & 1 == 0 { 443 } else { 8_883 };
        put(out, format_args!(r#":{port}"}}"#));
    }
    count
}

fn remote_address(out: &mut String, bits: u64, is_bad: bool) {
    let octet = |shift: u32| bits >> shift & 255;
    let (b, c, d) = (octet(16), octet(24), octet(32));
    match bits >> 40 & 3 {
        _ if is_bad => put(out, format_args!("203.0.113.{}", octet(20))),
        0 => put(out, format_args!("10.{b}.{c}.{d}")),
        1 => put(out, format_args!("192.168.{b}.{c}")),
        2 => put(out, format_args!("172.{}.{c}.{d}", 16 + (b & 15))),
        _ => put(out, format_args!("52.94.{b}.{c}")),
    }
}

fn custom_metrics(out: &mut String, random: &mut Random, odds: Odds, thing: u64) {
    let is_hot = odds.is_bad(random);
    let temperature = 30 + random.below(50) + if is_hot { 60 } else { 0 };
    let (firmware, peer) = (thing % 7, thing % 250);
    put(out, format_args!(r#""custom_metrics":{{"cpu_temp":[{{"number":{temperature}}}],"#));
    put(out, format_args!(r#""fw":[{{"string_list":["v1.2.{firmware}"]}}],"#));
    put(out, format_args!(r#""peers":[{{"ip_list":["10.0.0.{peer}"]}}]}}}}"#));
}

fn comma(place: u64) -> &'static str {
    if place == 0 { "" } else { "," }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _always_fits = out.write_fmt(text);
}
