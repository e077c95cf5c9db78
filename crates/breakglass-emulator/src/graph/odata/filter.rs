//! `$filter`: from text to a tree. What a resource does not document is refused when the tree is used ([`super::set`]).

use super::lexer::{Token, tokens};
use crate::graph::answer::Refusal;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Path, Operator, Literal),
    In(Path, Vec<Literal>),
    /// `startsWith`, `endsWith`, `contains`.
    Function(Operator, Path, String),
    /// `path/any(x: ...)`; without a body: is there any.
    Any(Path, Option<(String, Box<Expr>)>),
    /// `isof('microsoft.graph.x')`, by the type's short name.
    IsOf(String),
}

/// A property path, `a/b`, or a lambda's variable with or without a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) Vec<String>);

/// Operators and functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    In,
    StartsWith,
    EndsWith,
    Contains,
    Any,
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    /// Anything without quotes: a time, a number, a GUID, an enumeration's word.
    Bare(String),
    Bool(bool),
    Null,
}

impl Operator {
    fn comparison(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }

    fn function(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "startswith" => Self::StartsWith,
            "endswith" => Self::EndsWith,
            "contains" => Self::Contains,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// Reads a filter.
///
/// # Errors
/// 400 `Invalid filter clause` with what is wrong and where.
pub(crate) fn parse(filter: &str) -> Result<Expr, Refusal> {
    let mut reader = Reader { text: filter, tokens: tokens(filter)?, at: 0, depth: 0 };
    let expr = reader.or()?;
    if reader.at < reader.tokens.len() {
        return Err(reader.error());
    }
    Ok(expr)
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

/// Deeper filters are refused: nobody writes them, and reading is recursive.
const DEEPEST: usize = 60;

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(t, _)| t)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(keyword));
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Refusal> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        Err(self.error())
    }

    fn error(&self) -> Refusal {
        let at = self.tokens.get(self.at).map_or(self.text.len(), |(_, at)| *at);
        Refusal::bad(format!("Invalid filter clause: Syntax error at position {at} in '{}'.", self.text))
    }

    fn or(&mut self) -> Result<Expr, Refusal> {
        let mut left = self.and()?;
        while self.keyword("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Refusal> {
        let mut left = self.unary()?;
        while self.keyword("and") {
            left = Expr::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal::bad("Invalid filter clause: The node count limit has been exceeded."));
        }
        let expr = if self.keyword("not") {
            Expr::Not(Box::new(self.unary()?))
        } else if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn condition(&mut self) -> Result<Expr, Refusal> {
        let Some(Token::Word(word)) = self.next() else {
            self.at = self.at.saturating_sub(1);
            return Err(self.error());
        };
        if self.peek() == Some(&Token::Open) {
            self.at += 1;
            return self.call(&word);
        }
        let path = Path::read(&word);
        let Some(Token::Word(operator)) = self.next() else {
            self.at = self.at.saturating_sub(1);
            return Err(self.error());
        };
        if operator.eq_ignore_ascii_case("in") {
            self.expect(&Token::Open)?;
            let mut values = vec![self.literal()?];
            while self.peek() == Some(&Token::Comma) {
                self.at += 1;
                values.push(self.literal()?);
            }
            self.expect(&Token::Close)?;
            return Ok(Expr::In(path, values));
        }
        let Some(operator) = Operator::comparison(&operator) else {
            self.at = self.at.saturating_sub(1);
            return Err(self.error());
        };
        Ok(Expr::Compare(path, operator, self.literal()?))
    }

    fn call(&mut self, word: &str) -> Result<Expr, Refusal> {
        if word.eq_ignore_ascii_case("isof") {
            let Some(Token::Text(kind)) = self.next() else { return Err(self.error()) };
            self.expect(&Token::Close)?;
            return Ok(Expr::IsOf(kind.trim_start_matches("microsoft.graph.").to_owned()));
        }
        if let Some(function) = Operator::function(word) {
            let Some(Token::Word(path)) = self.next() else { return Err(self.error()) };
            self.expect(&Token::Comma)?;
            let Some(Token::Text(text)) = self.next() else { return Err(self.error()) };
            self.expect(&Token::Close)?;
            // Some clients write `startswith(x,'y') eq true`.
            if self.keyword("eq") && !self.keyword("true") {
                return Err(self.error());
            }
            return Ok(Expr::Function(function, Path::read(&path), text));
        }
        let mut path = Path::read(word);
        if path.0.pop().is_none_or(|last| !last.eq_ignore_ascii_case("any")) || path.0.is_empty() {
            return Err(Refusal::bad(format!(
                "Invalid filter clause: An unknown function with name '{word}' was found."
            )));
        }
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            return Ok(Expr::Any(path, None));
        }
        let Some(Token::Word(variable)) = self.next() else { return Err(self.error()) };
        self.expect(&Token::Colon)?;
        let body = self.or()?;
        self.expect(&Token::Close)?;
        Ok(Expr::Any(path, Some((variable, Box::new(body)))))
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => Ok(match word.to_ascii_lowercase().as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => Literal::Null,
                _ => Literal::Bare(word),
            }),
            _ => {
                self.at = self.at.saturating_sub(1);
                Err(self.error())
            }
        }
    }
}

impl Path {
    fn read(word: &str) -> Self {
        Self(word.split('/').map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_real_clients_are_read() {
        for filter in [
            "userPrincipalName eq 'a@b' and startswith(displayName,'N')",
            "servicePrincipalNames/any(c:c eq 'APPID')",
            "createdDateTime ge 2026-11-21T12:51:22Z and userId eq 'u' and signInEventTypes/any(t: t eq 'nonInteractiveUser')",
            "(a eq 1 or not (b ne null)) and c in ('x', 'y')",
            "scopeId eq '/' and scopeType eq 'DirectoryRole'",
            "isof('microsoft.graph.countryNamedLocation')",
            "targetResources/any(t:t/id eq 'x' and startswith(t/displayName,'y'))",
            "groupTypes/any()",
        ] {
            parse(filter).unwrap_or_else(|r| panic!("{filter}: {}", r.message));
        }
        let expr = parse("a eq 'x' or b eq true and c ge 5").unwrap();
        assert!(matches!(expr, Expr::Or(_, right) if matches!(*right, Expr::And(..))), "and binds first");
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = "(".repeat(200) + "a eq 1" + &")".repeat(200);
        for filter in [
            "",
            "a",
            "a eq",
            "a is 1",
            "a eq 'x' b",
            "eq 'x'",
            "f(a)",
            "a/any(x eq 1)",
            "a in x",
            "(a eq 1",
            &deep,
        ] {
            assert!(parse(filter).is_err(), "{filter}");
        }
    }
}
