//! An outbox that cannot be read.

use fleetward_store::{AlertStatus, Outbox, StoreError};

use super::*;

/// Fails each question in one way.
struct Broken(StoreError);

#[async_trait::async_trait]
impl Outbox for Broken {
    async fn due_alerts(&self, _: EpochMs, _: usize) -> Result<Vec<DueAlert>, StoreError> {
        Err(self.0.clone())
    }

    fn newest_alert(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    async fn next_alert_ms(&self, _: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        Err(self.0.clone())
    }

    async fn alert_status(&self, _: i64) -> Result<Option<AlertStatus>, StoreError> {
        Err(self.0.clone())
    }

    async fn alert_delivered(&self, _: i64) -> Result<(), StoreError> {
        Err(self.0.clone())
    }

    async fn alert_failed(&self, _: i64, _: Option<EpochMs>, _: &str) -> Result<(), StoreError> {
        Err(self.0.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_cannot_be_read_ends_deliveries_with_a_sentence() {
    let problem = "a table is missing".to_owned();
    let broken = Broken(StoreError::Backend { doing: "use its database", problem });
    let mut running = Alerts::start(Settings::default(), Arc::new(broken)).unwrap();
    let expected = "the outbox of alerts cannot be read: the store cannot use its database: a table is missing";
    assert_eq!(running.ended().await, expected);
}

#[tokio::test(start_paused = true)]
async fn an_outbox_on_a_full_disk_is_tried_again_for_as_long_as_it_takes() {
    let full = Broken(StoreError::Full { problem: "no space".to_owned() });
    let settings = Settings::default();
    let clock = settings.clock.clone();
    let mut running = Alerts::start(settings, Arc::new(full)).unwrap();
    let day = Duration::from_secs(86_400);
    assert!(clock.timeout(day, running.ended()).await.is_err());
    running.shutdown().await;
}
