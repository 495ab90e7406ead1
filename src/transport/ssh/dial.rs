//! From a host name to a TCP connection.

use super::text::at;
use crate::model::Access;
use crate::transport::ConnectError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

/// Connects to the first address of the host that answers.
///
/// Each address gets an equal share of the time that is left, so that one that swallows packets (often IPv6) does not
/// use up the time of the next.
pub(super) async fn dial(access: &Access, deadline: Instant) -> Result<TcpStream, ConnectError> {
    let unreachable = |what: String| ConnectError::Unreachable(what);
    let addresses: Vec<SocketAddr> = lookup_host((access.host.as_str(), access.port))
        .await
        .map_err(|e| unreachable(format!("the host of {} cannot be looked up ({e}); is `host` right?", at(access))))?
        .collect();
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut seen = Vec::new();
    for address in addresses {
        let share = deadline.saturating_duration_since(Instant::now()) / left.max(1);
        left = left.saturating_sub(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Only a matter of speed.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => seen.push(format!("{address}: {}", in_words(&error))),
            Err(_) => seen.push(format!("{address}: no answer within {}", rounded(share))),
        }
    }
    let seen = if seen.is_empty() { "it has no address".to_owned() } else { seen.join("; ") };
    Err(unreachable(format!("no TCP connection to {}: {seen}", at(access))))
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused; is sshd running there, and the port right?".to_owned(),
        _ => error.to_string(),
    }
}

/// `1.5s`: tenths are all that people need.
pub(super) fn rounded(time: Duration) -> String {
    format!("{:.1}s", time.as_secs_f64()).replace(".0s", "s")
}
