//! From where, with what, how risky.

use super::{HQ, applies};
use breakglass_model::Tri;
use serde_json::{Value, json};

/// 15 to 19: platforms and networks.
#[test]
fn networks() {
    let at = |include: Value, exclude: Value| json!({"conditions": {"locations": {"includeLocations": include, "excludeLocations": exclude}}});
    let country = |codes: Value, unmapped: bool, method: &str| json!({"namedLocations": [{"@odata.type": "#microsoft.graph.countryNamedLocation", "id": HQ, "countriesAndRegions": codes, "includeUnknownCountriesAndRegions": unmapped, "countryLookupMethod": method}]});
    let trusted = json!({"namedLocations": [{"@odata.type": "#microsoft.graph.ipNamedLocation", "id": HQ, "isTrusted": true, "ipRanges": [{"cidrAddress": "2001:db8::/32"}]}]});
    let compliant = "3d46dbda-8382-466a-856d-eb00cbc6b910";
    let from = |ip: &str| json!({"signInConditions": {"ipAddress": ip}});
    let (all, none) = (json!(["All"]), json!([]));
    for (what, patch, extra, asked, expected) in [
        (
            "unmapped address where unmapped counts",
            at(json!([HQ]), none.clone()),
            country(json!([]), true, "clientIpAddress"),
            json!({"signInConditions": {"country": ""}}),
            Tri::Yes,
        ),
        (
            "country in lower case",
            at(json!([HQ]), none.clone()),
            country(json!(["us"]), false, "clientIpAddress"),
            json!({}),
            Tri::Yes,
        ),
        (
            "by the place of a phone",
            at(json!([HQ]), none.clone()),
            country(json!(["US"]), false, "authenticatorAppGps"),
            json!({}),
            Tri::Unknown,
        ),
        (
            "trusted by IPv6",
            at(json!(["AllTrusted"]), none.clone()),
            trusted.clone(),
            from("2001:db8::7"),
            Tri::Yes,
        ),
        (
            "IPv4 in IPv6 is IPv4",
            at(json!(["AllTrusted"]), none.clone()),
            json!({"settings": {"mfaTrustedIps": ["203.0.113.0/24"]}}),
            from("::ffff:203.0.113.9"),
            Tri::Yes,
        ),
        (
            "compliant network is not trusted",
            at(all.clone(), json!(["AllTrusted"])),
            json!({}),
            json!({"x": {"compliantNetwork": true}}),
            Tri::Yes,
        ),
        (
            "compliant network by its id",
            at(all.clone(), json!([compliant])),
            json!({}),
            json!({"x": {"compliantNetwork": true}}),
            Tri::No,
        ),
        ("a rescue machine is outside", at(all.clone(), json!([compliant])), json!({}), json!({}), Tri::Yes),
        ("a location that is gone", at(all.clone(), json!([HQ])), json!({}), json!({}), Tri::Yes),
        ("and as the only place", at(json!([HQ]), none.clone()), json!({}), json!({}), Tri::No),
        (
            "older name of the MFA addresses",
            at(all, json!(["00000000-0000-0000-0000-000000000000"])),
            json!({"settings": {"mfaTrustedIps": ["203.0.113.0/24"]}}),
            json!({}),
            Tri::No,
        ),
    ] {
        assert_eq!(applies(patch, extra, asked), expected, "{what}");
    }
}

/// 21 to 25, C-1, C-12, F-9.
#[test]
fn clients_risks_and_flows() {
    let filter = json!({"conditions": {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}}});
    let broken = json!({"conditions": {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -like True"}}}});
    let flow = |patch: &str| json!({"conditions": {"authenticationFlows": {"transferMethods": patch}}});
    let by =
        |transfer: &str| json!({"signInConditions": {"authenticationFlow": {"transferMethod": transfer}}});
    for (what, patch, asked, expected) in [
        (
            "an empty list of clients is all",
            json!({"conditions": {"clientAppTypes": []}}),
            json!({"signInConditions": {"clientAppType": "other"}}),
            Tri::Yes,
        ),
        (
            "supported ActiveSync is ActiveSync",
            json!({"conditions": {"clientAppTypes": ["exchangeActiveSync"]}}),
            json!({"signInConditions": {"clientAppType": "easSupported"}}),
            Tri::Yes,
        ),
        (
            "levels are a set",
            json!({"conditions": {"signInRiskLevels": ["low", "high"]}}),
            json!({"signInConditions": {"signInRiskLevel": "medium"}}),
            Tri::No,
        ),
        (
            "hidden is a level of its own",
            json!({"conditions": {"userRiskLevels": ["high"]}}),
            json!({"signInConditions": {"userRiskLevel": "hidden"}}),
            Tri::No,
        ),
        ("a filter under device code", filter, by("deviceCodeFlow"), Tri::Unknown),
        ("a filter that cannot be parsed, in exclude mode", broken, json!({}), Tri::Unknown),
        (
            "flags are split",
            flow("deviceCodeFlow, authenticationTransfer"),
            by("authenticationTransfer"),
            Tri::Yes,
        ),
        ("no method that anybody knows", flow("owl"), by("deviceCodeFlow"), Tri::Unknown),
        ("and no transfer at all", flow("owl"), json!({}), Tri::No),
    ] {
        assert_eq!(applies(patch, json!({}), asked), expected, "{what}");
    }
}
