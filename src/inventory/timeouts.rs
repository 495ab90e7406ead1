//! `timeouts:`.

use super::problem::Problems;
use super::schema::{self, Text};
use super::value::duration;
use crate::model::Patience;
use std::time::Duration;

pub(super) fn timeouts(written: Option<schema::Timeouts>, problems: &mut Problems) -> Patience {
    let schema::Timeouts { probe, reset, join, ready, settle, cni, answer, drain, reconnect, reboot, node, run } =
        written.unwrap_or_default();
    let default = Patience::default();
    let mut given =
        |written: Option<Text>, least| problems.check(written, |text| duration(&text, Duration::from_secs(least)));
    let (node, run) = (given(node, 1), given(run, 1));
    let mut of = |written, least, default| given(written, least).unwrap_or(default);
    Patience {
        probe: of(probe, 10, default.probe),
        reset: of(reset, 60, default.reset),
        join: of(join, 30, default.join),
        ready: of(ready, 1, default.ready),
        cni: of(cni, 0, default.cni),
        settle: of(settle, 1, default.settle),
        answer: of(answer, 1, default.answer),
        drain: of(drain, 1, default.drain),
        // A node that locked itself out by its new firewall has put the old one back by then.
        reconnect: of(reconnect, default.reconnect.as_secs(), default.reconnect),
        reboot: of(reboot, 60, default.reboot),
        node,
        run,
    }
}
