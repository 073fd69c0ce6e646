//! `fleetward repair`: makes a data folder whole whose halves do not belong together, by letting
//! detection begin anew from what is registered. Without `--accept-loss` it only says what will be
//! had and what will be lost, and changes nothing.

mod anew;

use std::sync::Arc;

use fleetward_environment::{Chance, Clock};
use fleetward_log::embedded::EmbeddedLog;
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{
    Documents, Fingerprint, Kind, StoreError, ViolationFilter, Violations, find,
};

use crate::both_ends::{LogEnd, StoreEnd, disagreements};
use crate::check::untouched::{ReadOnlyDisk, StoreCopy};
use crate::command_line::RepairArguments;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::secrets;

/// Repairs the folder, or says what that would do.
///
/// # Errors
/// A sentence: the folder cannot be opened, or is in use.
pub(crate) fn run(arguments: &RepairArguments) -> Result<(), Failure> {
    crate::tracing_output::start("warn");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Failure::of("cannot start"))?;
    runtime.block_on(repair(arguments))
}

async fn repair(arguments: &RepairArguments) -> Result<(), Failure> {
    let data = DataDir::remains(&arguments.data)?;
    let shown = data.as_argument();
    let plan = Plan::of(&data).await?;
    println!("Repair of {shown}");
    plan.print();
    if !arguments.accept_loss {
        let why = match plan.problems.is_empty() {
            true => "Nothing was changed, and nothing has to be. To do this nevertheless",
            false => "Nothing was changed. To do this",
        };
        println!("{why}: fleetward repair --data {shown} --accept-loss");
        return Ok(());
    }
    anew::begin(&data, &plan, &Clock::system(), &Chance::system()).await?;
    println!("Done: the next start goes on from here.");
    Ok(())
}

/// What there is, and what would become of it.
struct Plan {
    /// Why the halves do not belong together; none if they do.
    problems: Vec<String>,
    /// None where the log cannot be opened: then it is put aside.
    log: Option<LogEnd>,
    store: StoreEnd,
    fingerprint: Option<Fingerprint>,
    /// Whether there is a store at all: without, nothing is known of what was registered.
    has_store: bool,
    things: u64,
    profiles: u64,
    /// Whether the certificate authority and the keys of the API are there.
    has_secrets: bool,
    /// Violations that are open, at most [`anew::VIOLATIONS_AT_ONCE`].
    open_violations: usize,
}

impl Plan {
    async fn of(data: &DataDir) -> Result<Self, Failure> {
        let copy = StoreCopy::of(&data.store())?;
        let mut problems = Vec::new();
        if !data.store().exists() {
            problems.push(data.lost_store());
        }
        if let Some(store) = Self::open(&copy, &mut problems).await? {
            return Self::read(store, data, problems).await;
        }
        // It is the detection state that cannot be read, and that would go. Is the rest well?
        copy.forget_state().map_err(Failure::of("cannot read the store"))?;
        let store = Self::open(&copy, &mut problems).await?;
        let lost = "the store cannot be read, and nothing here can mend it; put it back from a \
                    backup";
        let store = store.ok_or_else(|| {
            Failure::new(format!("{lost}: {}", problems.last().cloned().unwrap_or_default()))
        })?;
        Self::read(store, data, problems).await
    }

    /// The copy, if it can be opened and tells where its partitions stand.
    async fn open(
        copy: &StoreCopy,
        problems: &mut Vec<String>,
    ) -> Result<Option<(Arc<SqliteStore>, StoreEnd)>, Failure> {
        let store = match SqliteStore::open(&copy.database()) {
            Ok(store) => store,
            Err(error) => {
                problems.push(error.to_string());
                return Ok(None);
            }
        };
        match StoreEnd::of(&store).await {
            Ok(known) => Ok(Some((store, known))),
            Err(error) => {
                problems.push(error.to_string());
                store.close().await.map_err(Failure::of("the copy of the store does not close"))?;
                Ok(None)
            }
        }
    }

