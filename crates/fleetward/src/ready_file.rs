//! The ready file: tells scripts that every listener accepts, and where.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

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
