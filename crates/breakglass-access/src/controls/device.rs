//! Controls that ask something of the machine (CONDITIONAL_ACCESS G-9, G-10, G-13).

use super::Means;
use breakglass_model::Tri;
use breakglass_model::sign_in::{Device, Machine, Platform, Transfer, Trust};

/// The state of a device is not handed on by device code flow, nor known in a session that began with it.
fn carried(means: &Means) -> Tri {
    let by = |transfer: Option<Transfer>| Tri::from(transfer.map(|t| t != Transfer::DeviceCode));
    let tracked = match means.flow.tracking {
        Some(Transfer::DeviceCode) | None => Tri::Unknown,
        Some(Transfer::None | Transfer::AuthenticationTransfer) => Tri::Yes,
    };
    by(means.flow.transfer).and(tracked)
}

fn of_device(machine: &Machine, ask: impl Fn(&Device) -> Tri) -> Tri {
    match machine {
        Machine::NotTold => Tri::Unknown,
        Machine::Unregistered => Tri::No,
        Machine::Registered(device) => ask(device),
    }
}

/// `compliantDevice`: registered and compliant, on a platform that Intune manages.
pub(super) fn compliant(means: &Means) -> Tri {
    if means.broken.device_compliance {
        return Tri::No;
    }
    let platform = match means.platform {
        Some(Platform::Unrecognised) => Tri::No,
        Some(Platform::WindowsPhone) => Tri::Unknown,
        // A device that is compliant is on such a platform.
        Some(Platform::Android | Platform::Ios | Platform::Windows | Platform::MacOs | Platform::Linux)
        | None => Tri::Yes,
    };
    let state = of_device(&means.machine, |device| Tri::from(device.compliant()));
    state.and(platform).and(carried(means))
}

/// `domainJoinedDevice`: hybrid joined Windows.
pub(super) fn hybrid_joined(means: &Means) -> Tri {
    let platform = match means.platform {
        Some(Platform::Windows) => Tri::Yes,
        Some(_) => Tri::No,
        None => Tri::Unknown,
    };
    let state =
        of_device(&means.machine, |device| Tri::from(device.trust().map(|trust| trust == Trust::Hybrid)));
    state.and(platform).and(carried(means))
}

/// `compliantApplication` and, while it lasted, `approvedApplication`: an app of a kind that runs on phones. Portals in a
/// desktop browser and command lines are none.
pub(super) fn protected_application(means: &Means) -> Tri {
    if means.broken.device_compliance || means.machine == Machine::Unregistered {
        return Tri::No;
    }
    match means.platform {
        Some(Platform::Android | Platform::Ios) | None => Tri::Unknown,
        Some(_) => Tri::No,
    }
}
