//! From bytes to JSON: encodings as they occur in exports, several documents in one file, and keys given twice.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// Decodes bytes that should be text: UTF-8 or UTF-16 (either byte order), with or without a byte order mark. What is
/// in no such encoding becomes U+FFFD; [`decode_strictly`] refuses it.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    match utf16(bytes) {
        Some(units) => String::from_utf16_lossy(&units),
        None => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
    }
}

/// As [`decode`], but an error that says where the bytes stop being text.
pub(super) fn decode_strictly(bytes: &[u8]) -> Result<String, String> {
    match utf16(bytes) {
        Some(_) if bytes.len() % 2 == 1 => Err("UTF-16 text that ends in the middle of a character".into()),
        Some(units) => String::from_utf16(&units).map_err(|_| "UTF-16 text with a broken character".into()),
        None => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => Err(format!("bytes that are no text, from byte {}", error.valid_up_to())),
            }
        }
    }
}

/// UTF-16 code units, when the bytes have its mark, or are ASCII with a zero in every second place.
fn utf16(bytes: &[u8]) -> Option<Vec<u16>> {
    let (body, little) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [0xfe, 0xff, rest @ ..] => (rest, false),
        [first, 0, ..] if *first != 0 => (bytes, true),
        [0, second, ..] if *second != 0 => (bytes, false),
        _ => return None,
    };
    let unit = |pair: &[u8]| match pair {
        [a, b] => Some(if little { u16::from_le_bytes([*a, *b]) } else { u16::from_be_bytes([*a, *b]) }),
        _ => None,
    };
    Some(body.chunks(2).filter_map(unit).collect())
}

/// A JSON text that could not be read.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) found: String,
}

/// One or more JSON documents, and the paths of keys that were given twice in one object (the last one counts).
pub(super) type Documents = (Vec<Value>, Vec<String>);

/// Reads one JSON document, or several one after the other (as `jq` and paged exports write them).
pub(super) fn documents(text: &str) -> Result<Documents, Broken> {
    let mut documents = Vec::new();
    let twice = RefCell::default();
    let mut rest = serde_json::Deserializer::from_str(text);
    let broken = |error: serde_json::Error| {
        let found =
            if error.is_eof() { "the end of the file in the middle of it".to_owned() } else { plain(&error) };
        Broken { line: error.line().max(1), found }
    };
    while rest.end().is_err() {
        let path = if documents.is_empty() { "$".to_owned() } else { format!("${}", documents.len() + 1) };
        let seed = Seed { path, twice: &twice };
        documents.push(seed.deserialize(&mut rest).map_err(broken)?);
    }
    Ok((documents, twice.into_inner()))
}

/// The parser's words without its own place, which is given apart.
fn plain(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    format!("{words} (column {})", error.column())
}

struct Seed<'a> {
    path: String,
    twice: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list
            .next_element_seed(Seed { path: format!("{}[{}]", self.path, items.len()), twice: self.twice })?
        {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let path = format!("{}.{key}", self.path);
            let value = object.next_value_seed(Seed { path: path.clone(), twice: self.twice })?;
            if map.insert(key, value).is_some() {
                self.twice.borrow_mut().push(path);
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn encodings() {
        let text = "{\"é\": 1}";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let with = |mark: &[u8], body: &[u8]| [mark, body].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            with(b"\xef\xbb\xbf", text.as_bytes()),
            le.clone(),
            be.clone(),
            with(b"\xff\xfe", &le),
            with(b"\xfe\xff", &be),
        ] {
            assert_eq!(decode_strictly(&bytes).as_deref(), Ok(text));
            assert_eq!(decode(&bytes), text);
        }
        assert!(decode_strictly(b"{\"a\": \"\xff\"}").unwrap_err().contains("byte 7"));
        assert!(decode_strictly(&le[..le.len() - 1]).unwrap_err().contains("middle"));
        assert_eq!(decode(&[]), "");
    }

    #[test]
    fn several_documents_and_keys_given_twice() {
        let (documents, twice) =
            documents("{\"a\": {\"b\": 1, \"b\": 2}}\n[1, {\"c\": 1, \"c\": null}]\n").unwrap();
        assert_eq!(documents, [json!({"a": {"b": 2}}), json!([1, {"c": null}])]);
        assert_eq!(twice, ["$.a.b", "$2[1].c"]);
    }

    #[test]
    fn broken_texts_say_where() {
        for (text, line, found) in [
            ("{\n\"a\": [1, 2", 2, "end of the file"),
            ("{\n\n\"a\": }", 3, "expected value"),
            ("[1] x", 1, "expected value"),
        ] {
            let broken = super::documents(text).unwrap_err();
            assert_eq!(broken.line, line, "{text}");
            assert!(broken.found.contains(found), "{text}: {}", broken.found);
        }
        assert_eq!(super::documents(" \n").unwrap().0.len(), 0);
        assert!(super::documents(&"[".repeat(100_000)).is_err(), "depth is bounded");
    }
}
