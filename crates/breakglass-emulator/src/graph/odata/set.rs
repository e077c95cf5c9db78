//! One collection as Graph shows it: what may be asked of it, and the answer.

use super::filter::{Expr, Literal, Operator, Path, parse};
use super::matches::meets;
use super::options::Options;
use super::order;
use crate::graph::answer::{Answer, Refusal};
use crate::graph::request::Request;
use crate::graph::schema::{Property, Schema};
use crate::state::State;
use serde_json::{Map, Value, json};

/// A navigation property that can be expanded: its name, and how to find it for an object. The function is told what stands in
/// parentheses behind the name.
pub(crate) type Expand = (&'static str, fn(&State, &Value, &str) -> Value);

/// A property that can be filtered by, as a path, with the operators that are documented for it.
pub(crate) type Filterable = (&'static str, &'static [Operator]);

/// How a collection is cut into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// All at once.
    Whole,
    /// Pages of the first number, at most of the second.
    Pages(usize, usize),
    /// The same, for logs that are shown newest first: the link counts from the oldest record, so that records which arrive in
    /// between neither repeat nor hide any.
    Log(usize, usize),
}

/// What a collection allows.
#[derive(Clone, Copy)]
pub(crate) struct Set {
    /// The type of its objects.
    pub(crate) kind: &'static str,
    /// Properties that are shown unless others are selected; none means all.
    pub(crate) default: &'static [&'static str],
    pub(crate) filter: &'static [Filterable],
    pub(crate) order: &'static [&'static str],
    pub(crate) expand: &'static [Expand],
    pub(crate) paging: Paging,
    /// The directory's rule: `ne`, `not` and `endsWith` need `ConsistencyLevel: eventual` and `$count=true`.
    pub(crate) directory: bool,
}

impl Set {
    /// A collection of which nothing more can be asked.
    pub(crate) const fn plain(kind: &'static str) -> Self {
        Self {
            kind,
            default: &[],
            filter: &[],
            order: &[],
            expand: &[],
            paging: Paging::Whole,
            directory: false,
        }
    }

    /// The page of `items` that was asked for; `context` is the set's name in `@odata.context`.
    ///
    /// # Errors
    /// 400 for what the collection does not support.
    pub(crate) fn list<'a>(
        &self,
        request: &Request,
        state: &State,
        context: &str,
        items: impl Iterator<Item = &'a Value>,
    ) -> Result<Answer, Refusal> {
        let options = &request.options;
        let schema = Schema::of(request.version, self.kind);
        let mut items: Vec<&Value> = items.collect();
        if let Some(filter) = &options.filter {
            let expr = parse(filter)?;
            self.check(schema, &expr, options)?;
            items.retain(|item| meets(item, &expr, &mut Vec::new()));
        }
        if let Some(order_by) = &options.order_by {
            order::sort(&mut items, order_by, self.order)?;
        }
        let total = items.len();
        let (page, next) = self.page(options, items)?;
        let projection = Projection::new(self, schema, options)?;
        let value: Vec<Value> = page
            .into_iter()
            .map(|item| self.expanded(state, options, projection.show(item), item))
            .collect::<Result<_, _>>()?;
        let mut body = Map::new();
        body.insert("@odata.context".into(), request.context(context, &projection.suffix(), false).into());
        if options.count && (!self.directory || options.eventual) {
            body.insert("@odata.count".into(), total.into());
        }
        if let Some(at) = next {
            body.insert("@odata.nextLink".into(), request.here(&options.next(at)).into());
        }
        body.insert("value".into(), Value::Array(value));
        Ok(Answer::ok(Value::Object(body)))
    }

    /// One object.
    ///
    /// # Errors
    /// 400 for what the collection does not support.
    pub(crate) fn one(
        &self,
        request: &Request,
        state: &State,
        context: &str,
        item: &Value,
    ) -> Result<Answer, Refusal> {
        self.object(request, state, context, item).map(Answer::ok)
    }

    /// One object's JSON, with its context.
    ///
    /// # Errors
    /// 400 for what the collection does not support.
    pub(crate) fn object(
        &self,
        request: &Request,
        state: &State,
        context: &str,
        item: &Value,
    ) -> Result<Value, Refusal> {
        let projection = Projection::new(self, Schema::of(request.version, self.kind), &request.options)?;
        let shown = self.expanded(state, &request.options, projection.show(item), item)?;
        let mut body = Map::new();
        body.insert("@odata.context".into(), request.context(context, &projection.suffix(), true).into());
        if let Value::Object(map) = shown {
            body.extend(map);
        }
        Ok(Value::Object(body))
    }

    fn expanded(
        &self,
        state: &State,
        options: &Options,
        mut shown: Value,
        item: &Value,
    ) -> Result<Value, Refusal> {
        for part in parts(options.expand.as_deref().unwrap_or_default()) {
            let (name, inner) = part.split_once('(').unwrap_or((part, ""));
            let found = self.expand.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.trim()));
            let Some((name, expand)) = found else {
                return Err(self.unknown("Parsing OData Select and Expand failed", name));
            };
            if let Some(map) = shown.as_object_mut() {
                map.insert((*name).to_owned(), expand(state, item, inner.trim_end_matches(')')));
            }
        }
        Ok(shown)
    }

    fn page<'a>(
        &self,
        options: &Options,
        items: Vec<&'a Value>,
    ) -> Result<(Vec<&'a Value>, Option<usize>), Refusal> {
        let (size, most) = match self.paging {
            Paging::Whole => {
                return Ok((items.into_iter().take(options.top.unwrap_or(usize::MAX)).collect(), None));
            }
            Paging::Pages(size, most) | Paging::Log(size, most) => (size, most),
        };
        if options.top.is_some_and(|top| top > most) {
            return Err(Refusal::bad(format!(
                "Invalid page size specified: '{}'. Must be between 1 and {most} inclusive.",
                options.top.unwrap_or_default()
            )));
        }
        let size = options.top.unwrap_or(size);
        let total = items.len();
        let from_end = matches!(self.paging, Paging::Log(..));
        let start = match options.skip_token {
            Some(at) if from_end => total.saturating_sub(at),
            Some(at) => at,
            None => 0,
        };
        let end = start.saturating_add(size);
        let next = (end < total).then_some(if from_end { total.saturating_sub(end) } else { end });
        Ok((items.into_iter().skip(start).take(size).collect(), next))
    }

    fn unknown(&self, place: &str, name: &str) -> Refusal {
        Refusal::bad(format!(
            "{place}: Could not find a property named '{}' on type 'microsoft.graph.{}'.",
            name.trim(),
            self.kind
        ))
    }

    fn check(&self, schema: &Schema, expr: &Expr, options: &Options) -> Result<(), Refusal> {
        Check { set: self, schema, options, bound: Vec::new() }.expr(expr)
    }
}

