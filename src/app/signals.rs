//! Ctrl-C as data: the first asks to stop, the second leaves.

use crate::engine::{AtWork, Events};
use crate::model::{Kind, NodeName};
use std::io::Write;
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
    inventory: String,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => leave(&at_work, &inventory),
    }
    stop.cancel();
    events.send(Kind::Stopping);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    leave(&at_work, &inventory)
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

fn leave(at_work: &AtWork, inventory: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "\n{}", farewell(&at_work.now(), inventory)); // leaving either way
    std::process::exit(i32::from(INTERRUPTED))
}

/// What goes on without kfleet, and how to come back to it. `inventory` is the option that names it, where one did.
fn farewell(at_work: &[(NodeName, String)], inventory: &str) -> String {
    let token = "a token that was made for joins lives until it expires";
    if at_work.is_empty() {
        return format!("kfleet: left at once; no node runs a phase, and {token}");
    }
    let nodes: String = at_work.iter().map(|(node, what)| format!("  {node}: {what}\n")).collect();
    let names: String = at_work.iter().map(|(node, _)| format!(" {node}")).collect();
    format!(
        "kfleet: left at once; {token}. These go on by themselves, as kfleet.service:\n{nodes}\
         `kfleet attach{inventory}{names}` follows them to their end,\n\
         `kfleet stop{inventory}{names}` ends them at their next step."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_told_what_goes_on_and_how_to_come_back() {
        let at_work = ["n1", "n2"].map(|name| (NodeName::new(name).unwrap(), "gentle reset".to_owned()));
        let text = farewell(&at_work, " --inventory x.yaml");
        for words in
            ["n1: gentle reset\n", "kfleet attach --inventory x.yaml n1 n2`", "kfleet stop --inventory x.yaml n1 n2`"]
        {
            assert!(text.contains(words), "{text}");
        }
        assert!(farewell(&[], "").contains("no node runs a phase"));
    }
}
