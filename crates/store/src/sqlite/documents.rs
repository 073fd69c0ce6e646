//! Documents and their changes in SQL.

use std::sync::Arc;

use fleetward_domain::{Change, Condition, FormatLevel};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::watch;

use super::stored::{Bytes, Unsigned, column, rows, signed};
use super::writer::Writing;
use super::{SqliteStore, alarms, checksum, from_now_on, outbox};
use crate::documents::{Document, Documents};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::limits::EXPIRED_ROWS_PER_WRITE;
use crate::precondition::Precondition;
use crate::shape::{FORMAT_LEVEL, change};
use crate::tx::{Committed, Tx};
use crate::unreadable::Unreadable;

#[async_trait::async_trait]
impl Documents for SqliteStore {
    async fn get(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        let key = key.to_owned();
        self.readers.read(move |c| get(c, kind, &key)).await
    }

    async fn list(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        let unreadable = Arc::clone(&self.unreadable);
        let read = move |c: &Connection| {
            let range = key_range(&prefix, after.as_deref());
            list(c, &unreadable, kind, range, limit)
        };
        self.readers.read(read).await
    }

    async fn count(&self, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
        let prefix = prefix.to_owned();
        self.readers.read(move |c| count(c, kind, &prefix)).await
    }

    async fn commit(&self, tx: Tx) -> Result<Committed, StoreError> {
        tx.check()?;
        self.writer.write(move |w| commit(w, tx)).await
    }

    async fn changes_after(
        &self,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        self.readers.read(move |c| changes_after(c, seq, limit)).await
    }

    async fn prune_changes(&self, seq: u64) -> Result<(), StoreError> {
        let limit = EXPIRED_ROWS_PER_WRITE;
        while limit == self.writer.write(move |w| prune_changes(w.connection, seq, limit)).await? {}
        Ok(())
    }

    fn newest_change(&self) -> watch::Receiver<u64> {
        from_now_on(&self.newest_change)
    }

    fn format_level(&self) -> FormatLevel {
        self.level
    }

    fn unreadable(&self) -> &Unreadable {
        &self.unreadable
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }

    fn state_condition(&self) -> watch::Receiver<Condition> {
        let works = || watch::channel(Condition::Works).1;
        self.state.as_ref().map_or_else(works, |state| state.condition())
    }

    async fn look_for_room(&self) {
        // What comes of it shows in the condition.
        let _ = self.writer.write(|w| touch(w.connection)).await;
    }
}

/// Writes a page as it is.
fn touch(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE document SET version = version WHERE kind = ? AND key = ?")?
        .execute(params![Kind::Setting.code(), FORMAT_LEVEL.as_bytes()])?;
    Ok(())
}

fn get(connection: &Connection, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
    connection
        .prepare_cached("SELECT * FROM document WHERE kind = ? AND key = ?")?
        .query_and_then(params![kind.code(), key.as_bytes()], |row| document_in(kind, row))?
        .next()
        .transpose()
}

fn list(
    connection: &Connection,
    unreadable: &Unreadable,
    kind: Kind,
    (first, end): (Vec<u8>, Vec<u8>),
    limit: usize,
) -> Result<Vec<Document>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM document
         WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
    )?;
    let mut found =
        statement.query_and_then(params![kind.code(), first, end], |row| document_in(kind, row))?;
    let mut documents = Vec::new();
    // Rows come as they are asked for: what is left out does not make the page shorter.
    while documents.len() < limit
        && let Some(read) = found.next()
    {
        documents.extend(unreadable.skip(read)?);
    }
    Ok(documents)
}

fn count(connection: &Connection, kind: Kind, prefix: &str) -> Result<u64, StoreError> {
    let (first, end) = key_range(prefix, None);
    let Unsigned(count) = connection
        .prepare_cached("SELECT count(*) FROM document WHERE kind = ? AND key >= ? AND key < ?")?
        .query_row(params![kind.code(), first, end], |row| row.get(0))?;
    Ok(count)
}

/// The first key that may be listed, and the first one past the prefix: no UTF-8 holds 0xFF.
fn key_range(prefix: &str, after: Option<&str>) -> (Vec<u8>, Vec<u8>) {
    let first = match after {
        // The next key in byte order.
        Some(after) if after >= prefix => [after.as_bytes(), &[0]].concat(),
        _ => prefix.as_bytes().to_vec(),
    };
    (first, [prefix.as_bytes(), &[0xFF]].concat())
}

/// Reads a row of the table of documents.
pub(super) fn document_in(kind: Kind, row: &Row<'_>) -> Result<Document, StoreError> {
    let (what, Bytes(key)) = (format!("{kind:?}"), row.get("key")?);
    let key = String::from_utf8(key).map_err(|error| {
        let key = String::from_utf8_lossy(error.as_bytes()).into_owned();
        StoreError::corrupt(what.clone(), key)(error.utf8_error())
    })?;
    let Bytes(value) = column(row, "value", &what, &key)?;
    let Unsigned(version) = column(row, "version", &what, &key)?;
    checksum::check(row, checksum::of_document(kind, &key, &value), &what, &key)?;
    Ok(Document { kind, key, value, version })
}