/// Whether a filter asks only for what is documented.
struct Check<'a> {
    set: &'a Set,
    schema: &'a Schema,
    options: &'a Options,
    /// Variable, the path of its collection, and the property that the collection is.
    bound: Vec<(&'a str, String, Property)>,
}

impl<'a> Check<'a> {
    fn expr(&mut self, expr: &'a Expr) -> Result<(), Refusal> {
        match expr {
            Expr::And(a, b) | Expr::Or(a, b) => {
                self.expr(a)?;
                self.expr(b)
            }
            Expr::Not(inner) => {
                self.advanced("not")?;
                self.expr(inner)
            }
            Expr::Compare(path, operator, literal) => {
                let property = self.leaf(path, *operator)?;
                self.fits(property, literal)
            }
            Expr::In(path, literals) => {
                let property = self.leaf(path, Operator::In)?;
                literals.iter().try_for_each(|l| self.fits(property, l))
            }
            Expr::Function(function, path, _) => self.leaf(path, *function).map(drop),
            Expr::Any(path, None) => self.leaf(path, Operator::Any).map(drop),
            Expr::Any(path, Some((variable, body))) => {
                let (full, property) = self.resolve(path)?;
                self.bound.push((variable, full, property));
                self.expr(body)?;
                self.bound.pop();
                Ok(())
            }
            Expr::IsOf(kind) => {
                if self.schema.is_a(kind, self.set.kind) {
                    return Ok(());
                }
                Err(Refusal::bad(format!(
                    "Invalid filter clause: The type 'microsoft.graph.{kind}' is not defined in the model."
                )))
            }
        }
    }

    fn advanced(&self, operator: &str) -> Result<(), Refusal> {
        let ready = self.options.eventual && (self.options.count || self.options.skip_token.is_some());
        if !self.set.directory || ready || self.options.skip_token.is_some() {
            return Ok(());
        }
        Err(Refusal::unsupported(format!(
            "Operator '{operator}' is not supported because the 'ConsistencyLevel:eventual' header is missing. Refer to https://aka.ms/graph-docs/advanced-queries for more information"
        )))
    }

    fn leaf(&self, path: &Path, operator: Operator) -> Result<Property, Refusal> {
        let (full, property) = self.resolve(path)?;
        let spec = self.set.filter.iter().find(|(name, _)| name.eq_ignore_ascii_case(&full));
        if !spec.is_some_and(|(_, operators)| operators.contains(&operator)) {
            return Err(Refusal::unsupported(format!(
                "Unsupported or invalid query filter clause specified for property '{full}' of resource '{}'.",
                self.set.kind
            )));
        }
        match operator {
            Operator::Ne => self.advanced("ne")?,
            Operator::EndsWith => self.advanced("endsWith")?,
            _ => {}
        }
        Ok(property)
    }

