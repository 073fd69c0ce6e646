//! Topics that AWS reserves, and AWS's quotas for topics.

use std::fmt;

use crate::MqttError;
use crate::limits::{AWS_TOPIC_MAX_BYTES, AWS_TOPIC_MAX_SLASHES};

const BASIC_INGEST: &str = "$aws/rules/";

/// Whether the topic name or filter is of those that begin with `$`, which a client may use
/// only as AWS says ("Reserved topics" in the AWS IoT Core developer guide).
pub fn is_reserved(topic: &str) -> bool {
    topic.starts_with('$')
}

/// Checks a topic name or filter against AWS IoT Core's quotas: 256 bytes and seven forward
/// slashes ("AWS IoT Core message broker and protocol limits and quotas"). The first three
/// levels of a Basic Ingest topic do not count. A broker of one's own has no need of them, so
/// parsing does not ask.
///
/// # Errors
/// [`MqttError::AwsTopicLimit`].
pub fn check_aws_limits(topic: &str) -> Result<(), MqttError> {
    check_limits(topic, AWS_TOPIC_MAX_BYTES, AWS_TOPIC_MAX_SLASHES)
}

/// The same with limits of one's own.
///
/// # Errors
/// [`MqttError::AwsTopicLimit`].
pub fn check_limits(topic: &str, max_bytes: usize, max_slashes: usize) -> Result<(), MqttError> {
    let counted = match topic.strip_prefix(BASIC_INGEST).and_then(|rest| rest.split_once('/')) {
        Some((_rule, rest)) => rest,
        None => topic,
    };
    let slashes = counted.bytes().filter(|byte| *byte == b'/').count();
    for (count, unit, limit) in
        [(counted.len(), "bytes", max_bytes), (slashes, "forward slashes", max_slashes)]
    {
        if count > limit {
            return Err(MqttError::AwsTopicLimit { count, unit, limit });
        }
    }
    Ok(())
}

/// A topic of Device Defender's device-side metrics:
/// `$aws/things/THING/defender/metrics/FORMAT[/RESPONSE]`.
///
/// The thing name is as it came: not empty and one topic level, not otherwise checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DefenderTopic<'a> {
    /// Whose metrics.
    pub thing_name: &'a str,
    /// How the report and its answer are written.
    pub format: DefenderFormat,
    /// The answer; `None` is the topic of the report itself.
    pub response: Option<DefenderResponse>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefenderFormat {
    /// JSON.
    Json,
    /// CBOR.
    Cbor,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefenderResponse {
    /// It was taken.
    Accepted,
    /// It was refused.
    Rejected,
}

impl<'a> DefenderTopic<'a> {
    /// The parts of `topic`, or `None` if it is another topic, or a filter with wildcards.
    pub fn parse(topic: &'a str) -> Option<Self> {
        let (thing_name, rest) = topic.strip_prefix("$aws/things/")?.split_once('/')?;
        let report = rest.strip_prefix("defender/metrics/")?;
        let (format, response) = match report.split_once('/') {
            Some((format, "accepted")) => (format, Some(DefenderResponse::Accepted)),
            Some((format, "rejected")) => (format, Some(DefenderResponse::Rejected)),
            Some(_) => return None,
            None => (report, None),
        };
        let format = match format {
            "json" => DefenderFormat::Json,
            "cbor" => DefenderFormat::Cbor,
            _ => return None,
        };
        if matches!(thing_name, "" | "+" | "#") {
            return None;
        }
        Some(Self { thing_name, format, response })
    }

    /// The topic of an answer to this report.
    pub fn response(self, response: DefenderResponse) -> Self {
        Self { response: Some(response), ..self }
    }
}

impl fmt::Display for DefenderTopic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.format {
            DefenderFormat::Json => "json",
            DefenderFormat::Cbor => "cbor",
        };
        let response = match self.response {
            None => "",
            Some(DefenderResponse::Accepted) => "/accepted",
            Some(DefenderResponse::Rejected) => "/rejected",
        };
        write!(f, "$aws/things/{}/defender/metrics/{format}{response}", self.thing_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defender_topics_are_read_and_written_alike() {
        for (topic, format, response) in [
            ("json", DefenderFormat::Json, None),
            ("cbor", DefenderFormat::Cbor, None),
            ("json/accepted", DefenderFormat::Json, Some(DefenderResponse::Accepted)),
            ("cbor/rejected", DefenderFormat::Cbor, Some(DefenderResponse::Rejected)),
        ] {
            let topic = format!("$aws/things/pump:1/defender/metrics/{topic}");
            let parsed = DefenderTopic::parse(&topic).unwrap();
            assert_eq!(parsed, DefenderTopic { thing_name: "pump:1", format, response });
            assert_eq!(parsed.to_string(), topic);
        }
    }

    #[test]
    fn other_topics_are_none() {
        for topic in [
            "",
            "$aws/things//defender/metrics/json",
            "$aws/things/+/defender/metrics/json",
            "$aws/things/t/defender/metrics",
            "$aws/things/t/defender/metrics/",
            "$aws/things/t/defender/metrics/xml",
            "$aws/things/t/defender/metrics/json/",
            "$aws/things/t/defender/metrics/json/+",
            "$aws/things/t/defender/metrics/json/accepted/more",
            "$aws/things/t/u/defender/metrics/json",
            "$AWS/things/t/defender/metrics/json",
            "x/$aws/things/t/defender/metrics/json",
        ] {
            assert_eq!(DefenderTopic::parse(topic), None, "{topic}");
        }
    }

    #[test]
    fn quotas_leave_out_the_first_levels_of_basic_ingest() {
        assert!(check_aws_limits(&"a".repeat(256)).is_ok());
        assert!(check_aws_limits(&"a".repeat(257)).is_err());
        assert!(check_aws_limits("1/2/3/4/5/6/7/8").is_ok());
        assert!(check_aws_limits("1/2/3/4/5/6/7/8/9").is_err());
        assert!(check_aws_limits("$aws/rules/r/1/2/3/4/5/6/7/8").is_ok());
        assert!(check_aws_limits("$aws/rules/r/1/2/3/4/5/6/7/8/9").is_err());
    }
}
