//! The ready file: tells scripts that every listener accepts, and where.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;
use crate::roles::role::{Protocol, Role};
use crate::secrets::Secrets;

/// What the file says. Addresses are `host:port`.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    /// The API and the console.
    pub(crate) api: SocketAddr,
    /// MQTT without TLS.
    pub(crate) mqtt: SocketAddr,
    /// MQTT over TLS: the first listener.
    pub(crate) mqtts: SocketAddr,
    /// Every listener of MQTT over TLS.
    pub(crate) mqtts_all: Vec<SocketAddr>,
    /// The certificate that devices trust.
    pub(crate) ca_file: String,
    /// The administrator's key; its secret was printed when it was made.
    pub(crate) access_key_id: String,
    /// Of this process.
    pub(crate) pid: u32,
}

impl Ready {
    /// What these roles have opened.
    ///
    /// # Errors
    /// A sentence that names the protocol that no role listens for.
    pub(crate) fn of(roles: &[Role], secrets: &Secrets) -> Result<Self, Failure> {
        let all = |protocol| roles.iter().flat_map(move |role| role.addresses(protocol));
        let first = |protocol| {
            let none = || Failure::new(format!("no role listens for {protocol:?}"));
            all(protocol).next().ok_or_else(none)
        };
        Ok(Self {
            api: first(Protocol::Api)?,
            mqtt: first(Protocol::Mqtt)?,
            mqtts: first(Protocol::Mqtts)?,
            mqtts_all: all(Protocol::Mqtts).collect(),
            ca_file: secrets.ca_file.clone(),
            access_key_id: secrets.access_key_id.clone(),
            pid: std::process::id(),
        })
    }
}

/// Writes the file so that a reader sees all of it or nothing.
///
/// # Errors
/// A sentence with the file's name.
pub(crate) fn write(path: &Path, ready: &Ready) -> Result<(), Failure> {
    let tried = format!("cannot write the ready file {}", path.display());
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let bytes = serde_json::to_vec_pretty(ready).map_err(Failure::of(&tried))?;
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .map_err(Failure::of(&tried))?;
    file.write_all(&bytes).map_err(Failure::of(&tried))?;
    file.persist(path).map_err(Failure::of(&tried))?;
    Ok(())
}
