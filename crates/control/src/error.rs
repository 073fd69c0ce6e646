//! What can go wrong beside the API: keys of the API, the authority, the master key.

use fleetward_environment::NoRandomness;
use fleetward_policy::PolicyError;
use fleetward_store::StoreError;
use fleetward_wire::ApiError;

/// Why something of this crate failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The store could not read or write.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// What is in the store cannot be read.
    #[error("{what} in the store cannot be read: {problem}")]
    Corrupt {
        /// Which document.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What was encrypted was not encrypted with this master key, or was changed since.
    #[error("{0} cannot be decrypted with this master key")]
    WrongMasterKey(String),
    /// The cryptographic library refused; with valid arguments it does not.
    #[error("cryptography failed: {0}")]
    Crypto(String),
    /// A certificate or a key could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The operating system gives no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Too many keys are being made already.
    #[error("too many keys are being made at once")]
    Busy,
    /// The policy of an access key is not a policy.
    #[error("the policy of the access key is not valid: {0}")]
    Policy(#[from] PolicyError),
    /// There is no access key of this id.
    #[error("there is no access key {0}")]
    NoSuchKey(String),
    /// There is no room for another access key.
    #[error("there are {0} access keys already, which is the limit")]
    TooManyKeys(usize),
}

impl From<ControlError> for ApiError {
    /// The cause is logged; the client learns no more than that it is not at fault.
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Busy => Self::unavailable("Too many keys are being made. Try again."),
            error => {
                tracing::error!(%error, "a request failed on our side");
                Self::internal()
            }
        }
    }
}
