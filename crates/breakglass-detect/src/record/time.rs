//! Times as logs write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// Forms with words or slashes that some exports use, all UTC.
const OTHER: &[&str] = &["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S"];

/// Reads RFC 3339, the same without an offset (then it is UTC), with a blank for the `T`, with up to nine decimals, and
/// the American forms that some exports write.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(found) = text.parse::<Timestamp>() {
        return Some(found);
    }
    let civil = text.strip_suffix(" UTC").unwrap_or(text);
    if let Ok(found) = civil.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(found).ok();
    }
    OTHER.iter().find_map(|form| {
        let found = BrokenDownTime::parse(form, civil).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(found).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn every_form_in_the_wild() {
        let noon = "2025-01-15T08:45:30Z".parse().unwrap();
        for text in [
            "2025-01-15T08:45:30Z",
            "2025-01-15T08:45:30.0000000Z",
            "2025-01-15T09:45:30+01:00",
            "2025-01-15 08:45:30.000000000",
            "2025-01-15T08:45:30",
            "2025-01-15 08:45:30 UTC",
            "1/15/2025 8:45:30 AM",
            "01/15/2025 08:45:30",
        ] {
            assert_eq!(time(text), Some(noon), "{text}");
        }
        for text in ["", "yesterday", "2025-13-01T00:00:00Z", "08:45:30"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
