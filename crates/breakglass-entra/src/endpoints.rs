//! Where the clouds are.

use crate::error::SetupError;
use breakglass_model::TenantId;
use breakglass_model::design::Cloud;
use reqwest::Url;

/// The two services that a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Graph => "Microsoft Graph",
            Self::Arm => "Azure Resource Manager",
        })
    }
}

/// The base URLs of one cloud: origins without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    login: Url,
    graph: Url,
    arm: Url,
}

impl Endpoints {
    /// The endpoints of a cloud: the published ones of Microsoft's clouds, or those the design gives.
    ///
    /// # Errors
    /// When one of the given URLs is not an `https` origin.
    pub fn of(cloud: &Cloud) -> Result<Self, SetupError> {
        let (login, graph, arm) = match cloud {
            Cloud::Global => (
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
                "https://management.azure.com",
            ),
            Cloud::UsGov => (
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us",
                "https://management.usgovcloudapi.net",
            ),
            Cloud::UsGovDod => (
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us",
                "https://management.usgovcloudapi.net",
            ),
            Cloud::China => (
                "https://login.partner.microsoftonline.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                "https://management.chinacloudapi.cn",
            ),
            Cloud::Custom { login, graph, arm, .. } => (login.as_str(), graph.as_str(), arm.as_str()),
        };
        Ok(Self { login: origin("login", login)?, graph: origin("graph", graph)?, arm: origin("arm", arm)? })
    }

    /// The base URL of a service, without a trailing slash.
    #[must_use]
    pub fn base(&self, service: Service) -> &str {
        let url = match service {
            Service::Graph => &self.graph,
            Service::Arm => &self.arm,
        };
        url.as_str().trim_end_matches('/')
    }

    /// The scope that asks for everything the application was granted at a service.
    #[must_use]
    pub fn scope(&self, service: Service) -> String {
        format!("{}/.default", self.base(service))
    }

    /// The token endpoint of a tenant.
    #[must_use]
    pub fn token_url(&self, tenant: &TenantId) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.login())
    }

    /// The page where a person signs in to a tenant.
    #[must_use]
    pub fn authorize_url(&self, tenant: &TenantId) -> String {
        format!("{}/{tenant}/oauth2/v2.0/authorize", self.login())
    }

    /// The login origin, without a trailing slash.
    #[must_use]
    pub fn login(&self) -> &str {
        self.login.as_str().trim_end_matches('/')
    }

    /// Whether a URL that came in an answer leads to where the request went: same scheme, host and port. A token must
    /// never follow a link anywhere else.
    pub(crate) fn leads_back(&self, service: Service, link: &Url) -> bool {
        let base = match service {
            Service::Graph => &self.graph,
            Service::Arm => &self.arm,
        };
        link.origin() == base.origin() && link.username().is_empty() && link.password().is_none()
    }

    /// Whether all of it is on this machine, where no proxy belongs in between.
    pub(crate) fn is_loopback(&self) -> bool {
        [&self.login, &self.graph, &self.arm].iter().all(|url| match url.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
            None => false,
        })
    }
}

fn origin(which: &'static str, text: &str) -> Result<Url, SetupError> {
    let wrong =
        |detail: &str| SetupError::Endpoint { which, value: text.to_owned(), detail: detail.to_owned() };
    let url = Url::parse(text.trim()).map_err(|e| wrong(&e.to_string()))?;
    if url.scheme() != "https" {
        return Err(wrong("tokens are only sent over `https`"));
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("expected scheme, host and port alone, like `https://graph.microsoft.com`"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(graph: &str) -> Result<Endpoints, SetupError> {
        Endpoints::of(&Cloud::Custom {
            login: "https://localhost:1".into(),
            graph: graph.into(),
            arm: "https://localhost:3/".into(),
            ca_bundle: None,
        })
    }

    #[test]
    fn every_cloud_has_its_scopes() {
        for (cloud, graph, arm) in [
            (Cloud::Global, "https://graph.microsoft.com/.default", "https://management.azure.com/.default"),
            (
                Cloud::UsGov,
                "https://graph.microsoft.us/.default",
                "https://management.usgovcloudapi.net/.default",
            ),
            (
                Cloud::UsGovDod,
                "https://dod-graph.microsoft.us/.default",
                "https://management.usgovcloudapi.net/.default",
            ),
            (
                Cloud::China,
                "https://microsoftgraph.chinacloudapi.cn/.default",
                "https://management.chinacloudapi.cn/.default",
            ),
        ] {
            let endpoints = Endpoints::of(&cloud).unwrap();
            assert_eq!(
                (endpoints.scope(Service::Graph).as_str(), endpoints.scope(Service::Arm).as_str()),
                (graph, arm)
            );
            assert!(!endpoints.is_loopback());
        }
        let here = custom("https://localhost:2").unwrap();
        assert_eq!(here.scope(Service::Graph), "https://localhost:2/.default");
        assert!(here.is_loopback());
    }

    #[test]
    fn a_given_endpoint_is_an_https_origin() {
        for bad in [
            "http://localhost:2",
            "localhost:2",
            "",
            "https://localhost:2/v1.0",
            "https://u:p@localhost",
            "https://h/?a=b",
        ] {
            assert!(matches!(custom(bad), Err(SetupError::Endpoint { which: "graph", .. })), "{bad}");
        }
    }

    #[test]
    fn only_links_to_the_same_origin_lead_back() {
        let endpoints = Endpoints::of(&Cloud::Global).unwrap();
        for (link, back) in [
            ("https://graph.microsoft.com/v1.0/users?$skiptoken=x", true),
            ("https://graph.microsoft.com:443/v1.0/users", true),
            ("https://graph.microsoft.com:444/v1.0/users", false),
            ("http://graph.microsoft.com/v1.0/users", false),
            ("https://graph.microsoft.com.example.org/v1.0/users", false),
            ("https://x@graph.microsoft.com/v1.0/users", false),
            ("https://management.azure.com/subscriptions", false),
        ] {
            assert_eq!(endpoints.leads_back(Service::Graph, &Url::parse(link).unwrap()), back, "{link}");
        }
    }
}
