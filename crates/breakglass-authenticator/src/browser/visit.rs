//! One sign-in's walk through pages: cookies, redirects, and where it may go.

use super::causes;
use super::cookies::Jar;
use super::page::{Form, Page};
use crate::origin::{is_loopback, origin};
use breakglass_model::Secret;
use breakglass_ops::port::BrowserError;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, Response, Url};

/// Redirects between two pages.
const MOST_REDIRECTS: usize = 12;
/// No page of a login is longer.
const LONGEST_PAGE: usize = 1 << 20;

/// Where a request led.
pub(super) enum Next {
    /// To the redirect address: the whole of it.
    Arrived(String),
    /// To a page.
    Page(Box<Page>),
}

/// A window that was opened for one sign-in.
pub(super) struct Visit<'a> {
    client: &'a reqwest::Client,
    plain_loopback: bool,
    redirect: Url,
    jar: Jar,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        client: &'a reqwest::Client,
        plain_loopback: bool,
        redirect_uri: &str,
    ) -> Result<Self, BrowserError> {
        let redirect = Url::parse(redirect_uri).map_err(|e| {
            BrowserError::Failed(format!("the redirect address `{redirect_uri}` cannot be used: {e}"))
        })?;
        Ok(Self { client, plain_loopback, redirect, jar: Jar::default() })
    }

    pub(super) async fn get(&mut self, url: Url) -> Result<Next, BrowserError> {
        self.walk(url, None).await
    }

    /// Sends a form with what the page put in and what was filled in.
    pub(super) async fn submit(
        &mut self,
        page: &Page,
        form: &Form,
        filled: Vec<(String, Secret)>,
    ) -> Result<Next, BrowserError> {
        if form.get {
            return Err(BrowserError::Failed(format!(
                "the form at `{}` would put its fields in an address",
                page.place()
            )));
        }
        let fields = form.fields(filled);
        self.walk(form.action.clone(), Some(fields)).await
    }

    /// Requests, follows redirects with GET, and stops at the redirect address without asking for it.
    async fn walk(
        &mut self,
        mut url: Url,
        mut form: Option<Vec<(String, Secret)>>,
    ) -> Result<Next, BrowserError> {
        for _ in 0..MOST_REDIRECTS {
            if self.is_redirect(&url) {
                return Ok(Next::Arrived(url.to_string()));
            }
            let response = self.request(&url, form.as_deref()).await?;
            let status = response.status();
            for value in response.headers().get_all(SET_COOKIE) {
                self.jar.keep(&url, &String::from_utf8_lossy(value.as_bytes()));
            }
            if !status.is_redirection() {
                return self.page(url, response).await;
            }
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| url.join(to).ok());
            let to =
                to.ok_or_else(|| self.failed(&url, format!("answered {status} without a usable address")))?;
            if form.is_some() && matches!(status.as_u16(), 307 | 308) {
                let detail = format!("asks to send the form again to `{}`, which is not done", origin(&to));
                return Err(self.failed(&url, detail));
            }
            form = None;
            url = to;
        }
        Err(self.failed(&url, format!("has not ended after {MOST_REDIRECTS} redirects")))
    }

    async fn request(&self, url: &Url, form: Option<&[(String, Secret)]>) -> Result<Response, BrowserError> {
        let plain = self.plain_loopback && url.scheme() == "http" && is_loopback(url);
        if url.scheme() != "https" && !plain {
            return Err(self.failed(url, "is not https"));
        }
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, url.clone());
        if let Some(cookies) = self.jar.header(url) {
            request = request.header(COOKIE, cookies);
        }
        if let Some(fields) = form {
            let revealed: Vec<_> =
                fields.iter().map(|(name, value)| (name.as_str(), value.danger_reveal())).collect();
            request = request.form(&revealed);
        }
        // An address may carry a code or a hint: it is not repeated.
        request
            .send()
            .await
            .map_err(|e| self.failed(url, format!("cannot be reached: {}", causes(&e.without_url()))))
    }

    async fn page(&self, url: Url, mut response: Response) -> Result<Next, BrowserError> {
        let status = response.status();
        let html =
            response.headers().get(CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|e| self.failed(&url, format!("broke off: {}", causes(&e.without_url()))))?
        {
            body.extend(chunk);
            if body.len() > LONGEST_PAGE {
                return Err(self.failed(&url, "sent a page that is too long for a login"));
            }
        }
        if !html {
            return Err(self.failed(&url, format!("answered {status} with something that is no page")));
        }
        Ok(Next::Page(Box::new(Page::read(url, status, &String::from_utf8_lossy(&body)))))
    }

    fn is_redirect(&self, url: &Url) -> bool {
        url.origin() == self.redirect.origin() && url.path() == self.redirect.path()
    }

    /// The place without its query, which may hold what should not be in a log.
    fn failed(&self, url: &Url, detail: impl std::fmt::Display) -> BrowserError {
        BrowserError::Failed(format!("`{}{}` {detail}", origin(url), url.path()))
    }
}
