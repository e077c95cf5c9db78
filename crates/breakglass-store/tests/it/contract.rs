//! What every [`Documents`] promises. An adapter's tests call [`documents`] with an empty store of theirs.

use breakglass_ops::port::{Documents, StoreError};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The whole contract against an empty store.
pub(crate) async fn documents(store: Arc<dyn Documents>) {
    versions_count_from_one(&*store).await;
    a_stale_writer_is_told(&*store).await;
    lists_are_in_key_order_and_of_one_kind(&*store).await;
    any_value_comes_back(&*store).await;
    one_of_many_writers_wins(store).await;
}

async fn versions_count_from_one(store: &dyn Documents) {
    assert_eq!(store.get("a", "x").await.unwrap(), None);
    for version in 1..=3_u64 {
        let value = json!({ "n": version });
        assert_eq!(store.put("a", "x", &value, None).await.unwrap(), version);
        assert_eq!(store.get("a", "x").await.unwrap(), Some((version, value)));
    }
    store.delete("a", "x").await.unwrap();
    store.delete("a", "x").await.unwrap();
    assert_eq!(store.get("a", "x").await.unwrap(), None);
    assert_eq!(store.put("a", "x", &Value::Null, Some(0)).await.unwrap(), 1);
    assert_eq!(store.get("a", "x").await.unwrap(), Some((1, Value::Null)), "null is a document");
    store.delete("a", "x").await.unwrap();
}

async fn a_stale_writer_is_told(store: &dyn Documents) {
    let put = |expected| async move { store.put("b", "x", &json!(expected), expected).await };
    let stale = |result: Result<u64, StoreError>| match result {
        Err(StoreError::Stale { kind, key, expected, found }) => {
            assert_eq!((kind.as_str(), key.as_str()), ("b", "x"));
            (expected, found)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(stale(put(Some(1)).await), (1, 0));
    assert_eq!(put(Some(0)).await.unwrap(), 1);
    assert_eq!(stale(put(Some(0)).await), (0, 1));
    assert_eq!(put(Some(1)).await.unwrap(), 2);
    assert_eq!(stale(put(Some(1)).await), (1, 2));
    assert_eq!(stale(put(Some(u64::MAX)).await), (u64::MAX, 2));
    assert_eq!(
        store.get("b", "x").await.unwrap(),
        Some((2, json!(1))),
        "what was refused left nothing behind"
    );
}

async fn lists_are_in_key_order_and_of_one_kind(store: &dyn Documents) {
    let keys = ["b", "a/2", "a/10", "", "ä", "B", "a'; DROP TABLE document; --", "a%", "z\n"];
    for key in keys {
        store.put("list", key, &json!({ "key": key }), None).await.unwrap();
    }
    store.put("list2", "c", &json!(1), None).await.unwrap();
    let mut expected: Vec<_> = keys.iter().map(|k| ((*k).to_owned(), json!({ "key": k }))).collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(store.list("list").await.unwrap(), expected);
    assert_eq!(store.list("lis").await.unwrap(), []);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}|[\\x00-\\x1f]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

async fn any_value_comes_back(store: &dyn Documents) {
    // The runner of proptest is not async: values are drawn first and stored below.
    let mut runner = TestRunner::deterministic();
    let drawn: Vec<Value> = (0..64).map(|_| value().new_tree(&mut runner).unwrap().current()).collect();
    let mut expected = BTreeMap::new();
    for (n, value) in drawn.into_iter().enumerate() {
        store.put("any", &n.to_string(), &value, None).await.unwrap();
        expected.insert(n.to_string(), value);
    }
    assert_eq!(store.list("any").await.unwrap(), expected.into_iter().collect::<Vec<_>>());
}

/// Many tasks each add one to a number, trying again when they are stale: none is lost.
async fn one_of_many_writers_wins(store: Arc<dyn Documents>) {
    let add = |store: Arc<dyn Documents>| async move {
        let mut tries = 0;
        loop {
            tries += 1;
            let (version, value) = store.get("race", "n").await.unwrap().unwrap_or((0, json!(0)));
            let next = json!(value.as_u64().unwrap() + 1);
            match store.put("race", "n", &next, Some(version)).await {
                Ok(_) => return tries,
                Err(StoreError::Stale { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    };
    let tasks: Vec<_> = (0..24).map(|_| tokio::spawn(add(store.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.get("race", "n").await.unwrap(), Some((24, json!(24))));
}
