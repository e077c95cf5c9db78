//! Puts recognised objects together, and keeps account of what is missing.

mod finish;
mod helpers;
mod own;
mod parts;

pub(super) use helpers::text;

use helpers::{affected, is_json_name, kind, object_id, same_but_for_names};

use super::normalise::{self, Met};
use super::{FileProblem, FileRead, Imported, case, json, recognise, scuba};
use crate::canonical;
use crate::snapshot::{FORMAT, Snapshot, TenantInfo, collections as c};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Collects objects file by file.
pub(super) struct Builder {
    pub(super) snapshot: Snapshot,
    pub(super) problems: Vec<FileProblem>,
    read: Vec<FileRead>,
    /// Which file each object came from.
    sources: BTreeMap<(String, String), String>,
    /// Which file named the tenant.
    tenant_file: Option<String>,
    /// Names that a migration table gives to ids.
    pub(super) names: BTreeMap<String, String>,
    /// Something came from an export, whose groups and users are only those that somebody saved.
    pub(super) export: bool,
    /// Plain role assignments, which do not say when they end.
    pub(super) plain_roles: bool,
}

/// Where an object was found.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) path: &'a str,
}

/// What is known of the objects before they are looked at.
#[derive(Clone, Copy, Default)]
pub(super) struct Hint<'a> {
    /// The collection that OData or the place of the file suggests.
    pub(super) collection: Option<&'static str>,
    /// OData itself said so.
    pub(super) certain: bool,
    /// The `@odata.context` of the page.
    pub(super) context: &'a str,
}

impl Builder {
    pub(super) fn new(now: Timestamp) -> Self {
        let nobody = TenantInfo { id: String::new(), name: String::new(), cloud: "global".into() };
        Self {
            snapshot: Snapshot::new(nobody, now),
            problems: Vec::new(),
            read: Vec::new(),
            sources: BTreeMap::new(),
            tenant_file: None,
            names: BTreeMap::new(),
            export: false,
            plain_roles: false,
        }
    }

    pub(super) fn problem(&mut self, place: Place<'_>, expected: &str, found: impl Into<String>, next: &str) {
        self.problems.push(FileProblem {
            file: place.file.into(),
            line: None,
            json_path: Some(place.path.into()),
            expected: expected.into(),
            found: found.into(),
            next: next.into(),
        });
    }

    /// One file.
    pub(super) fn file(&mut self, file: &str, bytes: &[u8]) {
        let text = match json::decode_strictly(bytes) {
            Ok(text) => text,
            Err(_) if !is_json_name(file) => return self.passed_over(file),
            Err(found) => {
                return self.unreadable(file, None, "UTF-8 or UTF-16 text", found, "export the file again");
            }
        };
        let looks_like_json = text.trim_start().starts_with(['{', '[']);
        if !looks_like_json && !is_json_name(file) {
            return self.passed_over(file);
        }
        let (documents, twice) = match json::documents(&text) {
            Ok(read) => read,
            Err(broken) => {
                return self.unreadable(
                    file,
                    Some(broken.line),
                    "JSON",
                    broken.found,
                    "export the file again; it may have been cut off",
                );
            }
        };
        if documents.is_empty() {
            return self.unreadable(
                file,
                Some(1),
                "JSON",
                "an empty file".into(),
                "export the file again, or remove it",
            );
        }
        for path in &twice {
            let place = Place { file, path };
            self.problem(
                place,
                "each key once",
                "a key given twice with one of its values lost",
                "remove one of them",
            );
            self.snapshot
                .note_unread(affected(file, None), format!("{file} at {path}: a key is given twice"));
        }
        let before = self.counts();
        for (index, document) in documents.into_iter().enumerate() {
            let path = if index == 0 { "$".to_owned() } else { format!("${}", index + 1) };
            self.document(Place { file, path: &path }, document);
        }
        self.note_read(file, &before);
    }

    fn passed_over(&mut self, file: &str) {
        self.read.push(FileRead { file: file.into(), what: "not JSON, passed over".into() });
    }

    fn unreadable(&mut self, file: &str, line: Option<usize>, expected: &str, found: String, next: &str) {
        let at = line.map_or_else(String::new, |l| format!(":{l}"));
        self.snapshot
            .note_unread(affected(file, None), format!("{file}{at}: expected {expected}, found {found}"));
        self.problems.push(FileProblem {
            file: file.into(),
            line,
            json_path: None,
            expected: expected.into(),
            found,
            next: next.into(),
        });
    }

    fn counts(&self) -> BTreeMap<String, usize> {
        self.snapshot.collections.iter().map(|(k, v)| (k.clone(), v.len())).collect()
    }

    fn note_read(&mut self, file: &str, before: &BTreeMap<String, usize>) {
        let new: Vec<String> = self
            .counts()
            .into_iter()
            .filter(|(name, n)| before.get(name) != Some(n))
            .map(|(name, n)| {
                let more = n - before.get(&name).copied().unwrap_or(0);
                format!("{more} {} of {name}", if more == 1 { "object" } else { "objects" })
            })
            .collect();
        let what = if new.is_empty() { "nothing new".into() } else { new.join(", ") };
        self.read.push(FileRead { file: file.into(), what });
    }

