//! Device reports: bytes that a device's agent sent, JSON or CBOR, to the values of metrics; and
//! the replies to them.
//!
//! One walk through the document ([`parse_json`] and [`parse_cbor`] share it) decides what a
//! report may say; two readers know the two notations. It is a reader of its own, since every
//! report passes here: no tree is built, and the memory of the report before is used again.
//!
//! What is accepted, where the guide of AWS IoT Device Defender leaves it open:
//! - Long and short names, for each key by itself; keys that are not known are skipped.
//! - Of a key that comes twice the last counts, but each must be well-formed.
//! - Whole numbers may be written with a fraction or an exponent (`1.0`, `1e3`) up to 2^53.
//! - A report has `metrics`, `custom_metrics`, or both.
//! - `remote_addr` that cannot be read is skipped; everything else that cannot is refused.
//!
//! It is no judge (`detect` is), and it knows no topics and no clock.

// Numbers in what comes here are chosen by peers.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod cbor;
mod custom;
mod document;
mod fault;
mod header;
mod json;
pub mod limits;
mod number;
mod parse;
mod reject;
mod remote_address;
pub mod reply;
mod source;
mod spare;

pub use parse::{parse, parse_cbor, parse_json};
pub use reject::{Format, Reject, RejectCode};
