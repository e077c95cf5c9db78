//! Objects by id, in the order in which they were made.

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// JSON objects, each with a text `id`. Ids are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collection {
    items: BTreeMap<u64, Value>,
    places: HashMap<String, u64>,
    next: u64,
}

impl Collection {
    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.items.get(self.places.get(&id.to_ascii_lowercase())?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.items.get_mut(self.places.get(&id.to_ascii_lowercase())?)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.places.contains_key(&id.to_ascii_lowercase())
    }

    /// Puts in an object, in the place of the one with the same `id`. An object without an `id` is not taken.
    pub(crate) fn insert(&mut self, item: Value) {
        let Some(id) = item.get("id").and_then(Value::as_str).map(str::to_ascii_lowercase) else { return };
        let place = *self.places.entry(id).or_insert(self.next);
        self.next = self.next.max(place + 1);
        self.items.insert(place, item);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        self.items.remove(&self.places.remove(&id.to_ascii_lowercase())?)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.items.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The first object whose text property has a value, without regard to case.
    pub(crate) fn find(&self, property: &str, value: &str) -> Option<&Value> {
        self.iter()
            .find(|o| o.get(property).and_then(Value::as_str).is_some_and(|v| v.eq_ignore_ascii_case(value)))
    }
}

impl FromIterator<Value> for Collection {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let mut collection = Self::default();
        items.into_iter().for_each(|item| collection.insert(item));
        collection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_of_making_and_ids_without_case() {
        let mut all: Collection =
            [json!({"id": "B"}), json!({"id": "a", "n": "x"}), json!({"no": 1})].into_iter().collect();
        all.insert(json!({"id": "b", "n": "y"}));
        let names = |c: &Collection| c.iter().map(|o| o["id"].to_string()).collect::<String>();
        assert_eq!((names(&all).as_str(), all.len()), ("\"b\"\"a\"", 2));
        assert_eq!(all.find("n", "X").unwrap()["id"], "a");
        assert!(all.get("A").is_some() && all.remove("B").is_some() && !all.contains("b"));
        all.insert(json!({"id": "c"}));
        assert_eq!(names(&all), "\"a\"\"c\"");
    }
}
