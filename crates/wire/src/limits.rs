//! The bounds of what this crate takes from a peer.

/// The largest request body, in bytes. The model's largest member is a policy document of
/// 404,600 characters, which fits with its escapes.
pub const MAX_BODY_BYTES: usize = 512 * 1024;

/// The longest value that a validation message repeats, in characters; the rest is cut.
pub const MAX_SHOWN_VALUE_CHARS: usize = 256;

/// The longest map key within a member's path in a message, in characters.
pub const MAX_SHOWN_KEY_CHARS: usize = 64;

/// The most validation errors that one message spells out; all of them are counted.
pub const MAX_SHOWN_ERRORS: usize = 100;

/// The longest `nextToken`, in characters.
pub const MAX_TOKEN_CHARS: usize = 8192;

/// How far a signature's time may lie from ours, in seconds. Source: AWS General Reference,
/// "Signature Version 4", which gives five minutes.
pub const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// The longest life of a presigned URL, in seconds: seven days, as AWS's.
pub const MAX_PRESIGNED_SECONDS: i64 = 604_800;

/// The most headers a signature may name.
pub const MAX_SIGNED_HEADERS: usize = 64;
