//! The tables, and how an older file becomes a current one.
//!
//! `PRAGMA user_version` counts the migrations that a file has seen. A migration that was
//! released is never edited: a change of the tables is one more text at the end. Each belongs to
//! a format level and waits until the file is raised to it: until then the release before must
//! find the tables that it knows.

use fleetward_domain::FormatLevel;
use rusqlite::{Connection, Transaction};

use super::carry_over;
use crate::error::StoreError;

/// Takes a file from one version to the next.
struct Migration {
    /// It waits until the file is raised to this.
    level: FormatLevel,
    tables: &'static str,
    /// What SQL alone cannot say of the rows that are there.
    rows: fn(&Connection) -> Result<(), StoreError>,
}

/// Each is that of the version of its index.
const MIGRATIONS: &[Migration] = &[
    Migration { level: FormatLevel::First, tables: V1, rows: |_| Ok(()) },
    Migration { level: FormatLevel::Named, tables: V2, rows: |_| Ok(()) },
    Migration { level: FormatLevel::Proven, tables: V3, rows: carry_over::carry_over },
];

// Not released yet: what the level brings is added to this text.
const V3: &str = "
-- Behaviors that rows refer to, each kept once; digest is a CRC-32 of what is kept, and no row of a
-- time a day after used_ms refers to it. Names of profiles and targets.
CREATE TABLE kept_behavior (
    number INTEGER PRIMARY KEY,
    digest INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    kept BLOB NOT NULL
);
CREATE INDEX kept_behavior_by_digest ON kept_behavior (digest);
CREATE TABLE kept_name (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- Ids that are derived from this level on are sixteen bytes, others text. near brings the things of
-- one partition together, which are committed together. A row that has a behavior has the value
-- alone in its body; those of before, which are carried over, have all there.
ALTER TABLE violation RENAME TO violation_before;
CREATE TABLE violation (
    id BLOB PRIMARY KEY,
    near INTEGER NOT NULL,
    thing TEXT NOT NULL,
    profile INTEGER NOT NULL,
    behavior INTEGER,
    severity INTEGER,
    suppressed INTEGER NOT NULL,
    criteria INTEGER NOT NULL,
    started_ms INTEGER,
    last_ms INTEGER,
    verification INTEGER NOT NULL,
    description TEXT,
    body BLOB NOT NULL
) WITHOUT ROWID;
ALTER TABLE event RENAME TO event_before;
CREATE TABLE event (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    violation_id BLOB NOT NULL,
    event_type INTEGER NOT NULL,
    near INTEGER NOT NULL,
    thing TEXT NOT NULL,
    profile INTEGER NOT NULL,
    behavior INTEGER,
    severity INTEGER,
    suppressed INTEGER NOT NULL,
    criteria INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    verification INTEGER NOT NULL,
    description TEXT,
    body BLOB NOT NULL
);

-- One that tells of an event refers to its row; others have a key, and what they say in the body.
-- target and behavior (that of a profile) are names' numbers, stranger says that nobody registered
-- the thing, turn when it has its turn, released_ms since when it may go if it was held.
DROP INDEX alert_due;
DROP INDEX alert_pending;
DROP INDEX alert_over;
ALTER TABLE alert RENAME TO alert_before;
CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT,
    event INTEGER,
    near INTEGER NOT NULL,
    thing TEXT NOT NULL,
    target INTEGER NOT NULL,
    behavior INTEGER NOT NULL,
    status INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body BLOB NOT NULL,
    stranger INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    released_ms INTEGER
);
-- Those that are held with ids in this range are looked at again: a mute was taken away.
CREATE TABLE alert_again (
    number INTEGER PRIMARY KEY,
    after INTEGER NOT NULL,
    last INTEGER NOT NULL
);

-- Null in rows that were written below this level.
ALTER TABLE document ADD COLUMN checksum INTEGER;
ALTER TABLE change ADD COLUMN checksum INTEGER;

