//! The bytes that an authenticator makes: authenticator data, COSE keys, attestation objects.

use ciborium::Value;

/// Authenticator data (WebAuthn 6.1).
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    pub(super) rp_id_hash: [u8; 32],
    pub(super) flags: u8,
    pub(super) counter: u32,
    pub(super) credential: Option<AttestedCredential>,
}

/// The credential that a registration carries.
#[derive(Debug)]
pub(super) struct AttestedCredential {
    pub(super) aaguid: [u8; 16],
    pub(super) id: Vec<u8>,
    /// Uncompressed P-256 point.
    pub(super) public_key: Vec<u8>,
}

pub(super) const USER_PRESENT: u8 = 1;
pub(super) const USER_VERIFIED: u8 = 1 << 2;
pub(super) const BACKUP_ELIGIBLE: u8 = 1 << 3;
pub(super) const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

impl AuthenticatorData {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut rest = bytes;
        let rp_id_hash = take::<32>(&mut rest)?;
        let [flags] = take::<1>(&mut rest)?;
        let counter = u32::from_be_bytes(take::<4>(&mut rest)?);
        let mut credential = None;
        if flags & ATTESTED != 0 {
            let aaguid = take::<16>(&mut rest)?;
            let length = usize::from(u16::from_be_bytes(take::<2>(&mut rest)?));
            let (id, after) = rest.split_at_checked(length).ok_or("the authenticator data ends early")?;
            rest = after;
            if length > 1023 {
                return Err("the credential id is longer than 1023 bytes".into());
            }
            let key = one_value(&mut rest)?;
            credential = Some(AttestedCredential { aaguid, id: id.to_vec(), public_key: es256(&key)? });
        }
        if flags & EXTENSIONS != 0 {
            one_value(&mut rest)?;
        }
        if !rest.is_empty() {
            return Err("the authenticator data has bytes left over".into());
        }
        if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
            return Err("the authenticator data says backed up, but not eligible for it".into());
        }
        Ok(Self { rp_id_hash, flags, counter, credential })
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or("the authenticator data ends early")?;
    *rest = tail;
    Ok(*head)
}

fn one_value(rest: &mut &[u8]) -> Result<Value, String> {
    ciborium::from_reader(rest)
        .map_err(|e| format!("the authenticator data is not CBOR where it should be: {e}"))
}

/// The uncompressed point of a COSE key for ES256 (RFC 9053); any other kind is refused.
fn es256(key: &Value) -> Result<Vec<u8>, String> {
    let number =
        |label: i64| field(key, label).and_then(Value::as_integer).and_then(|i| i64::try_from(i).ok());
    if (number(1), number(3), number(-1)) != (Some(2), Some(-7), Some(1)) {
        return Err(format!(
            "the key's algorithm is {}; only ES256 (-7) on P-256 is offered",
            number(3).map_or_else(|| "missing".into(), |alg| alg.to_string())
        ));
    }
    let coordinate = |label: i64| {
        field(key, label)
            .and_then(Value::as_bytes)
            .filter(|b| b.len() == 32)
            .ok_or("the key's point is malformed")
    };
    Ok([&[4], coordinate(-2)?.as_slice(), coordinate(-3)?.as_slice()].concat())
}

fn field(map: &Value, label: i64) -> Option<&Value> {
    let label = ciborium::value::Integer::from(label);
    map.as_map()?.iter().find(|(k, _)| k.as_integer() == Some(label)).map(|(_, v)| v)
}

/// An attestation object: format, statement, and the authenticator data as it was signed.
pub(super) struct AttestationObject {
    pub(super) format: String,
    pub(super) statement: Vec<(Value, Value)>,
    pub(super) data: Vec<u8>,
}

impl AttestationObject {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut rest = bytes;
        let object: Value = ciborium::from_reader(&mut rest)
            .map_err(|e| format!("the attestation object is not CBOR: {e}"))?;
        if !rest.is_empty() {
            return Err("the attestation object has bytes left over".into());
        }
        let get = |name: &str| named(object.as_map().map_or(&[][..], Vec::as_slice), name);
        let format =
            get("fmt").and_then(Value::as_text).ok_or("`fmt` is missing in the attestation object")?;
        let statement =
            get("attStmt").and_then(Value::as_map).ok_or("`attStmt` is missing in the attestation object")?;
        let data = get("authData")
            .and_then(Value::as_bytes)
            .ok_or("`authData` is missing in the attestation object")?;
        Ok(Self { format: format.to_owned(), statement: statement.clone(), data: data.clone() })
    }
}

pub(super) fn named<'a>(map: &'a [(Value, Value)], name: &str) -> Option<&'a Value> {
    map.iter().find(|(k, _)| k.as_text() == Some(name)).map(|(_, v)| v)
}
