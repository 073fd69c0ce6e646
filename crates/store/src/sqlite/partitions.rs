//! Claims, offsets and effects of partitions in SQL; their state below the format level that has a
//! file of its own for it (`state`).

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::stored::{Unsigned, signed};
use super::writer::Writing;
use super::{SqliteStore, alarms, kept, outbox, summaries};
use crate::error::StoreError;
use crate::partitions::{
    Chunk, DetectionTx, PartitionClaim, PartitionProgress, Partitions, StateTx,
};
use crate::unreadable::Unreadable;

#[async_trait::async_trait]
impl Partitions for SqliteStore {
    async fn claim_partition(&self, partition: u32) -> Result<PartitionClaim, StoreError> {
        let claimed = self.writer.write(move |w| claim(w, partition)).await?;
        let Some(state) = &self.state else { return Ok(claimed) };
        // The store first: between the two a former owner can still write state, which is loaded
        // after both.
        state.claim(partition, claimed.epoch).await?.join(claimed)
    }

    async fn load_chunks(&self, partition: u32) -> Result<Vec<Chunk>, StoreError> {
        match &self.state {
            Some(state) => state.load(partition).await,
            None => self.readers.read(move |c| load_chunks(c, partition)).await,
        }
    }

    async fn commit_detection(&self, tx: DetectionTx) -> Result<(), StoreError> {
        let tx = Arc::new(tx);
        loop {
            let (tx, unreadable) = (Arc::clone(&tx), Arc::clone(&self.unreadable));
            match self.writer.write(move |w| commit(w, &unreadable, &tx)).await {
                // Detection has no caller to refuse. The writer rests before it tries again.
                Err(StoreError::Full { .. }) => {}
                outcome => return outcome,
            }
        }
    }

    async fn write_state(&self, tx: StateTx) -> Result<(), StoreError> {
        tx.check()?;
        let tx = Arc::new(tx);
        loop {
            let tx = Arc::clone(&tx);
            let written = match &self.state {
                Some(state) => state.write(tx).await,
                None => self.writer.write(move |w| write_state(w.connection, &tx)).await,
            };
            match written {
                // As for the effects. Detection goes on meanwhile.
                Err(StoreError::Full { .. }) => {}
                outcome => return outcome,
            }
        }
    }
}

fn claim(writing: &Writing<'_>, partition: u32) -> Result<PartitionClaim, StoreError> {
    let claim = writing
        .connection
        .prepare_cached(
            "INSERT INTO partition (id, epoch, state_offset, effects_offset) VALUES (?, 1, 0, 0)
             ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1
             RETURNING epoch, state_offset, effects_offset",
        )?
        .query_row([partition], |row| {
            Ok(PartitionClaim {
                partition,
                epoch: row.get::<_, Unsigned>(0)?.0,
                state_offset: row.get::<_, Unsigned>(1)?.0,
                effects_offset: row.get::<_, Unsigned>(2)?.0,
            })
        })?;
    Ok(claim)
}

fn load_chunks(connection: &Connection, partition: u32) -> Result<Vec<Chunk>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT place, bytes FROM chunk WHERE partition = ? ORDER BY place")?;
    let chunks = statement
        .query_map([partition], |row| Ok(Chunk { index: row.get(0)?, bytes: row.get(1)? }))?;
    Ok(chunks.collect::<rusqlite::Result<_>>()?)
}

fn commit(
    writing: &mut Writing<'_>,
    unreadable: &Unreadable,
    tx: &DetectionTx,
) -> Result<(), StoreError> {
    let connection = writing.connection;
    for progress in &tx.progress {
        check_epoch(connection, progress)?;
    }
    advance(connection, &tx.progress)?;
    // An event takes an operator's word from its violation, so it comes before the removal.
    let mut numbers = kept::Numbers::default();
    alarms::put(writing, &mut numbers, &tx.effects.violations)?;
    let written = alarms::add_events(writing, unreadable, &mut numbers, &tx.effects.events)?;
    alarms::close(writing, &tx.effects.closed)?;
    outbox::add(writing, &mut numbers, &written, &tx.effects.alerts)?;
    summaries::add(connection, &tx.effects.summaries)?;
    if !tx.effects.is_empty() {
        writing.wakes.newest_event += 1;
    }
    Ok(())
}

/// Where no other file has the state.
fn write_state(connection: &Connection, tx: &StateTx) -> Result<(), StoreError> {
    let &StateTx { partition, epoch, state_offset, effects_offset, .. } = tx;
    let progress = PartitionProgress { partition, epoch, effects_offset };
    check_epoch(connection, &progress)?;
    let mut put = connection.prepare_cached(
        "INSERT INTO chunk (partition, place, bytes) VALUES (?, ?, ?)
         ON CONFLICT (partition, place) DO UPDATE SET bytes = excluded.bytes",
    )?;
    for chunk in &tx.chunks {
        put.execute(params![partition, chunk.index, chunk.bytes])?;
    }
    connection
        .prepare_cached(
            "UPDATE partition SET state_offset = max(state_offset, ?2),
                 effects_offset = max(effects_offset, ?3, state_offset, ?2) WHERE id = ?1",
        )?
        .execute(params![partition, signed(state_offset), signed(effects_offset)])?;
    Ok(())
}

fn check_epoch(
    connection: &Connection,
    &PartitionProgress { partition, epoch, .. }: &PartitionProgress,
) -> Result<(), StoreError> {
    let current: Option<Unsigned> = connection
        .prepare_cached("SELECT epoch FROM partition WHERE id = ?")?
        .query_row([partition], |row| row.get(0))
        .optional()?;
    let current = current.map_or(0, |current| current.0);
    if current != epoch || current == 0 {
        return Err(StoreError::Fenced { partition, epoch, current });
    }
    Ok(())
}

fn advance(connection: &Connection, progress: &[PartitionProgress]) -> Result<(), StoreError> {
    let mut update = connection.prepare_cached(
        "UPDATE partition SET effects_offset = max(effects_offset, ?2) WHERE id = ?1",
    )?;
    for progress in progress {
        update.execute(params![progress.partition, signed(progress.effects_offset)])?;
    }
    Ok(())
}
