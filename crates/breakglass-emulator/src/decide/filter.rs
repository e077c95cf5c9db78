//! The rule language of device and application filters (`CONDITIONAL_ACCESS` 1.6).

use super::{Holds, same};
use serde_json::Value;

/// What is known about a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It has no value: positive comparisons are false, negative ones true (F-1).
    Nothing,
    /// It has a value that Entra does not show for this device: positive comparisons are false, of negative ones nothing
    /// is written (F-3).
    Withheld,
    Text(String),
    List(Vec<String>),
    Unknown,
}

impl Found {
    /// From JSON; null and absent are no value (F-2).
    pub(super) fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::String(text)) => Self::Text(text.clone()),
            Some(Value::Bool(yes)) => Self::Text(yes.to_string()),
            Some(Value::Number(number)) => Self::Text(number.to_string()),
            Some(Value::Array(items)) => {
                Self::List(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Some(Value::Object(_)) => Self::Unknown,
        }
    }
}

/// Whether a rule holds. A rule that cannot be read is unknown.
pub(super) fn holds(rule: &str, lookup: &dyn Fn(&str) -> Found) -> Holds {
    let Some(tokens) = tokens(rule) else { return Holds::Unknown };
    let mut reader = Reader { tokens: &tokens, at: 0, lookup };
    let answer = reader.any();
    if reader.at == tokens.len() { answer.unwrap_or(Holds::Unknown) } else { Holds::Unknown }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Mark(char),
    Word(String),
    Quoted(String),
}

fn tokens(rule: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut chars = rule.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' | ')' | '[' | ']' | ',' => found.push(Token::Mark(c)),
            '"' | '\'' => {
                let mut text = String::new();
                loop {
                    match chars.next()? {
                        '`' => text.push(chars.next()?),
                        end if end == c => break,
                        other => text.push(other),
                    }
                }
                found.push(Token::Quoted(text));
            }
            first => {
                let mut word = String::from(first);
                while let Some(&next) = chars.peek() {
                    if next.is_whitespace() || "()[],\"'".contains(next) {
                        break;
                    }
                    word.push(next);
                    chars.next();
                }
                found.push(Token::Word(word));
            }
        }
    }
    Some(found)
}

/// Reads and evaluates in one go. `None`: this is not the language.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    lookup: &'a dyn Fn(&str) -> Found,
}

