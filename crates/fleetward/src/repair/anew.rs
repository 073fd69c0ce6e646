//! Detection begins anew: all partitions stand at the log's end with nothing in them, what is
//! registered is told to them once more, and violations of which they know nothing end.

use std::sync::Arc;

use fleetward_detect::{Partition, Step};
use fleetward_domain::{
    Alert, Change, Effects, EpochMs, EventType, GroupName, Notification, Place, Record,
    SecurityProfile, Target, Thing, ThingGroup, VerificationState, Violation, ViolationEvent,
};
use fleetward_environment::{Chance, Clock};
use fleetward_log::EventLog;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_store::sqlite::{Seen, SqliteStore};
use fleetward_store::{
    Chunk, DetectionTx, Documents, FolderIdentity, Kind, Noun, PartitionProgress, Partitions,
    RelayPosition, StateTx, Tx, ViolationFilter, Violations, edge_ends, edges_from, find,
};

use super::Plan;
use crate::data_dir::DataDir;
use crate::failure::Failure;

/// Open violations that are ended in one commit.
pub(super) const VIOLATIONS_AT_ONCE: usize = 1_000;
/// Documents that are told in one commit.
const DOCUMENTS_AT_ONCE: usize = 1_000;
/// Targets of a profile: AWS allows fewer.
const TARGETS: usize = 10_000;

/// Does what the plan says. A crash in between leaves a folder that is to be repaired again.
///
/// # Errors
/// A sentence that says what was in the way.
pub(super) async fn begin(
    data: &DataDir,
    plan: &Plan,
    clock: &Clock,
    chance: &Chance,
) -> Result<(), Failure> {
    let tried = "the repair is not finished, run it again";
    if plan.log.is_none() {
        data.put_log_aside()?;
    }
    let partitions = plan.fingerprint.as_ref().map(|fingerprint| fingerprint.partitions);
    // One that is there has its own number.
    let partitions = partitions.filter(|_| !data.log().exists());
    let log = EmbeddedLog::open(&data.log(), partitions, u64::MAX).map_err(Failure::of(tried))?;
    let seen = Seen {
        change: plan.log.as_ref().map_or(0, |log| log.newest_change()),
        boot: plan.log.as_ref().map_or(0, |log| log.newest_boot()),
    };
    // From here to the end the store is refused: it might know of no profile.
    SqliteStore::forget_detection(&data.store(), seen).map_err(Failure::of(tried))?;
    let store = SqliteStore::open(&data.store()).map_err(Failure::of(tried))?;
    let anew = Anew { store: store.clone(), log: log.clone(), now_ms: clock.now_ms() };
    anew.end_violations().await?;
    anew.tell_everything().await?;
    anew.empty_partitions(seen.boot).await?;
    anew.introduce(chance).await?;
    log.close().await.map_err(Failure::of(tried))?;
    store.close().await.map_err(Failure::of(tried))
}

struct Anew {
    store: Arc<SqliteStore>,
    log: Arc<EmbeddedLog>,
    now_ms: EpochMs,
}

impl Anew {
    /// Nobody would ever clear them: the state that knew of them is gone.
    async fn end_violations(&self) -> Result<(), Failure> {
        let tried = "cannot end the open violations";
        loop {
            let filter = ViolationFilter::default();
            let open = self.store.active_violations(&filter, None, VIOLATIONS_AT_ONCE).await;
            let open = open.map_err(Failure::of(tried))?;
            if open.is_empty() {
                return Ok(());
            }
            let mut effects = Effects::default();
            for violation in open {
                let name = violation.profile.to_string();
                let profile = find::<SecurityProfile>(&*self.store, &name).await;
                let profile = profile.map_err(Failure::of(tried))?.map(|found| found.value);
                self.end(violation, profile.as_ref(), &mut effects);
            }
            let tx = DetectionTx::from(effects);
            self.store.commit_detection(tx).await.map_err(Failure::of(tried))?;
        }
    }

    fn end(&self, open: Violation, profile: Option<&SecurityProfile>, effects: &mut Effects) {
        let event = ViolationEvent {
            violation_id: open.id.clone(),
            thing: open.thing,
            profile: open.profile,
            behavior: open.behavior,
            severity: open.severity,
            value: None,
            event_type: EventType::AlarmInvalidated,
            at_ms: self.now_ms,
            verification: VerificationState::Unknown,
            verification_description: None,
        };
        if !event.behavior.suppress_alerts {
            let targets = profile.map(|profile| profile.alert_targets.iter()).into_iter().flatten();
            effects.alerts.extend(targets.map(|target| Alert {
                target_arn: target.arn.clone(),
                notification: Notification::Violation(event.clone()),
            }));
        }
        effects.events.push(event);
        effects.closed.push(open.id);
    }

