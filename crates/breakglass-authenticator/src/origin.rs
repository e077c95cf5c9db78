//! Which pages may ask a key for which relying party: what a browser checks before it talks to a key.

use reqwest::Url;

/// The origin of an address as clients write it: `https://host`, with the port when it is not the usual one.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The relying party of a page, checked: its host, or a domain above it. Without a wish it is the host (WebAuthn 5.1.3,
/// step 8). This is what makes a passkey safe against a page that only looks like the login.
pub(crate) fn relying_party(origin: &str, wished: Option<&str>) -> Result<String, String> {
    let url = Url::parse(origin).map_err(|e| format!("`{origin}` is no origin: {e}"))?;
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() || !(url.scheme() == "https" || is_loopback(&url)) {
        return Err(format!("passkeys work on https alone, not on `{origin}`"));
    }
    let wished = wished.unwrap_or(host);
    let above = wished.contains('.') && url.domain().is_some_and(|d| d.ends_with(&format!(".{wished}")));
    if wished == host || above {
        return Ok(wished.to_owned());
    }
    Err(format!("a page of `{origin}` may not ask for passkeys of `{wished}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_speaks_for_its_own_domain() {
        for (origin, wished, result) in [
            ("https://login.microsoft.com", Some("login.microsoft.com"), Ok("login.microsoft.com")),
            ("https://login.microsoft.com", Some("microsoft.com"), Ok("microsoft.com")),
            ("https://login.microsoft.com", None, Ok("login.microsoft.com")),
            ("https://localhost:7001", Some("localhost"), Ok("localhost")),
            ("http://127.0.0.1:7001", Some("127.0.0.1"), Ok("127.0.0.1")),
            ("https://login.microsoft.com", Some("com"), Err("may not ask")),
            ("https://login.microsoft.com", Some("in.microsoft.com"), Err("may not ask")),
            ("https://login.microsoft.com.evil.example", Some("microsoft.com"), Err("may not ask")),
            ("https://127.0.0.1", Some("0.0.1"), Err("may not ask")),
            ("http://login.microsoft.com", Some("login.microsoft.com"), Err("https alone")),
            ("file:///tmp/x", None, Err("https alone")),
            ("login.microsoft.com", None, Err("no origin")),
        ] {
            match (relying_party(origin, wished), result) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => panic!("{origin} {wished:?}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
