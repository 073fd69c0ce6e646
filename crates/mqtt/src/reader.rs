//! Reads the fields of a packet, one after the other.

use crate::MqttError;

/// The part of a packet that is not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Refuses bytes after the last field.
    pub(crate) fn finish(self, packet: &'static str) -> Result<(), MqttError> {
        match self.rest.len() {
            0 => Ok(()),
            count_bytes => Err(MqttError::TrailingBytes { packet, count_bytes }),
        }
    }

    pub(crate) fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], MqttError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(MqttError::Truncated { field })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], MqttError> {
        let (taken, rest) =
            self.rest.split_first_chunk::<N>().ok_or(MqttError::Truncated { field })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, MqttError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, MqttError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, MqttError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// A packet identifier, which is never zero (MQTT 5, 2.2.1).
    pub(crate) fn packet_id(&mut self) -> Result<u16, MqttError> {
        let field = "packet identifier";
        match self.u16(field)? {
            0 => Err(MqttError::Protocol { field, problem: "is zero" }),
            id => Ok(id),
        }
    }

    /// A variable byte integer in its shortest form (MQTT 5, 1.5.5).
    pub(crate) fn variable_integer(&mut self, field: &'static str) -> Result<u32, MqttError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21] {
            let byte = self.u8(field)?;
            value |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return Ok(value);
            }
        }
        Err(MqttError::BadVariableInteger { field })
    }

    /// Sixteen bits of length and as many bytes.
    pub(crate) fn binary(&mut self, field: &'static str) -> Result<&'a [u8], MqttError> {
        let length = self.u16(field)?;
        self.take(usize::from(length), field)
    }

    /// A UTF-8 string without U+0000 (MQTT 5, 1.5.4).
    pub(crate) fn text(&mut self, field: &'static str) -> Result<&'a str, MqttError> {
        let bytes = self.binary(field)?;
        let text = std::str::from_utf8(bytes).map_err(|_| MqttError::NotUtf8 { field })?;
        if bytes.contains(&0) {
            return Err(MqttError::ForbiddenCharacter { field, code_point: 0 });
        }
        Ok(text)
    }
}
