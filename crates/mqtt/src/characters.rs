//! Which characters a name may have.

use crate::MqttError;

/// Refuses control characters and non-characters in names that end up in logs, metrics and
/// policies: client ids, user names, topics. The standard forbids U+0000 and lets a receiver
/// refuse the others (MQTT 3.1.1, 1.5.3); brokers such as mosquitto do.
pub(crate) fn check_name(field: &'static str, text: &str) -> Result<(), MqttError> {
    // Nearly every name is printable ASCII: one pass over bytes settles it.
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return Ok(());
    }
    match text.chars().find(|c| is_forbidden(*c)) {
        Some(c) => Err(MqttError::ForbiddenCharacter { field, code_point: c.into() }),
        None => Ok(()),
    }
}

fn is_forbidden(c: char) -> bool {
    let code = u32::from(c);
    c.is_control() || (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}
