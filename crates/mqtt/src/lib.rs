//! MQTT 3.1.1 and 5: frames, packets and topics. Bytes in, values out.
//!
//! It serves a gateway that passes a peer's bytes on without re-encoding them: [`scan`] finds
//! where a frame ends, the parsers in [`packet`] look into the ones that matter for authorising
//! and counting, and borrow from the frame. What the gateway itself has to say (an
//! acknowledgement, a refusal, a CONNECT with other credentials) it encodes here too.
//!
//! Parsing is strict on purpose. The broker behind the gateway reads the same bytes once more;
//! a frame the two could read differently would be a way round the policy check, so whatever
//! the standard calls malformed is refused here, and never repaired.
//!
//! It is not a client, not a broker and not a session: it knows no socket, no clock, no packet
//! identifier bookkeeping and no retransmission.

// Numbers in what comes here are chosen by peers.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod limits;
pub mod packet;
pub mod topic;

mod characters;
mod error;
mod farewell;
mod frame;
mod property;
mod property_id;
mod reader;
mod reason;
mod version;
mod writer;

pub use error::MqttError;
pub use frame::{Frame, PacketType, Scan, scan};
pub use property::{Properties, Property, PropertyValue};
pub use property_id::PropertyId;
pub use reason::ReasonCode;
pub use version::{ProtocolVersion, QoS};
