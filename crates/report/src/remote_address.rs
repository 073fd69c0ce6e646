//! `remote_addr`: an address and a port, as agents happen to write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::limits::REMOTE_ADDRESS_BYTES;

/// Where some agents cut: an IPv4 address and a port always fit in it.
const CUT_AT: usize = 21;

/// Reads `10.0.0.1:443`, `10.0.0.1`, `[2001:db8::1]:443` and `2001:db8::1:443`. None if it cannot
/// be read, or could be half an address.
#[inline]
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    parse_v4(text.as_bytes()).map(IpAddr::V4).or_else(|| parse_v6(text).map(IpAddr::V6))
}

/// Strict, as the standard library is, and quicker, since every report has many.
#[inline]
#[allow(clippy::arithmetic_side_effects, reason = "three digits an octet, three dots at most")]
fn parse_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut address, mut octet, mut digits, mut dots) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut bytes = text.iter();
    let mut has_port = false;
    for &byte in bytes.by_ref() {
        match byte {
            b'0'..=b'9' => {
                if digits == 3 || (digits > 0 && octet == 0) {
                    return None;
                }
                octet = octet * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && octet < 256 && dots < 3 => {
                address = address << 8 | octet;
                (octet, digits) = (0, 0);
                dots += 1;
            }
            b':' => {
                has_port = true;
                break;
            }
            _ => return None,
        }
    }
    let is_address = dots == 3 && digits > 0 && octet < 256;
    let rest = bytes.as_slice();
    (is_address && (!has_port || is_port(rest))).then(|| (address << 8 | octet).into())
}

fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    if text.len() > REMOTE_ADDRESS_BYTES {
        return None;
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let fits = port.is_empty() || port.strip_prefix(':').is_some_and(|p| is_port(p.as_bytes()));
        return if fits { address.parse().ok() } else { None };
    }
    // Cut short it would be another address.
    if text.len() == CUT_AT {
        return None;
    }
    let (address, port) = text.rsplit_once(':')?;
    let is_port = !port.is_empty() && is_port(port.as_bytes());
    if is_port { address.parse().ok() } else { None }
}

/// Digits, as many as a port has; none where it was cut off.
fn is_port(text: &[u8]) -> bool {
    text.len() <= 5 && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text), expected.map(|address| address.parse().unwrap()), "{text}");
    }

    #[test]
    fn addresses_are_read_as_agents_write_them() {
        check("10.0.0.1:443", Some("10.0.0.1"));
        check("255.255.255.255:65535", Some("255.255.255.255"));
        check("10.0.0.1", Some("10.0.0.1"));
        check("0.0.0.0:0", Some("0.0.0.0"));
        check("[2001:db8::1]:443", Some("2001:db8::1"));
        check("[::1]", Some("::1"));
        check("2001:db8::1:443", Some("2001:db8::1"));
        check("::1:22", Some("::1"));
        check("2001:db8:1:2:3:4:5:6:8883", Some("2001:db8:1:2:3:4:5:6"));
        check("::ffff:10.0.0.1:443", Some("::ffff:10.0.0.1"));
    }

    #[test]
    fn what_cannot_be_read_is_no_address() {
        for text in [
            "",
            ":",
            "10.0.0",
            "10.0.0.",
            "10.0.0.1.2:4",
            "256.0.0.1:4",
            "1.2.3.04:5",
            "a.b.c.d:1",
            "10.0.0.1:http",
            "10.0.0.1:123456",
            "host:443",
            "[::1",
            "[::1]443",
            "[10.0.0.1]:4",
            "2001:db8:1:2:3:4:5:6",
            "2001:db8:1:2:3:4:5:",
            "2001:0db8:85a3:0000:0",
            "2001:db8::8a2e:370:73",
            "1000.0.0.1:1",
            "é",
        ] {
            check(text, None);
        }
        check(&"1".repeat(5_000), None);
    }

    #[test]
    fn ipv4_is_as_strict_as_the_standard_library() {
        for text in
            ["1.2.3.4", "0.0.0.0", "00.0.0.0", "1.2.3.4.", "1..2.3", "01.2.3.4", "1.2.3.256"]
        {
            let expected: Option<Ipv4Addr> = text.parse().ok();
            assert_eq!(parse_v4(text.as_bytes()), expected, "{text}");
        }
    }
}
