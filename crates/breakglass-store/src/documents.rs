//! Documents in one SQLite file.
//!
//! Write-ahead log with `synchronous = FULL`: each commit is flushed before it is answered. Any SQLite program can look
//! inside: one table, `document`, whose `body` is canonical JSON.

use crate::durable::{self, Lock};
use async_trait::async_trait;
use breakglass_model::canonical;
use breakglass_ops::port::{Documents, StoreError};
use serde_json::Value;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqliteConnection};
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "bgls" in the file's header: this file is ours and no other program's.
const APPLICATION_ID: i64 = 0x6267_6c73;

/// What brings a file from one version to the next; the version is how many of them were applied. Each is applied in one
/// transaction with the note that it was, so that a kill leaves the version before or after. Only ever add to the end.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE document (
        kind    TEXT NOT NULL,
        key     TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        body    TEXT NOT NULL CHECK (json_valid(body)),
        PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 0x62676c73;
    PRAGMA user_version = 1;
"];

/// How long a call waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(30);

/// [`Documents`] in a SQLite file. Cheap to clone; all clones share connections.
#[derive(Clone, Debug)]
pub struct SqliteDocuments {
    pool: SqlitePool,
}

impl SqliteDocuments {
    /// Opens the file, making it (0600) if it is not there, and brings it to this program's version. Two processes may
    /// do so at once.
    ///
    /// # Errors
    /// When it cannot be opened, is no file of ours, or was written by a later version of this program.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |why: String| StoreError::Failed(format!("`{}` cannot be opened: {why}", path.display()));
        let file = path.to_owned();
        // Held until the file has its tables: journal mode and migrations want the file for themselves.
        let lock = blocking(move || prepare(&file)).await?.map_err(|e| fail(e.to_string()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await;
        let pool = pool.map_err(|e| fail(format!("{e}; if it is damaged, put a copy in its place")))?;
        let mut connection = pool.acquire().await.map_err(|e| fail(e.to_string()))?;
        migrate(&mut connection).await.map_err(fail)?;
        drop((connection, lock));
        Ok(Self { pool })
    }

    /// Ends all connections, so that the file stands alone, without its write-ahead log.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Makes the file for its owner alone. SQLite gives the files beside it the same permissions.
fn prepare(path: &Path) -> io::Result<Lock> {
    durable::make_dir(durable::parent(path))?;
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = Lock::take(&PathBuf::from(name))?;
    // An existing file is not opened here, not even to look at it: closing it again would drop the locks that SQLite
    // holds on it for this whole process.
    match durable::private(OpenOptions::new().create_new(true).write(true)).open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => durable::set_mode(path, 0o600)?,
        made => made?.sync_all()?,
    }
    durable::sync_dir(durable::parent(path))?;
    Ok(lock)
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), String> {
    let text = |e: sqlx::Error| e.to_string();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(text)?;
    let number = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql);
    let application = number("PRAGMA application_id").fetch_one(&mut *transaction).await.map_err(text)?;
    let version = number("PRAGMA user_version").fetch_one(&mut *transaction).await.map_err(text)?;
    let tables =
        number("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *transaction).await.map_err(text)?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err("it is a database of another program; choose another data directory".into());
    }
    let applied = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(rest) = MIGRATIONS.get(applied..) else {
        return Err(format!(
            "it has version {version}, this program knows versions up to {}; use the program version that wrote it",
            MIGRATIONS.len()
        ));
    };
    for sql in rest {
        sqlx::raw_sql(*sql).execute(&mut *transaction).await.map_err(text)?;
    }
    transaction.commit().await.map_err(text)
}

#[async_trait]
impl Documents for SqliteDocuments {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<(u64, Value)>, StoreError> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT version, body FROM document WHERE kind = ? AND key = ?")
                .bind(kind)
                .bind(key)
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| failed("reading", kind, key, &e))?;
        let Some((version, body)) = row else { return Ok(None) };
        Ok(Some((unsigned(version), parse(kind, key, &body)?)))
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        value: &Value,
        expected_version: Option<u64>,
    ) -> Result<u64, StoreError> {
        let body = canonical::to_string(value).map_err(|e| failed("writing", kind, key, &e))?;
        let text = |e: sqlx::Error| failed("writing", kind, key, &e);
        // What is stale is found out and reported within one transaction, so that the answer was true at one moment.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(text)?;
        let sql = match expected_version {
            None => {
                "INSERT INTO document (kind, key, version, body) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT DO UPDATE SET version = version + 1, body = excluded.body RETURNING version"
            }
            Some(0) => {
                "INSERT INTO document (kind, key, version, body) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT DO NOTHING RETURNING version"
            }
            Some(_) => {
                "UPDATE document SET version = version + 1, body = ?3
                 WHERE kind = ?1 AND key = ?2 AND version = ?4 RETURNING version"
            }
        };
        let mut query = sqlx::query_scalar::<_, i64>(sql).bind(kind).bind(key).bind(body);
        if let Some(version @ 1..) = expected_version {
            query = query.bind(i64::try_from(version).unwrap_or(i64::MAX));
        }
        let written = query.fetch_optional(&mut *transaction).await.map_err(text)?;
        let Some(version) = written else {
            let found =
                sqlx::query_scalar::<_, i64>("SELECT version FROM document WHERE kind = ? AND key = ?")
                    .bind(kind)
                    .bind(key)
                    .fetch_optional(&mut *transaction)
                    .await
                    .map_err(text)?;
            return Err(StoreError::Stale {
                kind: kind.into(),
                key: key.into(),
                expected: expected_version.unwrap_or_default(),
                found: found.map_or(0, unsigned),
            });
        };
        transaction.commit().await.map_err(text)?;
        Ok(unsigned(version))
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT key, body FROM document WHERE kind = ? ORDER BY key")
                .bind(kind)
                .fetch_all(&self.pool)
                .await
                .map_err(|e| failed("reading", kind, "*", &e))?;
        rows.into_iter().map(|(key, body)| parse(kind, &key, &body).map(|value| (key, value))).collect()
    }

    async fn delete(&self, kind: &str, key: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM document WHERE kind = ? AND key = ?")
            .bind(kind)
            .bind(key)
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(|e| failed("deleting", kind, key, &e))
    }
}

fn parse(kind: &str, key: &str, body: &str) -> Result<Value, StoreError> {
    serde_json::from_str(body).map_err(|e| failed("reading", kind, key, &e))
}

fn failed(doing: &str, kind: &str, key: &str, cause: &dyn std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("{doing} `{kind}/{key}`: {cause}"))
}

/// Versions are positive: the table checks it.
fn unsigned(version: i64) -> u64 {
    u64::try_from(version).unwrap_or_default()
}

/// Runs what waits for the disk where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::Failed(format!("the work did not end: {e}")))
}
