//! The forms of a login page: just enough of HTML to fill them in. Anything else on the page is passed over.

use std::collections::BTreeMap;

/// A form with its attributes and its inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) attributes: BTreeMap<String, String>,
    /// Name and value of each input, in order.
    pub(crate) inputs: Vec<(String, String)>,
}

impl Form {
    /// What the page asks for here.
    pub(crate) fn step(&self) -> &str {
        self.attributes.get("data-step").map(String::as_str).unwrap_or_default()
    }
}

/// What a login page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) forms: Vec<Form>,
    /// Error number and words, when the page shows an error.
    pub(crate) error: Option<(Option<u32>, String)>,
}

impl Page {
    /// Reads a page. What cannot be understood is not there.
    pub(crate) fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut open: Option<Form> = None;
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            rest = rest.get(at..).unwrap_or_default();
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let Some((tag, after)) = tag(rest) else { break };
            rest = after;
            match tag.name.as_str() {
                // What a script or a style holds is not markup.
                "script" | "style" => {
                    let end = format!("</{}", tag.name);
                    rest = rest.to_ascii_lowercase().find(&end).and_then(|i| rest.get(i..)).unwrap_or_default();
                }
                "form" => page.forms.extend(open.replace(Form { attributes: tag.attributes, inputs: Vec::new() })),
                "/form" => page.forms.extend(open.take()),
                "input" | "button" => {
                    if let (Some(form), Some(name)) = (&mut open, tag.attributes.get("name")) {
                        form.inputs.push((name.clone(), tag.attributes.get("value").cloned().unwrap_or_default()));
                    }
                }
                _ if tag.attributes.get("id").is_some_and(|id| id == "error") => {
                    let code = tag.attributes.get("data-code").and_then(|c| c.parse().ok());
                    let words = rest.split('<').next().unwrap_or_default();
                    page.error = Some((code, unescape(words).split_whitespace().collect::<Vec<_>>().join(" ")));
                }
                _ => {}
            }
        }
        page.forms.extend(open);
        page
    }
}

struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
}

/// The tag at the start of a text, and what follows it.
fn tag(text: &str) -> Option<(Tag, &str)> {
    let body = text.strip_prefix('<')?;
    let end = body.find(|c: char| c.is_whitespace() || c == '>')?;
    let (name, mut rest) = body.split_at_checked(end)?;
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Tag { name: name.trim_end_matches('/').to_ascii_lowercase(), attributes }, after));
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c))?;
        let (key, after) = rest.split_at_checked(end)?;
        if key.is_empty() {
            return None;
        }
        let after_key = after.trim_start();
        let Some(value) = after_key.strip_prefix('=').map(str::trim_start) else {
            attributes.insert(key.to_ascii_lowercase(), String::new());
            rest = after;
            continue;
        };
        let quoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.split_once(*q));
        let (value, after) = match quoted {
            Some(parts) => parts,
            None => value.split_at_checked(value.find(|c: char| c.is_whitespace() || c == '>')?)?,
        };
        attributes.insert(key.to_ascii_lowercase(), unescape(value));
        rest = after;
    }
}

/// Named entities that servers write, and numbered ones.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        let Some((name, tail)) = entity else {
            out.push('&');
            rest = after;
            continue;
        };
        let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => name.strip_prefix('#').and_then(number).and_then(char::from_u32),
        };
        match character {
            Some(c) => {
                out.push(c);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_inputs_and_errors_are_found_among_everything_else() {
        let page = Page::read(
            r#"<!doctype html><title>a < b</title><script>if (a < b) { "<form data-step='no'>" }</script>
            <div id="error" data-code="50126">AADSTS50126: wrong
              user &amp; password</div><!-- <form data-step="no"> -->
            <form method="post" action='/t/login?x=1&amp;y=2' data-step="passkey"
              data-public-key='{&quot;challenge&quot;:&#34;abc&#x22;}'>
              <input type="hidden" name="flow" value="f&lt;1&gt;"><input name=assertion type=hidden />
              <button name="go" value="1" disabled>Sign in</button></form>
            <form data-step="use-passkey"><input name="flow" value="2">"#,
        );
        assert_eq!(page.error, Some((Some(50126), "AADSTS50126: wrong user & password".into())));
        let steps: Vec<_> = page.forms.iter().map(Form::step).collect();
        assert_eq!(steps, ["passkey", "use-passkey"]);
        let form = &page.forms[0];
        assert_eq!(form.attributes["action"], "/t/login?x=1&y=2");
        assert_eq!(form.attributes["data-public-key"], r#"{"challenge":"abc"}"#);
        let pairs = [("flow", "f<1>"), ("assertion", ""), ("go", "1")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(form.inputs, pairs);
    }

    #[test]
    fn broken_pages_end_and_do_not_hang() {
        for html in ["<", "<form", "<form a", "<form a=", "<form a='", "<!-- ", "<script>", "<a b=\"c", "&#xffffff;", "<form =x>"] {
            let _ = Page::read(html);
        }
    }
}
