//! Durations as people write them.

use std::time::Duration;

/// `90s`, `5m`, `1h 30m`; `None` for anything else, also for what is negative or has no unit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok())
}