    /// The full path and the property at its end.
    fn resolve(&self, path: &Path) -> Result<(String, Property), Refusal> {
        let unknown = |name: &str| self.set.unknown("Invalid filter clause", name);
        let (first, rest) = path.0.split_first().ok_or_else(|| unknown(""))?;
        let bound = self.bound.iter().rev().find(|(variable, ..)| variable == first);
        let (mut full, mut property) = match bound {
            Some((_, full, property)) => (full.clone(), *property),
            None => {
                let property = self.schema.property(self.set.kind, first).ok_or_else(|| unknown(first))?;
                (property.name.to_owned(), property)
            }
        };
        for name in rest {
            property = self.schema.property(property.kind, name).ok_or_else(|| unknown(name))?;
            full = format!("{full}/{}", property.name);
        }
        Ok((full, property))
    }

    fn fits(&self, property: Property, literal: &Literal) -> Result<(), Refusal> {
        let fits = match (property.kind, literal) {
            (_, Literal::Null) => true,
            ("Boolean", literal) => matches!(literal, Literal::Bool(_)),
            ("DateTimeOffset", Literal::Bare(text)) => super::matches::time(text).is_some(),
            ("Int32" | "Int64" | "Double", Literal::Bare(text)) => text.parse::<f64>().is_ok(),
            ("String", Literal::Text(_)) => true,
            ("Guid", Literal::Text(_) | Literal::Bare(_)) => true,
            (kind, Literal::Text(text)) => {
                self.schema.members(kind).is_some_and(|m| m.iter().any(|m| m.eq_ignore_ascii_case(text)))
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(Refusal::bad(format!(
            "Invalid filter clause: A binary operator with incompatible types was detected. The value does not fit property '{}' of type '{}'.",
            property.name, property.kind
        )))
    }
}

/// What of an object is shown.
struct Projection {
    /// Selected properties; `None` shows the default.
    select: Option<Vec<String>>,
    default: &'static [&'static str],
    kind: &'static str,
    schema: &'static Schema,
}

impl Projection {
    fn new(set: &Set, schema: &'static Schema, options: &Options) -> Result<Self, Refusal> {
        let kinds: &[&str] =
            if set.kind == "directoryObject" { &["user", "group", "servicePrincipal"] } else { &[] };
        let mut select = None;
        if let Some(text) = options.select.as_deref().filter(|t| !t.trim().is_empty() && t.trim() != "*") {
            let names = text.split(',').map(str::trim).map(|name| {
                let mut all = std::iter::once(&set.kind).chain(kinds);
                all.find_map(|k| schema.property(k, name).or_else(|| schema.navigation(k, name)))
                    .map(|p| p.name.to_owned())
                    // Types outside the metadata (licences) show what their objects have.
                    .or_else(|| (!schema.has(set.kind)).then(|| name.to_owned()))
                    .ok_or_else(|| set.unknown("Parsing OData Select and Expand failed", name))
            });
            select = Some(names.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self { select, default: set.default, kind: set.kind, schema })
    }

    fn suffix(&self) -> String {
        self.select.as_ref().map(|names| format!("({})", names.join(","))).unwrap_or_default()
    }

    fn show(&self, item: &Value) -> Value {
        let Some(map) = item.as_object() else { return item.clone() };
        let declared = map.get("@odata.type").and_then(Value::as_str);
        let own_kind = declared.and_then(|t| t.rsplit('.').next()).unwrap_or(self.kind);
        let mut out = Map::new();
        if let Some(declared) = declared.filter(|_| own_kind != self.kind) {
            out.insert("@odata.type".into(), declared.into());
        }
        let mut take = |name: &str| {
            let property = self.schema.property(own_kind, name);
            if let Some(value) = map.get(name) {
                out.insert(name.to_owned(), value.clone());
            } else if let Some(property) = property {
                out.insert(name.to_owned(), property.absent());
            }
        };
        let default: &[&str] = match own_kind {
            "user" if self.kind == "directoryObject" => crate::graph::users::DEFAULT,
            "group" if self.kind == "directoryObject" => crate::graph::groups::DEFAULT,
            _ => self.default,
        };
        match &self.select {
            Some(names) => names.iter().for_each(|name| take(name)),
            None if default.is_empty() => {
                return self.schema.strip(own_kind, &json_without_type(item, out));
            }
            None => default.iter().for_each(|name| take(name)),
        }
        self.schema.strip(own_kind, &Value::Object(out))
    }
}

/// The whole object behind what is in `head`, with `@odata.type` only where `head` has it.
fn json_without_type(item: &Value, mut head: Map<String, Value>) -> Value {
    for (key, value) in item.as_object().into_iter().flatten().filter(|(key, _)| *key != "@odata.type") {
        head.insert(key.clone(), value.clone());
    }
    json!(head)
}

/// The parts of an `$expand`, cut at commas outside of parentheses.
fn parts(expand: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in expand.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(expand.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(expand.get(start..));
    parts.retain(|p| !p.trim().is_empty());
    parts
}
