//! Character references in HTML text and attributes: the ones that pages escape with, and numbers.

/// The longest reference that is looked for, `&` and `;` included.
const LONGEST: usize = 12;

/// Text with its references replaced; what is no reference stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match reference(after) {
            Some((character, behind)) => {
                out.push(character);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(after: &str) -> Option<(char, &str)> {
    let end = after.char_indices().take(LONGEST).find(|(_, c)| *c == ';')?.0;
    let (name, behind) = after.split_at_checked(end)?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let value = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(value.ok()?)?
        }
    };
    Some((character, behind.strip_prefix(';')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_everything_else_stays() {
        for (text, expected) in [
            ("a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#x27; &apos;", "a & b <c> \"d\" 'e' '"),
            ("a=1&b=2&copy;&", "a=1&b=2&copy;&"),
            ("&amp;quot;", "&quot;"),
            ("&#xD800;&#99999999;&#;&#x;", "&#xD800;&#99999999;&#;&#x;"),
            ("&ünïcödé…………;", "&ünïcödé…………;"),
        ] {
            assert_eq!(decode(text), expected);
        }
    }
}
