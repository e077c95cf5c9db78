use super::*;
use crate::keys::Keys;
use crate::state::Emulated;
use serde_json::json;

const T: &str = "api-version=2022-04-01";

/// A tenant with the demo's people, and callers of its own making.
struct Azure {
    state: State,
}

fn azure() -> Azure {
    let mut state = State::new(3);
    presets::Tenant::find("demo").unwrap().fill(&mut state).unwrap();
    Azure { state }
}

fn origins() -> Origins {
    let at = |port: u16| format!("https://localhost:{port}");
    Origins { login: at(1), graph: at(2), arm: at(3), monitor: at(4), control: at(5) }
}

impl Azure {
    fn user(&self, upn: &str) -> Caller {
        let user = self.state.directory.user(upn).unwrap();
        let field = |name: &str| text(user, name).unwrap().to_owned();
        Caller {
            audience: Audience::Arm,
            app_id: "04b07795-8ddb-461a-bbee-02f9e1bf7b46".into(),
            app_name: "Microsoft Azure CLI".into(),
            service_principal: None,
            user: Some(crate::caller::CallerUser {
                id: field("id"),
                upn: upn.into(),
                name: field("displayName"),
            }),
            scopes: vec!["user_impersonation".into()],
            roles: Vec::new(),
            wids: Vec::new(),
            amr: vec!["fido".into(), "mfa".into()],
            ip: "203.0.113.10".into(),
        }
    }

    fn ask(&mut self, caller: &Caller, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, T));
        let segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        let at = segments.iter().rposition(|s| s == "providers").unwrap_or(segments.len());
        let (scope, resource) = segments.split_at(at);
        let request = Request {
            method: method.parse().unwrap(),
            scope: format!("/{}", scope.join("/")),
            resource: resource.iter().skip(1).cloned().collect(),
            path: format!("/{}", segments.join("/")),
            options: Options::read(query, false).unwrap(),
            caller: caller.clone(),
            origins: origins(),
            body: body.to_string().into_bytes(),
        };
        match dispatch(&request, &mut self.state) {
            Ok(answer) => (answer.status.as_u16(), answer.body.unwrap_or_default()),
            Err(failure) => {
                (failure.status.as_u16(), json!({ "code": failure.code, "message": failure.message }))
            }
        }
    }
}

const ROOT: &str = "/providers/Microsoft.Authorization/roleAssignments";
const ROBIN: &str = "robin.keller@contoso.onmicrosoft.com";

#[test]
fn a_global_administrator_sees_nothing_until_elevated() {
    let mut azure = azure();
    let robin = azure.user(ROBIN);
    let id = robin.id().to_owned();
    assert_eq!(azure.ask(&robin, "GET", "/subscriptions", &Value::Null), (200, json!({ "value": [] })));
    let list = format!("{ROOT}?{T}&$filter=atScope()");
    assert_eq!(azure.ask(&robin, "GET", &list, &Value::Null).1["code"], "AuthorizationFailed");

    assert_eq!(
        azure.ask(&robin, "POST", "/providers/Microsoft.Authorization/elevateAccess", &Value::Null).0,
        200
    );
    assert_eq!(
        azure.ask(&robin, "POST", "/providers/Microsoft.Authorization/elevateAccess", &Value::Null).0,
        200
    );
    let (_, seen) = azure.ask(&robin, "GET", "/subscriptions", &Value::Null);
    assert_eq!(seen["value"].as_array().unwrap().len(), 1);
    let (_, found) = azure.ask(&robin, "GET", &list, &Value::Null);
    assert_eq!(found["value"].as_array().unwrap().len(), 1, "elevating twice adds nothing");
    let assignment = &found["value"][0];
    assert_eq!(assignment["properties"]["principalId"], id.as_str());
    assert_eq!(assignment["properties"]["scope"], "/");

    let log = "/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter=eventTimestamp ge 2026-01-01";
    let since = crate::state::graph_time(clock_minute_ago(&azure.state));
    let log = log.replace("2026-01-01", &since);
    let (status, events) = azure.ask(&robin, "GET", &log, &Value::Null);
    assert_eq!((status, events["value"].as_array().unwrap().len()), (200, 2), "{events}");
    assert_eq!(events["value"][0]["operationName"]["value"], "Microsoft.Authorization/elevateAccess/action");

    let gone = text(assignment, "id").unwrap().to_owned();
    assert_eq!(azure.ask(&robin, "DELETE", &gone, &Value::Null).0, 200);
    assert_eq!(azure.ask(&robin, "GET", "/subscriptions", &Value::Null).1, json!({ "value": [] }));
    let audits: Vec<_> = azure.state.logs.audits.visible(azure.state.now()).collect();
    assert_eq!(audits.len(), 3);
    assert!(audits.iter().all(|a| a["category"] == "AzureRBACRoleManagementElevateAccess"));
}

