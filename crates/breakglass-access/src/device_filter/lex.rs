//! Characters to tokens.

use super::RuleProblem;
use std::iter::Peekable;
use std::str::Chars;

/// A token with the character, from 1, at which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    /// A text in double quotes, without them.
    Text(String),
    /// Anything else without blanks: properties, operators, `True`.
    Word(String),
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
            Self::OpenList => f.write_str("`[`"),
            Self::CloseList => f.write_str("`]`"),
            Self::Comma => f.write_str("`,`"),
            Self::Text(text) => write!(f, "the text \"{text}\""),
            Self::Word(word) => write!(f, "`{word}`"),
        }
    }
}

pub(super) fn lex(rule: &str) -> Result<Vec<Token>, RuleProblem> {
    let mut tokens = Vec::new();
    let mut chars = rule.chars().peekable();
    let mut at = 1;
    while let Some(&c) = chars.peek() {
        let start = at;
        let kind = match c {
            c if c.is_whitespace() => {
                chars.next();
                at += 1;
                continue;
            }
            '"' => quoted(&mut chars, &mut at)?,
            '(' | ')' | '[' | ']' | ',' => {
                chars.next();
                at += 1;
                match c {
                    '(' => Kind::Open,
                    ')' => Kind::Close,
                    '[' => Kind::OpenList,
                    ']' => Kind::CloseList,
                    _ => Kind::Comma,
                }
            }
            c if is_word(c) => {
                let mut word = String::new();
                while let Some(c) = chars.next_if(|c| is_word(*c)) {
                    word.push(c);
                    at += 1;
                }
                Kind::Word(word)
            }
            other => {
                let expected = "a property, an operator or a value".to_owned();
                return Err(RuleProblem { at, expected, found: format!("`{other}`") });
            }
        };
        tokens.push(Token { at: start, kind });
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// A double quote inside is written with a backslash before it; any other backslash is itself.
fn quoted(chars: &mut Peekable<Chars<'_>>, at: &mut usize) -> Result<Kind, RuleProblem> {
    let mut text = String::new();
    let mut next = |chars: &mut Peekable<Chars<'_>>| {
        *at += 1;
        chars.next()
    };
    next(chars);
    loop {
        match next(chars) {
            Some('"') => return Ok(Kind::Text(text)),
            Some('\\') if chars.peek() == Some(&'"') => {
                next(chars);
                text.push('"');
            }
            Some(c) => text.push(c),
            None => {
                let expected = "a closing double quote".to_owned();
                return Err(RuleProblem { at: *at - 1, expected, found: "the end".into() });
            }
        }
    }
}
