//! Writes the fields of a packet, and puts the fixed header before them.

use crate::limits::{FIELD_MAX_BYTES, FIXED_HEADER_MAX_BYTES, REMAINING_LENGTH_MAX_BYTES};
use crate::{MqttError, PacketType};

/// The body of a packet while it grows.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    body: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What was written, without a header.
    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.body.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// A packet identifier, which is never zero.
    pub(crate) fn packet_id(&mut self, id: u16) -> Result<(), MqttError> {
        if id == 0 {
            return Err(MqttError::Protocol { field: "packet identifier", problem: "is zero" });
        }
        self.u16(id);
        Ok(())
    }

    /// The value is one that a packet can have: at most 268,435,455.
    pub(crate) fn variable_integer(&mut self, value: u32) {
        put_variable_integer(&mut self.body, value);
    }

    pub(crate) fn binary(&mut self, field: &'static str, value: &[u8]) -> Result<(), MqttError> {
        let length = u16::try_from(value.len()).map_err(|_| MqttError::FieldTooLong {
            field,
            bytes: value.len(),
            limit_bytes: FIELD_MAX_BYTES,
        })?;
        self.u16(length);
        self.bytes(value);
        Ok(())
    }

    pub(crate) fn text(&mut self, field: &'static str, value: &str) -> Result<(), MqttError> {
        if value.as_bytes().contains(&0) {
            return Err(MqttError::ForbiddenCharacter { field, code_point: 0 });
        }
        self.binary(field, value.as_bytes())
    }

    /// The length of what `properties` wrote, and it.
    pub(crate) fn properties(&mut self, properties: Writer) -> Result<(), MqttError> {
        self.variable_integer(checked_length("properties", properties.body.len())?);
        self.bytes(&properties.body);
        Ok(())
    }

    /// Properties as they came.
    pub(crate) fn same_properties(&mut self, properties: &[u8]) -> Result<(), MqttError> {
        self.variable_integer(checked_length("properties", properties.len())?);
        self.bytes(properties);
        Ok(())
    }

    /// The whole frame.
    pub(crate) fn frame(self, packet_type: PacketType, flags: u8) -> Result<Vec<u8>, MqttError> {
        let length = checked_length("packet", self.body.len())?;
        let mut frame = Vec::with_capacity(self.body.len().saturating_add(FIXED_HEADER_MAX_BYTES));
        frame.push(packet_type.bits() << 4 | flags);
        put_variable_integer(&mut frame, length);
        frame.extend_from_slice(&self.body);
        Ok(frame)
    }
}

fn checked_length(field: &'static str, bytes: usize) -> Result<u32, MqttError> {
    let limit_bytes = REMAINING_LENGTH_MAX_BYTES;
    match u32::try_from(bytes) {
        Ok(length) if bytes <= limit_bytes => Ok(length),
        _ => Err(MqttError::FieldTooLong { field, bytes, limit_bytes }),
    }
}

pub(crate) fn put_variable_integer(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = (value & 0x7F).to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}
