//! Device reports: parsed, logged, answered. How a report came and how its answer goes is the
//! caller's matter; here is no MQTT.
//!
//! A report is called accepted only when its record is durable.

mod admission;
mod fingerprint;
mod memory;
mod rate;
mod unregistered;

use std::sync::Arc;

use fleetward_domain::{EpochMs, FormatLevel, Publisher, Report, ThingName};
use fleetward_environment::{Clock, NoRandomness};
use fleetward_log::{Entry, EventLog, LogError, record};
use fleetward_report::{Format, Reject, RejectCode, parse, reply};

use crate::Settings;
use crate::limits::REPORT_MAX_BYTES;
use crate::stamps::Stamped;
use admission::{Admission, Admitted, Append, Ended, ReportMark};

pub(crate) use admission::Reporter;
pub(crate) use unregistered::Unregistered;

/// A report as it came.
#[derive(Debug)]
pub(crate) struct Submission {
    /// Whose rate it counts against.
    reporter: Reporter,
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
    /// It is not taken.
    Rejected {
        /// What the device is told.
        answer: Vec<u8>,
        /// Why, for the server's own log.
        why: String,
    },
}

impl Submission {
    /// A report about `thing`.
    pub(crate) fn new(
        reporter: Reporter,
        thing: &str,
        publisher: Publisher,
        format: Format,
        payload: &[u8],
    ) -> Self {
        let kept = payload.len().min(REPORT_MAX_BYTES.saturating_add(1));
        Self {
            reporter,
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
    admission: Admission,
    unregistered: Arc<Unregistered>,
    /// What a device is told that reports too often.
    too_often: String,
}

/// A report that is taken.
enum Taken {
    /// It is to be logged.
    New(Entry, ReportMark),
    /// It came before, and is durable, or will be with what is logged beside it.
    Again,
    /// It is being logged for another connection.
    UnderWay(Ended),
}

impl Ingest {
    pub(crate) fn new(
        settings: &Settings,
        log: Arc<dyn EventLog>,
        format_level: FormatLevel,
    ) -> Result<Self, NoRandomness> {
        let reports = &settings.reports;
        Ok(Self {
            log,
            clock: settings.clock.clone(),
            format_level,
            admission: Admission::new(reports, &settings.clock, &settings.chance)?,
            unregistered: Arc::default(),
            too_often: format!(
                "Reports come faster than {} a second after a burst of {}: send fewer, or raise \
                 the server's setting reports.rate",
                reports.rate_per_second, reports.burst
            ),
        })
    }

    /// What reports carry that nobody registered.
    pub(crate) fn unregistered(&self) -> Arc<Unregistered> {
        Arc::clone(&self.unregistered)
    }

    /// Whose rate the reports of a connection count against that has proved to be this.
    pub(crate) fn reporter(&self, proof: &str) -> Reporter {
        self.admission.reporter(proof)
    }

    /// Takes reports in their order, with one append for all but those that another connection has
    /// logged at this moment; what became of each. The memory of
    /// what `scratch` held is used again.
    ///
    /// # Errors
    /// The log's: then none of them is known to be durable, and none may be acknowledged.
    pub(crate) async fn take(
        &self,
        reports: &[(Submission, Stamped)],
        scratch: &mut Report,
    ) -> Result<Vec<Outcome>, LogError> {
        let mut judged: Vec<_> = reports.iter().map(|_| None).collect();
        loop {
            let under_way = self.log_new(reports, &mut judged, scratch).await?;
            if under_way.is_empty() {
                break;
            }
            // Only now that nothing of these is under way any more: nobody waits for whoever waits
            // for him.
            for ended in under_way {
                ended.wait().await;
            }
        }
        let now_ms = self.clock.now_ms();
        let answers = reports.iter().zip(judged.into_iter().flatten());
        Ok(answers.map(|((report, _), judgement)| report.answer(judgement, now_ms)).collect())
    }

    /// Judges those that are not judged yet, and logs the new ones of them; whose ends are to be
    /// waited for before the others can be judged.
    async fn log_new(
        &self,
        reports: &[(Submission, Stamped)],
        judged: &mut [Option<Result<i64, Reject>>],
        scratch: &mut Report,
    ) -> Result<Vec<Ended>, LogError> {
        let (mut entries, mut marks) = (Vec::with_capacity(reports.len()), Vec::new());
        let mut under_way = Vec::new();
        // Until the end of this call: whoever comes with the same meanwhile waits for that.
        let mut append = self.admission.append();
        let open = reports.iter().zip(judged).filter(|(_, judged)| judged.is_none());
        for ((report, stamp), judged) in open {
            *judged = match self.judge(report, stamp.at_ms(), scratch, &mut append) {
                Ok((report_id, Taken::New(entry, mark))) => {
                    entries.push(entry);
                    marks.push(mark);
                    Some(Ok(report_id))
                }
                Ok((report_id, Taken::Again)) => Some(Ok(report_id)),
                Ok((_, Taken::UnderWay(ended))) => {
                    under_way.push(ended);
                    None
                }
                Err(reject) => Some(Err(reject)),
            };
        }
        if !entries.is_empty() {
            self.log.append(entries).await?;
        }
        for mark in marks {
            self.admission.is_durable(mark);
        }
        Ok(under_way)
    }

    /// The id of a report that can be taken, and what is to be logged.
    fn judge(
        &self,
        submission: &Submission,
        at_ms: EpochMs,
        report: &mut Report,
        append: &mut Append<'_>,
    ) -> Result<(i64, Taken), Reject> {
        let thing = Self::read(submission, report).map_err(|reject| {
            // What cannot be read costs as much as what can.
            let Submission { reporter, thing, .. } = submission;
            match self.admission.is_within_rates(*reporter, thing) {
                true => reject,
                false => throttled(reject.report_id, self.too_often.clone()),
            }
        })?;
        let (reporter, report_id) = (submission.reporter, report.report_id);
        let content = &submission.payload;
        let mark = match append.admit(reporter, thing.as_str(), report_id, content) {
            Admitted::Log(mark) => mark,
            Admitted::Again => return Ok((report_id, Taken::Again)),
            Admitted::UnderWay(ended) => return Ok((report_id, Taken::UnderWay(ended))),
            Admitted::TooOften => {
                return Err(throttled(Some(report_id), self.too_often.clone()));
            }
            Admitted::Full => {
                let why = "More reports came within ten minutes than the server can remember: \
                           send it later, or raise the server's setting reports.memory";
                return Err(throttled(Some(report_id), why.to_owned()));
            }
        };
        self.unregistered.note(report, self.clock.instant());
        let partition = self.log.placement().partition_of(thing.as_str());
        let head = (&thing, at_ms, submission.publisher);
        let bytes = record::encode_report(head, report, self.format_level);
        let bytes = bytes.map_err(|error| invalid(report_id, error.to_string()))?;
        Ok((report_id, Taken::New(Entry { partition, bytes }, mark)))
    }

    /// Reads the report; whom it is about.
    fn read(submission: &Submission, report: &mut Report) -> Result<ThingName, Reject> {
        parse(submission.format, &submission.payload, report)?;
        ThingName::parse(submission.thing.as_str())
            .map_err(|error| invalid(report.report_id, format!("Malformed topic: {error}")))
    }
}

fn throttled(report_id: Option<i64>, message: String) -> Reject {
    Reject { report_id, code: RejectCode::Throttled, message }
}

fn invalid(report_id: i64, message: String) -> Reject {
    Reject { report_id: Some(report_id), code: RejectCode::InvalidPayload, message }
}

impl Submission {
    fn answer(&self, judgement: Result<i64, Reject>, now_ms: EpochMs) -> Outcome {
        let (thing, format) = (self.thing.as_str(), self.format);
        match judgement {
            Ok(report_id) => Outcome::Accepted(reply::accepted(thing, report_id, now_ms, format)),
            Err(Reject { report_id, code, message }) => {
                let answer = reply::rejected(thing, report_id, code, &message, now_ms, format);
                Outcome::Rejected { answer, why: message }
            }
        }
    }
}
