//! Summaries of windows in SQL.

use std::ops::RangeInclusive;

use fleetward_domain::{BehaviorName, EpochMs, FormatLevel, ProfileName, WindowSummary};
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::stored::{Unsigned, signed};
use crate::error::StoreError;
use crate::summaries::{Summaries, SummarySeries, WaitingSummary};

#[async_trait::async_trait]
impl Summaries for SqliteStore {
    async fn waiting_summaries(&self) -> Result<Vec<WaitingSummary>, StoreError> {
        // Below it there are no statistical behaviors, and the table is not there.
        if self.level < FormatLevel::Proven {
            return Ok(Vec::new());
        }
        self.readers.read(waiting).await
    }

    async fn summaries_of(
        &self,
        series: &SummarySeries,
        window_end_ms: EpochMs,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let series = series.clone();
        self.readers.read(move |connection| read(connection, &series, window_end_ms)).await
    }

    async fn forget_summaries(
        &self,
        series: &SummarySeries,
        ended_ms: RangeInclusive<EpochMs>,
    ) -> Result<(), StoreError> {
        let series = series.clone();
        self.writer.write(move |writing| forget(writing.connection, &series, &ended_ms)).await
    }
}

/// One with the same key is stored once.
pub(super) fn add(connection: &Connection, summaries: &[WindowSummary]) -> Result<(), StoreError> {
    if summaries.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO summary (profile, behavior, generation, window_end_ms, partition, bytes)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    for summary in summaries {
        put.execute(params![
            summary.profile.as_str(),
            summary.behavior.as_str(),
            signed(summary.generation),
            summary.window_end_ms,
            summary.partition,
            summary.bytes,
        ])?;
    }
    Ok(())
}

fn waiting(connection: &Connection) -> Result<Vec<WaitingSummary>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT profile, behavior, generation, window_end_ms, partition FROM summary
         ORDER BY profile, behavior, generation, window_end_ms, partition",
    )?;
    let rows = statement.query_map([], |row| {
        let texts = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        Ok((texts, row.get::<_, Unsigned>(2)?.0, row.get(3)?, row.get(4)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let ((profile, behavior), generation, window_end_ms, partition) = row?;
        let series = named(&profile, &behavior, generation)?;
        found.push(WaitingSummary { series, window_end_ms, partition });
    }
    Ok(found)
}

fn named(profile: &str, behavior: &str, generation: u64) -> Result<SummarySeries, StoreError> {
    let corrupt = |problem: String| StoreError::Corrupt {
        what: "a summary".to_owned(),
        key: format!("{profile}/{behavior}"),
        problem,
    };
    Ok(SummarySeries {
        profile: ProfileName::parse(profile).map_err(|error| corrupt(error.to_string()))?,
        behavior: BehaviorName::parse(behavior).map_err(|error| corrupt(error.to_string()))?,
        generation,
    })
}

fn read(
    connection: &Connection,
    series: &SummarySeries,
    window_end_ms: EpochMs,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT bytes FROM summary WHERE profile = ? AND behavior = ? AND generation = ?
             AND window_end_ms = ? ORDER BY partition",
    )?;
    let SummarySeries { profile, behavior, generation } = series;
    let key = params![profile.as_str(), behavior.as_str(), signed(*generation), window_end_ms];
    let bytes = statement.query_map(key, |row: &Row<'_>| row.get(0))?;
    Ok(bytes.collect::<rusqlite::Result<_>>()?)
}

fn forget(
    connection: &Connection,
    series: &SummarySeries,
    ended_ms: &RangeInclusive<EpochMs>,
) -> Result<(), StoreError> {
    let SummarySeries { profile, behavior, generation } = series;
    let named = (profile.as_str(), behavior.as_str(), signed(*generation));
    connection
        .prepare_cached(
            "DELETE FROM summary WHERE profile = ? AND behavior = ? AND generation = ?
                 AND window_end_ms BETWEEN ? AND ?",
        )?
        .execute(params![named.0, named.1, named.2, ended_ms.start(), ended_ms.end()])?;
    Ok(())
}
