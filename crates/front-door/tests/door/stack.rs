//! A front door with everything around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::{
    Certificate, CertificateId, CertificateStatus, Change, Dimension, DimensionName, Place, Policy,
    PolicyName, SecurityProfile, ThingName,
};
use fleetward_front_door::{FrontDoor, Running, Settings};
use fleetward_store::memory::MemoryStore;
use fleetward_store::{Documents, Noun, Tx};

use crate::client::{Client, Version};
use crate::log::RecordingLog;
use crate::pki::{Ca, Leaf};

pub(crate) const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":
    [{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;

pub(crate) struct Stack {
    pub(crate) running: Running,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) log: Arc<RecordingLog>,
    pub(crate) ca: Ca,
}

pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    let place = Place { account: "123456789012".into(), region: "us-east-1".into() };
    let mut settings = Settings::new("door-1", 7, place);
    settings.mqtt = vec![loopback()];
    settings.period_ms = 1000;
    settings.flush_ms = 50;
    settings.upstream = crate::upstream();
    settings
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_on(Arc::new(MemoryStore::new()), change).await
    }

    pub(crate) async fn start_on(
        store: Arc<MemoryStore>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let ca = Ca::new("Fleet CA");
        let mut settings = settings();
        settings.mqtts = vec![loopback()];
        settings.tls = Some(ca.server());
        change(&mut settings);
        let log = Arc::new(RecordingLog::default());
        let running = FrontDoor::start(settings, store.clone(), log.clone()).await.unwrap();
        Self { running, store, log, ca }
    }

    pub(crate) fn plain(&self) -> SocketAddr {
        self.running.mqtt[0]
    }

    pub(crate) fn secure(&self) -> SocketAddr {
        self.running.mqtts[0]
    }

    pub(crate) async fn client(&self, version: Version, id: &str) -> Client {
        Client::plain(self.plain(), version).await.connected(id).await
    }

    /// Registers an active certificate for `things` with these policies.
    pub(crate) async fn device(&self, name: &str, things: &[&str], policies: &[&str]) -> Leaf {
        let leaf = self.ca.device(name);
        self.register(&leaf.id(), CertificateStatus::Active, things, policies).await;
        leaf
    }

    pub(crate) async fn register(
        &self,
        id: &CertificateId,
        status: CertificateStatus,
        things: &[&str],
        policies: &[&str],
    ) {
        let certificate = Certificate {
            id: id.clone(),
            pem: String::new(),
            status,
            policies: policies.iter().map(|name| PolicyName::parse(*name).unwrap()).collect(),
            things: things.iter().map(|name| ThingName::parse(*name).unwrap()).collect(),
            created_ms: 0,
            modified_ms: 0,
        };
        let change = Change::Certificate(id.clone());
        put(&self.store, &certificate, change).await;
    }

    pub(crate) async fn policy(&self, name: &str, document: &str) {
        put_policy(&self.store, name, document).await;
    }

    pub(crate) async fn dimension(&self, name: &str, filters: &[&str]) {
        let name = DimensionName::parse(name).unwrap();
        let dimension = Dimension {
            name: name.clone(),
            topic_filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
            tags: Vec::new(),
            client_request_token: String::new(),
            created_ms: 0,
            modified_ms: 0,
        };
        let change = Change::Dimension(name.clone());
        put(&self.store, &dimension, change).await;
    }

    pub(crate) async fn profile(&self, profile: &SecurityProfile) {
        let change = Change::Profile(profile.clone(), Vec::new());
        put(&self.store, profile, change).await;
    }
}

pub(crate) async fn put_policy(store: &MemoryStore, name: &str, document: &str) {
    let name = PolicyName::parse(name).unwrap();
    let policy = Policy {
        name: name.clone(),
        document: document.to_owned(),
        version: 1,
        tags: Vec::new(),
        created_ms: 0,
        history: None,
    };
    put(store, &policy, Change::Policy(name.clone())).await;
}

async fn put<T: Noun>(store: &MemoryStore, value: &T, change: Change) {
    let mut tx = Tx { changes: vec![change], ..Tx::default() };
    tx.put(value, store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
}

/// Waits until it holds; the test fails after five seconds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 5 s: {what}");
}
