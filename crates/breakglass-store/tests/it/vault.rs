//! Sealed files: once, whole, for the owner alone.

use crate::world::{folder, mode, read_all};
use breakglass_ops::port::{StoreError, Vault as _};
use breakglass_store::FileVault;
use std::sync::Arc;

#[tokio::test]
async fn files_are_kept_and_listed() {
    let folder = folder();
    let root = folder.path().join("custody");
    let vault = FileVault::open(root.clone()).unwrap();
    assert_eq!(vault.list().await.unwrap(), Vec::<String>::new());
    for name in ["identity-2.age", "envelopes/ea-01-1.age", "envelopes/ea-01-10.age"] {
        vault.put(name, name.as_bytes()).await.unwrap();
    }
    assert_eq!(
        vault.get("envelopes/ea-01-1.age").await.unwrap().as_deref(),
        Some(&b"envelopes/ea-01-1.age"[..])
    );
    assert_eq!(vault.get("envelopes/ea-01-2.age").await.unwrap(), None);
    assert_eq!(vault.get("identity-2.age/x").await.unwrap(), None);
    let again = FileVault::open(root.clone()).unwrap();
    let names = ["envelopes/ea-01-1.age", "envelopes/ea-01-10.age", "identity-2.age"];
    assert_eq!(again.list().await.unwrap(), names);
    assert_eq!((mode(&root), mode(&root.join("envelopes"))), (0o700, 0o700));
    assert_eq!(mode(&root.join("identity-2.age")), 0o600);
}

#[tokio::test]
async fn nothing_is_ever_replaced() {
    let folder = folder();
    let vault = FileVault::open(folder.path().into()).unwrap();
    vault.put("a", b"first").await.unwrap();
    for bytes in [&b"second"[..], b"first"] {
        let error = vault.put("a", bytes).await.unwrap_err().to_string();
        assert!(error.contains("`a`") && error.contains("never replaced"), "{error}");
    }
    assert!(vault.put("a/b", b"").await.is_err(), "a file is no folder");
    assert_eq!(vault.get("a").await.unwrap().as_deref(), Some(&b"first"[..]));
    std::os::unix::fs::symlink("elsewhere", folder.path().join("link")).unwrap();
    assert!(vault.put("link", b"x").await.is_err(), "a link that leads nowhere is something too");
    assert!(vault.get("link").await.is_err());
    assert_eq!(vault.list().await.unwrap(), ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_one_wins() {
    let folder = folder();
    let vaults: Vec<_> = (0..2).map(|_| Arc::new(FileVault::open(folder.path().into()).unwrap())).collect();
    let put = |n: usize| {
        let vault = vaults[n % 2].clone();
        tokio::spawn(async move { vault.put("one", &[u8::try_from(n).unwrap(); 5000]).await.is_ok() })
    };
    let mut winners = Vec::new();
    for (n, task) in (0..12).map(put).collect::<Vec<_>>().into_iter().enumerate() {
        if task.await.unwrap() {
            winners.push(u8::try_from(n).unwrap());
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(vaults[0].get("one").await.unwrap(), Some(vec![winners[0]; 5000]));
}

#[tokio::test]
async fn names_stay_in_the_vault() {
    let folder = folder();
    let vault = FileVault::open(folder.path().join("vault")).unwrap();
    let before = read_all(folder.path());
    let long = "x".repeat(201);
    for name in [
        "", "..", "../up", "a/../b", "/etc/x", "a//b", "a/", ".lock", "a/.b", "a b", "a\\b", "a\0", "ü",
        &long,
    ] {
        assert!(matches!(vault.put(name, b"x").await, Err(StoreError::Failed(_))), "{name}");
        assert!(vault.get(name).await.is_err(), "{name}");
    }
    assert_eq!(read_all(folder.path()), before);
}

#[tokio::test]
async fn what_an_interrupted_write_left_is_no_file_of_the_vault() {
    let folder = folder();
    let vault = FileVault::open(folder.path().into()).unwrap();
    std::fs::write(folder.path().join(".a.unfinished"), b"hal").unwrap();
    assert_eq!(vault.list().await.unwrap(), Vec::<String>::new());
    vault.put("a", b"whole").await.unwrap();
    assert_eq!(vault.list().await.unwrap(), ["a"]);
    assert!(!folder.path().join(".a.unfinished").exists());
}
