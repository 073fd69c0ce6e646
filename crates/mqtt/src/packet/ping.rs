//! PINGREQ and PINGRESP (MQTT 5, 3.12 and 3.13), the same in both versions.

use crate::MqttError;
use crate::reader::Reader;

/// A whole PINGREQ frame.
pub const PINGREQ: [u8; 2] = [0xC0, 0];

/// A whole PINGRESP frame.
pub const PINGRESP: [u8; 2] = [0xD0, 0];

/// Checks the body of either: there is none.
///
/// # Errors
/// [`MqttError::TrailingBytes`].
pub fn check_body(body: &[u8]) -> Result<(), MqttError> {
    Reader::new(body).finish("PINGREQ or PINGRESP")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PacketType, Scan, scan};

    #[test]
    fn the_constants_are_frames_of_their_type() {
        for (frame, wanted) in [(PINGREQ, PacketType::Pingreq), (PINGRESP, PacketType::Pingresp)] {
            let Ok(Scan::Frame(found)) = scan(&frame, 2) else { panic!("not a frame") };
            assert_eq!((found.packet_type, found.total_bytes), (wanted, 2));
            assert_eq!(check_body(found.body(&frame)), Ok(()));
        }
        assert!(check_body(&[0]).is_err());
    }
}
