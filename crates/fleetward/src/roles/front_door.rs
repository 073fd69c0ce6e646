//! The front door: where devices connect.

use std::net::{IpAddr, SocketAddr};

use fleetward_control::Authority;
use fleetward_domain::EpochMs;
use fleetward_front_door::{FrontDoor, TlsIdentity};
use fleetward_store::{FrontDoorBoot, Store, Tx};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Shared;
use super::role::{Protocol, Role};
use crate::failure::Failure;

/// Starts to listen; devices are accepted when it returns.
///
/// # Errors
/// A sentence that names the setting and the problem.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let settings = door_settings(shared).await?;
    let mut running = FrontDoor::start(settings, shared.store.clone(), shared.log.clone())
        .await
        .map_err(Failure::of("the front door does not open"))?;
    let (mqtt, mqtts) = (running.mqtt.clone(), running.mqtts.clone());
    let role = Role::start("front-door", shared, |mut stop| async move {
        tokio::select! {
            part = running.ended() => Err(Failure::new(format!("its {part} ended"))),
            _ = stop.changed() => {
                running.shutdown().await;
                Ok(())
            }
        }
    });
    Ok(role.listening(Protocol::Mqtt, mqtt).listening(Protocol::Mqtts, mqtts))
}

async fn door_settings(shared: &Shared) -> Result<fleetward_front_door::Settings, Failure> {
    let settings = &shared.settings;
    let boot = next_boot(&*shared.store).await?;
    let place = settings.place.clone();
    let mut door = fleetward_front_door::Settings::new("door-1", boot, place);
    door.mqtt = vec![settings.mqtt];
    door.mqtts.clone_from(&settings.mqtts);
    door.mqtt_policy.clone_from(&settings.mqtt_policy);
    let now_ms = shared.clock.now_ms();
    door.tls = Some(tls_identity(&shared.secrets.authority, &settings.mqtts, now_ms)?);
    door.period_ms = settings.period_ms;
    door.reports = settings.reports.clone();
    door.connections = door.connections.min(shared.connections);
    door.clock = shared.clock.clone();
    door.stamps = shared.stamps.clone();
    door.awaited = shared.awaited.clone();
    door.outgoing = shared.outgoing.clone();
    door.chance = shared.chance.clone();
    Ok(door)
}

/// Counts the starts of the front door: the version of a document that each start writes.
async fn next_boot(store: &dyn Store) -> Result<u64, Failure> {
    let tried = "cannot count this start";
    let mut tx = Tx::default();
    tx.put(&FrontDoorBoot, store.format_level()).map_err(Failure::of(tried))?;
    let committed = store.commit(tx).await.map_err(Failure::of(tried))?;
    committed.versions.first().copied().ok_or_else(|| Failure::new(tried))
}

/// A certificate for the addresses that devices dial.
fn tls_identity(
    authority: &Authority,
    listeners: &[SocketAddr],
    now_ms: EpochMs,
) -> Result<TlsIdentity, Failure> {
    let tried = "no certificate for MQTT over TLS";
    let mut addresses: Vec<IpAddr> = vec![IpAddr::from([127, 0, 0, 1])];
    addresses.extend(listeners.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified()));
    addresses.sort();
    addresses.dedup();
    let mut names = vec!["localhost".to_owned()];
    names.extend(host_name());
    let issued = authority.issue_server(&names, &addresses, now_ms).map_err(Failure::of(tried))?;
    let certificates = |pem: &str| {
        CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Failure::new(format!("{tried}: {error:?}")))
    };
    let ca = certificates(authority.ca_pem())?.into_iter().next();
    Ok(TlsIdentity {
        cert_chain: certificates(&issued.chain_pem)?,
        key: PrivateKeyDer::from_pem_slice(issued.private_key_pem.as_bytes())
            .map_err(|error| Failure::new(format!("{tried}: {error:?}")))?,
        ca: ca.ok_or_else(|| Failure::new(tried))?,
    })
}

/// The machine's name, if it is one that a certificate can hold.
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?.trim().to_owned();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    (!name.is_empty() && name.len() <= 253 && name.bytes().all(fits)).then_some(name)
}
