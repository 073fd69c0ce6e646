//! Every limit of this crate, with its source.

/// AWS's quota for an IoT policy: 2,048 characters, white space between JSON's tokens not
/// counted ("AWS IoT Core limits and quotas", policy document size).
pub const IOT_POLICY_MAX_CHARACTERS: usize = 2_048;

/// AWS's quota for a managed IAM policy, taken for the policies of API keys: 6,144 characters,
/// white space not counted.
pub const API_KEY_POLICY_MAX_CHARACTERS: usize = 6_144;

/// The most bytes of JSON that are read at all, white space included: the longest
/// `policyDocument` of the service model.
pub const POLICY_TEXT_MAX_BYTES: usize = 404_600;

/// How deep JSON may nest. A policy needs five levels; serde_json refuses what is deeper than
/// 128, which is what bounds the reader's stack.
pub const JSON_MAX_DEPTH: usize = 128;
