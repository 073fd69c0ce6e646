//! `fleetward upgrade`: what is done once all of a deployment runs the new release.

use fleetward_domain::FormatLevel;
use fleetward_store::sqlite::SqliteStore;

use crate::command_line::UpgradeAction;
use crate::data_dir::DataDir;
use crate::failure::Failure;

/// Finishes an upgrade: raises the format level of the data to that of this release.
///
/// # Errors
/// A sentence, also if the server is running: a level is fixed for the life of a process.
pub(crate) fn run(action: &UpgradeAction) -> Result<(), Failure> {
    let UpgradeAction::Finish(arguments) = action;
    let folder = arguments.data.display();
    let data = DataDir::existing(&arguments.data)?;
    let before = SqliteStore::finish_upgrade(&data.store())
        .map_err(Failure::of(&format!("the upgrade of {folder} is not finished")))?;
    let current = FormatLevel::CURRENT;
    if before == current {
        println!("{folder} is at format level {current} already; nothing is to be done.");
    } else {
        println!("{folder} is at format level {current} now; it was at {before}.");
        println!("Releases that know no level {current} cannot open it any more.");
    }
    Ok(())
}
