//! Values of metrics: what a behavior compares with, and what a violation shows.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A metric's value. Exactly one of AWS's `MetricValue` members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
pub enum MetricValue {
    /// Of sums and gauges.
    #[n(0)]
    Count(#[n(0)] u64),
    /// Of addresses, each a network in CIDR notation.
    #[n(1)]
    Cidrs(#[cbor(n(0), with = "cidrs")] Vec<IpNet>),
    /// Of listening ports.
    #[n(2)]
    Ports(#[n(0)] Vec<u16>),
    /// Of a custom `number`.
    #[n(3)]
    Number(#[n(0)] f64),
    /// Of a custom `number-list`.
    #[n(4)]
    Numbers(#[n(0)] Vec<f64>),
    /// Of a custom `string-list`.
    #[n(5)]
    Strings(#[n(0)] Vec<String>),
}

impl MetricValue {
    /// How many elements of the profile's value quota it takes.
    #[must_use]
    pub fn elements(&self) -> usize {
        match self {
            Self::Count(_) | Self::Number(_) => 1,
            Self::Cidrs(list) => list.len(),
            Self::Ports(list) => list.len(),
            Self::Numbers(list) => list.len(),
            Self::Strings(list) => list.len(),
        }
    }
}

/// A network of one address.
#[must_use]
pub fn host_network(address: IpAddr) -> IpNet {
    IpNet::from(address)
}

/// `IpNet` in CBOR: its text, since neither crate knows the other.
mod cidrs {
    use super::IpNet;
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{Encoder, Write};

    pub(super) fn encode<C, W: Write>(
        list: &[IpNet],
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(list.len() as u64)?;
        for network in list {
            e.str(&network.to_string())?;
        }
        Ok(())
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Vec<IpNet>, Error> {
        d.array_iter::<&str>()?
            .map(|text| text?.parse().map_err(|_| Error::message("not a CIDR")))
            .collect()
    }
}
