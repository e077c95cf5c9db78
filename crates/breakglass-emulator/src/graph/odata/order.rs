//! `$orderby`.

use crate::graph::answer::Refusal;
use serde_json::Value;

/// Sorts as asked for by one property. What the resource cannot sort by is refused.
///
/// # Errors
/// 400.
pub(crate) fn sort(items: &mut [&Value], order_by: &str, allowed: &[&str]) -> Result<(), Refusal> {
    let mut words = order_by.split_whitespace();
    let wanted = words.next().unwrap_or_default();
    let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Refusal::bad(format!("Invalid orderby clause: '{order_by}'."))),
    };
    let name = allowed.iter().find(|a| a.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        Refusal::unsupported(format!("Sorting by '{wanted}' is not supported for this resource."))
    })?;
    let key = |v: &Value| v.get(name).and_then(Value::as_str).map(str::to_lowercase);
    items.sort_by(|a, b| {
        let order = key(a).cmp(&key(b));
        if descending { order.reverse() } else { order }
    });
    Ok(())
}
