//! A set of ports, asked for every port of every report.

use std::sync::Arc;

/// So many are looked through where they stand: no other memory is touched.
const FEW: usize = 12;

/// Few ports in place, or one bit for each of all ports (8 KiB, shared).
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PortSet {
    Few { ports: [u16; FEW], count: u8 },
    Many(Arc<[u64]>),
}

impl PortSet {
    pub(crate) fn new(ports: &[u16]) -> Self {
        let mut few = [0; FEW];
        if let Some(places) = few.get_mut(..ports.len()) {
            places.copy_from_slice(ports);
            return Self::Few { ports: few, count: u8::try_from(ports.len()).unwrap_or(0) };
        }
        let mut words = vec![0_u64; (1 << 16) / 64];
        for port in ports {
            if let Some(word) = words.get_mut(usize::from(port / 64)) {
                *word |= 1 << (port % 64);
            }
        }
        Self::Many(words.into())
    }

    #[inline]
    pub(crate) fn contains(&self, port: u16) -> bool {
        match self {
            Self::Few { ports, count } => {
                ports.iter().take(usize::from(*count)).any(|p| *p == port)
            }
            Self::Many(words) => {
                let word = words.get(usize::from(port / 64));
                word.is_some_and(|word| word >> (port % 64) & 1 == 1)
            }
        }
    }
}

impl std::fmt::Debug for PortSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries((0..=u16::MAX).filter(|port| self.contains(*port))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in_and_nothing_else() {
        let many: Vec<u16> = (0..40).map(|n| n * 1_601).chain([63, 64, 65_535]).collect();
        for ports in [&[][..], &[0], &[7, 63, 64, 1_883, 65_535], &many[..FEW], &many] {
            let set = PortSet::new(ports);
            for port in 0..=u16::MAX {
                assert_eq!(set.contains(port), ports.contains(&port), "{port} in {ports:?}");
            }
        }
    }
}
