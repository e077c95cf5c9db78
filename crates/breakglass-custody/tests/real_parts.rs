//! What breakglass makes is opened by programs that nobody here wrote, and the other way round: stock `age`, and the
//! reference implementation of SLIP-0039 (`shamir`). `cargo xtask test` installs both; without them this test fails.

use breakglass_custody::slip39::{Share, combine};
use breakglass_custody::{CredentialRecord, establish_with_work_factor, open, seal};
use breakglass_model::design::{Custodian, CustodyDesign, CustodyGroup};
use breakglass_model::{Secret, TenantId};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn design() -> CustodyDesign {
    let person = |n: &str| Custodian { name: n.into(), site: format!("site of {n}"), contact: None };
    let group = |name: &str, threshold, people: &[&str]| CustodyGroup {
        name: name.into(),
        threshold,
        custodians: people.iter().map(|p| person(p)).collect(),
    };
    CustodyDesign {
        group_threshold: 2,
        groups: vec![group("executives", 2, &["A", "B"]), group("leads", 2, &["C", "D", "E"])],
    }
}

fn entropy(buffer: &mut [u8]) {
    getrandom::fill(buffer).unwrap();
}

/// Runs a program with text on its standard input and answers its standard output.
fn run(folder: &Path, program: &str, args: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("`{program}` is not here ({e}); `cargo xtask test` installs it"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {args:?}: {err}\n{out}");
    out.into_owned()
}

/// `age` asks for a passphrase on the terminal alone, so it is given one.
fn age_with_passphrase(folder: &Path, args: &str, passphrase: &str) -> String {
    let script = format!(
        "import pty,os,sys\n\
         pid,fd=pty.fork()\n\
         if pid==0: os.execvp('sh',['sh','-c','age {args} > clear.out'])\n\
         import time\n\
         seen=b''\n\
         while b'passphrase' not in seen: seen+=os.read(fd,1024)\n\
         os.write(fd,sys.stdin.readline().strip().encode()+b'\\n')\n\
         try:\n\
         \x20   while os.read(fd,1024): pass\n\
         except OSError: pass\n\
         sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid,0)[1]))\n"
    );
    run(folder, "python3", &["-c", &script], &format!("{passphrase}\n"));
    std::fs::read_to_string(folder.join("clear.out")).unwrap()
}

#[test]
fn a_stranger_opens_an_envelope_with_stock_age_and_a_slip39_program() {
    let folder = tempfile::tempdir().unwrap();
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    let made = establish_with_work_factor(&design(), 1, &mut entropy, now, 14).unwrap();
    let record = CredentialRecord {
        account: "ea-01".into(),
        upn: "q7m2@contoso.onmicrosoft.com".into(),
        tenant: TenantId::new("11111111-2222-4333-8444-555555555555"),
        generation: 3,
        created_at: now,
        password: Secret::new("correct-horse-battery-staple"),
    };
    let envelope = seal(&made.recipient, &record).unwrap();
    std::fs::write(folder.path().join("identity.age"), &made.sealed_identity).unwrap();
    std::fs::write(folder.path().join("ea-01.age"), &envelope).unwrap();
    // The words of A, B, C and E, one line each, as the kit tells.
    let lines: String =
        [0, 1, 2, 4].iter().map(|i| format!("{}\n", made.shares[*i].words.danger_reveal())).collect();
    let told = run(folder.path(), "shamir", &["recover"], &lines);
    let digits = |text: &str| {
        let mut words = text.split_whitespace();
        words.find(|w| w.len() == 64 && w.bytes().all(|b| b.is_ascii_hexdigit())).map(str::to_owned)
    };
    let passphrase =
        digits(&told).unwrap_or_else(|| panic!("`shamir recover` printed no master secret: {told}"));
    let clear = age_with_passphrase(folder.path(), "-d -i identity.age ea-01.age", &passphrase);
    assert!(clear.contains("\"password\": \"correct-horse-battery-staple\""), "{clear}");
    // And what stock age seals to the recipient opens here.
    std::fs::write(folder.path().join("record.json"), &clear).unwrap();
    let sealed = run(folder.path(), "age", &["-a", "-r", &made.recipient, "record.json"], "");
    let shares: Vec<Secret> = [1, 0, 3, 2].iter().map(|i| made.shares[*i].words.clone()).collect();
    let opened = open(Some(&made.register), &made.sealed_identity, &shares, &sealed).unwrap();
    assert!(opened.password.matches(&record.password));
    assert_eq!(opened.generation, 3);
}

#[test]
fn shares_of_the_reference_implementation_combine_here() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let script = "import shamir_mnemonic as s,sys\n\
        for g in s.generate_mnemonics(2,[(2,3),(1,1)],bytes.fromhex(sys.argv[1])):\n\
        \x20   for m in g[:2]: print(m)";
    // The interpreter beside the `shamir` program has its library.
    let told = run(
        folder.path(),
        "sh",
        &["-c", "exec \"$(dirname \"$(command -v shamir)\")/python3\" -c \"$0\" \"$1\"", script, secret],
        "",
    );
    let shares: Vec<Share> = told.lines().map(|l| Share::parse(l).unwrap()).collect();
    assert_eq!(shares.len(), 3);
    assert_eq!(hex::encode(&*combine(&shares, b"").unwrap()), secret);
}
