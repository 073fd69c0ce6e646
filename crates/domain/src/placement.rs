//! Which partition holds a thing. It is part of the data: a log is made with one placement and
//! keeps it, so that every process and every version agrees.

/// How many partitions there are, and how things are spread over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// At least one.
    pub partitions: u32,
    /// How a name becomes a partition.
    pub spread: Spread,
}

/// How a name becomes a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// That of the first release's folders: FNV-1a without its lowest bits. Names that differ in
    /// their last character only share a partition.
    First,
    /// That of new folders: FNV-1a, mixed, so that each bit of the name moves each bit.
    Even,
}

impl Placement {
    /// The placement of a new log.
    #[must_use]
    pub const fn even(partitions: u32) -> Self {
        Self { partitions, spread: Spread::Even }
    }

    /// The partition that holds all records of a thing.
    #[must_use]
    pub fn partition_of(self, thing: &str) -> u32 {
        let spread = match self.spread {
            Spread::First => hashed(thing) >> 16,
            Spread::Even => Self::spread_of(thing),
        };
        u32::try_from(spread % u64::from(self.partitions.max(1))).unwrap_or(0)
    }

    /// The number that says where a thing is in new folders. With a power of two of partitions,
    /// the things of one have the same lowest bits.
    #[must_use]
    pub fn spread_of(thing: &str) -> u64 {
        mixed(hashed(thing))
    }

    /// How many bits [`Placement::near`] has.
    pub const NEAR_BITS: u32 = 31;

    /// Where the rows of a thing stand in indexes: near those of its partition, for a partition's
    /// things are committed together. Two things may share it.
    #[must_use]
    pub fn near(thing: &str) -> u32 {
        (Self::spread_of(thing).reverse_bits() >> (u64::BITS - Self::NEAR_BITS)) as u32
    }
}

/// FNV-1a.
fn hashed(thing: &str) -> u64 {
    thing.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The end of MurmurHash3's 64-bit variant: the last bytes of a name reach all bits.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest partition, in per cent of the mean.
    fn largest(placement: Placement, names: impl Iterator<Item = String>) -> usize {
        let mut things = vec![0_usize; placement.partitions as usize];
        names.for_each(|name| things[placement.partition_of(&name) as usize] += 1);
        let all: usize = things.iter().sum();
        things.iter().max().unwrap() * things.len() * 100 / all
    }

    #[test]
    fn numbered_names_are_spread_evenly() {
        for count in [2_560, 25_600] {
            let largest = largest(Placement::even(256), (0..count).map(|n| format!("thing-{n}")));
            assert!(largest < 250, "{largest} % of the mean for {count} things");
        }
    }

    /// Folders hold these: they never change.
    #[test]
    fn the_partition_of_a_name_never_changes() {
        let first = Placement { partitions: 16, spread: Spread::First };
        let even = Placement::even(256);
        let table = [("lamp-1", 2, 92), ("lamp-2", 2, 30), ("stranger é", 9, 219), ("", 2, 38)];
        for (name, in_first, in_even) in table {
            let found = (first.partition_of(name), even.partition_of(name));
            assert_eq!(found, (in_first, in_even), "{name}");
        }
    }
}
