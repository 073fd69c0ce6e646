//! Reading everything in the file, to find what cannot be read.

use fleetward_domain::FormatLevel;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::documents::{change_in, document_in};
use super::stored::{Unsigned, column};
use super::violation_id::{called, id_in};
use super::{SqliteStore, alarms, kept, outbox};
use crate::codes;
use crate::edge::{edge_ends, edge_key};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::limits::CHECKED_ROWS;
use crate::noun::Noun;
use crate::partitions::PartitionClaim;
use crate::shape::{DepartedGroup, check_document};

/// What a check has to say, as it goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// This many of these were read so far.
    Progress(&'static str, u64),
    /// Something that cannot be read, or does not fit what is beside it, in a sentence.
    Problem(String),
    /// All of these were read: so many there are.
    Done(&'static str, u64),
}

/// Reads all of one row that the server reads.
type ReadRow = fn(&Connection, &Row<'_>) -> Result<(), StoreError>;

/// A table, how its rows come in the order of their keys, and how one is read.
struct Table {
    what: &'static str,
    /// At this level. Takes the key of the last row that was read, and how many rows may come.
    sql: fn(FormatLevel) -> String,
    read: ReadRow,
}

const TABLES: [Table; 4] = [
    Table {
        what: "changes",
        sql: |_| "SELECT * FROM change WHERE seq > coalesce(?, 0) ORDER BY seq LIMIT ?".to_owned(),
        read: |_, row| change_in(row).map(drop),
    },
    Table {
        what: "open violations",
        sql: |level| {
            let rows = kept::rows_of("violation", level);
            format!("{rows} WHERE id > coalesce(?, '') ORDER BY id LIMIT ?")
        },
        read: |_, row| {
            let open = alarms::open_in(row)?;
            let id = called(row, "id")?;
            let columns = [
                ("thing", open.thing.to_string().into()),
                ("profile_name", open.profile.to_string().into()),
                ("suppressed", open.behavior.suppress_alerts.into()),
            ];
            kept::check_near(row, ("violation", &id), open.thing.as_str())?;
            agree_on("id", ("violation", &id), id == open.id)?;
            agree(row, ("violation", &id), columns)
        },
    },
    Table {
        what: "violation events",
        sql: |level| {
            let rows = kept::rows_of("event", level);
            format!("{rows} WHERE row > coalesce(?, 0) ORDER BY row LIMIT ?")
        },
        read: |_, row| {
            let (cursor, happened) = alarms::event_in(row)?;
            let row_number = cursor.row.to_string();
            kept::check_near(row, ("event", &row_number), happened.thing.as_str())?;
            let here = ("event", &*row_number);
            let id = id_in(row, "violation_id", here)?;
            agree_on("violation_id", here, id == happened.violation_id)?;
            let columns = [
                ("event_type", codes::of_event(happened.event_type).into()),
                ("thing", happened.thing.to_string().into()),
                ("profile_name", happened.profile.to_string().into()),
                ("suppressed", happened.behavior.suppress_alerts.into()),
                ("at_ms", happened.at_ms.into()),
            ];
            agree(row, ("event", &row_number), columns)
        },
    },
    Table {
        what: "alerts that wait or are dead",
        // A delivered one has no body any more.
        sql: |level| {
            let alerts = match kept::refers(level) {
                true => outbox::ALERTS,
                false => "SELECT *, target AS target_name FROM alert",
            };
            format!("{alerts} WHERE id > coalesce(?, 0) AND status <> 2 ORDER BY id LIMIT ?")
        },
        read: |connection, row| {
            let alert = outbox::alert_in(connection, row)?.alert;
            let (key, thing) = (alert.key(), alert.notification.lane());
            let columns = [
                ("thing", thing.to_owned().into()),
                ("target_name", alert.target_arn.clone().into()),
                ("created_ms", alert.notification.at_ms().into()),
            ];
            kept::check_near(row, ("alert", &key), thing)?;
            // One that refers has no key of its own.
            let stored: Option<String> = column(row, "key", "alert", &key)?;
            agree_on("key", ("alert", &key), stored.is_none_or(|stored| stored == key))?;
            agree(row, ("alert", &key), columns)
        },
    },
];

impl SqliteStore {
    /// Reads all documents, changes, violations, events and alerts, and tells what it finds. What
    /// cannot be read is a finding, also where it is a whole table; the others are read on.
    pub async fn check(&self, tell: &mut (dyn FnMut(Finding) + Send)) {
        match self.readers.read(damaged_pages).await {
            Ok(problems) => problems.into_iter().for_each(|problem| {
                tell(Finding::Problem(format!("the store's file is damaged: {problem}")));
            }),
            Err(error) => tell(Finding::Problem(format!("the store's file is damaged: {error}"))),
        }
        for kind in Kind::ALL {
            self.pages(kind.plural(), tell, move |c, after| documents(c, kind, after)).await;
        }
        for table in &TABLES {
            let level = self.level;
            self.pages(table.what, tell, move |c, after| rows(c, (table, level), after)).await;
        }
        match self.readers.read(of_unknown_kinds).await {
            Ok(0) | Err(_) => {}
            Ok(count) => {
                tell(Finding::Done("documents of kinds that only a newer release knows", count));
            }
        }
    }

    /// Reads page after page, each on from the last key of the one before.
    async fn pages<R>(&self, what: &'static str, tell: &mut (dyn FnMut(Finding) + Send), read: R)
    where
        R: Fn(&Connection, Option<Value>) -> Result<Page, StoreError> + Copy + Send + 'static,
    {
        let mut after = None;
        let mut count = 0;
        loop {
            let page = match self.readers.read(move |c| read(c, after)).await {
                Ok(page) => page,
                Err(error) => {
                    let problem = format!("the {what} behind the first {count} are lost: {error}");
                    return tell(Finding::Problem(problem));
                }
            };
            page.problems.into_iter().for_each(|problem| tell(Finding::Problem(problem)));
            count += page.rows;
            match page.last {
                Some(last) => after = Some(last),
                // Only an empty page is the last: a table may have exactly as many as one holds.
                None => return tell(Finding::Done(what, count)),
            }
            tell(Finding::Progress(what, count));
        }
    }

    /// All partitions that ever were claimed, as their claims stand; takes none over.
    ///
    /// # Errors
    /// [`StoreError::Backend`], [`StoreError::EffectsLost`].
    pub async fn partitions(&self) -> Result<Vec<PartitionClaim>, StoreError> {
        let mut claims = self.readers.read(claims).await?;
        if let Some(state) = &self.state {
            for claim in &mut claims {
                *claim = state.standing(claim.partition).await?.join(*claim)?;
            }
        }
        Ok(claims)
    }
}

/// Some rows that were read.
struct Page {
    /// The key of the last; none if there were no more.
    last: Option<Value>,
    rows: u64,
    problems: Vec<String>,
}

fn documents(
    connection: &Connection,
    kind: Kind,
    after: Option<Value>,
) -> Result<Page, StoreError> {
    let sql = "SELECT key, * FROM document WHERE kind = ? AND key > coalesce(?, x'')
               ORDER BY key LIMIT ?";
    // The empty key comes before all others and is never after it: no document has it.
    let values = [kind.code().into(), after.unwrap_or(Value::Null), limit()];
    page(connection, sql, values, |row| {
        let document = document_in(kind, row)?;
        check_document(kind, &document.key, &document.value)?;
        check_ends(connection, kind, &document.key)
    })
}

fn rows(
    connection: &Connection,
    (table, level): (&Table, FormatLevel),
    after: Option<Value>,
) -> Result<Page, StoreError> {
    let values = [after.unwrap_or(Value::Null), limit()];
    page(connection, &(table.sql)(level), values, |row| (table.read)(connection, row))
}

fn page<const N: usize>(
    connection: &Connection,
    sql: &str,
    values: [Value; N],
    read: impl Fn(&Row<'_>) -> Result<(), StoreError>,
) -> Result<Page, StoreError> {
    let mut page = Page { last: None, rows: 0, problems: Vec::new() };
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    while let Some(row) = found.next()? {
        page.rows += 1;
        page.last = Some(row.get(0)?);
        if let Err(error) = read(row) {
            page.problems.push(error.to_string());
        }
    }
    Ok(page)
}

fn limit() -> Value {
    i64::try_from(CHECKED_ROWS).unwrap_or(i64::MAX).into()
}

/// What an edge of a kind leads from and to, where that is a document by its name and not an ARN,
/// and the kind of the edge that leads back.
struct Ends {
    left: Option<Kind>,
    right: Option<Kind>,
    back: Option<Kind>,
}

fn ends(kind: Kind) -> Option<Ends> {
    let (left, right, back) = match kind {
        Kind::TargetOfProfile => (Some(Kind::SecurityProfile), None, Some(Kind::ProfileOfTarget)),
        Kind::ProfileOfTarget => (None, Some(Kind::SecurityProfile), Some(Kind::TargetOfProfile)),
        Kind::ProfileOfDimension => (Some(Kind::Dimension), Some(Kind::SecurityProfile), None),
        Kind::ThingOfGroup => (Some(Kind::ThingGroup), Some(Kind::Thing), None),
        Kind::CertificateOfThing => (Some(Kind::Thing), Some(Kind::Certificate), None),
        Kind::PolicyOfTarget => (None, Some(Kind::Policy), None),
        // The first release, while one goes back to it, leaves these: they hold nothing then.
        Kind::ProfileOfCustomMetric
        | Kind::Thing
        | Kind::ThingGroup
        | Kind::Certificate
        | Kind::Policy
        | Kind::SecurityProfile
        | Kind::Dimension
        | Kind::AccessKey
        | Kind::Setting
        | Kind::Mute
        | Kind::CustomMetric => return None,
    };
    Some(Ends { left, right, back })
}

/// Follows an edge to both its ends, and looks for the one that leads back.
fn check_ends(connection: &Connection, kind: Kind, key: &str) -> Result<(), StoreError> {
    let Some(Ends { left, right, back }) = ends(kind) else { return Ok(()) };
    let (from, to) = edge_ends(key);
    let reverse = edge_key(to, from);
    let mut is_there = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM document WHERE kind = ? AND key = ?)")?;
    let mut is_stored = |kind: Kind, key: &str| -> rusqlite::Result<bool> {
        is_there.query_row(params![kind.code(), key.as_bytes()], |row| row.get(0))
    };
    for (end, name) in [(left, from), (right, to), (back, &reverse)] {
        let Some(end) = end else { continue };
        // A group that was deleted is left by its things by and by.
        let is_there = is_stored(end, name)?
            || end == Kind::ThingGroup
                && is_stored(Kind::Setting, DepartedGroup::named(name).key())?;
        if !is_there {
            let problem = format!("there is no {end:?} {name:?}, to which it belongs");
            return Err(StoreError::corrupt(format!("{kind:?}"), key)(problem));
        }
    }
    Ok(())
}

/// Holds columns, by which rows are found, to what the body says.
fn agree<const N: usize>(
    row: &Row<'_>,
    (what, key): (&str, &str),
    columns: [(&str, Value); N],
) -> Result<(), StoreError> {
    for (name, said) in columns {
        agree_on(name, (what, key), column::<Value>(row, name, what, key)? == said)?;
    }
    Ok(())
}

fn agree_on(name: &str, (what, key): (&str, &str), does: bool) -> Result<(), StoreError> {
    let problem = format!("its column {name} is not what its body says");
    if does { Ok(()) } else { Err(StoreError::corrupt(what, key)(problem)) }
}

/// What SQLite itself finds wrong with the file.
fn damaged_pages(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut check = connection.prepare("PRAGMA quick_check")?;
    let said = check.query_map([], |row| row.get(0))?;
    let said: Vec<String> = said.collect::<rusqlite::Result<_>>()?;
    let problems = said.into_iter().filter(|said| said != "ok");
    // What it says may have several lines, the first of which names the database.
    Ok(problems.map(|said| said.replace('\n', "; ")).collect())
}

fn of_unknown_kinds(connection: &Connection) -> Result<u64, StoreError> {
    let known = Kind::ALL.map(|kind| kind.code().to_string()).join(", ");
    let sql = format!("SELECT count(*) FROM document WHERE kind NOT IN ({known})");
    Ok(connection.query_row(&sql, [], |row| row.get::<_, Unsigned>(0))?.0)
}

fn claims(connection: &Connection) -> Result<Vec<PartitionClaim>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, epoch, state_offset, effects_offset FROM partition ORDER BY id",
    )?;
    let claims = statement.query_map([], |row| {
        Ok(PartitionClaim {
            partition: row.get(0)?,
            epoch: row.get::<_, Unsigned>(1)?.0,
            state_offset: row.get::<_, Unsigned>(2)?.0,
            effects_offset: row.get::<_, Unsigned>(3)?.0,
        })
    })?;
    Ok(claims.collect::<rusqlite::Result<_>>()?)
}
