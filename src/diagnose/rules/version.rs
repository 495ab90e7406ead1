//! Versions, as far as rules compare them.

use crate::model::Fact;

/// Minor version of Kubernetes 1.x ("v1.31.2", "1.31.2"). Builds that do not know their version say v0.0.0.
pub(super) fn minor(version: &Fact<String>) -> Option<u64> {
    numbers(version.known()?).filter(|(major, _)| *major == 1).map(|(_, minor)| minor)
}

/// Major and minor ("1.7.24~ds1", "v2.1.9").
pub(super) fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.trim_start_matches('v').split(['.', '+', '-', '~']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
