//! Computing beside the loop.

use crate::failure::Failure;

/// State up to this size is computed on the spot: another thread would cost more than it spares.
const ON_THE_SPOT_BYTES: u64 = 64 << 10;

/// Computes what depends on so many bytes of state, in another thread if they are many.
///
/// # Errors
/// A sentence, if that thread broke down.
pub(super) async fn compute<T: Send + 'static>(
    bytes: u64,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    if bytes <= ON_THE_SPOT_BYTES {
        return Ok(work());
    }
    let computed = tokio::task::spawn_blocking(work).await;
    computed.map_err(Failure::of("work on the detection state broke down"))
}
