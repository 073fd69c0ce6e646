//! `nextToken`: where a listing goes on, sealed so that it cannot be forged or used elsewhere.
//!
//! A token is base64url of an HMAC-SHA256 and the position. The code covers the operation, the
//! other parameters of the listing and the position. The position is not secret, only sealed.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::ApiError;
use crate::generated::operations::Operation;
use crate::limits::MAX_TOKEN_CHARS;
use crate::operation::Input;

/// The input of a listing.
pub trait Listing: Input + Clone {
    /// The token of the page before, where it is given.
    fn token(&self) -> Option<&str>;

    /// How many items the page may hold, where it is given.
    fn limit(&self) -> Option<i32>;

    /// The rest of the input: what decides which items the listing holds.
    #[must_use]
    fn without_page(&self) -> Self;
}

/// Makes the token for the page that begins after `position`. `filters` is whatever else decides
/// which items the listing holds and in which order, in one canonical form.
pub fn seal(key: &[u8; 32], operation: Operation, filters: &[u8], position: &str) -> String {
    let mut token = code(key, operation, filters, position).as_ref().to_vec();
    token.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// Opens a token and gives back the position.
///
/// # Errors
/// `InvalidRequestException` naming `nextToken` where it was not sealed with this key for this
/// operation and these filters.
pub fn open(
    key: &[u8; 32],
    operation: Operation,
    filters: &[u8],
    token: &str,
) -> Result<String, ApiError> {
    unseal(key, operation, filters, token).ok_or_else(|| {
        ApiError::invalid_request(
            "The nextToken is not valid: it must be the one answered by the previous page of the \
             same operation with the same parameters.",
        )
    })
}

fn unseal(key: &[u8; 32], operation: Operation, filters: &[u8], token: &str) -> Option<String> {
    if token.len() > MAX_TOKEN_CHARS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (tag, position) = bytes.split_at_checked(TAG_BYTES)?;
    let position = std::str::from_utf8(position).ok()?;
    let covered = covered(operation, filters, position);
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), &covered, tag).ok()?;
    Some(position.to_owned())
}

const TAG_BYTES: usize = 32;

fn code(key: &[u8; 32], operation: Operation, filters: &[u8], position: &str) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, &covered(operation, filters, position))
}

/// Each part is preceded by its length, so that no two triples give the same bytes.
fn covered(operation: Operation, filters: &[u8], position: &str) -> Vec<u8> {
    let mut covered = b"fleetward nextToken 1".to_vec();
    for part in [operation.name().as_bytes(), filters, position.as_bytes()] {
        covered.extend_from_slice(&(part.len() as u64).to_be_bytes());
        covered.extend_from_slice(part);
    }
    covered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const LIST: Operation = Operation::ListThings;

    #[test]
    fn a_token_opens_for_the_same_listing_only() {
        let token = seal(&KEY, LIST, b"type=a", "thing-9");
        assert_eq!(open(&KEY, LIST, b"type=a", &token).unwrap(), "thing-9");
        let wrong = [
            open(&[8; 32], LIST, b"type=a", &token),
            open(&KEY, Operation::ListThingGroups, b"type=a", &token),
            open(&KEY, LIST, b"type=b", &token),
            open(&KEY, LIST, b"type=a", ""),
            open(&KEY, LIST, b"type=a", "not base64!"),
            open(&KEY, LIST, b"type=a", token.get(1..).unwrap()),
            open(&KEY, LIST, b"type=a", token.get(..token.len() - 1).unwrap()),
            open(&KEY, LIST, b"type=a", &"A".repeat(MAX_TOKEN_CHARS + 1)),
        ];
        for error in wrong {
            let error = error.unwrap_err();
            assert_eq!(error.code.as_str(), "InvalidRequestException");
            assert!(error.message.contains("nextToken"), "{}", error.message);
        }
    }

    #[test]
    fn filters_and_position_do_not_run_into_each_other() {
        let token = seal(&KEY, LIST, b"a", "bc");
        assert!(open(&KEY, LIST, b"ab", &token).is_err());
    }

    proptest! {
        #[test]
        fn any_position_comes_back(position in "\\PC{0,64}", filters: Vec<u8>) {
            let token = seal(&KEY, LIST, &filters, &position);
            prop_assert_eq!(open(&KEY, LIST, &filters, &token).unwrap(), position);
        }

        #[test]
        fn a_changed_token_does_not_open(at in 0_usize..50, position in "[a-z]{10,20}") {
            let mut token = seal(&KEY, LIST, b"", &position).into_bytes();
            token[at] = if token[at] == b'A' { b'B' } else { b'A' };
            let token = String::from_utf8(token).unwrap();
            prop_assert!(open(&KEY, LIST, b"", &token).is_err());
        }

        #[test]
        fn any_token_has_an_answer(token in "\\PC{0,80}") {
            prop_assert!(open(&KEY, LIST, b"", &token).is_err());
        }
    }
}
