//! Finds where a frame ends, from its fixed header alone.

use crate::MqttError;
use crate::limits::FIXED_HEADER_MAX_BYTES;

/// What MQTT 3.1 leaves open in the header of CONNECT: its QoS.
const OLD_CONNECT_FLAGS: u8 = 0b0100;
/// How a CONNECT of MQTT 3.1 begins.
const OLD_CONNECT_BEGIN: &[u8] = b"\0\x06MQIsdp\x03";

/// What the bytes at the start of a buffer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// More bytes have to come.
    Incomplete {
        /// How many bytes the buffer must hold before scanning again can say more.
        need: usize,
    },
    /// A whole frame lies at the start of the buffer.
    Frame(Frame),
}

/// The fixed header of a whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which packet it is.
    pub packet_type: PacketType,
    /// The low four bits of the first byte.
    pub flags: u8,
    /// Length of the fixed header, 2 to 5.
    pub header_bytes: usize,
    /// Length of the frame with its header.
    pub total_bytes: usize,
}

impl Frame {
    /// What follows the fixed header; empty if `buf` is not the buffer that was scanned.
    pub fn body<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        buf.get(self.header_bytes..self.total_bytes).unwrap_or_default()
    }
}

/// The control packet types (MQTT 5, 2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// The client asks for a connection.
    Connect = 1,
    /// The server answers a CONNECT.
    Connack = 2,
    /// A message.
    Publish = 3,
    /// Acknowledges a QoS 1 message.
    Puback = 4,
    /// QoS 2, first answer.
    Pubrec = 5,
    /// QoS 2, release.
    Pubrel = 6,
    /// QoS 2, last answer.
    Pubcomp = 7,
    /// The client asks for messages.
    Subscribe = 8,
    /// The server answers a SUBSCRIBE.
    Suback = 9,
    /// The client asks for no more messages.
    Unsubscribe = 10,
    /// The server answers an UNSUBSCRIBE.
    Unsuback = 11,
    /// The client is alive.
    Pingreq = 12,
    /// The server is alive.
    Pingresp = 13,
    /// The connection ends in order.
    Disconnect = 14,
    /// MQTT 5 enhanced authentication.
    Auth = 15,
}

impl PacketType {
    /// The type that the high four bits of a first byte name.
    ///
    /// # Errors
    /// [`MqttError::ReservedPacketType`] for zero.
    pub fn from_bits(bits: u8) -> Result<Self, MqttError> {
        Ok(match bits {
            1 => Self::Connect,
            2 => Self::Connack,
            3 => Self::Publish,
            4 => Self::Puback,
            5 => Self::Pubrec,
            6 => Self::Pubrel,
            7 => Self::Pubcomp,
            8 => Self::Subscribe,
            9 => Self::Suback,
            10 => Self::Unsubscribe,
            11 => Self::Unsuback,
            12 => Self::Pingreq,
            13 => Self::Pingresp,
            14 => Self::Disconnect,
            15 => Self::Auth,
            _ => return Err(MqttError::ReservedPacketType),
        })
    }

    /// The number of the type.
    pub fn bits(self) -> u8 {
        self as u8
    }

    /// Whether the flag bits of the fixed header are allowed. PUBLISH uses them; three others
    /// must have 0b0010, the rest zero (MQTT 5, 2.1.3).
    fn allows_flags(self, flags: u8) -> bool {
        match self {
            Self::Publish => flags & 0b0110 != 0b0110,
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => flags == 0b0010,
            // Clients of MQTT 3.1 may set QoS 1; whether it is one the frame says.
            Self::Connect => flags & !OLD_CONNECT_FLAGS == 0,
            _ => flags == 0,
        }
    }
}

