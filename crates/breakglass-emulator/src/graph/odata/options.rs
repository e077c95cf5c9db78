//! The query options of a request.

use crate::graph::answer::Refusal;

/// What stands behind the `?`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) select: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) order_by: Option<String>,
    pub(crate) expand: Option<String>,
    pub(crate) top: Option<usize>,
    pub(crate) skip_token: Option<usize>,
    pub(crate) count: bool,
    /// `ConsistencyLevel: eventual`, without which the directory refuses some filters.
    pub(crate) eventual: bool,
    /// All pairs as they came, without `$skiptoken`: for the link to the next page.
    pairs: Vec<(String, String)>,
}

impl Options {
    /// Reads a raw query.
    ///
    /// # Errors
    /// 400 for an option that Graph does not know or a `$top` that is no number.
    pub(crate) fn read(query: &str, eventual: bool) -> Result<Self, Refusal> {
        let mut options = Self { eventual, ..Self::default() };
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name, true), decode(value, true));
            match name.to_ascii_lowercase().as_str() {
                "$select" => options.select = Some(value.clone()),
                "$filter" => options.filter = Some(value.clone()),
                "$orderby" => options.order_by = Some(value.clone()),
                "$expand" => options.expand = Some(value.clone()),
                "$count" => options.count = value.eq_ignore_ascii_case("true"),
                "$top" => {
                    let top = value.parse().ok().filter(|n| *n > 0);
                    options.top = Some(top.ok_or_else(|| {
                        Refusal::bad(format!(
                            "Invalid value '{value}' for $top query option found. The $top query option requires a non-negative integer value."
                        ))
                    })?);
                }
                "$skiptoken" => {
                    options.skip_token = Some(untoken(&value).ok_or_else(|| {
                        Refusal::new(
                            axum::http::StatusCode::BAD_REQUEST,
                            "Directory_ExpiredPageToken",
                            "The specified page token value has expired and can no longer be included in your request.",
                        )
                    })?);
                    continue;
                }
                "$format" => {}
                "$search" | "$skip" | "$apply" | "$compute" => {
                    return Err(Refusal::unsupported(format!(
                        "Query option '{name}' is not supported here."
                    )));
                }
                other if other.starts_with('$') => {
                    return Err(Refusal::bad(format!("The query parameter '{name}' is not supported.")));
                }
                _ => {}
            }
            options.pairs.push((name, value));
        }
        Ok(options)
    }

    /// The query for the page that begins at `token`.
    pub(crate) fn next(&self, at: usize) -> String {
        let mut query: String =
            self.pairs.iter().map(|(name, value)| format!("{}={}&", encode(name), encode(value))).collect();
        query.push_str(&format!("$skiptoken={}", token(at)));
        query
    }
}

/// A place as a token that means nothing to clients.
fn token(at: usize) -> String {
    hex::encode(format!("bg1:{at}"))
}

fn untoken(token: &str) -> Option<usize> {
    let bytes = hex::decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("bg1:")?.parse().ok()
}

/// Percent-decoding; in a query `+` is a blank.
pub(crate) fn decode(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let mut ahead = bytes.clone();
                let pair = [ahead.next(), ahead.next()].map(|d| d.and_then(|d| char::from(d).to_digit(16)));
                match pair {
                    [Some(high), Some(low)] => {
                        bytes = ahead;
                        out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    }
                    _ => out.push(byte),
                }
            }
            b'+' if plus => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'$' | b',' | b'(' | b')' | b'\'' | b':' | b'/' | b'*' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_way_to_the_next_page() {
        let query = "$filter=displayName%20eq%20'O''Hara%20%26%20Co%2B'&$top=5&x=y";
        let first = Options::read(query, false).unwrap();
        assert_eq!(first.filter.as_deref(), Some("displayName eq 'O''Hara & Co+'"));
        let second = Options::read(&first.next(5), false).unwrap();
        assert_eq!((second.filter, second.top, second.skip_token), (first.filter, Some(5), Some(5)));
    }

    #[test]
    fn odd_options_are_refused() {
        for query in ["$top=x", "$top=0", "$top=-1", "$foo=1", "$search=a", "$skiptoken=zz"] {
            assert!(Options::read(query, false).is_err(), "{query}");
        }
        assert_eq!(decode("a%40b%2F%zz+", false), "a@b/%zz+");
    }
}