fn clock_minute_ago(state: &State) -> jiff::Timestamp {
    crate::state::clock::add(state.now(), -jiff::SignedDuration::from_mins(1))
}

#[test]
fn only_a_present_administrator_with_a_delegated_token_elevates() {
    let mut azure = azure();
    let path = "/providers/Microsoft.Authorization/elevateAccess";
    let reader = azure.user("ines.duarte@contoso.com");
    assert_eq!(azure.ask(&reader, "POST", path, &Value::Null).0, 403);
    let mut app = azure.user(ROBIN);
    app.service_principal = app.user.take().map(|u| u.id);
    assert_eq!(azure.ask(&app, "POST", path, &Value::Null).0, 403);
}

#[test]
fn assignments_are_made_once_and_written_at_their_scope() {
    let mut azure = azure();
    let robin = azure.user(ROBIN);
    azure.ask(&robin, "POST", "/providers/Microsoft.Authorization/elevateAccess", &Value::Null);
    let subscription = format!("/subscriptions/{}", azure.state.subscription_id);
    let reader = format!(
        "{subscription}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    );
    let other = azure.user("ines.duarte@contoso.com");
    let body = json!({ "properties": { "roleDefinitionId": reader, "principalId": other.id(), "principalType": "User" } });
    let name = |n: u8| format!("{subscription}{ROOT}/b0f43c54-e787-4862-89b1-a653fa9cf7{n:02}");
    let (status, made) = azure.ask(&robin, "PUT", &name(1), &body);
    assert_eq!((status, &made["properties"]["roleDefinitionId"]), (201, &json!(reader)), "{made}");
    assert_eq!(azure.ask(&robin, "PUT", &name(1), &body).0, 200);
    let (status, error) = azure.ask(&robin, "PUT", &name(2), &body);
    assert_eq!((status, error["code"].as_str()), (409, Some("RoleAssignmentExists")));
    let nobody = json!({ "properties": { "roleDefinitionId": reader, "principalId": name(3) } });
    assert_eq!(azure.ask(&robin, "PUT", &name(3), &nobody).1["code"], "PrincipalNotFound");

    assert_eq!(
        azure.ask(&other, "GET", "/subscriptions", &Value::Null).1["value"].as_array().unwrap().len(),
        1
    );
    let list = format!("{subscription}{ROOT}?{T}&$filter=principalId eq '{}'", other.id());
    let (_, found) = azure.ask(&robin, "GET", &list, &Value::Null);
    let definitions = format!(
        "{subscription}/providers/Microsoft.Authorization/roleDefinitions?{T}&$filter=roleName eq 'Reader'"
    );
    let (_, roles) = azure.ask(&robin, "GET", &definitions, &Value::Null);
    assert_eq!(
        found["value"][0]["properties"]["roleDefinitionId"], roles["value"][0]["id"],
        "clients compare letter by letter"
    );
    assert_eq!(azure.ask(&other, "DELETE", &name(1), &Value::Null).0, 403);
    assert_eq!(azure.ask(&robin, "DELETE", &name(1), &Value::Null).0, 200);
    assert_eq!(azure.ask(&robin, "DELETE", &name(1), &Value::Null).0, 204);
}

#[test]
fn what_is_not_there_is_said_in_arms_words() {
    let mut azure = azure();
    let robin = azure.user(ROBIN);
    let (status, error) =
        azure.ask(&robin, "GET", "/subscriptions/4bcb1c1e-9f2b-4e2a-8f0e-5d0d5a0c9b11", &Value::Null);
    assert_eq!((status, error["code"].as_str()), (404, Some("SubscriptionNotFound")));
    assert_eq!(
        azure.ask(&robin, "GET", "/providers/Microsoft.Nothing/x", &Value::Null).1["code"],
        "ResourceNotFound"
    );
    assert_eq!(azure.ask(&robin, "GET", "/nothing", &Value::Null).1["code"], "InvalidResourceType");
    let (_, tenants) = azure.ask(&robin, "GET", "/tenants", &Value::Null);
    assert_eq!(tenants["value"][0]["defaultDomain"], "contoso.com");
}

#[test]
fn without_a_token_or_a_version_nothing_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let keys = Keys::load(directory.path()).unwrap();
    let shared = Emulated::new(azure().state, keys, origins());
    let ask = |uri: &str| {
        let parts = axum::http::Request::get(uri).body(()).unwrap().into_parts().0;
        answer(&shared, &parts, Vec::new()).map(|a| a.body.unwrap_or_default()).map_err(|f| f.code)
    };
    assert_eq!(ask("/subscriptions"), Err("MissingApiVersionParameter"));
    assert_eq!(ask("/subscriptions?api-version=2022-12-01"), Err("InvalidAuthenticationToken"));
    assert_eq!(
        ask("/metadata/endpoints?api-version=2022-09-01").unwrap()["authentication"]["loginEndpoint"],
        "https://localhost:1"
    );
}
