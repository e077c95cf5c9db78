//! The signature of a message: HMAC-SHA-256 over the time of sending and the body.
//!
//! Headers: `breakglass-timestamp` (seconds since 1970) and `breakglass-signature` (`v1=` and 64 hexadecimal digits). The
//! signed text is the timestamp, a full stop, and the body, byte for byte. The key is the text of the key file without
//! surrounding blanks. The time is signed so that a recorded message cannot be sent again later; a receiver checks it
//! against its own clock.

use aws_lc_rs::hmac;
use breakglass_model::Secret;
use jiff::{SignedDuration, Timestamp};

/// Header with the time of sending.
pub const TIMESTAMP: &str = "breakglass-timestamp";
/// Header with the signature.
pub const SIGNATURE: &str = "breakglass-signature";
/// How far the clocks of sender and receiver may be apart.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

const VERSION: &str = "v1=";

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is no signature.
    #[error("the message is not signed: `breakglass-timestamp` or `breakglass-signature` is missing")]
    Missing,
    /// What is there is no signature.
    #[error("the signature cannot be read: expected seconds since 1970 and `v1=` with 64 hexadecimal digits")]
    Malformed,
    /// The time is too far away.
    #[error(
        "the message was signed too long ago or in the future: it was recorded and sent again, or a clock is wrong"
    )]
    Stale,
    /// The signature is of another key or another message.
    #[error("the signature is wrong: the message was changed, or the keys differ")]
    Wrong,
}

/// The value of [`SIGNATURE`] for a body sent at a time.
#[must_use]
pub fn sign(key: &Secret, at: Timestamp, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac_key(key), &message(&at.as_second().to_string(), body));
    format!("{VERSION}{}", hex::encode(tag))
}

/// Checks the two header values against a body. The comparison takes the same time whatever the difference.
///
/// # Errors
/// See [`Unsigned`].
pub fn verify(
    key: &Secret,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unsigned> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else { return Err(Unsigned::Missing) };
    let at =
        timestamp.parse().ok().and_then(|s| Timestamp::from_second(s).ok()).ok_or(Unsigned::Malformed)?;
    let tag = signature.strip_prefix(VERSION).and_then(|h| hex::decode(h).ok()).ok_or(Unsigned::Malformed)?;
    hmac::verify(&hmac_key(key), &message(timestamp, body), &tag).map_err(|_| Unsigned::Wrong)?;
    if now.duration_since(at).abs() > TOLERANCE {
        return Err(Unsigned::Stale);
    }
    Ok(())
}

fn hmac_key(key: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.danger_reveal().trim().as_bytes())
}

fn message(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + second).unwrap()
    }

    #[test]
    fn only_the_same_key_time_and_body_are_believed() {
        let key = Secret::new("0123456789abcdef");
        let signature = sign(&key, at(0), b"body");
        let check = |key: &Secret, time: &str, signature: &str, body: &[u8], now| {
            verify(key, Some(time), Some(signature), body, now)
        };
        assert_eq!(check(&key, "1770000000", &signature, b"body", at(10)), Ok(()));
        assert_eq!(
            check(&Secret::new("0123456789abcdef\n"), "1770000000", &signature, b"body", at(10)),
            Ok(())
        );
        assert_eq!(
            check(&Secret::new("other"), "1770000000", &signature, b"body", at(10)),
            Err(Unsigned::Wrong)
        );
        assert_eq!(check(&key, "1770000000", &signature, b"Body", at(10)), Err(Unsigned::Wrong));
        assert_eq!(check(&key, "1770000001", &signature, b"body", at(10)), Err(Unsigned::Wrong));
        assert_eq!(check(&key, "1770000000", &signature, b"body", at(301)), Err(Unsigned::Stale));
        assert_eq!(check(&key, "1770000000", &signature, b"body", at(-301)), Err(Unsigned::Stale));
        assert_eq!(check(&key, "now", &signature, b"body", at(0)), Err(Unsigned::Malformed));
        assert_eq!(check(&key, "1770000000", "v2=00", b"body", at(0)), Err(Unsigned::Malformed));
        assert_eq!(check(&key, "1770000000", "v1=00", b"body", at(0)), Err(Unsigned::Wrong));
        assert_eq!(verify(&key, None, Some(&signature), b"body", at(0)), Err(Unsigned::Missing));
    }

    /// Made with `printf '1770000000.{"id":"a"}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn openssl_says_the_same() {
        let signature = sign(&Secret::new("0123456789abcdef"), at(0), br#"{"id":"a"}"#);
        assert_eq!(signature, "v1=e3ce04f94b4f4b73e73f21255035d2edbed1e76f7ec307052cbfa913737508fe");
    }
}
