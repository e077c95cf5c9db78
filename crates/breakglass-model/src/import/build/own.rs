//! Files that are no Graph objects: our own snapshots and cases, and migration tables.

use super::{Builder, Place, affected, text};
use crate::import::case;
use crate::snapshot::{Snapshot, TenantInfo};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Builder {
    pub(super) fn own_snapshot(&mut self, place: Place<'_>, value: Value) {
        let snapshot: Snapshot = match serde_json::from_value(value) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let error = error.to_string();
                let error = error.split(", expected").next().unwrap_or_default();
                self.problem(
                    place,
                    "a whole `breakglass-snapshot/1`",
                    error,
                    "collect again with `breakglass collect`",
                );
                return self
                    .snapshot
                    .note_unread(affected(place.file, None), format!("{}: {error}", place.file));
            }
        };
        if !snapshot.digest.is_empty() && !snapshot.is_intact() {
            let next = "collect again; if you changed it on purpose, remove its `digest`";
            self.problem(
                place,
                "contents that match `digest`",
                "a snapshot that was changed after it was sealed",
                next,
            );
            return self.snapshot.note_unread(
                affected(place.file, None),
                format!("{}: its digest does not match its contents", place.file),
            );
        }
        if !self.tenant(place, &snapshot.tenant.id) {
            return;
        }
        self.snapshot.taken_at = snapshot.taken_at;
        let id = self.snapshot.tenant.id.clone();
        self.snapshot.tenant = TenantInfo { id, ..snapshot.tenant };
        for unread in snapshot.unread {
            self.snapshot.note_unread(unread.what, unread.why);
        }
        self.whole(place, snapshot.collections);
    }

    pub(super) fn own_case(&mut self, place: Place<'_>, value: &Value) {
        match case::tenant_of_case(value, self.snapshot.taken_at) {
            Ok(snapshot) => self.whole(place, snapshot.collections),
            Err((path, found)) => {
                self.problem(
                    Place { file: place.file, path: &path },
                    "a tenant as `breakglass-ca-case/1` has it",
                    found.clone(),
                    "compare it with the description of the case format",
                );
                self.snapshot
                    .note_unread(affected(place.file, None), format!("{} at {path}: {found}", place.file));
            }
        }
    }

    /// Collections that are already in our form, from a snapshot or a case.
    fn whole(&mut self, place: Place<'_>, collections: BTreeMap<String, Vec<Value>>) {
        for (name, objects) in collections {
            if self.snapshot.collections.contains_key(&name) {
                let found = format!("collection `{name}` again");
                self.problem(place, "one snapshot", found, "give one snapshot, or files that do not overlap");
                self.snapshot
                    .note_unread(name.clone(), format!("it is in {} as well as in another file", place.file));
                continue;
            }
            self.snapshot.set(&name, objects);
        }
    }

    /// IntuneManagement's list of names for ids.
    pub(super) fn migration_table(&mut self, place: Place<'_>, map: &Map<String, Value>) {
        let tenant = map.get("TenantId").and_then(Value::as_str).unwrap_or_default();
        if !self.tenant(place, tenant) {
            return;
        }
        for object in map.get("Objects").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(id), Some(name), Some("Group")) =
                (text(object, "Id"), text(object, "DisplayName"), text(object, "Type"))
            {
                self.names.insert(id.to_ascii_lowercase(), name.to_owned());
            }
        }
    }
}
