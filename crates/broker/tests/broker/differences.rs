//! The broker and the naive one live through the same history, and send the same.

use std::collections::BTreeMap;

use fleetward_mqtt::ReasonCode;
use fleetward_mqtt::packet::{AnswerKind, Connect, Delivery, RetainHandling, SubscribeFilter};
use proptest::prelude::*;

use super::frames::{
    QOS, Wish, answer, connect_body, disconnect_with_expiry, message, subscribe_frame,
    unsubscribe_frame, with_header,
};
use super::history::{CLIENTS, FILTERS, Step, TOPICS, step};
use super::model::{Class, EXPIRY_MAX, Message, Model, Subscription};
use super::reader::{Reader, without_time};
use super::stage::{BOTH, Stage};

/// Both brokers.
struct Pair {
    stage: Stage,
    model: Model,
    /// The naive one as it was when it was written last.
    written: Model,
    ticket: fleetward_broker::keep::Ticket,
    readers: BTreeMap<usize, Reader>,
    payloads: u32,
}

impl Pair {
    /// `in_steps`: each message and each retained message is a step of its own.
    fn new(in_steps: bool) -> Self {
        let mut stage = Stage::with(|limits| {
            limits.session_expiry_max_seconds = EXPIRY_MAX;
            if in_steps {
                (limits.receivers_per_call, limits.retained_per_call) = (1, 1);
            }
        });
        stage.keeps_at_once = false;
        let mut model = Model::default();
        model.now = stage.now_ms;
        Self {
            stage,
            written: model.clone(),
            model,
            ticket: fleetward_broker::keep::Ticket::default(),
            readers: BTreeMap::new(),
            payloads: 0,
        }
    }

    fn payload(&mut self) -> String {
        self.payloads += 1;
        self.payloads.to_string()
    }

    fn run(&mut self, step: &Step) {
        self.run_at_once(step);
        while self.stage.broker.has_work() {
            self.stage.broker.tick(self.stage.now_ms);
        }
    }

    fn run_at_once(&mut self, step: &Step) {
        match *step {
            Step::Connect { client, version, clean, expiry, window, will, is_thief } => {
                let payload = self.payload();
                let wish = Wish {
                    version: BOTH[version],
                    id: CLIENTS[client],
                    clean,
                    expiry,
                    receive_maximum: window,
                    will: will.map(|(topic, qos, retain, delay)| {
                        (TOPICS[topic], payload.as_str(), qos, retain, delay)
                    }),
                };
                self.connect(client, &wish, if is_thief { 2 } else { 1 });
            }
            Step::Pass { seconds } => {
                self.stage.pass_seconds(seconds);
                self.model.pass(seconds * 1_000);
            }
            Step::Write => self.write(),
            Step::Told => self.told(),
            Step::Crash => {
                let now = self.stage.now_ms;
                self.stage.crash();
                self.readers.clear();
                self.model = self.written.clone().restored(now);
                self.ticket = fleetward_broker::keep::Ticket::default();
                self.write();
                self.told();
            }
            Step::Settle => self.settle(),
            Step::Take { client } => self.take(client),
            _ => self.packet(step),
        }
    }

    fn write(&mut self) {
        self.ticket = self.stage.write();
        self.model.written += 1;
        self.written = self.model.clone();
    }

    fn told(&mut self) {
        self.stage.broker.kept(self.ticket);
        self.model.known = self.model.written;
    }

    fn connect(&mut self, client: usize, wish: &Wish<'_>, principal: u64) {
        let body = connect_body(wish);
        self.stage.principal = principal;
        let joined = self.stage.connect(&Connect::parse(&body).unwrap());
        assert_eq!(joined.is_ok(), self.model.connect(wish, principal));
        if let Ok(joined) = joined {
            let (link, version) = (joined.link, wish.version);
            self.readers
                .insert(client, Reader { link, version, log: Vec::new(), open: Vec::new() });
        }
    }

