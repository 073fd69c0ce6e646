//! The two ends of a data folder, log and store: whether they are of one folder and of one time.
//!
//! A lost write-ahead log, a store from an older backup, a log without its end or of another folder
//! each leave two halves that open well and do not belong together. A server that started on them
//! would take what is new for old, or old for new, without a word.

use fleetward_environment::Chance;
use fleetward_log::EventLog;
use fleetward_log::embedded::EmbeddedLog;
use fleetward_log::record::{Landmark, landmark};
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{
    Documents, Fingerprint, FolderIdentity, FrontDoorBoot, PartitionClaim, StoreError, Tx, find,
};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::settings::Settings;

/// What to do when the two do not belong together, or one of them is damaged.
pub(crate) fn advice(data: &DataDir) -> String {
    format!(
        "put back the whole data folder as it was, or from one backup; `fleetward repair --data \
         {}` says what can be had without one",
        data.as_argument()
    )
}

/// What the log knows.
#[derive(Debug, Default)]
pub(crate) struct LogEnd {
    identity: Option<String>,
    begins: u64,
    ends: u64,
    /// The highest number of a change, of those that detection has not in its state yet.
    newest_change: u64,
    /// The same of starts of the front door.
    newest_boot: u64,
}

/// What the store knows.
#[derive(Debug, Default)]
pub(crate) struct StoreEnd {
    identity: Option<String>,
    pub(crate) claims: Vec<PartitionClaim>,
    newest_change: u64,
    boots: u64,
}

impl StoreEnd {
    /// The number of the newest change.
    pub(crate) fn newest_change(&self) -> u64 {
        self.newest_change
    }

    /// Reads it.
    pub(crate) async fn of(store: &SqliteStore) -> Result<Self, StoreError> {
        let identity = find::<FolderIdentity>(store, FolderIdentity::KEY).await?;
        let boots = find::<FrontDoorBoot>(store, FrontDoorBoot::KEY).await?;
        Ok(Self {
            identity: identity.map(|found| found.value.0),
            claims: store.partitions().await?,
            newest_change: *store.newest_change().borrow(),
            boots: boots.map_or(0, |found| found.version),
        })
    }
}

impl LogEnd {
    /// Where the next record will be.
    pub(crate) fn ends(&self) -> u64 {
        self.ends
    }

    /// The highest number of a change that detection has not in its state yet.
    pub(crate) fn newest_change(&self) -> u64 {
        self.newest_change
    }

    /// The same of starts of the front door.
    pub(crate) fn newest_boot(&self) -> u64 {
        self.newest_boot
    }

    /// Reads it: what detection will replay is read once more than that.
    pub(crate) async fn of(log: &EmbeddedLog, store: &StoreEnd) -> Result<Self, Failure> {
        let tried = "cannot compare the event log with the store";
        let (begins, ends) = log.extent();
        let identity = log.identity().map_err(Failure::of(tried))?;
        let mut end = Self { identity, begins, ends, ..Self::default() };
        let owned = usize::try_from(log.partitions()).is_ok_and(|all| store.claims.len() >= all);
        let replayed = store.claims.iter().map(|claim| claim.state_offset).min();
        // A partition that nobody owned yet is replayed from the begin.
        let from = replayed.filter(|_| owned).unwrap_or(0).max(begins);
        if from <= ends {
            let mut note = |entered: &fleetward_log::Entered| match landmark(&entered.bytes) {
                Some(Landmark::Change(seq)) => end.newest_change = end.newest_change.max(seq),
                Some(Landmark::Boot(boot)) => end.newest_boot = end.newest_boot.max(boot),
                None => {}
            };
            log.scan(from, &mut note).await.map_err(Failure::of(tried))?;
        }
        Ok(end)
    }
}

