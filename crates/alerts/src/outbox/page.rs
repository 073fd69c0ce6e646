//! Reading the outbox, one page at a time.

use fleetward_domain::EpochMs;
use fleetward_store::{DueAlert, StoreError};
use futures_util::{StreamExt, stream};

use super::delivery::Courier;
use super::lanes::Lanes;
use crate::backoff;
use crate::limits::{PAGE, POSTPONEMENTS_AT_ONCE};

pub(super) struct Read {
    /// Rows that were read.
    pub(super) rows: usize,
    /// When an alert becomes due that is not due yet.
    pub(super) next_due_ms: Option<EpochMs>,
}

/// Queues the alerts that are due. Those that find their target's queue full stay in the outbox;
/// if the page is full, too, they are put off there, lest they hide what is due for others.
pub(super) async fn read(
    courier: &Courier,
    lanes: &mut Lanes,
    now_ms: EpochMs,
) -> Result<Read, StoreError> {
    let page = courier.store.due_alerts(now_ms, PAGE).await?;
    let rows = page.len();
    let surplus: Vec<DueAlert> = page.into_iter().filter_map(|due| lanes.queue(due)).collect();
    let postponed = if rows < PAGE { Vec::new() } else { surplus };
    if postponed.is_empty() {
        let next_due_ms = courier.store.next_alert_ms(now_ms).await?;
        return Ok(Read { rows, next_due_ms });
    }
    tracing::debug!(alerts = postponed.len(), "alerts put off: their targets are too slow");
    stream::iter(postponed)
        .map(|due| put_off(courier, now_ms, due))
        .buffer_unordered(POSTPONEMENTS_AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<(), _>>()?;
    // Look again at once: what was hidden comes into view.
    Ok(Read { rows, next_due_ms: Some(now_ms) })
}

/// Putting off counts as a failure, so that a target that stays slow is asked ever more rarely.
async fn put_off(courier: &Courier, now_ms: EpochMs, due: DueAlert) -> Result<(), StoreError> {
    let retry_ms = now_ms.saturating_add(backoff::delay_ms(due.failures, courier.jitter()));
    courier.store.alert_failed(due.id, Some(retry_ms), "put off: its target is too slow").await
}
