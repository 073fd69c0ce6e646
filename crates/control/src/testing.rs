//! A control plane on a store in memory, with a clock that stands still until it is set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fleetward_domain::{Change, EpochMs, Place};
use fleetward_store::Store;
use fleetward_store::memory::MemoryStore;
use fleetward_wire::{ApiError, ErrorCode, Operation};
use serde_json::Value;

use crate::authority::Authority;
use crate::caller::Caller;
use crate::control::{Control, ControlSettings};
use crate::generated::dispatch;
use crate::master_key::MasterKey;
use crate::refusal::falls_back;
use fleetward_environment::{Chance, Clock};

pub(crate) const START_MS: EpochMs = 1_780_000_000_000;

/// A store that lets others go first before each of its steps, so that what runs at once in a test
/// is interleaved as on a busy machine.
pub(crate) fn interleaved() -> MemoryStore {
    MemoryStore::contended(|_| Ok(()))
}

pub(crate) struct Plane {
    pub(crate) control: Arc<Control>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) place: Place,
    pub(crate) clock: Clock,
    now_ms: Arc<AtomicI64>,
}

impl Plane {
    pub(crate) async fn new() -> Self {
        Self::with_period(300).await
    }

    pub(crate) async fn with_period(period_seconds: u32) -> Self {
        Self::on(Arc::new(interleaved()), period_seconds).await
    }

    pub(crate) async fn with_chance(chance: Chance) -> Self {
        Self::made_of(Arc::new(interleaved()), 300, chance).await
    }

    pub(crate) async fn on(store: Arc<dyn Store>, period_seconds: u32) -> Self {
        Self::made_of(store, period_seconds, Chance::seeded(1)).await
    }

    async fn made_of(store: Arc<dyn Store>, period_seconds: u32, chance: Chance) -> Self {
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let read = Arc::clone(&now_ms);
        let clock = Clock::new(move || read.load(Ordering::Relaxed));
        let place = Place { account: "123456789012".into(), region: "us-east-1".into() };
        // Of its own, so that the ids that operations draw are the first of `chance`.
        let entropy = Chance::seeded(2);
        let master_key = MasterKey::new([7; 32], entropy.clone());
        let authority = Authority::load_or_create(&*store, &master_key, &entropy, START_MS);
        let authority = authority.await.unwrap();
        let settings = ControlSettings {
            place: place.clone(),
            period_seconds,
            endpoint_host: "iot.example".to_owned(),
            paging_key: master_key.derive("paging"),
            clock: clock.clone(),
            chance,
        };
        let control = Control::new(settings, Arc::clone(&store), Arc::new(authority));
        Self { control: Arc::new(control), store, place, clock, now_ms }
    }

    pub(crate) fn later_ms(&self, by_ms: EpochMs) {
        self.now_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:aws:iot:us-east-1:123456789012:{resource}")
    }

    pub(crate) async fn call(&self, operation: Operation, input: Value) -> Result<Value, ApiError> {
        let caller = Caller::operator(&self.place);
        let answer = self.control.call(&caller, operation, input.clone()).await;
        if let Err(ApiError { code, .. }) = &answer {
            let is_known = code.is_common() || operation.errors().contains(code);
            assert!(is_known, "clients of {operation:?} do not know {code:?}");
            if let Some(code) = self.own_code(&caller, operation, &input).await {
                let is_its_own = code.is_common() || operation.errors().contains(&code);
                let is_decided = is_its_own || falls_back(operation, code);
                assert!(is_decided, "{operation:?} has no {code:?}: list it in `fallback`");
            }
        }
        answer
    }

    /// The code that the refusal of this call has before it is put into one that clients know:
    /// the handler is asked again, which writes nothing.
    pub(crate) async fn own_code(
        &self,
        caller: &Caller,
        operation: Operation,
        input: &Value,
    ) -> Option<ErrorCode> {
        let refusal = dispatch(&self.control, caller, operation, input).await.err()?;
        Some(refusal.in_its_own_code(operation).code)
    }

    /// Calls what must succeed.
    pub(crate) async fn ok(&self, operation: Operation, input: Value) -> Value {
        let answer = self.call(operation, input.clone()).await;
        answer.unwrap_or_else(|error| panic!("{operation:?} {input}: {error}"))
    }

    /// Calls what must be refused: `Code: message`.
    pub(crate) async fn refused(&self, operation: Operation, input: Value) -> String {
        match self.call(operation, input.clone()).await {
            Ok(answer) => panic!("{operation:?} {input} was answered with {answer}"),
            Err(error) => error.to_string(),
        }
    }

    pub(crate) async fn changes(&self) -> Vec<Change> {
        let changes = self.store.changes_after(0, 10_000).await.unwrap();
        changes.into_iter().map(|(_, change)| change).collect()
    }
}