fn commit(writing: &mut Writing<'_>, tx: Tx) -> Result<Committed, StoreError> {
    let connection = writing.connection;
    // All of them before the first write: a refusal leaves nothing to undo in the shared commit.
    for precondition in tx.preconditions {
        if !holds(connection, &precondition)? {
            return Err(StoreError::Precondition(precondition));
        }
    }
    let mut versions = Vec::with_capacity(tx.puts.len());
    for (kind, key, value) in tx.puts {
        versions.push(put((writing.connection, writing.level), kind, &key, &value)?);
    }
    let mut delete =
        connection.prepare_cached("DELETE FROM document WHERE kind = ? AND key = ?")?;
    let is_mute = |(kind, _): &(Kind, String)| *kind == Kind::Mute;
    let unmutes = tx.deletes.iter().any(is_mute) && writing.level >= FormatLevel::Proven;
    for (kind, key) in tx.deletes {
        delete.execute(params![kind.code(), key.as_bytes()])?;
    }
    if unmutes {
        outbox::look_again_at_muted(writing)?;
    }
    for change in &tx.changes {
        append(writing, &change::to_bytes(change, writing.level)?)?;
        writing.wakes.newest_change = connection.last_insert_rowid().cast_unsigned();
    }
    for verification in &tx.verifications {
        alarms::verify(writing, verification)?;
    }
    Ok(Committed { versions, change_seq: writing.wakes.newest_change })
}

/// Writes a document, with a checksum where the level has them; gives its new version.
pub(super) fn put(
    (connection, level): (&Connection, FormatLevel),
    kind: Kind,
    key: &str,
    value: &[u8],
) -> Result<u64, StoreError> {
    let code = kind.code();
    let version: Unsigned = if level < FormatLevel::Proven {
        let sql = "INSERT INTO document (kind, key, version, value) VALUES (?, ?, 1, ?)
             ON CONFLICT (kind, key) DO UPDATE SET version = version + 1, value = excluded.value
             RETURNING version";
        let mut put = connection.prepare_cached(sql)?;
        put.query_row(params![code, key.as_bytes(), value], |row| row.get(0))?
    } else {
        let sql = "INSERT INTO document (kind, key, version, value, checksum)
             VALUES (?, ?, 1, ?, ?)
             ON CONFLICT (kind, key) DO UPDATE SET
                 version = version + 1, value = excluded.value, checksum = excluded.checksum
             RETURNING version";
        let mut put = connection.prepare_cached(sql)?;
        let checksum = checksum::of_document(kind, key, value);
        put.query_row(params![code, key.as_bytes(), value, checksum], |row| row.get(0))?
    };
    Ok(version.0)
}

/// The same of a change; its number is that of the row.
fn append(writing: &Writing<'_>, body: &[u8]) -> Result<(), StoreError> {
    if writing.level < FormatLevel::Proven {
        let sql = "INSERT INTO change (body) VALUES (?)";
        writing.connection.prepare_cached(sql)?.execute([body])?;
    } else {
        let sql = "INSERT INTO change (body, checksum) VALUES (?, ?)";
        let checksum = checksum::of_change(body);
        writing.connection.prepare_cached(sql)?.execute(params![body, checksum])?;
    }
    Ok(())
}

/// Reads a row of the table of changes, held to its checksum; the number comes first.
pub(super) fn change_in(row: &Row<'_>) -> Result<(u64, Change), StoreError> {
    let seq: Unsigned = row.get("seq")?;
    let (seq, key) = (seq.0, seq.0.to_string());
    let Bytes(body) = column(row, "body", "change", &key)?;
    checksum::check(row, checksum::of_change(&body), "change", &key)?;
    Ok((seq, change::from_bytes(seq, &body)?))
}

fn holds(connection: &Connection, precondition: &Precondition) -> Result<bool, StoreError> {
    let (Precondition::Absent(kind, key)
    | Precondition::Exists(kind, key)
    | Precondition::VersionIs(kind, key, _)) = precondition;
    let version: Option<Unsigned> = connection
        .prepare_cached("SELECT version FROM document WHERE kind = ? AND key = ?")?
        .query_row(params![kind.code(), key.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(match precondition {
        Precondition::Absent(..) => version.is_none(),
        Precondition::Exists(..) => version.is_some(),
        Precondition::VersionIs(_, _, wanted) => version.is_some_and(|found| found.0 == *wanted),
    })
}

fn changes_after(
    connection: &Connection,
    seq: u64,
    limit: usize,
) -> Result<Vec<(u64, Change)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM change WHERE seq > ? ORDER BY seq LIMIT ?")?;
    let found = statement.query_and_then(params![signed(seq), rows(limit)], change_in)?;
    let mut changes = Vec::new();
    for read in found {
        match read {
            Ok(change) => changes.push(change),
            // Readers stop at this one, but have what comes before it.
            Err(_) if !changes.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(changes)
}

/// The number of the newest change that ever was, also if it was pruned.
pub(super) fn newest_change(connection: &Connection) -> Result<u64, StoreError> {
    let newest: Option<Unsigned> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'change'", [], |row| row.get(0))
        .optional()?;
    Ok(newest.map_or(0, |newest| newest.0))
}

/// Removes some changes numbered below `seq`; returns how many.
fn prune_changes(connection: &Connection, seq: u64, limit: usize) -> Result<usize, StoreError> {
    let pruned = connection
        .prepare_cached(
            "DELETE FROM change WHERE seq IN
             (SELECT seq FROM change WHERE seq < ? ORDER BY seq LIMIT ?)",
        )?
        .execute(params![signed(seq), rows(limit)])?;
    Ok(pruned)
}
