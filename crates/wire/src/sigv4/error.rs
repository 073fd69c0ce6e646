//! Why a signature is not accepted, in AWS's words.

use crate::error::ErrorCode;

/// Why a signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// The request carries no signature.
    #[error("Missing Authentication Token")]
    Missing,
    /// The request carries something that is not a whole signature.
    #[error("{0}")]
    Incomplete(String),
    /// The key's scope names another day, region, service or terminator.
    #[error("{0}")]
    Scope(String),
    /// The time of the signature is too far in the past, or its life is over.
    #[error("Signature expired: {signed_at} is now earlier than {earliest} ({now})")]
    Expired {
        /// The request's time.
        signed_at: String,
        /// The earliest time accepted.
        earliest: String,
        /// The server's time, with the tolerance.
        now: String,
    },
    /// The time of the signature is too far in the future.
    #[error("Signature not yet current: {signed_at} is still later than {latest} ({now})")]
    NotYetCurrent {
        /// The request's time.
        signed_at: String,
        /// The latest time accepted.
        latest: String,
        /// The server's time, with the tolerance.
        now: String,
    },
    /// There is no such access key, or it is disabled.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// `x-amz-content-sha256` is not the hash of the body.
    #[error("The value of x-amz-content-sha256 does not match the body that was received.")]
    PayloadMismatch,
    /// A header that must be signed is not.
    #[error("There were headers present in the request which were not signed: {0}")]
    UnsignedHeader(String),
    /// The signature is not the one that the secret gives.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details."
    )]
    Mismatch,
}

impl SigV4Error {
    /// The error code to answer with.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::MissingAuthenticationToken,
            Self::Incomplete(_) => ErrorCode::IncompleteSignature,
            Self::UnknownKey => ErrorCode::UnrecognizedClient,
            Self::Scope(_)
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::PayloadMismatch
            | Self::UnsignedHeader(_)
            | Self::Mismatch => ErrorCode::InvalidSignature,
        }
    }
}
