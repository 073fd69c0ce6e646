//! Device reports: parsed, logged, answered. How a report came and how its answer goes is the
//! caller's matter; here is no MQTT.
//!
//! A report is called accepted only when its record is durable.

use std::sync::Arc;

use fleetward_domain::{EpochMs, FormatLevel, Publisher, Report, ThingName};
use fleetward_environment::Clock;
use fleetward_log::{Entry, EventLog, LogError, record};
use fleetward_report::{Format, Reject, RejectCode, parse, reply};

use crate::limits::REPORT_MAX_BYTES;
use crate::stamps::Stamped;

/// A report as it came.
#[derive(Debug)]
pub(crate) struct Submission {
    /// Whom it is about, as its sender says: not checked yet.
    thing: String,
    publisher: Publisher,
    format: Format,
    /// Of one that is too long, as much as shows it.
    payload: Vec<u8>,
}

/// What became of a report, and the answer to it in the report's format.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is durable.
    Accepted(Vec<u8>),
    /// It cannot be taken, and sending it again would not mend it.
    Rejected(Vec<u8>),
}

impl Submission {
    /// A report about `thing`.
    pub(crate) fn new(thing: &str, publisher: Publisher, format: Format, payload: &[u8]) -> Self {
        let kept = payload.len().min(REPORT_MAX_BYTES.saturating_add(1));
        Self {
            thing: thing.to_owned(),
            publisher,
            format,
            payload: payload.get(..kept).unwrap_or_default().to_vec(),
        }
    }

    /// Whom it is about.
    pub(crate) fn thing(&self) -> &str {
        &self.thing
    }
}

/// Takes the reports of all connections.
pub(crate) struct Ingest {
    log: Arc<dyn EventLog>,
    clock: Clock,
    format_level: FormatLevel,
}

impl Ingest {
    pub(crate) fn new(log: Arc<dyn EventLog>, clock: Clock, format_level: FormatLevel) -> Self {
        Self { log, clock, format_level }
    }

    /// Takes reports in their order, with one append for all; what became of each. The memory of
    /// what `scratch` held is used again.
    ///
    /// # Errors
    /// The log's: then none of them is known to be durable, and none may be acknowledged.
    pub(crate) async fn take(
        &self,
        reports: &[(Submission, Stamped)],
        scratch: &mut Report,
    ) -> Result<Vec<Outcome>, LogError> {
        let mut entries = Vec::with_capacity(reports.len());
        let mut judged = Vec::with_capacity(reports.len());
        for (report, stamp) in reports {
            judged.push(self.judge(report, stamp.at_ms, scratch).map(|(report_id, entry)| {
                entries.push(entry);
                report_id
            }));
        }
        if !entries.is_empty() {
            self.log.append(entries).await?;
        }
        let now_ms = self.clock.now_ms();
        let answers = reports.iter().zip(judged);
        Ok(answers.map(|((report, _), judgement)| report.answer(judgement, now_ms)).collect())
    }

    /// The id and the record of a report that can be taken.
    fn judge(
        &self,
        submission: &Submission,
        at_ms: EpochMs,
        report: &mut Report,
    ) -> Result<(i64, Entry), Reject> {
        parse(submission.format, &submission.payload, report)?;
        let report_id = report.report_id;
        let code = RejectCode::InvalidPayload;
        let reject = |message| Reject { report_id: Some(report_id), code, message };
        let thing = ThingName::parse(submission.thing.as_str())
            .map_err(|error| reject(format!("Malformed topic: {error}")))?;
        let partition = self.log.placement().partition_of(thing.as_str());
        let head = (&thing, at_ms, submission.publisher);
        let bytes = record::encode_report(head, report, self.format_level);
        let bytes = bytes.map_err(|error| reject(error.to_string()))?;
        Ok((report_id, Entry { partition, bytes }))
    }
}

impl Submission {
    fn answer(&self, judgement: Result<i64, Reject>, now_ms: EpochMs) -> Outcome {
        let (thing, format) = (self.thing.as_str(), self.format);
        match judgement {
            Ok(report_id) => Outcome::Accepted(reply::accepted(thing, report_id, now_ms, format)),
            Err(Reject { report_id, code, message }) => {
                tracing::info!(thing, ?report_id, message, "report rejected");
                let answer = reply::rejected(thing, report_id, code, &message, now_ms, format);
                Outcome::Rejected(answer)
            }
        }
    }
}
