//! Device reports: parsed, logged, then acknowledged and answered.
//!
//! A report is acknowledged and called accepted only when its record is durable. A malformed one
//! is acknowledged too, for sending it again would not mend it, and answered with what is wrong.

use std::sync::Arc;

use fleetward_domain::record::partition_of;
use fleetward_domain::{EpochMs, Record, Report, ThingName};
use fleetward_log::{Entry, EventLog};
use fleetward_mqtt::packet::{Answer, AnswerKind, Publish};
use fleetward_mqtt::topic::{DefenderFormat, DefenderResponse, DefenderTopic};
use fleetward_mqtt::{ProtocolVersion, QoS, ReasonCode};
use fleetward_report::{Format, Reject, RejectCode, parse, reply};
use tokio::sync::mpsc;

use crate::Clock;
use crate::limits::{REPORT_MAX_BYTES, REPORTS_IN_FLIGHT};
use crate::upstream::Service;

/// A report as it came.
#[derive(Debug)]
pub(crate) struct ReportJob {
    thing: String,
    format: DefenderFormat,
    /// Of one that is too long, as much as shows it.
    payload: Vec<u8>,
    /// What the client is owed: the packet id, and PUBACK or PUBREC.
    acknowledgement: Option<(AnswerKind, u16)>,
    at_ms: EpochMs,
}

impl ReportJob {
    pub(crate) fn new(topic: DefenderTopic<'_>, publish: &Publish<'_>, at_ms: EpochMs) -> Self {
        let kind = match publish.qos {
            QoS::ExactlyOnce => AnswerKind::Pubrec,
            _ => AnswerKind::Puback,
        };
        let kept = publish.payload.len().min(REPORT_MAX_BYTES.saturating_add(1));
        Self {
            thing: topic.thing_name.to_owned(),
            format: topic.format,
            payload: publish.payload.get(..kept).unwrap_or_default().to_vec(),
            acknowledgement: publish.packet_id.map(|id| (kind, id)),
            at_ms,
        }
    }
}

/// Takes the reports of all connections.
pub(crate) struct Ingest {
    log: Arc<dyn EventLog>,
    service: Service,
    clock: Clock,
}

impl Ingest {
    pub(crate) fn new(log: Arc<dyn EventLog>, service: Service, clock: Clock) -> Self {
        Self { log, service, clock }
    }

    /// Takes the reports of one connection, in order, until no more can come. What came while
    /// the log was busy is appended at once.
    pub(crate) async fn run(
        self: Arc<Self>,
        version: ProtocolVersion,
        mut jobs: mpsc::Receiver<ReportJob>,
        to_client: mpsc::Sender<Vec<u8>>,
    ) {
        let mut batch = Vec::with_capacity(REPORTS_IN_FLIGHT);
        // Its lists are used again from report to report.
        let mut report = Report::default();
        while jobs.recv_many(&mut batch, REPORTS_IN_FLIGHT).await > 0 {
            let mut judged = Vec::with_capacity(batch.len());
            let mut entries = Vec::new();
            for job in batch.drain(..) {
                let judgement = self.judge(&job, &mut report).map(|(accepted, entry)| {
                    entries.push(entry);
                    accepted
                });
                judged.push((job, judgement));
            }
            if !entries.is_empty()
                && let Err(error) = self.log.append(entries).await
            {
                // Without an acknowledgement the device sends again.
                tracing::error!(%error, reports = judged.len(), "reports were not logged");
                continue;
            }
            for (job, judgement) in judged {
                if let Some(frame) = job.acknowledge(version) {
                    // Whoever has gone needs none.
                    let _ = to_client.send(frame).await;
                }
                self.answer(&job, &judgement).await;
            }
        }
    }

    /// The record of a report that can be taken.
    fn judge(&self, job: &ReportJob, report: &mut Report) -> Result<(Accepted, Entry), Reject> {
        parse(job.format(), &job.payload, report)?;
        let report_id = report.report_id;
        let code = RejectCode::InvalidPayload;
        let reject = |message| Reject { report_id: Some(report_id), code, message };
        let thing = ThingName::parse(job.thing.as_str())
            .map_err(|error| reject(format!("Malformed topic: {error}")))?;
        let partition = partition_of(thing.as_str(), self.log.partitions());
        // The record takes the report while it is written, and gives it back.
        let record = Record::Report(thing, job.at_ms, std::mem::take(report));
        let bytes = minicbor::to_vec(&record)
            .map_err(|error| reject(format!("Malformed metrics report: {error}")))?;
        if let Record::Report(_, _, taken) = record {
            *report = taken;
        }
        Ok((Accepted { report_id }, Entry { partition, bytes }))
    }

    /// Publishes the answer, in the format of the report.
    async fn answer(&self, job: &ReportJob, judgement: &Result<Accepted, Reject>) {
        let (thing, format, now_ms) = (job.thing.as_str(), job.format(), self.clock.now_ms());
        let (response, payload) = match judgement {
            Ok(accepted) => {
                let payload = reply::accepted(thing, accepted.report_id, now_ms, format);
                (DefenderResponse::Accepted, payload)
            }
            Err(Reject { report_id, code, message }) => {
                tracing::info!(thing, ?report_id, message, "report rejected");
                let payload = reply::rejected(thing, *report_id, *code, message, now_ms, format);
                (DefenderResponse::Rejected, payload)
            }
        };
        let topic =
            DefenderTopic { thing_name: thing, format: job.format, response: Some(response) };
        self.service.publish(&topic.to_string(), &payload).await;
    }
}

/// A report that was taken.
struct Accepted {
    report_id: i64,
}

impl ReportJob {
    fn format(&self) -> Format {
        match self.format {
            DefenderFormat::Json => Format::Json,
            DefenderFormat::Cbor => Format::Cbor,
        }
    }

    /// The acknowledgement that the client is owed.
    fn acknowledge(&self, version: ProtocolVersion) -> Option<Vec<u8>> {
        let (kind, id) = self.acknowledgement?;
        Answer::new(kind, id, ReasonCode::SUCCESS).encode(version).ok()
    }
}
