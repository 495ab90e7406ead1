//! Ctrl-C as data: the first asks to stop, the second leaves.

use crate::engine::{AtWork, Events};
use crate::model::{Kind, NodeName};
use crate::render::tell;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// 128 + SIGINT, as shells report it.
pub(super) const INTERRUPTED: u8 = 130;

/// Listens until the run is over. First Ctrl-C: no new phase starts, running ones are followed to their end. Second, or
/// SIGTERM: leave now; the nodes finish what they are doing by themselves.
pub(super) async fn listen(
    stop: CancellationToken,
    events: Events,
    at_work: Arc<AtWork>,
    leave_taking: LeaveTaking,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => leave(&events, &at_work, &leave_taking).await,
    }
    stop.cancel();
    events.send(Kind::Stopping);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    leave(&events, &at_work, &leave_taking).await
}

/// The same where nothing is changed and all can end at once: the first signal says so, a second one leaves.
pub(super) async fn end(stop: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    for _ in 0..2 {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.is_cancelled() {
            std::process::exit(i32::from(INTERRUPTED));
        }
        stop.cancel();
    }
    Ok(())
}

/// What who leaves needs to come back.
pub(super) struct LeaveTaking {
    /// The option that names the inventory, where one did.
    pub(super) inventory: String,
    /// The run, where it can be resumed.
    pub(super) resumable: Option<String>,
}

async fn leave(events: &Events, at_work: &AtWork, leave_taking: &LeaveTaking) -> ! {
    events.send(Kind::Left);
    // A disk that hangs holds up nobody who leaves.
    events.kept(std::time::Duration::from_secs(1)).await;
    tell(&format!("\n{}", farewell(&at_work.now(), leave_taking)));
    std::process::exit(i32::from(INTERRUPTED))
}

/// What goes on without kfleet, and how to come back to it.
fn farewell(at_work: &[(NodeName, String)], leave_taking: &LeaveTaking) -> String {
    let LeaveTaking { inventory, resumable } = leave_taking;
    let token = "a token that was made for joins lives until it expires";
    let resume = resumable.as_ref().map_or_else(String::new, |run| {
        format!("\n`kfleet join --resume {run}` goes on with the nodes that are left.")
    });
    if at_work.is_empty() {
        return format!("kfleet: left at once; no node runs a phase, and {token}.{resume}");
    }
    let nodes: String = at_work.iter().map(|(node, what)| format!("  {node}: {what}\n")).collect();
    let names: String = at_work.iter().map(|(node, _)| format!(" {node}")).collect();
    format!(
        "kfleet: left at once; {token}. These go on by themselves, as kfleet.service:\n{nodes}\
         `kfleet attach{inventory}{names}` follows them to their end,\n\
         `kfleet stop{inventory}{names}` ends them at their next step.{resume}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_told_what_goes_on_and_how_to_come_back() {
        let at_work = ["n1", "n2"].map(|name| (NodeName::new(name).unwrap(), "gentle reset".to_owned()));
        let leave_taking = |inventory: &str, resumable: Option<&str>| LeaveTaking {
            inventory: inventory.to_owned(),
            resumable: resumable.map(str::to_owned),
        };
        let text = farewell(&at_work, &leave_taking(" --inventory x.yaml", Some("run1")));
        assert!(text.ends_with("`kfleet join --resume run1` goes on with the nodes that are left."), "{text}");
        for words in
            ["n1: gentle reset\n", "kfleet attach --inventory x.yaml n1 n2`", "kfleet stop --inventory x.yaml n1 n2`"]
        {
            assert!(text.contains(words), "{text}");
        }
        assert!(farewell(&[], &leave_taking("", None)).ends_with("until it expires."));
    }
}
