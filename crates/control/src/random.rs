//! Random bytes and ids.

use aws_lc_rs::rand;

use crate::error::ControlError;

/// Random bytes of the operating system's generator.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ControlError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ControlError::Crypto("no random bytes".to_owned()))?;
    Ok(bytes)
}

/// A random UUID (version 4), as AWS's registry gives to things and groups.
pub(crate) fn uuid() -> Result<String, ControlError> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid().to_string())
}

/// Characters drawn evenly from the alphabet, which has at most 256.
pub(crate) fn text(alphabet: &[u8], length: usize) -> Result<String, ControlError> {
    let alphabet_size = alphabet.len().min(256);
    // Bytes from here up would favour the alphabet's first characters.
    let unbiased = 256 - 256 % alphabet_size.max(1);
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in bytes::<64>()?.map(usize::from) {
            if byte < unbiased && text.len() < length {
                text.extend(alphabet.get(byte % alphabet_size.max(1)).map(|&c| char::from(c)));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_to_their_alphabet_and_differ() {
        let one = text(b"ABC", 40).unwrap();
        assert_eq!(one.len(), 40);
        assert!(one.bytes().all(|b| b"ABC".contains(&b)));
        assert_ne!(one, text(b"ABC", 40).unwrap());
    }

    #[test]
    fn ids_are_uuids_of_version_4() {
        let id = uuid().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
    }
}
