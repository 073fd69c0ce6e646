//! Alerts: the outbox's deliveries.

use fleetward_alerts::Alerts;

use super::Shared;
use super::role::Role;
use crate::failure::Failure;

/// Starts to deliver.
///
/// # Errors
/// A sentence that names the setting that cannot be used.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let mut running = Alerts::start(alert_settings(shared)?, shared.store.clone())
        .map_err(Failure::of("alerts do not start"))?;
    Ok(Role::start("alerts", shared, |mut stop| async move {
        tokio::select! {
            error = running.ended() => Err(Failure::new(error)),
            _ = stop.changed() => {
                running.shutdown().await;
                Ok(())
            }
        }
    }))
}

fn alert_settings(shared: &Shared) -> Result<fleetward_alerts::Settings, Failure> {
    let settings = &shared.settings;
    let mut alerts = fleetward_alerts::Settings {
        allow_addresses: settings.alerts.allow_addresses.clone(),
        clock: shared.clock.clone(),
        chance: shared.chance.clone(),
        ..fleetward_alerts::Settings::default()
    };
    for (arn, target) in &settings.alerts.targets {
        let tried = format!("setting alerts.targets.\"{arn}\"");
        alerts.targets.insert(arn.clone(), target.read().map_err(Failure::of(&tried))?);
    }
    Ok(alerts)
}
