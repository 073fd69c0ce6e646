//! Which addresses may be dialled.
//!
//! Whoever may write a profile or a DNS record must not be able to make this server speak to its
//! own machine, its neighbours or a cloud's metadata service. So only addresses that are plainly
//! out in the Internet are dialled, and those that the operator allows.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Why an address is not out in the Internet (IANA's registries of special-purpose addresses).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the kind of network that its name says")]
pub enum AddressKind {
    Unspecified,
    Loopback,
    Private,
    SharedByCarrier,
    LinkLocal,
    Documentation,
    Benchmarking,
    Multicast,
    /// Any other network that is reserved, or leads elsewhere than it says.
    Reserved,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::SharedByCarrier => "an address shared by a carrier",
            Self::LinkLocal => "a link-local address",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        })
    }
}

/// What the operator allows beyond the Internet.
#[derive(Clone, Debug, Default)]
pub struct AddressRules {
    allowed: Vec<IpNet>,
}

impl AddressRules {
    /// Allows these networks.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether the operator named the address: then all rules are lifted for it.
    #[must_use]
    pub fn is_allowed(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Whether the address may be dialled.
    ///
    /// # Errors
    /// What kind of address it is, if it is neither allowed nor out in the Internet.
    pub fn check(&self, address: IpAddr) -> Result<(), AddressKind> {
        if self.is_allowed(address) {
            return Ok(());
        }
        match address.to_canonical() {
            IpAddr::V4(address) => kind_of_v4(address),
            IpAddr::V6(address) => kind_of_v6(address),
        }
        .map_or(Ok(()), Err)
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const INWARD_V4: [(Ipv4Net, AddressKind); 16] = [
    (v4(0, 0, 0, 0, 8), AddressKind::Unspecified),
    (v4(10, 0, 0, 0, 8), AddressKind::Private),
    (v4(100, 64, 0, 0, 10), AddressKind::SharedByCarrier),
    (v4(127, 0, 0, 0, 8), AddressKind::Loopback),
    (v4(169, 254, 0, 0, 16), AddressKind::LinkLocal),
    (v4(172, 16, 0, 0, 12), AddressKind::Private),
    (v4(192, 0, 0, 0, 24), AddressKind::Reserved),
    (v4(192, 0, 2, 0, 24), AddressKind::Documentation),
    (v4(192, 31, 196, 0, 24), AddressKind::Reserved),
    (v4(192, 88, 99, 0, 24), AddressKind::Reserved),
    (v4(192, 168, 0, 0, 16), AddressKind::Private),
    (v4(198, 18, 0, 0, 15), AddressKind::Benchmarking),
    (v4(198, 51, 100, 0, 24), AddressKind::Documentation),
    (v4(203, 0, 113, 0, 24), AddressKind::Documentation),
    (v4(224, 0, 0, 0, 4), AddressKind::Multicast),
    (v4(240, 0, 0, 0, 4), AddressKind::Reserved),
];

fn kind_of_v4(address: Ipv4Addr) -> Option<AddressKind> {
    let holds = |(network, _): &&(Ipv4Net, AddressKind)| network.contains(&address);
    INWARD_V4.iter().find(holds).map(|(_, kind)| *kind)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// Within 2000::/3, what is not out in the Internet: protocol assignments with Teredo, 6to4
/// (leads to any IPv4 address), documentation.
const INWARD_V6: [(Ipv6Net, AddressKind); 7] = [
    (v6(0x2001, 0, 23), AddressKind::Reserved),
    (v6(0x2001, 0xdb8, 32), AddressKind::Documentation),
    (v6(0x2002, 0, 16), AddressKind::Reserved),
    (v6(0x3fff, 0, 20), AddressKind::Documentation),
    (v6(0xfc00, 0, 7), AddressKind::Private),
    (v6(0xfe80, 0, 10), AddressKind::LinkLocal),
    (v6(0xff00, 0, 8), AddressKind::Multicast),
];
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);
/// NAT64 (RFC 6052): leads to the IPv4 address in its last 32 bits, and is judged as that.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

fn kind_of_v6(address: Ipv6Addr) -> Option<AddressKind> {
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return kind_of_v4(Ipv4Addr::new(a, b, c, d));
    }
    if address.is_unspecified() {
        return Some(AddressKind::Unspecified);
    }
    if address.is_loopback() {
        return Some(AddressKind::Loopback);
    }
    let holds = |(network, _): &&(Ipv6Net, AddressKind)| network.contains(&address);
    match INWARD_V6.iter().find(holds) {
        Some((_, kind)) => Some(*kind),
        None if GLOBAL_V6.contains(&address) => None,
        None => Some(AddressKind::Reserved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &AddressRules, address: &str) -> Result<(), AddressKind> {
        rules.check(address.parse().unwrap())
    }

    #[test]
    fn inward_addresses_are_refused() {
        use AddressKind as Kind;
        let none = AddressRules::default();
        // Each in the spelling in which an attacker would hide it, too.
        let table = [
            ("0.0.0.0", Kind::Unspecified),
            ("0.1.2.3", Kind::Unspecified),
            ("10.1.2.3", Kind::Private),
            ("100.64.0.1", Kind::SharedByCarrier),
            ("100.127.255.255", Kind::SharedByCarrier),
            ("127.0.0.1", Kind::Loopback),
            ("127.255.0.1", Kind::Loopback),
            ("169.254.169.254", Kind::LinkLocal),
            ("172.16.0.1", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("192.0.0.192", Kind::Reserved),
            ("192.0.2.1", Kind::Documentation),
            ("192.168.1.1", Kind::Private),
            ("198.19.255.255", Kind::Benchmarking),
            ("224.0.0.1", Kind::Multicast),
            ("255.255.255.255", Kind::Reserved),
            ("::", Kind::Unspecified),
            ("::1", Kind::Loopback),
            ("::127.0.0.1", Kind::Reserved),
            ("::ffff:127.0.0.1", Kind::Loopback),
            ("::ffff:a00:1", Kind::Private),
            ("64:ff9b::7f00:1", Kind::Loopback),
            ("64:ff9b:1::1", Kind::Reserved),
            ("100::1", Kind::Reserved),
            ("2001::1", Kind::Reserved),
            ("2001:db8::1", Kind::Documentation),
            ("2002:7f00:1::", Kind::Reserved),
            ("3fff::1", Kind::Documentation),
            ("fd00:ec2::254", Kind::Private),
            ("fe80::1", Kind::LinkLocal),
            ("fec0::1", Kind::Reserved),
            ("ff02::1", Kind::Multicast),
        ];
        for (address, kind) in table {
            assert_eq!(check(&none, address), Err(kind), "{address}");
        }
    }

    #[test]
    fn the_internet_is_open() {
        let none = AddressRules::default();
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.167.1.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert_eq!(check(&none, address), Ok(()), "{address}");
            assert!(!none.is_allowed(address.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_allowed_is_open_however_it_is_written() {
        let rules = AddressRules::new(vec!["10.1.0.0/16".parse().unwrap()]);
        assert_eq!(check(&rules, "10.1.2.3"), Ok(()));
        assert_eq!(check(&rules, "::ffff:10.1.2.3"), Ok(()));
        assert_eq!(check(&rules, "10.2.2.3"), Err(AddressKind::Private));
        assert_eq!(check(&rules, "127.0.0.1"), Err(AddressKind::Loopback));
    }
}
