//! A folder of its own for each test, the command run in it, and an emulated tenant as another process.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The built command.
const BREAKGLASS: &str = env!("CARGO_BIN_EXE_breakglass");

/// A folder of the shared data, beside the checkout or where `BREAKGLASS_SHARED` points.
pub(crate) fn shared(name: &str) -> String {
    let root = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    assert!(path.exists(), "{} is needed for this test; set BREAKGLASS_SHARED", path.display());
    path.display().to_string()
}

/// How a command ended, with everything it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self.calm()
    }

    /// No panic: not in the text, and no code that only a panic gives.
    #[track_caller]
    pub(crate) fn calm(self) -> Self {
        assert!(!self.err.contains("panicked") && self.code != Some(101), "stderr:\n{}", self.err);
        self
    }

    /// Standard output, which must be one JSON document and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}:\n{}\nstderr:\n{}", self.out, self.err))
    }

    /// Standard output as one JSON document a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
}

/// A temporary folder; commands run in it, with `data` in it as their data directory.
pub(crate) struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn read_json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The command, not yet started; nothing of the environment's own settings reaches it.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(BREAKGLASS);
        for name in ["CONFIG", "DATA", "CLIENT_ID", "CLIENT_SECRET_FILE", "CLIENT_CERTIFICATE"] {
            command.env_remove(format!("BREAKGLASS_{name}"));
        }
        command.current_dir(self.folder.path()).args(["--color", "never", "--data", "data"]).args(line);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, line: &[&str]) -> Ran {
        let output = self.command(line).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }.calm()
    }

    /// Every file below the folder but the data directory, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        walk(self.folder.path(), self.folder.path(), &mut names);
        names.sort();
        names
    }
}

fn walk(root: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path == root.join("data") {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, names);
        } else {
            names.push(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

/// A child process that does not outlive its test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An emulated tenant in a process of its own, and what it said when it was ready.
pub(crate) struct Tenant {
    _process: Killed,
    pub(crate) ready: Value,
}

impl Tenant {
    /// Starts it with a preset, and writes the client secret and a design for it into the room.
    pub(crate) fn start(room: &Room, preset: &str) -> Self {
        let mut command = room.command(&["emulator", "--tenant", preset, "--ready-file", "ready.json"]);
        let process = Killed(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let patience = Instant::now() + Duration::from_secs(30);
        while !room.path("ready.json").exists() {
            assert!(Instant::now() < patience, "the emulator did not get ready in time");
            std::thread::sleep(Duration::from_millis(20));
        }
        let tenant = Self { _process: process, ready: room.read_json("ready.json") };
        room.write("client-secret", tenant.says("client_secret"));
        room.write("breakglass.toml", tenant.design());
        tenant
    }

    pub(crate) fn says(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap()
    }

    /// A command line against this tenant.
    pub(crate) fn line<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let mut line =
            vec!["--client-id", self.says("client_id"), "--client-secret-file", "client-secret", "--yes"];
        line.extend(words);
        line
    }

    fn design(&self) -> String {
        let connect = format!(
            "version = 1\nrequired_accounts = 1\n\n[tenant]\nid = \"{}\"\nname = \"emulated\"\ncloud = \"custom\"\n\n\
             [tenant.endpoints]\nlogin = \"{}\"\ngraph = \"{}\"\narm = \"{}\"\nca_bundle = \"{}\"\n",
            self.says("tenant_id"),
            self.says("login"),
            self.says("graph"),
            self.says("arm"),
            self.says("ca_bundle"),
        );
        format!("{connect}{ACCOUNTS}{CUSTODY}")
    }
}

/// Two accounts and their group.
pub(crate) const ACCOUNTS: &str = r#"
[[account]]
name = "ea-01"
upn = "q7m2-kestrel@contoso.onmicrosoft.com"
owner = "Identity Operations"
credentials = ["password", "fido2:b8b1a3c0-57b4-4c4e-9d4e-2f1d7c6e0a11@safe-north", "fido2:d2c07f5e-0e1b-4f5f-8a39-6c1f4b9e7a22@safe-south"]

[[account]]
name = "ea-02"
upn = "t4x9-heron@contoso.onmicrosoft.com"
owner = "Identity Operations"
credentials = ["password", "fido2:b8b1a3c0-57b4-4c4e-9d4e-2f1d7c6e0a11@safe-north", "fido2:d2c07f5e-0e1b-4f5f-8a39-6c1f4b9e7a22@safe-south"]

[exclusion_group]
name = "Emergency access"
"#;

/// Two of three custodians.
pub(crate) const CUSTODY: &str = r#"
[custody]
group_threshold = 1

[[custody.group]]
name = "executives"
threshold = 2

[[custodian]]
name = "Amara Okafor"
group = "executives"
site = "head office safe"

[[custodian]]
name = "Jonas Lind"
group = "executives"
site = "bank deposit box"

[[custodian]]
name = "Rosa Ferreira"
group = "executives"
site = "notary"
"#;

/// A design for a tenant that is nowhere.
pub(crate) fn design_of(tenant: &str) -> String {
    format!(
        "version = 1\nrequired_accounts = 1\n\n[tenant]\nid = \"{tenant}\"\nname = \"test\"\n{ACCOUNTS}{CUSTODY}"
    )
}
