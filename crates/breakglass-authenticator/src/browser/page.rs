//! What a page of the login is to somebody who signs in: its forms, and its error.

use super::html::{Piece, pieces};
use crate::origin::origin;
use breakglass_model::Secret;
use reqwest::{StatusCode, Url};
use serde_json::Value;

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    /// Whether the status is a success.
    pub(super) ok: bool,
    pub(super) forms: Vec<Form>,
    pub(super) error: Option<PageError>,
}

/// A form with `data-step`, or without one (an empty step).
#[derive(Debug)]
pub(super) struct Form {
    pub(super) step: String,
    pub(super) action: Url,
    /// Its fields would go into the address.
    pub(super) get: bool,
    /// `data-public-key` of the form or of anything in it, when it is JSON.
    pub(super) public_key: Option<Value>,
    /// Names and values that the page put in.
    inputs: Vec<(String, String)>,
}

/// `<div id="error" data-code="50126">`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageError {
    /// From `data-code`, else from `AADSTS` and a number in the text.
    pub(super) code: Option<u32>,
    /// In one line.
    pub(super) text: String,
}

impl Page {
    pub(super) fn read(url: Url, status: StatusCode, html: &str) -> Self {
        let mut page = Self { url, status, ok: status.is_success(), forms: Vec::new(), error: None };
        let mut inside = false;
        // The error's text, and how many elements deep we are in it.
        let mut error: Option<(Option<u32>, String, usize)> = None;
        for piece in pieces(html) {
            match &piece {
                Piece::Start(name, attributes) => {
                    let get = |key: &str| attributes.iter().find(|(n, _)| n == key).map(|(_, v)| v.as_str());
                    if let Some((.., depth)) = &mut error {
                        *depth += usize::from(!VOID.contains(&name.as_str()));
                    } else if get("id") == Some("error") {
                        error =
                            Some((get("data-code").and_then(|c| c.trim().parse().ok()), String::new(), 1));
                    }
                    if name == "form" {
                        page.forms.push(Form::new(&page.url, &get));
                        inside = true;
                    } else if let Some(form) = page.forms.last_mut().filter(|_| inside) {
                        form.add(name, &get);
                    }
                }
                Piece::End(name) => {
                    inside = inside && name != "form";
                    if let Some((.., depth)) = &mut error {
                        *depth = depth.saturating_sub(1);
                    }
                }
                Piece::Text(text) => {
                    if let Some((_, said, _)) = &mut error {
                        said.push(' ');
                        said.push_str(text);
                    }
                }
            }
            if error.as_ref().is_some_and(|(.., depth)| *depth == 0) {
                page.keep_error(error.take());
            }
        }
        page.keep_error(error);
        page
    }

    /// An empty element that waits for a script to fill it is no error.
    fn keep_error(&mut self, error: Option<(Option<u32>, String, usize)>) {
        let Some((code, text, _)) = error else { return };
        let text = one_line(&text);
        if self.error.is_none() && (code.is_some() || !text.is_empty()) {
            let code = code.or_else(|| aadsts(&text));
            let text =
                if text.is_empty() { "the page shows an error without words".to_owned() } else { text };
            self.error = Some(PageError { code, text });
        }
    }

    /// Its address without the query, which may hold what should not be in a log.
    pub(super) fn place(&self) -> String {
        format!("{}{}", origin(&self.url), self.url.path())
    }
}

impl Form {
    fn new<'a>(page: &Url, get: &impl Fn(&str) -> Option<&'a str>) -> Self {
        let action = get("action").and_then(|a| page.join(a.trim()).ok()).unwrap_or_else(|| page.clone());
        let mut form = Self {
            step: get("data-step").unwrap_or_default().to_owned(),
            action,
            get: !get("method").is_some_and(|m| m.trim().eq_ignore_ascii_case("post")),
            public_key: None,
            inputs: Vec::new(),
        };
        form.find_public_key(get);
        form
    }

    fn add<'a>(&mut self, element: &str, get: &impl Fn(&str) -> Option<&'a str>) {
        self.find_public_key(get);
        let Some(name) = get("name").filter(|name| !name.is_empty()) else { return };
        let kind = get("type").unwrap_or("text").to_ascii_lowercase();
        let pressed = matches!(kind.as_str(), "submit" | "button" | "image" | "reset" | "file");
        let unchecked = matches!(kind.as_str(), "checkbox" | "radio") && get("checked").is_none();
        if element == "input" && !pressed && !unchecked && get("disabled").is_none() {
            self.inputs.push((name.to_owned(), get("value").unwrap_or_default().to_owned()));
        }
    }

    fn find_public_key<'a>(&mut self, get: &impl Fn(&str) -> Option<&'a str>) {
        if self.public_key.is_none() {
            self.public_key = get("data-public-key").and_then(|json| serde_json::from_str(json).ok());
        }
    }

    /// What is sent: the page's own fields in their order, those that were filled in with their new value.
    pub(super) fn fields(&self, filled: Vec<(String, Secret)>) -> Vec<(String, Secret)> {
        let own = |name: &str| filled.iter().all(|(n, _)| n != name);
        let mut fields: Vec<_> = self
            .inputs
            .iter()
            .filter(|(n, _)| own(n))
            .map(|(n, v)| (n.clone(), Secret::new(v.as_str())))
            .collect();
        fields.extend(filled);
        fields
    }
}

