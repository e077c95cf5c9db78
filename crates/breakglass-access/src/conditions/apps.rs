//! Microsoft's groups of applications, as far as their ids are published (CONDITIONAL_ACCESS T-3 to T-5).

use breakglass_model::{ObjectId, Tri};

/// Microsoft Graph: an umbrella that cannot be assigned or excluded (T-6).
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Windows Azure Active Directory, the audience of baseline scopes (T-15).
pub(super) const DIRECTORY: &str = "00000002-0000-0000-c000-000000000000";
/// Windows Azure Service Management API.
const AZURE_MANAGEMENT: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
/// Azure portal, Entra and Intune admin centers.
const PORTAL: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
/// Exchange Online, SharePoint Online, Microsoft Teams services.
const OFFICE: &[&str] = &[
    "00000002-0000-0ff1-ce00-000000000000",
    "00000003-0000-0ff1-ce00-000000000000",
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
];
/// Data Lake, Application Insights API, Log Analytics API: covered by the management API by name; the ids are not on the
/// page.
const MANAGEMENT_BY_NAME: &[&str] = &[
    "e9f49c6b-5ce5-44c8-925d-015017e9f7ad",
    "f5c26e74-f226-4ae8-85f0-b4af0080ac9e",
    "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",
];
/// Access panel and My Sign-Ins, behind the registration of security information.
const SECURITY_INFO: &[&str] =
    &["0000000c-0000-0000-c000-000000000000", "19db86c3-b2b9-44cc-b339-36da233a3be2"];
/// Device Registration Service.
const DEVICE_REGISTRATION: &str = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9";

fn among(list: &[&str], app: &ObjectId) -> bool {
    list.contains(&app.as_str())
}

/// Whether a resource belongs to the Office 365 suite. Ids that are on no list: unknown.
pub(super) fn in_office(resource: &ObjectId) -> Tri {
    if among(OFFICE, resource) {
        Tri::Yes
    } else if among(&[AZURE_MANAGEMENT, PORTAL, GRAPH, DIRECTORY], resource) {
        Tri::No
    } else {
        Tri::Unknown
    }
}

/// Whether a resource belongs to the Microsoft admin portals. Only one id is sure.
pub(super) fn in_admin_portals(resource: &ObjectId) -> Tri {
    if resource.as_str() == PORTAL {
        Tri::Yes
    } else if among(&[AZURE_MANAGEMENT, GRAPH, DIRECTORY], resource) {
        Tri::No
    } else {
        Tri::Unknown
    }
}

/// Whether naming an application in a policy covers a resource.
pub(super) fn covers(app: &ObjectId, resource: &ObjectId, cloud: &str) -> Tri {
    if app == resource {
        return Tri::Yes;
    }
    if app.as_str() != AZURE_MANAGEMENT {
        return Tri::No;
    }
    if resource.as_str() == PORTAL {
        // In Microsoft's other clouds the application is another one.
        return if ["global", "custom"].contains(&cloud) { Tri::Yes } else { Tri::Unknown };
    }
    if among(MANAGEMENT_BY_NAME, resource) { Tri::Unknown } else { Tri::No }
}

/// Whether an application may stand behind the registration of security information.
pub(super) fn may_be_security_info(app: &ObjectId) -> bool {
    among(SECURITY_INFO, app)
}

/// Whether an application may stand behind the registration of a device.
pub(super) fn may_be_device_registration(app: &ObjectId) -> bool {
    app.as_str() == DEVICE_REGISTRATION
}