    fn document(&mut self, place: Place<'_>, value: Value) {
        match value {
            Value::Array(items) => self.list(
                place,
                items,
                Hint { collection: recognise::by_place(place.file), ..Hint::default() },
            ),
            Value::Object(map) => self.object_document(place, map),
            other => {
                self.problem(place, "an object or a list of objects", kind(&other), "export the file again");
                self.snapshot.note_unread(
                    affected(place.file, None),
                    format!("{}: {} instead of data", place.file, kind(&other)),
                );
            }
        }
    }

    fn object_document(&mut self, place: Place<'_>, mut map: Map<String, Value>) {
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("format") == FORMAT {
            return self.own_snapshot(place, Value::Object(map));
        }
        if text("format").starts_with("breakglass-snapshot/") {
            let found = format!("format `{}`", text("format"));
            self.problem(
                place,
                &format!("format `{FORMAT}`"),
                found,
                "read it with the program version that wrote it",
            );
            return self.snapshot.note_unread(
                affected(place.file, None),
                format!("{}: a snapshot of another format", place.file),
            );
        }
        if text("schema") == case::SCHEMA {
            return self.own_case(place, &Value::Object(map));
        }
        if map.contains_key("conditional_access_policies") || map.contains_key("privileged_users") {
            self.export = true;
            return scuba::read(self, place, map);
        }
        if map.contains_key("TenantId") && map.get("Objects").is_some_and(Value::is_array) {
            return self.migration_table(place, &map);
        }
        if let Some(error) = map.get("error").filter(|e| e.is_object() || e.is_string()) {
            let code =
                error.get("code").or(Some(error)).and_then(Value::as_str).unwrap_or("no code").to_owned();
            self.problem(
                place,
                "data",
                format!("an error answer: `{code}`"),
                "repeat the request with the permission it needs",
            );
            return self.snapshot.note_unread(
                affected(place.file, None),
                format!("{}: the export holds an error answer: {code}", place.file),
            );
        }
        let page = text("@odata.context").to_owned();
        let context = recognise::by_context(&page);
        let collection = context.or_else(|| recognise::by_place(place.file));
        let hint = Hint { collection, certain: context.is_some(), context: &page };
        for key in ["value", "Value"] {
            let Some(Value::Array(_)) = map.get(key) else { continue };
            let paged =
                ["@odata.nextLink", "nextLink"].iter().any(|k| map.get(*k).is_some_and(|v| !v.is_null()));
            if paged {
                let here = collection.unwrap_or(c::POLICIES);
                self.problem(
                    place,
                    "all pages",
                    "a link to a next page that is not here",
                    "export all pages into one list",
                );
                self.snapshot.note_unread(here, format!("{}: only the first page was saved", place.file));
            }
            if let Some(Value::Array(items)) = map.remove(key) {
                return self.list(place, items, hint);
            }
        }
        self.item(place, Value::Object(map), hint);
    }

