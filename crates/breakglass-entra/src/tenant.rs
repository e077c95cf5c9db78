//! The tenant behind the questions and changes of ops.

use crate::answer::{refusal, says_conflict};
use crate::client::{Answer, EntraClient, Exhausted};
use crate::endpoints::Service;
use crate::json;
use crate::outgoing::{Body, Outgoing};
use crate::pages::page;
use crate::policy::{Bucket, Safety};
use crate::token::{Purse, TokenSource};
use crate::wire::{self, Ask, Done, Gives, Missing, Order, Shape};
use async_trait::async_trait;
use breakglass_model::{ObjectId, Unread};
use breakglass_ops::port::{Change, Query, Tenant, TenantError};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Url};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A list longer than this many pages is a service that does not end, not a tenant.
const MOST_PAGES: usize = 20_000;
/// How long a beta endpoint that refused is left alone: each question costs a fifth of the reports budget.
const BETA_REST: SignedDuration = SignedDuration::from_mins(10);

/// One tenant, reached with one credential.
pub struct EntraTenant {
    client: Arc<EntraClient>,
    purse: Purse,
    beta: Mutex<Option<Gap>>,
}

#[derive(Clone)]
struct Gap {
    unread: Unread,
    since: Timestamp,
}

impl EntraTenant {
    /// The tenant of `client`, with the tokens of `source`.
    pub fn new(client: Arc<EntraClient>, source: Arc<dyn TokenSource>) -> Self {
        Self { purse: Purse::new(source), client, beta: Mutex::default() }
    }

    /// As [`EntraTenant::new`], with the token for Graph that signing in gave already.
    pub(crate) async fn with_graph_token(
        client: Arc<EntraClient>,
        source: Arc<dyn TokenSource>,
        token: crate::token::Token,
    ) -> Self {
        let tenant = Self::new(client, source);
        tenant.purse.put(Service::Graph, token).await;
        tenant
    }

    async fn send(&self, service: Service, request: Outgoing) -> Result<Answer, TenantError> {
        let mut request = request;
        let (mut renewed, mut repeated) = (false, false);
        loop {
            let token = self.purse.token(service, self.client.clock()).await?;
            request.bearer = Some(token.clone());
            let answer = self.client.exchange(&request).await.map_err(|Exhausted { attempts, detail }| {
                TenantError::Unavailable { what: request.what(), attempts, detail }
            })?;
            // A refused token did nothing, so that even a creation may be sent again with a fresh one.
            repeated |= answer.repeated;
            if answer.status == 401 && !renewed {
                self.purse.forget(service, &token).await;
                renewed = true;
                continue;
            }
            return Ok(Answer { repeated, ..answer });
        }
    }

    fn request(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: Body,
        safety: Safety,
    ) -> Result<Outgoing, TenantError> {
        let url = format!("{}{path}", self.client.endpoints().base(service));
        let url = Url::parse(&url).map_err(|e| malformed(&format!("{method} {path}"), &e.to_string()))?;
        let bucket = Bucket::of(service, url.path());
        Ok(Outgoing { method, url, body, bearer: None, bucket, safety })
    }

    async fn ask(&self, ask: &Ask) -> Result<Vec<Value>, TenantError> {
        let request = self.request(ask.service, Method::GET, &ask.path, Body::None, Safety::Read)?;
        match ask.shape {
            Shape::List(needs) => self.list(ask.service, request, needs).await,
            Shape::One(needs) => {
                let what = request.what();
                let answer = self.send(ask.service, request).await?;
                if answer.status == 404 && ask.missing == Missing::None {
                    return Ok(Vec::new());
                }
                let body = success(&what, answer)?;
                let mut json = json::parse(&body).map_err(|e| malformed(&what, &e))?;
                let object = json::object(&json, "$").map_err(|e| malformed(&what, &e))?;
                for key in needs {
                    json::text(object, "$", key).map_err(|e| malformed(&what, &e))?;
                }
                if let Some(map) = json.as_object_mut() {
                    map.remove("@odata.context");
                }
                Ok(vec![json])
            }
        }
    }

    /// All pages or an error: a list that stops early is never passed on.
    async fn list(
        &self,
        service: Service,
        first: Outgoing,
        needs: &[&str],
    ) -> Result<Vec<Value>, TenantError> {
        let what = first.what();
        let bucket = first.bucket;
        let mut seen: HashSet<Url> = HashSet::from([first.url.clone()]);
        let mut items = Vec::new();
        let mut request = first;
        loop {
            let answer = self.send(service, request).await?;
            let nth = seen.len();
            let wrong = |detail: &str| malformed(&what, &format!("page {nth}: {detail}"));
            let found = page(&success(&what, answer)?, needs).map_err(|e| wrong(&e))?;
            items.extend(found.items);
            let Some(link) = found.next else { return Ok(items) };
            let next =
                Url::parse(&link).map_err(|e| wrong(&format!("the link to the next page is no URL: {e}")))?;
            if !self.client.endpoints().leads_back(service, &next) {
                let origin = next.origin().ascii_serialization();
                return Err(wrong(&format!(
                    "the link to the next page leads to `{origin}`, where the token must not go"
                )));
            }
            if !seen.insert(next.clone()) {
                return Err(wrong("the link to the next page leads to a page that was read already"));
            }
            if seen.len() > MOST_PAGES {
                return Err(wrong("the list does not end"));
            }
            request = Outgoing {
                method: Method::GET,
                url: next,
                body: Body::None,
                bearer: None,
                bucket,
                safety: Safety::Read,
            };
        }
    }

