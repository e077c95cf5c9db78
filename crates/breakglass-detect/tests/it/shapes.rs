//! The same record in the shapes that people have.

use serde_json::{Map, Value, json};

/// The record as diagnostic settings write it, as a collector copies that, and as Log Analytics answers.
pub(crate) fn all(record: &Value) -> Vec<(&'static str, Value)> {
    if record.get("eventTimestamp").is_some() {
        // Azure Resource Manager's events have another shape in Event Hubs, without the id; only the table keeps it.
        return vec![("AzureActivity table", activity_row(record))];
    }
    let category = match record.get("activityDateTime") {
        Some(_) => "AuditLogs",
        None if record["isInteractive"] == json!(false) => "NonInteractiveUserSignInLogs",
        None => "SignInLogs",
    };
    let envelope = envelope(record, category);
    vec![
        ("diagnostic settings", envelope.clone()),
        ("all keys of the envelope in lower case", lower(&envelope)),
        ("properties as a text", with(&envelope, "properties", record.to_string().into())),
        ("Log Analytics row", row(record, category)),
    ]
}

fn envelope(record: &Value, category: &str) -> Value {
    let operation = record.get("activityDisplayName").cloned().unwrap_or_else(|| "Sign-in activity".into());
    // Sign-ins have their own address; an audit has the one of the user, if a user did it.
    let ip = record.pointer("/initiatedBy/user/ipAddress").cloned().unwrap_or_default();
    json!({
        "time": "2026-03-05T00:00:00.0000000Z", "resourceId": "/tenants/t/providers/Microsoft.aadiam",
        "operationName": operation, "operationVersion": "1.0", "category": category, "tenantId": "t", "durationMs": 0,
        "resultSignature": "None", "callerIpAddress": ip, "correlationId": "envelope", "Level": "4",
        "properties": record,
    })
}

fn lower(envelope: &Value) -> Value {
    map(envelope, |key, value| (key.to_lowercase(), value.clone()))
}

fn with(value: &Value, key: &str, new: Value) -> Value {
    let mut value = value.clone();
    value[key] = new;
    value
}

/// Pascal case, objects and lists as JSON in texts, nulls left out.
fn row(record: &Value, category: &str) -> Value {
    let mut row = map(record, |key, value| (pascal(key), stringly(value)));
    let is_audit = category == "AuditLogs";
    row["Type"] = if is_audit { "AuditLogs" } else { "SigninLogs" }.into();
    row["TimeGenerated"] = "2026-03-05T00:00:00Z".into();
    if is_audit {
        row["OperationName"] = record["activityDisplayName"].clone();
    } else {
        row["Category"] = category.into();
        row["IPAddress"] = row["IpAddress"].take();
        row["LocationDetails"] = row["Location"].take();
        row["Location"] = "NO".into();
        row["ResultType"] =
            record["status"]["errorCode"].as_i64().map_or(Value::Null, |c| c.to_string().into());
    }
    row
}

fn activity_row(record: &Value) -> Value {
    let text = |pointer: &str| record.pointer(pointer).cloned().unwrap_or_default();
    json!({
        "Type": "AzureActivity", "TimeGenerated": record["eventTimestamp"], "EventDataId": record["eventDataId"],
        "CorrelationId": record["correlationId"], "Caller": record["caller"], "Level": record["level"],
        "OperationNameValue": text("/operationName/value").as_str().unwrap().to_uppercase(),
        "OperationName": "words for people", "ActivityStatusValue": text("/status/value"),
        "CategoryValue": "Administrative", "_ResourceId": record["resourceId"],
        "Authorization": record["authorization"].to_string(), "Claims": record["claims"].to_string(),
        "CallerIpAddress": text("/httpRequest/clientIpAddress"), "Properties": record["properties"].to_string(),
    })
}

fn stringly(value: &Value) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) => value.to_string().into(),
        other => other.clone(),
    }
}

fn pascal(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn map(value: &Value, change: impl Fn(&str, &Value) -> (String, Value)) -> Value {
    let object: Map<String, Value> =
        value.as_object().unwrap().iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| change(k, v)).collect();
    Value::Object(object)
}