-- What windows say of the fleet, until a threshold came of it.
CREATE TABLE summary (
    profile TEXT NOT NULL,
    behavior TEXT NOT NULL,
    generation INTEGER NOT NULL,
    window_end_ms INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (profile, behavior, generation, window_end_ms, partition)
);
";

// Changes no table. It raises the number of the schema, so that the first release, which knows no
// levels, refuses the file: of a log at level 2 it would skip the records that it cannot read.
const V2: &str = "";

// Keys of documents are BLOBs, since they hold NUL between two names. Numbers of changes and
// rows of events are AUTOINCREMENT, since they must not come back after a removal.
const V1: &str = "
CREATE TABLE document (
    kind INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    body BLOB NOT NULL
);

CREATE TABLE partition (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    state_offset INTEGER NOT NULL,
    effects_offset INTEGER NOT NULL
);

CREATE TABLE chunk (
    partition INTEGER NOT NULL,
    place INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (partition, place)
);

CREATE TABLE violation (
    id TEXT PRIMARY KEY,
    thing TEXT NOT NULL,
    profile TEXT NOT NULL,
    suppressed INTEGER NOT NULL,
    verification INTEGER NOT NULL,
    description TEXT,
    body BLOB NOT NULL
);
CREATE INDEX violation_by_thing ON violation (thing, id);
CREATE INDEX violation_by_profile ON violation (profile, thing, id);

CREATE TABLE event (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    violation_id TEXT NOT NULL,
    event_type INTEGER NOT NULL,
    thing TEXT NOT NULL,
    profile TEXT NOT NULL,
    suppressed INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    verification INTEGER NOT NULL,
    description TEXT,
    body BLOB NOT NULL,
    UNIQUE (violation_id, event_type)
);
CREATE INDEX event_by_time ON event (at_ms, row);
CREATE INDEX event_by_thing ON event (thing, at_ms, row);
CREATE INDEX event_by_profile ON event (profile, at_ms, row);

-- status: see outbox.rs. A delivered alert keeps its row, without its body, until events of its
-- time expire: a replayed commit must not enqueue it again.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    thing TEXT NOT NULL,
    target TEXT NOT NULL,
    status INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX alert_due ON alert (due_ms, id) WHERE status = 0;
CREATE INDEX alert_pending ON alert (thing, target, id) WHERE status IN (0, 1);
CREATE INDEX alert_over ON alert (created_ms) WHERE status IN (2, 3);
";

/// How many migrations the file has seen.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if !(0..=known).contains(&found) {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    Ok(found)
}

/// Brings the file to the newest version of this level.
pub(super) fn migrate(connection: &mut Connection, level: FormatLevel) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    migrate_within(&transaction, level)?;
    transaction.commit()?;
    Ok(())
}

/// As [`migrate`], as a part of what is committed by the caller.
pub(super) fn migrate_within(
    transaction: &Transaction<'_>,
    level: FormatLevel,
) -> Result<(), StoreError> {
    let found = version(transaction)?;
    let missing = (1_i64..)
        .zip(MIGRATIONS)
        .filter(|(version, migration)| *version > found && migration.level <= level);
    for (version, migration) in missing {
        transaction.execute_batch(migration.tables)?;
        (migration.rows)(transaction)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_brought_to_the_current_version_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        for (level, expected) in
            [(FormatLevel::First, 1), (FormatLevel::Named, 2), (FormatLevel::Proven, 3)]
        {
            migrate(&mut connection, level).unwrap();
            migrate(&mut connection, level).unwrap();
            assert_eq!(version(&connection).unwrap(), expected);
        }
        assert_eq!(version(&connection).unwrap(), MIGRATIONS.len() as i64);
    }

    #[test]
    fn a_file_of_a_newer_version_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = migrate(&mut connection, FormatLevel::Named).unwrap_err();
        let known = MIGRATIONS.len() as i64;
        assert_eq!(refused, StoreError::SchemaTooNew { found: 99, known });
    }
}
