//! Cookies of one window: kept for the host that set them and for no other.

use reqwest::Url;

/// What has been set. A login keeps its session in them and asks for little more than that they come back.
#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    host: String,
    path: String,
    secure: bool,
    name: String,
    value: String,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cookie({} of {}{})", self.name, self.host, self.path)
    }
}

impl Jar {
    /// Takes one `Set-Cookie`. `Domain` is not followed: a cookie stays with its host, which is stricter.
    pub(super) fn keep(&mut self, url: &Url, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return;
        }
        let (mut path, mut secure, mut gone) = (default_path(url), false, false);
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match key.to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut path),
                "secure" => secure = true,
                "max-age" => gone = value.parse::<i64>().is_ok_and(|age| age <= 0),
                // How a cookie is usually taken back. Other dates are far off: a sign-in takes seconds.
                "expires" => gone = gone || value.contains("1970"),
                _ => {}
            }
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        self.cookies.retain(|c| (c.host.as_str(), c.path.as_str(), c.name.as_str()) != (&host, &path, name));
        if !gone {
            self.cookies.push(Cookie { host, path, secure, name: name.into(), value: value.into() });
        }
    }

    /// The `Cookie` header for a request, longer paths first; `None` when there is nothing to send.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let mut fitting: Vec<&Cookie> = self.cookies.iter().filter(|c| c.fits(url)).collect();
        fitting.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let pairs: Vec<_> = fitting.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        if pairs.is_empty() { None } else { Some(pairs.join("; ")) }
    }
}

impl Cookie {
    fn fits(&self, url: &Url) -> bool {
        let rest = url.path().strip_prefix(self.path.as_str());
        let below = rest.is_some_and(|r| r.is_empty() || r.starts_with('/') || self.path.ends_with('/'));
        let safe = !self.secure || url.scheme() == "https" || crate::origin::is_loopback(url);
        below && safe && url.host_str() == Some(&self.host)
    }
}

/// The folder of the address (RFC 6265 section 5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder.to_owned(),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn cookies_go_back_to_where_they_came_from() {
        let mut jar = Jar::default();
        let login = url("https://login.example/t/oauth2/authorize");
        jar.keep(&login, "sid=a=b; Path=/; Secure; HttpOnly");
        jar.keep(&login, "step=1");
        jar.keep(&login, "other=x; Path=/elsewhere");
        jar.keep(&login, "no pair");
        jar.keep(&login, "=nameless");
        let header = |u: &str| jar.header(&url(u));
        assert_eq!(header("https://login.example/t/oauth2/next").as_deref(), Some("step=1; sid=a=b"));
        assert_eq!(header("https://login.example/t/oauth22").as_deref(), Some("sid=a=b"));
        assert_eq!(header("http://login.example/x"), None);
        assert_eq!(header("https://evil.example/"), None);
        assert!(!format!("{jar:?}").contains("a=b"));
    }

    #[test]
    fn cookies_are_replaced_and_taken_back() {
        let mut jar = Jar::default();
        let login = url("https://login.example/");
        jar.keep(&login, "a=1");
        jar.keep(&login, "a=2");
        jar.keep(&login, "b=1");
        assert_eq!(jar.header(&login).as_deref(), Some("a=2; b=1"));
        jar.keep(&login, "a=; Max-Age=0");
        jar.keep(&login, "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(jar.header(&login), None);
    }
}