/// Elements without an end.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Blanks and line ends as one blank each, and no more than a screen shows.
fn one_line(text: &str) -> String {
    let words: Vec<_> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(400).collect()
}

/// The number in `AADSTS50126`.
fn aadsts(text: &str) -> Option<u32> {
    let (_, behind) = text.split_once("AADSTS")?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Page {
        Page::read(Url::parse("https://login.example/t/authorize?secret=1").unwrap(), StatusCode::OK, html)
    }

    #[test]
    fn forms_carry_what_the_page_put_in() {
        let page = read(
            r#"<form method=POST action="../next?a=1&amp;b=2" data-step="password">
                 <input type=hidden name=ctx value="&lt;x&gt;"><input name="login" value="a@b"><input name=passwd type=password>
                 <input type=checkbox name=kmsi value=1><input type=checkbox name=on value=1 checked>
                 <input type=submit name=go value=go><input name=off disabled><input value=nameless>
               </form><input name=outside value=1>
               <form method="post" data-step="use-passkey"><button name=b>Key</button></form>"#,
        );
        let [password, other] = page.forms.as_slice() else { panic!("{page:?}") };
        assert_eq!(
            (password.step.as_str(), password.action.as_str()),
            ("password", "https://login.example/next?a=1&b=2")
        );
        let filled = vec![("passwd".to_owned(), Secret::new("pw"))];
        let fields: Vec<_> =
            password.fields(filled).iter().map(|(n, v)| format!("{n}={}", v.danger_reveal())).collect();
        assert_eq!(fields, ["ctx=<x>", "login=a@b", "on=1", "passwd=pw"]);
        assert_eq!(
            (other.step.as_str(), other.fields(Vec::new()).len(), other.get),
            ("use-passkey", 0, false)
        );
        assert_eq!(other.action, page.url);
        assert_eq!(page.error, None);
        assert_eq!(page.place(), "https://login.example/t/authorize");
    }

    #[test]
    fn the_passkey_options_stand_on_the_form_or_in_it() {
        let json = r#"{&quot;challenge&quot;:&quot;AA&quot;}"#;
        for html in [
            format!(
                r#"<form method=post data-step=passkey data-public-key="{json}"><input type=hidden name=assertion></form>"#
            ),
            format!(
                r#"<form method=post data-step=passkey><input type=hidden name=assertion data-public-key='{json}'></form>"#
            ),
            r#"<form method=post data-step=passkey><div data-public-key='{"challenge":"AA"}'></div></form>"#
                .to_owned(),
        ] {
            assert_eq!(read(&html).forms[0].public_key.as_ref().unwrap()["challenge"], "AA", "{html}");
        }
        assert!(read("<form data-step=passkey data-public-key='{'></form>").forms[0].public_key.is_none());
    }

    #[test]
    fn errors_are_found_with_number_and_words() {
        for (html, code, text) in [
            (
                r#"<div id="error" data-code="50126">AADSTS50126: wrong <b>name</b><br> or
                password.</div><p>more"#,
                Some(50126),
                "AADSTS50126: wrong name or password.",
            ),
            (r#"<p id=error>AADSTS53003: blocked"#, Some(53003), "AADSTS53003: blocked"),
            (r#"<div id=error data-code=700></div>"#, Some(700), "the page shows an error without words"),
            (r#"<div id=error>something else</div>"#, None, "something else"),
        ] {
            assert_eq!(read(html).error, Some(PageError { code, text: text.into() }), "{html}");
        }
        assert_eq!(read(r#"<div id=error hidden></div><form method=post></form>"#).error, None);
    }
}