    async fn read(
        (store, known): (Arc<SqliteStore>, StoreEnd),
        data: &DataDir,
        mut problems: Vec<String>,
    ) -> Result<Self, Failure> {
        let tried = "cannot read the store";
        let log = match log_end(data, &known).await {
            Ok(log) => {
                problems.extend(disagreements(&log, &known));
                Some(log)
            }
            Err(failure) => {
                problems.push(failure.to_string());
                None
            }
        };
        // What is lost is counted before anything is done, so that it can be weighed.
        let counted = count(&store).await.map_err(Failure::of(tried))?;
        let (things, profiles, open_violations, fingerprint) = counted;
        // A lost key is to be put back first: a folder that is repaired without would not start.
        secrets::check(data, &*store).await?;
        let has_secrets = secrets::are_in(&*store).await?;
        store.close().await.map_err(Failure::of("the copy of the store does not close"))?;
        Ok(Self {
            problems,
            log,
            store: known,
            fingerprint,
            has_store: data.store().exists(),
            things,
            profiles,
            has_secrets,
            open_violations,
        })
    }

    fn print(&self) {
        for problem in &self.problems {
            println!("  wrong: {problem}");
        }
        if self.problems.is_empty() {
            println!("  Log and store belong together as far as they say themselves.");
        }
        if self.has_store {
            println!(
                "  kept:  {} things, {} profiles, and all else that is registered; the events of \
                 violations; alerts that wait",
                self.things, self.profiles
            );
        } else {
            println!(
                "  lost:  all that was registered, the events of violations, and alerts that \
                 waited; the next start begins with an empty store"
            );
        }
        let from = match &self.log {
            Some(log) => format!("behind the last record of the log, at offset {}", log.ends()),
            None => "with a new log; an old one is put aside in log.damaged".to_owned(),
        };
        println!(
            "  lost:  detection begins anew {from}: counts and windows that are under way, what \
             was logged and not yet judged, and learned thresholds"
        );
        let most = if self.open_violations < anew::VIOLATIONS_AT_ONCE { "" } else { " or more" };
        if self.has_store {
            println!(
                "  lost:  {}{most} open violations end as invalidated, with their alerts; what \
                 still violates opens again",
                self.open_violations
            );
        }
        if !self.has_secrets {
            println!(
                "  lost:  the keys of the API and the certificate authority: the next start makes \
                 others and prints the administrator's key; devices need certificates of theirs, \
                 and the new ca.pem"
            );
        }
        // Whoever made those changes was told that they are kept, and has to make them again.
        if let Some(log) = &self.log
            && log.newest_change() > self.store.newest_change()
        {
            println!(
                "  lost:  changes {} to {} of what is registered, which only the log has seen",
                self.store.newest_change().saturating_add(1),
                log.newest_change()
            );
        }
    }
}

/// What the log says; a failure, if it cannot be opened or read.
async fn log_end(data: &DataDir, store: &StoreEnd) -> Result<LogEnd, Failure> {
    if !data.log().exists() {
        return Err(Failure::new(data.lost_log()));
    }
    let disk = Arc::new(ReadOnlyDisk::default());
    let opened = EmbeddedLog::open_stepped(disk, &data.log(), None, u64::MAX);
    let (log, _stepper) = opened.map_err(Failure::of("the event log"))?;
    LogEnd::of(&log, store).await
}

async fn count(store: &SqliteStore) -> Result<(u64, u64, usize, Option<Fingerprint>), StoreError> {
    let open = store
        .active_violations(&ViolationFilter::default(), None, anew::VIOLATIONS_AT_ONCE)
        .await?;
    Ok((
        store.count(Kind::Thing, "").await?,
        store.count(Kind::SecurityProfile, "").await?,
        open.len(),
        find::<Fingerprint>(store, Fingerprint::KEY).await?.map(|found| found.value),
    ))
}