    /// All sign-ins from beta, which alone has those without a person and the methods of the others. While beta refuses, the
    /// interactive ones from v1.0, and a gap. One question where beta answers: reports have five requests in ten
    /// seconds.
    async fn sign_ins(
        &self,
        since: Timestamp,
        user: Option<&ObjectId>,
        interactive: &Ask,
    ) -> Result<Vec<Value>, TenantError> {
        let now = self.client.clock().now();
        if self.beta_gap().is_none_or(|gap| now.duration_since(gap.since).abs() >= BETA_REST) {
            match self.ask(&wire::beta_sign_ins(since, user)).await {
                Ok(records) => {
                    self.set_beta_gap(None);
                    return Ok(records);
                }
                Err(error) => {
                    let what = "signIns/nonInteractiveUser".to_owned();
                    let why = format!(
                        "sign-ins without a person, and the methods of the others, were not read: {error}"
                    );
                    self.set_beta_gap(Some(Gap { unread: Unread { what, why }, since: now }));
                }
            }
        }
        self.ask(interactive).await
    }

    fn beta_gap(&self) -> Option<Gap> {
        self.beta.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_beta_gap(&self, gap: Option<Gap>) {
        *self.beta.lock().unwrap_or_else(PoisonError::into_inner) = gap;
    }

    async fn carry_out(&self, order: Order) -> Result<Value, TenantError> {
        let Order { service, method, path, body, safety, gives, done } = order;
        let request = self.request(service, method, &path, body, safety)?;
        let what = request.what();
        let answer = self.send(service, request).await?;
        let is_success = (200..300).contains(&answer.status);
        let took_effect = answer.repeated
            && match done {
                Done::Success => false,
                Done::Gone => answer.status == 404,
                Done::There => says_conflict(&answer),
            };
        if took_effect {
            return Ok(Value::Null);
        }
        if !is_success {
            return Err(refusal(what, &answer));
        }
        if gives == Gives::Nothing {
            return Ok(Value::Null);
        }
        let unclear =
            |e: String| malformed(&what, &format!("it took effect, but {e}; read before trying again"));
        let object = json::parse(&answer.body).map_err(unclear)?;
        json::object(&object, "$").and_then(|map| json::text(map, "$", "id")).map_err(unclear)?;
        Ok(object)
    }
}

#[async_trait]
impl Tenant for EntraTenant {
    fn describe(&self) -> String {
        let endpoints = self.client.endpoints();
        format!(
            "{} at {} and {}, as {}",
            self.client.tenant(),
            endpoints.base(Service::Graph),
            endpoints.base(Service::Arm),
            self.purse.describe()
        )
    }

    async fn read(&self, query: &Query) -> Result<Vec<Value>, TenantError> {
        let ask = wire::ask(query)?;
        match query {
            Query::SignIns { since, user } => self.sign_ins(*since, user.as_ref(), &ask).await,
            Query::AzureRootAssignments(principal) => {
                let found = self.ask(&ask).await?;
                Ok(found.into_iter().filter(|a| is_at_root(a, principal.as_ref())).collect())
            }
            _ => self.ask(&ask).await,
        }
    }

    async fn write(&self, change: &Change) -> Result<Value, TenantError> {
        self.carry_out(wire::order(change, self.client.endpoints().base(Service::Graph))?).await
    }

    fn gaps(&self) -> Vec<Unread> {
        self.beta_gap().map(|gap| gap.unread).into_iter().collect()
    }
}

fn success(what: &str, answer: Answer) -> Result<Vec<u8>, TenantError> {
    if answer.status == 200 { Ok(answer.body) } else { Err(refusal(what.to_owned(), &answer)) }
}

/// An assignment whose scope cannot be read counts as one at root: rather one too many than one unseen.
fn is_at_root(assignment: &Value, principal: Option<&ObjectId>) -> bool {
    let text = |key: &str| assignment.pointer(&format!("/properties/{key}")).and_then(Value::as_str);
    text("scope").is_none_or(|scope| scope == "/")
        && principal.is_none_or(|wanted| text("principalId").is_some_and(|p| ObjectId::new(p) == *wanted))
}

fn malformed(what: &str, detail: &str) -> TenantError {
    TenantError::Malformed { what: what.to_owned(), detail: detail.to_owned() }
}
