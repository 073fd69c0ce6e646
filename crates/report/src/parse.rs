//! Bytes to a report, or to the reason why not.

use fleetward_domain::Report;

use crate::cbor::Cbor;
use crate::document;
use crate::fault::{Fault, Problem};
use crate::header::{self, Header, Version};
use crate::json::Json;
use crate::limits::REPORT_BYTES;
use crate::reject::{Format, Reject, RejectCode};

/// Reads a report in the notation that its topic names.
///
/// # Errors
/// As [`parse_json`].
pub fn parse(format: Format, bytes: &[u8], report: &mut Report) -> Result<(), Reject> {
    match format {
        Format::Json => parse_json(bytes, report),
        Format::Cbor => parse_cbor(bytes, report),
    }
}

/// Reads a report in JSON. The memory of what `report` held is used again.
///
/// # Errors
/// [`Reject`] says what to tell the device. What `report` holds then means nothing.
pub fn parse_json(bytes: &[u8], report: &mut Report) -> Result<(), Reject> {
    let fault = match (check_size(bytes), Json::new(bytes)) {
        (Err(fault), _) | (_, Err(fault)) => fault,
        (Ok(()), Ok(mut source)) => match document::read(&mut source, report) {
            Ok(Version::Known) => return Ok(()),
            Ok(_) => return Err(invalid_version(Some(report.report_id))),
            Err(_) => source.fault(),
        },
    };
    Err(refusal(fault, header::recover(&mut Json::of_valid_part(bytes))))
}

/// Reads a report in CBOR: the same map as in JSON. Lengths may be indefinite, floats of any
/// size, keys are texts.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_cbor(bytes: &[u8], report: &mut Report) -> Result<(), Reject> {
    let fault = match check_size(bytes) {
        Err(fault) => fault,
        Ok(()) => {
            let mut source = Cbor::new(bytes);
            match document::read(&mut source, report) {
                Ok(Version::Known) => return Ok(()),
                Ok(_) => return Err(invalid_version(Some(report.report_id))),
                Err(_) => source.fault(),
            }
        }
    };
    Err(refusal(fault, header::recover(&mut Cbor::new(bytes))))
}

fn check_size(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() <= REPORT_BYTES {
        return Ok(());
    }
    let problem = Problem::TooManyBytes(REPORT_BYTES);
    Err(Fault { field: "the report", problem, at: REPORT_BYTES })
}

/// A report of another version may well look different: then that is what to say.
#[cold]
fn refusal(fault: Fault, header: Option<Header>) -> Reject {
    let report_id = header.and_then(|header| header.report_id);
    if header.is_some_and(|header| header.version == Version::Unknown) {
        return invalid_version(report_id);
    }
    let message = format!("Malformed metrics report: {fault}");
    Reject { report_id, code: RejectCode::InvalidPayload, message }
}

#[cold]
fn invalid_version(report_id: Option<i64>) -> Reject {
    let message = "Malformed metrics report: header.version is not 1.x".to_owned();
    Reject { report_id, code: RejectCode::InvalidVersion, message }
}
