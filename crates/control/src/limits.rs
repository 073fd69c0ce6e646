//! The bounds of what this crate takes, keeps and waits for.

use std::time::Duration;

/// Items on a page where `maxResults` is not given: the most that it can be.
pub const PAGE_ITEMS: usize = 250;
/// Documents that one call of a filtered listing looks at; the rest is for the next page.
pub const SCANNED_DOCUMENTS: usize = 10_000;
/// Documents read at once while scanning.
pub const SCAN_BATCH: usize = 500;
/// How often a write is tried when others write the same documents.
pub const COMMIT_TRIES: u32 = 20;
/// Queues for writers of contended documents. More of them make it rarer that two documents share
/// one; each takes some 60 bytes.
pub const TURN_PLACES: usize = 1_024;
/// Most targets of one security profile. AWS names no limit; a change carries all of them.
pub const TARGETS_PER_PROFILE: usize = 1_000;
/// Most attributes of a thing or a group (AWS quotas, things with a thing type).
pub const ATTRIBUTES: usize = 50;
/// Most policies attached to one certificate (AWS quotas).
pub const POLICIES_PER_CERTIFICATE: usize = 10;
/// Most versions of one policy (AWS quotas).
pub const VERSIONS_PER_POLICY: usize = 5;
/// Most things attached to one certificate. AWS names no limit; the document holds all of them.
pub const THINGS_PER_CERTIFICATE: usize = 1_000;
/// Most policies that one TestAuthorization adds or skips, and most resources that it asks about.
/// AWS names no limits; each policy is read and each resource judged by all of them.
pub const TESTED_POLICIES: usize = 100;
/// See [`TESTED_POLICIES`].
pub const TESTED_RESOURCES: usize = 1_000;

/// Things that leave a group that is deleted in one commit, for which others wait; more leave in
/// further ones.
pub const THINGS_LEAVING_AT_ONCE: usize = 1_000;

/// RSA keys made at once; more wait. One takes a core for some tenths of a second.
pub const KEYS_MADE_AT_ONCE: usize = 2;
/// Callers that may wait for an RSA key; more are told to come back.
pub const KEYS_WAITED_FOR: usize = 64;
/// How long a server's certificate is good for, in days.
pub const SERVER_CERTIFICATE_DAYS: i64 = 825;

/// API access keys that a listing reads.
pub const ACCESS_KEYS: usize = 1_000;

/// Bytes of a body over the limit that are read and thrown away, so that the client gets to see
/// the error; more, and the connection is closed.
pub const DISCARDED_BODY_BYTES: usize = 32 * 1024 * 1024;
/// How long a request's body may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request's head may take, also on an idle connection.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long open requests may take after the server was told to stop.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Most connections served at once; more wait to be accepted.
pub const CONNECTIONS: usize = 1_024;
/// What can happen with every connection that comes is told once in so many times.
pub const TOLD_ONE_IN: u32 = 20;
