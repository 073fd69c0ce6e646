//! SUBSCRIBE packets of which some filters are refused: the broker sees the others only, and its
//! SUBACK is completed on the way back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleetward_mqtt::packet::suback::SUBACK_FAILURE;
use fleetward_mqtt::packet::{Suback, SubackKind, Subscribe, SubscribeFilter};
use fleetward_mqtt::{MqttError, ProtocolVersion, ReasonCode};

use crate::limits::PENDING_SUBSCRIBES;

/// Which filters of the SUBSCRIBE packets that wait for a SUBACK were refused, by packet id.
#[derive(Clone, Default)]
pub(crate) struct PendingSubscribes(Arc<Mutex<HashMap<u16, Vec<bool>>>>);

/// What becomes of a SUBSCRIBE.
pub(crate) enum Split {
    /// It is passed on as it is.
    Allowed,
    /// The broker gets these bytes instead.
    Reduced(Vec<u8>),
    /// The client gets this answer, the broker nothing.
    Refused(Vec<u8>),
    /// Too many wait already.
    TooMany,
}

impl PendingSubscribes {
    /// Splits the packet by `allowed`, one for each filter.
    pub(crate) fn split(
        &self,
        version: ProtocolVersion,
        subscribe: &Subscribe<'_>,
        allowed: &[bool],
    ) -> Result<Split, MqttError> {
        if allowed.iter().all(|allowed| *allowed) {
            // The id may have been used before for one whose SUBACK never came.
            self.lock().remove(&subscribe.packet_id);
            return Ok(Split::Allowed);
        }
        if !allowed.contains(&true) {
            let codes = vec![refusal(version); allowed.len()];
            let suback = Suback::new(SubackKind::Suback, subscribe.packet_id, &codes);
            return Ok(Split::Refused(suback.encode(version)?));
        }
        let filters: Vec<SubscribeFilter<'_>> = subscribe
            .iter()
            .zip(allowed)
            .filter_map(|(filter, allowed)| allowed.then_some(filter))
            .collect();
        let reduced = subscribe.encode_with_filters(&filters)?;
        let mut pending = self.lock();
        if pending.len() >= PENDING_SUBSCRIBES {
            return Ok(Split::TooMany);
        }
        pending.insert(subscribe.packet_id, allowed.to_vec());
        Ok(Split::Reduced(reduced))
    }

    /// The broker's SUBACK with the refusals in their places; `None` if it answers all filters.
    pub(crate) fn complete(
        &self,
        version: ProtocolVersion,
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, MqttError> {
        let suback = Suback::parse(version, SubackKind::Suback, body)?;
        let Some(allowed) = self.lock().remove(&suback.packet_id) else { return Ok(None) };
        let mut answered = suback.codes.iter().copied();
        let codes: Vec<u8> = allowed
            .iter()
            .map(|allowed| match allowed {
                true => answered.next().unwrap_or(refusal(version)),
                false => refusal(version),
            })
            .collect();
        Suback { codes: &codes, ..suback }.encode(version).map(Some)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u16, Vec<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(version: ProtocolVersion) -> u8 {
    if version.is_v5() { ReasonCode::NOT_AUTHORIZED.0 } else { SUBACK_FAILURE }
}
