//! A process of our own, killed with SIGKILL while it writes: everything that it said was done is there.

use crate::world::{folder, open};
use breakglass_ops::port::{Documents as _, Evidence as _};
use breakglass_store::SqliteDocuments;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const FOLDER: &str = "BREAKGLASS_TEST_FOLDER";

/// Starts this test program again, to run one of the two writers below on a folder.
fn start(writer: &str, folder: &Path) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", &format!("kill::{writer}"), "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Lets it write so many, kills it, and returns the last number that it said.
fn kill_after(mut child: Child, lines: usize) -> u64 {
    let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The first may stand behind what the test program says of itself.
    let mut numbers = said.filter_map(|l| l.rsplit("done ").next().and_then(|n| n.parse::<u64>().ok()));
    let mut last = numbers.by_ref().take(lines).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still said before it died counts.
    last = numbers.last().unwrap_or(last);
    last
}

fn say(n: u64) {
    println!("done {n}");
    std::io::stdout().flush().unwrap();
}

#[tokio::test]
#[ignore = "the process that is killed"]
async fn entry_writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let ledger = open(Path::new(&folder)).unwrap();
    for n in 0..100_000_u64 {
        say(ledger.record("k", "s", json!({ "n": n })).await.unwrap());
    }
}

#[tokio::test]
#[ignore = "the process that is killed"]
async fn document_writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = SqliteDocuments::open(&Path::new(&folder).join("store.sqlite")).await.unwrap();
    for n in 1..100_000_u64 {
        store.put("k", "x", &json!({ "n": n }), None).await.unwrap();
        say(n);
    }
}

#[tokio::test]
async fn acknowledged_entries_survive() {
    let folder = folder();
    let mut least = 0;
    for round in 0..4 {
        let last = kill_after(start("entry_writer", folder.path()), 3 + 40 * round);
        assert!(last >= least, "indices go on: {last} after {least}");
        let ledger = open(folder.path()).unwrap();
        let entries = ledger.entries().unwrap();
        assert!(entries.len() as u64 > last, "entry {last} was acknowledged, {} are there", entries.len());
        least = last;
    }
}

#[tokio::test]
async fn acknowledged_documents_survive() {
    let folder = folder();
    for round in 0..3 {
        let last = kill_after(start("document_writer", folder.path()), 3 + 50 * round);
        let store = SqliteDocuments::open(&folder.path().join("store.sqlite")).await.unwrap();
        let (_, value) = store.get("k", "x").await.unwrap().unwrap();
        let found = value["n"].as_u64().unwrap();
        assert!(found == last || found == last + 1, "{last} was acknowledged, {found} is there");
        store.close().await;
    }
}

/// Two processes write at once; neither loses an entry, and no index is given twice.
#[tokio::test]
async fn two_processes_share_a_ledger() {
    let folder = folder();
    let (a, b) = (start("entry_writer", folder.path()), start("entry_writer", folder.path()));
    let a = std::thread::spawn(move || kill_after(a, 40));
    let b = std::thread::spawn(move || kill_after(b, 40));
    let last = a.join().unwrap().max(b.join().unwrap());
    let entries = open(folder.path()).unwrap().entries().unwrap();
    assert!(entries.len() as u64 > last && last >= 79, "{last} of {}", entries.len());
}