/// Why the two do not belong together, in a sentence each; none if they do.
pub(crate) fn disagreements(log: &LogEnd, store: &StoreEnd) -> Vec<String> {
    let mut found = Vec::new();
    if store.identity.as_deref() == Some(FolderIdentity::UNFINISHED) {
        return vec!["a repair of this folder was begun and is not finished: run it again".into()];
    }
    if store.boots == 0 && log.ends > 0 {
        // All that follows would only say it again.
        return vec![
            "the event log has records and the store has no partition that was ever claimed: it \
             is empty, or is not the store of this log"
                .to_owned(),
        ];
    }
    match (&log.identity, &store.identity) {
        (Some(log), Some(store)) if log != store => found.push(format!(
            "the event log is of another folder than the store: it is {log}, and the store's is \
             {store}"
        )),
        (None, Some(store)) => {
            found.push(format!("the event log is not the store's, which is {store}"));
        }
        _ => {}
    }
    offsets(log, store, &mut found);
    if log.newest_change > store.newest_change {
        found.push(format!(
            "the event log has change {} and the store has made no more than {}: the store has \
             lost its end, or is older than the log",
            log.newest_change, store.newest_change
        ));
    }
    if log.newest_boot > store.boots {
        found.push(format!(
            "the event log has start {} of the front door and the store knows of {}: the store \
             has lost its end, or is older than the log",
            log.newest_boot, store.boots
        ));
    }
    found
}

fn offsets(log: &LogEnd, store: &StoreEnd, found: &mut Vec<String>) {
    let (begins, ends) = (log.begins, log.ends);
    let ahead = |claim: &&PartitionClaim| claim.effects_offset.max(claim.state_offset) > ends;
    let gone = |claim: &&PartitionClaim| claim.state_offset < begins;
    let claims = || store.claims.iter();
    if let Some(worst) = claims().max_by_key(|claim| claim.effects_offset.max(claim.state_offset))
        && ahead(&worst)
    {
        let PartitionClaim { partition, effects_offset, .. } = worst;
        found.push(format!(
            "the event log ends at offset {ends} and what came of partition {partition} is stored \
             up to offset {effects_offset} ({} partitions are ahead of the log): the log has lost \
             {} bytes of its end, or is older than the store",
            claims().filter(ahead).count(),
            effects_offset.saturating_sub(ends)
        ));
    }
    if let Some(worst) = claims().filter(gone).min_by_key(|claim| claim.state_offset) {
        let PartitionClaim { partition, state_offset, .. } = worst;
        found.push(format!(
            "the event log begins at offset {begins} and the state of partition {partition} \
             stands at {state_offset} ({} partitions are behind the log): the {} bytes between \
             them are gone, so that its state cannot go on",
            claims().filter(gone).count(),
            begins.saturating_sub(*state_offset)
        ));
    }
}

/// Refuses a folder that has lost its store, before another is made in its place: with a new one
/// whoever looks for the lost one would find a file of its name.
///
/// # Errors
/// A sentence that names the file, and what to do.
pub(crate) fn store_is_there(data: &DataDir) -> Result<(), Failure> {
    // A store is made before its log, so there is no log where no server ever was.
    match data.log().exists() && !data.store().exists() {
        true => Err(Failure::new(format!("{}; {}", data.lost_store(), advice(data)))),
        false => Ok(()),
    }
}

/// Refuses a folder that has lost its log, before an empty one is made in its place.
///
/// # Errors
/// A sentence that names the folder, and what to do.
pub(crate) async fn log_is_there(data: &DataDir, store: &SqliteStore) -> Result<(), Failure> {
    let identity = find::<FolderIdentity>(store, FolderIdentity::KEY).await;
    let identity = identity.map_err(Failure::of("cannot look for the log's identity"))?;
    // A store knows the identity of a log only after that was made.
    match identity.is_some() && !data.log().exists() {
        true => Err(Failure::new(format!("{}; {}", data.lost_log(), advice(data)))),
        false => Ok(()),
    }
}

