//! The forms of single values: GUIDs, user principal names, addresses, keys, credentials.

use super::CredentialDesign;
use super::reader::{At, Problems, Reader};
use crate::ids::{ObjectId, is_guid};
use base64::Engine as _;

const GUID_HINT: &str = "write it as 8-4-4-4-12 hexadecimal digits, as the portal shows it";

/// A GUID; the all-zero one is a placeholder that somebody forgot.
pub(super) fn guid(problems: &Problems<'_>, what: &str, text: &At<String>) -> Option<ObjectId> {
    if !is_guid(&text.value) {
        problems.add(&text.span, format!("{what} is not a GUID: `{}`", text.value), GUID_HINT);
        return None;
    }
    if text.value.chars().all(|c| c == '0' || c == '-') {
        problems.add(&text.span, format!("{what} is the all-zero placeholder"), "put the real id in");
        return None;
    }
    Some(ObjectId::new(&text.value))
}

/// `local@domain`, with the characters that Entra allows.
pub(super) fn upn(problems: &Problems<'_>, what: &str, text: At<String>) -> Option<At<String>> {
    let plausible = text.value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && is_domain(domain)
    });
    if plausible {
        return Some(text);
    }
    problems.add(
        &text.span,
        format!("{what} is not a user principal name: `{}`", text.value),
        "write it as `name@contoso.onmicrosoft.com`, on the tenant's initial domain",
    );
    None
}

fn is_domain(domain: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
}

/// An address with TLS; plain HTTP only to this machine.
pub(super) fn url(problems: &Problems<'_>, what: &str, text: &At<String>) -> Option<String> {
    let authority =
        |rest: &str| -> String { rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned() };
    let wrong = |message: String, next: &str| {
        problems.add(&text.span, message, next);
        None
    };
    let (host, plain) = if let Some(rest) = text.value.strip_prefix("https://") {
        (authority(rest), false)
    } else if let Some(rest) = text.value.strip_prefix("http://") {
        (authority(rest), true)
    } else {
        return wrong(format!("{what} is not an address: `{}`", text.value), "begin it with `https://`");
    };
    if host.contains('@') {
        return wrong(
            format!("{what} carries a user name or password"),
            "keep secrets out of this file: use a key file",
        );
    }
    if host.is_empty() || text.value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong(format!("{what} names no host: `{}`", text.value), "write it as `https://host/path`");
    }
    let bare = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    if plain && !["localhost", "127.0.0.1", "::1"].contains(&bare) {
        return wrong(
            format!("{what} would send alerts in the clear: `{}`", text.value),
            "begin it with `https://`; plain `http://` is only for this machine",
        );
    }
    Some(text.value.trim_end_matches('/').to_owned())
}

/// An Ed25519 public key: 32 bytes in base64.
pub(super) fn public_key(problems: &Problems<'_>, what: &str, text: &At<String>) -> Option<String> {
    let engines =
        [&base64::engine::general_purpose::STANDARD, &base64::engine::general_purpose::STANDARD_NO_PAD];
    let bytes = engines.iter().find_map(|e| e.decode(&text.value).ok());
    match bytes {
        Some(bytes) if bytes.len() == 32 => Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
        Some(bytes) => {
            problems.add(
                &text.span,
                format!("{what} has {} bytes", bytes.len()),
                "an Ed25519 public key has 32 bytes: 44 characters of base64",
            );
            None
        }
        None => {
            problems.add(
                &text.span,
                format!("{what} is not base64"),
                "paste the approver's Ed25519 public key: 32 bytes in base64",
            );
            None
        }
    }
}

/// The `credentials` of an account: `password` or `fido2:AAGUID:SERIAL@PLACE`.
pub(super) fn credentials(reader: &Reader<'_, '_, '_>) -> Vec<CredentialDesign> {
    let problems = reader.problems();
    let Some(texts) = reader.texts("credentials") else {
        problems.missing(
            &reader.span(),
            format!("{} has no `credentials`", reader.name()),
            "add `credentials = [\"password\", \"fido2\", \"fido2\"]`: a password and two passkeys",
        );
        return Vec::new();
    };
    if texts.is_empty() {
        problems.add(
            &reader.place("credentials"),
            format!("{} has no credential", reader.name()),
            "add `\"password\"` and two `\"fido2\"` entries",
        );
    }
    let mut found: Vec<CredentialDesign> = Vec::new();
    for text in texts {
        let Some(credential) = credential(problems, &text) else { continue };
        let twice = match &credential {
            CredentialDesign::Password => found.contains(&credential),
            CredentialDesign::Fido2 { serial, .. } => {
                serial.is_some()
                    && found
                        .iter()
                        .any(|f| matches!(f, CredentialDesign::Fido2 { serial: s, .. } if s == serial))
            }
        };
        if twice {
            problems.add(
                &text.span,
                format!("{} lists the same credential twice", reader.name()),
                "remove one; two keys have two serial numbers",
            );
        }
        found.push(credential);
    }
    found
}

