//! A small tolerant reader of HTML: tags with their attributes, and text. No tree, no styles, no scripts.

use super::entities::decode;

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A start tag, name in lower case; attribute names too.
    Start(String, Vec<(String, String)>),
    /// An end tag.
    End(String),
    /// Text between tags.
    Text(String),
}

/// Elements whose content is no HTML.
const RAW: &[&str] = &["script", "style", "textarea", "title", "template", "noscript"];

/// The pieces of a page, in order. Anything can be read; what makes no sense becomes text or is passed over.
pub(super) fn pieces(html: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let Some((text, tag)) = rest.split_once('<') else {
            push_text(&mut found, rest);
            break;
        };
        push_text(&mut found, text);
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
        } else if tag.starts_with(['!', '?']) {
            rest = tag.split_once('>').map_or("", |(_, behind)| behind);
        } else if let Some(end) = tag.strip_prefix('/') {
            let (name, behind) = end.split_once('>').unwrap_or((end, ""));
            let name = name.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
            found.push(Piece::End(name.to_ascii_lowercase()));
            rest = behind;
        } else if tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            rest = start(tag, &mut found);
        } else {
            push_text(&mut found, "<");
            rest = tag;
        }
    }
    found
}

fn push_text(found: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        found.push(Piece::Text(decode(text)));
    }
}

/// Reads a start tag after its `<`, and the content of an element that holds no HTML. Answers what comes behind.
fn start<'a>(tag: &'a str, found: &mut Vec<Piece>) -> &'a str {
    let end = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at(end);
    let name = name.to_ascii_lowercase();
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(behind) = rest.strip_prefix('>') {
            rest = behind;
            break;
        }
        let (attribute, behind) = attribute(rest);
        // The first of a name counts, as in a browser.
        if !attributes.iter().any(|(name, _): &(String, String)| *name == attribute.0) {
            attributes.push(attribute);
        }
        rest = behind;
    }
    let raw = RAW.contains(&name.as_str());
    let close = format!("</{name}");
    found.push(Piece::Start(name, attributes));
    if raw {
        // ASCII lower case keeps every byte where it was.
        let at = rest.to_ascii_lowercase().find(&close).unwrap_or(rest.len());
        rest = rest.get(at..).unwrap_or_default();
    }
    rest
}

fn attribute(text: &str) -> ((String, String), &str) {
    // A stray `=` is a part of the name, so that every round takes something away.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text
        .char_indices()
        .find(|(i, c)| *i >= first && (c.is_whitespace() || matches!(c, '=' | '>' | '/')))
        .map_or(text.len(), |(i, _)| i);
    let (name, rest) = text.split_at(end);
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.trim_start().strip_prefix('=') else { return ((name, String::new()), rest) };
    let value = value.trim_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (value, behind) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return ((name, decode(value)), behind);
        }
    }
    let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
    let (value, behind) = value.split_at(end);
    ((name, decode(value)), behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(html: &str) -> String {
        pieces(html)
            .iter()
            .map(|piece| match piece {
                Piece::Start(name, attributes) => {
                    let all: Vec<_> = attributes.iter().map(|(n, v)| format!("{n}={v:?}")).collect();
                    format!("<{name} {}>", all.join(" "))
                }
                Piece::End(name) => format!("</{name}>"),
                Piece::Text(text) => format!("{text:?}"),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn pages_are_read_as_browsers_read_them() {
        for (html, expected) in [
            ("<!doctype html><p>a</p>", "<p > \"a\" </p>"),
            ("<INPUT Name=a VALUE='x \"y\"' disabled/>", r#"<input name="a" value="x \"y\"" disabled="">"#),
            (r#"<form data-x='{"a":"b &amp; c"}'>"#, r#"<form data-x="{\"a\":\"b & c\"}">"#),
            ("<a href = x/y>z", r#"<a href="x/y"> "z""#),
            ("a<b", r#""a" <b >"#),
            ("1 < 2 <!-- <form> --> 3", r#""1 " "<" " 2 " " 3""#),
            ("<script>if (a<b) '</p>'</script>x", r#"<script > </script> "x""#),
            ("<TITLE><form></Title><form>", "<title > </title> <form >"),
            ("<a b=1 b=2 =c>", r#"<a b="1" =c="">"#),
            ("<a 'x", "<a 'x=\"\">"),
            ("<input value=\"never ends", r#"<input value="never ends">"#),
            ("</>", "</>"),
            ("<", r#""<""#),
        ] {
            assert_eq!(show(html), expected, "{html}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_read(html in "[<>/='\"! a-bÄ\\-&;]{0,80}|\\PC{0,80}") {
            let _ = pieces(&html);
        }
    }
}
