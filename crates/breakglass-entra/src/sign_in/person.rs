//! A person's browser: prints the address and waits at the redirect address.

use async_trait::async_trait;
use breakglass_ops::port::{Browser, BrowserError, Clock};
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The longest request that is read; an authorization code is one or two kilobytes.
const LONGEST: usize = 32 << 10;

const DONE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>breakglass</title>\
<p>The sign-in is back at breakglass. You can close this page.</p></html>";

/// Says the address to a person and waits for the redirect on the loopback port.
pub struct PersonBrowser {
    clock: Arc<dyn Clock>,
    patience: Duration,
    say: Box<dyn Fn(&str) + Send + Sync>,
}

impl PersonBrowser {
    /// Prints to stderr and waits ten minutes.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, patience: Duration::from_secs(600), say: Box::new(|line| eprintln!("{line}")) }
    }

    /// Says the address in another way.
    #[must_use]
    pub fn saying(mut self, say: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.say = Box::new(say);
        self
    }

    /// Waits for another time.
    #[must_use]
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

#[async_trait]
impl Browser for PersonBrowser {
    async fn sign_in(&self, authorize_url: &str, redirect_uri: &str) -> Result<String, BrowserError> {
        let failed = |detail: String| BrowserError::Failed(detail);
        let redirect = Url::parse(redirect_uri)
            .map_err(|e| failed(format!("redirect address `{redirect_uri}`: {e}")))?;
        let port = redirect.port_or_known_default().unwrap_or(80);
        // A redirect that does not carry our `state` is somebody else's and does not end the waiting.
        let state = Url::parse(authorize_url).ok().and_then(|url| {
            url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned())
        });
        let first = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(|e| failed(format!("cannot listen for the redirect on 127.0.0.1:{port}: {e}")))?;
        // `localhost` is either of the two; a machine without IPv6 has the first alone.
        let second = TcpListener::bind(("::1", port)).await.ok();
        (self.say)(&format!(
            "Open this address in a private browser window and sign in:\n\n  {authorize_url}\n"
        ));
        let (found, mut back) = mpsc::channel(1);
        let expect = Arc::new(Expected { redirect, state });
        let listening = async {
            tokio::join!(serve(&first, &expect, &found), async {
                if let Some(second) = &second {
                    serve(second, &expect, &found).await;
                }
            })
        };
        tokio::select! {
            Some(address) = back.recv() => Ok(address),
            () = self.clock.sleep(self.patience) => {
                Err(failed(format!("nobody came back from the login within {} s", self.patience.as_secs())))
            }
            _ = listening => Err(failed("the loopback listener ended".into())),
        }
    }
}

struct Expected {
    redirect: Url,
    state: Option<String>,
}

impl Expected {
    /// The full redirect address of a request, when it is the one waited for.
    fn address(&self, target: &str) -> Option<String> {
        let url = self.redirect.join(target).ok()?;
        let has = |name: &str| url.query_pairs().any(|(key, _)| key == name);
        let ours = self
            .state
            .as_ref()
            .is_none_or(|s| url.query_pairs().any(|(k, v)| k == "state" && v == s.as_str()));
        let same = url.origin() == self.redirect.origin() && url.path() == self.redirect.path();
        (same && ours && (has("code") || has("error"))).then(|| url.to_string())
    }
}

async fn serve(listener: &TcpListener, expect: &Arc<Expected>, found: &mpsc::Sender<String>) {
    loop {
        // A browser opens connections ahead and says nothing on them: each has its own task.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, expect.clone(), found.clone()));
        }
    }
}

async fn answer(mut stream: TcpStream, expect: Arc<Expected>, found: mpsc::Sender<String>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|w| w == b"\r\n\r\n") && head.len() < LONGEST {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    let line = String::from_utf8_lossy(&head);
    let target =
        line.strip_prefix("GET ").and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let address = expect.address(target);
    let (status, page) = if address.is_some() { ("200 OK", DONE) } else { ("404 Not Found", "") };
    let reply = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         content-security-policy: default-src 'none'\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    // The person sees the page or not; the code has arrived either way.
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
    if let Some(address) = address {
        let _ = found.send(address).await;
    }
}
