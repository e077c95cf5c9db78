//! Several records in one value.

use super::{RecordProblem, parse_record};
use crate::event::Event;
use serde_json::{Map, Value};

/// Reads every record in a value: an Event Hub message (`{"records": [...]}`), a page of Graph or of Azure Resource
/// Manager (`{"value": [...]}`), the answer of a Log Analytics query (`{"tables": [...]}`), a list of any of these, or
/// a single record. One bad record does not cost the others; its problem says which it was.
#[must_use]
pub fn parse_records(value: &Value) -> Vec<Result<Event, RecordProblem>> {
    let mut found = Vec::new();
    read(value, "", 0, &mut found);
    found
}

/// Reads a text: one JSON value, or one on each line (NDJSON, as storage accounts archive logs).
#[must_use]
pub fn parse_text(text: &str) -> Vec<Result<Event, RecordProblem>> {
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return parse_records(&value);
    }
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {}", index + 1);
        match serde_json::from_str::<Value>(line) {
            Ok(value) => read(&value, &place, 0, &mut found),
            Err(error) => found.push(Err(RecordProblem::new(place, format!("is not JSON: {error}")))),
        }
    }
    found
}

fn read(value: &Value, place: &str, depth: u8, found: &mut Vec<Result<Event, RecordProblem>>) {
    let each = |items: &[Value], place: &str, found: &mut Vec<_>| {
        for (index, item) in items.iter().enumerate() {
            read(item, &format!("{place}[{index}]"), depth + 1, found);
        }
    };
    match value {
        // A record is never a list, and no envelope lies deeper than a list of pages.
        Value::Array(items) if depth < 3 => each(items, place, found),
        Value::Object(map) => match envelope(map) {
            Some((name, items)) => each(items, &join(place, name), found),
            None => match tables(map) {
                Some(rows) => rows.iter().for_each(|(at, row)| one(row, &join(place, at), found)),
                None => one(value, place, found),
            },
        },
        _ => one(value, place, found),
    }
}

fn one(record: &Value, place: &str, found: &mut Vec<Result<Event, RecordProblem>>) {
    let event = parse_record(record);
    found.push(if place.is_empty() { event } else { event.map_err(|problem| problem.below(place)) });
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// The list that an envelope carries. A record has an operation or a time of its own and is no envelope.
fn envelope(map: &Map<String, Value>) -> Option<(&'static str, &[Value])> {
    ["records", "Records", "value"].into_iter().find_map(|name| match map.get(name) {
        Some(Value::Array(items))
            if !map.contains_key("operationName") && !map.contains_key("createdDateTime") =>
        {
            Some((name, items.as_slice()))
        }
        _ => None,
    })
}

/// Rows of a Log Analytics answer as objects, each with its place.
fn tables(map: &Map<String, Value>) -> Option<Vec<(String, Value)>> {
    let Some(Value::Array(tables)) = map.get("tables") else { return None };
    let mut found = Vec::new();
    for (t, table) in tables.iter().enumerate() {
        let list =
            |name: &str| table.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<&str> = list("columns")
            .iter()
            .map(|c| c.get("name").and_then(Value::as_str).unwrap_or_default())
            .collect();
        for (r, row) in list("rows").iter().enumerate() {
            let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
            // Log Analytics fills what it does not know with an empty text.
            let filled = names.iter().zip(cells).filter(|(_, cell)| cell.as_str() != Some(""));
            let row = filled.map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect();
            found.push((format!("tables[{t}].rows[{r}]"), Value::Object(row)));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sign_in(id: &str) -> Value {
        json!({ "id": id, "createdDateTime": "2026-03-01T10:00:00Z", "userId": "u" })
    }

    fn ids(value: &Value) -> Vec<String> {
        parse_records(value)
            .into_iter()
            .map(|r| r.map_or_else(|problem| problem.to_string(), |event| event.id))
            .collect()
    }

    #[test]
    fn every_envelope() {
        for value in [
            json!({ "records": [sign_in("1"), sign_in("2")] }),
            json!({ "@odata.context": "...", "value": [sign_in("1"), sign_in("2")] }),
            json!([sign_in("1"), { "records": [sign_in("2")] }]),
            json!({ "tables": [{ "name": "PrimaryResult",
                "columns": [{ "name": "Id" }, { "name": "CreatedDateTime" }, { "name": "UserId" }, { "name": "Status" }],
                "rows": [["1", "2026-03-01T10:00:00Z", "u", ""], ["2", "2026-03-01T10:00:00Z", "u", "{}"]] }] }),
        ] {
            assert_eq!(ids(&value), ["1", "2"], "{value}");
        }
        assert_eq!(ids(&sign_in("1")), ["1"]);
        assert!(ids(&json!({ "records": [] })).is_empty());
    }

    #[test]
    fn one_bad_record_does_not_cost_the_others() {
        let mut late = sign_in("2");
        late["createdDateTime"] = "soon".into();
        assert_eq!(
            ids(&json!({ "records": [sign_in("1"), late, 7] })),
            [
                "1",
                "`records[1].createdDateTime` is not a time: `soon`; expected RFC 3339 or `2025-01-15 08:45:30.123` (UTC)",
                "`records[2]` is not a record: expected an object, found a number",
            ]
        );
    }

    #[test]
    fn lines_of_an_archive() {
        let text = format!("{}\n\n{{\n{}\n", sign_in("1"), sign_in("2"));
        let found = parse_text(&text);
        assert_eq!(found.len(), 3);
        assert_eq!(found[1].as_ref().unwrap_err().path, "line 3");
        assert_eq!(found[2].as_ref().unwrap().id, "2");
    }
}