/// Whether all that detection knew is to be read from the log once more, where the file of its
/// state was not there. Older releases kept that in the store, from where it was taken over.
///
/// # Errors
/// A sentence: the store cannot be read.
pub(crate) async fn is_state_made_anew(store: &SqliteStore) -> Result<bool, Failure> {
    let claims = store.partitions().await.map_err(Failure::of("cannot read the partitions"))?;
    Ok(!claims.is_empty() && claims.iter().all(|claim| claim.state_offset == 0))
}

/// Refuses two that do not belong together; makes known to each other those that have never met:
/// new ones, and those of a release that did not do so.
///
/// # Errors
/// A sentence that names the gap in numbers, and what to do.
pub(crate) async fn introduce(
    log: &EmbeddedLog,
    store: &SqliteStore,
    data: &DataDir,
    chance: &Chance,
) -> Result<(), Failure> {
    let tried = "log and store cannot be made known to each other";
    let at_store = StoreEnd::of(store).await.map_err(Failure::of(tried))?;
    let at_log = LogEnd::of(log, &at_store).await?;
    let found = disagreements(&at_log, &at_store);
    if !found.is_empty() {
        return Err(Failure::new(format!("{}; {}", found.join("; "), advice(data))));
    }
    if at_store.identity.is_some() {
        return Ok(());
    }
    // The log first: one that has an identity which the store does not know is one that a crash
    // left between the two.
    let identity = match at_log.identity {
        Some(identity) => identity,
        None => {
            let identity = chance.uuid().map_err(Failure::of(tried))?;
            log.identify(&identity).map_err(Failure::of(tried))?;
            identity
        }
    };
    let mut tx = Tx::default();
    tx.put(&FolderIdentity(identity), store.format_level()).map_err(Failure::of(tried))?;
    store.commit(tx).await.map(|_| ()).map_err(Failure::of(tried))
}

/// Refuses settings with which what is stored would mean something else; keeps those of a folder
/// that has none yet.
///
/// # Errors
/// A sentence that names the setting, what the folder has, and what to do.
pub(crate) async fn compare_settings(
    settings: &Settings,
    partitions: u32,
    store: &SqliteStore,
    data: &DataDir,
) -> Result<(), Failure> {
    let tried = "cannot compare the settings with those of the data folder";
    let now = Fingerprint {
        period_ms: settings.period_ms,
        partitions,
        account: settings.place.account.clone(),
        region: settings.place.region.clone(),
    };
    let found = find::<Fingerprint>(store, Fingerprint::KEY).await.map_err(Failure::of(tried))?;
    let Some(before) = found.map(|found| found.value) else {
        let mut tx = Tx::default();
        tx.put(&now, store.format_level()).map_err(Failure::of(tried))?;
        return store.commit(tx).await.map(|_| ()).map_err(Failure::of(tried));
    };
    match difference(&before, &now, data) {
        None => Ok(()),
        Some(sentence) => Err(Failure::new(sentence)),
    }
}

fn difference(before: &Fingerprint, now: &Fingerprint, data: &DataDir) -> Option<String> {
    // In the unit in which the setting is given, so that what is told can be typed.
    let seconds = |period_ms: i64| period_ms / 1000;
    if before.period_ms != now.period_ms {
        let (before, now) = (seconds(before.period_ms), seconds(now.period_ms));
        return Some(format!(
            "setting period: the windows of this data folder are of {before} s and cannot go on as \
             windows of {now} s; start with --period {before}s, or let all windows begin anew \
             with `fleetward repair --data {}`, which says first what that costs",
            data.as_argument()
        ));
    }
    if before.partitions != now.partitions {
        return Some(format!(
            "the event log has {} partitions and the data folder was made with {}: it is not the \
             log of this folder; {}",
            now.partitions,
            before.partitions,
            advice(data)
        ));
    }
    for (name, before, now) in
        [("account", &before.account, &now.account), ("region", &before.region, &now.region)]
    {
        if before != now {
            return Some(format!(
                "setting {name}: the ARNs of this data folder carry {before}, and {now} would \
                 make others of them; start with --{name} {before}, or with another data folder"
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests;
