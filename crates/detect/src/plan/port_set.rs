//! A set of ports, asked for every port of every report.

/// One bit for each port: 8 KiB, shared by all things that the behavior applies to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PortSet(Box<[u64]>);

impl PortSet {
    pub(crate) fn new(ports: &[u16]) -> Self {
        let mut words = vec![0_u64; (1 << 16) / 64];
        for port in ports {
            if let Some(word) = words.get_mut(usize::from(port / 64)) {
                *word |= 1 << (port % 64);
            }
        }
        Self(words.into_boxed_slice())
    }

    #[inline]
    pub(crate) fn contains(&self, port: u16) -> bool {
        self.0.get(usize::from(port / 64)).is_some_and(|word| word >> (port % 64) & 1 == 1)
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
        let set = PortSet::new(&[0, 63, 64, 1883, 65_535]);
        for port in 0..=u16::MAX {
            assert_eq!(set.contains(port), [0, 63, 64, 1883, 65_535].contains(&port), "{port}");
        }
    }
}
