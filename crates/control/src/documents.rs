//! Documents of the store as values of the domain.

use fleetward_domain::SecurityProfile;
use fleetward_store::{Gate, Kind, Noun, Tx, Versioned, edge_ends, edges_from, find};

use crate::control::Control;
use crate::limits::SCANNED_DOCUMENTS;
use crate::refusal::Refusal;
use crate::relation::UsedByProfiles;

impl Control {
    /// The value under this key.
    pub(crate) async fn find<T: Noun>(&self, key: &str) -> Result<Option<Versioned<T>>, Refusal> {
        Ok(find(self.store(), key).await?)
    }

    /// The value under this key, which must be there.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub(crate) async fn existing<T: Noun>(&self, key: &str) -> Result<Versioned<T>, Refusal> {
        self.find(key).await?.ok_or_else(|| Refusal::not_found(T::WORD, key))
    }

    /// Refuses to create what has the name of another.
    ///
    /// # Errors
    /// [`Refusal::Exists`] with the ARN of the name.
    pub(crate) async fn require_new<T: Noun>(&self, name: &str, arn: &str) -> Result<(), Refusal> {
        if self.find::<T>(name).await?.is_none() {
            return Ok(());
        }
        Err(Refusal::exists::<T>(name, "", name, arn))
    }

    /// How many edges of a kind begin here.
    pub(crate) async fn count_edges(&self, kind: Kind, from: &str) -> Result<usize, Refusal> {
        let count = self.store().count(kind, &edges_from(from)).await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Refuses to delete what security profiles use.
    ///
    /// # Errors
    /// [`Refusal::InUse`].
    pub(crate) async fn require_unused<T: UsedByProfiles>(
        &self,
        name: &str,
    ) -> Result<(), Refusal> {
        // Edges beyond the limit count unseen: what has so many is in use.
        let edges =
            self.store().list(T::USERS.forth, &edges_from(name), None, SCANNED_DOCUMENTS).await?;
        let mut users = 0;
        for edge in &edges {
            users += usize::from(self.uses::<T>(edge_ends(&edge.key).1, name).await?);
        }
        match users {
            0 if edges.len() < SCANNED_DOCUMENTS => Ok(()),
            _ => Err(Refusal::InUse(format!(
                "{} {name} is in use by {users} security profiles and cannot be deleted.",
                T::WORD
            ))),
        }
    }

    /// Whether the profile that an edge names uses this. A release that does not know the relation
    /// yet, while one goes back to it, changes and deletes profiles and leaves the edge.
    pub(crate) async fn uses<T: UsedByProfiles>(
        &self,
        profile: &str,
        name: &str,
    ) -> Result<bool, Refusal> {
        let found = self.find::<SecurityProfile>(profile).await?;
        Ok(found.is_some_and(|found| T::used_by(&found.value).contains(name)))
    }

    /// The version of a gate, to [pass](Control::pass_gate) it on.
    pub(crate) async fn read_gate(&self, gate: &Gate) -> Result<Option<u64>, Refusal> {
        Ok(self.store().get(Kind::Setting, gate.key()).await?.map(|document| document.version))
    }

    /// Lets all commits that pass this gate happen one after the other: of two that
    /// [read](Control::read_gate) the same version, one is tried again. This is how a count is
    /// kept within its limit.
    pub(crate) fn pass_gate(
        &self,
        tx: &mut Tx,
        gate: &Gate,
        version: Option<u64>,
    ) -> Result<(), Refusal> {
        match version {
            Some(version) => tx.replace(gate, version, self.level())?,
            None => tx.create(gate, self.level())?,
        };
        Ok(())
    }
}
