//! The word list: 1024 words, sorted, each told from the others by its first four letters.

use std::sync::LazyLock;

/// How many words there are.
pub(super) const COUNT: u16 = 1024;
static TEXT: &str = include_str!("words.txt");
static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| TEXT.split_ascii_whitespace().collect());

/// The word with this number; the empty text past the end of the list.
pub(super) fn word(number: u16) -> &'static str {
    WORDS.get(usize::from(number)).copied().unwrap_or_default()
}

/// The number of a word, in any case; its first four letters suffice, as people write them down.
pub(super) fn number(text: &str) -> Option<u16> {
    let text = text.to_ascii_lowercase();
    let exact = WORDS.binary_search_by(|w| (*w).cmp(text.as_str()));
    let found = exact.ok().or_else(|| {
        let mut starts = WORDS.iter().enumerate().filter(|(_, w)| text.len() == 4 && w.starts_with(&text));
        starts.next().map(|(i, _)| i)
    })?;
    u16::try_from(found).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_sorted_and_told_apart_by_four_letters() {
        assert_eq!(WORDS.len(), usize::from(COUNT));
        assert!(WORDS.windows(2).all(|pair| pair[0][..4] < pair[1][..4]));
        for i in 0..COUNT {
            assert_eq!(number(word(i)), Some(i));
            assert_eq!(number(&word(i)[..4].to_uppercase()), Some(i));
        }
        assert_eq!(word(COUNT), "");
    }

    #[test]
    fn what_is_not_in_the_list_has_no_number() {
        for text in ["", "zzz", "zzzz", "acad emic", "academi", "académic", "aca"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
