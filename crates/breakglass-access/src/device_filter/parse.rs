//! Tokens to a rule.

use super::lex::{Kind, Token, lex};
use super::{Comparison, Expr, Literal, MAX_LENGTH, Operator, Rule, RuleProblem, Test};
use std::vec::IntoIter;

/// Deepest nesting that is read; nobody writes more, and the stack is not endless.
const MAX_DEPTH: usize = 64;

/// What a comparison may be, given where its property begins; the error says what would be.
pub(super) type Check = fn(&Comparison, usize) -> Result<(), RuleProblem>;

pub(super) fn parse(text: &str, namespace: &'static str, check: Check) -> Result<Rule, RuleProblem> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        let expected = format!("no more than {MAX_LENGTH} characters");
        return Err(RuleProblem { at: MAX_LENGTH + 1, expected, found: format!("{length}") });
    }
    let mut parser = Parser { tokens: lex(text)?.into_iter(), next: None, end: length + 1, namespace, check };
    parser.advance();
    let root = parser.or(0)?;
    match parser.next.take() {
        None => Ok(Rule { root }),
        Some(token) => Err(problem(token.at, "`-and`, `-or` or the end", &token.kind.to_string())),
    }
}

struct Parser {
    tokens: IntoIter<Token>,
    next: Option<Token>,
    end: usize,
    namespace: &'static str,
    check: Check,
}

fn problem(at: usize, expected: &str, found: &str) -> RuleProblem {
    RuleProblem { at, expected: expected.into(), found: found.into() }
}

impl Parser {
    fn advance(&mut self) -> Option<Token> {
        let next = self.tokens.next();
        std::mem::replace(&mut self.next, next)
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, RuleProblem> {
        Err(match &self.next {
            Some(token) => problem(token.at, expected, &token.kind.to_string()),
            None => problem(self.end, expected, "the end"),
        })
    }

    /// Takes the next token when it is this word, with or without its hyphen.
    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.next, Some(Token { kind: Kind::Word(found), .. }) if bare(found).eq_ignore_ascii_case(word));
        if found {
            self.advance();
        }
        found
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.next.as_ref().is_some_and(|t| t.kind == *kind);
        if found {
            self.advance();
        }
        found
    }

    fn or(&mut self, depth: usize) -> Result<Expr, RuleProblem> {
        let mut parts = vec![self.and(depth)?];
        while self.take_word("or") {
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, RuleProblem> {
        let mut parts = vec![self.not(depth)?];
        while self.take_word("and") {
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Expr::And))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, RuleProblem> {
        if depth > MAX_DEPTH {
            return self.wrong(&format!("no more than {MAX_DEPTH} levels"));
        }
        if self.take_word("not") {
            return Ok(Expr::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take(&Kind::Open) {
            let inner = self.or(depth + 1)?;
            return if self.take(&Kind::Close) { Ok(inner) } else { self.wrong("`)`, `-and` or `-or`") };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, RuleProblem> {
        let (at, property) = self.property()?;
        let operator = self.operator()?;
        let value = self.value()?;
        let comparison = Comparison { property, operator, value };
        (self.check)(&comparison, at)?;
        Ok(Expr::Is(comparison))
    }

    fn property(&mut self) -> Result<(usize, String), RuleProblem> {
        let expected = format!("`{}.` and a property, `-not` or `(`", self.namespace);
        if let Some(Token { at, kind: Kind::Word(word) }) = &self.next
            && let Some((namespace, property)) = word.split_once('.')
            && namespace.eq_ignore_ascii_case(self.namespace)
            && !property.is_empty()
        {
            let found = (*at, property.to_owned());
            self.advance();
            return Ok(found);
        }
        self.wrong(&expected)
    }

    fn operator(&mut self) -> Result<Operator, RuleProblem> {
        let expected = "an operator such as `-eq`, `-ne`, `-startsWith`, `-contains`, `-in`";
        let Some(Token { kind: Kind::Word(word), .. }) = &self.next else { return self.wrong(expected) };
        let (test, negative) = match bare(word).to_ascii_lowercase().as_str() {
            "eq" | "equals" => (Test::Equals, false),
            "ne" | "notequals" => (Test::Equals, true),
            "startswith" => (Test::StartsWith, false),
            "notstartswith" => (Test::StartsWith, true),
            "endswith" => (Test::EndsWith, false),
            "notendswith" => (Test::EndsWith, true),
            "contains" => (Test::Contains, false),
            "notcontains" => (Test::Contains, true),
            "in" => (Test::In, false),
            "notin" => (Test::In, true),
            _ => return self.wrong(expected),
        };
        self.advance();
        Ok(Operator { test, negative })
    }

    fn value(&mut self) -> Result<Literal, RuleProblem> {
        let expected = "a text in double quotes, a list in brackets, `true`, `false` or `null`";
        let literal = match &self.next {
            Some(Token { kind: Kind::Text(text), .. }) => Literal::Text(text.clone()),
            Some(Token { kind: Kind::OpenList, .. }) => {
                self.advance();
                return self.list();
            }
            Some(Token { kind: Kind::Word(word), .. }) => match word.to_ascii_lowercase().as_str() {
                "true" => Literal::Flag(true),
                "false" => Literal::Flag(false),
                "null" => Literal::Null,
                _ => return self.wrong(expected),
            },
            _ => return self.wrong(expected),
        };
        self.advance();
        Ok(literal)
    }

    fn list(&mut self) -> Result<Literal, RuleProblem> {
        let mut items = Vec::new();
        loop {
            let Some(Token { kind: Kind::Text(text), .. }) = &self.next else {
                return self.wrong("a text in double quotes");
            };
            items.push(text.clone());
            self.advance();
            if self.take(&Kind::CloseList) {
                return Ok(Literal::List(items));
            }
            if !self.take(&Kind::Comma) {
                return self.wrong("`,` or `]`");
            }
        }
    }
}

fn bare(word: &str) -> &str {
    word.strip_prefix('-').unwrap_or(word)
}

fn one_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(one) if parts.is_empty() => one,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}
