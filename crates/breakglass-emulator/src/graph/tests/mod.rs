//! The resources by themselves: the demo's tenant, callers of our own making, requests as they arrive.

mod directory;
mod logs;
mod passkeys;
mod policies;
mod published;
mod questions;
mod rights;

use super::*;
use crate::caller::CallerUser;
use crate::presets::Tenant;
use crate::state::{Origins, State, text};
use serde_json::Value;

const ROBIN: &str = "robin.keller@contoso.onmicrosoft.com";
const INES: &str = "ines.duarte@contoso.com";
const JONAS: &str = "jonas.weber@contoso.com";

struct Graph {
    state: State,
}

fn origins() -> Origins {
    let at = |port: u16| format!("https://localhost:{port}");
    Origins { login: at(1), graph: at(2), arm: at(3), monitor: at(4), control: at(5) }
}

fn preset(name: &str) -> Graph {
    let mut state = State::new(5);
    Tenant::find(name).unwrap().fill(&mut state).unwrap();
    Graph { state }
}

/// A token of an application with these permissions.
fn app(roles: &[&str]) -> Caller {
    Caller {
        audience: Audience::Graph,
        app_id: "11111111-1111-4111-8111-111111111111".into(),
        app_name: "automation".into(),
        service_principal: Some("22222222-2222-4222-8222-222222222222".into()),
        user: None,
        scopes: Vec::new(),
        roles: roles.iter().map(|&r| r.to_owned()).collect(),
        wids: Vec::new(),
        amr: Vec::new(),
        ip: "203.0.113.10".into(),
    }
}

/// An application that may do everything that the automation application may.
fn automation() -> Caller {
    app(crate::state::directory::AUTOMATION_ROLES)
}

impl Graph {
    fn id(&self, upn: &str) -> String {
        text(self.state.directory.user(upn).unwrap(), "id").unwrap().to_owned()
    }

    /// A delegated token of a user with these permissions.
    fn user(&self, upn: &str, scopes: &[&str]) -> Caller {
        let user = CallerUser { id: self.id(upn), upn: upn.into(), name: upn.into() };
        Caller {
            user: Some(user),
            service_principal: None,
            roles: Vec::new(),
            scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
            ..app(&[])
        }
    }

    fn try_ask(
        &mut self,
        who: &Caller,
        method: &str,
        path: &str,
        body: &Value,
        eventual: bool,
    ) -> Result<Answer, Refusal> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let options = Options::read(query, eventual)?;
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let split = request::split(path)?;
        let origins = origins();
        let request =
            Request::new(method.parse().unwrap(), split, path, options, who.clone(), &origins, body)?;
        let route = Route::find(method, &request.segments)?;
        route.allow(&request, &self.state)?;
        dispatch(route.template, &request, &mut self.state, &origins.login)
    }

    /// Status and body; of an error code and message in one line.
    fn ask(&mut self, who: &Caller, method: &str, path: &str, body: &Value) -> (u16, Value) {
        match self.try_ask(who, method, path, body, false) {
            Ok(answer) => (answer.status.as_u16(), answer.body.unwrap_or_default()),
            Err(r) => (r.status.as_u16(), Value::String(format!("{}: {}", r.code, r.message))),
        }
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.ask(&automation(), "GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The status, and the error's line.
    fn refused(&mut self, who: &Caller, method: &str, path: &str, body: &Value) -> String {
        let (status, body) = self.ask(who, method, path, body);
        format!("{status} {}", body.as_str().unwrap_or("no error"))
    }

    /// Does something that must succeed.
    fn done(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(&automation(), method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// The audit records since the tenant was filled: activity, and the name of each target.
    fn audited(&self) -> Vec<String> {
        let records = self.state.logs.audits.visible(self.state.now());
        records.map(|r| text(r, "activityDisplayName").unwrap().to_owned()).collect()
    }
}

fn names(list: &Value, property: &str) -> Vec<String> {
    list["value"].as_array().unwrap().iter().map(|o| text(o, property).unwrap_or("-").to_owned()).collect()
}
