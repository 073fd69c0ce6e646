//! The device reports of one connection: they come as messages, are acknowledged when they are
//! safe on disk, and are answered by a message on a topic of their own.

use std::sync::Arc;

use fleetward_domain::{EpochMs, Publisher, Report, ThingName};
use fleetward_mqtt::packet::{Answer, AnswerKind, Publish};
use fleetward_mqtt::topic::{DefenderFormat, DefenderResponse, DefenderTopic};
use fleetward_mqtt::{ProtocolVersion, QoS, ReasonCode};
use fleetward_report::Format;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Door, End};
use crate::ingest::{Outcome, Submission};
use crate::limits::{REPORTS_IN_FLIGHT, SESSION_END};

/// A report, and what its sender is owed for it.
#[derive(Debug)]
pub(crate) struct ReportJob {
    submission: Submission,
    owed: Owed,
}

/// What the sender of a report is owed.
#[derive(Debug)]
struct Owed {
    /// In which topic the answer goes.
    format: DefenderFormat,
    /// The packet id, and PUBACK or PUBREC; nothing for QoS 0.
    acknowledgement: Option<(AnswerKind, u16)>,
}

impl ReportJob {
    /// The report that this message of `sender` is, by its topic.
    pub(super) fn new(
        topic: DefenderTopic<'_>,
        sender: &ThingName,
        publish: &Publish<'_>,
        at_ms: EpochMs,
    ) -> Self {
        let kind = match publish.qos {
            QoS::ExactlyOnce => AnswerKind::Pubrec,
            _ => AnswerKind::Puback,
        };
        let format = match topic.format {
            DefenderFormat::Json => Format::Json,
            DefenderFormat::Cbor => Format::Cbor,
        };
        let (thing, payload) = (topic.thing_name, publish.payload);
        let publisher = match sender.as_str() == thing {
            true => Publisher::Itself,
            false => Publisher::Another,
        };
        Self {
            submission: Submission::new(thing, publisher, format, payload, at_ms),
            owed: Owed {
                format: topic.format,
                acknowledgement: publish.packet_id.map(|id| (kind, id)),
            },
        }
    }
}

/// Takes the reports of one connection. Most connections send none, so the worker is started with
/// the first one.
pub(super) struct Reports {
    door: Arc<Door>,
    version: ProtocolVersion,
    to_client: mpsc::Sender<Vec<u8>>,
    worker: Option<(mpsc::Sender<ReportJob>, JoinHandle<()>)>,
}

impl Reports {
    pub(super) fn new(
        door: &Arc<Door>,
        version: ProtocolVersion,
        to_client: mpsc::Sender<Vec<u8>>,
    ) -> Self {
        Self { door: Arc::clone(door), version, to_client, worker: None }
    }

    /// Hands the report over; waits while too many are in flight, so that the connection is not
    /// read meanwhile.
    pub(super) async fn push(&mut self, job: ReportJob) -> Result<(), End> {
        let (jobs, _) = self.worker.get_or_insert_with(|| {
            let (sender, jobs) = mpsc::channel(REPORTS_IN_FLIGHT);
            let worker = work(Arc::clone(&self.door), self.version, jobs, self.to_client.clone());
            (sender, tokio::spawn(worker))
        });
        jobs.send(job).await.map_err(|_| End::Overrun("device reports"))
    }

    /// Waits for the reports that came before the end.
    pub(super) async fn finish(&mut self) {
        if let Some((jobs, worker)) = self.worker.take() {
            drop(jobs);
            let _ = self.door.clock.timeout(SESSION_END, worker).await;
        }
    }
}

/// Takes reports in order, until no more can come. What came while the log was busy is taken at
/// once.
async fn work(
    door: Arc<Door>,
    version: ProtocolVersion,
    mut jobs: mpsc::Receiver<ReportJob>,
    to_client: mpsc::Sender<Vec<u8>>,
) {
    let mut batch = Vec::with_capacity(REPORTS_IN_FLIGHT);
    // Its lists are used again from report to report.
    let mut scratch = Report::default();
    while jobs.recv_many(&mut batch, REPORTS_IN_FLIGHT).await > 0 {
        let (submissions, owed): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|ReportJob { submission, owed }| (submission, owed)).unzip();
        let outcomes = match door.ingest.take(&submissions, &mut scratch).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                // Without an acknowledgement the device sends again.
                tracing::error!(%error, reports = submissions.len(), "reports were not logged");
                continue;
            }
        };
        for ((submission, owed), outcome) in submissions.iter().zip(&owed).zip(&outcomes) {
            if let Some(frame) = owed.acknowledge(version) {
                // Whoever has gone needs none.
                let _ = to_client.send(frame).await;
            }
            owed.answer(&door, submission.thing(), outcome).await;
        }
    }
}

impl Owed {
    /// The acknowledgement. A rejected report is acknowledged too: it need not come again.
    fn acknowledge(&self, version: ProtocolVersion) -> Option<Vec<u8>> {
        let (kind, id) = self.acknowledgement?;
        Answer::new(kind, id, ReasonCode::SUCCESS).encode(version).ok()
    }

    /// Publishes the answer. It goes through the broker, so that every subscriber gets it.
    async fn answer(&self, door: &Door, thing_name: &str, outcome: &Outcome) {
        let (response, payload) = match outcome {
            Outcome::Accepted(payload) => (DefenderResponse::Accepted, payload),
            Outcome::Rejected(payload) => (DefenderResponse::Rejected, payload),
        };
        let topic = DefenderTopic { thing_name, format: self.format, response: Some(response) };
        door.service.publish(&topic.to_string(), payload).await;
    }
}
