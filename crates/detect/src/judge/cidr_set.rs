//! A set of networks, asked for every address of every report.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::limits::SHORT_SET;

/// Ranges of addresses, sorted and apart from each other. An IPv6 address that maps an IPv4
/// address is that IPv4 address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CidrSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl CidrSet {
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        let mut set = Self::default();
        for network in networks {
            match as_ipv4(network) {
                IpNet::V4(net) => set.v4.push((net.network().into(), net.broadcast().into())),
                IpNet::V6(net) => set.v6.push((net.network().into(), net.broadcast().into())),
            }
        }
        merge(&mut set.v4);
        merge(&mut set.v6);
        set
    }

    #[inline]
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => holds(&self.v4, address.to_bits()),
            IpAddr::V6(address) => self.contains_v6(address),
        }
    }

    fn contains_v6(&self, address: Ipv6Addr) -> bool {
        match address.to_ipv4_mapped() {
            Some(mapped) => holds(&self.v4, mapped.to_bits()),
            None => holds(&self.v6, address.to_bits()),
        }
    }
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn as_ipv4(network: &IpNet) -> IpNet {
    let mapped = || {
        let bits = network.prefix_len().checked_sub(96)?;
        let IpAddr::V6(address) = network.network() else { return None };
        Ipv4Net::new(address.to_ipv4_mapped()?, bits).ok()
    };
    mapped().map_or(*network, IpNet::V4)
}

#[inline]
fn holds<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    if ranges.len() <= SHORT_SET {
        return ranges.iter().any(|&(first, last)| first <= address && address <= last);
    }
    let after = ranges.partition_point(|&(first, _)| first <= address);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|&(_, last)| address <= last)
}

/// Sorts, and joins ranges that overlap.
fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joins = next.0 <= kept.1;
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(networks: &[&str]) -> CidrSet {
        CidrSet::new(&networks.iter().map(|n| n.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn agrees_with_asking_each_network() {
        let many: Vec<String> =
            (0..40).map(|n| format!("{}.{}.0.0/{}", n * 5, n, 8 + n % 20)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["2001:db8::/32"]).collect();
        for networks in [&many[..], &many[..3], &[]] {
            let nets: Vec<IpNet> = networks.iter().map(|n| n.parse().unwrap()).collect();
            let set = set(networks);
            for step in 0_u32..20_000 {
                let address = IpAddr::from(step.wrapping_mul(0x0003_2f71).to_be_bytes());
                let expected = nets.iter().any(|net| net.contains(&address));
                assert_eq!(set.contains(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn the_edges_of_a_network_are_inside() {
        let set = set(&["172.16.0.0/12", "2001:db8::/32", "::ffff:9.0.0.0/104"]);
        for (address, expected) in [
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("::ffff:172.16.0.1", true),
            ("2001:db8:ffff:ffff::1", true),
            ("2001:db9::", false),
            ("9.1.2.3", true),
        ] {
            assert_eq!(set.contains(address.parse().unwrap()), expected, "{address}");
        }
    }
}
