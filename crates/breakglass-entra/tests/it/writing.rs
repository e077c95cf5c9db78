//! Changes: what may be sent again, and what an answer means.

use crate::script::{Reply, Script, error, ok};
use breakglass_model::{ObjectId, Secret};
use breakglass_ops::port::{Change, NewUser, Tenant as _, TenantError};
use serde_json::{Value, json};

fn create() -> Change {
    let user = NewUser {
        upn: "ea-01@contoso.onmicrosoft.com".into(),
        display_name: "ea-01".into(),
        mail_nickname: "ea-01".into(),
    };
    Change::CreateUser(user, Secret::new("correct-horse"))
}

fn delete() -> Change {
    Change::DeleteUser(ObjectId::new("u"))
}

fn add() -> Change {
    Change::AddGroupMember { group: ObjectId::new("g"), member: ObjectId::new("u") }
}

fn disable() -> Change {
    Change::UpdateUser(ObjectId::new("u"), json!({ "accountEnabled": false }))
}

/// The first answers, then what follows; the change's result in a word, and how many requests were sent.
#[tokio::test]
async fn what_is_sent_again() {
    let created = || Reply::Json(201, json!({ "id": "u" }));
    let done = || Reply::Json(204, Value::Null);
    let throttled = || error(429, "TooManyRequests", "slow down");
    let down = || error(503, "serviceUnavailable", "down");
    let gone = || error(404, "Request_ResourceNotFound", "gone");
    let exists = || error(400, "Request_BadRequest", "One or more added object references already exist");
    let stale = || error(401, "InvalidAuthenticationToken", "expired");
    type Answers = Vec<Box<dyn Fn() -> Reply + Send + Sync>>;
    let cases: Vec<(&str, Change, Answers, &str, usize)> = vec![
        (
            "a creation that was throttled is sent again",
            create(),
            vec![Box::new(throttled), Box::new(created)],
            "ok",
            2,
        ),
        (
            "a creation whose answer was lost is not",
            create(),
            vec![Box::new(|| Reply::Reset), Box::new(created)],
            "Unavailable",
            1,
        ),
        (
            "nor one that met a server error",
            create(),
            vec![Box::new(down), Box::new(created)],
            "Unavailable",
            1,
        ),
        (
            "nor one whose answer was cut",
            create(),
            vec![Box::new(|| Reply::Truncated("{\"id\":\"u\"")), Box::new(created)],
            "Unavailable",
            1,
        ),
        ("a refused token did nothing", create(), vec![Box::new(stale), Box::new(created)], "ok", 2),
        (
            "a token that stays refused is told",
            create(),
            vec![Box::new(stale), Box::new(stale)],
            "Refused",
            2,
        ),
        ("a deletion is sent again", delete(), vec![Box::new(|| Reply::Reset), Box::new(done)], "ok", 2),
        ("and 404 then means done", delete(), vec![Box::new(down), Box::new(gone)], "ok", 2),
        ("but not at first", delete(), vec![Box::new(gone)], "NotFound", 1),
        ("nor after throttling alone", delete(), vec![Box::new(throttled), Box::new(gone)], "NotFound", 2),
        ("a member is added again", add(), vec![Box::new(|| Reply::Reset), Box::new(done)], "ok", 2),
        ("and there already then means done", add(), vec![Box::new(down), Box::new(exists)], "ok", 2),
        ("but is a conflict at first", add(), vec![Box::new(exists)], "Conflict", 1),
        (
            "a property is set again",
            disable(),
            vec![Box::new(down), Box::new(|| Reply::Reset), Box::new(done)],
            "ok",
            3,
        ),
        (
            "elevation is asked for again",
            Change::ElevateAccess,
            vec![Box::new(down), Box::new(|| ok(Value::Null))],
            "ok",
            2,
        ),
    ];
    for (name, change, answers, result, requests) in cases {
        let script = Script::new(move |seen| answers[seen.nth.min(answers.len() - 1)]()).await;
        let outcome = match script.tenant().write(&change).await {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        assert!(outcome.starts_with(result), "{name}: {outcome}");
        assert_eq!(script.seen("graph").len() + script.seen("arm").len(), requests, "{name}");
    }
}

#[tokio::test]
async fn a_change_says_what_it_made_and_goes_first_in_the_queue() {
    let script =
        Script::new(|seen| Reply::Json(201, json!({ "id": "u", "got": seen.json()["passwordProfile"] })))
            .await;
    let user = script.tenant().write(&create()).await.unwrap();
    assert_eq!(user["id"], "u");
    let seen = &script.seen("graph")[0];
    assert_eq!((seen.line.as_str(), seen.header("x-ms-throttle-priority")), ("POST /v1.0/users", "high"));
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.json()["passwordProfile"]["password"], "correct-horse");
    script.tenant().write(&add()).await.unwrap();
    let seen = script.seen("graph").pop().unwrap();
    assert_eq!(seen.json()["@odata.id"], format!("{}/v1.0/directoryObjects/u", script.origins[1]));
}

#[tokio::test]
async fn a_success_that_cannot_be_read_says_that_it_took_effect() {
    for body in ["", "<html>", "[]", r#"{"id":null}"#] {
        let script = Script::new(move |_| Reply::With(201, Vec::new(), body.into())).await;
        let failed = script.tenant().write(&create()).await.unwrap_err();
        let text = failed.to_string();
        assert!(
            matches!(failed, TenantError::Malformed { .. }) && text.contains("it took effect, but"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    // Services that repeat everything they got.
    let refusing_login = Script::with_login(|seen| match seen.at {
        "login" => error(401, "invalid_client", &format!("AADSTS7000215: {}", seen.body)),
        _ => error(400, "Bad", &seen.body),
    })
    .await;
    let refusing_graph = Script::new(|seen| error(400, "Bad", &seen.body)).await;
    for script in [refusing_login, refusing_graph] {
        let failed = script.tenant().write(&create()).await.unwrap_err();
        assert!(failed.to_string().contains('…'), "{failed}");
        for text in [
            failed.to_string(),
            format!("{failed:?}"),
            format!("{:?}", create()),
            format!("{:?}", script.client),
        ] {
            assert!(!text.contains("s3cr3t") && !text.contains("correct-horse"), "{text}");
        }
    }
}
