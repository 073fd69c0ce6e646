//! Replies to reports, in the notation that the report came in.
//!
//! Source: the guide of AWS IoT Device Defender, pages on device-side metrics and on
//! troubleshooting; agents of embedded devices need `reportId` in both.

use std::convert::Infallible;

use fleetward_domain::EpochMs;
use minicbor::Encoder;
use minicbor::encode::Error;
use serde_json::json;

use crate::reject::{Format, RejectCode};

/// The reply on `…/accepted`.
#[must_use]
pub fn accepted(thing: &str, report_id: i64, now_ms: EpochMs, format: Format) -> Vec<u8> {
    match format {
        Format::Json => json!({
            "thingName": thing,
            "reportId": report_id,
            "status": "ACCEPTED",
            "timestamp": now_ms,
        })
        .to_string()
        .into_bytes(),
        Format::Cbor => cbor(|e| {
            e.map(4)?.str("thingName")?.str(thing)?;
            e.str("reportId")?.i64(report_id)?;
            e.str("status")?.str("ACCEPTED")?;
            e.str("timestamp")?.i64(now_ms)?;
            Ok(())
        }),
    }
}

/// The reply on `…/rejected`. `report_id` is absent only if it could not be read.
#[must_use]
pub fn rejected(
    thing: &str,
    report_id: Option<i64>,
    code: RejectCode,
    message: &str,
    now_ms: EpochMs,
    format: Format,
) -> Vec<u8> {
    match format {
        Format::Json => {
            let mut reply = json!({
                "thingName": thing,
                "status": "REJECTED",
                "statusDetails": { "ErrorCode": code.as_str(), "ErrorMessage": message },
                "timestamp": now_ms,
            });
            // An id that could not be read is left out: null would be one more thing to parse.
            if let (Some(report_id), Some(reply)) = (report_id, reply.as_object_mut()) {
                reply.insert("reportId".to_owned(), report_id.into());
            }
            reply.to_string().into_bytes()
        }
        Format::Cbor => cbor(|e| {
            e.map(4_u64.saturating_add(report_id.is_some().into()))?
                .str("thingName")?
                .str(thing)?;
            if let Some(report_id) = report_id {
                e.str("reportId")?.i64(report_id)?;
            }
            e.str("status")?.str("REJECTED")?;
            e.str("statusDetails")?.map(2)?;
            e.str("ErrorCode")?.str(code.as_str())?;
            e.str("ErrorMessage")?.str(message)?;
            e.str("timestamp")?.i64(now_ms)?;
            Ok(())
        }),
    }
}

type Written = Result<(), Error<Infallible>>;

/// A vector takes whatever is written to it.
fn cbor(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Written) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = write(&mut Encoder::new(&mut bytes));
    debug_assert!(written.is_ok(), "writing to memory failed");
    bytes
}
