//! A request to Graph, taken apart.

use super::answer::{Refusal, address};
use super::odata::{Options, options::decode};
use super::schema::Version;
use crate::caller::Caller;
use crate::state::Origins;
use axum::http::Method;
use serde_json::{Map, Value};

/// A request whose token has been verified.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) version: Version,
    pub(crate) method: Method,
    /// Path segments behind the version, decoded, in the client's spelling. Keys in parentheses are segments of their own.
    pub(crate) segments: Vec<String>,
    pub(crate) options: Options,
    pub(crate) caller: Caller,
    pub(crate) origins: Origins,
    body: Vec<u8>,
    raw_path: String,
}

/// Version and segments of a path.
///
/// # Errors
/// 400 for a version that does not exist.
pub(crate) fn split(path: &str) -> Result<(Version, Vec<String>), Refusal> {
    let mut parts = path.split('/').filter(|p| !p.is_empty());
    let version = parts.next().unwrap_or_default();
    let version = match version.to_ascii_lowercase().as_str() {
        "v1.0" => Version::V1,
        "beta" => Version::Beta,
        _ => return Err(Refusal::bad(format!("Invalid version: {version}"))),
    };
    let mut segments = Vec::new();
    for part in parts {
        let part = decode(part, false);
        match part.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) {
            // Functions with optional parameters, which are answered with their defaults.
            Some((name, _)) if name.eq_ignore_ascii_case("creationOptions") => segments.push(name.to_owned()),
            Some((name, key)) if !name.is_empty() => {
                segments.push(name.to_owned());
                let text = key.strip_prefix('\'').and_then(|k| k.strip_suffix('\''));
                segments.push(text.map_or_else(|| key.to_owned(), |t| t.replace("''", "'")));
            }
            _ => segments.push(part),
        }
    }
    Ok((version, segments))
}

impl Request {
    pub(crate) fn new(
        method: Method,
        (version, segments): (Version, Vec<String>),
        raw_path: &str,
        options: Options,
        caller: Caller,
        origins: &Origins,
        body: Vec<u8>,
    ) -> Result<Self, Refusal> {
        let mut segments = segments;
        if segments.first().is_some_and(|s| s.eq_ignore_ascii_case("me")) {
            let user = caller.user.as_ref().map(|u| u.id.clone()).ok_or_else(|| {
                Refusal::bad("/me request is only valid with delegated authentication flow.")
            })?;
            segments.splice(..1, ["users".to_owned(), user]);
        }
        let raw_path = raw_path.split('/').filter(|p| !p.is_empty()).skip(1).collect::<Vec<_>>().join("/");
        Ok(Self { version, method, segments, options, caller, origins: origins.clone(), body, raw_path })
    }

    /// A segment in the client's spelling; empty when the path is shorter.
    pub(crate) fn segment(&self, at: usize) -> &str {
        self.segments.get(at).map_or("", String::as_str)
    }

    /// `@odata.context` of a set or of one of its objects.
    pub(crate) fn context(&self, set: &str, suffix: &str, entity: bool) -> String {
        let version = self.version.segment();
        let entity = if entity && !set.is_empty() && !set.contains('@') { "/$entity" } else { "" };
        format!("{}/{version}/$metadata#{set}{suffix}{entity}", self.origins.graph)
    }

    /// This address with another query.
    pub(crate) fn here(&self, query: &str) -> String {
        format!("{}?{query}", address(&self.origins, self.version.segment(), &self.raw_path))
    }

    /// The address of an object of a set.
    pub(crate) fn location(&self, set: &str, id: &str) -> String {
        address(&self.origins, self.version.segment(), &format!("{set}/{id}"))
    }

    /// The body, which must be a JSON object.
    ///
    /// # Errors
    /// 400 in the words of Graph's reader.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() {
            return Err(Refusal::bad("Empty Payload. JSON content expected."));
        }
        serde_json::from_slice(&self.body).map_err(|_| {
            Refusal::bad(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_clients_write_them() {
        for (path, version, segments) in [
            ("/v1.0//users", Version::V1, vec!["users"]),
            ("/V1.0/Users/a%40b", Version::V1, vec!["Users", "a@b"]),
            (
                "/beta/users('$o''d@x')/authentication",
                Version::Beta,
                vec!["users", "$o'd@x", "authentication"],
            ),
            (
                "/v1.0/directoryRoles(roleTemplateId='x')",
                Version::V1,
                vec!["directoryRoles", "roleTemplateId='x'"],
            ),
            ("/v1.0/users/a%2F..%2Fb?", Version::V1, vec!["users", "a/../b?"]),
        ] {
            assert_eq!(
                split(path).unwrap(),
                (version, segments.into_iter().map(str::to_owned).collect()),
                "{path}"
            );
        }
        assert_eq!(split("/v2.0/users").unwrap_err().message, "Invalid version: v2.0");
        assert_eq!(split("/").unwrap_err().code, "BadRequest");
    }
}
