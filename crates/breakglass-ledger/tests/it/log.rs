//! A small log to test with, and a second tar reader and writer that knows nothing of the first.

use breakglass_ledger::pack::{About, Contents, build};
use breakglass_ledger::{Checkpoint, Entry, LogKey, Tree, merkle::leaf_hash};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) fn key(seed: u8) -> LogKey {
    LogKey::new("breakglass-ledger/test", &[seed; 32]).unwrap()
}

pub(crate) fn start() -> Timestamp {
    "2026-11-01T08:00:00Z".parse().unwrap()
}

pub(crate) fn entry(index: u64) -> Entry {
    let at = start() + SignedDuration::from_mins(i64::try_from(index).unwrap());
    let kind = ["collect.done", "apply.step.begin", "apply.step.done", "drill.done"]
        [usize::try_from(index % 4).unwrap()];
    let data = json!({ "n": index, "share": 0.1 + index as f64, "text": "naïve\n" });
    Entry::new(index, at, kind, &format!("ea-{:02}", index % 2 + 1), data)
}

pub(crate) fn entries(count: u64) -> Vec<Entry> {
    (0..count).map(entry).collect()
}

pub(crate) fn tree(entries: &[Entry]) -> Tree {
    entries.iter().map(|e| leaf_hash(&e.to_bytes().unwrap())).collect()
}

pub(crate) fn checkpoint(entries: &[Entry], key: &LogKey) -> String {
    let tree = tree(entries);
    Checkpoint::sign(tree.size(), tree.root(), key)
}

pub(crate) fn about() -> About {
    let period = Some((start(), start() + SignedDuration::from_hours(24)));
    About { title: "contoso, quarter 4".into(), made_at: "2026-12-01T00:00:00Z".parse().unwrap(), period }
}

pub(crate) fn attachments() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([("reports/check.json".to_owned(), b"{\"findings\":[]}".to_vec())])
}

pub(crate) fn pack(entries: &[Entry], key: &LogKey) -> Vec<u8> {
    build(&Contents { key, entries, about: about(), attachments: &attachments() }).unwrap()
}

/// Name and content of each file in a pack, and where its header begins and its padding ends.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) span: std::ops::Range<usize>,
}

pub(crate) fn untar(pack: &[u8]) -> Vec<File> {
    let mut files = Vec::new();
    let mut at = 0;
    while pack[at] != 0 {
        let name =
            String::from_utf8(pack[at..at + 100].iter().copied().take_while(|b| *b != 0).collect()).unwrap();
        let size = std::str::from_utf8(&pack[at + 124..at + 135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        let end = at + 512 + size.div_ceil(512) * 512;
        let bytes = pack[at + 512..at + 512 + size].to_vec();
        files.push(File {
            name: name.strip_prefix("breakglass-pack/").unwrap().into(),
            bytes,
            span: at..end,
        });
        at = end;
    }
    files
}

pub(crate) fn retar(files: &[File]) -> Vec<u8> {
    let mut out = Vec::new();
    for file in files {
        let mut header = vec![0; 512];
        let path = format!("breakglass-pack/{}", file.name);
        header[..path.len()].copy_from_slice(path.as_bytes());
        for (at, text) in [(100, "0000644\0"), (108, "0000000\0"), (116, "0000000\0"), (136, "00000000000\0")]
        {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        header[124..135].copy_from_slice(format!("{:011o}", file.bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum::<u32>() + 8 * 32;
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend(&file.bytes);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}
