//! C2SP signed notes: text, an empty line, signature lines. Go's `sumdb/note` reads and writes the same.

use crate::key::{LogKey, VerifierKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The beginning of a signature line: an em dash and a blank.
const MARK: &str = "\u{2014} ";

/// Why a note cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a note at all.
    #[error("this is no signed note: {0}")]
    Malformed(&'static str),
    /// No signature of the key that is asked for.
    #[error("it carries no signature of `{wanted}`; it is signed by {}", if found.is_empty() { "nobody".to_owned() } else { found.join(", ") })]
    NotSigned {
        /// Whose signature was wanted: name and hash of the key.
        wanted: String,
        /// The names in front of the signatures, each with the hash of its key.
        found: Vec<String>,
    },
    /// The signature does not fit the text.
    #[error("the signature of `{0}` does not fit the text: one of them was changed")]
    Forged(String),
}

/// Signs a text. The text ends with a line end and has no control characters but line ends; see [`check_text`].
#[must_use]
pub fn sign(text: &str, key: &LogKey) -> String {
    let mut signature = key.verifier().id().to_vec();
    signature.extend(key.sign(text.as_bytes()));
    format!("{text}\n{MARK}{} {}\n", key.verifier().name(), STANDARD.encode(signature))
}

/// Whether a text can be the text of a note.
///
/// # Errors
/// [`NoteError::Malformed`] says what is wrong with it.
pub fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("its text does not end with a line end"));
    }
    if text.chars().any(|c| c.is_ascii_control() && c != '\n') {
        return Err(NoteError::Malformed("there are control characters in it"));
    }
    Ok(())
}

/// Checks a note with one key and returns its text. Signatures of other keys (witnesses) are passed over, as the format
/// demands.
///
/// # Errors
/// [`NoteError`] when it is no note, or not signed by this key.
pub fn open<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    let (text, signatures) = split(note)?;
    let mut names = Vec::new();
    for line in signatures {
        let (name, id, signature) = line?;
        if name == key.name() && id == key.id() {
            let fits =
                <&[u8; 64]>::try_from(signature.as_slice()).is_ok_and(|s| key.verifies(text.as_bytes(), s));
            return if fits { Ok(text) } else { Err(NoteError::Forged(name.into())) };
        }
        names.push(format!("`{name}+{}`", hex::encode(id)));
    }
    Err(NoteError::NotSigned { wanted: format!("{}+{}", key.name(), hex::encode(key.id())), found: names })
}

/// As [`open`], for a note that nobody but this key signs: a second signature line is refused, so that nothing in the
/// note is without protection.
///
/// # Errors
/// [`NoteError`] as for [`open`].
pub fn open_sole<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    let text = open(note, key)?;
    if split(note)?.1.count() == 1 {
        Ok(text)
    } else {
        Err(NoteError::Malformed("there is more than one signature"))
    }
}

type SignatureLine<'a> = Result<(&'a str, [u8; 4], Vec<u8>), NoteError>;

/// Text and signature lines.
fn split(note: &str) -> Result<(&str, impl Iterator<Item = SignatureLine<'_>>), NoteError> {
    let end =
        note.rfind("\n\n").ok_or(NoteError::Malformed("there is no empty line before the signatures"))?;
    let (text, rest) = note.split_at(end + 1);
    check_text(text)?;
    let lines = rest.strip_prefix('\n').and_then(|r| r.strip_suffix('\n'));
    let lines = lines.ok_or(NoteError::Malformed("its last line does not end"))?;
    Ok((text, lines.split('\n').map(signature_line)))
}

fn signature_line(line: &str) -> SignatureLine<'_> {
    let wrong = NoteError::Malformed("a signature line does not read `\u{2014} name signature`");
    let parts = line.strip_prefix(MARK).and_then(|rest| rest.split_once(' '));
    let Some((name, signature)) = parts else { return Err(wrong) };
    let Ok(bytes) = STANDARD.decode(signature) else { return Err(wrong) };
    match bytes.split_first_chunk::<4>() {
        Some((id, signature)) if !name.is_empty() && !signature.is_empty() => {
            Ok((name, *id, signature.to_vec()))
        }
        _ => Err(wrong),
    }
}