    /// A packet of a client, if that is connected.
    fn packet(&mut self, step: &Step) {
        let client = match *step {
            Step::Disconnect { client, .. }
            | Step::Drop { client }
            | Step::Cut { client }
            | Step::Subscribe { client, .. }
            | Step::Unsubscribe { client, .. }
            | Step::Publish { client, .. }
            | Step::Release { client, .. }
            | Step::Answer { client, .. } => client,
            _ => return,
        };
        let id = CLIENTS[client];
        let payload = self.payload();
        let Some(reader) = self.readers.get_mut(&client) else { return };
        let (link, version) = (reader.link, reader.version);
        match *step {
            Step::Disconnect { with_will, expiry, .. } => {
                self.disconnect(client, with_will, expiry);
            }
            Step::Drop { .. } => self.drop_link(client),
            Step::Cut { .. } => {
                self.stage.broker.cut(self.stage.now_ms, link, ReasonCode::NOT_AUTHORIZED);
                self.readers.remove(&client);
                self.model.leave(id, false);
            }
            Step::Subscribe { filter, qos, options, identifier, .. } => {
                self.subscribe(client, (filter, qos), options, identifier);
            }
            Step::Unsubscribe { filter, .. } => {
                let frame = unsubscribe_frame(version, 6, &[FILTERS[filter]]);
                self.stage.send(link, &frame).unwrap();
                self.model.unsubscribe(id, 6, FILTERS[filter]);
            }
            Step::Publish { .. } => self.publish(client, step, &payload),
            Step::Release { id: packet_id, .. } => {
                let frame = answer(version, AnswerKind::Pubrel, packet_id, 0);
                self.stage.send(link, &frame).unwrap();
                self.model.answer(id, AnswerKind::Pubrel, packet_id);
            }
            Step::Answer { which, .. } if !reader.open.is_empty() => {
                let (kind, packet_id) = reader.open.remove(which % reader.open.len());
                self.stage.send(link, &answer(version, kind, packet_id, 0)).unwrap();
                self.model.answer(id, kind, packet_id);
            }
            _ => {}
        }
    }

    fn disconnect(&mut self, client: usize, with_will: bool, expiry: Option<u32>) {
        let (id, link) = (CLIENTS[client], self.readers[&client].link);
        let is_v5 = self.readers[&client].version.is_v5();
        let (with_will, expiry) = (with_will && is_v5, expiry.filter(|_| is_v5));
        let reason = if with_will { 4 } else { 0 };
        let frame = match expiry {
            Some(expiry) => disconnect_with_expiry(reason, expiry),
            None if reason == 4 => with_header(0xE0, &[4]),
            None => with_header(0xE0, &[]),
        };
        let is_taken = self.stage.send(link, &frame).is_ok();
        assert_eq!(is_taken, self.model.disconnect(id, with_will, expiry));
        if is_taken {
            self.readers.remove(&client);
        } else {
            self.drop_link(client);
        }
    }

    fn publish(&mut self, client: usize, step: &Step, payload: &str) {
        let Step::Publish { topic, qos, retain, empty, expiry, id: packet_id, .. } = *step else {
            return;
        };
        let reader = &self.readers[&client];
        let payload = if empty { "" } else { payload };
        let expiry = Some(expiry).filter(|expiry| *expiry > 0 && reader.version.is_v5());
        let delivery = Delivery {
            retain,
            expiry_seconds: expiry,
            ..message(TOPICS[topic], payload, qos, packet_id)
        };
        let taken = self.stage.publish(reader.link, &delivery).is_ok();
        let message = Message {
            topic: TOPICS[topic].to_owned(),
            payload: payload.to_owned(),
            qos,
            retain,
            expires_at: expiry.map(|s| self.stage.now_ms + u64::from(s) * 1_000),
        };
        assert_eq!(taken, self.model.client_publishes(CLIENTS[client], packet_id, &message));
        if !taken {
            self.drop_link(client);
        }
    }

