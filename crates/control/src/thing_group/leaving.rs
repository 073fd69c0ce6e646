//! Things leave a group that is deleted: some with it, the others by and by, so that a group of any
//! size is deleted in one short commit.

use fleetward_domain::Thing;
use fleetward_store::{
    DepartedGroup, Kind, Noun, Precondition, Store, StoreError, Tx, Versioned, edge_ends,
    edges_from, find, readable,
};

use crate::limits::THINGS_LEAVING_AT_ONCE;
use crate::relation::GROUP_TO_THING;

/// Things that leave in one commit.
pub(super) struct Leaving {
    /// As they then are.
    pub(super) things: Vec<Thing>,
    /// Whether others are left.
    pub(super) more: bool,
}

/// Takes up to [`THINGS_LEAVING_AT_ONCE`] things out of a group that is no more.
pub(super) async fn leave_some(
    store: &dyn Store,
    tx: &mut Tx,
    group: &str,
) -> Result<Leaving, StoreError> {
    let (from, limit) = (edges_from(group), THINGS_LEAVING_AT_ONCE.saturating_add(1));
    let edges = store.list(Kind::ThingOfGroup, &from, None, limit).await?;
    let mut things = Vec::new();
    for edge in edges.iter().take(THINGS_LEAVING_AT_ONCE) {
        let (_, name) = edge_ends(&edge.key);
        GROUP_TO_THING.erase(tx, group, name);
        // One that cannot be read is told once and counted, and holds the others up no longer.
        let found = store.unreadable().skip(find::<Thing>(store, name).await)?.flatten();
        let Some(mut thing) = found else { continue };
        thing.value.groups.retain(|other| other.as_str() != group);
        tx.replace(&thing.value, thing.version, store.format_level())?;
        things.push(thing.value);
    }
    Ok(Leaving { things, more: edges.len() > THINGS_LEAVING_AT_ONCE })
}

/// Lets some more things leave groups that were deleted, in one commit; false where none are left.
///
/// # Errors
/// Those of the store: nothing was written then, and it may be tried again.
pub async fn let_things_leave(store: &dyn Store) -> Result<bool, StoreError> {
    let Some(departed) = next_departed(store).await? else { return Ok(false) };
    let mut tx = Tx::default();
    let leaving = leave_some(store, &mut tx, departed.value.group()).await?;
    let key = departed.value.key();
    // Whoever makes a group of this name removes the document: what is in that stays in it.
    if leaving.more {
        let unchanged = Precondition::VersionIs(Kind::Setting, key.to_owned(), departed.version);
        tx.preconditions.push(unchanged);
    } else {
        tx.remove::<DepartedGroup>(key, departed.version);
    }
    match store.commit(tx).await {
        // Somebody changed one of these things: the next try reads it again.
        Ok(_) | Err(StoreError::Precondition(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The first that can be read: one that cannot is told once, and holds the others up no longer.
async fn next_departed(store: &dyn Store) -> Result<Option<Versioned<DepartedGroup>>, StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = store.list(Kind::Setting, &DepartedGroup::all(), after.as_deref(), 1).await?;
        let Some(document) = page.into_iter().next() else { return Ok(None) };
        if let Some(departed) = readable::<DepartedGroup>(store, &document) {
            return Ok(Some(departed));
        }
        after = Some(document.key);
    }
}