    /// Makes a change of everything that detection asks for, to be carried into the log by the
    /// next server. What was not carried before is in it, too.
    async fn tell_everything(&self) -> Result<(), Failure> {
        let tried = "cannot tell detection what is registered";
        let newest = *self.store.newest_change().borrow();
        let mut tx = Tx::default();
        let level = self.store.format_level();
        tx.put(&RelayPosition(newest), level).map_err(Failure::of(tried))?;
        self.store.commit(tx).await.map_err(Failure::of(tried))?;
        let mut after = None;
        while let Some(page) = self.page::<SecurityProfile>(&mut after).await? {
            let mut changes = Vec::new();
            for profile in page {
                let targets = self.targets(profile.name.as_str()).await?;
                changes.push(Change::Profile(profile, targets));
            }
            let tx = Tx { changes, ..Tx::default() };
            self.store.commit(tx).await.map_err(Failure::of(tried))?;
        }
        let mut after = None;
        while let Some(page) = self.page::<Thing>(&mut after).await? {
            let mut changes = Vec::new();
            for thing in page {
                let groups = self.groups(&thing.groups).await?;
                changes.push(Change::Thing { name: thing.name, registered: true, groups });
            }
            let tx = Tx { changes, ..Tx::default() };
            self.store.commit(tx).await.map_err(Failure::of(tried))?;
        }
        Ok(())
    }

    /// The next documents of a kind; none once there are no more.
    async fn page<T: Noun>(&self, after: &mut Option<String>) -> Result<Option<Vec<T>>, Failure> {
        let tried = format!("cannot read the {}", T::KIND.plural());
        let page = self.store.list(T::KIND, "", after.as_deref(), DOCUMENTS_AT_ONCE).await;
        let page = page.map_err(Failure::of(&tried))?;
        let Some(last) = page.last() else { return Ok(None) };
        *after = Some(last.key.clone());
        let mut read = Vec::new();
        for document in &page {
            let value = T::from_bytes(&document.key, &document.value);
            // As everywhere: told once, and left out.
            read.extend(self.store.unreadable().skip(value).map_err(Failure::of(&tried))?);
        }
        Ok(Some(read))
    }

    async fn targets(&self, profile: &str) -> Result<Vec<Target>, Failure> {
        let tried = format!("cannot read the targets of profile {profile}");
        let prefix = edges_from(profile);
        let edges = self.store.list(Kind::TargetOfProfile, &prefix, None, TARGETS).await;
        let edges = edges.map_err(Failure::of(&tried))?;
        let target = |key: &str| {
            let (_, arn) = edge_ends(key);
            Target::from_arn(&place_of(arn), arn)
        };
        let targets: Result<_, _> = edges.iter().map(|edge| target(&edge.key)).collect();
        targets.map_err(Failure::of(&tried))
    }

    /// The groups and all above them. A thing may name one that was deleted, which it is to leave.
    async fn groups(&self, own: &[GroupName]) -> Result<Vec<GroupName>, Failure> {
        let mut all = Vec::new();
        for name in own {
            let group = find::<ThingGroup>(&*self.store, name.as_str()).await;
            let group = group.map_err(Failure::of("cannot read the thing groups"))?;
            let group = group.into_iter().map(|found| found.value);
            all.extend(group.flat_map(|group| std::iter::once(group.name).chain(group.ancestors)));
        }
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// All partitions stand at the log's end, and know that nothing is connected.
    async fn empty_partitions(&self, boot: u64) -> Result<(), Failure> {
        let tried = "cannot write an empty detection state";
        let (_, end) = self.log.extent();
        let level = self.store.format_level();
        let door = "door-1".to_owned();
        let nothing = Record::DoorStarted { door, boot, at_ms: self.now_ms };
        for partition in 0..self.log.partitions() {
            let mut state = Partition::new(fleetward_detect::Settings::default());
            let mut effects = Effects::default();
            let mut step = state.apply(&nothing, &mut effects);
            while step == Step::More {
                step = state.go_on(&mut effects);
            }
            let chunks = state.take_dirty(level).map_err(Failure::of(tried))?;
            let chunks = chunks.into_iter().map(|(index, bytes)| Chunk { index, bytes }).collect();
            let claim = self.store.claim_partition(partition).await.map_err(Failure::of(tried))?;
            let epoch = claim.epoch;
            // A log without records begins at its first offset, where nothing is behind anything.
            let progress = vec![PartitionProgress { partition, epoch, effects_offset: end }];
            let tx = DetectionTx { progress, ..DetectionTx::default() };
            self.store.commit_detection(tx).await.map_err(Failure::of(tried))?;
            let state =
                StateTx { partition, epoch, state_offset: end, effects_offset: end, chunks };
            self.store.write_state(state).await.map_err(Failure::of(tried))?;
        }
        Ok(())
    }

    /// Log and store know each other from here on, whatever they knew before.
    async fn introduce(&self, chance: &Chance) -> Result<(), Failure> {
        let tried = "log and store cannot be made known to each other";
        let identity = chance.uuid().map_err(Failure::of(tried))?;
        self.log.identify(&identity).map_err(Failure::of(tried))?;
        self.name_store(&identity).await
    }

    /// The store takes the log of this identity for its own, and no other.
    async fn name_store(&self, identity: &str) -> Result<(), Failure> {
        let tried = "log and store cannot be made known to each other";
        let mut tx = Tx::default();
        let level = self.store.format_level();
        tx.put(&FolderIdentity(identity.to_owned()), level).map_err(Failure::of(tried))?;
        self.store.commit(tx).await.map(|_| ()).map_err(Failure::of(tried))
    }
}

/// The account and the region of an ARN: `arn:aws:iot:REGION:ACCOUNT:...`.
fn place_of(arn: &str) -> Place {
    let part = |number| arn.split(':').nth(number).unwrap_or_default().to_owned();
    Place { account: part(4), region: part(3) }
}