    fn subscribe(&mut self, client: usize, (filter, qos): (usize, usize), options: u8, number: u8) {
        let reader = &self.readers[&client];
        let is_v5 = reader.version.is_v5();
        let is_shared = FILTERS[filter].starts_with("$share");
        // Options are those of MQTT 5.
        let options = if is_v5 { options } else { 0 };
        let identifier = if is_v5 { number } else { 0 };
        let handling = [RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
        let wanted = SubscribeFilter {
            filter: FILTERS[filter],
            qos: QOS[qos],
            no_local: options & 1 != 0 && !is_shared,
            retain_as_published: options & 2 != 0,
            retain_handling: handling[usize::from(options >> 2)],
        };
        let frame = subscribe_frame(reader.version, 5, identifier, &[wanted]);
        self.stage.send(reader.link, &frame).unwrap();
        let own = Subscription {
            filter: FILTERS[filter].to_owned(),
            qos,
            no_local: wanted.no_local,
            as_published: wanted.retain_as_published,
            identifier: u32::from(identifier),
        };
        self.model.subscribe(CLIENTS[client], 5, own, wanted.retain_handling);
    }

    /// The connection ends without a word, or by a fault of the client.
    fn drop_link(&mut self, client: usize) {
        let reader = self.readers.remove(&client).unwrap();
        self.stage.close(reader.link);
        self.model.leave(CLIENTS[client], true);
    }

    fn take(&mut self, client: usize) {
        let Some(reader) = self.readers.get_mut(&client) else { return };
        let words = self.stage.take(reader.link);
        reader.read(words);
        self.model.take(CLIENTS[client]);
        self.compare(client, false);
    }

    /// What was read begins as expected, and nothing of it came before it might; `is_all`: and is
    /// all of it.
    fn compare(&self, client: usize, is_all: bool) {
        let (id, reader) = (CLIENTS[client], &self.readers[&client]);
        let online = self.model.sessions[id].online.as_ref().unwrap();
        for class in [Class::Answer, Class::Message(0), Class::Message(1), Class::Message(2)] {
            let read = reader.of(class);
            let expected: Vec<_> = online.log.iter().filter(|e| e.class == class).collect();
            let words: Vec<_> =
                expected.iter().map(|e| without_time(class, e.word.clone())).collect();
            let words: Vec<_> = words.iter().collect();
            if is_all {
                assert_eq!(read, words, "{id} {class:?}");
            }
            assert!(read.len() <= words.len(), "{id} {read:?} {words:?}");
            assert_eq!(read, words[..read.len()], "{id} {class:?}");
            for expected in &expected[..read.len()] {
                assert!(expected.needs <= self.model.known, "{id} {expected:?} came too early");
            }
        }
        let mut released = reader.of(Class::Release);
        let mut expected: Vec<_> =
            online.log.iter().filter(|e| e.class == Class::Release).map(|e| &e.word).collect();
        if is_all {
            released.sort();
            expected.sort();
            assert_eq!(released, expected, "{id}");
        }
        assert!(released.iter().all(|word| expected.contains(word)), "{released:?} {expected:?}");
    }

    fn settle(&mut self) {
        // CONNACK, then what its window lets go, then QoS 2 once its identifiers are kept.
        for _ in 0..3 {
            self.write();
            self.told();
            for client in 0..CLIENTS.len() {
                self.take(client);
            }
        }
        for client in self.readers.keys() {
            self.compare(*client, true);
        }
        self.write();
        self.told();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_broker_sends_what_a_naive_one_sends(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        check(Pair::new(false), &steps)?;
    }

    /// A will would go round while its client comes back, and then find it there or not.
    #[test]
    fn it_sends_the_same_in_the_smallest_steps(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let without_will = |step: Step| match step {
            Step::Connect { client, version, clean, expiry, window, is_thief, .. } => {
                Step::Connect { client, version, clean, expiry, window, will: None, is_thief }
            }
            other => other,
        };
        let steps: Vec<Step> = steps.into_iter().map(without_will).collect();
        check(Pair::new(true), &steps)?;
    }
}

fn check(mut pair: Pair, steps: &[Step]) -> Result<(), TestCaseError> {
    for step in steps {
        pair.run(step);
    }
    pair.settle();
    // Nobody is connected and all sessions are over: nothing is left but what is retained.
    for client in 0..CLIENTS.len() {
        if pair.readers.contains_key(&client) {
            pair.drop_link(client);
        }
    }
    pair.stage.pass_seconds(10_000);
    let holdings = pair.stage.broker.holdings();
    prop_assert_eq!(holdings.messages, holdings.retained);
    prop_assert_eq!((holdings.sessions, holdings.subscriptions), (0, 0));
    prop_assert_eq!((holdings.identifier_sets, holdings.deadlines, holdings.queued), (0, 0, 0));
    pair.write();
    prop_assert!(pair.stage.kept.sessions.is_empty() && pair.stage.kept.messages.is_empty());
    prop_assert_eq!(pair.stage.kept.retained.len(), holdings.retained);
    Ok(())
}

/// More on request, by `PROPTEST_CASES`.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(400)
}
