//! The container: POSIX ustar, uncompressed, written in exactly one way.
//!
//! Every member is a regular file of user 0, mode 0644, dated 1970. So a reader knows each byte of a header from the
//! name and the size alone, and anything else in it is an edit. That is also why no tar library is used: they accept
//! much more than they write.

use super::FOLDER;

const BLOCK: usize = 512;
/// Names must fit the oldest field, so that every tar reads them.
const NAME: usize = 100;

/// The longest name of a file in a pack, the folder not counted.
pub(super) const LONGEST_NAME: usize = NAME - FOLDER.len();

/// A member that was read.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
}

/// Where reading had to end, and why.
#[derive(Debug)]
pub(super) struct Damage {
    /// How many members were read before.
    pub(super) position: usize,
    pub(super) what: &'static str,
    /// The file ended too early: cut, not edited.
    pub(super) cut: bool,
}

/// Adds a member. False when the name does not fit.
pub(super) fn append(out: &mut Vec<u8>, name: &str, bytes: &[u8]) -> bool {
    let Some(header) = header(name, bytes.len()) else { return false };
    out.extend(header);
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    true
}

/// Ends the file.
pub(super) fn finish(out: &mut Vec<u8>) {
    out.resize(out.len() + 2 * BLOCK, 0);
}

/// The members of a pack, up to the first byte that [`append`] and [`finish`] would not have written.
pub(super) fn read(mut bytes: &[u8]) -> (Vec<Member<'_>>, Option<Damage>) {
    let mut members = Vec::new();
    let damage = loop {
        match member(bytes) {
            Ok(Some((member, rest))) => {
                members.push(member);
                bytes = rest;
            }
            Ok(None) => break None,
            Err((what, cut)) => break Some(Damage { position: members.len(), what, cut }),
        }
    };
    (members, damage)
}

type Next<'a> = Result<Option<(Member<'a>, &'a [u8])>, (&'static str, bool)>;

fn member(bytes: &[u8]) -> Next<'_> {
    let cut = |what| (what, true);
    let edited = |what| (what, false);
    let (head, rest) =
        bytes.split_first_chunk::<BLOCK>().ok_or(cut("the file ends before the end mark of the pack"))?;
    if head.iter().all(|b| *b == 0) {
        return match rest {
            _ if rest.len() < BLOCK => Err(cut("the end mark of the pack is cut")),
            _ if rest.len() > BLOCK => Err(edited("there is something after the end of the pack")),
            _ if rest.iter().any(|b| *b != 0) => Err(edited("the end mark of the pack is damaged")),
            _ => Ok(None),
        };
    }
    let field = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
    let text = |field: &'static str, bytes| std::str::from_utf8(bytes).map_err(|_| edited(field));
    let full = text("its name in the header is no text", until_nul(field(0, NAME)))?;
    let name =
        full.strip_prefix(FOLDER).ok_or(edited("its name in the header is not in the folder of a pack"))?;
    let size = text("its size in the header is no number", until_nul(field(124, 136)))?;
    let size = usize::from_str_radix(size, 8).map_err(|_| edited("its size in the header is no number"))?;
    if header(name, size).is_none_or(|expected| expected != *head) {
        return Err(edited("its header is not the one that belongs to its name and size"));
    }
    let (content, rest) = rest.split_at_checked(size).ok_or(cut("its content is cut"))?;
    let padding = size.next_multiple_of(BLOCK) - size;
    let (padding, rest) =
        rest.split_at_checked(padding).ok_or(cut("the filling after its content is cut"))?;
    if padding.iter().any(|b| *b != 0) {
        return Err(edited("there is something in the filling after its content"));
    }
    Ok(Some((Member { name, bytes: content }, rest)))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// The one header of a member with this name and size.
fn header(name: &str, size: usize) -> Option<[u8; BLOCK]> {
    let full = format!("{FOLDER}{name}");
    let digits = format!("{size:011o}");
    if full.len() > NAME || name.is_empty() || digits.len() > 11 {
        return None;
    }
    let mut block = [0_u8; BLOCK];
    let mut put =
        |at: usize, bytes: &[u8]| block.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
    put(0, full.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, digits.as_bytes());
    put(136, b"00000000000\0");
    // The sum is taken with blanks in its own place.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    let sum = format!("{sum:06o}\0 ");
    block.iter_mut().skip(148).zip(sum.as_bytes()).for_each(|(to, from)| *to = *from);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<u8> {
        let mut out = Vec::new();
        assert!(append(&mut out, "a", b"hello"));
        assert!(append(&mut out, "tile/0/000", &[7; 512]));
        finish(&mut out);
        out
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = two();
        let (members, damage) = read(&bytes);
        assert!(damage.is_none());
        let found: Vec<_> = members.iter().map(|m| (m.name, m.bytes.len())).collect();
        assert_eq!(found, [("a", 5), ("tile/0/000", 512)]);
    }

    #[test]
    fn every_cut_and_every_added_byte_is_seen() {
        let bytes = two();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).1.is_some_and(|d| d.cut), "cut at {end}");
        }
        assert!(read(&[bytes.as_slice(), b"\0"].concat()).1.is_some_and(|d| !d.cut && d.position == 2));
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        assert!(append(&mut Vec::new(), &"x".repeat(LONGEST_NAME), b""));
        assert!(!append(&mut Vec::new(), &"x".repeat(LONGEST_NAME + 1), b""));
        assert!(!append(&mut Vec::new(), "", b""));
    }
}
