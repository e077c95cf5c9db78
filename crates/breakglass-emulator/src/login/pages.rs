//! The login's pages: HTML from the server, one main form each, a little script for the passkey.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

/// Where the forms of a sign-in lead, and the secret that they carry.
pub(super) struct Place<'a> {
    pub(super) tenant: &'a str,
    pub(super) id: &'a str,
}

type Error<'a> = Option<(u32, &'a str)>;

/// Asks who it is.
pub(super) fn user_name(place: &Place<'_>, typed: &str, error: Error<'_>) -> Response {
    let form = place.form(
        "username",
        "",
        &format!(
            r#"<label for="login">User name</label>
<input id="login" name="login" type="email" value="{}" autocomplete="username webauthn" autofocus required>
<button type="submit">Next</button>"#,
            escape(typed)
        ),
    );
    let other = place.form(
        "use-passkey",
        "",
        r#"<button type="submit" class="quiet">Sign in with a passkey</button>"#,
    );
    page("Sign in", &format!("{}{form}{other}", said(error)))
}

/// Asks for the password; a passkey is offered instead.
pub(super) fn password(place: &Place<'_>, user: &str, error: Error<'_>) -> Response {
    let form = place.form(
        "password",
        "",
        &format!(
            r#"<p class="who">{}</p>
<label for="passwd">Password</label>
<input id="passwd" name="passwd" type="password" autocomplete="current-password" autofocus required>
<button type="submit">Sign in</button>"#,
            escape(user)
        ),
    );
    let other = place.form(
        "use-passkey",
        "",
        r#"<button type="submit" class="quiet">Use a passkey instead</button>"#,
    );
    page("Enter password", &format!("{}{form}{other}", said(error)))
}

/// Asks for the passkey.
pub(super) fn passkey(place: &Place<'_>, user: &str, options: &Value, error: Error<'_>) -> Response {
    let attribute = format!(r#" data-public-key="{}""#, escape(&options.to_string()));
    let form = place.form(
        "passkey",
        &attribute,
        &format!(
            r#"<p class="who">{}</p>
<p>Use your security key: touch it, and enter its PIN when asked.</p>
<input type="hidden" name="assertion" value="">
<button type="button" id="sign">Use security key</button>
<p id="trouble" role="alert"></p>"#,
            escape(user)
        ),
    );
    page("Face, fingerprint, PIN or security key", &format!("{}{form}<script>{SCRIPT}</script>", said(error)))
}

/// The end of a sign-in that failed.
pub(super) fn failure(code: u32, sentence: &str, correlation_id: &str) -> Response {
    let title = match code {
        53_000..=53_005 => "You cannot access this right now",
        _ => "The sign-in did not work",
    };
    let mut body = said(Some((code, sentence)));
    if !correlation_id.is_empty() {
        body.push_str(&format!(
            r#"<dl><dt>Error code</dt><dd>{code}</dd><dt>Correlation id</dt><dd id="correlation-id">{}</dd></dl>"#,
            escape(correlation_id)
        ));
    }
    page(title, &body)
}

/// The end of a sign-in that has no client to go back to.
pub(super) fn done(words: &str) -> Response {
    page("Signed in", &format!("<p>{}</p>", escape(words)))
}

/// Asks for the code that a device shows.
pub(super) fn device(tenant: &str, error: Option<&str>) -> Response {
    let words = error.map(|e| format!("AADSTS70019: {e}."));
    let body = format!(
        r#"{}<form method="post" action="/{}/oauth2/deviceauth" data-step="device-code">
<label for="otc">Code</label><input id="otc" name="otc" autocomplete="off" autofocus required>
<button type="submit">Next</button></form>"#,
        said(words.as_deref().map(|w| (70_019, w))),
        escape(tenant)
    );
    page("Enter code", &body)
}

/// Where clients without a redirect address of their own are sent: they read the address.
pub(super) async fn native_client() -> Response {
    done("The client reads this page's address. You can close it.")
}

impl Place<'_> {
    fn form(&self, step: &str, attributes: &str, inside: &str) -> String {
        format!(
            r#"<form method="post" action="/{}/login/{step}" data-step="{step}"{attributes}>
<input type="hidden" name="ctx" value="{}">
{inside}
</form>
"#,
            escape(self.tenant),
            escape(self.id)
        )
    }
}

fn said(error: Error<'_>) -> String {
    error.map_or_else(String::new, |(code, words)| {
        format!("<div id=\"error\" role=\"alert\" data-code=\"{code}\">{}</div>\n", escape(words))
    })
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}</style></head>
<body><main><p class="banner">Emulated tenant, not Microsoft Entra</p><h1>{title}</h1>
{body}</main></body></html>
"#
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    (StatusCode::OK, headers, html).into_response()
}

/// Text inside HTML or an attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

const STYLE: &str = "
:root { color-scheme: light dark; --line: light-dark(#c8ccd2, #444b55); --mark: light-dark(#0b5cad, #7ab8f5); }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
  background: light-dark(#f3f5f7, #15181c); color: light-dark(#1c2127, #e6e9ed); }
main { width: min(24rem, 88vw); padding: 2rem; background: light-dark(#fff, #1e2329); border: 1px solid var(--line);
  border-radius: .5rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; margin-bottom: .25rem; }
input:not([type=hidden]) { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; color: inherit;
  background: light-dark(#fff, #15181c); border: 1px solid var(--line); border-radius: .25rem; }
button { margin-top: 1rem; padding: .5rem 1.25rem; font: inherit; border-radius: .25rem; border: 1px solid var(--mark);
  background: var(--mark); color: light-dark(#fff, #10141a); cursor: pointer; }
button.quiet { background: none; color: var(--mark); }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
#error { margin-bottom: 1rem; padding: .75rem; border-left: .25rem solid light-dark(#b3261e, #f2867f);
  background: light-dark(#fdecea, #38201f); overflow-wrap: anywhere; }
.who { font-weight: 600; overflow-wrap: anywhere; } .banner { margin: 0 0 1rem; font-size: .8rem; opacity: .75; }
dl { font-size: .85rem; overflow-wrap: anywhere; } dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
";

/// Asks the browser for the passkey and sends its answer.
const SCRIPT: &str = r#"
const form = document.querySelector('form[data-step="passkey"]');
const toBytes = t => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const toText = b => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
async function sign() {
  const asked = JSON.parse(form.dataset.publicKey);
  asked.challenge = toBytes(asked.challenge);
  asked.allowCredentials = asked.allowCredentials.map(c => ({ ...c, id: toBytes(c.id) }));
  const made = await navigator.credentials.get({ publicKey: asked });
  const r = made.response;
  form.assertion.value = JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response: {
    clientDataJSON: toText(r.clientDataJSON), authenticatorData: toText(r.authenticatorData),
    signature: toText(r.signature), userHandle: r.userHandle ? toText(r.userHandle) : null } });
  form.submit();
}
const say = e => { document.getElementById('trouble').textContent = e.message; };
document.getElementById('sign').addEventListener('click', () => sign().catch(say));
"#;

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_typed_becomes_markup() {
        assert_eq!(escape(r#"<a b="c" d='e'>&"#), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    }
}
