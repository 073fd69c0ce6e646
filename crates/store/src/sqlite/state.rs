//! Detection state in a file of its own, beside the store's: whoever uses the store never waits
//! for it.
//!
//! With a rollback journal and not a write-ahead log: a chunk that is written anew takes free
//! pages, which need no journal, so that each byte of state goes to the disk once. Each chunk has
//! a checksum, and each partition one over all of its chunks: what is damaged or missing is
//! refused by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fleetward_domain::{Condition, FormatLevel};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::watch;

use super::connection;
use super::disk::{Disk, Known};
use super::readers::Readers;
use super::stored::{Unsigned, signed};
use super::writer::{Watches, Writer};
use crate::error::StoreError;
use crate::partitions::{Chunk, PartitionClaim, StateTx};

/// The version of the tables below, in `PRAGMA user_version`.
const SCHEMA: i64 = 1;

// A chunk that is written anew is a new row: only so it takes free pages. `turn` tells the two
// apart within the transaction that removes the old one.
const TABLES: &str = "
CREATE TABLE partition (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    state_offset INTEGER NOT NULL,
    effects_offset INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE chunk (
    partition INTEGER NOT NULL,
    place INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX chunk_by_place ON chunk (partition, place, turn, checksum);
";

/// The file of detection state.
pub(super) struct StateFile {
    readers: Readers,
    writer: Writer,
    condition: watch::Receiver<Condition>,
}

/// Where a partition stands in the file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub(super) state_offset: u64,
    /// How far its effects were stored when the state was written.
    pub(super) effects_offset: u64,
}

impl Standing {
    /// The claim, with where the state stands.
    ///
    /// # Errors
    /// [`StoreError::EffectsLost`]: what the state tells of was stored once.
    pub(super) fn join(self, claim: PartitionClaim) -> Result<PartitionClaim, StoreError> {
        let PartitionClaim { partition, effects_offset: stored, .. } = claim;
        if self.effects_offset > stored {
            let known = self.effects_offset;
            return Err(StoreError::EffectsLost { partition, stored, known });
        }
        let state_offset = self.state_offset;
        Ok(PartitionClaim { state_offset, effects_offset: stored.max(state_offset), ..claim })
    }
}

impl StateFile {
    /// The file that belongs to a store.
    pub(super) fn beside(store: &Path) -> PathBuf {
        store.with_file_name("state.db")
    }

    /// Opens the file, or makes it, and takes over what older releases kept in the store's file.
    /// Whoever calls holds the lock of the store.
    pub(super) fn open(path: &Path, store: &Connection) -> Result<Self, StoreError> {
        let connection = connection::state_writer(path)?;
        prepare(&connection)?;
        take_over(store, &connection)?;
        let watches =
            Watches { newest_change: watch::Sender::new(0), newest_event: watch::Sender::new(0) };
        // Its own, for a store that works says nothing of this file. State that waits for room is
        // tried again until it has it, so that nobody needs to look for room here.
        let (known, condition) = Known::of("detection state");
        let disk = Disk::of(path, Arc::clone(&known))?;
        let level = FormatLevel::CURRENT;
        let writer = Writer::start(connection, (None, disk), level, watches)?;
        Ok(Self { readers: Readers::new(path, known), writer, condition })
    }

    /// Whether it takes writes.
    pub(super) fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }

    /// Notes who owns a partition from here on, and says where its state stands.
    pub(super) async fn claim(&self, partition: u32, epoch: u64) -> Result<Standing, StoreError> {
        self.writer
            .write(move |w| {
                Ok(w.connection
                    .prepare_cached(
                        "INSERT INTO partition VALUES (?1, ?2, 0, 0, 0, 0)
                         ON CONFLICT (id) DO UPDATE SET epoch = max(epoch, ?2)
                         RETURNING state_offset, effects_offset",
                    )?
                    .query_row(params![partition, signed(epoch)], |row| {
                        Ok(Standing {
                            state_offset: row.get::<_, Unsigned>(0)?.0,
                            effects_offset: row.get::<_, Unsigned>(1)?.0,
                        })
                    })?)
            })
            .await
    }

    /// Where a partition stands; at the begin, if it is not there.
    pub(super) async fn standing(&self, partition: u32) -> Result<Standing, StoreError> {
        self.readers.read(move |c| standing(c, partition)).await
    }

    pub(super) async fn load(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        self.readers.read(move |c| load(c, partition)).await
    }

    pub(super) async fn write(&self, state: Arc<StateTx>) -> Result<(), StoreError> {
        self.writer.write(move |w| write(w.connection, &state)).await
    }

    pub(super) fn close(&self) -> Result<(), StoreError> {
        self.readers.close();
        self.writer.close()
    }
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found {
        0 => Ok(connection
            .execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;"))?),
        SCHEMA => Ok(()),
        _ => Err(StoreError::SchemaTooNew { found, known: SCHEMA }),
    }
}

/// Moves what stands in the store's file: first it is durable here, then it goes there, so that a
/// crash in between moves it once more.
fn take_over(store: &Connection, state: &Connection) -> Result<(), StoreError> {
    let old: bool = store.query_row("SELECT EXISTS (SELECT 1 FROM chunk)", [], |row| row.get(0))?;
    if !old {
        return Ok(());
    }
    let taking = state.unchecked_transaction()?;
    // What a move before this one left, of the same turn: beside it nothing could be put.
    taking.execute("DELETE FROM chunk", [])?;
    let mut partitions = store.prepare("SELECT id, epoch, state_offset FROM partition")?;
    let mut partitions = partitions.query([])?;
    while let Some(row) = partitions.next()? {
        let (partition, state_offset) = (row.get(0)?, row.get::<_, Unsigned>(2)?.0);
        let epoch = row.get::<_, Unsigned>(1)?.0;
        taking.execute(
            "INSERT OR REPLACE INTO partition VALUES (?, ?, 0, 0, 0, 0)",
            params![partition, signed(epoch)],
        )?;
        let mut chunks =
            store.prepare_cached("SELECT place, bytes FROM chunk WHERE partition = ?")?;
        let chunks = chunks
            .query_map([partition], |row| Ok(Chunk { index: row.get(0)?, bytes: row.get(1)? }))?;
        let chunks = chunks.collect::<rusqlite::Result<_>>()?;
        let effects_offset = state_offset;
        write(&taking, &StateTx { partition, epoch, state_offset, effects_offset, chunks })?;
    }
    taking.commit()?;
    store.execute("DELETE FROM chunk", [])?;
    Ok(())
}

fn standing(connection: &Connection, partition: u32) -> Result<Standing, StoreError> {
    let found = connection
        .prepare_cached("SELECT state_offset, effects_offset FROM partition WHERE id = ?")?
        .query_row([partition], |row| {
            Ok(Standing {
                state_offset: row.get::<_, Unsigned>(0)?.0,
                effects_offset: row.get::<_, Unsigned>(1)?.0,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn write(connection: &Connection, state: &StateTx) -> Result<(), StoreError> {
    let &StateTx { partition, epoch, state_offset, effects_offset, .. } = state;
    let found: Option<(Unsigned, i64)> = connection
        .prepare_cached("SELECT epoch, turn FROM partition WHERE id = ?")?
        .query_row([partition], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (current, turn) = found.map_or((0, 0), |(epoch, turn)| (epoch.0, turn));
    if current != epoch || current == 0 {
        return Err(StoreError::Fenced { partition, epoch, current });
    }
    let turn = turn.saturating_add(1);
    let mut put = connection.prepare_cached("INSERT INTO chunk VALUES (?, ?, ?, ?, ?)")?;
    // The old ones go when the new ones have taken their pages: a page that became free just now
    // would have to be kept in the journal.
    for Chunk { index, bytes } in &state.chunks {
        put.execute(params![partition, index, turn, crc32fast::hash(bytes), bytes])?;
    }
    let mut remove = connection
        .prepare_cached("DELETE FROM chunk WHERE partition = ? AND place = ? AND turn < ?")?;
    for Chunk { index, .. } in &state.chunks {
        remove.execute(params![partition, index, turn])?;
    }
    connection
        .prepare_cached(
            "UPDATE partition SET state_offset = max(state_offset, ?2),
                 effects_offset = max(effects_offset, ?3), turn = ?4, checksum = ?5 WHERE id = ?1",
        )?
        .execute(params![
            partition,
            signed(state_offset),
            signed(effects_offset),
            turn,
            checksum_of_all(connection, partition)?
        ])?;
    Ok(())
}

/// A checksum over the places and checksums of a partition's chunks: it tells of one that is gone.
fn checksum_of_all(connection: &Connection, partition: u32) -> Result<u32, StoreError> {
    let mut all = connection.prepare_cached(
        "SELECT place, checksum FROM chunk INDEXED BY chunk_by_place WHERE partition = ?
         ORDER BY place",
    )?;
    let mut rows = all.query([partition])?;
    let mut hasher = crc32fast::Hasher::new();
    while let Some(row) = rows.next()? {
        hasher.update(&row.get::<_, u32>(0)?.to_le_bytes());
        hasher.update(&row.get::<_, u32>(1)?.to_le_bytes());
    }
    Ok(hasher.finalize())
}

fn load(connection: &Connection, partition: u32) -> Result<Vec<Chunk>, StoreError> {
    let corrupt = |problem: String| {
        StoreError::corrupt("the detection state of partition", partition.to_string())(problem)
    };
    let expected: Option<u32> = connection
        .prepare_cached("SELECT checksum FROM partition WHERE id = ?")?
        .query_row([partition], |row| row.get(0))
        .optional()?;
    if checksum_of_all(connection, partition)? != expected.unwrap_or_default() {
        return Err(corrupt("its chunks are not those that were written last".to_owned()));
    }
    let mut statement = connection.prepare_cached(
        "SELECT place, checksum, bytes FROM chunk WHERE partition = ? ORDER BY place",
    )?;
    let mut rows = statement.query([partition])?;
    let mut chunks = Vec::new();
    while let Some(row) = rows.next()? {
        let chunk = Chunk { index: row.get(0)?, bytes: row.get(2)? };
        if crc32fast::hash(&chunk.bytes) != row.get::<_, u32>(1)? {
            return Err(corrupt(format!("the checksum of chunk {} is wrong", chunk.index)));
        }
        chunks.push(chunk);
    }
    Ok(chunks)
}
