//! Durations as people write them.

use std::time::Duration;

/// `90s`, `5m`, `1h 30m`; `None` for anything else, also for what is negative or has no unit.
pub fn parse_duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok())
}

/// The same the other way: `90s` is `1m 30s`.
pub fn duration_words(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    let units = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"), (millis.into(), "ms")];
    let words: Vec<String> = units.into_iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if words.is_empty() { "0s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for text in ["0s", "1ms", "20m", "1m 30s", "1h 30m", "48h", "1h 1m 1s 1ms"] {
            assert_eq!(parse_duration(text).map(duration_words).as_deref(), Some(text));
        }
        assert_eq!(parse_duration("90s").map(duration_words).as_deref(), Some("1m 30s"));
    }
}
