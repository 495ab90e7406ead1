//! Ctrl-C as data: the first asks to stop, the second leaves.

use crate::engine::Events;
use crate::model::Kind;
use std::io::Write;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// 128 + SIGINT, as shells report it.
pub(super) const INTERRUPTED: u8 = 130;

/// Listens until the run is over. First Ctrl-C: no new phase starts, running ones are followed to their end. Second, or
/// SIGTERM: leave now; the nodes finish what they are doing by themselves.
pub(super) async fn listen(stop: CancellationToken, events: Events) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => leave(),
    }
    stop.cancel();
    events.send(Kind::Stopping);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    leave()
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

fn leave() -> ! {
    let text = "\nkfleet: left at once; nodes that were being changed finish that by themselves (unit kfleet.service), and a token \
                that was made for joins lives until it expires";
    let _ = writeln!(std::io::stderr(), "{text}"); // leaving either way
    std::process::exit(i32::from(INTERRUPTED))
}
