//! Dimensions.

use fleetward_domain::{Dimension, DimensionName, EpochMs, FormatLevel};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<Dimension>] = &[json::reader::<V1, Dimension>];

impl Noun for Dimension {
    const KIND: Kind = Kind::Dimension;
    const WORD: &'static str = "Dimension";

    fn key(&self) -> &str {
        self.name.as_str()
    }

    fn to_bytes(&self, _: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1::from(self))
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, READERS)
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    name: DimensionName,
    topic_filters: Vec<String>,
    tags: Vec<(String, String)>,
    client_request_token: String,
    created_ms: EpochMs,
    modified_ms: EpochMs,
}

impl From<&Dimension> for V1 {
    fn from(dimension: &Dimension) -> Self {
        let Dimension { name, topic_filters, tags, client_request_token, created_ms, modified_ms } =
            dimension.clone();
        Self { name, topic_filters, tags, client_request_token, created_ms, modified_ms }
    }
}

impl From<V1> for Dimension {
    fn from(stored: V1) -> Self {
        let V1 { name, topic_filters, tags, client_request_token, created_ms, modified_ms } =
            stored;
        Self { name, topic_filters, tags, client_request_token, created_ms, modified_ms }
    }
}
