//! The device reports of one connection: they come as messages, are acknowledged when they are
//! safe on disk, and are answered by a message on a topic of their own.

use std::collections::VecDeque;
use std::sync::Arc;

use fleetward_domain::{Publisher, Report, ThingName};
use fleetward_mqtt::packet::{Answer, AnswerKind, Publish};
use fleetward_mqtt::topic::{DefenderFormat, DefenderResponse, DefenderTopic};
use fleetward_mqtt::{ProtocolVersion, QoS, ReasonCode};
use fleetward_report::Format;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::{Door, End};
use crate::ingest::{Outcome, Reporter, Submission};
use crate::limits::{REPORTS_IN_FLIGHT, SESSION_END, UNLOGGED_PAUSE};
use crate::seldom::beginning;
use crate::stamps::Stamped;
use crate::upstream::Service;

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
        reporter: Reporter,
        topic: DefenderTopic<'_>,
        sender: &ThingName,
        publish: &Publish<'_>,
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
            submission: Submission::new(reporter, thing, publisher, format, payload),
            owed: Owed {
                format: topic.format,
                acknowledgement: publish.packet_id.map(|id| (kind, id)),
            },
        }
    }
}

/// A report that came in: its stamp holds the watermark back until it is settled, and its place
/// is given back when it is answered.
struct Arrived {
    job: ReportJob,
    stamp: Stamped,
    place: OwnedSemaphorePermit,
}

/// Takes the reports of one connection. Most connections send none, so the worker is started with
/// the first one.
pub(super) struct Reports {
    door: Arc<Door>,
    reporter: Reporter,
    version: ProtocolVersion,
    to_client: mpsc::Sender<Vec<u8>>,
    worker: Option<Worker>,
}