impl Reader<'_> {
    fn any(&mut self) -> Option<Holds> {
        let mut answer = self.all()?;
        while self.takes_word("or") {
            answer = answer.or(self.all()?);
        }
        Some(answer)
    }

    fn all(&mut self) -> Option<Holds> {
        let mut answer = self.one()?;
        while self.takes_word("and") {
            answer = answer.and(self.one()?);
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<Holds> {
        if self.takes_word("not") {
            return self.one().map(Holds::not);
        }
        if self.takes(&Token::Mark('(')) {
            let answer = self.any()?;
            return self.takes(&Token::Mark(')')).then_some(answer);
        }
        let Token::Word(property) = self.next()? else { return None };
        let Token::Word(operator) = self.next()? else { return None };
        let operator = operator.trim_start_matches('-').to_ascii_lowercase();
        let values = self.values()?;
        compare(&(self.lookup)(&property.to_ascii_lowercase()), &operator, &values)
    }

    /// One value or a bracketed list; `None` inside is `null`.
    fn values(&mut self) -> Option<Vec<Option<String>>> {
        if !self.takes(&Token::Mark('[')) {
            return Some(vec![self.value()?]);
        }
        let mut values = Vec::new();
        while !self.takes(&Token::Mark(']')) {
            values.push(self.value()?);
            self.takes(&Token::Mark(','));
        }
        Some(values)
    }

    fn value(&mut self) -> Option<Option<String>> {
        match self.next()? {
            Token::Quoted(text) => Some(Some(text)),
            Token::Word(word) if same(&word, "null") => Some(None),
            Token::Word(word) => Some(Some(word)),
            Token::Mark(_) => None,
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        Some(token)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let here = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(here);
        here
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let here =
            matches!(self.tokens.get(self.at), Some(Token::Word(w)) if same(w.trim_start_matches('-'), word));
        self.at += usize::from(here);
        here
    }
}

/// One comparison. `None`: no such operator.
fn compare(found: &Found, operator: &str, values: &[Option<String>]) -> Option<Holds> {
    let (positive, negated) = match operator {
        "eq" | "equals" => ("eq", false),
        "ne" | "notequals" => ("eq", true),
        "startswith" => ("startswith", false),
        "notstartswith" => ("startswith", true),
        "endswith" => ("endswith", false),
        "notendswith" => ("endswith", true),
        "contains" => ("contains", false),
        "notcontains" => ("contains", true),
        "in" => ("in", false),
        "notin" => ("in", true),
        _ => return None,
    };
    let one = |text: &str, list: bool| {
        let text = text.to_lowercase();
        values.iter().flatten().map(|v| v.to_lowercase()).any(|value| match positive {
            "startswith" => text.starts_with(&value),
            "endswith" => text.ends_with(&value),
            // F-4: part of a text, but a whole element of a collection.
            "contains" if !list => text.contains(&value),
            _ => text == value,
        })
    };
    let asks_for_null = values.contains(&None);
    let holds: Holds = match found {
        Found::Unknown => return Some(Holds::Unknown),
        Found::Withheld => return Some(if negated { Holds::Unknown } else { Holds::No }),
        Found::Nothing => asks_for_null.into(),
        Found::Text(text) => one(text, false).into(),
        Found::List(items) => items.iter().any(|i| one(i, true)).into(),
    };
    Some(if negated { holds.not() } else { holds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_of_the_field() {
        let lookup = |property: &str| match property {
            "device.model" => Found::Text("Surface Pro".into()),
            "device.iscompliant" => Found::Text("true".into()),
            "device.systemlabels" => Found::List(vec!["MultiUser".into()]),
            "device.extensionattribute1" => Found::Withheld,
            "device.deviceid" => Found::Unknown,
            _ => Found::Nothing,
        };
        for (rule, expect) in [
            ("device.isCompliant -eq True", Holds::Yes),
            ("device.model -startsWith \"surface\"", Holds::Yes),
            ("device.model -contains 'Pro' -and device.isCompliant -ne True", Holds::No),
            ("device.systemLabels -contains \"Multi\"", Holds::No),
            ("device.systemLabels -contains \"MultiUser\"", Holds::Yes),
            ("device.x -eq \"a\" -or device.x -ne \"a\"", Holds::Yes),
            ("device.x -eq null", Holds::Yes),
            ("device.model in [\"a\", \"Surface Pro\"]", Holds::Yes),
            ("-not (device.model -in [\"a\"])", Holds::Yes),
            ("device.x -eq \"a\" -and device.x -eq \"a\" -or device.isCompliant -eq true", Holds::Yes),
            ("device.extensionAttribute1 -eq \"SAW\"", Holds::No),
            ("device.extensionAttribute1 -ne \"SAW\"", Holds::Unknown),
            ("device.deviceId -eq \"x\" -and device.x -eq \"a\"", Holds::No),
            ("device.deviceId -eq \"x\" -or device.x -eq \"a\"", Holds::Unknown),
            ("device.model -match \"x\"", Holds::Unknown),
            ("device.model -eq \"x", Holds::Unknown),
            ("(device.model -eq \"x\"", Holds::Unknown),
            ("device.model -eq \"x\" device.model", Holds::Unknown),
            ("", Holds::Unknown),
            ("device.model -eq \"Sur`face Pro\"", Holds::Yes),
        ] {
            assert_eq!(holds(rule, &lookup), expect, "{rule}");
        }
    }

    proptest! {
        /// Whatever is written there, it is read to its end or unknown, and negation turns the answer round.
        #[test]
        fn any_text_has_an_answer(rule in "([a-z. ]|-eq|-or|-and|-not|\\(|\\)|\"|`|\\[|\\]|,|device\\.x){0,24}") {
            let answer = holds(&rule, &|_| Found::Text("a".into()));
            let negated = holds(&format!("-not ({rule})"), &|_| Found::Text("a".into()));
            if answer != Holds::Unknown {
                prop_assert_eq!(negated, answer.not());
            }
        }
    }
}
