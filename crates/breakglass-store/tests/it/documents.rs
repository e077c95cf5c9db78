//! SQLite under the contract, and what is SQLite's own.

use crate::world::{folder, mode, set_mode};
use breakglass_ops::port::Documents as _;
use breakglass_store::SqliteDocuments;
use serde_json::json;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_the_contract() {
    let folder = folder();
    let store = SqliteDocuments::open(&folder.path().join("store.sqlite")).await.unwrap();
    crate::contract::documents(Arc::new(store)).await;
}

#[tokio::test]
async fn documents_are_there_again_and_for_the_owner_alone() {
    let folder = folder();
    let file = folder.path().join("new/store.sqlite");
    let first = SqliteDocuments::open(&file).await.unwrap();
    first.put("a", "x", &json!([1.5, "é"]), None).await.unwrap();
    // The second handle neither waits for the first nor disturbs it.
    let second = SqliteDocuments::open(&file).await.unwrap();
    assert_eq!(second.get("a", "x").await.unwrap(), Some((1, json!([1.5, "é"]))));
    second.put("a", "x", &json!(2), Some(1)).await.unwrap();
    assert_eq!(first.get("a", "x").await.unwrap(), Some((2, json!(2))));
    for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
        assert_eq!(mode(&folder.path().join("new").join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&folder.path().join("new")), 0o700);
    first.close().await;
    second.close().await;
    set_mode(&file, 0o644);
    let third = SqliteDocuments::open(&file).await.unwrap();
    assert_eq!(third.list("a").await.unwrap(), [("x".to_owned(), json!(2))]);
    assert_eq!(mode(&file), 0o600, "a file that was opened to others is closed again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_new_file_at_once() {
    let folder = folder();
    let file = folder.path().join("store.sqlite");
    let open = |n: usize| {
        let file = file.clone();
        tokio::spawn(async move {
            let store = SqliteDocuments::open(&file).await.unwrap();
            store.put("n", &n.to_string(), &json!(n), Some(0)).await.unwrap();
        })
    };
    for task in (0..8).map(open).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(SqliteDocuments::open(&file).await.unwrap().list("n").await.unwrap().len(), 8);
}

/// Puts a SQLite file with these statements in place.
async fn made_elsewhere(file: &std::path::Path, sql: &'static str) {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn files_that_are_not_ours_are_refused_and_left_alone() {
    let folder = folder();
    let mut said = String::new();
    for (name, sql) in [
        ("another.sqlite", "CREATE TABLE theirs (x)"),
        ("marked.sqlite", "PRAGMA application_id = 77"),
        (
            "later.sqlite",
            "CREATE TABLE document (x); PRAGMA application_id = 0x62676c73; PRAGMA user_version = 9",
        ),
    ] {
        made_elsewhere(&folder.path().join(name), sql).await;
        let error = SqliteDocuments::open(&folder.path().join(name)).await.unwrap_err();
        said.push_str(&format!("{error}\n"));
    }
    std::fs::write(
        folder.path().join("text.sqlite"),
        "not a database, but long enough to be looked at ".repeat(99),
    )
    .unwrap();
    let error = SqliteDocuments::open(&folder.path().join("text.sqlite")).await.unwrap_err();
    said.push_str(&format!("{error}\n"));
    insta::assert_snapshot!(said.replace(&folder.path().display().to_string(), "DIR"));
}
