//! The kit: what is printed for one custodian. It holds that custodian's share and nobody else's, and it says how to open
//! an envelope without breakglass, for a person who has never seen it.

use crate::establish::CustodianShare;
use crate::register::Register;
use breakglass_model::Secret;
use std::fmt::Write as _;

/// Width of the sheet.
const RULE: &str = "------------------------------------------------------------------------";

/// One sealed credential as it goes with a kit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEnvelope {
    /// Account name from the design; also the name of its file.
    pub account: String,
    /// Generation of the password.
    pub generation: u32,
    /// The armored age file.
    pub armored: String,
}

/// The sheet of one custodian: label, share, recovery instructions, and copies of the sealed files. Whoever prints it
/// keeps no copy.
#[must_use]
pub fn kit(
    register: &Register,
    share: &CustodianShare,
    sealed_identity: &str,
    envelopes: &[SealedEnvelope],
) -> Secret {
    let label = &share.label;
    let group = register.group(label.group_number);
    // Room for the whole sheet: growing would leave copies of the words behind.
    let room = 8192 + sealed_identity.len() + envelopes.iter().map(|e| e.armored.len() + 200).sum::<usize>();
    let mut sheet = String::with_capacity(room);
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing into a text cannot fail.
        let _ = sheet.write_fmt(text);
        sheet.push('\n');
    };
    line(format_args!("EMERGENCY ACCESS CUSTODY KIT"));
    line(format_args!("Seal it, keep it at the site below, show the words below to nobody."));
    line(format_args!("{RULE}"));
    line(format_args!("Custodian          {}", label.custodian));
    line(format_args!("Site               {}", label.site));
    line(format_args!(
        "Group              {} `{}`: {} of {} shares must come together",
        label.group_number,
        label.group,
        group.map_or(0, |g| g.threshold),
        register.members(label.group_number)
    ));
    line(format_args!("Share              {} of group {}", label.member_number, label.group_number));
    line(format_args!("Generation         {} (set {})", register.generation, register.identifier));
    line(format_args!("Made               {}", register.established_at.strftime("%Y-%m-%d")));
    line(format_args!("Verification code  {}", label.verification_code));
    line(format_args!("{RULE}"));
    line(format_args!("THE SHARE. Read from left to right, line by line."));
    line(format_args!(""));
    let words: Vec<&str> = share.words.danger_reveal().split(' ').collect();
    for (row, four) in words.chunks(4).enumerate() {
        let cells: Vec<_> = four.iter().zip(row * 4 + 1..).collect();
        for (word, number) in cells {
            let _ = write!(sheet, "{number:>4} {word:<12}");
        }
        sheet.truncate(sheet.trim_end().len());
        sheet.push('\n');
    }
    sheet.push('\n');
    sheet.push_str(RULE);
    sheet.push('\n');
    sheet.push_str(&recovery_instructions(register, envelopes));
    for (name, text) in std::iter::once(("identity.age".to_owned(), sealed_identity))
        .chain(envelopes.iter().map(|e| (file_name(e), e.armored.as_str())))
    {
        let _ = write!(sheet, "{RULE}\nCOPY OF `{name}`\n\n{}\n\n", text.trim());
    }
    sheet.truncate(sheet.trim_end().len());
    sheet.push('\n');
    Secret::new(sheet)
}

/// How to open an envelope with stock tools, and how to show that a share is intact. Holds no secret.
#[must_use]
pub fn recovery_instructions(register: &Register, envelopes: &[SealedEnvelope]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "WHO MUST COME TOGETHER: {} of these groups", register.group_threshold);
    let _ = writeln!(out);
    for (number, group) in (1u8..).zip(&register.groups) {
        let members = register.members(number);
        let _ = writeln!(out, "  group {number} `{}`: {} of {members}", group.name, group.threshold);
        for share in register.shares.iter().filter(|s| s.group_number == number) {
            let contact = share.contact.as_deref().map(|c| format!(", {c}")).unwrap_or_default();
            let _ = writeln!(out, "    {}{contact}", share.custodian);
        }
    }
    let files: Vec<String> = envelopes.iter().map(file_name).collect();
    let example = files.first().map_or("ACCOUNT.age", String::as_str);
    let all = if files.is_empty() {
        "the envelope of the account (`ACCOUNT.age`)".to_owned()
    } else {
        files.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(", ")
    };
    let _ = write!(
        out,
        "
HOW TO OPEN AN ENVELOPE WITHOUT BREAKGLASS

 1. Take a computer that you trust and can do without a network. Put two
    programs on it beforehand: `age` (age-encryption.org, 1.0 or newer) and
    any SLIP-39 program, for instance

        pip install 'shamir-mnemonic[cli]'

    Take it off the network before the first word is typed.
 2. Have the sealed files at hand: `identity.age` of generation {generation}, and
    {all}.
    They are on the stick in this kit and printed at its end.
 3. Run

        shamir recover

    and type in the share of every custodian who is present, one line a
    share, no passphrase, until it says SUCCESS. It prints a master secret
    of 64 digits (0-9, a-f). Those digits are the passphrase of step 4.
 4. Run

        age -d -i identity.age {example}

    and give the 64 digits when it asks for a passphrase, in lower case,
    without blanks. It prints the record of the account; the value after
    \"password\" is the password, without its quotes. (The record never
    holds a quote or a backslash inside the password.)
 5. Sign in. Then have the password changed and sealed again: it has been
    seen. Close the terminal; write nothing down.

HOW TO SHOW THAT THIS SHARE IS INTACT, WITHOUT SHOWING IT

    On a computer that you trust, without a network, run

        read -r words; printf '%s' \"$words\" | sha256sum | cut -c1-20

    and type the words in lower case with one blank between them. The 20
    digits must be the verification code above. Tell the code, never the
    words.

",
        generation = register.generation
    );
    out
}

fn file_name(envelope: &SealedEnvelope) -> String {
    format!("{}.age", envelope.account)
}
