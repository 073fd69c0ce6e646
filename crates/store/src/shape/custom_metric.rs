//! Registered custom metrics. The first release knew none: it passes over documents of their kind.

use fleetward_domain::{CustomMetric, CustomMetricName, CustomMetricType, EpochMs, FormatLevel};
use serde::{Deserialize, Serialize};

use super::json::{self, Reader};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<CustomMetric>] = &[json::reader::<V1, CustomMetric>];

impl Noun for CustomMetric {
    const KIND: Kind = Kind::CustomMetric;
    const WORD: &'static str = "Custom metric";

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
    name: CustomMetricName,
    metric_type: Type,
    display_name: Option<String>,
    tags: Vec<(String, String)>,
    client_request_token: String,
    created_ms: EpochMs,
    modified_ms: EpochMs,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Type {
    Number,
    NumberList,
    StringList,
    IpAddressList,
}

impl From<&CustomMetric> for V1 {
    fn from(metric: &CustomMetric) -> Self {
        let CustomMetric { name, display_name, tags, client_request_token, .. } = metric.clone();
        let metric_type = match metric.metric_type {
            CustomMetricType::Number => Type::Number,
            CustomMetricType::NumberList => Type::NumberList,
            CustomMetricType::StringList => Type::StringList,
            CustomMetricType::IpAddressList => Type::IpAddressList,
        };
        let (created_ms, modified_ms) = (metric.created_ms, metric.modified_ms);
        Self {
            name,
            metric_type,
            display_name,
            tags,
            client_request_token,
            created_ms,
            modified_ms,
        }
    }
}

impl From<V1> for CustomMetric {
    fn from(stored: V1) -> Self {
        let V1 { name, display_name, tags, client_request_token, created_ms, modified_ms, .. } =
            stored;
        let metric_type = match stored.metric_type {
            Type::Number => CustomMetricType::Number,
            Type::NumberList => CustomMetricType::NumberList,
            Type::StringList => CustomMetricType::StringList,
            Type::IpAddressList => CustomMetricType::IpAddressList,
        };
        Self {
            name,
            metric_type,
            display_name,
            tags,
            client_request_token,
            created_ms,
            modified_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1, to be read for ever.
    const V1_BYTES: &str = concat!(
        r#"{"name":"cpu:temp","metric_type":"ip_address_list","display_name":"CPU","#,
        r#""tags":[["k","v"]],"client_request_token":"t","created_ms":1,"modified_ms":2}"#
    );

    #[test]
    fn version_1_is_read_and_written() {
        let metric = CustomMetric {
            name: CustomMetricName::parse("cpu:temp").unwrap(),
            metric_type: CustomMetricType::IpAddressList,
            display_name: Some("CPU".to_owned()),
            tags: vec![("k".to_owned(), "v".to_owned())],
            client_request_token: "t".to_owned(),
            created_ms: 1,
            modified_ms: 2,
        };
        let read = CustomMetric::from_bytes("cpu:temp", V1_BYTES.as_bytes()).unwrap();
        assert_eq!(read, metric);
        for level in FormatLevel::ALL {
            assert_eq!(metric.to_bytes(level).unwrap(), V1_BYTES.as_bytes());
        }
    }

    #[test]
    fn every_type_reads_back() {
        for (metric_type, word) in [
            (CustomMetricType::Number, "number"),
            (CustomMetricType::NumberList, "number_list"),
            (CustomMetricType::StringList, "string_list"),
            (CustomMetricType::IpAddressList, "ip_address_list"),
        ] {
            let bytes = V1_BYTES.replace("ip_address_list", word).into_bytes();
            let read = CustomMetric::from_bytes("cpu:temp", &bytes).unwrap();
            assert_eq!(read.metric_type, metric_type);
            assert_eq!(read.to_bytes(FormatLevel::First).unwrap(), bytes);
        }
    }
}
