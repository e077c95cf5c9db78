//! `conditions.applications` against one token request (CONDITIONAL_ACCESS 1.4).

use super::{any, apps};
use crate::device_filter::Rule;
use breakglass_model::sign_in::{ClientKind, Request, Scopes, UserAction};
use breakglass_model::view::{
    AppMember, BaselineScopes, Filter, FilterMode, Member, Policy, Target, TenantView,
};
use breakglass_model::{ObjectId, Tri};

/// Whether the policy is for this request: some requested resource, the user action, or a requested context (T-1, T-14).
#[must_use]
pub fn target(view: &TenantView, policy: &Policy, request: &Request) -> Tri {
    let target = &policy.conditions.target;
    let surely = Tri::any(request.resources.iter().map(|r| requested(view, target, r, request)));
    let perhaps = Tri::any(request.may_resources.iter().map(|r| requested(view, target, r, request)));
    let action = request.user_action.map_or(Tri::No, |action| user_action(target, action));
    let contexts = request.contexts.iter().map(|context| {
        let named = any(&target.contexts, |wanted| Tri::from(wanted == context));
        beside_unread(target, named)
    });
    surely.or(perhaps.and(Tri::Unknown)).or(action).or(Tri::any(contexts))
}

/// Something in the target that was not understood may be for actions and contexts as well.
fn beside_unread(target: &Target, named: Tri) -> Tri {
    let unread = |side: &[Member<AppMember>]| {
        if side.iter().any(|m| matches!(m, Member::Unread(_))) { Tri::Unknown } else { Tri::No }
    };
    named.or(unread(&target.apps.include)).and(!unread(&target.apps.exclude))
}

/// One requested resource, with what baseline scopes make of it (T-15).
fn requested(view: &TenantView, target: &Target, resource: &ObjectId, request: &Request) -> Tri {
    let everything = target.apps.include.iter().any(|m| matches!(m, Member::All));
    let plain = one(view, target, resource);
    if request.scopes == Scopes::Other || !everything {
        return plain;
    }
    let baseline = by_setting(view, target).and(!let_alone(view, target, request));
    match has_exclusion(target) {
        Tri::No => plain,
        Tri::Yes => baseline,
        Tri::Unknown if plain == baseline => plain,
        Tri::Unknown => Tri::Unknown,
    }
}

/// A confidential client that is excluded and asks for sign-in only is let alone whatever the setting.
fn let_alone(view: &TenantView, target: &Target, request: &Request) -> Tri {
    if request.scopes != Scopes::OidcOnly {
        return Tri::No;
    }
    let confidential = Tri::from(request.client_kind.map(|kind| kind == ClientKind::Confidential));
    let client = request.client.as_ref().map_or(Tri::Unknown, |client| excluded(view, target, client));
    confidential.and(client)
}

fn by_setting(view: &TenantView, target: &Target) -> Tri {
    let directory = || one(view, target, &ObjectId::new(apps::DIRECTORY));
    match &view.settings.baseline_scopes {
        BaselineScopes::Enforced => directory(),
        BaselineScopes::Disabled => Tri::No,
        BaselineScopes::Placeholder(app) => one(view, target, app),
        // The directory, nothing, or a placeholder that nobody named.
        BaselineScopes::NotTold => Tri::Unknown,
    }
}

/// Whether any resource is excluded from everything.
fn has_exclusion(target: &Target) -> Tri {
    let filter = match target.filter.as_ref().map(|f| &f.mode) {
        None | Some(FilterMode::Include) => Tri::No,
        Some(FilterMode::Exclude) => Tri::Yes,
        Some(FilterMode::Unread(_)) => Tri::Unknown,
    };
    filter.or(any(&target.apps.exclude, |app| Tri::from(*app != AppMember::Nothing)))
}

/// Whether one resource is included and not excluded.
fn one(view: &TenantView, target: &Target, resource: &ObjectId) -> Tri {
    included(view, target, resource).and(!excluded(view, target, resource))
}

fn included(view: &TenantView, target: &Target, resource: &ObjectId) -> Tri {
    let listed = any(&target.apps.include, |member| match member {
        // It cannot be assigned; what it would mean if it were, nobody says (T-6).
        AppMember::App(app) if app.as_str() == apps::GRAPH && app == resource => Tri::Unknown,
        member => matches(view, member, resource),
    });
    let by_filter = target.filter.as_ref().map_or(Tri::No, |filter| match filter.mode {
        FilterMode::Include => rule(view, filter, resource),
        FilterMode::Exclude => Tri::No,
        FilterMode::Unread(_) => Tri::Unknown,
    });
    listed.or(by_filter)
}

fn excluded(view: &TenantView, target: &Target, resource: &ObjectId) -> Tri {
    let listed = any(&target.apps.exclude, |member| match member {
        // Excluding Graph frees nothing (T-6).
        AppMember::App(app) if app.as_str() == apps::GRAPH => Tri::No,
        member => matches(view, member, resource),
    });
    let by_filter = target.filter.as_ref().map_or(Tri::No, |filter| match filter.mode {
        FilterMode::Exclude => rule(view, filter, resource),
        FilterMode::Include => Tri::No,
        FilterMode::Unread(_) => Tri::Unknown,
    });
    listed.or(by_filter)
}

fn matches(view: &TenantView, member: &AppMember, resource: &ObjectId) -> Tri {
    match member {
        AppMember::Nothing => Tri::No,
        AppMember::Office365 => apps::in_office(resource),
        AppMember::AdminPortals => apps::in_admin_portals(resource),
        AppMember::App(app) => apps::covers(app, resource, &view.settings.cloud),
    }
}

fn rule(view: &TenantView, filter: &Filter, resource: &ObjectId) -> Tri {
    match Rule::for_applications(&filter.rule) {
        Ok(rule) => rule.matches_application(view.security_attributes(resource)),
        Err(_) => Tri::Unknown,
    }
}

/// A user action is what the policy names, and for some it is a resource too.
fn user_action(target: &Target, action: UserAction) -> Tri {
    let named = any(&target.user_actions, |wanted| Tri::from(*wanted == action));
    let behind = |app: &AppMember| match app {
        AppMember::App(app) => {
            let may = match action {
                UserAction::RegisterSecurityInfo => apps::may_be_security_info(app),
                UserAction::RegisterDevice => apps::may_be_device_registration(app),
            };
            if may { Tri::Unknown } else { Tri::No }
        }
        AppMember::Nothing | AppMember::Office365 | AppMember::AdminPortals => Tri::No,
    };
    let everything = any(&target.apps.include, behind).and(!any(&target.apps.exclude, behind));
    // For everything: registering security information, yes (T-11); registering a device, nobody says (T-12).
    let everything = match action {
        UserAction::RegisterSecurityInfo => everything,
        UserAction::RegisterDevice => everything.and(Tri::Unknown),
    };
    beside_unread(target, named.or(everything))
}