/// Reads the fixed header at the start of `buf`.
///
/// A wrong first byte, and a frame larger than `max_packet_bytes` (its header included), are
/// refused as soon as the bytes that say so are there, so a peer cannot make the reader wait
/// for, or make room for, a frame it will not take.
///
/// The remaining length must be in its shortest form. MQTT 5 says so (1.5.5); 3.1.1 leaves it
/// open, and the same is asked there because the scanner does not know the version.
///
/// # Errors
/// [`MqttError::ReservedPacketType`], [`MqttError::BadFixedFlags`],
/// [`MqttError::BadVariableInteger`] and [`MqttError::PacketTooLarge`].
pub fn scan(buf: &[u8], max_packet_bytes: usize) -> Result<Scan, MqttError> {
    let Some((&first, rest)) = buf.split_first() else {
        return Ok(Scan::Incomplete { need: 2 });
    };
    let packet_type = PacketType::from_bits(first >> 4)?;
    let flags = first & 0x0F;
    if !packet_type.allows_flags(flags) {
        return Err(MqttError::BadFixedFlags { packet_type: packet_type.bits(), flags });
    }
    let Some((remaining_bytes, length_bytes)) = remaining_length(rest)? else {
        return Ok(Scan::Incomplete { need: buf.len().saturating_add(1) });
    };
    let header_bytes = length_bytes.saturating_add(1);
    let total_bytes = remaining_bytes.saturating_add(header_bytes);
    if total_bytes > max_packet_bytes {
        return Err(MqttError::PacketTooLarge { total_bytes, limit_bytes: max_packet_bytes });
    }
    if buf.len() < total_bytes {
        return Ok(Scan::Incomplete { need: total_bytes });
    }
    let frame = Frame { packet_type, flags, header_bytes, total_bytes };
    let is_connect = packet_type == PacketType::Connect;
    if is_connect && flags != 0 && !frame.body(buf).starts_with(OLD_CONNECT_BEGIN) {
        return Err(MqttError::BadFixedFlags { packet_type: packet_type.bits(), flags });
    }
    Ok(Scan::Frame(frame))
}

/// The remaining length and how many bytes say it; `None` while they are not all there.
fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, MqttError> {
    let malformed = MqttError::BadVariableInteger { field: "remaining length" };
    let mut value = 0usize;
    for (at, byte) in bytes.iter().take(FIXED_HEADER_MAX_BYTES - 1).enumerate() {
        value |= usize::from(byte & 0x7F) << at.saturating_mul(7);
        if byte & 0x80 == 0 {
            if *byte == 0 && at > 0 {
                return Err(malformed);
            }
            return Ok(Some((value, at.saturating_add(1))));
        }
    }
    if bytes.len() >= FIXED_HEADER_MAX_BYTES - 1 { Err(malformed) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_huge_length_before_its_bytes_come() {
        let header = [0x30, 0xFF, 0xFF, 0xFF, 0x7F];
        assert_eq!(
            scan(&header, 1_000),
            Err(MqttError::PacketTooLarge { total_bytes: 268_435_460, limit_bytes: 1_000 })
        );
    }

    #[test]
    fn the_limit_counts_the_header() {
        let frame = [0x30, 3, 0, 1, b'a'];
        assert!(matches!(scan(&frame, 5), Ok(Scan::Frame(f)) if f.total_bytes == 5));
        assert!(matches!(scan(&frame, 4), Err(MqttError::PacketTooLarge { .. })));
    }

    #[test]
    fn refuses_a_wrong_first_byte_alone() {
        assert_eq!(scan(&[0x0F], 100), Err(MqttError::ReservedPacketType));
        for first in [0x11, 0x36, 0x3E, 0x60, 0x80, 0x81, 0xA0, 0xC1, 0xF1] {
            assert!(matches!(scan(&[first], 100), Err(MqttError::BadFixedFlags { .. })));
        }
    }

    #[test]
    fn only_a_connect_of_mqtt_3_1_has_a_qos() {
        let old = b"\x14\x0F\0\x06MQIsdp\x03\x02\0\x0A\0\x01p";
        assert!(matches!(scan(old, 100), Ok(Scan::Frame(_))));
        let new = b"\x14\x0D\0\x04MQTT\x04\x02\0\x0A\0\x01p";
        assert!(matches!(scan(new, 100), Err(MqttError::BadFixedFlags { .. })));
    }

    #[test]
    fn says_how_many_bytes_it_needs() {
        assert_eq!(scan(&[], 100), Ok(Scan::Incomplete { need: 2 }));
        assert_eq!(scan(&[0x30], 100), Ok(Scan::Incomplete { need: 2 }));
        assert_eq!(scan(&[0x30, 0x80], 1_000), Ok(Scan::Incomplete { need: 3 }));
        assert_eq!(scan(&[0x30, 0x80, 0x01], 1_000), Ok(Scan::Incomplete { need: 131 }));
    }

    #[test]
    fn refuses_lengths_of_five_bytes_and_padded_lengths() {
        let malformed = Err(MqttError::BadVariableInteger { field: "remaining length" });
        assert_eq!(scan(&[0x30, 0x80, 0x80, 0x80, 0x80], usize::MAX), malformed);
        assert_eq!(scan(&[0xC0, 0x80, 0x00], usize::MAX), malformed);
    }
}
