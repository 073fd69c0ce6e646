//! SUBSCRIBE and UNSUBSCRIBE.

use std::sync::Arc;

use fleetward_mqtt::packet::suback::SUBACK_FAILURE;
use fleetward_mqtt::packet::{
    RetainHandling, Suback, SubackKind, Subscribe, SubscribeFilter, Unsubscribe,
};
use fleetward_mqtt::topic::TopicFilter;
use fleetward_mqtt::{ProtocolVersion, ReasonCode};

use super::{Broker, Close, Pace};
use crate::keep::{Keep, KeptSubscription};
use crate::session::{Held, LinkId, Replay, Subscription};
use crate::subscriptions::Slot;

impl Broker {
    /// SUBSCRIBE of a client; `allowed` says of each filter whether policy lets it. SUBACK says
    /// what became of each.
    ///
    /// # Errors
    /// [`Close`], if the connection is not the session's any more, or retained messages of far
    /// too many subscriptions are under way.
    pub fn subscribe(
        &mut self,
        now_ms: u64,
        link: LinkId,
        subscribe: &Subscribe<'_>,
        allowed: &[bool],
    ) -> Result<Pace, Close> {
        let before = self.asked;
        let most = self.limits.subscriptions_per_session;
        let session = self.living(link)?;
        let Some(online) = session.online.as_deref() else { return Ok(Pace::Go) };
        let version = online.version;
        if usize::from(online.replays) > most {
            return Err(Close(ReasonCode::QUOTA_EXCEEDED));
        }
        let identifier = subscribe.subscription_identifier().unwrap_or(0);
        let is_too_many = subscribe.filter_count > self.limits.filters_per_subscribe;
        let mut codes = Vec::with_capacity(subscribe.filter_count);
        let mut replays = Vec::new();
        for (at, filter) in subscribe.iter().enumerate() {
            let result = match allowed.get(at) {
                _ if is_too_many => Err(ReasonCode::QUOTA_EXCEEDED),
                Some(true) => self.subscribe_one(link.slot, &filter, identifier),
                _ => Err(ReasonCode::NOT_AUTHORIZED),
            };
            codes.push(match (result, version) {
                (Ok(replay), _) => {
                    replays.extend(replay);
                    filter.qos.bits()
                }
                (Err(reason), ProtocolVersion::V5) => reason.0,
                (Err(_), ProtocolVersion::V311) => SUBACK_FAILURE,
            });
        }
        let suback = Suback::new(SubackKind::Suback, subscribe.packet_id, &codes);
        let frame = suback.encode(version)?;
        self.respond(link, Held::Frame(frame.into()), self.asked > before);
        // SUBACK goes before what the subscription brings.
        for (filter, subscription) in replays {
            self.replay(now_ms, Replay { link, filter, subscription, after: None });
        }
        Ok(self.pace(now_ms, link))
    }

    /// UNSUBSCRIBE of a client.
    ///
    /// # Errors
    /// [`Close`], if the connection is not the session's any more.
    pub fn unsubscribe(
        &mut self,
        now_ms: u64,
        link: LinkId,
        unsubscribe: &Unsubscribe<'_>,
    ) -> Result<Pace, Close> {
        let before = self.asked;
        let session = self.living(link)?;
        let Some(online) = session.online.as_deref() else { return Ok(Pace::Go) };
        let version = online.version;
        let codes: Vec<u8> = unsubscribe
            .iter()
            .map(|filter| match self.unsubscribe_one(link.slot, filter) {
                true => ReasonCode::SUCCESS.0,
                false => ReasonCode::NO_SUBSCRIPTION_EXISTED.0,
            })
            .collect();
        let unsuback = Suback::new(SubackKind::Unsuback, unsubscribe.packet_id, &codes);
        let frame = unsuback.encode(version)?;
        self.respond(link, Held::Frame(frame.into()), self.asked > before);
        Ok(self.pace(now_ms, link))
    }