struct Worker {
    /// For as many as may be in flight, answers included.
    places: Arc<Semaphore>,
    arrived: mpsc::Sender<Arrived>,
    /// Told when the log did not take what is to be acknowledged.
    unlogged: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Reports {
    /// Those of a connection that has proved to be `proof`.
    pub(super) fn new(
        door: &Arc<Door>,
        version: ProtocolVersion,
        proof: &str,
        to_client: mpsc::Sender<Vec<u8>>,
    ) -> Self {
        let reporter = door.ingest.reporter(proof);
        Self { door: Arc::clone(door), reporter, version, to_client, worker: None }
    }

    /// Whose rate they count against.
    pub(super) fn reporter(&self) -> Reporter {
        self.reporter
    }

    /// Hands the report over; waits while too many are in flight, so that the connection is not
    /// read meanwhile.
    pub(super) async fn push(&mut self, job: ReportJob) -> Result<(), End> {
        let worker = self.worker.get_or_insert_with(|| {
            let (sender, arrived) = mpsc::channel(REPORTS_IN_FLIGHT);
            let unlogged = Arc::new(Notify::new());
            let client = Client {
                version: self.version,
                frames: self.to_client.clone(),
                unlogged: Arc::clone(&unlogged),
            };
            let task = tokio::spawn(work(Arc::clone(&self.door), arrived, client));
            let places = Arc::new(Semaphore::new(REPORTS_IN_FLIGHT));
            Worker { places, arrived: sender, unlogged, task }
        });
        let gone = || End::Overrun("device reports");
        let place = Arc::clone(&worker.places).acquire_owned().await.map_err(|_| gone())?;
        // Stamped when there is room for it: what waits longer has not come in yet.
        let stamp = self.door.stamps.take().await;
        worker.arrived.send(Arrived { job, stamp, place }).await.map_err(|_| gone())
    }

    /// Returns when the log did not take what is to be acknowledged.
    pub(super) async fn unlogged(&self) {
        match &self.worker {
            Some(worker) => worker.unlogged.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Waits for the reports that came before the end.
    pub(super) async fn finish(&mut self) {
        if let Some(Worker { arrived, task, .. }) = self.worker.take() {
            drop(arrived);
            let _ = self.door.clock.timeout(SESSION_END, task).await;
        }
    }
}

/// Takes reports in order, until no more can come. What came while the log was busy is taken at
/// once. A client that does not read its answers holds up its own reports before they are
/// stamped, never those that are: they would hold everybody's windows open.
async fn work(door: Arc<Door>, mut arrived: mpsc::Receiver<Arrived>, client: Client) {
    let mut batch = Vec::with_capacity(REPORTS_IN_FLIGHT);
    let mut debts = VecDeque::new();
    // Its lists are used again from report to report.
    let mut scratch = Report::default();
    let mut is_over = false;
    while !(is_over && debts.is_empty()) {
        tokio::select! {
            count = arrived.recv_many(&mut batch, REPORTS_IN_FLIGHT), if !is_over => {
                is_over = count == 0;
                let owes = batch.iter().any(|it| it.job.owed.acknowledgement.is_some());
                let Some(settled) = settle(&door, client.version, &mut batch, &mut scratch).await
                else {
                    if owes {
                        // Not at once: a fleet that comes again and again helps no disk.
                        door.clock.sleep(UNLOGGED_PAUSE).await;
                        client.unlogged.notify_one();
                    }
                    continue;
                };
                for (debt, refused) in settled {
                    if let Some(Refused { thing, why }) = refused {
                        door.told.reports.tell(door.clock.instant(), |count| {
                            let (thing, why) = (beginning(&thing), beginning(&why));
                            tracing::info!(thing, count, why, "reports rejected");
                        });
                    }
                    debts.push_back(debt);
                }
            }
            () = pay(debts.front_mut(), &door, &client.frames), if !debts.is_empty() => {
                debts.pop_front();
            }
        }
    }
}

/// Who sent the reports.
struct Client {
    version: ProtocolVersion,
    frames: mpsc::Sender<Vec<u8>>,
    unlogged: Arc<Notify>,
}

/// A refused report.
struct Refused {
    /// Whom it is about.
    thing: String,
    why: String,
}

/// Has the reports logged, or refused; what their sender is owed for each. None if the log takes
/// none.
async fn settle(
    door: &Door,
    version: ProtocolVersion,
    batch: &mut Vec<Arrived>,
    scratch: &mut Report,
) -> Option<Vec<(Debt, Option<Refused>)>> {
    let count = batch.len();
    let (mut reports, mut owed) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for Arrived { job, stamp, place } in batch.drain(..) {
        reports.push((job.submission, stamp));
        owed.push((job.owed, place));
    }
    let outcomes = match door.ingest.take(&reports, scratch).await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            // All of them: the log takes an append whole or not at all.
            door.unlogged.tell(door.clock.instant(), |batches| {
                tracing::error!(%error, batches, "reports were not logged");
            });
            return None;
        }
    };
    let settled = reports.iter().zip(owed).zip(outcomes);
    let settled = settled.map(|(((submission, _), (owed, place)), outcome)| {
        let debt = Debt {
            acknowledgement: owed.acknowledge(version),
            answer: owed.answer(submission.thing(), &outcome),
            _place: place,
        };
        let refused = match outcome {
            Outcome::Accepted(_) => None,
            Outcome::Rejected { why, .. } => {
                Some(Refused { thing: submission.thing().to_owned(), why })
            }
        };
        (debt, refused)
    });
    Some(settled.collect())
}

/// What is still to be said about a report.
struct Debt {
    acknowledgement: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    _place: OwnedSemaphorePermit,
}

/// Says it; what was said when this is dropped half-way is not said again.
async fn pay(debt: Option<&mut Debt>, door: &Door, to_client: &mpsc::Sender<Vec<u8>>) {
    let Some(debt) = debt else { return };
    if debt.acknowledgement.is_some() {
        // Whoever has gone needs none.
        let place = to_client.reserve().await;
        if let (Ok(place), Some(frame)) = (place, debt.acknowledgement.take()) {
            place.send(frame);
        }
    }
    if debt.answer.is_some() {
        let place = door.service.place().await;
        if let (Some(place), Some(frame)) = (place, debt.answer.take()) {
            place.send(frame);
        }
    }
}

impl Owed {
    /// The acknowledgement. A rejected report is acknowledged too: it need not come again.
    fn acknowledge(&self, version: ProtocolVersion) -> Option<Vec<u8>> {
        let (kind, id) = self.acknowledgement?;
        Answer::new(kind, id, ReasonCode::SUCCESS).encode(version).ok()
    }

    /// The answer. It goes through the broker, so that every subscriber gets it.
    fn answer(&self, thing_name: &str, outcome: &Outcome) -> Option<Vec<u8>> {
        let (response, payload) = match outcome {
            Outcome::Accepted(payload) => (DefenderResponse::Accepted, payload),
            Outcome::Rejected { answer, .. } => (DefenderResponse::Rejected, answer),
        };
        let topic = DefenderTopic { thing_name, format: self.format, response: Some(response) };
        Service::frame(&topic.to_string(), payload)
    }
}
