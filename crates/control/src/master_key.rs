//! The master key: secrets in the store are encrypted with it, other keys are derived from it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use fleetward_environment::Chance;

use crate::error::ControlError;

/// 32 bytes that the operator keeps outside the store. It does not show itself.
#[derive(Clone)]
pub struct MasterKey {
    bytes: [u8; 32],
    /// What nonces are drawn from.
    chance: Chance,
}

impl MasterKey {
    /// Takes the key's bytes, and what to draw nonces from: the system's chance, outside tests.
    #[must_use]
    pub fn new(bytes: [u8; 32], chance: Chance) -> Self {
        Self { bytes, chance }
    }

    /// Another key for this purpose: HMAC-SHA256 of the purpose's name. Different purposes give
    /// unrelated keys.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.bytes);
        let tag = hmac::sign(&key, format!("fleetward 1 {purpose}").as_bytes());
        let mut derived = [0; 32];
        derived.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        derived
    }

    /// Encrypts with AES-256-GCM. `name` says what it is (such as the document's key): it opens
    /// under the same name only. The result is the nonce and the ciphertext.
    ///
    /// # Errors
    /// [`ControlError::Crypto`]; [`ControlError::NoRandomness`].
    pub fn encrypt(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, ControlError> {
        let nonce: [u8; NONCE_LEN] = self.chance.bytes()?;
        let mut sealed = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| ControlError::Crypto(format!("{name} cannot be encrypted")))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Self::encrypt`] gave for the same name.
    ///
    /// # Errors
    /// [`ControlError::WrongMasterKey`] where key, name or bytes are not the same.
    pub fn decrypt(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, ControlError> {
        let wrong = || ControlError::WrongMasterKey(name.to_owned());
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
        let mut bytes = sealed.to_vec();
        let plain = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(name.as_bytes()),
                &mut bytes,
            )
            .map_err(|_| wrong())?;
        Ok(plain.to_vec())
    }

    fn cipher(&self) -> Result<LessSafeKey, ControlError> {
        let key = UnboundKey::new(&AES_256_GCM, &self.derive("encryption"))
            .map_err(|_| ControlError::Crypto("the key is refused".to_owned()))?;
        Ok(LessSafeKey::new(key))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MasterKey(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_opens_with_the_same_key_and_name_only() {
        let key = MasterKey::new([1; 32], Chance::system());
        let sealed = key.encrypt("a", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(sealed, key.encrypt("a", b"secret").unwrap());
        assert_eq!(key.decrypt("a", &sealed).unwrap(), b"secret");
        assert!(key.decrypt("b", &sealed).is_err());
        assert!(MasterKey::new([2; 32], Chance::system()).decrypt("a", &sealed).is_err());
        assert!(key.decrypt("a", &sealed[1..]).is_err());
        assert!(key.decrypt("a", b"").is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(key.decrypt("a", &changed).is_err());
    }

    #[test]
    fn purposes_have_different_keys() {
        let key = MasterKey::new([1; 32], Chance::system());
        assert_eq!(key.derive("paging"), key.derive("paging"));
        assert_ne!(key.derive("paging"), key.derive("other"));
        assert_eq!(format!("{key:?}"), "MasterKey(<redacted>)");
    }
}