fn credential(problems: &Problems<'_>, text: &At<String>) -> Option<CredentialDesign> {
    let (kind, rest) = match text.value.split_once(':') {
        Some((kind, rest)) => (kind, rest),
        None => match text.value.split_once('@') {
            Some((kind, place)) => {
                (kind, text.value.get(text.value.len() - place.len() - 1..).unwrap_or_default())
            }
            None => (text.value.as_str(), ""),
        },
    };
    match kind {
        "password" if rest.is_empty() => Some(CredentialDesign::Password),
        "fido2" => {
            let (key, place) = match rest.split_once('@') {
                Some((key, place)) => (key, Some(place)),
                None => (rest, None),
            };
            let (aaguid, serial) = match key.split_once(':') {
                Some((aaguid, serial)) => (aaguid, Some(serial)),
                None => (key, None),
            };
            if !aaguid.is_empty() && !is_guid(aaguid) {
                problems.add(
                    &text.span,
                    format!("credential `{}` names a key model that is not a GUID: `{aaguid}`", text.value),
                    "write `fido2:AAGUID:SERIAL@PLACE`, for example `fido2:2fc0579f-8113-47ea-b116-bb5a8db9202a:12345678@safe-north`",
                );
                return None;
            }
            let filled = |t: Option<&str>| t.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
            Some(CredentialDesign::Fido2 {
                aaguid: filled(Some(aaguid)).map(|a| a.to_ascii_lowercase()),
                serial: filled(serial),
                place: filled(place),
            })
        }
        _ => {
            problems.add(
                &text.span,
                "this credential is of no known kind (it is not repeated here, in case it is a secret)",
                "write `password` or `fido2:AAGUID:SERIAL@PLACE`; the secret itself never stands in this file",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(check: impl Fn(&Problems<'_>)) -> Vec<String> {
        let problems = Problems::new("x", "f", false);
        check(&problems);
        problems.into_sorted().into_iter().map(|p| p.message).collect()
    }

    fn at(text: &str) -> At<String> {
        At { value: text.into(), span: 0..1 }
    }

    #[test]
    fn addresses() {
        for good in
            ["https://a.example/b?c", "http://localhost:8080/", "http://[::1]:9/x", "https://[2001:db8::1]"]
        {
            assert_eq!(problems_of(|p| assert!(url(p, "u", &at(good)).is_some())), [""; 0], "{good}");
        }
        for bad in [
            "",
            "ftp://a",
            "https://",
            "https:///x",
            "http://a.example",
            "https://u:p@h/",
            "https://a b",
            "http://localhost.example",
        ] {
            assert_eq!(problems_of(|p| assert!(url(p, "u", &at(bad)).is_none())).len(), 1, "{bad}");
        }
    }

    #[test]
    fn names() {
        for good in ["a@b.c", "x9-q4@contoso.onmicrosoft.com", "o'neil@a-b.example"] {
            assert_eq!(problems_of(|p| assert!(upn(p, "u", at(good)).is_some())), [""; 0], "{good}");
        }
        for bad in ["", "a", "@b.c", "a@b", "a@b..c", "a b@c.d", "a@-b.c", ".a@b.c", "a@b@c.d"] {
            assert_eq!(problems_of(|p| assert!(upn(p, "u", at(bad)).is_none())).len(), 1, "{bad}");
        }
    }

    #[test]
    fn keys_and_places() {
        let full = "fido2:2FC0579f-8113-47ea-b116-bb5a8db9202a:123@safe: north";
        let some = |t: &str| Some(t.to_owned());
        for (text, expected) in [
            ("password", CredentialDesign::Password),
            ("fido2", CredentialDesign::Fido2 { aaguid: None, serial: None, place: None }),
            ("fido2@safe", CredentialDesign::Fido2 { aaguid: None, serial: None, place: some("safe") }),
            (
                "fido2::7@safe",
                CredentialDesign::Fido2 { aaguid: None, serial: some("7"), place: some("safe") },
            ),
            (
                full,
                CredentialDesign::Fido2 {
                    aaguid: some("2fc0579f-8113-47ea-b116-bb5a8db9202a"),
                    serial: some("123"),
                    place: some("safe: north"),
                },
            ),
        ] {
            assert_eq!(
                problems_of(|p| assert_eq!(credential(p, &at(text)), Some(expected.clone()), "{text}")),
                [""; 0]
            );
        }
        for bad in ["", "password:hunter2", "sms", "fido2:yubikey"] {
            assert_eq!(problems_of(|p| assert_eq!(credential(p, &at(bad)), None)).len(), 1, "{bad}");
        }
    }
}
