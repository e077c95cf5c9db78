//! One page of a list, and the link to the next.
//!
//! The link is opened as it came (R-94): nothing is counted, skipped or rebuilt. An empty page with a link is a page;
//! a page without `value` is not.

use crate::json;
use serde_json::Value;

/// A page's items and its link.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
}

/// Takes a page apart. `needs` are texts that every item must carry.
pub(crate) fn page(body: &[u8], needs: &[&str]) -> Result<Page, String> {
    let mut json = json::parse(body)?;
    json::object(&json, "$")?;
    let items = match json.get_mut("value").map(Value::take) {
        Some(Value::Array(items)) => items,
        other => {
            let found = other.as_ref().map_or("nothing", json::kind);
            return Err(format!("`$.value`: expected a list, found {found}"));
        }
    };
    for (i, item) in items.iter().enumerate() {
        let path = format!("$.value[{i}]");
        let object = json::object(item, &path)?;
        for key in needs {
            json::text(object, &path, key)?;
        }
    }
    let mut next = None;
    for key in ["@odata.nextLink", "nextLink"] {
        match json.get(key) {
            // ARM says `"nextLink": ""` or null on the last page of some lists.
            None | Some(Value::Null) => {}
            Some(Value::String(link)) if link.is_empty() => {}
            Some(Value::String(link)) => next = Some(link.clone()),
            Some(other) => return Err(format!("`$.{key}`: expected a text, found {}", json::kind(other))),
        }
    }
    Ok(Page { items, next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_a_page_says_where() {
        for (body, error) in [
            ("", "expected JSON, found an empty body"),
            ("<html>", "not JSON at line 1, column 1"),
            (r#"{"value":[{"id":"a"}"#, "the JSON ends too early, at line 1, column 20"),
            ("[]", "`$`: expected an object, found a list"),
            ("{}", "`$.value`: expected a list, found nothing"),
            (r#"{"value":null}"#, "`$.value`: expected a list, found null"),
            (r#"{"value":[{"id":"a"},null]}"#, "`$.value[1]`: expected an object, found null"),
            (r#"{"value":[{"id":null}]}"#, "`$.value[0].id`: expected a text, found null"),
            (r#"{"value":[{"id":""}]}"#, "`$.value[0].id`: expected a text, found an empty text"),
            (r#"{"value":[],"@odata.nextLink":7}"#, "`$.@odata.nextLink`: expected a text, found a number"),
        ] {
            assert_eq!(page(body.as_bytes(), &["id"]).err().as_deref(), Some(error), "{body}");
        }
    }

    #[test]
    fn links_of_both_kinds() {
        for (body, next) in [
            (r#"{"value":[],"@odata.nextLink":"https://g/2"}"#, Some("https://g/2")),
            (r#"{"value":[],"nextLink":"https://a/2"}"#, Some("https://a/2")),
            (r#"{"value":[],"nextLink":null}"#, None),
            (r#"{"value":[],"nextLink":""}"#, None),
        ] {
            assert_eq!(page(body.as_bytes(), &[]).ok().and_then(|p| p.next).as_deref(), next, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = page(&body, &["id"]);
        }
    }
}
