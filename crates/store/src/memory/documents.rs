//! Documents and their changes.

use std::collections::BTreeMap;
use std::ops::Bound;

use fleetward_domain::limits::MUTES;
use fleetward_domain::{Alert, Change, EpochMs, FormatLevel, Mute, Thing, ThingGroup};
use tokio::sync::watch;

use super::{MemoryStore, Others};
use crate::documents::{Document, Documents};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::muted::muted_until_ms;
use crate::noun::Noun;
use crate::precondition::Precondition;
use crate::tx::{Committed, Tx};
use crate::unreadable::Unreadable;

#[async_trait::async_trait]
impl Documents for MemoryStore {
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        self.let_others_go_first().await;
        Ok(self.state().documents.get(kind, key))
    }

    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.let_others_go_first().await;
        Ok(self.state().documents.list(kind, prefix, after, limit))
    }

    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
        self.let_others_go_first().await;
        Ok(self.state().documents.list(kind, prefix, None, usize::MAX).len() as u64)
    }

    async fn commit(&self, mut tx: Tx) -> Result<Committed, StoreError> {
        tx.check()?;
        self.let_others_go_first().await;
        if let Some(Others(before_commit)) = &self.others {
            before_commit(&tx)?;
        }
        let verifications = std::mem::take(&mut tx.verifications);
        let unmutes = tx.deletes.iter().any(|(kind, _)| *kind == Kind::Mute);
        let mut state = self.state();
        let committed = state.documents.commit(tx)?;
        if unmutes {
            state.outbox.look_again_at_muted();
            self.event_written();
        }
        for verification in verifications {
            if state.violations.verify(verification) {
                self.event_written();
            }
        }
        self.newest_change.send_if_modified(|newest| {
            let grew = *newest < committed.change_seq;
            *newest = committed.change_seq;
            grew
        });
        Ok(committed)
    }

    async fn changes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        Ok(self.state().documents.changes_after(seq, limit))
    }

    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError> {
        self.state().documents.prune_changes(seq);
        Ok(())
    }

    fn newest_change(&self) -> watch::Receiver<u64> {
        self.newest_change.subscribe()
    }

    fn format_level(&self) -> FormatLevel {
        self.level
    }

    fn unreadable(&self) -> &Unreadable {
        &self.unreadable
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct DocumentTable {
    documents: BTreeMap<(Kind, String), (u64, Vec<u8>)>,
    changes: BTreeMap<u64, Change>,
    newest_change: u64,
}

impl DocumentTable {
    pub(super) fn newest_change(&self) -> u64 {
        self.newest_change
    }

    /// Until when an alert is muted at this time.
    pub(super) fn muted_until_ms(&self, alert: &Alert, at_ms: EpochMs) -> Option<EpochMs> {
        let mutes = self.list(Kind::Mute, "", None, MUTES);
        let mutes: Vec<Mute> =
            mutes.iter().filter_map(|mute| Mute::from_bytes(&mute.key, &mute.value).ok()).collect();
        let until_ms = muted_until_ms(&mutes, alert, at_ms, |thing| {
            let Some(thing) = self.noun::<Thing>(thing) else { return Ok(Vec::new()) };
            let mut groups = Vec::new();
            for group in &thing.groups {
                let Some(group) = self.noun::<ThingGroup>(group.as_str()) else { continue };
                groups.push(group.name);
                groups.extend(group.ancestors);
            }
            Ok(groups)
        });
        until_ms.unwrap_or_default()
    }

    fn noun<T: Noun>(&self, key: &str) -> Option<T> {
        T::from_bytes(key, &self.get(T::KIND, key)?.value).ok()
    }

    pub(super) fn has(&self, kind: Kind, key: &str) -> bool {
        self.documents.contains_key(&(kind, key.to_owned()))
    }

    fn get(&self, kind: Kind, key: &str) -> Option<Document> {
        let (version, value) = self.documents.get(&(kind, key.to_owned()))?;
        Some(Document { kind, key: key.to_owned(), value: value.clone(), version: *version })
    }

    fn list(&self, kind: Kind, prefix: &str, after: Option<&str>, limit: usize) -> Vec<Document> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded((kind, after.to_owned())),
            _ => Bound::Included((kind, prefix.to_owned())),
        };
        self.documents
            .range((from, Bound::Unbounded))
            .take_while(|((k, key), _)| *k == kind && key.starts_with(prefix))
            .take(limit)
            .map(|((_, key), (version, value))| Document {
                kind,
                key: key.clone(),
                value: value.clone(),
                version: *version,
            })
            .collect()
    }

    fn commit(&mut self, tx: Tx) -> Result<Committed, StoreError> {
        if let Some(failed) = tx.preconditions.into_iter().find(|p| !self.holds(p)) {
            return Err(StoreError::Precondition(failed));
        }
        let mut versions = Vec::with_capacity(tx.puts.len());
        for (kind, key, value) in tx.puts {
            let document = self.documents.entry((kind, key)).or_default();
            *document = (document.0 + 1, value);
            versions.push(document.0);
        }
        for place in tx.deletes {
            self.documents.remove(&place);
        }
        for change in tx.changes {
            self.newest_change += 1;
            self.changes.insert(self.newest_change, change);
        }
        Ok(Committed { versions, change_seq: self.newest_change })
    }

    fn holds(&self, precondition: &Precondition) -> bool {
        let version = |kind: &Kind, key: &String| {
            self.documents.get(&(*kind, key.clone())).map(|(version, _)| *version)
        };
        match precondition {
            Precondition::Absent(kind, key) => version(kind, key).is_none(),
            Precondition::Exists(kind, key) => version(kind, key).is_some(),
            Precondition::VersionIs(kind, key, wanted) => version(kind, key) == Some(*wanted),
        }
    }

    fn changes_after(&self, seq: u64, limit: usize) -> Vec<(u64, Change)> {
        self.changes
            .range((Bound::Excluded(seq), Bound::Unbounded))
            .take(limit)
            .map(|(seq, change)| (*seq, change.clone()))
            .collect()
    }

    fn prune_changes(&mut self, seq: u64) {
        self.changes = self.changes.split_off(&seq);
    }
}