    /// A list of objects.
    pub(super) fn list(&mut self, place: Place<'_>, items: Vec<Value>, hint: Hint<'_>) {
        if items.is_empty() {
            match hint.collection {
                Some(collection) => {
                    self.snapshot.collections.entry(collection.into()).or_default();
                }
                None => self.problem(
                    place,
                    "objects",
                    "an empty list that does not say of what",
                    "name the file or its folder after the collection, for example `namedLocations.json`",
                ),
            }
        }
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{}[{index}]", place.path);
            let place = Place { file: place.file, path: &path };
            match item {
                Value::Array(inner) => self.list(place, inner, hint),
                item => self.item(place, item, hint),
            }
        }
    }

    /// One object.
    fn item(&mut self, place: Place<'_>, value: Value, hint: Hint<'_>) {
        let Value::Object(map) = &value else {
            let collection = affected(place.file, hint.collection);
            self.problem(
                place,
                "an object",
                kind(&value),
                "export the file again; an entry of it is missing",
            );
            let why = format!("{} at {}: {} instead of an object", place.file, place.path, kind(&value));
            return self.snapshot.note_unread(collection, why);
        };
        let own = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let (context, kind) = (own("@odata.context"), own("@odata.type"));
        let mut met = Met::default();
        let object = normalise::object(value, place.path, &mut met);
        let collection = kind
            .as_deref()
            .or(object.get("@odata.type").and_then(Value::as_str))
            .and_then(recognise::by_type)
            .or_else(|| context.as_deref().and_then(recognise::by_context))
            .or(if hint.certain { hint.collection } else { None })
            .or_else(|| recognise::by_shape(&object))
            .or(hint.collection);
        let Some(collection) = collection else {
            return self.unknown_object(place, &object);
        };
        let id = object.get("id").and_then(Value::as_str).unwrap_or(place.path).to_ascii_lowercase();
        for path in &met.cut {
            let next = "export again with `ConvertTo-Json -Depth 20`";
            self.problem(
                Place { file: place.file, path },
                "a value",
                "what `ConvertTo-Json` left of something deeper",
                next,
            );
            self.snapshot.note_unread(
                format!("{collection}/{id}"),
                format!("{} at {path}: cut off by the exporter", place.file),
            );
        }
        for path in &met.paged {
            let part = path.rsplit('.').next().unwrap_or_default();
            self.problem(
                Place { file: place.file, path },
                "all pages",
                "only the first page of a list",
                "export the list itself, all pages",
            );
            self.snapshot.note_unread(
                format!("{collection}/{id}/{part}"),
                format!("{} at {path}: only the first page was saved", place.file),
            );
        }
        self.export = true;
        let hints = format!("{} {} {}", kind.unwrap_or_default(), context.unwrap_or_default(), hint.context)
            .to_ascii_lowercase();
        self.add(place, collection, object, &hints);
    }

    fn unknown_object(&mut self, place: Place<'_>, object: &Value) {
        let keys: Vec<String> =
            object.as_object().into_iter().flat_map(Map::keys).take(4).map(|k| format!("`{k}`")).collect();
        let found = if keys.is_empty() {
            "an empty object".into()
        } else {
            format!("an object with {}", keys.join(", "))
        };
        let next = "put it into a folder named after its collection, for example `ConditionalAccess`, or leave it out";
        self.problem(place, "a Graph object of a known kind", found.clone(), next);
        self.snapshot.note_unread(
            format!("files/{}", place.file),
            format!("at {}: {found} is of no known kind", place.path),
        );
    }

    /// Adds an object to its collection, once.
    pub(super) fn add(&mut self, place: Place<'_>, collection: &'static str, mut object: Value, hints: &str) {
        let mut collection = collection;
        match collection {
            c::ORGANIZATION => {
                let id = text(&object, "id").or(text(&object, "tenantId")).unwrap_or_default().to_owned();
                if !self.tenant(place, &id) {
                    return;
                }
            }
            c::ROLE_ASSIGNMENTS => object = self.role(&object, hints),
            c::GROUPS => self.members(place, &mut object),
            _ => {}
        }
        if object.get("deletedDateTime").is_some_and(Value::is_string) {
            collection = match collection {
                c::USERS => c::DELETED_USERS,
                c::GROUPS => c::DELETED_GROUPS,
                c::POLICIES => c::DELETED_POLICIES,
                other => other,
            };
        }
        let id = match self.identify(place, collection, &mut object) {
            Some(id) => id,
            None => return,
        };
        let key = (collection.to_owned(), id.clone());
        let list = self.snapshot.collections.entry(collection.into()).or_default();
        if let Some(first) = self.sources.get(&key).cloned() {
            let kept = list.iter().find(|o| object_id(collection, o).as_deref() == Some(id.as_str()));
            let (same, renamed) =
                kept.map_or((false, false), |k| (*k == object, same_but_for_names(collection, k, &object)));
            if !same {
                let found = format!("`{id}` again, and different from that in {first}");
                self.problem(place, "each object once", found, "remove the older of the two files");
            }
            if !same && !renamed {
                let why = format!("it is different in {first} and in {}", place.file);
                self.snapshot.note_unread(format!("{collection}/{id}"), why);
            }
            return;
        }
        list.push(object);
        self.sources.insert(key, place.file.into());
    }

    /// The id of an object. A policy without one is a template and is named after its content.
    fn identify(&mut self, place: Place<'_>, collection: &'static str, object: &mut Value) -> Option<String> {
        if let Some(id) = object_id(collection, object) {
            return Some(id);
        }
        if collection == c::POLICIES && object.get("id").is_none() {
            let digest = canonical::digest(object).unwrap_or_default();
            let id = format!("template-{}", digest.get(7..19).unwrap_or_default());
            if let Some(map) = object.as_object_mut() {
                map.insert("id".into(), json!(id));
            }
            return Some(id);
        }
        let found = object.get("id").map_or("no `id`".to_owned(), |id| format!("`id` {id}"));
        self.problem(place, "an object with an id", found.clone(), "export the file again");
        self.snapshot.note_unread(
            affected(place.file, Some(collection)),
            format!("{} at {}: {found}", place.file, place.path),
        );
        None
    }

    /// The tenant that a file is of; false when it is another than that of the files before.
    pub(super) fn tenant(&mut self, place: Place<'_>, id: &str) -> bool {
        let id = id.trim().to_ascii_lowercase();
        if id.is_empty() || id == self.snapshot.tenant.id {
            return true;
        }
        if self.snapshot.tenant.id.is_empty() {
            self.snapshot.tenant.id = id;
            self.tenant_file = Some(place.file.into());
            return true;
        }
        let (first, file) = (self.snapshot.tenant.id.clone(), self.tenant_file.clone().unwrap_or_default());
        self.problem(
            place,
            &format!("tenant `{first}`, as in {file}"),
            format!("tenant `{id}`"),
            "read the files of one tenant at a time",
        );
        self.snapshot
            .note_unread(format!("files/{}", place.file), format!("it is of another tenant, `{id}`"));
        false
    }

    pub(super) fn finish(mut self) -> Imported {
        finish::complete(&mut self);
        Imported { snapshot: self.snapshot.seal(), problems: self.problems, read: self.read }
    }
}