    /// Adds or changes one subscription; what of the retained messages it brings.
    fn subscribe_one(
        &mut self,
        slot: Slot,
        wanted: &SubscribeFilter<'_>,
        identifier: u32,
    ) -> Result<Option<(Box<str>, Subscription)>, ReasonCode> {
        let filter =
            TopicFilter::parse(wanted.filter).map_err(|_| ReasonCode::TOPIC_FILTER_INVALID)?;
        self.check_filter(&filter)?;
        let is_new = self.add_subscription(slot, &filter, wanted, identifier)?;
        let Some(session) = self.sessions.get(slot) else { return Ok(None) };
        let place = self.subscriptions.find(&filter);
        let is_it = |known: &&Subscription| Some(known.place) == place;
        let Some(subscription) = session.subscriptions.iter().find(is_it).copied() else {
            return Ok(None);
        };
        if session.is_persistent() {
            let keep = Keep::Subscribed {
                client_id: Arc::clone(&session.client_id),
                subscription: KeptSubscription {
                    filter: wanted.filter.into(),
                    qos: wanted.qos,
                    no_local: wanted.no_local,
                    retain_as_published: wanted.retain_as_published,
                    identifier,
                },
            };
            self.keep(keep);
        }
        // Shared subscriptions bring none (MQTT 5, 4.8.2).
        let brings = match wanted.retain_handling {
            RetainHandling::Send => true,
            RetainHandling::SendIfNew => is_new,
            RetainHandling::DoNotSend => false,
        };
        Ok((brings && filter.shared().is_none()).then(|| (filter.subject().into(), subscription)))
    }

    fn check_filter(&self, filter: &TopicFilter<'_>) -> Result<(), ReasonCode> {
        let group = filter.shared().map_or(0, |shared| shared.group.len());
        if self.limits.check_topic(filter.subject()).is_err() || group > self.limits.topic_max_bytes
        {
            return Err(ReasonCode::TOPIC_FILTER_INVALID);
        }
        Ok(())
    }

    /// Whether it is new; else it has taken the place of the one with the same filter.
    pub(super) fn add_subscription(
        &mut self,
        slot: Slot,
        filter: &TopicFilter<'_>,
        wanted: &SubscribeFilter<'_>,
        identifier: u32,
    ) -> Result<bool, ReasonCode> {
        let limits = &self.limits;
        let known = self.subscriptions.find(filter);
        let members = known.map_or(0, |place| self.subscriptions.members(place));
        let Some(session) = self.sessions.get_mut(slot) else { return Ok(false) };
        let mut own = session.subscriptions.iter_mut();
        // Its place stays, and with it what is on its way to there.
        if let Some(own) = own.find(|own| Some(own.place) == known) {
            own.identifier = identifier;
            own.qos = wanted.qos;
            own.no_local = wanted.no_local;
            own.retain_as_published = wanted.retain_as_published;
            return Ok(false);
        }
        if session.subscriptions.len() >= limits.subscriptions_per_session
            || self.subscriptions.len() >= limits.subscriptions_max
            || (filter.shared().is_some() && members >= limits.group_max_members)
        {
            return Err(ReasonCode::QUOTA_EXCEEDED);
        }
        let (place, position) = self.subscriptions.add(filter, slot);
        session.subscriptions.push(Subscription {
            place,
            position,
            identifier,
            qos: wanted.qos,
            no_local: wanted.no_local,
            retain_as_published: wanted.retain_as_published,
        });
        Ok(true)
    }

    /// Whether there was such a subscription.
    fn unsubscribe_one(&mut self, slot: Slot, text: &str) -> bool {
        let Ok(filter) = TopicFilter::parse(text) else { return false };
        let Some(place) = self.subscriptions.find(&filter) else { return false };
        let Some(session) = self.sessions.get_mut(slot) else { return false };
        let is_it = |own: &Subscription| own.place == place;
        let Some(at) = session.subscriptions.iter().position(is_it) else { return false };
        let subscription = session.subscriptions.swap_remove(at);
        if session.is_persistent() {
            let client_id = Arc::clone(&session.client_id);
            self.keep(Keep::Unsubscribed { client_id, filter: text.into() });
        }
        self.take_from_index(slot, subscription);
        true
    }

    pub(super) fn take_from_index(&mut self, slot: Slot, subscription: Subscription) {
        let Subscription { place, position, .. } = subscription;
        let Some(moved) = self.subscriptions.remove(place, position, slot) else { return };
        // The last subscriber of the place stands where this one stood.
        let Some(session) = self.sessions.get_mut(moved) else { return };
        if let Some(own) = session.subscriptions.iter_mut().find(|own| own.place == place) {
            own.position = position;
        }
    }
}
