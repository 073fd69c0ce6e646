//! The whole of a profile, written and told at once.
//!
//! Whoever changes a profile, its targets, its tags or what it uses writes the profile's document
//! again, so that of two writers one always tries again, and pushes the whole truth into the feed:
//! detectors replace what they know by it. All commits on profiles begin here.

use fleetward_domain::{Change, SecurityProfile, Target};
use fleetward_store::{Tx, Versioned};

use crate::control::Control;
use crate::refusal::Refusal;

/// The commit that creates the profile. It has no targets yet.
pub(super) fn create(control: &Control, profile: &SecurityProfile) -> Result<Tx, Refusal> {
    let mut tx = Tx::default();
    tx.create(profile, control.level())?;
    tx.changes.push(Change::Profile(profile.clone(), Vec::new()));
    Ok(tx)
}

/// The commit that writes the profile over this version of its document, with `targets` as those
/// that it has from now on. What else changes is added to it.
pub(crate) fn rewrite(
    control: &Control,
    profile: &SecurityProfile,
    version: u64,
    targets: Vec<Target>,
) -> Result<Tx, Refusal> {
    let mut tx = Tx::default();
    tx.replace(profile, version, control.level())?;
    tx.changes.push(Change::Profile(profile.clone(), targets));
    Ok(tx)
}

/// The commit that deletes the profile.
pub(super) fn delete(profile: &Versioned<SecurityProfile>) -> Tx {
    let mut tx = Tx::default();
    tx.remove::<SecurityProfile>(profile.value.name.as_str(), profile.version);
    tx.changes.push(Change::ProfileDeleted(profile.value.name.clone()));
    tx
}
