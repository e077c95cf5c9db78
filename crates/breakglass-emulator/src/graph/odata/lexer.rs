//! The words of a `$filter`.

use crate::graph::answer::Refusal;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A property path, an operator, a function or a literal without quotes.
    Word(String),
    /// A text, its doubled apostrophes undone.
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

/// Cuts a filter into words, each with its place in the text.
///
/// # Errors
/// 400 for a text that does not end.
pub(crate) fn tokens(filter: &str) -> Result<Vec<(Token, usize)>, Refusal> {
    let mut out = Vec::new();
    let mut chars = filter.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '\'' => {
                let mut text = String::new();
                loop {
                    match chars.next() {
                        Some((_, '\'')) if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                            chars.next();
                            text.push('\'');
                        }
                        Some((_, '\'')) => break,
                        Some((_, c)) => text.push(c),
                        None => {
                            return Err(Refusal::bad(format!(
                                "Invalid filter clause: There is an unterminated string literal at position {} in '{filter}'.",
                                filter.len()
                            )));
                        }
                    }
                }
                Token::Text(text)
            }
            // Times contain colons; only the one after a lambda's variable stands alone.
            ':' => Token::Colon,
            first => {
                let mut word = String::from(first);
                while let Some((_, c)) = chars.peek().copied() {
                    let in_time = c == ':' && word.starts_with(|d: char| d.is_ascii_digit());
                    if c.is_whitespace() || matches!(c, '(' | ')' | ',' | '\'') || (c == ':' && !in_time) {
                        break;
                    }
                    word.push(c);
                    chars.next();
                }
                Token::Word(word)
            }
        };
        out.push((token, at));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_texts_and_times() {
        let found =
            tokens("a/b ge 2026-11-21T12:51:22Z and c eq 'O''Hara (x)' and d/any(t: t eq 'y')").unwrap();
        let found: Vec<String> = found
            .into_iter()
            .map(|(t, _)| match t {
                Token::Word(w) => w,
                Token::Text(t) => format!("<{t}>"),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(
            found.join(" "),
            "a/b ge 2026-11-21T12:51:22Z and c eq <O'Hara (x)> and d/any Open t Colon t eq <y> Close"
        );
        assert!(tokens("a eq 'O'Hara'").unwrap_err().message.contains("unterminated"));
    }
}
