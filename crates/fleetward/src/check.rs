//! `fleetward check`: reads everything in the data folder of a server that is not running, and
//! says what it found. No file of the folder is changed, and none is made: see `untouched`.

mod event_log;
mod findings;
pub(crate) mod untouched;

use std::path::Path;

use fleetward_detect::Partition;
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{Documents, PartitionClaim, Partitions, StoreError};

use crate::both_ends::StoreEnd;
use crate::command_line::FolderArguments;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::secrets;
use findings::Findings;
use untouched::StoreCopy;

/// Checks the folder.
///
/// # Errors
/// A sentence: the folder cannot be opened, or something in it cannot be read.
pub(crate) fn run(arguments: &FolderArguments) -> Result<(), Failure> {
    // What is wrong is told by the check itself, once.
    crate::tracing_output::start("off");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::of("cannot start"))?;
    runtime.block_on(check(&arguments.data))
}

async fn check(folder: &Path) -> Result<(), Failure> {
    let data = DataDir::remains(folder)?;
    let mut findings = Findings::new();
    let store = if data.store().exists() {
        check_store(folder, &data, &mut findings).await?
    } else {
        findings.print(&format!("Checking {}, which has no store", folder.display()));
        findings.problem(&data.lost_store());
        None
    };
    event_log::check(&data, store.as_ref(), &mut findings).await;
    findings.verdict(&data)
}

/// Checks the store and what it keeps secret; gives what it knows of the log, if that can be read.
async fn check_store(
    folder: &Path,
    data: &DataDir,
    findings: &mut Findings,
) -> Result<Option<StoreEnd>, Failure> {
    let copy = StoreCopy::of(&data.store())?;
    let store = match SqliteStore::open(&copy.database()) {
        Err(error @ StoreError::Failed { .. }) => {
            // Of the log there is something to say nevertheless.
            findings.print(&format!("Checking {}, whose store cannot be opened", folder.display()));
            findings.problem(&error.to_string());
            return Ok(None);
        }
        opened => opened.map_err(Failure::of("cannot open the store"))?,
    };
    let (shown, level) = (folder.display(), store.format_level());
    findings.print(&format!("Checking {shown}, which is at format level {level}"));
    findings.fact("(the store is read from a temporary copy of it)");
    let known = match everything_stored(&store, findings).await {
        Ok(known) => Some(known),
        Err(error) => {
            // The file itself is damaged. The log is another one, and may be well.
            findings.problem(&format!("the store cannot be read on: {error}"));
            None
        }
    };
    if let Err(failure) = secrets::check(data, &*store).await {
        findings.problem(&failure.to_string());
    }
    store.close().await.map_err(Failure::of("the copy of the store does not close"))?;
    Ok(known)
}

/// Reads all tables; gives what the store knows of the log.
async fn everything_stored(
    store: &SqliteStore,
    findings: &mut Findings,
) -> Result<StoreEnd, StoreError> {
    store.check(&mut |finding| findings.note(finding)).await;
    let known = StoreEnd::of(store).await?;
    states(store, &known.claims, findings).await?;
    Ok(known)
}

/// Loads the detection state of each partition, as a detector would.
async fn states(
    store: &SqliteStore,
    claims: &[PartitionClaim],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let (mut chunk_count, mut thing_count) = (0, 0);
    for claim in claims {
        let partition = claim.partition;
        if claim.state_offset > claim.effects_offset {
            findings.problem(&format!(
                "the state of partition {partition} is ahead of its effects: {} and {}",
                claim.state_offset, claim.effects_offset
            ));
        }
        let chunks = store.load_chunks(partition).await?;
        let count = chunks.len();
        if claim.state_offset > 0 && count == 0 {
            findings.problem(&format!("the state of partition {partition} is lost"));
        }
        let bytes = chunks.iter().map(|chunk| (chunk.index, chunk.bytes.as_slice()));
        // Settings say how state goes on, not how it is read: any will do.
        match Partition::load(fleetward_detect::Settings::default(), bytes) {
            Ok(loaded) => thing_count += loaded.thing_count(),
            Err(error) => findings
                .problem(&format!("the state of partition {partition} cannot be loaded: {error}")),
        }
        chunk_count += count;
        findings.progress("chunks of detection state", chunk_count);
    }
    findings.done("partitions that were owned", claims.len());
    findings.done("chunks of detection state", chunk_count);
    findings.done("things in them", thing_count);
    Ok(())
}
